/* What the files of a comparison say about cascades, beside the page (report_page.h). */
#ifndef TWOFOLD_COMPARE_REPORT_CASCADE_H
#define TWOFOLD_COMPARE_REPORT_CASCADE_H

#include "common/json.h"
#include "compare/comparison.h"
#include "compare/figure.h"

/* The value of "cascades" in compare.json: an array. */
void cascades_write_json(JsonWriter *json, const Comparison *comparison);

/* tables/cascades.csv, the chosen thresholds, and tables/cascade_curves.csv under the folder. */
MUST_CHECK bool cascades_write_tables(const Comparison *comparison, const char *folder, Error *err);

/* Test accuracy against the share of texts passed on, a curve for each cascade, the chosen points named. */
bool has_cascades(const Comparison *comparison);
MUST_CHECK bool draw_cascades(Figure *figure, const Comparison *comparison, double width, Error *err);

/* The same against what a text costs: the first entry's CPU time, and the second's for the share passed on. Measured. */
bool has_cascade_costs(const Comparison *comparison);
MUST_CHECK bool draw_cascade_costs(Figure *figure, const Comparison *comparison, double width, Error *err);

#endif
