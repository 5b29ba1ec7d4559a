/* How long texts are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "compare/axis.h"
#include "compare/plot_labels.h"
#include "compare/plots.h"

enum { PANEL_HEIGHT = 180, MOST_BINS = 64, MOST_MARKS = 8 };

static int compare_ints(const void *a, const void *b) {
    int x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Bins of `width` whole values from `first` on; what is larger than the last one is `beyond`. */
typedef struct Bins {
    int first, width, count;
    int64_t heights[MOST_BINS];
    int64_t beyond, highest;
} Bins;

static int round_width(int span, int most) {
    for (int power = 1; power <= 100000000; power *= 10)
        for (int i = 0; i < 3; i++) {
            int width = power * (int[]){1, 2, 5}[i];
            if (span / width < most) return width;
        }
    return span;
}

/* The bins end at the 99.5th percentile where the rest would leave most of the panel empty. */
static Bins bins_count(const int *sorted, int count) {
    int least = sorted[0], most = sorted[count - 1], usual = sorted[(int)((double)(count - 1) * 0.995)];
    int end = (double)most - least > 1.5 * ((double)usual - least) + 10 ? usual : most;
    Bins bins = {.width = round_width(end - least, MOST_BINS - 24)};
    bins.first = least / bins.width * bins.width;
    bins.count = (end - bins.first) / bins.width + 1;
    for (int i = 0; i < count; i++) {
        int bin = (sorted[i] - bins.first) / bins.width;
        int64_t *height = bin < bins.count ? &bins.heights[bin] : &bins.beyond;
        (*height)++;
        if (bin<bins.count && * height> bins.highest) bins.highest = *height;
    }
    if (bins.beyond > bins.highest) bins.highest = bins.beyond;
    return bins;
}

static void draw_bins(Figure *figure, const Bins *bins, const Axis *x, const Axis *y) {
    for (int b = 0; b < bins->count; b++) {
        if (!bins->heights[b]) continue;
        double left = axis_place(x, bins->first + (double)b * bins->width),
               right = axis_place(x, bins->first + (b + 1.0) * bins->width);
        double top = axis_place(y, (double)bins->heights[b]), gap = right - left > 4 ? 1 : 0;
        figure_rect(figure, left, top, right - left - gap, y->from - top, series_ink(0), 1);
    }
    if (!bins->beyond) return;
    /* Apart, outlined and named: it is no bin like the others. */
    double left = x->to + 12, top = axis_place(y, (double)bins->beyond);
    figure_frame(figure, left, top, 14, y->from - top, (Stroke){series_ink(0), 1.5, 0, 0});
    char number[32], longer[48];
    count_text(number, bins->first + (int64_t)bins->count * bins->width);
    snprintf(longer, sizeof longer, "≥ %s", number);
    figure_text(figure, left + 7, y->from + 16, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED, .anchor = ANCHOR_MIDDLE},
                longer);
    count_text(number, bins->beyond);
    figure_text(figure, left + 7, top - 4, (TextStyle){.size = TICK_SIZE, .anchor = ANCHOR_MIDDLE}, number);
}

/* Names stand at the top of the panel in as many lines as they need; one that lies further out points there. */
static void draw_marks(Figure *figure, const HistogramPlot *plot, const Axis *x, double top, double bottom) {
    Box placed[MOST_MARKS] = {0};
    for (int m = 0; m < plot->mark_count && m < MOST_MARKS; m++) {
        double value = plot->marks[m].value;
        if (!isfinite(value) || value < x->low) continue;
        bool inside = value <= x->high;
        char name[64];
        snprintf(name, sizeof name, inside ? "%.60s" : "%.58s →", plot->marks[m].name);
        double at = inside ? axis_place(x, value) : figure->width, width = text_width(name, TICK_SIZE, false);
        double left = inside ? at + 4 : at - width;
        Box box = {left + width > figure->width ? at - 4 - width : left, top + 2, width, TICK_SIZE + 3};
        for (int other = 0; other < m; other++)
            if (box_overlap(box, placed[other]) > 0) {
                box.y = placed[other].y + TICK_SIZE + 4;
                other = -1;
            }
        placed[m] = box;
        if (inside) figure_line(figure, at, box.y, at, bottom, (Stroke){INK_TEXT, 1.2, 1, 0});
        bool before = box.x < at;
        figure_text(figure, before ? box.x + width : box.x, box.y + TICK_SIZE - 1,
                    (TextStyle){.size = TICK_SIZE, .anchor = before ? ANCHOR_END : ANCHOR_START, .halo = true}, name);
    }
}

bool plot_histogram(Figure *figure, PlotText text, const HistogramPlot *plot, Error *err) {
    double width = text.width > 0 ? text.width : 640, top = 28, bottom = top + PANEL_HEIGHT;
    figure_begin(figure, width, bottom + 46, text.title, text.caption);
    if (plot->count < 1) {
        figure_text(figure, 0, top + 20, (TextStyle){.size = LABEL_SIZE, .ink = INK_MUTED}, "no values");
        return true;
    }
    int *sorted = mem_new((size_t)plot->count, sizeof *sorted, err);
    if (!sorted) return false;
    memcpy(sorted, plot->values, (size_t)plot->count * sizeof *sorted);
    qsort(sorted, (size_t)plot->count, sizeof *sorted, compare_ints);
    Bins bins = bins_count(sorted, plot->count);
    mem_free(sorted);
    Axis y = axis_make_round(0, (double)bins.highest, bottom, top, 4);
    double left = axis_label_width(&y, TICK_SIZE) + 8;
    Axis x = axis_make(bins.first, bins.first + (double)bins.count * bins.width, left, width - (bins.beyond ? 56 : 14),
                       width < 480 ? 5 : 8, false);
    axis_draw_left(figure, &y, left, x.to, plot->y_name);
    axis_draw_below(figure, &x, bottom, bottom + 4, plot->x_name);
    draw_bins(figure, &bins, &x, &y);
    draw_marks(figure, plot, &x, top, bottom);
    return true;
}
