/* Text of users as a page may show it: what would be invisible or would turn its neighbours around gets a visible name, and what is long is cut. */
#ifndef TWOFOLD_COMPARE_SHOWN_TEXT_H
#define TWOFOLD_COMPARE_SHOWN_TEXT_H

#include <stddef.h>

#include "common/memory.h"

/* Appends at most `most` code points of the text, and "…" where it was cut. A line end is shown as ↵, a tab as a space; other control characters,
 * marks of writing direction, zero-width and unassignable code points as ⟨U+202E⟩; invalid bytes as U+FFFD. Not escaped for any format. */
void shown_text(Buffer *out, const char *text, size_t size, size_t most);

#endif
