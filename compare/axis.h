/* From values to places: scales with round ticks, and their drawing around a plot's panel. */
#ifndef TWOFOLD_COMPARE_AXIS_H
#define TWOFOLD_COMPARE_AXIS_H

#include <stdbool.h>

#include "compare/figure.h"

enum { AXIS_TICKS = 24 };

typedef struct Axis {
    double low, high; /* values at the ends */
    double from, to;  /* their places */
    bool log;
    int decimals; /* of the labels; unused on a logarithmic axis */
    int tick_count;
    double ticks[AXIS_TICKS];
} Axis;

/* Ticks at 1, 2 or 5 times a power of ten, about `about` of them and at least two, within low … high. Values that make no axis
 * (not finite, reversed, or not above zero on a logarithmic one) are moved to where they do. */
Axis axis_make(double low, double high, double from, double to, int about, bool log);

/* As axis_make, with the ends moved outwards to ticks. */
Axis axis_make_round(double low, double high, double from, double to, int about);

double axis_place(const Axis *axis, double value);
void axis_label(char out[32], const Axis *axis, double value);

/* How wide the widest tick label is. */
double axis_label_width(const Axis *axis, double size);

/* Grid lines, tick labels and the axis' name: below the panel left … right, top … bottom (its name at the right end), and left
 * of it (its name above, upright). The axis must have been made for these ends. */
void axis_draw_below(Figure *figure, const Axis *axis, double top, double bottom, const char *name);
void axis_draw_left(Figure *figure, const Axis *axis, double left, double right, const char *name);

/* Sizes every plot shares. */
enum { TICK_SIZE = 11, LABEL_SIZE = 12 };

#endif
