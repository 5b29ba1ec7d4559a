/* Names beside marks, without one covering another. */
#ifndef TWOFOLD_COMPARE_PLOT_LABELS_H
#define TWOFOLD_COMPARE_PLOT_LABELS_H

#include "compare/figure.h"

/* Moves the places (count) as little as needed so that sorted neighbours are at least `gap` apart and all lie within low …
 * high while that is possible; `order` (count) receives the indices by rising place. Least squares, by joining neighbours that
 * collide (isotonic regression). */
void labels_spread(double *places, int *order, int count, double gap, double low, double high);

typedef struct Box {
    double x, y, width, height;
} Box;

double box_overlap(Box a, Box b); /* their common area */

#endif
