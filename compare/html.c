#include "compare/html.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "compare/shown_text.h"

static void add_escaped(Buffer *out, const char *text, size_t size, size_t most) {
    Buffer shown = {0};
    shown_text(&shown, text, size, most);
    escape_html(out, shown.data, shown.size);
    out->failed |= shown.failed;
    buffer_free(&shown);
}

static void add_number(Buffer *out, double value, int digits) {
    if (isnan(value))
        buffer_text(out, "–");
    else
        buffer_printf(out, "%.*f", digits, value);
}

static int read_precision(const char **at) {
    int precision = 0;
    if (**at != '.') return -1;
    for ((*at)++; **at >= '0' && **at <= '9'; (*at)++) precision = 10 * precision + (**at - '0');
    return precision;
}

void html_add(Buffer *out, const char *format, ...) {
    va_list values;
    va_start(values, format);
    for (const char *at = format; *at;) {
        size_t plain = strcspn(at, "%");
        buffer_add(out, at, plain);
        at += plain;
        if (!*at) break;
        at++;
        int precision = read_precision(&at);
        if (*at == 's') {
            const char *text = va_arg(values, const char *);
            add_escaped(out, text, strlen(text), precision < 0 ? SIZE_MAX : (size_t)precision);
        } else if (*at == 'd') {
            buffer_printf(out, "%d", va_arg(values, int));
        } else if (*at == 'f') {
            add_number(out, va_arg(values, double), precision);
        } else if (strncmp(at, "lld", 3) == 0) {
            buffer_printf(out, "%lld", va_arg(values, long long));
            at += 2;
        } else {
            assert(*at == '%');
            buffer_text(out, "%");
        }
        at++;
    }
    va_end(values);
}

void html_text(Buffer *out, const char *text, size_t size, size_t most) {
    buffer_text(out, "<bdi>");
    add_escaped(out, text, size, most);
    buffer_text(out, "</bdi>");
}

/* What scrolls can be reached by keyboard, and then must have a name. A group and no region: regions are landmarks, of which a page should have
 * few, each with a name of its own. */
void html_begin_table(Buffer *out, const char *classes, const char *csv, const char *caption) {
    html_add(out, "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"%.80s\"><table class=\"%s\">\n", caption,
             classes);
    html_add(out, "<caption>%s <a href=\"./%s\">%s</a></caption>\n", caption, csv, csv);
}

void html_end_table(Buffer *out) { buffer_text(out, "</tbody></table></div>\n"); }
