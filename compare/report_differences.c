/* Where two entries differ, row by row and class by class. */
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/facts.h"
#include "compare/report_page.h"

enum { ROWS_SHOWN = 10, PAIRS_SHOWN = 60, CLASSES_SHOWN = 200, CLASSES_OPEN = 20, ENTRIES_SHOWN = 12 };

/* Two entries and what they answered, told from a's side. */
typedef struct Versus {
    int a, b;
    PairedCounts counts;
    double log10_p;
} Versus;

static bool find_versus(Versus *versus, const Comparison *c) {
    bool swapped;
    if (!facts_main_pair(c, &versus->a, &versus->b)) return false;
    const PairResult *pair = comparison_pair(c, versus->a, versus->b, &swapped);
    if (!pair) return false;
    versus->counts = pair->counts;
    if (swapped) {
        versus->counts.only_a = pair->counts.only_b;
        versus->counts.only_b = pair->counts.only_a;
    }
    versus->log10_p = pair->mcnemar.log10_p;
    return true;
}

/* ---- the two by two table ---- */

static void add_heading(Page *page, const Versus *versus) {
    const char *a = page_entry_name(page, versus->a), *b = page_entry_name(page, versus->b);
    bool b_wins = versus->counts.only_b >= versus->counts.only_a;
    char more[32], less[32];
    count_text(more, b_wins ? versus->counts.only_b : versus->counts.only_a);
    count_text(less, b_wins ? versus->counts.only_a : versus->counts.only_b);
    html_add(page->out, "<h2><bdi>%.60s</bdi> alone is right on %s texts, <bdi>%.60s</bdi> alone on %s</h2>\n", b_wins ? b : a,
             more, b_wins ? a : b, less);
}

static void add_count_cell(Page *page, int64_t count, int64_t rows) {
    char text[32];
    count_text(text, count);
    html_add(page->out, "<td class=\"n\">%s <small>%.1f %%</small></td>", text, rows ? 100 * (double)count / (double)rows : 0.0);
}

static void add_two_by_two(Page *page, const Versus *versus) {
    const char *a = page_entry_name(page, versus->a), *b = page_entry_name(page, versus->b);
    const PairedCounts *n = &versus->counts;
    int64_t rows = n->both + n->only_a + n->only_b + n->neither;
    char p[32];
    p_value_text(p, versus->log10_p);
    html_begin_table(page->out, "narrow", "tables/pairs.csv", "Test texts that both, one or neither of the two answers rightly.");
    html_add(page->out,
             "<thead><tr><td></td><th scope=\"col\" class=\"n\"><bdi>%.60s</bdi> right</th><th scope=\"col\" "
             "class=\"n\"><bdi>%.60s</bdi> wrong</th></tr></thead>\n<tbody>\n",
             b, b);
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi> right</th>", a);
    add_count_cell(page, n->both, rows);
    add_count_cell(page, n->only_a, rows);
    html_add(page->out, "</tr>\n<tr><th scope=\"row\"><bdi>%.60s</bdi> wrong</th>", a);
    add_count_cell(page, n->only_b, rows);
    add_count_cell(page, n->neither, rows);
    buffer_text(page->out, "</tr>\n");
    html_end_table(page->out);
    html_add(page->out,
             "<p class=\"note\">Exact McNemar test, %s: were the texts on which only one is right decided by tossing a coin, a "
             "split as uneven as this "
             "would come about that often.</p>\n",
             p);
}

/* ---- the rows ---- */

static void add_only_right(Page *page, int right, int wrong, int64_t total) {
    FactMistake list[ROWS_SHOWN];
    const EntryResult *winner = &page->comparison->entries[right], *loser = &page->comparison->entries[wrong];
    const Predictions *p = &loser->predictions[SPLIT_TEST];
    int count = facts_mistakes(list, ROWS_SHOWN, p, &winner->predictions[SPLIT_TEST]);
    if (!count) return;
    char all[32];
    count_text(all, total);
    html_add(page->out, "<details><summary>Texts only <bdi>%.60s</bdi> gets right <span>%d of %s</span></summary>\n",
             winner->name, count, all);
    html_begin_table(page->out, "cards",
                     "differences.csv", p->probabilities ? "Those on which the other was most surely wrong." : "The first in the file.");
    html_add(page->out,
             "<thead><tr><th scope=\"col\">text</th><th scope=\"col\">label</th><th scope=\"col\"><bdi>%.60s</bdi> "
             "answers</th></tr></thead>\n<tbody>\n",
             loser->name);
    for (int m = 0; m < count; m++) {
        buffer_text(page->out, "<tr><td class=\"text\">");
        page_add_row_text(page, list[m].i);
        html_add(page->out, "</td><td data-label=\"label\"><bdi>%.60s</bdi></td><td data-label=\"answer\"><bdi>%.60s</bdi>",
                 page_label(page, p->truth[list[m].i]), page_label(page, p->predicted[list[m].i]));
        if (p->probabilities) html_add(page->out, " <small>at %.0f %%</small>", 100 * list[m].prob_predicted);
        buffer_text(page->out, "</td></tr>\n");
    }
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
}

/* ---- every pair ---- */

static void add_pair_row(Page *page, const PairResult *pair) {
    char counts[4][32], p[32], points[32];
    const PairedCounts *n = &pair->counts;
    int64_t rows = n->both + n->only_a + n->only_b + n->neither;
    count_text(counts[0], n->both);
    count_text(counts[1], n->only_a);
    count_text(counts[2], n->only_b);
    count_text(counts[3], n->neither);
    p_value_text(p, pair->mcnemar.log10_p);
    const EntryResult *entries = page->comparison->entries; /* as the other table has it, to the last bit: 23.15 is rounded alike */
    (void)snprintf(points, sizeof points, "%+.1f",
                   rows ? 100 * (entries[pair->b].scores[SPLIT_TEST].accuracy - entries[pair->a].scores[SPLIT_TEST].accuracy) : 0.0);
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi> → <bdi>%.60s</bdi></th>", page_entry_name(page, pair->a),
             page_entry_name(page, pair->b));
    html_add(page->out, "<td class=\"n\" data-label=\"gain, points\">%s</td><td class=\"n\" data-label=\"p\">%s</td>", points, p);
    html_add(page->out,
             "<td class=\"n\" data-label=\"both right\">%s</td><td class=\"n\" data-label=\"only the first\">%s</td><td "
             "class=\"n\" data-label=\"only the "
             "second\">%s</td><td class=\"n\" data-label=\"neither\">%s</td></tr>\n",
             counts[0], counts[1], counts[2], counts[3]);
}

static void add_pairs(Page *page) {
    const Comparison *c = page->comparison;
    if (c->pair_count < 2) return;
    html_add(page->out, "<details><summary>Every pair of entries <span>%d pairs</span></summary>\n", c->pair_count);
    html_begin_table(page->out, "cards",
                     "tables/pairs.csv", c->pair_count > PAIRS_SHOWN
                         ? "The first 60 pairs; all stand in compare.json. The gain is the second's over the first, in points of "
                           "test accuracy; p "
                           "by the exact McNemar test."
                         : "The gain is the second's over the first, in points of test accuracy; p by the exact McNemar test.");
    buffer_text(
        page->out,
        "<thead><tr><th scope=\"col\">first → second</th><th scope=\"col\" class=\"n\">gain, points</th><th scope=\"col\" "
        "class=\"n\">p</th>"
        "<th scope=\"col\" class=\"n\">both right</th><th scope=\"col\" class=\"n\">only the first</th>"
        "<th scope=\"col\" class=\"n\">only the second</th><th scope=\"col\" class=\"n\">neither</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->pair_count && i < PAIRS_SHOWN; i++) add_pair_row(page, &c->pairs[i]);
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
}

/* ---- class by class ---- */

static double class_f1(const Comparison *c, int entry, int k) { return c->entries[entry].scores[SPLIT_TEST].per_class[k].f1; }

static int entries_done(const Comparison *c, int list[ENTRIES_SHOWN]) {
    int count = 0;
    for (int i = 0; i < c->entry_count && count < ENTRIES_SHOWN; i++)
        if (c->entries[i].status == ENTRY_DONE) list[count++] = i;
    return count;
}

/* Where two are compared: on how many classes b has the higher F1; else which class is hardest. */
static void add_class_heading(Page *page, int only, const Versus *versus) {
    const Comparison *c = page->comparison;
    int better = 0, classes = 0, worst = -1;
    for (int k = 0; k < c->dataset->classes; k++) {
        double f1 = class_f1(c, versus ? versus->b : only, k);
        if (isnan(f1)) continue;
        classes++;
        if (worst < 0 || f1 < class_f1(c, versus ? versus->b : only, worst)) worst = k;
        if (versus) better += f1 > class_f1(c, versus->a, k);
    }
    buffer_text(page->out, "<h3>");
    if (versus)
        html_add(page->out, "<bdi>%.60s</bdi> has the higher F1 on %d of %d classes", page_entry_name(page, versus->b), better,
                 classes);
    else
        html_add(page->out, "F1 of each class");
    if (worst >= 0)
        html_add(page->out, "; its hardest is <bdi>%.60s</bdi> (%.3f)", page_label(page, worst),
                 class_f1(c, versus ? versus->b : only, worst));
    buffer_text(page->out, "</h3>\n");
}

static void add_class_row(Page *page, const int *list, int count, int k) {
    const Comparison *c = page->comparison;
    char support[32];
    double best = 0;
    for (int i = 0; i < count; i++) best = fmax(best, class_f1(c, list[i], k));
    count_text(support, c->entries[list[0]].scores[SPLIT_TEST].per_class[k].support);
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th><td class=\"n\">%s</td>", page_label(page, k), support);
    for (int i = 0; i < count; i++) {
        double f1 = class_f1(c, list[i], k);
        page_add_bar_cell(page, f1, f1 > 0 && f1 == best);
    }
    buffer_text(page->out, "</tr>\n");
}

static void add_classes(Page *page, const Versus *versus) {
    const Comparison *c = page->comparison;
    int list[ENTRIES_SHOWN], count = entries_done(c, list), classes = c->dataset->classes;
    if (!count) return;
    add_class_heading(page, list[count - 1], versus);
    bool folded = classes > CLASSES_OPEN;
    if (folded)
        html_add(page->out, "<details><summary>F1 of each class, each entry <span>%d classes</span></summary>\n", classes);
    html_begin_table(page->out, "classes",
                     "tables/class_scores.csv", classes > CLASSES_SHOWN
                         ? "The first 200 classes (each entry's metrics.json has all). Harmonic mean of precision and recall on "
                           "the test texts, "
                           "0 to 1; the best of a row in bold."
                         : "Harmonic mean of precision and recall on the test texts, 0 to 1; the best of a row in bold.");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">class</th><th scope=\"col\" class=\"n\">test texts</th>");
    for (int i = 0; i < count; i++)
        html_add(page->out, "<th scope=\"col\" class=\"n\"><bdi>%.60s</bdi></th>", page_entry_name(page, list[i]));
    buffer_text(page->out, "</tr></thead>\n<tbody>\n");
    for (int k = 0; k < classes && k < CLASSES_SHOWN; k++) add_class_row(page, list, count, k);
    html_end_table(page->out);
    if (folded) buffer_text(page->out, "</details>\n");
}

void page_add_differences(Page *page) {
    Versus versus;
    bool two = find_versus(&versus, page->comparison);
    buffer_text(page->out, "<section id=\"differences\">\n");
    if (two) {
        add_heading(page, &versus);
        add_two_by_two(page, &versus);
        add_only_right(page, versus.b, versus.a, versus.counts.only_b);
        add_only_right(page, versus.a, versus.b, versus.counts.only_a);
        add_pairs(page);
    } else
        buffer_text(page->out, "<h2>There are no two entries to compare</h2>\n");
    add_classes(page, two ? &versus : NULL);
    buffer_text(page->out, "</section>\n");
}
