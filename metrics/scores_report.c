/* Scores as text: scikit-learn's classification_report, and sentences about what could not be scored. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/utf8.h"
#include "metrics/scores.h"

/* Right-aligned to `width` code points, as Python's format counts them. */
static void write_name(Buffer *out, const char *name, size_t width) {
    for (size_t have = utf8_count(name, strlen(name)); have < width; have++) buffer_add(out, " ", 1);
    buffer_text(out, name);
}

typedef struct ReportRow {
    double precision, recall, f1;
} ReportRow;

static void write_row(Buffer *out, const char *name, size_t width, ReportRow row, int64_t support, int digits) {
    write_name(out, name, width);
    buffer_printf(out, "  %9.*f %9.*f %9.*f %9" PRId64 "\n", digits, row.precision, digits, row.recall, digits, row.f1, support);
}

static double zero_if_nan(double value) { return isnan(value) ? 0 : value; }

/* The report's own macro recall: classes without rows count as 0, where scores.h leaves them out. */
static double recall_macro_with_zeros(const Scores *scores) {
    double sum = 0;
    int seen = 0;
    for (int c = 0; c < scores->classes; c++) {
        if (isnan(scores->per_class[c].f1)) continue;
        sum += zero_if_nan(scores->per_class[c].recall);
        seen++;
    }
    return seen ? sum / seen : 0;
}

void scores_write_report(Buffer *out, const Scores *scores, char *const *labels, int digits) {
    size_t width = strlen("weighted avg");
    if (digits > (int)width) width = (size_t)digits;
    for (int c = 0; c < scores->classes; c++) {
        size_t length = isnan(scores->per_class[c].f1) ? 0 : utf8_count(labels[c], strlen(labels[c]));
        if (length > width) width = length;
    }
    write_name(out, "", width);
    buffer_printf(out, "  %9s %9s %9s %9s\n\n", "precision", "recall", "f1-score", "support");
    for (int c = 0; c < scores->classes; c++) {
        const ClassScores *class = &scores->per_class[c];
        if (isnan(class->f1)) continue;
        write_row(out, labels[c], width, (ReportRow){class->precision, zero_if_nan(class->recall), class->f1}, class->support,
                  digits);
    }
    buffer_text(out, "\n");
    write_name(out, "accuracy", width);
    buffer_printf(out, "  %9s %9s %9.*f %9" PRId64 "\n", "", "", digits, zero_if_nan(scores->accuracy), scores->rows);
    ReportRow macro = {zero_if_nan(scores->precision_macro), recall_macro_with_zeros(scores), zero_if_nan(scores->f1_macro)};
    write_row(out, "macro avg", width, macro, scores->rows, digits);
    ReportRow weighted = {zero_if_nan(scores->precision_weighted), zero_if_nan(scores->recall_weighted),
                          zero_if_nan(scores->f1_weighted)};
    write_row(out, "weighted avg", width, weighted, scores->rows, digits);
}

typedef bool ClassTest(const Confusion *confusion, int c);

static bool is_absent(const Confusion *confusion, int c) { return !confusion->support[c] && !confusion->answered[c]; }

static bool is_without_rows(const Confusion *confusion, int c) { return !confusion->support[c] && confusion->answered[c]; }

static bool is_never_answered(const Confusion *confusion, int c) { return confusion->support[c] && !confusion->answered[c]; }

/* "3 classes (joy, love, fear) " and the rest of the sentence; at most five are named. */
static void write_note(Buffer *out, const Scores *scores, char *const *labels, ClassTest *test, const char *rest) {
    int count = 0;
    for (int c = 0; c < scores->classes; c++) count += test(&scores->confusion, c);
    if (!count) return;
    buffer_printf(out, "%d %s (", count, count == 1 ? "class" : "classes");
    int named = 0;
    for (int c = 0; c < scores->classes && named < 5; c++) {
        if (!test(&scores->confusion, c)) continue;
        buffer_printf(out, "%s%s", named ? ", " : "", labels[c]);
        named++;
    }
    buffer_printf(out, "%s) %s\n", named < count ? ", …" : "", rest);
}

void scores_write_notes(Buffer *out, const Scores *scores, char *const *labels) {
    if (!scores->rows) {
        buffer_text(out, "no rows: nothing could be scored\n");
        return;
    }
    write_note(out, scores, labels, is_absent, "with no rows here and never answered: left out of every mean");
    write_note(out, scores, labels, is_without_rows, "with no rows here: no recall and no AUC, left out of their means");
    write_note(out, scores, labels, is_never_answered, "never answered: precision counted as 0");
}
