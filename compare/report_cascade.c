/* A cheap entry where it is sure, the dear one for the rest: what that would do. */
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/cascades.h"
#include "compare/report_page.h"

static double share(const CascadePoint *point) { return (double)point->passed / (double)point->rows; }
static double accuracy(const CascadePoint *point) { return (double)point->right / (double)point->rows; }

/* The one that passes on least, of those that part the rows; cheaper kinds stand first. -1 for none. */
static int best_cascade(const Comparison *c) {
    int best = -1;
    for (int i = 0; i < c->cascade_count; i++)
        if (cascade_parts(&c->cascades[i]) &&
            (best < 0 || share(&c->cascades[i].validation) < share(&c->cascades[best].validation)))
            best = i;
    return best;
}

static void add_heading(Page *page, int best) {
    const Comparison *c = page->comparison;
    if (best < 0) {
        html_add(page->out, "<h2>No cascade in front of <bdi>%.60s</bdi> is worth its while</h2>\n",
                 page_entry_name(page, c->cascades[0].second));
        return;
    }
    const CascadeResult *cascade = &c->cascades[best];
    html_add(page->out,
             "<h2>A cascade: <bdi>%.60s</bdi> answers %.0f %% of the test texts itself, and with <bdi>%.60s</bdi> for the rest "
             "%.1f %% are "
             "right</h2>\n",
             page_entry_name(page, cascade->first), 100 * (1 - share(&cascade->test)), page_entry_name(page, cascade->second),
             100 * accuracy(&cascade->test));
}

static void add_sentence(Page *page, const CascadeResult *cascade) {
    const Comparison *c = page->comparison;
    const EntryResult *first = &c->entries[cascade->first], *second = &c->entries[cascade->second];
    html_add(page->out, "<p><bdi>%.60s</bdi> before <bdi>%.60s</bdi>: ", first->name, second->name);
    if (cascade->validation.passed == 0) {
        html_add(page->out, "on the validation texts <bdi>%.60s</bdi> alone is at least as accurate, so nothing need be passed on.</p>\n",
                 first->name);
        return;
    }
    if (cascade->validation.passed == cascade->validation.rows) {
        html_add(page->out,
                 "any text that <bdi>%.60s</bdi> answered itself would cost accuracy on the validation texts, so all would be "
                 "passed on.</p>\n",
                 first->name);
        return;
    }
    char p[32];
    p_value_text(p, cascade->mcnemar.log10_p);
    html_add(
        page->out,
        "it answers what it is at least %.1f %% sure of. On the test texts %.1f %% are passed on and %.2f %% of all are answered "
        "rightly, against %.2f %% by <bdi>%.60s</bdi> alone (exact McNemar, %s).",
        100 * cascade->validation.threshold, 100 * share(&cascade->test), 100 * accuracy(&cascade->test),
        100 * second->scores[SPLIT_TEST].accuracy, second->name, p);
    if (first->kind >= ENTRY_FROZEN && second->kind >= ENTRY_FROZEN && first->source == second->source)
        buffer_text(page->out,
                    " Both read a text with an encoder of the same size: what is passed on is read twice, and the cascade costs "
                    "more than the second entry alone, whatever it passes on.");
    buffer_text(page->out, "</p>\n");
    if (cascade->saved)
        html_add(page->out, "<pre><code>twofold predict --model DIR/cascades/%s-%s/model --text \"…\"</code></pre>\n",
                 first->name, second->name);
}

static void add_row(Page *page, const CascadeResult *cascade) {
    const CascadePoint *points[] = {&cascade->validation, &cascade->test};
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi> → <bdi>%.60s</bdi></th>", page_entry_name(page, cascade->first),
             page_entry_name(page, cascade->second));
    if (cascade->validation.threshold <= 1)
        html_add(page->out, "<td class=\"n\" data-label=\"threshold\">%.4f</td>", cascade->validation.threshold);
    else
        buffer_text(page->out, "<td class=\"n\" data-label=\"threshold\">–</td>");
    for (int i = 0; i < 2; i++) {
        html_add(page->out, "<td class=\"n\" data-label=\"%s, passed on\">%.1f %%</td>", i ? "test" : "validation",
                 100 * share(points[i]));
        html_add(page->out, "<td class=\"n\" data-label=\"%s, accuracy\">%.4f</td>", i ? "test" : "validation",
                 accuracy(points[i]));
    }
    const EntryResult *first = &page->comparison->entries[cascade->first], *second = &page->comparison->entries[cascade->second];
    html_add(page->out,
             "<td class=\"n\" data-label=\"first alone\">%.4f</td><td class=\"n\" data-label=\"second alone\">%.4f</td></tr>\n",
             first->scores[SPLIT_TEST].accuracy, second->scores[SPLIT_TEST].accuracy);
}

static void add_table(Page *page) {
    const Comparison *c = page->comparison;
    html_begin_table(
        page->out, "cards",
        "tables/cascades.csv", "The threshold is the one that passes on the fewest validation texts without answering fewer of them rightly than the "
        "second entry alone (--cascade_loss allows a loss). Accuracies of each alone are of the test texts.");
    buffer_text(page->out,
                "<thead><tr><th scope=\"col\">first → second</th><th scope=\"col\" class=\"n\">threshold</th><th scope=\"col\" "
                "class=\"n\">validation:<br>passed on</th><th scope=\"col\" class=\"n\"><br>accuracy</th><th scope=\"col\" "
                "class=\"n\">test:<br>passed on</th><th scope=\"col\" class=\"n\"><br>accuracy</th><th scope=\"col\" "
                "class=\"n\">first<br>alone</th><th scope=\"col\" class=\"n\">second<br>alone</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->cascade_count; i++) add_row(page, &c->cascades[i]);
    html_end_table(page->out);
}

void page_add_cascades(Page *page) {
    const Comparison *c = page->comparison;
    if (!c->cascade_count) return;
    buffer_text(page->out, "<section id=\"cascade\">\n");
    add_heading(page, best_cascade(c));
    for (int i = 0; i < c->cascade_count; i++) add_sentence(page, &c->cascades[i]);
    page_add_plot(page, PLOT_CASCADE);
    add_table(page);
    buffer_text(page->out, "</section>\n");
}
