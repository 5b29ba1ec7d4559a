/* Values and how sure they are, on one scale. */
#include <math.h>
#include <stdio.h>

#include "compare/axis.h"
#include "compare/plots.h"

/* Wide: name, bar and numbers side by side. Narrow (a phone): name and numbers above the bar, which has the whole width. */
typedef struct Layout {
    bool narrow;
    double top, row_height, names, numbers;
} Layout;

static void row_text(char out[64], const IntervalRow *row) {
    if (!isfinite(row->value))
        snprintf(out, 64, "not measured");
    else if (!isfinite(row->low) || !isfinite(row->high))
        snprintf(out, 64, "%.3f", row->value);
    else
        snprintf(out, 64, "%.3f [%.3f, %.3f]", row->value, row->low, row->high);
}

static void draw_bar(Figure *figure, const IntervalRow *row, const Axis *axis, double y) {
    if (isfinite(row->low) && isfinite(row->high)) {
        double from = axis_place(axis, row->low), to = axis_place(axis, row->high);
        figure_rect(figure, from, y - 2.5, fmax(to - from, 0.5), 5, series_ink(0), 0.35);
        figure_line(figure, from, y - 5, from, y + 5, (Stroke){series_ink(0), 1.5, 0, 0});
        figure_line(figure, to, y - 5, to, y + 5, (Stroke){series_ink(0), 1.5, 0, 0});
    }
    figure_circle(figure, axis_place(axis, row->value), y, 4, series_ink(0), 1);
}

static void draw_row(Figure *figure, const IntervalRow *row, const Axis *axis, const Layout *layout, int at) {
    double top = layout->top + at * layout->row_height, letters = top + (layout->narrow ? 16 : layout->row_height / 2 + 4);
    if (at) figure_line(figure, 0, top, figure->width, top, (Stroke){INK_GRID, 0.5, 0, 0});
    double room = layout->narrow ? figure->width - layout->numbers : layout->names - 12;
    TextStyle name = {.size = LABEL_SIZE + 1, .bold = row->strong, .halo = true};
    figure_text_fit(figure, 0, letters, name, room, row->name);
    char text[64];
    row_text(text, row);
    TextStyle numbers = {.size = LABEL_SIZE,
                         .ink = isfinite(row->value) ? INK_TEXT : INK_MUTED,
                         .anchor = ANCHOR_END,
                         .bold = row->strong,
                         .halo = true};
    figure_text(figure, figure->width, letters, numbers, text);
    if (isfinite(row->value)) draw_bar(figure, row, axis, top + (layout->narrow ? 32 : layout->row_height / 2));
}

static void draw_reference(Figure *figure, const IntervalsPlot *plot, const Axis *axis, double top, double bottom) {
    double x = axis_place(axis, plot->reference);
    figure_line(figure, x, top - 3, x, bottom, (Stroke){INK_MUTED, 1, 2, 0});
    double half = text_width(plot->reference_name, TICK_SIZE, false) / 2;
    double middle = fmin(fmax(x, half), figure->width - half);
    figure_text(figure, middle, top - 8, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED, .anchor = ANCHOR_MIDDLE},
                plot->reference_name);
}

static Layout layout_make(const IntervalsPlot *plot, double width, bool reference) {
    Layout layout = {.narrow = width < 480, .top = reference ? 20 : 4};
    layout.row_height = layout.narrow ? 44 : 28;
    for (int i = 0; i < plot->count; i++) {
        char numbers[64];
        row_text(numbers, &plot->rows[i]);
        layout.names = fmax(layout.names, text_width(plot->rows[i].name, LABEL_SIZE + 1, plot->rows[i].strong) + 14);
        layout.numbers = fmax(layout.numbers, text_width(numbers, LABEL_SIZE, plot->rows[i].strong) + 16);
    }
    layout.names = fmin(layout.names, width * 0.3);
    return layout;
}

static Axis axis_of_rows(const IntervalsPlot *plot, const Layout *layout, double width, bool reference) {
    double low = reference ? plot->reference : HUGE_VAL, high = reference ? plot->reference : -HUGE_VAL;
    for (int i = 0; i < plot->count; i++) {
        const IntervalRow *row = &plot->rows[i];
        if (!isfinite(row->value)) continue;
        low = fmin(low, isfinite(row->low) ? fmin(row->low, row->value) : row->value);
        high = fmax(high, isfinite(row->high) ? fmax(row->high, row->value) : row->value);
    }
    double pad = (high - low) * 0.04;
    double from = layout->narrow ? 8 : layout->names, to = layout->narrow ? width - 8 : width - layout->numbers;
    return axis_make(low - pad, high + pad, from, to, 5, false);
}

void plot_intervals(Figure *figure, PlotText text, const IntervalsPlot *plot) {
    double width = text.width > 0 ? text.width : 640;
    bool reference = isfinite(plot->reference) && plot->reference_name;
    Layout layout = layout_make(plot, width, reference);
    double bottom = layout.top + plot->count * layout.row_height;
    figure_begin(figure, width, bottom + (plot->x_name ? 42 : 22), text.title, text.caption);
    Axis axis = axis_of_rows(plot, &layout, width, reference);
    axis_draw_below(figure, &axis, layout.top, bottom, plot->x_name);
    if (reference) draw_reference(figure, plot, &axis, layout.top, bottom);
    for (int i = 0; i < plot->count; i++) draw_row(figure, &plot->rows[i], &axis, &layout, i);
}
