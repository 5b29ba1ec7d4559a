/* Figures as SVG: text stays text, colours are classes that pages may restyle, the same drawing gives the same bytes. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/utf8.h"
#include "compare/figure.h"

/* Hundredths of a pixel are enough, and short; no locale has a say. */
static void add_number(Buffer *out, double value) {
    int64_t hundredths = isfinite(value) ? llround(fmin(fmax(value, -1e9), 1e9) * 100) : 0;
    uint64_t size = (uint64_t)(hundredths < 0 ? -hundredths : hundredths);
    buffer_printf(out, "%s%" PRIu64, hundredths < 0 ? "-" : "", size / 100);
    unsigned rest = (unsigned)(size % 100);
    if (rest % 10)
        buffer_printf(out, ".%02u", rest);
    else if (rest)
        buffer_printf(out, ".%u", rest / 10);
}

static void add_attribute(Buffer *out, const char *name, double value) {
    buffer_printf(out, " %s=\"", name);
    add_number(out, value);
    buffer_text(out, "\"");
}

/* Class and colour: the colour is what programs without CSS show. */
static void add_fill(Buffer *out, Ink ink, double opacity) {
    buffer_printf(out, " class=\"f-%s\" fill=\"#%06x\"", figure_inks[ink].name, figure_inks[ink].light);
    if (opacity < 1) add_attribute(out, "fill-opacity", opacity);
}

static void add_stroke(Buffer *out, Stroke stroke) {
    buffer_printf(out, " class=\"l-%s\" stroke=\"#%06x\" fill=\"none\"", figure_inks[stroke.ink].name,
                  figure_inks[stroke.ink].light);
    if (stroke.width != 1) add_attribute(out, "stroke-width", stroke.width);
    if (stroke.fade > 0) add_attribute(out, "stroke-opacity", 1 - stroke.fade);
    if (stroke.dash) buffer_printf(out, " stroke-dasharray=\"%s\"", figure_dashes[stroke.dash]);
}

static void add_points(Buffer *out, const Figure *figure, const Shape *shape) {
    buffer_text(out, " points=\"");
    for (size_t i = 0; i < shape->count; i++) {
        if (i) buffer_text(out, " ");
        add_number(out, figure->points[shape->first + i].x);
        buffer_text(out, ",");
        add_number(out, figure->points[shape->first + i].y);
    }
    buffer_text(out, "\"");
}

static void add_text(Buffer *out, const Figure *figure, const Shape *shape) {
    static const char *const ANCHORS[] = {"start", "middle", "end"};
    const TextStyle *style = &shape->text;
    buffer_text(out, "<text");
    if (style->turn) {
        buffer_text(out, " transform=\"translate(");
        add_number(out, shape->x);
        buffer_text(out, " ");
        add_number(out, shape->y);
        buffer_printf(out, ") rotate(%d)\"", -style->turn);
    } else {
        add_attribute(out, "x", shape->x);
        add_attribute(out, "y", shape->y);
    }
    buffer_printf(out, " class=\"f-%s%s\" fill=\"#%06x\"", figure_inks[style->ink].name, style->halo ? " halo" : "",
                  figure_inks[style->ink].light);
    add_attribute(out, "font-size", style->size);
    if (style->anchor != ANCHOR_START) buffer_printf(out, " text-anchor=\"%s\"", ANCHORS[style->anchor]);
    if (style->bold) buffer_text(out, " font-weight=\"bold\"");
    if (style->halo)
        buffer_printf(out, " stroke=\"#%06x\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
                      figure_inks[INK_PAPER].light);
    buffer_text(out, ">");
    escape_html(out, figure->text.data + shape->first, shape->count);
    buffer_text(out, "</text>\n");
}

/* Tenths do for the places of small marks, of which there are thousands. */
static void add_place(Buffer *out, FigurePoint point) {
    double x = round(point.x * 10) / 10, y = round(point.y * 10) / 10;
    buffer_text(out, "M");
    add_number(out, x);
    buffer_text(out, y < 0 ? "" : " ");
    add_number(out, y);
}

/* A step of an outline: "l2.6 4", "h-3", "v1.8". */
static void add_step(Buffer *out, double x, double y) {
    if (x == 0 || y == 0) {
        buffer_text(out, y == 0 ? "h" : "v");
        add_number(out, y == 0 ? x : y);
        return;
    }
    buffer_text(out, "l");
    add_number(out, x);
    buffer_text(out, y < 0 ? "" : " ");
    add_number(out, y);
}

/* The same outline from each centre; `first` is its first corner, `steps` lead from one corner to the next. */
static void add_outlines(Buffer *out, const Figure *figure, const Shape *shape, FigurePoint first, const FigurePoint *steps, int count) {
    Buffer outline = {0};
    for (int i = 0; i < count; i++) add_step(&outline, steps[i].x, steps[i].y);
    buffer_text(&outline, "z");
    buffer_text(out, "<path");
    add_fill(out, shape->fill, shape->opacity);
    buffer_text(out, " d=\"");
    for (size_t i = 0; i < shape->count; i++) {
        FigurePoint centre = figure->points[shape->first + i];
        add_place(out, (FigurePoint){centre.x + first.x, centre.y + first.y});
        buffer_add(out, outline.data ? outline.data : "", outline.size);
    }
    buffer_text(out, "\"");
    out->failed |= outline.failed;
    buffer_free(&outline);
}

/* A line of no length with round ends is a disc. */
static void add_discs(Buffer *out, const Figure *figure, const Shape *shape) {
    buffer_text(out, "<path");
    add_stroke(out, (Stroke){shape->fill, 2 * shape->width, 0, 1 - shape->opacity});
    buffer_text(out, " stroke-linecap=\"round\" d=\"");
    for (size_t i = 0; i < shape->count; i++) {
        add_place(out, figure->points[shape->first + i]);
        buffer_text(out, "h0");
    }
    buffer_text(out, "\"");
}

static void add_dots(Buffer *out, const Figure *figure, const Shape *shape) {
    const DotOutline *outline = &figure_outlines[shape->outline];
    FigurePoint steps[12] = {{0, 0}};
    if (!outline->count) {
        add_discs(out, figure, shape);
        return;
    }
    for (int i = 0; i + 1 < outline->count; i++)
        steps[i] = (FigurePoint){shape->width * (outline->corners[i + 1].x - outline->corners[i].x),
                                 shape->width * (outline->corners[i + 1].y - outline->corners[i].y)};
    FigurePoint first = {shape->width * outline->corners[0].x, shape->width * outline->corners[0].y};
    add_outlines(out, figure, shape, first, steps, outline->count - 1);
}

static void add_hexagons(Buffer *out, const Figure *figure, const Shape *shape) {
    double w = shape->width, h = shape->height;
    const FigurePoint steps[] = {{w, h / 2}, {0, h}, {-w, h / 2}, {-w, -h / 2}, {0, -h}};
    add_outlines(out, figure, shape, (FigurePoint){0, -h}, steps, 5);
}

static void add_shape(Buffer *out, const Figure *figure, const Shape *shape) {
    switch (shape->kind) {
    case SHAPE_TEXT: add_text(out, figure, shape); return;
    case SHAPE_LINE:
        buffer_text(out, "<polyline");
        add_points(out, figure, shape);
        add_stroke(out, shape->stroke);
        break;
    case SHAPE_POLYGON:
        buffer_text(out, "<polygon");
        add_points(out, figure, shape);
        add_fill(out, shape->fill, shape->opacity);
        break;
    case SHAPE_DOTS: add_dots(out, figure, shape); break;
    case SHAPE_HEXAGONS: add_hexagons(out, figure, shape); break;
    case SHAPE_RECT:
        buffer_text(out, "<rect");
        add_attribute(out, "x", shape->x);
        add_attribute(out, "y", shape->y);
        add_attribute(out, "width", shape->width);
        add_attribute(out, "height", shape->height);
        if (shape->stroke.width > 0)
            add_stroke(out, shape->stroke);
        else
            add_fill(out, shape->fill, shape->opacity);
        break;
    case SHAPE_CIRCLE:
        buffer_text(out, "<circle");
        add_attribute(out, "cx", shape->x);
        add_attribute(out, "cy", shape->y);
        add_attribute(out, "r", shape->width);
        add_fill(out, shape->fill, shape->opacity);
    }
    buffer_text(out, "/>\n");
}

static void add_shapes(Buffer *out, const Figure *figure) {
    for (size_t i = 0; i < figure->shape_count; i++) add_shape(out, figure, &figure->shapes[i]);
}

static void add_colours(Buffer *out, bool dark) {
    for (int i = 0; i < INK_COUNT; i++) {
        const char *name = figure_inks[i].name;
        unsigned colour = dark ? figure_inks[i].dark : figure_inks[i].light;
        buffer_printf(out, ".figure .f-%s{fill:#%06x}.figure .l-%s{stroke:#%06x}\n", name, colour, name, colour);
    }
    buffer_printf(out, ".figure .halo{stroke:#%06x}\n", dark ? figure_inks[INK_PAPER].dark : figure_inks[INK_PAPER].light);
}

void figure_style(Buffer *out) {
    buffer_text(out, "svg.figure{max-width:100%;height:auto}\n");
    add_colours(out, false);
    buffer_text(out, "@media (prefers-color-scheme:dark){\n");
    add_colours(out, true);
    buffer_text(out, "}\n@media print{\n");
    add_colours(out, false);
    buffer_text(out, "}\n");
}

/* The label is what a screen reader says; ids, which would have to differ between the figures of one page, are not needed. */
static void add_head(Buffer *out, const Figure *figure, double width, double height) {
    buffer_text(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"figure\" role=\"img\" aria-label=\"");
    escape_html(out, figure->title.data, figure->title.size);
    if (figure->title.size && figure->caption.size) buffer_text(out, ". ");
    escape_html(out, figure->caption.data, figure->caption.size);
    buffer_text(out, "\"");
    add_attribute(out, "width", width);
    add_attribute(out, "height", height);
    buffer_text(out, " viewBox=\"0 0 ");
    add_number(out, width);
    buffer_text(out, " ");
    add_number(out, height);
    buffer_text(
        out, "\" font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif\">\n");
}

static void add_alone(Buffer *out, const Figure *figure) {
    FigureSheet sheet;
    figure_sheet_make(&sheet, figure);
    add_head(out, figure, sheet.width, sheet.height);
    buffer_text(out, "<style>\n");
    figure_style(out);
    buffer_text(out, "</style>\n<rect width=\"100%\" height=\"100%\"");
    add_fill(out, INK_PAPER, 1);
    buffer_text(out, "/>\n");
    add_shapes(out, &sheet.text);
    buffer_text(out, "<g transform=\"translate(");
    add_number(out, sheet.margin);
    buffer_text(out, " ");
    add_number(out, sheet.body_y);
    buffer_text(out, ")\">\n");
    add_shapes(out, figure);
    buffer_text(out, "</g>\n</svg>\n");
    out->failed |= sheet.text.failed || sheet.text.text.failed;
    figure_sheet_free(&sheet);
}

bool figure_write_svg(Buffer *out, const Figure *figure, FigureForm form, Error *err) {
    if (form == FIGURE_ALONE) {
        add_alone(out, figure);
    } else {
        add_head(out, figure, figure->width, figure->height);
        add_shapes(out, figure);
        buffer_text(out, "</svg>\n");
    }
    out->failed |= figure->failed || figure->text.failed;
    return buffer_ok(out, err);
}
