/* report.html: one file, no script, nothing loaded. */
#include <stdio.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/sha256.h"
#include "compare/report.h"
#include "compare/report_page.h"
#include "compare/report_runs.h"

static const double WIDE = 760, PHONE = 340;

static bool add_drawing(Page *page, ReportPlotId plot, double width, const char *class, Buffer *caption) {
    Figure figure = {0};
    html_add(page->out, "<div class=\"%s\">\n", class);
    bool good = REPORT_PLOTS[plot].draw(&figure, page->comparison, width, page->err) &&
                figure_write_svg(page->out, &figure, FIGURE_INLINE, page->err);
    buffer_text(page->out, "</div>\n");
    caption->size = 0;
    if (figure.caption.data) buffer_text(caption, figure.caption.data);
    figure_free(&figure);
    return good;
}

void page_add_files(Page *page, const char *name) {
    html_add(page->out, " <span class=\"files\"><a href=\"./%s.svg\">%s.svg</a> <a href=\"./%s.png\">.png</a></span>", name, name, name);
}

void page_add_drawing_of(Page *page, int entry, const char *file, const Figure *figure) {
    Buffer svg = {0};
    char name[96];
    page->failed = page->failed || !figure_write_svg(&svg, figure, FIGURE_INLINE, page->err);
    (void)snprintf(name, sizeof name, "%.63s/%s", page_entry_name(page, entry), file);
    html_add(page->out, "<figure><figcaption><b><bdi>%.60s</bdi></b>", page_entry_name(page, entry));
    page_add_files(page, name);
    buffer_text(page->out, "</figcaption>\n");
    if (!page->failed && page->out->size + svg.size <= PAGE_MOST)
        buffer_add(page->out, svg.data, svg.size);
    else
        buffer_text(page->out, "<p>Too large for this page: see the files.</p>\n");
    buffer_text(page->out, "</figure>\n");
    page->out->failed |= svg.failed;
    buffer_free(&svg);
}

void page_add_plot(Page *page, ReportPlotId plot) {
    if (page->failed || !REPORT_PLOTS[plot].has(page->comparison)) return;
    Buffer caption = {0};
    char name[64];
    buffer_text(page->out, "<figure class=\"has-phone\">\n");
    page->failed = !add_drawing(page, plot, WIDE, "wide", &caption) || !add_drawing(page, plot, PHONE, "phone", &caption) ||
                   !buffer_ok(&caption, page->err);
    html_add(page->out, "<figcaption>%s", caption.data ? caption.data : "");
    (void)snprintf(name, sizeof name, "figures/%s", REPORT_PLOTS[plot].file);
    page_add_files(page, name);
    buffer_text(page->out, "</figcaption></figure>\n");
    buffer_free(&caption);
}

void page_add_name(Page *page, const char *name) { html_add(page->out, "<bdi>%.60s</bdi>", name); }

void page_add_row_text(Page *page, int i) {
    const Dataset *dataset = page->comparison->dataset;
    size_t size;
    const char *text = dataset_text(dataset, dataset->splits[SPLIT_TEST].rows[i], &size);
    html_text(page->out, text, size, TEXT_SHOWN);
}

const char *page_label(const Page *page, int label) { return page->comparison->dataset->class_names[label]; }

const char *page_entry_name(const Page *page, int entry) { return page->comparison->entries[entry].name; }

static int hex_digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* 64 hexadecimal digits as 44 of base 64 (RFC 4648). */
static void add_base64(Buffer *out, const char *hex) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0;
    int held = 0;
    for (; *hex; hex++) {
        bits = bits << 4 | (unsigned)hex_digit(*hex);
        for (held += 4; held >= 6; held -= 6) buffer_add(out, &DIGITS[bits >> (held - 6) & 63], 1);
    }
    if (held) buffer_add(out, &DIGITS[bits << (6 - held) & 63], 1);
    buffer_text(out, "="); /* 32 bytes leave two over three's multiple */
}

/* Nothing is loaded or run, and no style counts but this one, which the policy names by its hash. */
static void add_head(Page *page) {
    Buffer *out = page->out, style = {0};
    const Comparison *c = page->comparison;
    buffer_text(&style, "\n");
    page_add_style(&style);
    buffer_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" "
                     "content=\"default-src 'none'; style-src 'sha256-");
    add_base64(out, sha256_bytes(style.data ? style.data : "", style.size).text);
    html_add(out,
             "'; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<title>%.60s – twofold compare</title>\n<style>",
             c->data ? c->data : "");
    buffer_add(out, style.data ? style.data : "", style.size);
    buffer_text(out, "</style>\n</head>\n<body>\n<main>\n");
    out->failed |= style.failed;
    buffer_free(&style);
}

bool page_has_part(const Comparison *c, RunPart part) {
    bool here = part == RUN_CURVE    ? c->curve != NULL
                : part == RUN_LABELS ? c->audit.suspect_count > 0
                : part == RUN_MAPS   ? maps_has(&c->maps)
                                     : c->tuning != NULL;
    return here || (!c->shown[part] && runs_count(c, part) > 0);
}

void page_add_whose(Page *page, RunPart part) {
    Buffer sentence = {0};
    runs_say_whose(&sentence, page->comparison, part);
    if (sentence.size) html_add(page->out, "<p class=\"note\">%s</p>\n", sentence.data);
    page->out->failed |= sentence.failed;
    buffer_free(&sentence);
}

void page_add_elsewhere(Page *page, RunPart part, const char *id, const char *heading) {
    if (page->comparison->shown[part] || !runs_count(page->comparison, part)) return;
    html_add(page->out, "<section id=\"%s\">\n<h2>%s: see the runs' own reports</h2>\n", id, heading);
    page_add_whose(page, part);
    buffer_text(page->out, "</section>\n");
}

static void add_foot(Page *page) {
    buffer_text(page->out,
                "<footer><p class=\"note\">twofold " TWOFOLD_VERSION
                ". The same figures for programs: <a href=\"compare.json\">compare.json</a>; for a pull request: <a "
                "href=\"report.md\">report.md</a>; "
                "drawings: figures/; tables: tables/. Times and memory were measured once");
    buffer_text(page->out,
                comparison_is_joint(page->comparison) ? ", each where its run was made: env.json in the run's folder names the machine."
                                                      : " on the machine that env.json names.");
    buffer_text(page->out,
                "</p></footer>\n"
                "</main>\n</body>\n</html>\n");
}

bool report_write_html(const Comparison *comparison, const char *path, Error *err) {
    Buffer out = {0};
    Page page = {.out = &out, .comparison = comparison, .err = err};
    add_head(&page);
    page_add_verdict(&page);
    page_add_audit(&page);
    page_add_differences(&page);
    page_add_statistics(&page);
    page_add_confusions(&page);
    page_add_errors(&page);
    page_add_parts(&page);
    page_add_label_errors(&page);
    page_add_learning(&page);
    page_add_curve(&page);
    page_add_confidence(&page);
    page_add_cascades(&page);
    page_add_costs(&page);
    page_add_tuning(&page);
    page_add_maps(&page);
    page_add_making(&page);
    add_foot(&page);
    bool written = !page.failed && file_write_buffer(path, &out, err);
    buffer_free(&out);
    return written;
}
