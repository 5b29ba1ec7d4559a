/* What report.md says beyond the scores: the rows, the probabilities, the cascades, the costs. */
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/break_evens.h"
#include "compare/cascades.h"
#include "compare/facts.h"
#include "compare/markdown.h"
#include "compare/report_markdown.h"
#include "compare/report_runs.h"

/* ---- the rows ---- */

static void add_counts(Buffer *out, const char *what, const int counts[SPLIT_COUNT]) {
    if (!counts[SPLIT_TRAIN] && !counts[SPLIT_VALIDATION] && !counts[SPLIT_TEST]) return;
    buffer_printf(out, " %s: %d in training, %d in validation, %d in test.", what, counts[SPLIT_TRAIN], counts[SPLIT_VALIDATION],
                  counts[SPLIT_TEST]);
}

static void add_without_leaks(Buffer *out, const Comparison *c) {
    const char *before = " Test accuracy without them: ";
    for (int i = 0; i < c->entry_count; i++) {
        if (c->entries[i].status != ENTRY_DONE || isnan(facts_accuracy_without_leaks(c, i))) continue;
        buffer_text(out, before);
        markdown_text(out, c->entries[i].name, MARKDOWN_NAME);
        buffer_printf(out, " %.4f", facts_accuracy_without_leaks(c, i));
        before = ", ";
    }
    buffer_text(out, ".");
}

static void add_audit(Buffer *out, const Comparison *c) {
    int leaked = facts_leaked(c), equal = facts_leaked_as(c, AUDIT_LEAK | AUDIT_NORMALIZED_LEAK);
    double ceiling = audit_ceiling(&c->audit, c->dataset, SPLIT_TEST);
    if (!leaked)
        buffer_text(out, "The test is clean: none of its texts stands in training or validation.");
    else {
        buffer_printf(out, "Test texts that also stand in training or validation: %d", leaked);
        if (leaked > equal) buffer_printf(out, " (%d of them only nearly)", leaked - equal);
        buffer_text(out, ".");
        add_without_leaks(out, c);
    }
    add_counts(out, "Rows that repeat an earlier one of their split", c->audit.duplicates);
    add_counts(out, "Texts with several labels", c->audit.conflicts);
    if (c->dataset->leaks_dropped)
        buffer_printf(out, " Training rows left out because their text also stands in validation or test: %d.", c->dataset->leaks_dropped);
    if (ceiling < 1) buffer_printf(out, " No model can pass a test accuracy of %.4f.", ceiling);
    if (c->audit.suspect_count > 0)
        buffer_printf(out, " A linear model on frozen features doubts %d label%s.", c->audit.suspect_count,
                      c->audit.suspect_count == 1 ? "" : "s");
    if (runs_count(c, RUN_LABELS) && (c->audit.suspect_count > 0 || !c->shown[RUN_LABELS])) {
        Buffer sentence = {0};
        buffer_text(out, " ");
        runs_say_whose(&sentence, c, RUN_LABELS);
        markdown_text(out, sentence.data ? sentence.data : "", 4000);
        out->failed |= sentence.failed;
        buffer_free(&sentence);
    }
    buffer_text(out, " (audit.csv)\n\n");
}

void markdown_add_rows(Buffer *out, const Comparison *c) {
    char counts[SPLIT_COUNT][32];
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) count_text(counts[split], c->dataset->splits[split].count);
    markdown_text(out, c->data ? c->data : "", MARKDOWN_NAME);
    buffer_printf(out, ": %s training, %s validation and %s test texts, %d classes. ", counts[SPLIT_TRAIN], counts[SPLIT_VALIDATION],
                  counts[SPLIT_TEST], c->dataset->classes);
    add_audit(out, c);
}

/* ---- the probabilities ---- */

static bool has_confidence(const EntryResult *entry) {
    return entry->status == ENTRY_DONE && entry->confidence && entry->kind != ENTRY_DUMMY;
}

void markdown_add_confidence(Buffer *out, const Comparison *c) {
    bool any = false;
    for (int i = 0; i < c->entry_count; i++) any |= has_confidence(&c->entries[i]);
    if (!any) return;
    buffer_text(out, "<details><summary>Can the probabilities be believed?</summary>\n\n| entry | right | sure on average | ECE | "
                     "temperature | ECE with it | right on the surest 80 % |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for (int i = 0; i < c->entry_count; i++) {
        if (!has_confidence(&c->entries[i])) continue;
        const Confidence *confidence = c->entries[i].confidence;
        bool fitted = confidence->temperature.fitted;
        buffer_text(out, "| ");
        markdown_text(out, c->entries[i].name, MARKDOWN_NAME);
        buffer_text(out, " |");
        markdown_score_cell(out, confidence->accuracy);
        markdown_score_cell(out, confidence->of[CONFIDENCE_GIVEN].mean);
        markdown_score_cell(out, confidence->of[CONFIDENCE_GIVEN].width.ece);
        markdown_score_cell(out, fitted ? confidence->temperature.temperature : (double)NAN);
        markdown_score_cell(out, fitted ? confidence->of[CONFIDENCE_CALIBRATED].width.ece : (double)NAN);
        markdown_score_cell(out, confidence->coverage[80 * COVERAGE_POINTS / 100 - 1].accuracy);
        buffer_text(out, "\n");
    }
    buffer_text(out, "\nOn the test texts. ECE: how far confidence and accuracy are apart, over 15 bins of equal width; the temperature is "
                     "fitted on the validation texts.\n\n</details>\n\n");
}

/* ---- cascades ---- */

void markdown_add_cascades(Buffer *out, const Comparison *c) {
    bool any = false;
    for (int i = 0; i < c->cascade_count; i++) {
        const CascadeResult *cascade = &c->cascades[i];
        if (!cascade_parts(cascade)) continue;
        buffer_text(out, any ? "- " : "Cascades:\n\n- ");
        any = true;
        markdown_text(out, c->entries[cascade->first].name, MARKDOWN_NAME);
        buffer_printf(out, " answers what it is %.1f %% sure of, ", 100 * cascade->validation.threshold);
        markdown_text(out, c->entries[cascade->second].name, MARKDOWN_NAME);
        buffer_printf(out, " the other %.1f %% of the test texts: accuracy %.4f, against %.4f of the second alone\n",
                      100.0 * (double)cascade->test.passed / (double)cascade->test.rows,
                      (double)cascade->test.right / (double)cascade->test.rows,
                      c->entries[cascade->second].scores[SPLIT_TEST].accuracy);
    }
    if (any) buffer_text(out, "\n");
}

/* ---- costs ---- */

static void add_cost_row(Buffer *out, const Comparison *c, int i) {
    const EntryCosts *costs = &c->entries[i].costs;
    Spending spending = entry_spending(&c->entries[i]);
    char million[32], pays[96] = "–";
    money_text(million, price_million(&c->prices, &spending));
    if (break_even_has(c, i)) {
        BreakEven found = break_even_of(c, i);
        break_even_text(pays, &found);
    }
    buffer_text(out, "| ");
    markdown_text(out, c->entries[i].name, MARKDOWN_NAME);
    buffer_text(out, " |");
    markdown_measured_number_cell(out, costs->predict_ms_p95, costs->predict_ms_p95 < 1 ? 3 : 1);
    markdown_measured_number_cell(out, costs->texts_per_s, 0);
    markdown_measured_number_cell(out, 1e3 * costs->startup_s, 0);
    markdown_measured_number_cell(out, costs->peak_rss_mb, 0);
    markdown_measured_cell(out, million);
    markdown_measured_cell(out, pays);
    buffer_text(out, "\n");
}

void markdown_add_costs(Buffer *out, const Comparison *c) {
    bool any = false;
    for (int i = 0; i < c->entry_count; i++) {
        if (c->entries[i].status != ENTRY_DONE) continue;
        if (!any)
            buffer_text(out, "<details><summary>What each costs</summary>\n\n| entry | ms a text (95 %) | texts a second | start-up, ms | peak "
                             "memory, MB | a million texts | pays |\n| --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
        any = true;
        add_cost_row(out, c, i);
    }
    char price[32];
    money_text(price, c->prices.cost_per_cpu_hour);
    if (any)
        buffer_printf(out, "\nAt %s a CPU hour. Pays: against the most accurate entry, at the prices given for errors and points.\n\n</details>\n\n",
                      price);
}
