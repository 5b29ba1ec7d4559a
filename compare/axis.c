#include "compare/axis.h"

#include <math.h>
#include <stdio.h>

#include "common/clock.h"

static double round_step(double span, int about) {
    double step = pow(10, floor(log10(span / about)));
    double ratio = span / about / step;
    return step * (ratio > 5 ? 10 : ratio > 2 ? 5 : ratio > 1 ? 2 : 1);
}

/* Decimals that tell multiples of the step apart. */
static int step_decimals(double step) {
    int decimals = (int)ceil(-log10(step) - 1e-9);
    return decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
}

static void linear_ticks(Axis *axis, int about) {
    double span = axis->high - axis->low;
    double step = round_step(span, about);
    /* A coarse step may leave a single tick, from which no distance can be read. */
    for (int more = about; floor(axis->high / step + 1e-9) - ceil(axis->low / step - 1e-9) < 1 && more < 8 * about; more *= 2)
        step = round_step(span, more);
    axis->decimals = step_decimals(step);
    double first = ceil(axis->low / step - 1e-9), last = floor(axis->high / step + 1e-9);
    for (double i = first; i <= last && axis->tick_count < AXIS_TICKS; i++) axis->ticks[axis->tick_count++] = i * step;
}

static void log_ticks(Axis *axis, int about) {
    double decades = log10(axis->high / axis->low);
    int every = (int)ceil(decades / about);
    bool between = decades < about / 2.0;
    static const double FACTORS[] = {1, 2, 5};
    for (double power = floor(log10(axis->low)); power <= ceil(log10(axis->high)); power += between ? 1 : every)
        for (int i = 0; i < (between ? 3 : 1); i++) {
            double tick = FACTORS[i] * pow(10, power);
            if (tick >= axis->low * (1 - 1e-9) && tick <= axis->high * (1 + 1e-9) && axis->tick_count < AXIS_TICKS)
                axis->ticks[axis->tick_count++] = tick;
        }
    if (axis->tick_count > 1) return;
    /* Too narrow for 1, 2 and 5: there, round steps are even enough. */
    axis->tick_count = 0;
    linear_ticks(axis, about);
}

Axis axis_make(double low, double high, double from, double to, int about, bool log) {
    if (!isfinite(low) || (log && low <= 0)) low = log ? 1 : 0;
    if (!isfinite(high) || high < low) high = low;
    double least = log ? low * 1e-3 : fmax(fabs(low), fabs(high)) * 1e-9;
    if (!(high - low > least)) {
        double room = log ? 0 : low == 0 ? 1 : fabs(low) * 0.1;
        low = log ? low / 2 : low - room;
        high = log ? high * 2 : high + room;
    }
    Axis axis = {.low = low, .high = high, .from = from, .to = to, .log = log};
    if (log)
        log_ticks(&axis, about);
    else
        linear_ticks(&axis, about);
    return axis;
}

Axis axis_make_round(double low, double high, double from, double to, int about) {
    Axis axis = axis_make(low, high, from, to, about, false);
    double step = round_step(axis.high - axis.low, about);
    return axis_make(floor(axis.low / step + 1e-9) * step, ceil(axis.high / step - 1e-9) * step, from, to, about, false);
}

double axis_place(const Axis *axis, double value) {
    double share = axis->log ? log(fmax(value, axis->low * 1e-3) / axis->low) / log(axis->high / axis->low)
                             : (value - axis->low) / (axis->high - axis->low);
    return axis->from + share * (axis->to - axis->from);
}

void axis_label(char out[32], const Axis *axis, double value) {
    double size = fabs(value);
    if (size >= 1e9 || (size > 0 && size < 1e-4))
        snprintf(out, 32, "%.3g", value);
    else if (axis->log ? size >= 1 : axis->decimals == 0)
        count_text(out, llround(value));
    else if (axis->log)
        snprintf(out, 32, "%g", value);
    else
        snprintf(out, 32, "%.*f", axis->decimals, size < pow(10, -axis->decimals) / 2 ? 0 : value);
}

double axis_label_width(const Axis *axis, double size) {
    double widest = 0;
    for (int i = 0; i < axis->tick_count; i++) {
        char label[32];
        axis_label(label, axis, axis->ticks[i]);
        widest = fmax(widest, text_width(label, size, false));
    }
    return widest;
}

void axis_draw_below(Figure *figure, const Axis *axis, double top, double bottom, const char *name) {
    double free_from = -HUGE_VAL;
    for (int i = 0; i < axis->tick_count; i++) {
        double x = axis_place(axis, axis->ticks[i]);
        figure_line(figure, x, top, x, bottom, (Stroke){INK_GRID, 1, 0, 0});
        char label[32];
        axis_label(label, axis, axis->ticks[i]);
        double half = text_width(label, TICK_SIZE, false) / 2;
        double middle = fmin(fmax(x, half), figure->width - half);
        if (middle - half < free_from) continue;
        figure_text(figure, middle, bottom + 16, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED, .anchor = ANCHOR_MIDDLE},
                    label);
        free_from = middle + half + 8;
    }
    if (name)
        figure_text(figure, axis->to, bottom + 34, (TextStyle){.size = LABEL_SIZE, .ink = INK_MUTED, .anchor = ANCHOR_END}, name);
}

void axis_draw_left(Figure *figure, const Axis *axis, double left, double right, const char *name) {
    for (int i = 0; i < axis->tick_count; i++) {
        double y = axis_place(axis, axis->ticks[i]);
        figure_line(figure, left, y, right, y, (Stroke){INK_GRID, 1, 0, 0});
        char label[32];
        axis_label(label, axis, axis->ticks[i]);
        figure_text(figure, left - 7, y + 4, (TextStyle){.size = TICK_SIZE, .ink = INK_MUTED, .anchor = ANCHOR_END}, label);
    }
    if (name) figure_text(figure, 0, LABEL_SIZE, (TextStyle){.size = LABEL_SIZE, .ink = INK_MUTED}, name);
}
