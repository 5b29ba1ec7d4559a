/* How the settings came about: the defaults, or what was tried and chosen. */
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/report_page.h"
#include "compare/report_runs.h"
#include "compare/tuning.h"

/* "0.1: 0.8720, 1: 0.8960" behind the settings of a trial that tried several C. */
static void add_tried(Page *page, const Tuning *tuning, const TuningTrial *trial) {
    if (!trial->C_tried || tuning->C_count < 2) return;
    buffer_text(page->out, "<br><small>C");
    for (int i = 0; i < tuning->C_count; i++) {
        char number[32];
        number_text(number, tuning->C[i]);
        html_add(page->out, i ? ", %s: %.4f" : " %s: %.4f", number, trial->C_accuracy[i]);
    }
    buffer_text(page->out, "</small>");
}

static void add_trial(Page *page, const Tuning *tuning, const TuningTrial *trial) {
    bool chosen = trial == tuning_chosen(tuning, trial->entry);
    char rows[32], seconds[32] = "–";
    Buffer settings = {0};
    count_text(rows, trial->rows);
    if (!isnan(trial->seconds)) duration_text(seconds, trial->seconds);
    tuning_describe(&settings, trial);
    page->out->failed |= settings.failed;
    html_add(page->out,
             chosen ? "<tr class=\"chosen\"><th scope=\"row\"><b><bdi>%.60s</bdi></b></th>"
                    : "<tr><th scope=\"row\"><bdi>%.60s</bdi></th>",
             trial->name);
    html_add(page->out,
             "<td class=\"n\">%d</td><td>%s%s", trial->round + 1, settings.data ? settings.data : "", chosen ? " – chosen" : "");
    add_tried(page, tuning, trial);
    html_add(page->out, "</td><td class=\"n\">%s</td><td class=\"n\">%.4f</td><td class=\"n\">%.4f</td>", rows, trial->accuracy, trial->loss);
    html_add(page->out, "<td class=\"n measured\">%s</td></tr>\n", seconds);
    buffer_free(&settings);
}

static void add_chosen(Page *page, const Tuning *tuning) {
    buffer_text(page->out, "<ul>\n");
    for (int entry = 0; entry < tuning->count; entry++) {
        const TuningTrial *trial = tuning_chosen(tuning, entry);
        if (!trial) continue;
        Buffer settings = {0};
        tuning_describe(&settings, trial);
        html_add(page->out, "<li><bdi>%.60s</bdi>: %s (validation accuracy %.4f)</li>\n", trial->name,
                 settings.data ? settings.data : "", trial->accuracy);
        page->out->failed |= settings.failed;
        buffer_free(&settings);
    }
    buffer_text(page->out, "</ul>\n");
}

static void add_table(Page *page, const Tuning *tuning) {
    char validation[32], caption[500];
    count_text(validation, tuning->validation_rows);
    (void)snprintf(caption, sizeof caption,
                   "Everything that was tried, judged on %s validation texts; test texts were not looked at. The best of a round "
                   "goes on to the "
                   "next; equal accuracies are told apart by their loss. A trial reads its rows in an order of its own: of all rows its accuracy may be the entry's but for "
                   "a row or two.",
                   validation);
    html_add(page->out, "<details><summary>All that was tried <span>%d trials</span></summary>\n", tuning->count);
    html_begin_table(page->out, "cards", "tables/tuning.csv", caption);
    buffer_text(
        page->out,
        "<thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">round</th><th scope=\"col\">settings</th>"
        "<th scope=\"col\" class=\"n\">training<br>texts</th><th scope=\"col\" class=\"n\">validation<br>accuracy</th>"
        "<th scope=\"col\" class=\"n\">validation<br>loss</th><th scope=\"col\" class=\"n\">time</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < tuning->count; i++)
        if (tuning->trials[i].done) add_trial(page, tuning, &tuning->trials[i]);
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
}

/* Some of several runs chose their settings, or all: what each did, and what was chosen where that can be shown. */
static void add_of_runs(Page *page) {
    const Comparison *c = page->comparison;
    int count = runs_count(c, RUN_TUNING);
    Buffer said = {0};
    html_add(page->out, "<h2>%d of %d runs had their settings chosen on the validation texts</h2>\n<ul>\n", count, c->run_count);
    for (int i = 0; i < c->run_count; i++) {
        said.size = 0;
        runs_say_settings(&said, c, i);
        html_add(page->out, "<li><bdi>%.400s</bdi>: %s</li>\n", c->runs[i].folder, said.data ? said.data : "");
    }
    buffer_text(page->out, "</ul>\n");
    page->out->failed |= said.failed;
    buffer_free(&said);
    if (count < c->run_count)
        buffer_text(page->out, "<p>An entry whose settings were chosen had more effort given to it than one with defaults: between "
                               "these, part of a difference may come from that alone.</p>\n");
    if (c->tuning) page_add_whose(page, RUN_TUNING);
}

static void add_untuned(Page *page) {
    buffer_text(page->out, "<h2>The settings are defaults, or were given: none was chosen for this data</h2>\n<p>A "
                           "comparison is worth as much as the effort "
                           "given to the weaker side: a learning rate that does not suit the encoder can cost path B many "
                           "points, and a C or a pooling "
                           "that does not suit the data path A. <code>--tune quick</code> chooses these on the validation "
                           "rows for every path, within "
                           "<code>--tune_budget</code> seconds.</p>\n");
}

void page_add_tuning(Page *page) {
    const Tuning *tuning = page->comparison->tuning;
    buffer_text(page->out, "<section id=\"tuning\">\n");
    if (runs_count(page->comparison, RUN_TUNING))
        add_of_runs(page);
    else if (!tuning)
        add_untuned(page);
    else
        buffer_text(page->out, "<h2>Every path had its settings chosen on the validation texts</h2>\n");
    if (tuning) {
        add_chosen(page, tuning);
        add_table(page, tuning);
        buffer_text(page->out, "<p class=\"note\">The plan stands in <a href=\"tune.json\">tune.json</a>; <code>--tune_plan</code> "
                               "with that file tries the "
                               "very same again.</p>\n");
    }
    buffer_text(page->out, "</section>\n");
}
