#include "compare/shown_text.h"

#include <stdbool.h>
#include <stdint.h>

#include "common/utf8.h"

/* Joiners (U+200C, U+200D) stay: Persian and emoji need them. */
static bool is_hidden(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e || c == 0x200b || c == 0x200e ||
           c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

static void add_code_point(Buffer *out, uint32_t c, const char *bytes, int length) {
    if (c == '\t')
        buffer_text(out, " ");
    else if (c == '\n')
        buffer_text(out, " ↵ ");
    else if (is_hidden(c))
        buffer_printf(out, "⟨U+%04X⟩", (unsigned)c);
    else
        buffer_add(out, bytes, (size_t)length);
}

void shown_text(Buffer *out, const char *text, size_t size, size_t most) {
    size_t at = 0;
    for (size_t shown = 0; at < size && shown < most; shown++) {
        uint32_t c;
        int length = utf8_decode(text + at, size - at, &c);
        if (length) {
            bool pair = c == '\r' && at + 1 < size && text[at + 1] == '\n';
            if (!pair) add_code_point(out, c, text + at, length);
        } else {
            buffer_text(out, "\xEF\xBF\xBD");
            length = 1;
        }
        at += (size_t)length;
    }
    if (at < size) buffer_text(out, "…");
}
