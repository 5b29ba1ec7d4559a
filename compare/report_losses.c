/* The two ends of an entry's answers: mistakes it was surest of, texts it found easiest. */
#include <stdio.h>

#include "compare/facts.h"
#include "compare/report_page.h"

enum { LOSSES_MOST = 10 };

static void add_row(Page *page, const Predictions *p, const FactMistake *row) {
    buffer_text(page->out, "<tr><td class=\"text\">");
    page_add_row_text(page, row->i);
    html_add(page->out, "</td><td data-label=\"label\"><bdi>%.60s</bdi> <small>%.1f %%</small></td>", page_label(page, p->truth[row->i]),
             100 * row->prob_label);
    html_add(page->out, "<td data-label=\"answer\"><bdi>%.60s</bdi> <small>%.1f %%</small></td>", page_label(page, p->predicted[row->i]),
             100 * row->prob_predicted);
    html_add(page->out, "<td class=\"n\" data-label=\"loss\">%.4f</td></tr>\n", row->loss);
}

static void add_list(Page *page, int entry, FactOrder order, const char *file, const char *title, const char *caption) {
    char csv[96];
    FactMistake list[LOSSES_MOST];
    const Predictions *p = &page->comparison->entries[entry].predictions[SPLIT_TEST];
    int count = facts_extremes(list, LOSSES_MOST, p, order);
    if (!count) return;
    html_add(page->out, "<details><summary>%s of <bdi>%.60s</bdi> <span>%d</span></summary>\n", title, page_entry_name(page, entry),
             count);
    (void)snprintf(csv, sizeof csv, "%.63s/%s", page_entry_name(page, entry), file);
    html_begin_table(page->out, "cards", csv, caption);
    buffer_text(page->out, "<thead><tr><th scope=\"col\">text</th><th scope=\"col\">label</th><th scope=\"col\">answer</th><th "
                           "scope=\"col\" class=\"n\">loss</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < count; i++) add_row(page, p, &list[i]);
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
}

void page_add_losses(Page *page, int entry) {
    if (!page->comparison->entries[entry].predictions[SPLIT_TEST].probabilities) return;
    add_list(page, entry, FACT_SUREST_MISTAKES, "errors.csv", "Most confident mistakes",
             "Wrong answers with the highest probability of the answer.");
    add_list(page, entry, FACT_LOWEST_LOSSES, "predictions.csv", "Lowest losses",
             "The test texts it found easiest. Look for a shortcut: a word, a name or a length that gives the label away.");
}
