/* Text in the order in which it is drawn, for programs that draw one character behind the other from left to right: the only file that knows FriBidi. */
#ifndef TWOFOLD_COMPARE_VISUAL_TEXT_H
#define TWOFOLD_COMPARE_VISUAL_TEXT_H

#include <stddef.h>

#include "common/memory.h"

/* Appends one line of valid UTF-8 with what runs from right to left turned around (the Unicode bidirectional algorithm), Arabic letters in the forms
 * that join their neighbours, and without characters that only say how others are drawn (joiners, variation selectors). */
void visual_text(Buffer *out, const char *text, size_t size);

const char *visual_text_library(void); /* version of FriBidi's headers, "1.0.8" */

#endif
