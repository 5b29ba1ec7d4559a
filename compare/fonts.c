#include "compare/fonts.h"

#include <fontconfig/fontconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

enum { NO_FONT = -1 };

struct Fonts {
    FcFontSet *list;
};

Fonts *fonts_open(bool bold, bool *failed) {
    Fonts *fonts = calloc(1, sizeof *fonts);
    if (!fonts) *failed = true;
    FcPattern *wanted = FcNameParse((const FcChar8 *)(bold ? "sans-serif:bold" : "sans-serif"));
    FcResult result;
    if (fonts && wanted && FcConfigSubstitute(NULL, wanted, FcMatchPattern)) {
        FcDefaultSubstitute(wanted);
        fonts->list = FcFontSort(NULL, wanted, FcTrue, NULL, &result);
    }
    if (wanted) FcPatternDestroy(wanted);
    if (fonts && fonts->list && fonts->list->nfont) return fonts;
    fonts_close(fonts);
    return NULL;
}

void fonts_close(Fonts *fonts) {
    if (fonts && fonts->list) FcFontSetDestroy(fonts->list);
    free(fonts);
}

static bool font_has(const Fonts *fonts, int font, uint32_t c) {
    FcCharSet *characters;
    return font != NO_FONT && FcPatternGetCharSet(fonts->list->fonts[font], FC_CHARSET, 0, &characters) == FcResultMatch &&
           FcCharSetHasChar(characters, c);
}

static int font_find(const Fonts *fonts, uint32_t c) {
    for (int font = 0; font < fonts->list->nfont; font++)
        if (font_has(fonts, font, c)) return font;
    return NO_FONT;
}

/* A mark stays with its letter, whatever font that has: apart they could not be drawn as one. */
static bool is_mark(uint32_t c) { return utf8_category(c)[0] == 'M'; }

size_t fonts_run(const Fonts *fonts, const char *text, size_t size, char family[FONT_NAME_SIZE], bool *missing) {
    uint32_t c = 0;
    int length = utf8_decode(text, size, &c), font = font_find(fonts, c);
    size_t at = length > 0 ? (size_t)length : 1;
    while (at < size && (length = utf8_decode(text + at, size - at, &c)) > 0) {
        if (!is_mark(c) && font_find(fonts, c) != font) break;
        at += (size_t)length;
    }
    FcChar8 *name = NULL;
    *missing = font == NO_FONT;
    (void)FcPatternGetString(fonts->list->fonts[*missing ? 0 : font], FC_FAMILY, 0, &name);
    (void)snprintf(family, FONT_NAME_SIZE, "%s", name ? (const char *)name : "sans-serif");
    return at;
}

void fonts_library(char out[32]) {
    int version = FcGetVersion();
    (void)snprintf(out, 32, "%d.%d.%d", version / 10000, version / 100 % 100, version % 100);
}
