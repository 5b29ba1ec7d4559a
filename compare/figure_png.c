/* Figures as PNG, through cairo's image surface. The only file that knows cairo. */
#include <cairo.h>
#include <math.h>
#include <stdlib.h>

#include "common/utf8.h"
#include "compare/figure.h"
#include "compare/fonts.h"
#include "compare/visual_text.h"

/* cairo's limit for an image's side. */
static const double LARGEST_SIDE = 32767;

static void set_ink(cairo_t *cairo, Ink ink, double opacity) {
    unsigned rgb = figure_inks[ink].light;
    cairo_set_source_rgba(cairo, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0, opacity);
}

static void stroke_path(cairo_t *cairo, Stroke stroke) {
    double dashes[8];
    int count = 0;
    for (const char *at = figure_dashes[stroke.dash]; *at && count < 8; count++) {
        char *end;
        dashes[count] = (double)strtol(at, &end, 10);
        at = end + (*end == ' ');
    }
    cairo_set_dash(cairo, dashes, count, 0);
    cairo_set_line_width(cairo, stroke.width);
    set_ink(cairo, stroke.ink, 1 - stroke.fade);
    cairo_stroke(cairo);
}

static void draw_points(cairo_t *cairo, const Figure *figure, const Shape *shape) {
    for (size_t i = 0; i < shape->count; i++)
        cairo_line_to(cairo, figure->points[shape->first + i].x, figure->points[shape->first + i].y);
}

/* ---- text ---- */

/* What drawing needs beside the figure: fonts are looked for when a text first asks for them. */
typedef struct Pen {
    cairo_t *cairo;
    Fonts *fonts[2]; /* regular and bold */
    bool sought[2];
    bool failed; /* there was no memory for a text */
} Pen;

/* Letters, digits and signs of western texts, which every sans-serif font has: no other font need be looked for. */
static bool is_plain(const char *text, size_t size) {
    for (size_t at = 0; at < size;) {
        uint32_t c = 0;
        int length = utf8_decode(text + at, size - at, &c);
        bool sign = (c >= 0x2010 && c <= 0x2026) || c == 0x2265;
        if (!length || !((c < 0x250 && c != 0xad) || sign)) return false;
        at += (size_t)length;
    }
    return true;
}

static void set_font(const Pen *pen, const TextStyle *style, const char *family) {
    cairo_select_font_face(pen->cairo, family, CAIRO_FONT_SLANT_NORMAL, style->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(pen->cairo, style->size);
}

/* What is done with a run of text in one font, at the current point. */
typedef void DrawRun(cairo_t *cairo, const char *text);

static double run_advance(cairo_t *cairo, const char *text) {
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

/* What no font has is shown as boxes. */
static void box_characters(Buffer *run) {
    size_t characters = utf8_count(run->data, run->size);
    run->size = 0;
    for (size_t i = 0; i < characters; i++) buffer_text(run, "\xE2\x96\xA1");
}

/* Goes through the text font by font from x on; returns how wide it is. `draw` may be NULL. */
static double draw_runs(Pen *pen, const TextStyle *style, const Buffer *text, double x, DrawRun *draw) {
    const Fonts *fonts = pen->fonts[style->bold];
    double begin = x;
    Buffer run = {0};
    for (size_t at = 0, size; at < text->size; at += size) {
        char family[FONT_NAME_SIZE] = "sans-serif";
        bool missing = false;
        size = fonts ? fonts_run(fonts, text->data + at, text->size - at, family, &missing) : text->size - at;
        run.size = 0;
        buffer_add(&run, text->data + at, size);
        if (missing) box_characters(&run);
        buffer_add(&run, "", 1);
        if (run.failed) break;
        if (missing) (void)fonts_run(fonts, run.data, run.size - 1, family, &missing);
        set_font(pen, style, family);
        cairo_move_to(pen->cairo, x, 0);
        if (draw) draw(pen->cairo, run.data);
        x += run_advance(pen->cairo, run.data);
    }
    pen->failed |= run.failed;
    buffer_free(&run);
    return x - begin;
}

static void draw_text(Pen *pen, const Figure *figure, const Shape *shape) {
    const TextStyle *style = &shape->text;
    cairo_t *cairo = pen->cairo;
    Buffer text = {0};
    visual_text(&text, figure->text.data + shape->first, shape->count);
    if (!pen->sought[style->bold] && !is_plain(text.data ? text.data : "", text.size)) {
        pen->fonts[style->bold] = fonts_open(style->bold, &pen->failed);
        pen->sought[style->bold] = true;
    }
    cairo_save(cairo);
    cairo_translate(cairo, shape->x, shape->y);
    cairo_rotate(cairo, -style->turn * acos(-1) / 180);
    double width = style->anchor == ANCHOR_START ? 0 : draw_runs(pen, style, &text, 0, NULL);
    double x = style->anchor == ANCHOR_START ? 0 : width * (style->anchor == ANCHOR_MIDDLE ? -0.5 : -1);
    cairo_new_path(cairo);
    if (style->halo) {
        (void)draw_runs(pen, style, &text, x, cairo_text_path);
        cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
        cairo_set_dash(cairo, NULL, 0, 0);
        cairo_set_line_width(cairo, 3);
        set_ink(cairo, INK_PAPER, 1);
        cairo_stroke(cairo);
    }
    set_ink(cairo, style->ink, 1);
    (void)draw_runs(pen, style, &text, x, cairo_show_text);
    cairo_restore(cairo);
    pen->failed |= text.failed;
    buffer_free(&text);
}

/* ---- marks ---- */

static void draw_dot(cairo_t *cairo, FigurePoint at, double radius, const DotOutline *outline) {
    cairo_new_sub_path(cairo);
    if (!outline->count) cairo_arc(cairo, at.x, at.y, radius, 0, 2 * acos(-1));
    for (int i = 0; i < outline->count; i++)
        cairo_line_to(cairo, at.x + radius * outline->corners[i].x, at.y + radius * outline->corners[i].y);
    cairo_close_path(cairo);
}

static void draw_hexagon(cairo_t *cairo, FigurePoint at, double w, double h) {
    cairo_move_to(cairo, at.x, at.y - h);
    cairo_rel_line_to(cairo, w, h / 2);
    cairo_rel_line_to(cairo, 0, h);
    cairo_rel_line_to(cairo, -w, h / 2);
    cairo_rel_line_to(cairo, -w, -h / 2);
    cairo_rel_line_to(cairo, 0, -h);
    cairo_close_path(cairo);
}

static void draw_marks(cairo_t *cairo, const Figure *figure, const Shape *shape) {
    for (size_t i = 0; i < shape->count; i++) {
        FigurePoint at = figure->points[shape->first + i];
        if (shape->kind == SHAPE_DOTS)
            draw_dot(cairo, at, shape->width, &figure_outlines[shape->outline]);
        else
            draw_hexagon(cairo, at, shape->width, shape->height);
    }
}

static void draw_shape(Pen *pen, const Figure *figure, const Shape *shape) {
    cairo_t *cairo = pen->cairo;
    cairo_new_path(cairo);
    switch (shape->kind) {
    case SHAPE_TEXT: draw_text(pen, figure, shape); return;
    case SHAPE_LINE:
    case SHAPE_POLYGON: draw_points(cairo, figure, shape); break;
    case SHAPE_DOTS:
    case SHAPE_HEXAGONS: draw_marks(cairo, figure, shape); break;
    case SHAPE_RECT: cairo_rectangle(cairo, shape->x, shape->y, shape->width, shape->height); break;
    case SHAPE_CIRCLE: cairo_arc(cairo, shape->x, shape->y, shape->width, 0, 2 * acos(-1)); break;
    }
    if (shape->opacity > 0) {
        set_ink(cairo, shape->fill, shape->opacity);
        cairo_fill_preserve(cairo);
    }
    if (shape->stroke.width > 0) stroke_path(cairo, shape->stroke);
}

static void draw_shapes(Pen *pen, const Figure *figure) {
    for (size_t i = 0; i < figure->shape_count; i++) draw_shape(pen, figure, &figure->shapes[i]);
}

/* Outlines unhinted, edges grey: hinting would move letters with the machine's font settings. */
static void set_font_options(cairo_t *cairo) {
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cairo, options);
    cairo_font_options_destroy(options);
}

static cairo_status_t add_bytes(void *closure, const unsigned char *bytes, unsigned size) {
    Buffer *out = closure;
    buffer_add(out, bytes, size);
    return out->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static bool sheet_draw(Buffer *out, const FigureSheet *sheet, const Figure *figure, double scale, Error *err) {
    double width = ceil(sheet->width * scale), height = ceil(sheet->height * scale);
    if (!(width >= 1 && width <= LARGEST_SIDE && height >= 1 && height <= LARGEST_SIDE))
        return FAIL(err, ERROR_FAILED, "a picture of %.0f x %.0f points, expected at most %.0f a side", width, height,
                    LARGEST_SIDE);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    cairo_t *cairo = cairo_create(surface);
    set_font_options(cairo);
    cairo_scale(cairo, scale, scale);
    set_ink(cairo, INK_PAPER, 1);
    cairo_paint(cairo);
    Pen pen = {.cairo = cairo};
    draw_shapes(&pen, &sheet->text);
    cairo_translate(cairo, sheet->margin, sheet->body_y);
    draw_shapes(&pen, figure);
    for (int bold = 0; bold < 2; bold++) fonts_close(pen.fonts[bold]);
    cairo_status_t status = cairo_status(cairo);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_write_to_png_stream(surface, add_bytes, out);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    if (pen.failed) return FAIL(err, ERROR_FAILED, "not enough memory for a figure");
    return status == CAIRO_STATUS_SUCCESS || FAIL(err, ERROR_FAILED, "drawing a picture: %s", cairo_status_to_string(status));
}

bool figure_write_png(Buffer *out, const Figure *figure, double scale, Error *err) {
    FigureSheet sheet;
    figure_sheet_make(&sheet, figure);
    bool whole = !(figure->failed || figure->text.failed || sheet.text.failed || sheet.text.text.failed);
    bool ok = whole ? sheet_draw(out, &sheet, figure, scale, err) : FAIL(err, ERROR_FAILED, "not enough memory for a figure");
    figure_sheet_free(&sheet);
    return ok && buffer_ok(out, err);
}

const char *figure_png_library(void) { return cairo_version_string(); }
