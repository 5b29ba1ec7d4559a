#include "compare/plots_confidence.h"

#include <stdio.h>

#include "common/memory.h"
#include "compare/plots.h"

void report_plot_reliability(Figure *figure, const Comparison *c, int entry, double width) {
    const EntryResult *result = &c->entries[entry];
    const Confidence *confidence = result->confidence;
    char title[160], calibrated[64];
    bool fitted = confidence->temperature.fitted;
    (void)snprintf(title, sizeof title, "%.80s: how sure, and how often right", result->name);
    (void)snprintf(calibrated, sizeof calibrated, "calibrated (temperature %.3g)", confidence->temperature.temperature);
    ReliabilityPlot plot = {
        .forms = {&confidence->of[CONFIDENCE_GIVEN].width, fitted ? &confidence->of[CONFIDENCE_CALIBRATED].width : NULL},
        .names = {"as given", calibrated}};
    plot_reliability(
        figure,
        (PlotText){.title = title,
                   .caption = "Test texts in 15 bins of confidence: on the dashed line an entry is right as often as it says. "
                              "Below the line it is too sure. Larger marks hold more texts.",
                   .width = width},
        &plot);
}

static bool is_drawn(const EntryResult *entry) {
    return entry->status == ENTRY_DONE && entry->confidence && entry->kind != ENTRY_DUMMY;
}

bool has_coverage(const Comparison *c) {
    for (int i = 0; i < c->entry_count; i++)
        if (is_drawn(&c->entries[i])) return true;
    return false;
}

bool draw_coverage(Figure *figure, const Comparison *c, double width, Error *err) {
    Series *series = mem_new((size_t)c->entry_count, sizeof *series, err);
    double *numbers = series ? mem_new((size_t)c->entry_count * 2 * COVERAGE_POINTS, sizeof *numbers, err) : NULL;
    CurvesPlot plot = {.series = series,
                       .x_name = "share of the test texts that is answered, the surest first",
                       .y_name = "share of these answered rightly"};
    for (int i = 0; numbers && i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        if (!is_drawn(entry)) continue;
        double *x = numbers + (size_t)plot.count * 2 * COVERAGE_POINTS, *y = x + COVERAGE_POINTS;
        for (int p = 0; p < COVERAGE_POINTS; p++) {
            x[p] = entry->confidence->coverage[p].coverage;
            y[p] = entry->confidence->coverage[p].accuracy;
        }
        series[plot.count++] = (Series){.name = entry->name, .x = x, .y = y, .count = COVERAGE_POINTS};
    }
    if (numbers)
        plot_curves(
            figure,
            (PlotText){
                .title = "Accuracy when only the surest texts are answered",
                .caption =
                    "At the right end every text is answered. Further left, only those the entry is surest of: a curve that "
                    "rises to the left knows when it is right, and its unsure texts can be passed to a person or "
                    "another model.",
                .width = width},
            &plot);
    bool good = numbers != NULL;
    mem_free(series);
    mem_free(numbers);
    return good;
}
