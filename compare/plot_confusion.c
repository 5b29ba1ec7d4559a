/* The confusion matrix, from two classes to thousands. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/axis.h"
#include "compare/plots.h"

enum { ALL_CLASSES = 100, MOST_CONFUSED = 80 };

typedef struct Matrix {
    Figure *figure;
    const Confusion *confusion;
    char *const *labels;
    const int *classes; /* (count) ids, ascending: which are drawn */
    int count;
    double left, top, cell, letters; /* letters: size of the class names */
    int turn;                        /* of the names above the columns */
} Matrix;

static int64_t mistakes(const Confusion *confusion, int c) {
    return confusion->support[c] + confusion->answered[c] - 2 * confusion_count(confusion, c, c);
}

/* All ids, or the MOST_CONFUSED with most mistakes (the lower id among equals), ascending. Returns how many. */
static int classes_choose(int *ids, const Confusion *confusion) {
    if (confusion->classes <= ALL_CLASSES) {
        for (int c = 0; c < confusion->classes; c++) ids[c] = c;
        return confusion->classes;
    }
    /* The best so far, by falling mistakes; each class is inserted where it belongs: classes × 80 steps at most. */
    int count = 0;
    for (int c = 0; c < confusion->classes; c++) {
        int at = count < MOST_CONFUSED ? count++ : MOST_CONFUSED;
        while (at > 0 && mistakes(confusion, ids[at - 1]) < mistakes(confusion, c)) {
            if (at < MOST_CONFUSED) ids[at] = ids[at - 1];
            at--;
        }
        if (at < MOST_CONFUSED) ids[at] = c;
    }
    for (int i = 1; i < count; i++) {
        int id = ids[i], at = i;
        for (; at > 0 && ids[at - 1] > id; at--) ids[at] = ids[at - 1];
        ids[at] = id;
    }
    return count;
}

static double cell_size(int count) {
    return count <= 4 ? 64 : count <= 8 ? 52 : count <= 12 ? 44 : count <= 20 ? 34 : count <= 40 ? 24 : 12;
}

/* A share of a hundredth must be seen, and ten times as much must look like more: the square root. */
static double shade(double share) { return sqrt(share); }

/* From here on, white letters are read better than black ones (both have a contrast of about 4.2 there). */
static const double DARK_SHADE = 0.65;

static void draw_number(const Matrix *m, double x, double y, int64_t count, double opacity) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, count);
    double size = fmin(13, m->cell * 0.34), room = m->cell - 3, width = text_width(text, size, false);
    if (width > room) size *= room / width;
    if (size < 7) return;
    Ink ink = opacity > DARK_SHADE ? INK_ON_SHADE : INK_TEXT;
    figure_text(m->figure, x, y + size * 0.36, (TextStyle){.size = size, .ink = ink, .anchor = ANCHOR_MIDDLE}, text);
}

static void draw_cells(const Matrix *m) {
    for (int i = 0; i < m->count; i++)
        for (int j = 0; j < m->count; j++) {
            int64_t count = confusion_count(m->confusion, m->classes[i], m->classes[j]);
            if (!count) continue;
            double opacity = shade(confusion_share(m->confusion, m->classes[i], m->classes[j], CONFUSION_BY_TRUE));
            double x = m->left + j * m->cell, y = m->top + i * m->cell;
            figure_rect(m->figure, x, y, m->cell, m->cell, INK_SHADE, opacity);
            draw_number(m, x + m->cell / 2, y + m->cell / 2, count, opacity);
        }
}

static void draw_grid(const Matrix *m) {
    double side = m->count * m->cell;
    /* Of many small cells every fifth line is enough to follow a row. */
    int every = m->cell >= 20 ? 1 : 5;
    for (int i = 0; i <= m->count; i += every) {
        figure_line(m->figure, m->left, m->top + i * m->cell, m->left + side, m->top + i * m->cell, (Stroke){INK_GRID, 1, 0, 0});
        figure_line(m->figure, m->left + i * m->cell, m->top, m->left + i * m->cell, m->top + side, (Stroke){INK_GRID, 1, 0, 0});
    }
    for (int i = 0; i < m->count; i++)
        figure_frame(m->figure, m->left + i * m->cell, m->top + i * m->cell, m->cell, m->cell,
                     (Stroke){INK_MUTED, m->cell < 20 ? 0.5 : 1, 0, 0});
    figure_frame(m->figure, m->left, m->top, side, side, (Stroke){INK_MUTED, 0.5, 0, 0});
}

static void draw_column_name(const Matrix *m, double column, Ink ink, double room, const char *name) {
    double x = m->left + (column + 0.5) * m->cell + (m->turn ? m->letters * 0.36 : 0);
    TextStyle style = {.size = m->letters, .ink = ink, .anchor = m->turn ? ANCHOR_START : ANCHOR_MIDDLE, .turn = m->turn};
    figure_text_fit(m->figure, x, m->top - 7, style, room, name);
}

static void draw_names(const Matrix *m, double row_room, double column_room) {
    for (int i = 0; i < m->count; i++) {
        const char *name = m->labels[m->classes[i]];
        double y = m->top + (i + 0.5) * m->cell + m->letters * 0.36;
        figure_text_fit(m->figure, m->left - 7, y, (TextStyle){.size = m->letters, .anchor = ANCHOR_END}, row_room, name);
        draw_column_name(m, i, INK_TEXT, column_room, name);
        char rows[32];
        count_text(rows, m->confusion->support[m->classes[i]]);
        figure_text(m->figure, m->left + m->count * m->cell + 8, y, (TextStyle){.size = m->letters, .ink = INK_MUTED}, rows);
    }
    figure_text(m->figure, m->left, LABEL_SIZE, (TextStyle){.size = LABEL_SIZE, .ink = INK_MUTED}, "answered →");
    figure_text(m->figure, 0, m->top - 7, (TextStyle){.size = LABEL_SIZE, .ink = INK_MUTED}, "true ↓");
    figure_text(m->figure, m->left + m->count * m->cell + 8, m->top + m->count * m->cell + 16,
                (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED}, "rows");
}

static void draw_legend(const Matrix *m, double y) {
    static const int PERCENT[] = {1, 5, 20, 50, 100};
    double x = 0;
    figure_text(m->figure, x, y + 10, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED}, "share of the true class:");
    x += text_width("share of the true class:", TICK_SIZE, false) + 8;
    for (size_t i = 0; i < sizeof PERCENT / sizeof *PERCENT; i++) {
        figure_rect(m->figure, x, y, 14, 12, INK_SHADE, shade(PERCENT[i] / 100.0));
        figure_frame(m->figure, x, y, 14, 12, (Stroke){INK_GRID, 1, 0, 0});
        char text[32];
        snprintf(text, sizeof text, "%d %%", PERCENT[i]);
        figure_text(m->figure, x + 18, y + 10, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED}, text);
        x += 22 + text_width(text, TICK_SIZE, false) + 8;
    }
}

static double legend_width(void) {
    return text_width("share of the true class:1 %5 %20 %50 %100 %", TICK_SIZE, false) + 8 + 5 * 30;
}

static double widest_name(const Matrix *m) {
    double widest = 0;
    for (int i = 0; i < m->count; i++) widest = fmax(widest, text_width(m->labels[m->classes[i]], m->letters, false));
    return widest;
}

/* Room for names, cells, row counts and legend; then everything in its place. */
static void matrix_draw(Matrix *m, PlotText text) {
    m->cell = cell_size(m->count);
    m->letters = fmin(12, m->cell * 0.72);
    double widest = widest_name(m), row_room = fmax(fmin(widest, 190), text_width("true ↓", LABEL_SIZE, false));
    m->turn = widest <= m->cell - 4 ? 0 : m->cell >= 20 ? 45 : 90;
    double column_room = fmin(widest, 140), slope = sqrt(0.5);
    double rise = m->turn == 0 ? m->letters : m->turn == 90 ? column_room : column_room * slope + m->letters * slope;
    m->left = row_room + 10;
    m->top = LABEL_SIZE + 10 + rise + 8;
    double side = m->count * m->cell, overhang = m->turn == 45 ? column_room * slope - m->cell / 2 : 0;
    double width = m->left + side + fmax(overhang, 46), bottom = m->top + side;
    bool chosen = m->count < m->confusion->classes;
    figure_begin(m->figure, fmax(width, legend_width()), bottom + 44 + (chosen ? 18 : 0), text.title, text.caption);
    draw_cells(m);
    draw_grid(m);
    draw_names(m, row_room, column_room);
    draw_legend(m, bottom + 28);
    if (!chosen) return;
    char all[32], note[96];
    count_text(all, m->confusion->classes);
    snprintf(note, sizeof note, "Only the %d of %s classes that are confused most.", m->count, all);
    figure_text(m->figure, 0, bottom + 28 + 28, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED}, note);
}

bool plot_confusion(Figure *figure, PlotText text, const Confusion *confusion, char *const *labels, Error *err) {
    *figure = (Figure){0};
    int *ids = mem_new((size_t)confusion->classes + 1, sizeof *ids, err);
    if (!ids) return false;
    Matrix matrix = {.figure = figure, .confusion = confusion, .labels = labels, .classes = ids};
    matrix.count = classes_choose(ids, confusion);
    matrix_draw(&matrix, text);
    mem_free(ids);
    return true;
}
