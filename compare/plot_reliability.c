/* Confidence against accuracy, bin by bin. */
#include <math.h>

#include "compare/axis.h"
#include "compare/plots.h"

enum { SHARES_HEIGHT = 44, BETWEEN = 12 };

typedef struct Panel {
    Figure *figure;
    Axis x, y;
} Panel;

static double rows_of(const Reliability *form) {
    double rows = 0;
    for (int i = 0; i < CALIBRATION_BINS; i++) rows += (double)form->bins[i].rows;
    return rows;
}

/* The area of a mark grows with the rows it stands for. */
static double mark_radius(const CalibrationBin *bin, double rows) { return 2.5 + 4.5 * sqrt((double)bin->rows / rows); }

static void draw_form(Panel *panel, const Reliability *form, int number) {
    FigurePoint points[CALIBRATION_BINS];
    size_t count = 0;
    double rows = rows_of(form);
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        const CalibrationBin *bin = &form->bins[i];
        if (bin->rows)
            points[count++] = (FigurePoint){axis_place(&panel->x, bin->confidence), axis_place(&panel->y, bin->accuracy)};
    }
    if (count > 1) figure_polyline(panel->figure, points, count, (Stroke){series_ink(number), 1.5, number, 0});
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        const CalibrationBin *bin = &form->bins[i];
        if (bin->rows)
            figure_mark(panel->figure, axis_place(&panel->x, bin->confidence), axis_place(&panel->y, bin->accuracy),
                        mark_radius(bin, rows), number);
    }
}

/* Bars of the share of rows in each bin, the forms side by side, hanging from a common line. */
static void draw_shares(Panel *panel, const ReliabilityPlot *plot, int forms, double top) {
    double most = 0;
    for (int f = 0; f < forms; f++)
        for (int i = 0; i < CALIBRATION_BINS; i++)
            most = fmax(most, (double)plot->forms[f]->bins[i].rows / rows_of(plot->forms[f]));
    for (int f = 0; f < forms; f++)
        for (int i = 0; i < CALIBRATION_BINS; i++) {
            const CalibrationBin *bin = &plot->forms[f]->bins[i];
            double left = axis_place(&panel->x, bin->low) + 1, width = (axis_place(&panel->x, bin->high) - left - 1) / forms;
            double height = (double)bin->rows / rows_of(plot->forms[f]) / most * SHARES_HEIGHT;
            if (bin->rows)
                figure_rect(panel->figure, left + f * width, top + SHARES_HEIGHT - height, width, height, series_ink(f), 0.7);
        }
}

/* The names with their marks, low on the right: only what is sure and always wrong would be there. */
static void draw_names(Panel *panel, const ReliabilityPlot *plot, int forms) {
    double widest = 0, room = panel->x.to - panel->x.from - 40;
    for (int f = 0; f < forms; f++) widest = fmax(widest, fmin(text_width(plot->names[f], LABEL_SIZE, false), room));
    for (int f = 0; f < forms; f++) {
        double x = panel->x.to - widest - 16, y = panel->y.from - 14 - (forms - 1 - f) * 17;
        figure_mark(panel->figure, x, y, 4, f);
        figure_text_fit(panel->figure, x + 12, y + 4, (TextStyle){.size = LABEL_SIZE, .halo = true}, room, plot->names[f]);
    }
}

void plot_reliability(Figure *figure, PlotText text, const ReliabilityPlot *plot) {
    double width = text.width > 0 ? text.width : 420;
    int forms = plot->forms[1] ? 2 : 1;
    double top = 28, left = 42, right = width - 10, bottom = top + fmin(right - left, 300);
    double shares = bottom + BETWEEN;
    figure_begin(figure, width, shares + SHARES_HEIGHT + 46, text.title, text.caption);
    Panel panel = {.figure = figure, .x = axis_make(0, 1, left, right, 5, false), .y = axis_make(0, 1, bottom, top, 5, false)};
    axis_draw_left(figure, &panel.y, left, right, "share answered rightly");
    axis_draw_below(figure, &panel.x, top, shares + SHARES_HEIGHT, "confidence; bars: share of the texts");
    figure_line(figure, left, bottom, right, top, (Stroke){INK_MUTED, 1, 2, 0});
    draw_shares(&panel, plot, forms, shares);
    for (int f = 0; f < forms; f++) draw_form(&panel, plot->forms[f], f);
    draw_names(&panel, plot, forms);
}
