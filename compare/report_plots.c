#include "compare/report_plots.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "compare/curve.h"
#include "compare/facts.h"
#include "compare/plots.h"
#include "compare/plots_confidence.h"
#include "compare/report_cascade.h"

enum { CURVE_POINTS = 120 };

static bool is_done(const EntryResult *entry) { return entry->status == ENTRY_DONE; }

static bool has_entry(const Comparison *c) {
    for (int i = 0; i < c->entry_count; i++)
        if (is_done(&c->entries[i])) return true;
    return false;
}

/* ---- accuracy with intervals ---- */

static bool draw_accuracy(Figure *figure, const Comparison *c, double width, Error *err) {
    IntervalRow *rows = mem_new((size_t)c->entry_count, sizeof *rows, err);
    if (!rows) return false;
    IntervalsPlot plot = {
        .rows = rows, .x_name = "test accuracy (share of test texts answered rightly)", .reference = (double)NAN};
    for (int i = 0; i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        if (!is_done(entry)) continue;
        Interval interval = entry_accuracy_interval(entry, SPLIT_TEST);
        rows[plot.count++] = (IntervalRow){.name = entry->name,
                                           .value = entry->scores[SPLIT_TEST].accuracy,
                                           .low = interval.low,
                                           .high = interval.high,
                                           .strong = i == c->recommendation.deploy};
    }
    char caption[256], count[32];
    count_text(count, c->dataset->splits[SPLIT_TEST].count);
    (void)snprintf(caption, sizeof caption,
                   "Point: share of the %s test texts answered rightly. Bar: its 95 %% interval (Wilson).", count);
    plot_intervals(figure, (PlotText){.title = "Test accuracy of each entry", .caption = caption, .width = width}, &plot);
    mem_free(rows);
    return true;
}

/* ---- learning ---- */

static bool has_training(const Comparison *c) {
    for (int i = 0; i < c->entry_count; i++)
        if (is_done(&c->entries[i]) && c->entries[i].training.steps > 1) return true;
    return false;
}

/* Two points are no curve: what they say stands in the heading. */
static bool has_evaluations(const Comparison *c) {
    for (int i = 0; i < c->entry_count; i++)
        if (is_done(&c->entries[i]) && c->entries[i].training.evaluation_count > 2) return true;
    return false;
}

/* Room for the curves of every entry: names, x and y, one after the other. */
typedef struct Curves {
    Series *series;
    double *numbers; /* the next free */
    void *room;
    char (*names)[96];
    int count;
} Curves;

static bool curves_make(Curves *curves, size_t series, size_t numbers, Error *err) {
    *curves = (Curves){.series = mem_new(series, sizeof *curves->series, err),
                       .numbers = mem_new(numbers, sizeof(double), err),
                       .names = mem_new(series, sizeof *curves->names, err)};
    curves->room = curves->numbers;
    return curves->series && curves->numbers && curves->names;
}

static void curves_free(Curves *curves) {
    mem_free(curves->series);
    mem_free(curves->room);
    mem_free(curves->names);
}

static void add_curve(Curves *curves, const char *name, const char *what, const double *x, const double *y, int count) {
    char *full = curves->names[curves->count];
    (void)snprintf(full, sizeof *curves->names, "%.70s%s%s", name, *what ? ": " : "", what);
    curves->series[curves->count++] = (Series){.name = full, .x = x, .y = y, .count = count};
}

static void add_evaluations(Curves *curves, const EntryResult *entry, const char *what, bool losses) {
    const FinetuneResult *t = &entry->training;
    double *x = curves->numbers, *y = x + t->evaluation_count;
    for (int i = 0; i < t->evaluation_count; i++) {
        x[i] = (double)t->evaluations[i].step;
        y[i] = losses ? t->evaluations[i].loss : t->evaluations[i].accuracy;
    }
    add_curve(curves, entry->name, what, x, y, t->evaluation_count);
    curves->numbers += 2 * (size_t)t->evaluation_count;
}

static size_t count_numbers(const Comparison *c) {
    size_t numbers = 1;
    for (int i = 0; i < c->entry_count; i++) numbers += (size_t)2 * CURVE_POINTS + 2 * (size_t)c->entries[i].training.evaluation_count;
    return numbers;
}

static bool draw_loss(Figure *figure, const Comparison *c, double width, Error *err) {
    Curves curves;
    int window = 1;
    bool made = curves_make(&curves, 2 * (size_t)c->entry_count, count_numbers(c), err);
    for (int i = 0; made && i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        if (!is_done(entry) || entry->training.steps < 2) continue;
        double *x = curves.numbers, *y = x + CURVE_POINTS;
        int points = facts_smooth_loss(x, y, CURVE_POINTS, &entry->training, &window);
        curves.numbers = y + CURVE_POINTS;
        add_curve(&curves, entry->name, "training", x, y, points);
        if (entry->training.evaluation_count) add_evaluations(&curves, entry, "validation", true);
    }
    if (made) {
        char caption[256];
        (void)snprintf(caption, sizeof caption,
                       "Mean cross-entropy; training is averaged over %d step%s a point. Where validation rises while training "
                       "falls, the encoder begins to learn by heart.",
                       window, window == 1 ? "" : "s");
        CurvesPlot plot = {.series = curves.series, .count = curves.count, .x_name = "step", .y_name = "loss"};
        plot_curves(figure, (PlotText){.title = "Loss while fine-tuning", .caption = caption, .width = width}, &plot);
    }
    curves_free(&curves);
    return made;
}

static bool draw_validation(Figure *figure, const Comparison *c, double width, Error *err) {
    Curves curves;
    bool made = curves_make(&curves, (size_t)c->entry_count, count_numbers(c), err);
    for (int i = 0; made && i < c->entry_count; i++)
        if (is_done(&c->entries[i]) && c->entries[i].training.evaluation_count)
            add_evaluations(&curves, &c->entries[i], "", false);
    if (made) {
        CurvesPlot plot = {.series = curves.series, .count = curves.count, .x_name = "step", .y_name = "validation accuracy"};
        PlotText text = {
            .title = "Validation accuracy while fine-tuning",
            .caption =
                "Share of validation texts answered rightly at each evaluation. Still rising at the end: more epochs may help.",
            .width = width};
        plot_curves(figure, text, &plot);
    }
    curves_free(&curves);
    return made;
}

/* ---- learning curve ---- */

static bool has_curve(const Comparison *c) { return c->curve && c->curve->count > 0; }

static bool draw_curve(Figure *figure, const Comparison *c, double width, Error *err) {
    const LearningCurve *curve = c->curve;
    size_t shares = (size_t)curve->share_count;
    Curves curves;
    bool made = curves_make(&curves, (size_t)curve->count, (size_t)curve->count * shares * 4, err);
    for (int i = 0; made && i < curve->count; i++) {
        double *x = curves.numbers, *y = x + shares, *low = y + shares, *high = low + shares;
        int count = 0;
        for (size_t s = 0; s < shares; s++) {
            const CurvePoint *p = &curve->entries[i].points[s];
            if (!p->done) continue;
            Interval interval = wilson_interval(p->right, p->asked, 0.95);
            x[count] = p->rows;
            y[count] = (double)p->right / p->asked;
            low[count] = interval.low;
            high[count++] = interval.high;
        }
        curves.numbers += 4 * shares;
        add_curve(&curves, c->entries[curve->entries[i].entry].name, "", x, y, count);
        curves.series[curves.count - 1].low = low;
        curves.series[curves.count - 1].high = high;
    }
    if (made) {
        CurvesPlot plot = {
            .series = curves.series, .count = curves.count, .x_name = "training texts (logarithmic)", .y_name = "test accuracy", .log_x = true};
        PlotText text = {.title = "Learning curve",
                         .caption = "Share of test texts answered rightly after learning from a part of the training texts, with 95 % intervals "
                                    "(Wilson). Still rising at the right end: more labels would help.",
                         .width = width};
        plot_curves(figure, text, &plot);
    }
    curves_free(&curves);
    return made;
}

/* ---- tokens ---- */

static bool has_tokens(const Comparison *c) { return c->model.lengths_count > 0; }

static bool draw_tokens(Figure *figure, const Comparison *c, double width, Error *err) {
    char median[48], p95[48];
    (void)snprintf(median, sizeof median, "median %.0f", c->model.tokens.median);
    (void)snprintf(p95, sizeof p95, "95 %% under %.0f", c->model.tokens.p95);
    HistogramMark marks[] = {{c->model.tokens.median, median}, {c->model.tokens.p95, p95}};
    HistogramPlot plot = {.values = c->model.lengths,
                          .count = c->model.lengths_count,
                          .x_name = "tokens a text",
                          .y_name = "texts",
                          .marks = marks,
                          .mark_count = 2};
    PlotText text = {
        .title = "Lengths of the texts", .caption = "Tokens a text, [CLS] and [SEP] included, over all rows.", .width = width};
    return plot_histogram(figure, text, &plot, err);
}

/* ---- cost ---- */

static double cost_of(const EntryResult *entry, bool training) {
    double cost = training ? entry->costs.train_s : entry->costs.predict_ms_p50;
    return is_done(entry) && cost > 0 ? cost : (double)NAN;
}

static bool has_costs(const Comparison *c, bool training) {
    for (int i = 0; i < c->entry_count; i++)
        if (!isnan(cost_of(&c->entries[i], training))) return true;
    return false;
}

static bool has_predict_costs(const Comparison *c) { return has_costs(c, false); }
static bool has_train_costs(const Comparison *c) { return has_costs(c, true); }

static bool draw_cost(Figure *figure, const Comparison *c, double width, bool training, Error *err) {
    CostPoint *points = mem_new((size_t)c->entry_count, sizeof *points, err);
    if (!points) return false;
    CostPlot plot = {.points = points,
                     .cost_name = training ? "training, seconds" : "one text, milliseconds (median)",
                     .score_name = "test accuracy"};
    for (int i = 0; i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        if (!is_done(entry)) continue;
        Interval interval = entry_accuracy_interval(entry, SPLIT_TEST);
        points[plot.count++] = (CostPoint){.name = entry->name,
                                           .cost = cost_of(entry, training),
                                           .score = entry->scores[SPLIT_TEST].accuracy,
                                           .low = interval.low,
                                           .high = interval.high};
    }
    PlotText text = {.title = training ? "Test accuracy against training time" : "Test accuracy against the time for one text",
                     .caption =
                         "Up is better, left is cheaper (logarithmic). The line joins the entries that no other beats in both.",
                     .width = width};
    bool drawn = plot_cost(figure, text, &plot, err);
    mem_free(points);
    return drawn;
}

static bool draw_predict_cost(Figure *figure, const Comparison *c, double width, Error *err) {
    return draw_cost(figure, c, width, false, err);
}
static bool draw_train_cost(Figure *figure, const Comparison *c, double width, Error *err) {
    return draw_cost(figure, c, width, true, err);
}

const ReportPlot REPORT_PLOTS[PLOT_COUNT] = {
    [PLOT_ACCURACY] = {"accuracy", has_entry, draw_accuracy},
    [PLOT_LOSS] = {"loss", has_training, draw_loss},
    [PLOT_VALIDATION] = {"validation_accuracy", has_evaluations, draw_validation},
    [PLOT_CURVE] = {"learning_curve", has_curve, draw_curve},
    [PLOT_TOKENS] = {"tokens", has_tokens, draw_tokens},
    [PLOT_COVERAGE] = {"coverage", has_coverage, draw_coverage},
    [PLOT_CASCADE] = {"cascade", has_cascades, draw_cascades},
    [PLOT_COST_PREDICT] = {"costs_predict", has_predict_costs, draw_predict_cost},
    [PLOT_COST_TRAIN] = {"costs_train", has_train_costs, draw_train_cost},
    [PLOT_COST_CASCADE] = {"costs_cascade", has_cascade_costs, draw_cascade_costs},
};

bool report_plot_confusion(Figure *figure, const Comparison *c, int entry, Error *err) {
    const EntryResult *result = &c->entries[entry];
    char title[160], caption[256];
    (void)snprintf(title, sizeof title, "%.80s: what was taken for what", result->name);
    (void)snprintf(caption, sizeof caption,
                   "Test texts: true class down, answer across. The number is texts, the shade their share of the true class (0 "
                   "to 100 %%).");
    return plot_confusion(figure, (PlotText){.title = title, .caption = caption}, &result->scores[SPLIT_TEST].confusion,
                          c->dataset->class_names, err);
}
