#include "compare/figure.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

const InkLook figure_inks[INK_COUNT] = {
    [INK_TEXT] = {"text", 0x1b1f24, 0xe8eaed},
    [INK_MUTED] = {"muted", 0x5c636b, 0xa3aab3},
    [INK_GRID] = {"grid", 0xdfe2e6, 0x343a42},
    [INK_PAPER] = {"paper", 0xffffff, 0x14171b},
    [INK_SHADE] = {"shade", 0x083d70, 0x6db3f2},
    [INK_ON_SHADE] = {"on-shade", 0xffffff, 0x0b0e12},
    /* From Okabe and Ito's blue and vermilion (2008) on, chosen so that any two stay at least 9 apart by CIEDE2000 for readers without red, green
     * or blue cones (tests/test_palette.c; their own eight, made dark enough to stand on white, come as near as 2.9). */
    [INK_SERIES + 0] = {"s0", 0x0072b2, 0x4aa8e0},
    [INK_SERIES + 1] = {"s1", 0xd55e00, 0xf08a3c},
    [INK_SERIES + 2] = {"s2", 0x156431, 0x6c9c72},
    [INK_SERIES + 3] = {"s3", 0xa30483, 0xdaa8bc},
    [INK_SERIES + 4] = {"s4", 0xca8258, 0xe2e41a},
    [INK_SERIES + 5] = {"s5", 0x2c98ef, 0x99d1fe},
    [INK_SERIES + 6] = {"s6", 0x243049, 0xeaebee},
    [INK_SERIES + 7] = {"s7", 0x5f3e00, 0xb5d47e},
};

/* About the same area each. */
const DotOutline figure_outlines[SERIES_COUNT] = {
    [1] = {4, {{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}}},
    [2] = {3, {{0, -1.5}, {1.3, 0.8}, {-1.3, 0.8}}},
    [3] = {4, {{0, -1.4}, {1.4, 0}, {0, 1.4}, {-1.4, 0}}},
    [4] = {3, {{0, 1.5}, {-1.3, -0.8}, {1.3, -0.8}}},
    [5] = {4, {{-1.6, -0.55}, {1.6, -0.55}, {1.6, 0.55}, {-1.6, 0.55}}},
    [6] = {4, {{-0.55, -1.6}, {0.55, -1.6}, {0.55, 1.6}, {-0.55, 1.6}}},
    [7] = {12,
           {{-0.45, -1.5}, {0.45, -1.5}, {0.45, -0.45}, {1.5, -0.45}, {1.5, 0.45}, {0.45, 0.45}, {0.45, 1.5}, {-0.45, 1.5},
            {-0.45, 0.45}, {-1.5, 0.45}, {-1.5, -0.45}, {-0.45, -0.45}}},
};

const char *const figure_dashes[5] = {"", "6 3", "2 3", "8 3 2 3", "12 4"};

Ink series_ink(int series) { return (Ink)(INK_SERIES + series % SERIES_COUNT); }

/* ---- text ---- */

/* Advances of DejaVu Sans and its bold, hundredths of the size, for ASCII 32 to 126. */
static const unsigned char ADVANCE[2][95] = {
    {32, 41, 46, 84, 64, 96, 78, 28, 40,  40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
     64, 64, 34, 34, 84, 84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79,
     61, 79, 70, 64, 62, 74, 69, 99, 69,  62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36, 64,
     64, 28, 28, 58, 28, 98, 64, 62, 64,  64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84},
    {35, 46, 53, 84, 70, 101, 88, 31,  46,  46, 53, 84, 38, 42, 38, 37, 70, 70, 70, 70, 70, 70,  70, 70,
     70, 70, 40, 40, 84, 84,  84, 59,  100, 78, 77, 74, 84, 69, 69, 83, 84, 38, 38, 78, 64, 100, 84, 86,
     74, 86, 78, 73, 69, 82,  78, 111, 78,  73, 73, 46, 37, 46, 84, 50, 50, 68, 72, 60, 72, 68,  44, 72,
     72, 35, 35, 67, 35, 105, 72, 69,  72,  72, 50, 60, 48, 72, 66, 93, 65, 66, 59, 72, 37, 72,  84}};

/* What no XML may hold, and marks that would turn the text around them. */
static bool is_unshowable(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
           c == 0x200f || c == 0x061c || c == 0x2028 || c == 0x2029 || c == 0xfeff || (c & 0xfffe) == 0xfffe;
}

/* Appends text as one line of valid, harmless UTF-8. */
static void text_clean(Buffer *out, const char *text) {
    for (size_t at = 0, size = strlen(text); at < size;) {
        uint32_t c = 0;
        int length = utf8_decode(text + at, size - at, &c);
        if (!length || is_unshowable(c))
            buffer_text(out, c == '\t' || c == '\n' || c == '\r' ? " " : "\xEF\xBF\xBD");
        else
            buffer_add(out, text + at, (size_t)length);
        at += length ? (size_t)length : 1;
    }
}

/* Bytes of the next character, and its advance in hundredths of the size. */
static int advance_next(const char *text, size_t size, bool bold, int *advance) {
    unsigned char first = (unsigned char)text[0];
    if (first >= 32 && first < 127) {
        *advance = ADVANCE[bold][first - 32];
        return 1;
    }
    uint32_t c = 0;
    int length = utf8_decode(text, size, &c);
    if (!length) length = 1;
    int columns = utf8_width(text, (size_t)length);
    /* Letters beyond ASCII are about as wide as n and o; the widest of common ones (m-like Cyrillic) is rare. */
    *advance = columns >= 2 ? 105 : columns == 0 ? 0 : c == 0x2026 ? 100 : bold ? 74 : 68;
    return length;
}

static double bytes_width(const char *text, size_t size, double text_size, bool bold) {
    int64_t sum = 0;
    for (size_t at = 0; at < size;) {
        int advance;
        at += (size_t)advance_next(text + at, size - at, bold, &advance);
        sum += advance;
    }
    return (double)sum * text_size / 100;
}

double text_width(const char *text, double size, bool bold) { return bytes_width(text, strlen(text), size, bold); }

/* ---- marks ---- */

void figure_begin(Figure *figure, double width, double height, const char *title, const char *caption) {
    *figure = (Figure){.width = width, .height = height};
    text_clean(&figure->title, title);
    text_clean(&figure->caption, caption);
    figure->failed = figure->title.failed || figure->caption.failed;
}

void figure_free(Figure *figure) {
    buffer_free(&figure->title);
    buffer_free(&figure->caption);
    buffer_free(&figure->text);
    free(figure->shapes);
    free(figure->points);
    *figure = (Figure){0};
}

static Shape *shape_add(Figure *figure, ShapeKind kind) {
    Shape *grown = mem_grow(figure->shapes, &figure->shape_capacity, figure->shape_count + 1, sizeof *grown, NULL);
    if (!grown) {
        figure->failed = true;
        return NULL;
    }
    figure->shapes = grown;
    Shape *shape = &grown[figure->shape_count++];
    *shape = (Shape){.kind = kind};
    return shape;
}

static bool points_add(Figure *figure, const FigurePoint *points, size_t count) {
    FigurePoint *grown = mem_grow(figure->points, &figure->point_capacity, figure->point_count + count, sizeof *grown, NULL);
    if (!grown) {
        figure->failed = true;
        return false;
    }
    figure->points = grown;
    if (count) memcpy(grown + figure->point_count, points, count * sizeof *points);
    figure->point_count += count;
    return true;
}

void figure_polyline(Figure *figure, const FigurePoint *points, size_t count, Stroke stroke) {
    size_t first = figure->point_count;
    Shape *shape = points_add(figure, points, count) ? shape_add(figure, SHAPE_LINE) : NULL;
    if (!shape) return;
    shape->first = first;
    shape->count = count;
    shape->stroke = stroke;
}

void figure_line(Figure *figure, double x1, double y1, double x2, double y2, Stroke stroke) {
    figure_polyline(figure, (FigurePoint[]){{x1, y1}, {x2, y2}}, 2, stroke);
}

void figure_polygon(Figure *figure, const FigurePoint *points, size_t count, Ink fill, double opacity) {
    size_t first = figure->point_count;
    Shape *shape = points_add(figure, points, count) ? shape_add(figure, SHAPE_POLYGON) : NULL;
    if (!shape) return;
    shape->first = first;
    shape->count = count;
    shape->fill = fill;
    shape->opacity = opacity;
}

static void marks_add(Figure *figure, ShapeKind kind, const FigurePoint *centres, size_t count, double width, double height, Ink fill,
                      double opacity) {
    size_t first = figure->point_count;
    Shape *shape = points_add(figure, centres, count) ? shape_add(figure, kind) : NULL;
    if (!shape) return;
    shape->first = first;
    shape->count = count;
    shape->width = width;
    shape->height = height;
    shape->fill = fill;
    shape->opacity = opacity;
}

void figure_dots(Figure *figure, const FigurePoint *centres, size_t count, double radius, int series, double opacity) {
    size_t before = figure->shape_count;
    marks_add(figure, SHAPE_DOTS, centres, count, radius, radius, series_ink(series), opacity);
    if (figure->shape_count > before) figure->shapes[before].outline = series % SERIES_COUNT;
}

void figure_hexagons(Figure *figure, const FigurePoint *centres, size_t count, double half_width, double half_height, Ink fill,
                     double opacity) {
    marks_add(figure, SHAPE_HEXAGONS, centres, count, half_width, half_height, fill, opacity);
}

static Shape *rect_add(Figure *figure, double x, double y, double width, double height) {
    Shape *shape = shape_add(figure, SHAPE_RECT);
    if (!shape) return NULL;
    shape->x = x;
    shape->y = y;
    shape->width = width;
    shape->height = height;
    return shape;
}

void figure_rect(Figure *figure, double x, double y, double width, double height, Ink fill, double opacity) {
    Shape *shape = rect_add(figure, x, y, width, height);
    if (!shape) return;
    shape->fill = fill;
    shape->opacity = opacity;
}

void figure_frame(Figure *figure, double x, double y, double width, double height, Stroke stroke) {
    Shape *shape = rect_add(figure, x, y, width, height);
    if (shape) shape->stroke = stroke;
}

void figure_circle(Figure *figure, double x, double y, double radius, Ink fill, double opacity) {
    Shape *shape = shape_add(figure, SHAPE_CIRCLE);
    if (!shape) return;
    shape->x = x;
    shape->y = y;
    shape->width = radius;
    shape->fill = fill;
    shape->opacity = opacity;
}

static void text_add(Figure *figure, double x, double y, TextStyle style, const char *bytes, size_t size) {
    Shape *shape = size ? shape_add(figure, SHAPE_TEXT) : NULL;
    if (!shape) return;
    shape->x = x;
    shape->y = y;
    shape->text = style;
    shape->first = figure->text.size;
    buffer_add(&figure->text, bytes, size);
    shape->count = figure->text.size - shape->first;
}

void figure_text(Figure *figure, double x, double y, TextStyle style, const char *text) {
    Buffer clean = {0};
    text_clean(&clean, text);
    figure->failed |= clean.failed;
    text_add(figure, x, y, style, clean.data, clean.size);
    buffer_free(&clean);
}

void figure_text_fit(Figure *figure, double x, double y, TextStyle style, double room, const char *text) {
    Buffer clean = {0};
    text_clean(&clean, text);
    figure->failed |= clean.failed;
    if (bytes_width(clean.data, clean.size, style.size, style.bold) <= room) {
        text_add(figure, x, y, style, clean.data, clean.size);
    } else {
        double used = style.size; /* of the "…" */
        size_t keep = 0;
        while (keep < clean.size) {
            int advance, length = advance_next(clean.data + keep, clean.size - keep, style.bold, &advance);
            if (used + advance * style.size / 100 > room) break;
            used += advance * style.size / 100;
            keep += (size_t)length;
        }
        while (keep && clean.data[keep - 1] == ' ') keep--;
        if (keep) {
            clean.size = keep;
            buffer_text(&clean, "…");
            text_add(figure, x, y, style, clean.data, clean.size);
        }
    }
    buffer_free(&clean);
}

/* Corners of the regular shapes, on the circle of radius 1, clockwise from the top. */
static void regular_polygon(Figure *figure, double x, double y, double radius, int corners, double turn, Ink ink) {
    FigurePoint points[8];
    for (int i = 0; i < corners; i++) {
        double angle = (turn + i) * 2 * acos(-1) / corners;
        points[i] = (FigurePoint){x + radius * sin(angle), y - radius * cos(angle)};
    }
    figure_polygon(figure, points, (size_t)corners, ink, 1);
}

void figure_mark(Figure *figure, double x, double y, double radius, int series) {
    Ink ink = series_ink(series);
    switch (series % SERIES_COUNT) {
    case 0: figure_circle(figure, x, y, radius, ink, 1); break;
    case 1: regular_polygon(figure, x, y, radius * 1.2, 4, 0.5, ink); break; /* square */
    case 2: regular_polygon(figure, x, y, radius * 1.3, 3, 0, ink); break;   /* triangle */
    case 3: regular_polygon(figure, x, y, radius * 1.3, 4, 0, ink); break;   /* diamond */
    case 4: regular_polygon(figure, x, y, radius * 1.3, 3, 0.5, ink); break; /* triangle on its tip */
    case 5:                                                                  /* ring */
        figure_circle(figure, x, y, radius * 1.1, ink, 1);
        figure_circle(figure, x, y, radius * 0.55, INK_PAPER, 1);
        break;
    case 6: /* cross */
        figure_line(figure, x - radius, y - radius, x + radius, y + radius, (Stroke){ink, radius * 0.6, 0, 0});
        figure_line(figure, x - radius, y + radius, x + radius, y - radius, (Stroke){ink, radius * 0.6, 0, 0});
        break;
    default: /* plus */
        figure_line(figure, x - radius * 1.2, y, x + radius * 1.2, y, (Stroke){ink, radius * 0.6, 0, 0});
        figure_line(figure, x, y - radius * 1.2, x, y + radius * 1.2, (Stroke){ink, radius * 0.6, 0, 0});
    }
}

/* ---- title and caption ---- */

/* Lays `text` out in lines of at most `room`, breaking at spaces (a longer word stands alone, cut); returns the base line
 * behind the last one. */
static double lines_add(Figure *out, const Buffer *text, double x, double y, double room, double leading, TextStyle style) {
    size_t begin = 0;
    while (begin < text->size) {
        size_t end = begin, fits = begin;
        while (end < text->size) {
            size_t next = end + 1;
            while (next < text->size && text->data[next] != ' ') next++;
            if (fits > begin && bytes_width(text->data + begin, next - begin, style.size, style.bold) > room) break;
            end = fits = next;
        }
        text_add(out, x, y, style, text->data + begin, fits - begin);
        y += leading;
        begin = fits + (fits < text->size); /* the space itself is left out */
    }
    return y;
}

void figure_sheet_make(FigureSheet *sheet, const Figure *figure) {
    double margin = 16, room = figure->width;
    *sheet = (FigureSheet){.margin = margin, .width = figure->width + 2 * margin};
    Figure *text = &sheet->text;
    double y = lines_add(text, &figure->title, margin, margin + 13, room, 20, (TextStyle){.size = 15, .bold = true});
    sheet->body_y = figure->title.size ? y - 6 : margin;
    y = sheet->body_y + figure->height + 20;
    y = lines_add(text, &figure->caption, margin, y, room, 17, (TextStyle){.size = 12, .ink = INK_MUTED});
    sheet->height = figure->caption.size ? y - 17 + margin : sheet->body_y + figure->height + margin;
    text->failed |= figure->failed;
}

void figure_sheet_free(FigureSheet *sheet) { figure_free(&sheet->text); }
