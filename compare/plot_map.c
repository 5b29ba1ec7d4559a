/* Texts as points of a plane: all classes in one drawing, and every class by itself in hexagonal bins. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "compare/axis.h"
#include "compare/plot_labels.h"
#include "compare/plots.h"

enum {
    NAMED_CLASSES = 20, /* more names would hide the points */
    PANELS_MOST = 24,
    GRID = 20, /* hexagons across, as the tutorials have it; down, as many as make them regular */
    GRID_DOWN = 11,
    CELLS = (GRID + 1) * (GRID_DOWN + 1) + GRID * GRID_DOWN,
    SHADES = 8
};

/* Where the data lies, and where on the paper it goes: each axis fills its side. */
typedef struct Frame {
    double low[2], range[2];
    double x, y, width, height;
} Frame;

static Frame frame_make(const MapPlot *plot, double x, double y, double width, double height) {
    Frame frame = {.low = {0, 0}, .range = {1, 1}, .x = x, .y = y, .width = width, .height = height};
    for (int d = 0; d < 2; d++) {
        double low = (double)INFINITY, high = -(double)INFINITY;
        for (int r = 0; r < plot->rows; r++) {
            low = fmin(low, (double)plot->places[2 * r + d]);
            high = fmax(high, (double)plot->places[2 * r + d]);
        }
        if (high > low) {
            frame.low[d] = low;
            frame.range[d] = high - low;
        }
    }
    return frame;
}

/* 0 to 1 along an axis, whatever the place is; upwards is more. */
static double frame_share(const Frame *frame, const float *place, int d) {
    return fmin(1, fmax(0, ((double)place[d] - frame->low[d]) / frame->range[d]));
}

static FigurePoint frame_point(const Frame *frame, const float *place) {
    return (FigurePoint){frame->x + frame_share(frame, place, 0) * frame->width,
                         frame->y + (1 - frame_share(frame, place, 1)) * frame->height};
}

/* ---- the classes worth a name or a panel ---- */

typedef struct ClassCount {
    int class, rows;
} ClassCount;

static int compare_counts(const void *a, const void *b) {
    const ClassCount *x = a, *y = b;
    return x->rows != y->rows ? (x->rows < y->rows) - (x->rows > y->rows) : (x->class > y->class) - (x->class < y->class);
}

static int compare_classes(const void *a, const void *b) {
    const ClassCount *x = a, *y = b;
    return (x->class > y->class) - (x->class < y->class);
}

/* The `most` classes with most rows, in the order of their ids; those without rows left out. Returns how many; *present: of all. */
static int classes_choose(ClassCount *counts, int most, const MapPlot *plot, int *present) {
    for (int k = 0; k < plot->classes; k++) counts[k] = (ClassCount){k, 0};
    for (int r = 0; r < plot->rows; r++)
        if (plot->labels[r] >= 0) counts[plot->labels[r]].rows++;
    qsort(counts, (size_t)plot->classes, sizeof *counts, compare_counts);
    *present = 0;
    while (*present < plot->classes && counts[*present].rows) (*present)++;
    int chosen = *present < most ? *present : most;
    qsort(counts, (size_t)chosen, sizeof *counts, compare_classes);
    return chosen;
}

/* ---- all classes ---- */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Points of one class, in `points`; the median of each axis in `middle`. Returns how many. */
static size_t class_points(FigurePoint *points, double *sorted, FigurePoint *middle, const MapPlot *plot, const Frame *frame,
                           int class) {
    size_t count = 0;
    *middle = (FigurePoint){0, 0};
    for (int r = 0; r < plot->rows; r++)
        if (plot->labels[r] == class) points[count++] = frame_point(frame, plot->places + 2 * (size_t)r);
    for (int d = 0; count && d < 2; d++) {
        for (size_t i = 0; i < count; i++) sorted[i] = d ? points[i].y : points[i].x;
        qsort(sorted, count, sizeof *sorted, compare_doubles);
        *(d ? &middle->y : &middle->x) = sorted[count / 2];
    }
    return count;
}

static const double NAME_SIZE = 13, MARK_ROOM = 15;

/* The free place nearest to the middle, above or below it, within the frame. False when there is none. */
static bool name_place(Box *place, const Box *taken, int count, FigurePoint middle, double width, const Frame *frame) {
    for (int step = 0; step < 31; step++) {
        int away = (step + 1) / 2 * (step % 2 ? 1 : -1);
        Box box = {middle.x - width / 2, middle.y + away * NAME_SIZE * 0.6 - NAME_SIZE / 2, width, NAME_SIZE * 1.15};
        box.x = fmin(fmax(box.x, frame->x), frame->x + frame->width - width);
        box.y = fmin(fmax(box.y, frame->y), frame->y + frame->height - box.height);
        double overlap = 0;
        for (int i = 0; i < count; i++) overlap += box_overlap(box, taken[i]);
        *place = box;
        if (overlap <= 0) return true;
    }
    return false;
}

/* Before each name the mark of its class, larger. Returns how many names found room. */
static int draw_names(Figure *figure, const MapPlot *plot, const Frame *frame, const ClassCount *counts, int named,
                      const FigurePoint *middles) {
    Box taken[NAMED_CLASSES];
    int count = 0;
    for (int i = 0; i < named; i++) {
        double room = frame->width * 0.45, width = fmin(text_width(plot->names[counts[i].class], NAME_SIZE, true) + MARK_ROOM, room);
        Box *place = &taken[count];
        if (!name_place(place, taken, count, middles[counts[i].class], width, frame)) continue;
        count++;
        TextStyle style = {.size = NAME_SIZE, .bold = true, .halo = true};
        // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): name_place has set it
        FigurePoint mark = {place->x + 5, place->y + NAME_SIZE * 0.55};
        figure_circle(figure, mark.x, mark.y, 7.5, INK_PAPER, 0.85);
        figure_dots(figure, &mark, 1, 4.2, counts[i].class, 1);
        figure_text_fit(figure, place->x + MARK_ROOM, place->y + NAME_SIZE * 0.9, style, room - MARK_ROOM + 1, plot->names[counts[i].class]);
    }
    return count;
}

bool plot_map(Figure *figure, PlotText text, const MapPlot *plot, Error *err) {
    double width = text.width > 0 ? text.width : 640, height = width * 0.8, margin = 6;
    ClassCount *counts = mem_new((size_t)plot->classes, sizeof *counts, err);
    FigurePoint *points = mem_new((size_t)plot->rows, sizeof *points, err);
    FigurePoint *middles = mem_new((size_t)plot->classes, sizeof *middles, err);
    double *sorted = mem_new((size_t)plot->rows, sizeof *sorted, err);
    bool good = counts && points && middles && sorted;
    *figure = (Figure){0};
    if (good) {
        int present, named = classes_choose(counts, NAMED_CLASSES, plot, &present);
        figure_begin(figure, width, height + 20, text.title, text.caption);
        Frame frame = frame_make(plot, margin, margin, width - 2 * margin, height - 2 * margin);
        double radius = plot->rows > 1500 ? 1.6 : plot->rows > 400 ? 2.2 : 3;
        figure_frame(figure, 0.5, 0.5, width - 1, height - 1, (Stroke){INK_GRID, 1, 0, 0});
        for (int k = 0; k < plot->classes; k++) {
            size_t count = class_points(points, sorted, &middles[k], plot, &frame, k);
            if (count) figure_dots(figure, points, count, radius, k, 0.7);
        }
        named = draw_names(figure, plot, &frame, counts, named, middles);
        char note[160] = "";
        if (named < present) (void)snprintf(note, sizeof note, "names of %d of %d classes; ", named, present);
        char axes[320];
        (void)snprintf(axes, sizeof axes, "%s%s", note, plot->axes);
        figure_text_fit(figure, 0, height + 15, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED}, width, axes);
    }
    mem_free(counts);
    mem_free(points);
    mem_free(middles);
    mem_free(sorted);
    return good;
}

/* ---- class by class ---- */

/* Two grids, each in the gaps of the other: the nearer of the two nearest centres (as matplotlib's hexbin). Cell numbers of the first
 * come first. */
static int cell_of(double x, double y) {
    double u = x * GRID, v = y * GRID_DOWN, u1 = floor(u + 0.5), v1 = floor(v + 0.5), u2 = floor(u), v2 = floor(v);
    double first = (u - u1) * (u - u1) + 3 * (v - v1) * (v - v1);
    double second = (u - u2 - 0.5) * (u - u2 - 0.5) + 3 * (v - v2 - 0.5) * (v - v2 - 0.5);
    if (first < second) return (int)v1 * (GRID + 1) + (int)u1;
    return (GRID + 1) * (GRID_DOWN + 1) + (int)fmin(v2, GRID_DOWN - 1) * GRID + (int)fmin(u2, GRID - 1);
}

static FigurePoint cell_centre(const Frame *frame, int cell) {
    int first = (GRID + 1) * (GRID_DOWN + 1);
    double u = cell < first ? cell % (GRID + 1) : (cell - first) % GRID + 0.5;
    double v = cell < first ? cell / (GRID + 1) : (cell - first) / GRID + 0.5;
    return (FigurePoint){frame->x + u / GRID * frame->width, frame->y + (1 - v / GRID_DOWN) * frame->height};
}

static void draw_panel(Figure *figure, const MapPlot *plot, const Frame *frame, ClassCount class) {
    int cells[CELLS] = {0}, largest = 0;
    for (int r = 0; r < plot->rows; r++) {
        if (plot->labels[r] != class.class) continue;
        const float *place = plot->places + 2 * (size_t)r;
        int cell = cell_of(frame_share(frame, place, 0), frame_share(frame, place, 1));
        if (++cells[cell] > largest) largest = cells[cell];
    }
    FigurePoint points[CELLS];
    double half_width = frame->width / GRID / 2, half_height = frame->height / GRID_DOWN / 3;
    for (int shade = 1; shade <= SHADES; shade++) {
        size_t count = 0;
        for (int cell = 0; cell < CELLS; cell++)
            if (cells[cell] && (int)ceil(sqrt((double)cells[cell] / largest) * SHADES) == shade)
                points[count++] = cell_centre(frame, cell);
        if (count) figure_hexagons(figure, points, count, half_width, half_height, INK_SHADE, (double)shade / SHADES);
    }
    figure_frame(figure, frame->x - half_width, frame->y - half_height, frame->width + 2 * half_width,
                 frame->height + 2 * half_height, (Stroke){INK_GRID, 1, 0, 0});
    char rows[32], title[128];
    count_text(rows, class.rows);
    TextStyle style = {.size = LABEL_SIZE};
    (void)snprintf(title, sizeof title, "%.90s", plot->names[class.class]);
    double room = frame->width - text_width(rows, TICK_SIZE, false) - 12;
    figure_text_fit(figure, frame->x - half_width, frame->y - 16, style, room, title);
    figure_text(figure, frame->x + frame->width + half_width, frame->y - 16,
                (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED, .anchor = ANCHOR_END}, rows);
}

bool plot_map_classes(Figure *figure, PlotText text, const MapPlot *plot, Error *err) {
    double width = text.width > 0 ? text.width : 640, gap = 16, above = 32;
    *figure = (Figure){0};
    ClassCount *counts = mem_new((size_t)plot->classes, sizeof *counts, err);
    if (!counts) return false;
    int present, shown = classes_choose(counts, PANELS_MOST, plot, &present), columns = width < 480 ? 2 : 3;
    double side = (width - (columns - 1) * gap) / columns, inner = side * GRID / (GRID + 1);
    double down = inner * GRID_DOWN * sqrt(3) / GRID, step = down + above + gap;
    int lines = (shown + columns - 1) / columns;
    bool noted = shown < present;
    figure_begin(figure, width, lines * step + (noted ? 16 : 0), text.title, text.caption);
    for (int i = 0; i < shown; i++) {
        double x = i % columns * (side + gap) + (side - inner) / 2, y = i / columns * step + above;
        Frame frame = frame_make(plot, x, y, inner, down);
        draw_panel(figure, plot, &frame, counts[i]);
    }
    if (noted) {
        char note[96];
        (void)snprintf(note, sizeof note, "The %d largest of %d classes.", shown, present);
        figure_text(figure, 0, lines * step + 10, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED}, note);
    }
    mem_free(counts);
    return true;
}
