/* Score against cost. */
#include <math.h>

#include "compare/axis.h"
#include "compare/plot_labels.h"
#include "compare/plots.h"

enum { PANEL_HEIGHT = 280, MARK_RADIUS = 5 };

static bool is_drawn(const CostPoint *point) { return isfinite(point->cost) && point->cost > 0 && isfinite(point->score); }

static bool is_beaten(const CostPlot *plot, int i) {
    const CostPoint *mine = &plot->points[i];
    for (int j = 0; j < plot->count; j++) {
        const CostPoint *other = &plot->points[j];
        if (j == i || !is_drawn(other) || other->cost > mine->cost || other->score < mine->score) continue;
        if (other->cost < mine->cost || other->score > mine->score || j < i) return true;
    }
    return false;
}

typedef struct Panel {
    Figure *figure;
    Axis x, y;
} Panel;

/* The staircase through those that are not beaten, from cheap to dear. */
static void draw_frontier(Panel *panel, const CostPlot *plot) {
    double from_x = -HUGE_VAL, from_y = 0;
    for (;;) {
        int next = -1;
        for (int i = 0; i < plot->count; i++) {
            if (!is_drawn(&plot->points[i]) || is_beaten(plot, i) || axis_place(&panel->x, plot->points[i].cost) <= from_x)
                continue;
            if (next < 0 || plot->points[i].cost < plot->points[next].cost) next = i;
        }
        double x = next < 0 ? panel->x.to : axis_place(&panel->x, plot->points[next].cost);
        double y = next < 0 ? from_y : axis_place(&panel->y, plot->points[next].score);
        if (isfinite(from_x))
            figure_polyline(panel->figure, (FigurePoint[]){{from_x, from_y}, {x, from_y}, {x, y}}, 3,
                            (Stroke){INK_MUTED, 1, 2, 0});
        if (next < 0) return;
        from_x = x;
        from_y = y;
    }
}

static bool has_interval(const CostPoint *point) { return isfinite(point->low) && isfinite(point->high); }

/* What a name must not cover: the marks, their intervals, and names already placed. */
static int obstacles_collect(Box *boxes, const Panel *panel, const CostPlot *plot) {
    int count = 0;
    for (int i = 0; i < plot->count; i++) {
        const CostPoint *point = &plot->points[i];
        if (!is_drawn(point)) continue;
        double x = axis_place(&panel->x, point->cost), y = axis_place(&panel->y, point->score);
        boxes[count++] = (Box){x - MARK_RADIUS - 1, y - MARK_RADIUS - 1, 2 * MARK_RADIUS + 2, 2 * MARK_RADIUS + 2};
        if (!has_interval(point)) continue;
        double top = axis_place(&panel->y, point->high);
        boxes[count++] = (Box){x - 3, top, 6, axis_place(&panel->y, point->low) - top};
    }
    return count;
}

static double text_height(void) { return LABEL_SIZE + 3; }

/* Where a name may stand: to the right, left, above and below the mark, then at growing distances, to which a line leads. */
enum { SIDES = 8, RINGS = 4 };

static Box name_candidate(int which, double x, double y, double width) {
    double height = text_height(), away = MARK_RADIUS + 4, far = which / SIDES * 18.0;
    double right = x + away + far / 2, left = x - away - far / 2 - width;
    switch (which % SIDES) {
    case 0: return (Box){right + far / 2, y - height / 2, width, height};
    case 1: return (Box){left - far / 2, y - height / 2, width, height};
    case 2: return (Box){x - width / 2, y - away - height - far, width, height};
    case 3: return (Box){x - width / 2, y + away + far, width, height};
    case 4: return (Box){right, y - height - 3 - far, width, height};
    case 5: return (Box){left, y - height - 3 - far, width, height};
    case 6: return (Box){right, y + 3 + far, width, height};
    default: return (Box){left, y + 3 + far, width, height};
    }
}

/* The first candidate that covers nothing and stays inside, else the one that does so least. */
static int name_choose(const Panel *panel, const Box *obstacles, int count, double x, double y, double width) {
    Box inside = {panel->x.from, panel->y.to - 12, panel->x.to - panel->x.from, panel->y.from - panel->y.to + 10};
    int best = 0;
    double best_cost = HUGE_VAL;
    for (int i = 0; i < SIDES * RINGS; i++) {
        Box box = name_candidate(i, x, y, width);
        double cost = 4 * (width * box.height - box_overlap(box, inside)) + 0.01 * i;
        for (int o = 0; o < count; o++) cost += box_overlap(box, obstacles[o]);
        if (cost >= best_cost) continue;
        best_cost = cost;
        best = i;
    }
    return best;
}

/* Returns the box that the name takes. */
static Box draw_name(Panel *panel, const char *name, const Box *obstacles, int count, double x, double y) {
    double most = (panel->x.to - panel->x.from) * 0.35, width = fmin(text_width(name, LABEL_SIZE, false), most);
    int which = name_choose(panel, obstacles, count, x, y, width);
    Box box = name_candidate(which, x, y, width);
    /* Letters are narrower than they were measured: they stand at the side of the box that is next to the mark. */
    bool left = box.x + width<x, right = box.x> x;
    Anchor anchor = left ? ANCHOR_END : right ? ANCHOR_START : ANCHOR_MIDDLE;
    double at = left ? box.x + width : right ? box.x : box.x + width / 2;
    if (which >= SIDES)
        figure_line(panel->figure, x, y, at,
                    box.y < y - box.height ? box.y + box.height
                    : box.y > y            ? box.y
                                           : box.y + box.height / 2,
                    (Stroke){INK_MUTED, 0.75, 0, 0});
    figure_text_fit(panel->figure, at, box.y + LABEL_SIZE, (TextStyle){.size = LABEL_SIZE, .anchor = anchor, .halo = true},
                    width + 0.01, name);
    return box;
}

static void draw_points(Panel *panel, const CostPlot *plot, Box *obstacles) {
    int count = obstacles_collect(obstacles, panel, plot);
    for (int i = 0; i < plot->count; i++) {
        const CostPoint *point = &plot->points[i];
        if (!is_drawn(point) || !has_interval(point)) continue;
        double x = axis_place(&panel->x, point->cost);
        figure_line(panel->figure, x, axis_place(&panel->y, point->low), x, axis_place(&panel->y, point->high),
                    (Stroke){series_ink(i), 1.5, 0, 0});
    }
    for (int i = 0; i < plot->count; i++) {
        const CostPoint *point = &plot->points[i];
        if (!is_drawn(point)) continue;
        double x = axis_place(&panel->x, point->cost), y = axis_place(&panel->y, point->score);
        obstacles[count] = draw_name(panel, point->name, obstacles, count, x, y);
        count++;
        figure_mark(panel->figure, x, y, MARK_RADIUS, i);
    }
}

bool plot_cost(Figure *figure, PlotText text, const CostPlot *plot, Error *err) {
    double width = text.width > 0 ? text.width : 640, top = 28, bottom = top + PANEL_HEIGHT;
    figure_begin(figure, width, bottom + 46, text.title, text.caption);
    double low = HUGE_VAL, high = -HUGE_VAL, cheap = HUGE_VAL, dear = 0;
    for (int i = 0; i < plot->count; i++) {
        const CostPoint *point = &plot->points[i];
        if (!is_drawn(point)) continue;
        low = fmin(low, has_interval(point) ? point->low : point->score);
        high = fmax(high, has_interval(point) ? point->high : point->score);
        cheap = fmin(cheap, point->cost);
        dear = fmax(dear, point->cost);
    }
    if (low > high) {
        figure_text(figure, 0, top + 20, (TextStyle){.size = LABEL_SIZE, .ink = INK_MUTED}, "no values");
        return true;
    }
    Box *obstacles = mem_new((size_t)plot->count * 3, sizeof *obstacles, err);
    if (!obstacles) return false;
    Panel panel = {.figure = figure, .y = axis_make_round(low, high, bottom, top, 5)};
    double left = axis_label_width(&panel.y, TICK_SIZE) + 8, beyond = pow(dear / cheap, 0.06) * 1.15;
    panel.x = axis_make(cheap / beyond, dear * beyond, left, width - 8, width < 480 ? 4 : 7, true);
    axis_draw_left(figure, &panel.y, left, width - 8, plot->score_name);
    axis_draw_below(figure, &panel.x, bottom, bottom + 4, plot->cost_name);
    draw_frontier(&panel, plot);
    draw_points(&panel, plot, obstacles);
    mem_free(obstacles);
    return true;
}
