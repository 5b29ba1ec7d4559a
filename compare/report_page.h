/* report.html in its parts, inside the writer: each section writes itself, or nothing when there is nothing to say. */
#ifndef TWOFOLD_COMPARE_REPORT_PAGE_H
#define TWOFOLD_COMPARE_REPORT_PAGE_H

#include "compare/comparison.h"
#include "compare/html.h"
#include "compare/report_plots.h"

enum {
    LABEL_SHOWN = 60,   /* code points of a class or entry name */
    TEXT_SHOWN = 320,   /* of a text */
    PAGE_MOST = 1000000 /* bytes after which matrices are linked instead of drawn: the page stays below 2 MB */
};

typedef struct Page {
    Buffer *out;
    const Comparison *comparison;
    Error *err;
    bool failed; /* drawing a figure did; err says why */
} Page;

void page_add_style(Buffer *out);

/* The sections, in their order. */
void page_add_verdict(Page *page);
void page_add_audit(Page *page);
void page_add_differences(Page *page);
void page_add_statistics(Page *page);
void page_add_confusions(Page *page);
void page_add_errors(Page *page);
void page_add_parts(Page *page);
bool page_has_parts(const Comparison *comparison);
void page_add_label_errors(Page *page);
void page_add_learning(Page *page);
void page_add_confidence(Page *page);
bool page_has_confidence(const Comparison *comparison);
void page_add_cascades(Page *page);
void page_add_curve(Page *page);
void page_add_tuning(Page *page);
void page_add_maps(Page *page);
void page_add_costs(Page *page);
void page_add_making(Page *page);

/* ---- what they share ---- */

/* A figure of the list, for wide screens and for phones; the caption is its own. */
void page_add_plot(Page *page, ReportPlotId plot);
/* Where a drawing's files are, from the run's folder and without ending: links to the SVG and the PNG, for its caption. */
void page_add_files(Page *page, const char *name);
/* A drawing of an entry under its name, with the files NAME/file.svg and .png; where the page would grow too large, the files alone. */
void page_add_drawing_of(Page *page, int entry, const char *file, const Figure *figure);
/* The ends of an entry's answers, folded: within the section of errors. */
void page_add_losses(Page *page, int entry);
/* Of several runs: a paragraph that says of which what stands here is. */
void page_add_whose(Page *page, RunPart part);
/* Where no run's is shown, a section with where they stand; nothing when no run has one. */
void page_add_elsewhere(Page *page, RunPart part, const char *id, const char *heading);
/* Whether the page has a section on it: what it shows, or of several runs where it stands. */
bool page_has_part(const Comparison *comparison, RunPart part);
/* <bdi> and a name. */
void page_add_name(Page *page, const char *name);
/* The text of the i-th test row. */
void page_add_row_text(Page *page, int i);
/* Cells of measured figures: a duration, and a number with so many digits behind the point; NaN is "–". */
void page_add_time_cell(Page *page, const char *label, double seconds);
void page_add_measured_cell(Page *page, const char *label, double value, int digits);
/* A share of 1 over a bar as long; the best of its row in bold. */
void page_add_bar_cell(Page *page, double share, bool best);
int latency_digits(double ms); /* three significant ones do for a latency, which spans five orders of magnitude */
int size_digits(double mb);
const char *page_label(const Page *page, int label);
const char *page_entry_name(const Page *page, int entry);

#endif
