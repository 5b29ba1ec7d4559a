/* Cascades in compare.json, as a table and as a figure. */
#include <math.h>
#include <stdio.h>

#include "common/memory.h"
#include "compare/cascades.h"
#include "compare/costs.h"
#include "compare/csv.h"
#include "compare/plots.h"
#include "compare/report_cascade.h"

enum { CURVE_EVERY = 5, NAME_SIZE = 160 };

static double share(const CascadePoint *point) { return (double)point->passed / (double)point->rows; }
static double accuracy(const CascadePoint *point) { return (double)point->right / (double)point->rows; }

/* ---- compare.json ---- */

static void write_threshold(JsonWriter *json, const CascadePoint *point) {
    json_write_key(json, "threshold");
    if (point->threshold <= 1)
        json_write_number(json, point->threshold);
    else
        json_write_null(json); /* everything is passed on */
}

static void write_point(JsonWriter *json, const CascadePoint *point) {
    json_put_int(json, "rows", point->rows);
    json_put_int(json, "passed_on", point->passed);
    json_put_number(json, "accuracy", accuracy(point));
}

static void write_test(JsonWriter *json, const Comparison *c, const CascadeResult *cascade) {
    json_write_key(json, "test");
    json_begin_object(json);
    write_point(json, &cascade->test);
    json_put_number(json, "f1_macro", cascade->f1_macro);
    json_put_number(json, "second_alone_accuracy", c->entries[cascade->second].scores[SPLIT_TEST].accuracy);
    json_put_int(json, "only_cascade", cascade->counts.only_a);
    json_put_int(json, "only_second", cascade->counts.only_b);
    json_put_number(json, "mcnemar_p", cascade->mcnemar.p);
    json_end_object(json);
}

static void write_cascade(JsonWriter *json, const Comparison *c, const CascadeResult *cascade) {
    json_begin_object(json);
    json_put_string(json, "first", c->entries[cascade->first].name);
    json_put_string(json, "second", c->entries[cascade->second].name);
    write_threshold(json, &cascade->validation);
    json_write_key(json, "validation");
    json_begin_object(json);
    write_point(json, &cascade->validation);
    json_end_object(json);
    write_test(json, c, cascade);
    json_write_key(json, "curve");
    json_begin_array(json);
    for (int i = 0; i <= CASCADE_POINTS; i += CURVE_EVERY) {
        json_begin_object(json);
        json_put_number(json, "passed_on", share(&cascade->curve[i]));
        json_put_number(json, "accuracy", accuracy(&cascade->curve[i]));
        write_threshold(json, &cascade->curve[i]);
        json_end_object(json);
    }
    json_end_array(json);
    json_put_bool(json, "saved", cascade->saved);
    json_write_key(json, "costs");
    if (cascade->saved)
        costs_write_json(json, &cascade->costs);
    else
        json_write_null(json);
    json_end_object(json);
}

void cascades_write_json(JsonWriter *json, const Comparison *c) {
    json_begin_array(json);
    for (int i = 0; i < c->cascade_count; i++) write_cascade(json, c, &c->cascades[i]);
    json_end_array(json);
}

/* ---- tables ---- */

static void add_names(Csv *csv, const Comparison *c, const CascadeResult *cascade) {
    csv_text(csv, c->entries[cascade->first].name);
    csv_text(csv, c->entries[cascade->second].name);
}

/* Above 1 the first entry is never sure enough. */
static double threshold_of(const CascadePoint *point) { return point->threshold <= 1 ? point->threshold : (double)NAN; }

static void add_chosen(Csv *csv, const Comparison *c, const CascadeResult *cascade) {
    const CascadePoint *points[] = {&cascade->validation, &cascade->test};
    add_names(csv, c, cascade);
    csv_number(csv, threshold_of(&cascade->validation));
    for (int i = 0; i < 2; i++) {
        csv_number(csv, share(points[i]));
        csv_number(csv, accuracy(points[i]));
    }
    csv_number(csv, c->entries[cascade->first].scores[SPLIT_TEST].accuracy);
    csv_number(csv, c->entries[cascade->second].scores[SPLIT_TEST].accuracy);
    csv_end_row(csv);
}

static void add_curve(Csv *csv, const Comparison *c, const CascadeResult *cascade) {
    for (int p = 0; p <= CASCADE_POINTS; p++) {
        add_names(csv, c, cascade);
        csv_number(csv, share(&cascade->curve[p]));
        csv_number(csv, accuracy(&cascade->curve[p]));
        csv_number(csv, threshold_of(&cascade->curve[p]));
        csv_end_row(csv);
    }
}

bool cascades_write_tables(const Comparison *c, const char *folder, Error *err) {
    Csv chosen = csv_begin("first,second,threshold,validation_passed_on,validation_accuracy,test_passed_on,test_accuracy,"
                           "first_test_accuracy,second_test_accuracy"),
        curves = csv_begin("first,second,passed_on,accuracy,threshold");
    for (int i = 0; i < c->cascade_count; i++) {
        add_chosen(&chosen, c, &c->cascades[i]);
        add_curve(&curves, c, &c->cascades[i]);
    }
    bool written = csv_write(&chosen, folder, "cascades", err);
    return csv_write(&curves, folder, "cascade_curves", written ? err : NULL) && written;
}

/* ---- figure ---- */

bool has_cascades(const Comparison *c) { return c->cascade_count > 0; }

/* With that share passed on; NaN when one was not measured. */
static double cascade_cpu_ms(const Comparison *c, const CascadeResult *cascade, double passed) {
    return c->entries[cascade->first].costs.predict_cpu_ms + passed * c->entries[cascade->second].costs.predict_cpu_ms;
}

/* What one cascade needs: its curve, its chosen point, and their names. */
typedef struct CascadeCurve {
    double x[CASCADE_POINTS + 1], y[CASCADE_POINTS + 1], chosen_x, chosen_y;
    char name[NAME_SIZE], chosen[NAME_SIZE];
} CascadeCurve;

static void curve_fill(CascadeCurve *curve, const Comparison *c, const CascadeResult *cascade) {
    for (int p = 0; p <= CASCADE_POINTS; p++) {
        curve->x[p] = share(&cascade->curve[p]);
        curve->y[p] = accuracy(&cascade->curve[p]);
    }
    curve->chosen_x = share(&cascade->test);
    curve->chosen_y = accuracy(&cascade->test);
    (void)snprintf(curve->name, sizeof curve->name, "%.60s first", c->entries[cascade->first].name);
    (void)snprintf(curve->chosen, sizeof curve->chosen, "chosen: p ≥ %.3f", cascade->validation.threshold);
}

/* One curve for each cascade, and its chosen point; x is the share passed on, or with `costs` the CPU time of a text. */
static bool draw(Figure *figure, const Comparison *c, PlotText text, const char *x_name, bool costs, Error *err) {
    CascadeCurve *curves = mem_new((size_t)c->cascade_count, sizeof *curves, err);
    if (!curves) return false;
    Series series[2 * ENTRY_KINDS];
    CurvesPlot plot = {.series = series, .x_name = x_name, .y_name = "test accuracy", .log_x = costs};
    for (int i = 0; i < c->cascade_count; i++) {
        CascadeCurve *curve = &curves[i];
        const CascadeResult *cascade = &c->cascades[i];
        curve_fill(curve, c, cascade);
        if (costs) {
            for (int p = 0; p <= CASCADE_POINTS; p++) curve->x[p] = cascade_cpu_ms(c, cascade, curve->x[p]);
            curve->chosen_x = cascade_cpu_ms(c, cascade, curve->chosen_x);
        }
        series[plot.count++] = (Series){.name = curve->name, .x = curve->x, .y = curve->y, .count = CASCADE_POINTS + 1};
        if (cascade_parts(cascade))
            series[plot.count++] = (Series){.name = curve->chosen, .x = &curve->chosen_x, .y = &curve->chosen_y, .count = 1};
    }
    plot_curves(figure, text, &plot);
    mem_free(curves);
    return true;
}

bool draw_cascades(Figure *figure, const Comparison *c, double width, Error *err) {
    char x_name[160];
    (void)snprintf(x_name, sizeof x_name, "share of the test texts passed on to %.80s", c->entries[c->cascades[0].second].name);
    PlotText text = {.title = "Accuracy of a cascade by the share of texts passed on",
                     .caption =
                         "At the left end the first entry answers every text, at the right end the second. Between, the second "
                         "answers those the first is least sure of. The chosen point comes from the validation texts.",
                     .width = width};
    return draw(figure, c, text, x_name, false, err);
}

bool has_cascade_costs(const Comparison *c) {
    for (int i = 0; i < c->cascade_count; i++)
        if (cascade_cpu_ms(c, &c->cascades[i], 0) > 0 && cascade_cpu_ms(c, &c->cascades[i], 1) > 0) return true;
    return false;
}

bool draw_cascade_costs(Figure *figure, const Comparison *c, double width, Error *err) {
    PlotText text = {
        .title = "Accuracy of a cascade by what a text costs",
        .caption = "CPU time of a text in batches: that of the first entry, and for the share passed on that of the second as "
                   "well. At the right end everything is passed on, which costs more than the second entry alone.",
        .width = width};
    return draw(figure, c, text, "CPU milliseconds a text (logarithmic)", true, err);
}
