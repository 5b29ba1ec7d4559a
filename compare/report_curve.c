/* The learning curve: how each entry grows with the training rows. */
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/curve.h"
#include "compare/report_page.h"

static void add_heading(Page *page, const LearningCurve *curve) {
    const Comparison *c = page->comparison;
    int deploy = c->recommendation.deploy;
    for (int i = 0; i < curve->count; i++)
        if (curve->entries[i].entry == deploy && curve->entries[i].fit == CURVE_FITS) {
            html_add(page->out, "<h2>Twice the labels would bring <bdi>%.60s</bdi> about %.1f points</h2>\n",
                     page_entry_name(page, deploy), 100 * curve->entries[i].twice);
            return;
        }
    buffer_text(page->out, "<h2>How each entry grows with the training texts</h2>\n");
}

static void add_entries(Page *page, const LearningCurve *curve, Buffer *sentence) {
    buffer_text(page->out, "<ul>\n");
    for (int i = 0; i < curve->count; i++) {
        sentence->size = 0;
        curve_say_entry(sentence, curve, i, page->comparison);
        html_add(page->out, "<li>%s</li>\n", sentence->data ? sentence->data : "");
    }
    buffer_text(page->out, "</ul>\n");
}

static void add_sentences(Page *page, const LearningCurve *curve) {
    Buffer sentence = {0};
    bool too_few = curve_say_too_few(&sentence, curve);
    if (!too_few) curve_say_crossing(&sentence, curve, page->comparison);
    if (sentence.size) html_add(page->out, "<p>%s</p>\n", sentence.data);
    if (!too_few) add_entries(page, curve, &sentence);
    page->out->failed |= sentence.failed;
    buffer_free(&sentence);
}

static void add_row(Page *page, const LearningCurve *curve, const CurveEntry *entry, int share) {
    const CurvePoint *p = &entry->points[share];
    char rows[32], seconds[32] = "–";
    Interval interval = wilson_interval(p->right, p->asked, 0.95);
    count_text(rows, p->rows);
    if (!isnan(p->seconds)) duration_text(seconds, p->seconds);
    html_add(
        page->out,
        "<tr><th scope=\"row\"><bdi>%.60s</bdi></th><td class=\"n\">%s</td><td class=\"n\">%.2f</td><td class=\"n\">%.4f</td>"
        "<td class=\"n\">%.4f <small>[%.3f, %.3f]</small></td><td class=\"n measured\">%s</td></tr>\n",
        page_entry_name(page, entry->entry), rows, curve->shares[share], p->validation_accuracy, (double)p->right / p->asked,
        interval.low, interval.high, seconds);
}

void page_add_curve(Page *page) {
    const LearningCurve *curve = page->comparison->curve;
    if (!curve || !curve->count) {
        page_add_elsewhere(page, RUN_CURVE, "curve", "Learning curves");
        return;
    }
    buffer_text(page->out, "<section id=\"curve\">\n");
    add_heading(page, curve);
    page_add_whose(page, RUN_CURVE);
    page_add_plot(page, PLOT_CURVE);
    add_sentences(page, curve);
    buffer_text(page->out, "<details><summary>The curve in numbers</summary>\n");
    html_begin_table(
        page->out, "cards",
        "tables/learning_curve.csv", "Each part lies within the next and keeps the classes' shares; validation and test texts are the same throughout.");
    buffer_text(page->out,
                "<thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">training<br>texts</th><th scope=\"col\" "
                "class=\"n\">share</th><th scope=\"col\" class=\"n\">validation<br>accuracy</th><th scope=\"col\" "
                "class=\"n\">test accuracy<br>[95 %]</th><th scope=\"col\" class=\"n\">time</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < curve->count; i++)
        for (int s = 0; s < curve->share_count; s++)
            if (curve->entries[i].points[s].done) add_row(page, curve, &curve->entries[i], s);
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n</section>\n");
}
