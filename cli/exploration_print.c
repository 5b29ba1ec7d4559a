#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/exploration.h"
#include "cli/terminal.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/utf8.h"

enum { CLASSES_SHOWN = 100, CLASS_WIDTH = 56, COLUMN = 20 };

static const char *heading_of(const Exploration *explored, int split) {
    return explored->dataset.whole ? "rows" : split_name((Split)split);
}

static void add_count(Buffer *out, int64_t count) {
    char text[32];
    count_text(text, count);
    buffer_text(out, text);
}


/* ---- for people ---- */

/* Text in a column of `width` terminal columns, to the left or to the right. */
static void add_cell(Buffer *out, const char *text, int width, bool right) {
    int gap = width - utf8_width(text, strlen(text));
    if (right) buffer_printf(out, "%*s", gap > 0 ? gap : 0, "");
    buffer_text(out, text);
    if (!right) buffer_printf(out, "%*s", gap > 0 ? gap : 0, "");
}

static void print_rows(Buffer *out, const Exploration *explored, const char *name) {
    const Dataset *dataset = &explored->dataset;
    bool said = false;
    buffer_text(out, "data      ");
    escape_terminal(out, name, strlen(name));
    buffer_text(out, "   ");
    escape_terminal(out, dataset->detected, strlen(dataset->detected));
    buffer_text(out, "\nrows      ");
    for (int split = 0; split < SPLIT_COUNT; split++) {
        if (!explored->splits[split].rows) continue;
        if (said) buffer_text(out, " · ");
        add_count(out, explored->splits[split].rows);
        if (!dataset->whole) buffer_printf(out, " %s", split_name((Split)split));
        said = true;
    }
    buffer_printf(out, " · %d class%s\n", dataset->classes, dataset->classes == 1 ? "" : "es");
}

static int class_width(const Exploration *explored) {
    int width = (int)strlen("class");
    for (int k = 0; k < explored->dataset.classes && k < CLASSES_SHOWN; k++) {
        const char *name = explored->dataset.class_names[explored->order[k]];
        int own = utf8_width(name, strlen(name));
        if (own > width) width = own;
    }
    return width < CLASS_WIDTH ? width : CLASS_WIDTH;
}

static void print_class(Buffer *out, const Exploration *explored, int k, int width) {
    Buffer name = {0};
    escape_terminal(&name, explored->dataset.class_names[k], strlen(explored->dataset.class_names[k]));
    if (name.data) add_cell(out, name.data, width, false);
    out->failed |= name.failed;
    buffer_free(&name);
    for (int split = 0; split < SPLIT_COUNT; split++) {
        const SplitFacts *facts = &explored->splits[split];
        if (!facts->rows) continue;
        char count[32], share[32], cell[80];
        count_text(count, facts->counts[k]);
        share_text(share, facts->counts[k], facts->rows);
        (void)snprintf(cell, sizeof cell, "%s  %7s", count, share);
        add_cell(out, cell, COLUMN, true);
    }
    buffer_text(out, "\n");
}

static void print_classes(Buffer *out, const Exploration *explored) {
    int classes = explored->dataset.classes, width = class_width(explored), most = explored->order[0];
    const int64_t *counts = explored->splits[explored->main].counts;
    double ratio = balance_ratio(counts, classes);
    buffer_printf(out, "\n%s", output_bold());
    add_cell(out, "class", width, false);
    for (int split = 0; split < SPLIT_COUNT; split++)
        if (explored->splits[split].rows) add_cell(out, heading_of(explored, split), COLUMN, true);
    buffer_printf(out, "%s\n", output_plain());
    for (int i = 0; i < classes && i < CLASSES_SHOWN; i++) print_class(out, explored, explored->order[i], width);
    if (classes > CLASSES_SHOWN) buffer_printf(out, "… and %d more (--json lists all)\n", classes - CLASSES_SHOWN);
    buffer_text(out, "balance   ");
    if (classes < 2)
        buffer_text(out, "a single class: there is nothing to learn");
    else if (isinf(ratio))
        buffer_printf(out, "some classes have no row in %s", heading_of(explored, (int)explored->main));
    else if (ratio <= 1)
        buffer_text(out, "all classes have as many rows");
    else
        buffer_printf(out, "the most frequent class has %.3g times the rows of the rarest; entropy %.2f of 1", ratio,
                      balance_entropy(counts, classes));
    buffer_text(out, "; always answering ");
    escape_terminal(out, explored->dataset.class_names[most], strlen(explored->dataset.class_names[most]));
    char share[32];
    share_text(share, counts[most], explored->splits[explored->main].rows);
    buffer_printf(out, " is right for %s\n", share);
}

static void print_summary(Buffer *out, const char *split, const char *unit, const Summary *summary) {
    const double values[] = {summary->mean, (double)summary->min, summary->q1,         summary->median,
                             summary->q3,   summary->p95,         (double)summary->max};
    add_cell(out, split, 12, false);
    add_cell(out, unit, 10, false);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char count[32], cell[40];
        int64_t tenths = llround(values[i] * 10);
        count_text(count, tenths / 10);
        /* Means have a decimal, interpolated quantiles only where they fall between. */
        if (i == 0 || tenths % 10)
            (void)snprintf(cell, sizeof cell, "%s.%d", count, (int)(tenths % 10));
        else
            (void)snprintf(cell, sizeof cell, "%s", count);
        add_cell(out, cell, 11, true);
    }
    buffer_text(out, "\n");
}

static void print_lengths(Buffer *out, const Exploration *explored) {
    static const char *const headings[] = {"mean", "shortest", "25 %", "median", "75 %", "95 %", "longest"};
    buffer_printf(out, "\n%s", output_bold());
    add_cell(out, "texts", 22, false);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) add_cell(out, headings[i], 11, true);
    buffer_printf(out, "%s\n", output_plain());
    for (int split = 0; split < SPLIT_COUNT; split++) {
        const SplitFacts *facts = &explored->splits[split];
        if (!facts->rows) continue;
        print_summary(out, heading_of(explored, split), "words", &facts->lengths.words);
        print_summary(out, "", "characters", &facts->lengths.characters);
        if (explored->max_length) print_summary(out, "", "tokens", &facts->tokens);
    }
    if (!explored->max_length) return;
    buffer_printf(out, "truncated at %d tokens: ", explored->max_length);
    bool said = false;
    for (int split = 0; split < SPLIT_COUNT; split++) {
        const SplitFacts *facts = &explored->splits[split];
        if (!facts->truncated) continue;
        buffer_text(out, said ? ", " : "");
        add_count(out, facts->truncated);
        char share[32];
        share_text(share, facts->truncated, facts->rows);
        buffer_printf(out, " %s (%s)", explored->dataset.whole ? "rows" : split_name((Split)split), share);
        said = true;
    }
    buffer_text(out, said ? "\n" : "none\n");
}

static void print_rare(Buffer *out, const Exploration *explored) {
    int rare = 0;
    for (int k = 0; k < explored->dataset.classes; k++) {
        int texts = explored->texts[k];
        if (texts >= explored->texts_needed) continue;
        if (rare == 0) buffer_text(out, "too rare    ");
        if (++rare > 10) continue;
        buffer_text(out, rare > 1 ? ", " : "");
        escape_terminal(out, explored->dataset.class_names[k], strlen(explored->dataset.class_names[k]));
        buffer_printf(out, " (%d)", texts);
    }
    if (rare > 10) buffer_printf(out, " and %d more", rare - 10);
    if (rare)
        buffer_printf(out, ": fewer than %d different texts, too few to split; --drop_rare leaves them out\n",
                      explored->texts_needed);
}

void exploration_print(Buffer *out, const Exploration *explored, const char *name) {
    print_rows(out, explored, name);
    print_classes(out, explored);
    print_lengths(out, explored);
    buffer_text(out, "\n");
    exploration_print_audit(out, explored);
    print_rare(out, explored);
}

/* ---- for scripts ---- */

static void write_summary(JsonWriter *json, const char *key, const Summary *summary) {
    json_write_key(json, key);
    json_begin_object(json);
    json_put_number(json, "mean", summary->mean);
    json_put_int(json, "min", summary->min);
    json_put_number(json, "q1", summary->q1);
    json_put_number(json, "median", summary->median);
    json_put_number(json, "q3", summary->q3);
    json_put_number(json, "p95", summary->p95);
    json_put_int(json, "max", summary->max);
    json_end_object(json);
}

static void write_split(JsonWriter *json, const Exploration *explored, int split) {
    const SplitFacts *facts = &explored->splits[split];
    json_write_key(json, heading_of(explored, split));
    json_begin_object(json);
    json_put_int(json, "rows", facts->rows);
    json_put_int(json, "duplicates", explored->audit.duplicates[split]);
    json_put_int(json, "normalized_duplicates", explored->audit.normalized.duplicates[split]);
    json_put_int(json, "near_duplicates", explored->audit.near.duplicates[split]);
    json_put_int(json, "conflicts", explored->audit.conflicts[split]);
    json_put_int(json, "empty", explored->audit.empty[split]);
    json_put_number(json, "accuracy_ceiling", audit_ceiling(&explored->audit, &explored->dataset, (Split)split));
    write_summary(json, "words", &facts->lengths.words);
    write_summary(json, "characters", &facts->lengths.characters);
    if (explored->max_length) {
        write_summary(json, "tokens", &facts->tokens);
        json_put_int(json, "truncated", facts->truncated);
        json_put_number(json, "truncated_share", facts->rows ? (double)facts->truncated / facts->rows : 0);
    }
    json_end_object(json);
}

static void write_classes(JsonWriter *json, const Exploration *explored) {
    json_write_key(json, "classes");
    json_begin_array(json);
    for (int k = 0; k < explored->dataset.classes; k++) {
        json_begin_object(json);
        json_put_string(json, "label", explored->dataset.class_names[k]);
        json_write_key(json, "rows");
        json_begin_object(json);
        for (int split = 0; split < SPLIT_COUNT; split++)
            if (explored->splits[split].rows) json_put_int(json, heading_of(explored, split), explored->splits[split].counts[k]);
        json_end_object(json);
        json_put_int(json, "texts", explored->texts[k]);
        json_put_bool(json, "too_rare", explored->texts[k] < explored->texts_needed);
        json_end_object(json);
    }
    json_end_array(json);
}

void exploration_write_json(Buffer *out, const Exploration *explored, const char *name) {
    const int64_t *counts = explored->splits[explored->main].counts;
    JsonWriter json = json_writer(out, 2);
    json_begin_object(&json);
    json_put_int(&json, "version", 1);
    json_put_string(&json, "data", name);
    json_put_string(&json, "detected", explored->dataset.detected);
    write_classes(&json, explored);
    json_put_number(&json, "balance_ratio", balance_ratio(counts, explored->dataset.classes));
    json_put_number(&json, "balance_entropy", balance_entropy(counts, explored->dataset.classes));
    if (explored->max_length) json_put_int(&json, "max_length", explored->max_length);
    json_write_key(&json, "splits");
    json_begin_object(&json);
    for (int split = 0; split < SPLIT_COUNT; split++)
        if (explored->splits[split].rows) write_split(&json, explored, split);
    json_end_object(&json);
    exploration_write_audit(&json, explored);
    json_end_object(&json);
    buffer_text(out, "\n");
}
