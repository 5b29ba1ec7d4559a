#include "compare/visual_text.h"

#include <fribidi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/utf8.h"

enum { LONGEST = 1 << 16 }; /* of longer ones, which no figure has room for, the rest is left out */

static bool is_ignorable(uint32_t c) {
    return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) || c == FRIBIDI_CHAR_FILL || (c >= 0xe0000 && c <= 0xe0fff);
}

static FriBidiStrIndex decode(FriBidiChar *out, const char *text, size_t size) {
    FriBidiStrIndex count = 0;
    for (size_t at = 0; at < size && count < LONGEST; count++) {
        uint32_t c = 0xfffd;
        int length = utf8_decode(text + at, size - at, &c);
        out[count] = length ? c : 0xfffd;
        at += length ? (size_t)length : 1;
    }
    return count;
}

void visual_text(Buffer *out, const char *text, size_t size) {
    size_t most = size < LONGEST ? size : LONGEST;
    FriBidiChar *logical = calloc(most + 1, sizeof *logical), *visual = calloc(most + 1, sizeof *visual);
    FriBidiParType direction = FRIBIDI_PAR_ON;
    out->failed |= !logical || !visual;
    if (!out->failed) {
        FriBidiStrIndex count = decode(logical, text, size);
        bool turned = fribidi_log2vis(logical, count, &direction, visual, NULL, NULL, NULL) != 0;
        for (FriBidiStrIndex i = 0; i < count; i++) {
            uint32_t c = turned ? visual[i] : logical[i];
            char bytes[4];
            if (!is_ignorable(c)) buffer_add(out, bytes, (size_t)utf8_encode(c, bytes));
        }
    }
    free(logical);
    free(visual);
}

const char *visual_text_library(void) { return FRIBIDI_VERSION; }
