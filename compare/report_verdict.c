/* The first screen: which one, how sure, at what price. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "compare/report_page.h"
#include "compare/report_runs.h"

/* ---- the first screen ---- */

static void add_title(Page *page) {
    const Comparison *c = page->comparison;
    char counts[SPLIT_COUNT][32];
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) count_text(counts[split], c->dataset->splits[split].count);
    html_add(page->out, "<p class=\"kicker\"><bdi>%.80s</bdi> · %s training, %s validation and %s test texts · %d classes</p>\n",
             c->data ? c->data : "–", counts[SPLIT_TRAIN], counts[SPLIT_VALIDATION], counts[SPLIT_TEST], c->dataset->classes);
    if (c->recommendation.deploy >= 0)
        html_add(page->out, "<h1>Deploy <bdi>%.60s</bdi></h1>\n", page_entry_name(page, c->recommendation.deploy));
    else
        buffer_text(page->out, c->recommendation.verdict == VERDICT_UNDECIDED ? "<h1>Undecided</h1>\n" : "<h1>No entry to deploy</h1>\n");
}

static void add_warnings(Page *page) {
    Buffer machines = {0};
    runs_say_machines(&machines, page->comparison->runs, page->comparison->run_count);
    if (machines.size) html_add(page->out, "<p class=\"warning measured\">%s</p>\n", machines.data);
    page->out->failed |= machines.failed;
    buffer_free(&machines);
    for (int i = 0; i < page->comparison->entry_count; i++) {
        const EntryResult *entry = &page->comparison->entries[i];
        if (entry->status == ENTRY_FAILED)
            html_add(page->out, "<p class=\"warning\"><b><bdi>%.60s</bdi> failed:</b> %s</p>\n", entry->name,
                     entry->failure.message);
        else if (entry->warning[0])
            html_add(page->out, "<p class=\"warning\">%s</p>\n", entry->warning);
    }
}

static void add_entry_row(Page *page, int i) {
    const EntryResult *entry = &page->comparison->entries[i];
    bool chosen = i == page->comparison->recommendation.deploy;
    buffer_text(page->out, chosen ? "<tr class=\"chosen\"><th scope=\"row\">" : "<tr><th scope=\"row\">");
    html_add(page->out, chosen ? "<b><bdi>%.60s</bdi></b>" : "<bdi>%.60s</bdi>", entry->name);
    html_add(page->out, "<br><small>%s</small></th>", entry_kind_name(entry->kind));
    if (entry->status == ENTRY_FAILED) {
        buffer_text(page->out, "<td class=\"failed\" colspan=\"6\">failed, see above</td></tr>\n");
        return;
    }
    Interval interval = entry_accuracy_interval(entry, SPLIT_TEST);
    html_add(page->out, "<td class=\"n\" data-label=\"validation\">%.4f</td>", entry->scores[SPLIT_VALIDATION].accuracy);
    html_add(page->out, "<td class=\"n\" data-label=\"test accuracy [95 %%]\"><b>%.4f</b> <small>[%.3f, %.3f]</small></td>",
             entry->scores[SPLIT_TEST].accuracy, interval.low, interval.high);
    html_add(page->out, "<td class=\"n\" data-label=\"macro F1\">%.4f</td>", entry->scores[SPLIT_TEST].f1_macro);
    page_add_time_cell(page, "training", entry->costs.train_s);
    page_add_measured_cell(page, "ms a text", entry->costs.predict_ms_p50, latency_digits(entry->costs.predict_ms_p50));
    page_add_measured_cell(page, "MB", entry->costs.model_mb, size_digits(entry->costs.model_mb));
    buffer_text(page->out, "</tr>\n");
}

static void add_navigation(Page *page) {
    bool done = REPORT_PLOTS[PLOT_ACCURACY].has(page->comparison), learned = REPORT_PLOTS[PLOT_LOSS].has(page->comparison);
    const struct {
        const char *place, *name;
        bool there;
    } links[] = {{"clean", "Is the test clean?", true}, {"differences", "Where they differ", true},
                 {"statistics", "How sure", page->comparison->resamples > 0},
                 {"confusions", "Confusions", done},    {"errors", "Worst errors", done},
                 {"parts", "On which texts", page_has_parts(page->comparison)},
                 {"labels", "Doubtful labels", page_has_part(page->comparison, RUN_LABELS)},
                 {"learning", "Learning", learned},     {"curve", "Learning curve", page_has_part(page->comparison, RUN_CURVE)},     {"confidence", "Confidence", page_has_confidence(page->comparison)},
                 {"cascade", "Cascade", page->comparison->cascade_count > 0},
                 {"costs", "Costs", done},
                 {"tuning", "Settings", true},
                 {"maps", "Maps", page_has_part(page->comparison, RUN_MAPS)},
                 {"making", "How this was made", true}};
    buffer_text(page->out, "<nav aria-label=\"Sections\"><ol>\n");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (links[i].there) html_add(page->out, "<li><a href=\"#%s\">%s</a></li>\n", links[i].place, links[i].name);
    buffer_text(page->out, "</ol></nav>\n");
}

/* The paragraph without its first sentence, "Deploy NAME. ", which is the title above it. */
static const char *sentence_below_title(const Page *page) {
    const Recommendation *r = &page->comparison->recommendation;
    const char *sentence = r->sentence.data ? r->sentence.data : "",
               *name = r->deploy >= 0 ? page_entry_name(page, r->deploy) : "";
    size_t before = strlen("Deploy "), length = strlen(name);
    if (r->deploy < 0 || strncmp(sentence, "Deploy ", before) != 0 || strncmp(sentence + before, name, length) != 0)
        return sentence;
    const char *rest = sentence + before + length;
    return strcmp(rest, ".") == 0 ? "" : strncmp(rest, ". ", 2) == 0 ? rest + 2 : sentence;
}

void page_add_verdict(Page *page) {
    const Recommendation *r = &page->comparison->recommendation;
    const char *sentence = sentence_below_title(page);
    add_title(page);
    if (r->question.data && r->question.size) html_add(page->out, "<p class=\"answer\">%s</p>\n", r->question.data);
    if (*sentence) html_add(page->out, "<p class=\"verdict\">%s</p>\n", sentence);
    add_warnings(page);
    html_begin_table(page->out, "entries cards",
                     "tables/entries.csv", "Every entry was trained and tested on the same rows. Marked: the one to deploy.");
    buffer_text(
        page->out,
        "<thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">validation<br>accuracy</th>"
        "<th scope=\"col\" class=\"n\">test accuracy<br>[95 % interval]</th><th scope=\"col\" class=\"n\">test<br>macro F1</th>"
        "<th scope=\"col\" class=\"n\">training<br>time</th><th scope=\"col\" class=\"n\">ms a text<br>(median)</th>"
        "<th scope=\"col\" class=\"n\">model<br>MB</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < page->comparison->entry_count; i++) add_entry_row(page, i);
    html_end_table(page->out);
    page_add_plot(page, PLOT_ACCURACY);
    add_navigation(page);
}
