#include "common/wrap.h"

#include <string.h>

#include "common/utf8.h"

void text_wrap(Buffer *out, const char *text, int column, int indent, int width) {
    bool at_start = true;
    while (*text) {
        size_t size = strcspn(text, " \n");
        int columns = utf8_width(text, size);
        if (!at_start && column + 1 + columns > width) {
            buffer_printf(out, "\n%*s", indent, "");
            column = indent;
            at_start = true;
        }
        if (!at_start) buffer_text(out, " ");
        buffer_add(out, text, size);
        column += columns + !at_start;
        at_start = false;
        text += size;
        text += strspn(text, " ");
        if (*text != '\n') continue;
        buffer_printf(out, "\n%*s", *++text ? indent : 0, "");
        column = indent;
        at_start = true;
    }
    buffer_text(out, "\n");
}
