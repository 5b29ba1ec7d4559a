/* Writing Markdown so that nothing of a user's can become markup. */
#ifndef TWOFOLD_COMPARE_MARKDOWN_H
#define TWOFOLD_COMPARE_MARKDOWN_H

#include <stddef.h>

#include "common/memory.h"

/* At most `most` code points of a text that stays text: ASCII punctuation with a meaning is escaped, and nobody is called by an @. */
void markdown_text(Buffer *out, const char *text, size_t most);
/* A code span of at most `most` code points, between as many backticks as its text has not in a row. */
void markdown_code(Buffer *out, const char *text, size_t size, size_t most);

/* Cells, each with the bar behind it: a score with four digits, and measured figures, marked as such. NaN is "–". */
void markdown_score_cell(Buffer *out, double value);
void markdown_measured_cell(Buffer *out, const char *text);
void markdown_measured_number_cell(Buffer *out, double value, int digits);

#endif
