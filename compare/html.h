/* Writing HTML so that nothing of a user's can become markup: literal markup stands in the format, values come in through it, escaped. */
#ifndef TWOFOLD_COMPARE_HTML_H
#define TWOFOLD_COMPARE_HTML_H

#include <stddef.h>

#include "common/memory.h"

/* Appends the format with its values. It knows %s (escaped, hidden characters shown; in text as in attributes), %.80s (cut to 80 code points),
 * %d, %lld, %.3f (NaN: –) and %%. */
void html_add(Buffer *out, const char *format, ...) PRINTF_LIKE(2, 3);

/* A text of `size` bytes, escaped, cut to `most` code points and isolated: its direction does not reach what stands beside it. */
void html_text(Buffer *out, const char *text, size_t size, size_t most);

/* A table that scrolls within the page where it is wider; the caption says what to see in it and links the file that has the table as CSV, with
 * all rows and digits ("tables/pairs.csv", under the run's folder). The caller writes <thead> and opens <tbody>. */
void html_begin_table(Buffer *out, const char *classes, const char *csv, const char *caption);
void html_end_table(Buffer *out);

#endif
