/* Curves with their names at their ends. */
#include <math.h>

#include "compare/axis.h"
#include "compare/plot_labels.h"
#include "compare/plots.h"

enum { MOST_SERIES = 32, PANEL_HEIGHT = 240 };

typedef struct Range {
    double low, high;
} Range;

static void range_take(Range *range, double value) {
    if (!isfinite(value)) return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

static void ranges_find(const CurvesPlot *plot, Range *x, Range *y) {
    *x = *y = (Range){HUGE_VAL, -HUGE_VAL};
    for (int s = 0; s < plot->count; s++)
        for (int i = 0; i < plot->series[s].count; i++) {
            const Series *series = &plot->series[s];
            if (!isfinite(series->y[i]) || (plot->log_x && !(series->x[i] > 0))) continue;
            range_take(x, series->x[i]);
            range_take(y, series->y[i]);
            if (series->low) range_take(y, series->low[i]);
            if (series->high) range_take(y, series->high[i]);
        }
}

typedef struct Panel {
    Figure *figure;
    Axis x, y;
} Panel;

/* More points than this are drawn faintly, with their means on top. */
enum { DENSE_POINTS = 300, MEANS = 80 };

static Stroke curve_stroke(int number) { return (Stroke){series_ink(number), 1.8, number % 5, 0}; }

/* Marks on every point of a long curve would hide it. */
static bool has_marks(const Series *series) { return series->count <= 30; }

typedef struct Line {
    Panel *panel;
    Stroke stroke;
    FigurePoint points[512];
    int count;
} Line;

/* Draws what was gathered and forgets it. */
static void line_flush(Line *line) {
    if (line->count > 1) figure_polyline(line->panel->figure, line->points, (size_t)line->count, line->stroke);
    if (line->count == 1)
        figure_circle(line->panel->figure, line->points[0].x, line->points[0].y, 1.5, line->stroke.ink, 1 - line->stroke.fade);
    line->count = 0;
}

static void line_add(Line *line, double x, double y) {
    if (line->count == (int)(sizeof line->points / sizeof *line->points)) {
        FigurePoint last = line->points[line->count - 1];
        line_flush(line);
        line->points[line->count++] = last;
    }
    line->points[line->count++] = (FigurePoint){axis_place(&line->panel->x, x), axis_place(&line->panel->y, y)};
}

static bool is_point(const Series *series, int i) { return isfinite(series->x[i]) && isfinite(series->y[i]); }

/* Of the points that share a pixel, only the lowest and the highest, in the order they came: the eye sees the same curve, and
 * the file stays small. */
static void draw_every_point(Line *line, const Series *series) {
    for (int i = 0, end; i < series->count; i = end) {
        end = i + 1;
        if (!is_point(series, i)) {
            line_flush(line);
            continue;
        }
        int low = i, high = i;
        double pixel = floor(axis_place(&line->panel->x, series->x[i]));
        for (; end < series->count && is_point(series, end) && floor(axis_place(&line->panel->x, series->x[end])) == pixel;
             end++) {
            if (series->y[end] < series->y[low]) low = end;
            if (series->y[end] > series->y[high]) high = end;
        }
        int first = low < high ? low : high, second = low < high ? high : low;
        line_add(line, series->x[first], series->y[first]);
        if (second != first) line_add(line, series->x[second], series->y[second]);
    }
    line_flush(line);
}

static void draw_means(Line *line, const Series *series) {
    int each = (series->count + MEANS - 1) / MEANS;
    for (int begin = 0; begin < series->count; begin += each) {
        double x = 0, y = 0;
        int found = 0;
        for (int i = begin; i < begin + each && i < series->count; i++) {
            if (!is_point(series, i)) continue;
            x += series->x[i];
            y += series->y[i];
            found++;
        }
        if (found) line_add(line, x / found, y / found);
    }
    line_flush(line);
}

static void draw_line(Panel *panel, const Series *series, int number) {
    Line line = {.panel = panel, .stroke = curve_stroke(number)};
    if (series->count <= DENSE_POINTS) {
        draw_every_point(&line, series);
        return;
    }
    line.stroke = (Stroke){series_ink(number), 0.75, 0, 0.65};
    draw_every_point(&line, series);
    line.stroke = curve_stroke(number);
    draw_means(&line, series);
}

static void draw_points(Panel *panel, const Series *series, int number) {
    for (int i = 0; i < series->count; i++) {
        if (!isfinite(series->y[i])) continue;
        double x = axis_place(&panel->x, series->x[i]);
        if (series->low && series->high && isfinite(series->low[i]) && isfinite(series->high[i]))
            figure_line(panel->figure, x, axis_place(&panel->y, series->low[i]), x, axis_place(&panel->y, series->high[i]),
                        (Stroke){series_ink(number), 1.2, 0, 0});
        if (has_marks(series)) figure_mark(panel->figure, x, axis_place(&panel->y, series->y[i]), 3.4, number);
    }
}

static int last_point(const Series *series) {
    int last = series->count - 1;
    while (last >= 0 && !isfinite(series->y[last])) last--;
    return last;
}

static void draw_names(Panel *panel, const CurvesPlot *plot, double room) {
    double places[MOST_SERIES];
    int which[MOST_SERIES], order[MOST_SERIES], count = 0;
    for (int s = 0; s < plot->count; s++) {
        int last = last_point(&plot->series[s]);
        if (last < 0) continue;
        which[count] = s;
        places[count++] = axis_place(&panel->y, plot->series[s].y[last]);
    }
    labels_spread(places, order, count, 15, panel->y.to, panel->y.from);
    for (int i = 0; i < count; i++) {
        const Series *series = &plot->series[which[i]];
        int last = last_point(series);
        double x = axis_place(&panel->x, series->x[last]), y = axis_place(&panel->y, series->y[last]), right = panel->x.to + 10;
        /* A thin line leads from a curve that ends early, or was moved aside, to its name. */
        if (right - x > 16 || fabs(y - places[i]) > 5)
            figure_line(panel->figure, x + 5, y, right - 1, places[i], (Stroke){INK_GRID, 1, 0, 0});
        figure_line(panel->figure, right, places[i], right + 18, places[i], curve_stroke(which[i]));
        if (has_marks(series)) figure_mark(panel->figure, right + 9, places[i], 3.4, which[i]);
        figure_text_fit(panel->figure, right + 24, places[i] + 4, (TextStyle){.size = LABEL_SIZE, .halo = true}, room - 34,
                        series->name);
    }
}

void plot_curves(Figure *figure, PlotText text, const CurvesPlot *given) {
    CurvesPlot plot = *given;
    if (plot.count > MOST_SERIES) plot.count = MOST_SERIES;
    double width = text.width > 0 ? text.width : 640, top = 28, bottom = top + PANEL_HEIGHT;
    figure_begin(figure, width, bottom + 46, text.title, text.caption);
    Range x, y;
    ranges_find(&plot, &x, &y);
    if (x.low > x.high) {
        figure_text(figure, 0, top + 20, (TextStyle){.size = LABEL_SIZE, .ink = INK_MUTED}, "no values");
        return;
    }
    double names = 0;
    for (int s = 0; s < plot.count; s++) names = fmax(names, text_width(plot.series[s].name, LABEL_SIZE, false) + 36);
    names = fmin(names, width * 0.36);
    Panel panel = {.figure = figure, .y = axis_make_round(y.low, y.high, bottom, top, 5)};
    double left = axis_label_width(&panel.y, TICK_SIZE) + 8, right = width - names;
    panel.x = axis_make(x.low, x.high, left, right - 6, width < 480 ? 4 : 6, plot.log_x);
    axis_draw_left(figure, &panel.y, left, right - 6, plot.y_name);
    axis_draw_below(figure, &panel.x, bottom, bottom + 4, plot.x_name);
    for (int s = 0; s < plot.count; s++) draw_line(&panel, &plot.series[s], s);
    for (int s = 0; s < plot.count; s++) draw_points(&panel, &plot.series[s], s);
    bool dense = false;
    for (int s = 0; s < plot.count; s++) dense |= plot.series[s].count > DENSE_POINTS;
    if (dense)
        figure_text(figure, left, bottom + 38, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED},
                    "faint: every point · strong: means");
    draw_names(&panel, &plot, names);
}
