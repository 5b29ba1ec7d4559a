/* A drawing, kept as a list of marks: drawn once, written as SVG (text stays text, light and dark) and as PNG.
 *
 * Lengths are CSS pixels, y grows downwards, the drawing's own corner is (0, 0). Text of users may be any bytes; what cannot
 * be shown is replaced. Like a Buffer, a Figure remembers a failed allocation; the writers report it. */
#ifndef TWOFOLD_COMPARE_FIGURE_H
#define TWOFOLD_COMPARE_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/memory.h"

/* What a mark means, not which colour it has: the pages decide that for light and dark (figure_inks in figure.c has the
 * table). The series can be told apart by readers who see fewer colours; each has a shape and a dash of its own besides. */
typedef enum Ink {
    INK_TEXT,
    INK_MUTED,    /* axis labels, notes */
    INK_GRID,     /* what should be seen only when looked for */
    INK_PAPER,    /* the ground, for halos */
    INK_SHADE,    /* cells of a matrix, with an opacity */
    INK_ON_SHADE, /* text on a dark cell */
    INK_SERIES,   /* INK_SERIES + i, i below SERIES_COUNT */
    SERIES_COUNT = 8,
    INK_COUNT = INK_SERIES + SERIES_COUNT
} Ink;
Ink series_ink(int series); /* repeats after SERIES_COUNT */

typedef enum Anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END } Anchor;

typedef struct Stroke {
    Ink ink;
    double width;
    int dash;    /* 0 solid, else one of four patterns, 1 to 4 */
    double fade; /* 0 opaque, towards 1 fainter */
} Stroke;

typedef struct TextStyle {
    double size; /* of the letters, 7 and up is legible */
    Ink ink;
    Anchor anchor;
    int turn; /* degrees anticlockwise around the anchor */
    bool bold;
    bool halo; /* an edge in the colour of the paper, where text stands on marks */
} TextStyle;

typedef struct FigurePoint {
    double x, y;
} FigurePoint;

typedef enum ShapeKind { SHAPE_LINE, SHAPE_RECT, SHAPE_CIRCLE, SHAPE_POLYGON, SHAPE_DOTS, SHAPE_HEXAGONS, SHAPE_TEXT } ShapeKind;

/* One mark; which fields count depends on the kind. Points and text lie in the figure's own arrays. */
typedef struct Shape {
    ShapeKind kind;
    double x, y, width, height; /* rect: corner and size; circle: centre, width = radius; dots: width = radius;
                                   hexagons: half their size; text: anchor on the base line */
    size_t first, count;        /* line, polygon, dots, hexagons: points; text: bytes */
    int outline;                /* dots: in figure_outlines */
    Ink fill;
    double opacity; /* of the fill; 0: none */
    Stroke stroke;  /* width 0: none */
    TextStyle text;
} Shape;

typedef struct Figure {
    double width, height; /* of the drawing, without title and caption */
    Buffer title, caption;
    Shape *shapes;
    size_t shape_count, shape_capacity;
    FigurePoint *points;
    size_t point_count, point_capacity;
    Buffer text; /* of all text marks, end to end */
    bool failed;
} Figure;

/* Starts a drawing; the title says what it shows (also to who cannot see it), the caption what to see in it. */
void figure_begin(Figure *figure, double width, double height, const char *title, const char *caption);
void figure_free(Figure *figure); /* takes a zeroed one */

void figure_line(Figure *figure, double x1, double y1, double x2, double y2, Stroke stroke);
void figure_polyline(Figure *figure, const FigurePoint *points, size_t count, Stroke stroke);
void figure_polygon(Figure *figure, const FigurePoint *points, size_t count, Ink fill, double opacity);
void figure_rect(Figure *figure, double x, double y, double width, double height, Ink fill, double opacity);
void figure_frame(Figure *figure, double x, double y, double width, double height, Stroke stroke); /* a rectangle's outline */
void figure_circle(Figure *figure, double x, double y, double radius, Ink fill, double opacity);
/* Many small marks of a series, each series with a shape of its own, as one; or hexagons that stand on a corner. Where they overlap, their opacity
 * does not add up. */
void figure_dots(Figure *figure, const FigurePoint *centres, size_t count, double radius, int series, double opacity);
void figure_hexagons(Figure *figure, const FigurePoint *centres, size_t count, double half_width, double half_height, Ink fill,
                     double opacity);
void figure_text(Figure *figure, double x, double y, TextStyle style, const char *text);

/* The same, cut with "…" to at most `room` pixels; nothing when not even that fits. */
void figure_text_fit(Figure *figure, double x, double y, TextStyle style, double room, const char *text);

/* The mark of a series: circle, square, triangle, diamond, … in its ink, about `radius` around the place. */
void figure_mark(Figure *figure, double x, double y, double radius, int series);

/* How wide the text will be at most: advances of DejaVu Sans, which is wider than most. */
double text_width(const char *text, double size, bool bold);

/* ---- writing ---- */

typedef enum FigureForm {
    FIGURE_ALONE, /* a file of its own: title above, caption below, its own colours for light and dark */
    FIGURE_INLINE /* the drawing alone, to stand in a page that has figure_style() once and its own heading and caption */
} FigureForm;

MUST_CHECK bool figure_write_svg(Buffer *out, const Figure *figure, FigureForm form, Error *err);
/* CSS for inline figures, without <style>: colours for light and dark, by prefers-color-scheme. */
void figure_style(Buffer *out);

/* The FIGURE_ALONE form in light colours, `scale` picture points a pixel (2 is sharp on most screens). */
MUST_CHECK bool figure_write_png(Buffer *out, const Figure *figure, double scale, Error *err);

/* For the back ends. */

/* The corners of a series' dots for radius 1; none: a disc. */
typedef struct DotOutline {
    int count;
    FigurePoint corners[12];
} DotOutline;
extern const DotOutline figure_outlines[SERIES_COUNT];

typedef struct InkLook {
    const char *name;     /* of its CSS classes */
    unsigned light, dark; /* 0xRRGGBB */
} InkLook;
extern const InkLook figure_inks[INK_COUNT];
extern const char *const figure_dashes[5]; /* as in stroke-dasharray; "" for solid */

/* Title above and caption below, wrapped to the figure's width, as shapes of their own: body is where the drawing begins,
 * height the whole. */
typedef struct FigureSheet {
    Figure text; /* shapes of title and caption, in the sheet's coordinates */
    double margin, body_y, width, height;
} FigureSheet;
void figure_sheet_make(FigureSheet *sheet, const Figure *figure);
void figure_sheet_free(FigureSheet *sheet);

const char *figure_png_library(void); /* version of cairo, "1.16.0" */

#endif
