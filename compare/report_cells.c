/* Table cells of measured figures. */
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/report_page.h"

void page_add_time_cell(Page *page, const char *label, double seconds) {
    char text[32] = "–";
    if (!isnan(seconds)) duration_text(text, seconds);
    html_add(page->out, "<td class=\"n measured\" data-label=\"%s\">%s</td>", label, text);
}

/* What would round to 0 is shown as below the smallest that can be shown. */
void page_add_measured_cell(Page *page, const char *label, double value, int digits) {
    char text[48] = "–";
    double smallest = pow(10, -digits);
    if (value >= 1000)
        count_text(text, llround(fmin(value, 1e15)));
    else if (value >= smallest / 2)
        (void)snprintf(text, sizeof text, "%.*f", digits, value);
    else if (!isnan(value))
        (void)snprintf(text, sizeof text, "< %.*f", digits, smallest);
    html_add(page->out, "<td class=\"n measured\" data-label=\"%s\">%s</td>", label, text);
}

/* The length is a class, one of the style's 101: attributes of style would need a laxer content-security policy. */
void page_add_bar_cell(Page *page, double share, bool best) {
    if (isnan(share)) {
        buffer_text(page->out, "<td class=\"n\">–</td>");
        return;
    }
    html_add(page->out, "<td class=\"n bar v%d", (int)lround(100 * fmin(fmax(share, 0), 1)));
    html_add(page->out, best ? " best\">%.3f</td>" : "\">%.3f</td>", share);
}

int latency_digits(double ms) { return ms < 0.995 ? 3 : ms < 9.95 ? 2 : ms < 99.5 ? 1 : 0; }

int size_digits(double mb) { return mb < 9.95 ? 1 : 0; }
