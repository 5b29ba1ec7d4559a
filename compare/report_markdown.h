/* report.md in its parts, inside the writer: each writes itself, or nothing when there is nothing to say. */
#ifndef TWOFOLD_COMPARE_REPORT_MARKDOWN_H
#define TWOFOLD_COMPARE_REPORT_MARKDOWN_H

#include "compare/comparison.h"

enum { MARKDOWN_NAME = 60 }; /* code points of a name */

/* What the data are, and whether the test is clean. */
void markdown_add_rows(Buffer *out, const Comparison *comparison);
void markdown_add_confidence(Buffer *out, const Comparison *comparison);
void markdown_add_cascades(Buffer *out, const Comparison *comparison);
void markdown_add_costs(Buffer *out, const Comparison *comparison);

#endif
