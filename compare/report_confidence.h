/* What the files of a comparison say about confidence, beside the page (report_page.h). */
#ifndef TWOFOLD_COMPARE_REPORT_CONFIDENCE_H
#define TWOFOLD_COMPARE_REPORT_CONFIDENCE_H

#include "common/json.h"
#include "compare/comparison.h"

/* The value of "confidence" of an entry in compare.json; null without. */
void confidence_write_json(JsonWriter *json, const Confidence *confidence);

/* tables/calibration.csv, tables/reliability.csv and tables/coverage.csv under the folder. */
MUST_CHECK bool confidence_write_tables(const Comparison *comparison, const char *folder, Error *err);

#endif
