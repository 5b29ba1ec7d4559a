/* On which texts entries are right: by length, by a column of the data; and the words that mark their mistakes. */
#include <stdio.h>

#include "common/clock.h"
#include "compare/error_facts.h"
#include "compare/report_page.h"

enum { PARTS_SHOWN = 30, ENTRIES_SHOWN = 12, WORDS_ENTRIES = 6 };

static double part_accuracy(const Page *page, const Slices *slices, int part, int entry) {
    return (double)slices->right[part * page->comparison->errors->entries + entry] / slices->rows[part];
}

/* The entry that speaks for all: the recommended one, else the last that is done. -1: none is. */
static int main_entry(const Comparison *c) {
    int entry = c->recommendation.deploy;
    for (int i = c->errors->entries - 1; i >= 0 && entry < 0; i--)
        if (c->entries[i].status == ENTRY_DONE) entry = i;
    return entry;
}

/* Whether the worst part is worse than chance makes the worst of so many: the 95 % interval of its share, widened for the number of parts
 * (Bonferroni), lies below the share of the others. */
static bool is_worse(const Page *page, const Slices *slices, int worst, int entry) {
    int64_t right = 0, rows = 0;
    for (int i = 0; i < slices->count; i++) {
        if (i == worst) continue;
        right += slices->right[i * page->comparison->errors->entries + entry];
        rows += slices->rows[i];
    }
    Interval interval = wilson_interval(slices->right[worst * page->comparison->errors->entries + entry], slices->rows[worst],
                                        1 - 0.05 / slices->count);
    return rows > 0 && interval.high < (double)right / (double)rows;
}

/* "finetune is weakest on texts of 30 to 87 tokens: right on 85.1 %", where that is more than chance. */
static void add_heading(Page *page, const Slices *slices, int entry, bool is_length) {
    int worst = 0, best = 0;
    for (int i = 1; i < slices->count; i++) {
        if (part_accuracy(page, slices, i, entry) < part_accuracy(page, slices, worst, entry)) worst = i;
        if (part_accuracy(page, slices, i, entry) > part_accuracy(page, slices, best, entry)) best = i;
    }
    double low = 100 * part_accuracy(page, slices, worst, entry), high = 100 * part_accuracy(page, slices, best, entry);
    const char *name = page_entry_name(page, entry);
    if (!is_worse(page, slices, worst, entry)) {
        if (is_length)
            html_add(page->out,
                     "<h2><bdi>%.60s</bdi> differs by no more than chance between short and long texts: right on %.1f to %.1f %%</h2>\n",
                     name, low, high);
        else
            html_add(page->out,
                     "<h3><bdi>%.60s</bdi> differs by no more than chance between values of <bdi>%.60s</bdi>: right on %.1f to %.1f %%</h3>\n",
                     name, slices->what, low, high);
        return;
    }
    if (is_length)
        html_add(page->out, "<h2><bdi>%.60s</bdi> is weakest on texts of %s %s: right on %.1f %%</h2>\n", name, slices->names[worst],
                 slices->what, low);
    else
        html_add(page->out, "<h3><bdi>%.60s</bdi> is weakest where <bdi>%.60s</bdi> is <bdi>%.60s</bdi>: right on %.1f %%</h3>\n", name,
                 slices->what, slices->names[worst], low);
}

static void add_part(Page *page, const Slices *slices, int part, const int *list, int count) {
    char rows[32];
    double best = 0;
    count_text(rows, slices->rows[part]);
    for (int i = 0; i < count; i++)
        if (part_accuracy(page, slices, part, list[i]) > best) best = part_accuracy(page, slices, part, list[i]);
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th><td class=\"n\">%s</td>", slices->names[part], rows);
    for (int i = 0; i < count; i++) {
        double accuracy = part_accuracy(page, slices, part, list[i]);
        page_add_bar_cell(page, accuracy, accuracy > 0 && accuracy == best);
    }
    buffer_text(page->out, "</tr>\n");
}

static void add_table(Page *page, const Slices *slices, bool folded) {
    const Comparison *c = page->comparison;
    int list[ENTRIES_SHOWN], count = 0, shown = slices->count < PARTS_SHOWN ? slices->count : PARTS_SHOWN;
    for (int i = 0; i < c->errors->entries && count < ENTRIES_SHOWN; i++)
        if (c->entries[i].status == ENTRY_DONE) list[count++] = i;
    if (folded)
        html_add(page->out, "<details><summary>Accuracy by <bdi>%.60s</bdi> <span>%d of %d</span></summary>\n", slices->what, shown,
                 slices->count);
    html_begin_table(page->out, "classes",
                     "tables/parts.csv", "Share of a part's test texts that each entry answers rightly; the best of a row in bold. Small parts vary by "
                     "chance: of 100 texts, by 4 points or more either way.");
    html_add(page->out, "<thead><tr><th scope=\"col\"><bdi>%.60s</bdi></th><th scope=\"col\" class=\"n\">test texts</th>",
             slices->what);
    for (int i = 0; i < count; i++)
        html_add(page->out, "<th scope=\"col\" class=\"n\"><bdi>%.60s</bdi></th>", page_entry_name(page, list[i]));
    buffer_text(page->out, "</tr></thead>\n<tbody>\n");
    for (int part = 0; part < shown; part++) add_part(page, slices, part, list, count);
    html_end_table(page->out);
    if (slices->count > shown || slices->left_out)
        buffer_text(page->out, "<p class=\"note\">The parts with most texts; compare.json lists up to 200.</p>\n");
    if (folded) buffer_text(page->out, "</details>\n");
}

static void add_words(Page *page, int entry) {
    const ErrorFacts *facts = page->comparison->errors;
    int count = facts->mark_counts[entry];
    if (!count) return;
    html_add(page->out, "<details><summary>Words that mark errors of <bdi>%.60s</bdi> <span>%d</span></summary>\n",
             page_entry_name(page, entry), count);
    html_begin_table(page->out, "narrow",
                     "tables/words.csv", "Words that stand in more of the wrongly answered test texts than in the others: log-odds ratio with a Dirichlet "
                     "prior of 500 words, in standard errors (z of 1.96 and more, in at least 3 mistakes). Among thousands of words a few "
                     "pass by chance.");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">word</th><th scope=\"col\" class=\"n\">mistakes with it</th><th scope=\"col\" "
                           "class=\"n\">right with it</th><th scope=\"col\" class=\"n\">z</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < count; i++) {
        const MarkedWord *mark = &facts->marks[entry * MOST_MARKS + i];
        html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th><td class=\"n\">%d</td><td class=\"n\">%d</td>", mark->word,
                 mark->wrong, mark->right);
        html_add(page->out, "<td class=\"n\">%.2f</td></tr>\n", mark->z);
    }
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
}

bool page_has_parts(const Comparison *c) { return c->errors && c->errors->by_length.count && main_entry(c) >= 0; }

void page_add_parts(Page *page) {
    const Comparison *c = page->comparison;
    if (!page_has_parts(c)) return;
    int entry = main_entry(c), shown = 0;
    buffer_text(page->out, "<section id=\"parts\">\n");
    add_heading(page, &c->errors->by_length, entry, true);
    add_table(page, &c->errors->by_length, false);
    if (c->errors->by_column.count) {
        add_heading(page, &c->errors->by_column, entry, false);
        add_table(page, &c->errors->by_column, c->errors->by_column.count > 12);
    }
    add_words(page, entry);
    for (int i = c->errors->entries - 1; i >= 0 && shown < WORDS_ENTRIES; i--)
        if (i != entry && c->entries[i].status == ENTRY_DONE && c->entries[i].kind != ENTRY_DUMMY) {
            add_words(page, i);
            shown++;
        }
    buffer_text(page->out, "</section>\n");
}
