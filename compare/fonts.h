/* Which of the system's fonts draws which characters: the only file that knows fontconfig. */
#ifndef TWOFOLD_COMPARE_FONTS_H
#define TWOFOLD_COMPARE_FONTS_H

#include <stdbool.h>
#include <stddef.h>

enum { FONT_NAME_SIZE = 128 };

typedef struct Fonts Fonts;

/* The sans-serif fonts in order of preference, those for other scripts behind. NULL where there are none: text is then drawn as well as it can be. *failed
 * becomes true where memory was missing. */
Fonts *fonts_open(bool bold, bool *failed);
void fonts_close(Fonts *fonts); /* takes NULL */

/* How many bytes at the start of the valid UTF-8 text, at least one character, go with one font, whose family is written to `family`. *missing:
 * no font has these characters. */
size_t fonts_run(const Fonts *fonts, const char *text, size_t size, char family[FONT_NAME_SIZE], bool *missing);

void fonts_library(char out[32]); /* version of fontconfig, "2.14.1" */

#endif
