#include "cli/scores_table.h"

#include <math.h>
#include <stdio.h>

#include "cli/shown_labels.h"
#include "common/clock.h"

/* "0.6415", right-aligned under its heading; a dash for what could not be measured. */
static void add_score(Buffer *out, double score, int columns) {
    char text[32] = "-";
    if (!isnan(score)) (void)snprintf(text, sizeof text, "%.4f", score);
    buffer_printf(out, "%*s", columns, text);
}

static void add_row(Buffer *out, Split split, const Scores *scores) {
    char count[32];
    count_text(count, scores->rows);
    buffer_printf(out, "%-12s%9s", split_name(split), count);
    add_score(out, scores->accuracy, 11);
    add_score(out, scores->balanced_accuracy, 11);
    add_score(out, scores->f1_macro, 11);
    add_score(out, scores->f1_weighted, 13);
    add_score(out, scores->log_loss, 11);
    buffer_text(out, "\n");
}

static bool add_notes(Buffer *out, const Scores *scores, char *const *labels, Error *err) {
    ShownLabels shown;
    bool ok = shown_labels_make(&shown, labels, scores->classes, err);
    if (ok) scores_write_notes(out, scores, shown.labels);
    shown_labels_free(&shown);
    return ok;
}

bool scores_table_print(const Run *run, const SplitScores *scores, char *const *labels, Error *err) {
    Buffer text = {0};
    if (run->settings.json)
        results_metrics(&text, scores, labels);
    else {
        buffer_printf(&text, "%s%-12s%9s%11s%11s%11s%13s%11s%s\n", output_bold(), "", "rows", "accuracy", "balanced", "macro F1",
                      "weighted F1", "log loss", output_plain());
        for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
            if (scores->scores[split]) add_row(&text, split, scores->scores[split]);
        if (scores->scores[SPLIT_TRAIN]) add_row(&text, SPLIT_TRAIN, scores->scores[SPLIT_TRAIN]);
    }
    bool ok = run->settings.json || !scores->scores[SPLIT_TEST] || add_notes(&text, scores->scores[SPLIT_TEST], labels, err);
    ok = ok && (run->settings.json ? output_add_data(&text, err) : output_add(&text, err));
    buffer_free(&text);
    return ok;
}
