/* What was taken for what, and the surest mistakes. */
#include <stdio.h>

#include "common/clock.h"
#include "compare/facts.h"
#include "compare/report_page.h"

enum { CONFUSIONS_SHOWN = 8, MATRIX_ENTRIES = 12, ERRORS_MOST = 20, ERRORS_ALL_ENTRIES = 120, CLASSES_SIDE = 30, LOSSES_ENTRIES = 4 };

/* The entries whose mistakes are listed, the recommended one first. Returns how many. */
static int order_entries(const Comparison *c, int *list, int most) {
    int count = 0, deploy = c->recommendation.deploy;
    if (deploy >= 0) list[count++] = deploy;
    for (int i = c->entry_count - 1; i >= 0 && count < most; i--)
        if (i != deploy && c->entries[i].status == ENTRY_DONE && c->entries[i].kind != ENTRY_DUMMY) list[count++] = i;
    for (int i = 0; !count && i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_DONE) list[count++] = i;
    return count;
}

/* ---- matrices ---- */

static void add_matrix(Page *page, int entry) {
    Figure figure = {0};
    page->failed = page->failed || !report_plot_confusion(&figure, page->comparison, entry, page->err);
    page_add_drawing_of(page, entry, "confusion_matrix", &figure);
    figure_free(&figure);
}

static void add_confusion_heading(Page *page, int entry) {
    FactConfusion top;
    if (!facts_confusions(&top, 1, &page->comparison->entries[entry].scores[SPLIT_TEST].confusion)) {
        html_add(page->out, "<h2><bdi>%.60s</bdi> takes no class for another</h2>\n", page_entry_name(page, entry));
        return;
    }
    char count[32];
    count_text(count, top.count);
    html_add(page->out, "<h2><bdi>%.60s</bdi> most often takes <bdi>%.60s</bdi> for <bdi>%.60s</bdi>: %s test texts</h2>\n",
             page_entry_name(page, entry), page_label(page, top.truth), page_label(page, top.predicted), count);
}

static void add_confusion_table(Page *page, int entry) {
    FactConfusion list[CONFUSIONS_SHOWN];
    const EntryResult *result = &page->comparison->entries[entry];
    const Confusion *confusion = &result->scores[SPLIT_TEST].confusion;
    int count = facts_confusions(list, CONFUSIONS_SHOWN, confusion);
    if (!count) return;
    html_add(page->out, "<details><summary>Most frequent confusions of <bdi>%.60s</bdi></summary>\n", result->name);
    html_begin_table(page->out, "cards",
                     "tables/confusions.csv", "Test texts of one class that were given another, with the one of the highest loss among them.");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">label → answer</th><th scope=\"col\" class=\"n\">texts</th><th "
                           "scope=\"col\" class=\"n\">share of "
                           "the class</th><th scope=\"col\">for example</th></tr></thead>\n<tbody>\n");
    for (int m = 0; m < count; m++) {
        char texts[32];
        count_text(texts, list[m].count);
        html_add(page->out,
                 "<tr><th scope=\"row\"><bdi>%.60s</bdi> → <bdi>%.60s</bdi></th><td class=\"n\" data-label=\"texts\">%s</td>",
                 page_label(page, list[m].truth), page_label(page, list[m].predicted), texts);
        html_add(page->out, "<td class=\"n\" data-label=\"share of the class\">%.1f %%</td><td class=\"text\">",
                 100 * confusion_share(confusion, list[m].truth, list[m].predicted, CONFUSION_BY_TRUE));
        page_add_row_text(page, facts_example(&result->predictions[SPLIT_TEST], list[m]));
        buffer_text(page->out, "</td></tr>\n");
    }
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
}

void page_add_confusions(Page *page) {
    int list[MATRIX_ENTRIES], count = order_entries(page->comparison, list, MATRIX_ENTRIES);
    if (!count) return;
    buffer_text(page->out, "<section id=\"confusions\">\n");
    add_confusion_heading(page, list[0]);
    buffer_text(page->out, "<p class=\"note\">True class down, answer across. The number is test texts, the shade their share of "
                           "the true class, from 0 to 100 % in "
                           "every matrix.</p>\n");
    bool many = page->comparison->dataset->classes > CLASSES_SIDE;
    if (many) buffer_text(page->out, "<details><summary>The matrices</summary>\n");
    html_add(page->out, "<div class=\"");
    buffer_text(page->out, many ? "stack\">\n" : "side\">\n");
    for (int i = 0; i < count; i++) add_matrix(page, list[i]);
    buffer_text(page->out, many ? "</div></details>\n" : "</div>\n");
    for (int i = 0; i < count && i < 4; i++) add_confusion_table(page, list[i]);
    buffer_text(page->out, "</section>\n");
}

/* ---- worst errors ---- */

static void add_error_heading(Page *page, const EntryResult *entry) {
    const Predictions *p = &entry->predictions[SPLIT_TEST];
    char wrong[32], rows[32];
    count_text(wrong, entry->scores[SPLIT_TEST].confusion.rows - entry->scores[SPLIT_TEST].confusion.correct);
    count_text(rows, p->rows);
    html_add(page->out, "<h2><bdi>%.60s</bdi> is wrong on %s of %s test texts", entry->name, wrong, rows);
    int sure = facts_sure_mistakes(p, 0.9);
    if (sure) html_add(page->out, ", on %d of them while 90 %% sure", sure);
    buffer_text(page->out, "</h2>\n");
}

static void add_error_row(Page *page, const Predictions *p, const FactMistake *mistake) {
    buffer_text(page->out, "<tr><td class=\"text\">");
    page_add_row_text(page, mistake->i);
    html_add(page->out, "</td><td data-label=\"label\"><bdi>%.60s</bdi>", page_label(page, p->truth[mistake->i]));
    if (p->probabilities) html_add(page->out, " <small>%.1f %%</small>", 100 * mistake->prob_label);
    html_add(page->out, "</td><td data-label=\"answer\"><bdi>%.60s</bdi>", page_label(page, p->predicted[mistake->i]));
    if (p->probabilities) html_add(page->out, " <small>%.1f %%</small>", 100 * mistake->prob_predicted);
    html_add(page->out, "</td><td class=\"n\" data-label=\"loss\">%.2f</td></tr>\n", mistake->loss);
}

static void add_errors_of(Page *page, int entry, int most, bool open) {
    FactMistake list[ERRORS_MOST];
    const EntryResult *result = &page->comparison->entries[entry];
    const Predictions *p = &result->predictions[SPLIT_TEST];
    int count = facts_mistakes(list, most, p, NULL);
    if (!count) return;
    buffer_text(page->out, open ? "<details open>" : "<details>");
    char all[32], csv[96];
    (void)snprintf(csv, sizeof csv, "%.63s/errors.csv", result->name);
    count_text(all, result->scores[SPLIT_TEST].confusion.rows - result->scores[SPLIT_TEST].confusion.correct);
    html_add(page->out, "<summary>Worst errors of <bdi>%.60s</bdi> <span>%d of %s</span></summary>\n", result->name, count, all);
    html_begin_table(
        page->out, "cards",
        csv,
        p->probabilities
            ? "Highest loss first: −ln of the probability that the label was given. A mistake at the top may be a wrong label."
            : "This entry gives no probabilities: its first mistakes in the file.");
    buffer_text(
        page->out,
        "<thead><tr><th scope=\"col\">text</th><th scope=\"col\">label</th><th scope=\"col\">answer</th><th scope=\"col\" "
        "class=\"n\">loss</th></tr></thead>\n<tbody>\n");
    for (int m = 0; m < count; m++) add_error_row(page, p, &list[m]);
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
}

void page_add_errors(Page *page) {
    int list[MATRIX_ENTRIES], count = order_entries(page->comparison, list, MATRIX_ENTRIES);
    if (!count) return;
    int most = ERRORS_ALL_ENTRIES / count < ERRORS_MOST ? ERRORS_ALL_ENTRIES / count : ERRORS_MOST;
    buffer_text(page->out, "<section id=\"errors\">\n");
    add_error_heading(page, &page->comparison->entries[list[0]]);
    for (int i = 0; i < count; i++) {
        add_errors_of(page, list[i], most, i == 0);
        if (i < LOSSES_ENTRIES) page_add_losses(page, list[i]);
    }
    buffer_text(page->out, "</section>\n");
}

/* ---- learning ---- */

static void add_learning_heading(Page *page, const EntryResult *entry) {
    const FinetuneResult *t = &entry->training;
    buffer_text(page->out, "<h2>");
    if (t->evaluation_count && t->best_step > 0) {
        int best = 0;
        while (best < t->evaluation_count - 1 && t->evaluations[best].step != t->best_step) best++;
        html_add(page->out, "<bdi>%.60s</bdi> was best after step %lld of %lld: validation accuracy %.3f", entry->name,
                 (long long)t->best_step, (long long)t->steps, t->evaluations[best].accuracy);
        if (best == t->evaluation_count - 1 && best > 0) buffer_text(page->out, ", at the end");
    } else
        html_add(page->out, "<bdi>%.60s</bdi> learned for %lld steps", entry->name, (long long)t->steps);
    buffer_text(page->out, "</h2>\n");
}

void page_add_learning(Page *page) {
    const Comparison *c = page->comparison;
    const EntryResult *learned = NULL;
    for (int i = 0; i < c->entry_count && !learned; i++)
        if (c->entries[i].status == ENTRY_DONE && c->entries[i].training.steps > 1) learned = &c->entries[i];
    if (!learned) return;
    buffer_text(page->out, "<section id=\"learning\">\n");
    add_learning_heading(page, learned);
    page_add_plot(page, PLOT_LOSS);
    page_add_plot(page, PLOT_VALIDATION);
    buffer_text(page->out, "</section>\n");
}
