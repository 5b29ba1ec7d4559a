/* Text for people, broken at spaces. */
#ifndef TWOFOLD_COMMON_WRAP_H
#define TWOFOLD_COMMON_WRAP_H

#include "common/memory.h"

/* Appends words and spaces (UTF-8) so that no line passes `width` columns, unless one word alone does. The cursor stands at
 * `column`; further lines begin at `indent`. A '\n' in the text begins a line. Ends with '\n'. */
void text_wrap(Buffer *out, const char *text, int column, int indent, int width);

#endif
