#include "compare/markdown.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare/shown_text.h"

void markdown_text(Buffer *out, const char *text, size_t most) {
    Buffer shown = {0};
    shown_text(&shown, text, strlen(text), most);
    for (size_t i = 0; i < shown.size; i++) {
        char c = shown.data[i];
        if (c == '<')
            buffer_text(out, "&lt;");
        else if (c == '>')
            buffer_text(out, "&gt;");
        else if (c == '&')
            buffer_text(out, "&amp;");
        else if (c == '@')
            buffer_text(out, "@<!-- -->");
        else {
            if (strchr("\\`*_[]|#~!", c)) buffer_text(out, "\\");
            buffer_add(out, &c, 1);
        }
    }
    out->failed |= shown.failed;
    buffer_free(&shown);
}

void markdown_code(Buffer *out, const char *text, size_t size, size_t most) {
    Buffer shown = {0};
    shown_text(&shown, text, size, most);
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < shown.size; i++) {
        run = shown.data[i] == '`' ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    for (size_t i = 0; i <= longest; i++) buffer_text(out, "`");
    buffer_text(out, " ");
    buffer_add(out, shown.data ? shown.data : "", shown.size);
    buffer_text(out, " ");
    for (size_t i = 0; i <= longest; i++) buffer_text(out, "`");
    out->failed |= shown.failed;
    buffer_free(&shown);
}

void markdown_score_cell(Buffer *out, double value) {
    if (isnan(value))
        buffer_text(out, " – |");
    else
        buffer_printf(out, " %.4f |", value);
}

void markdown_measured_cell(Buffer *out, const char *text) { buffer_printf(out, " <span class=\"measured\">%s</span> |", text); }

void markdown_measured_number_cell(Buffer *out, double value, int digits) {
    char text[48] = "–";
    double smallest = pow(10, -digits);
    if (value >= smallest / 2)
        (void)snprintf(text, sizeof text, "%.*f", digits, value);
    else if (!isnan(value))
        (void)snprintf(text, sizeof text, "&lt; %.*f", digits, smallest);
    markdown_measured_cell(out, text);
}
