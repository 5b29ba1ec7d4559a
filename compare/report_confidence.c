/* Can the probabilities be believed, and what can be left to them? */
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/plots_confidence.h"
#include "compare/report_page.h"

enum { DRAWN_MOST = 12, COVERAGE_COLUMNS = 6 };

/* The entry a reader will deploy; else the most accurate with probabilities. -1 for none. */
static int chosen_entry(const Comparison *c) {
    int best = c->recommendation.deploy;
    if (best >= 0 && c->entries[best].confidence) return best;
    best = -1;
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_DONE && c->entries[i].confidence &&
            (best < 0 || c->entries[i].confidence->accuracy > c->entries[best].confidence->accuracy))
            best = i;
    return best;
}

static void add_heading(Page *page, const EntryResult *entry) {
    const ConfidenceMeasures *given = &entry->confidence->of[CONFIDENCE_GIVEN];
    double gap = given->mean - entry->confidence->accuracy;
    const char *how = gap > 0.01    ? "surer than it is right"
                      : gap < -0.01 ? "less sure than it is right"
                                    : "about as sure as it is right";
    html_add(page->out, "<h2><bdi>%.60s</bdi> is %s: %.1f %% sure on average, %.1f %% right</h2>\n", entry->name, how,
             100 * given->mean, 100 * entry->confidence->accuracy);
}

static void add_temperature_sentence(Page *page, const EntryResult *entry) {
    const Confidence *c = entry->confidence;
    char rows[32];
    count_text(rows, c->temperature.rows);
    if (!c->temperature.rows) {
        buffer_text(
            page->out,
            "<p>There are no validation texts to fit a temperature on: the probabilities stand as they were given.</p>\n");
        return;
    }
    if (!c->temperature.fitted) {
        html_add(page->out,
                 "<p>The %s validation texts tell no temperature (all answered rightly, or all probabilities alike): the "
                 "probabilities stand as they were given.</p>\n",
                 rows);
        return;
    }
    double before = c->of[CONFIDENCE_GIVEN].width.ece, after = c->of[CONFIDENCE_CALIBRATED].width.ece;
    html_add(
        page->out,
        "<p>One number, the temperature, divides the logits; fitted on the %s validation texts it is %.3f. On the test texts it "
        "%s the expected calibration error from %.3f to %.3f. Labels stay as they are. It is off unless asked for: every other "
        "figure in this report, predictions.csv and <code>twofold predict</code> have the probabilities as given; ",
        rows, c->temperature.temperature, after < before ? "lowers" : "changes", before, after);
    html_add(page->out, "<code>twofold predict --calibrated</code> has the others.</p>\n");
}

/* ---- the table ---- */

static void add_measure_cells(Page *page, const ConfidenceMeasures *m, double temperature) {
    const struct {
        const char *label;
        double value;
    } cells[] = {{"sure on average", m->mean},
                 {"ECE, equal width", m->width.ece},
                 {"ECE, equal mass", m->mass.ece},
                 {"MCE", m->width.mce},
                 {"log loss", m->log_loss},
                 {"Brier", m->brier.brier},
                 {"reliability", m->brier.reliability},
                 {"resolution", m->brier.resolution}};
    html_add(page->out, "<td class=\"n\" data-label=\"temperature\">%.3f</td>", temperature);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        html_add(page->out, "<td class=\"n\" data-label=\"%s\">%.4f</td>", cells[i].label, cells[i].value);
    buffer_text(page->out, "</tr>\n");
}

static void add_rows(Page *page, const EntryResult *entry) {
    const Confidence *c = entry->confidence;
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi><br><small>as given</small></th>", entry->name);
    add_measure_cells(page, &c->of[CONFIDENCE_GIVEN], 1);
    if (!c->temperature.fitted) return;
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi><br><small>calibrated</small></th>", entry->name);
    add_measure_cells(page, &c->of[CONFIDENCE_CALIBRATED], c->temperature.temperature);
}

static void add_table(Page *page) {
    const Comparison *c = page->comparison;
    html_begin_table(
        page->out, "cards",
        "tables/calibration.csv", "Probabilities on the test texts, as given and at the temperature fitted on the validation texts. ECE: how far "
        "confidence and accuracy are apart, over 15 bins; MCE: in the worst bin. Log loss and Brier: lower is better. "
        "Reliability is the part of Brier that calibration can mend, resolution the part earned by telling texts apart.");
    buffer_text(page->out,
                "<thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">temperature</th><th scope=\"col\" "
                "class=\"n\">sure on<br>average</th><th scope=\"col\" class=\"n\">ECE<br>equal width</th><th scope=\"col\" "
                "class=\"n\">ECE<br>equal mass</th><th scope=\"col\" class=\"n\">MCE</th><th scope=\"col\" class=\"n\">log "
                "loss</th><th scope=\"col\" class=\"n\">Brier</th><th scope=\"col\" class=\"n\">of it<br>reliability</th><th "
                "scope=\"col\" class=\"n\"><br>resolution</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_DONE && c->entries[i].confidence) add_rows(page, &c->entries[i]);
    html_end_table(page->out);
}

/* ---- drawings ---- */

static void add_diagram(Page *page, int entry) {
    Figure figure = {0};
    report_plot_reliability(&figure, page->comparison, entry, 0);
    page_add_drawing_of(page, entry, "reliability", &figure);
    figure_free(&figure);
}

/* The chosen one first, the dummies not at all. */
static void add_diagrams(Page *page, int chosen) {
    const Comparison *c = page->comparison;
    int drawn = 1;
    buffer_text(page->out,
                "<p class=\"note\">Each mark is a bin of test texts: how sure the entry was of them, across, and how many it "
                "answered rightly, up. On the dashed line it is right as often as it says; below, it is too sure. Larger marks "
                "hold more texts, and the bars show their share.</p>\n<div class=\"side\">\n");
    add_diagram(page, chosen);
    for (int i = c->entry_count - 1; i >= 0 && drawn < DRAWN_MOST; i--) {
        if (i == chosen || c->entries[i].status != ENTRY_DONE || !c->entries[i].confidence || c->entries[i].kind == ENTRY_DUMMY)
            continue;
        add_diagram(page, i);
        drawn++;
    }
    buffer_text(page->out, "</div>\n");
}

/* ---- coverage ---- */

static const CoveragePoint *coverage_at(const Confidence *c, int percent) {
    return &c->coverage[percent * COVERAGE_POINTS / 100 - 1];
}

static void add_coverage_row(Page *page, const EntryResult *entry, const int *percents) {
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th>", entry->name);
    for (int p = 0; p < COVERAGE_COLUMNS; p++) {
        const CoveragePoint *point = coverage_at(entry->confidence, percents[p]);
        char label[32];
        (void)snprintf(label, sizeof label, "surest %d %%", percents[p]);
        html_add(page->out, "<td class=\"n\" data-label=\"%s\">%.4f<br><small>p ≥ %.3f</small></td>", label, point->accuracy,
                 point->threshold);
    }
    buffer_text(page->out, "</tr>\n");
}

static void add_coverage(Page *page, int chosen) {
    static const int PERCENTS[COVERAGE_COLUMNS] = {25, 50, 70, 80, 90, 100};
    const Comparison *c = page->comparison;
    const CoveragePoint *most = coverage_at(c->entries[chosen].confidence, 80);
    html_add(page->out, "<h3>Of the %.0f %% it is surest of, <bdi>%.60s</bdi> answers %.1f %% rightly</h3>\n",
             100 * most->coverage, c->entries[chosen].name, 100 * most->accuracy);
    page_add_plot(page, PLOT_COVERAGE);
    html_begin_table(
        page->out, "cards",
        "tables/coverage.csv", "Share answered rightly when only the surest part of the test texts is answered, and the probability from which on it "
        "is. Equally sure texts are answered together.");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">entry</th>");
    for (int p = 0; p < COVERAGE_COLUMNS; p++)
        html_add(page->out, "<th scope=\"col\" class=\"n\">surest<br>%d %%</th>", PERCENTS[p]);
    buffer_text(page->out, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_DONE && c->entries[i].confidence && c->entries[i].kind != ENTRY_DUMMY)
            add_coverage_row(page, &c->entries[i], PERCENTS);
    html_end_table(page->out);
}

bool page_has_confidence(const Comparison *comparison) { return chosen_entry(comparison) >= 0 && has_coverage(comparison); }

void page_add_confidence(Page *page) {
    if (!page_has_confidence(page->comparison)) return;
    int chosen = chosen_entry(page->comparison);
    const EntryResult *entry = &page->comparison->entries[chosen];
    buffer_text(page->out, "<section id=\"confidence\">\n");
    add_heading(page, entry);
    add_temperature_sentence(page, entry);
    add_diagrams(page, chosen);
    add_table(page);
    add_coverage(page, chosen);
    buffer_text(page->out, "</section>\n");
}
