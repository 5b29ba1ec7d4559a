/* What a comparison leaves in its folder beside the entries' own: report.html (one file, no script, no network), report.md, and compare.json. Figures stand
 * inline in the page and as files of their own under figures/ (SVG and PNG). */
#ifndef TWOFOLD_COMPARE_REPORT_H
#define TWOFOLD_COMPARE_REPORT_H

#include "compare/comparison.h"

MUST_CHECK bool report_write_html(const Comparison *comparison, const char *path, Error *err);
MUST_CHECK bool report_write_markdown(const Comparison *comparison, const char *path, Error *err);
MUST_CHECK bool report_write_json(const Comparison *comparison, const char *path, Error *err);
/* figures/ under the folder, and confusion_matrix.svg and .png in each entry's. */
MUST_CHECK bool report_write_figures(const Comparison *comparison, const char *folder, Error *err);

/* tables/ under the folder: every table of report.html as CSV. */
MUST_CHECK bool report_write_tables(const Comparison *comparison, const char *folder, Error *err);

/* differences.csv: id,text,label and each entry's answer, for the test rows on which some entries are right and some are not. */
MUST_CHECK bool report_write_differences(const Comparison *comparison, const char *folder, Error *err);

#endif
