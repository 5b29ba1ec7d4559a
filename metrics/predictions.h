/* What an entry answered on some rows: the one place where the paths meet. Whoever can fill this struct, a linear model, a
 * fine-tuned encoder or another system's file, takes part in the comparison. */
#ifndef TWOFOLD_METRICS_PREDICTIONS_H
#define TWOFOLD_METRICS_PREDICTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

#pragma GCC visibility push(default)

typedef struct Predictions {
    int rows;
    int classes;
    int32_t *truth;        /* (rows) class ids 0 … classes-1, or NULL when the rows carry no labels */
    int32_t *predicted;    /* (rows) class ids 0 … classes-1 */
    double *probabilities; /* (rows, classes) row-major, each row sums to 1; NULL for an entry without (an SVM) */
} Predictions;

/* Makes room for `rows` answers, all zero; `truth` (may be NULL) is copied. The arrays belong to the struct. */
MUST_CHECK bool predictions_make(Predictions *predictions, int rows, int classes, const int32_t *truth, bool with_probabilities,
                                 Error *err);
void predictions_free(Predictions *predictions); /* takes a zeroed one, and leaves a zeroed one */

/* The answer for one row from its logits (classes): softmax in double, and the class of the highest logit. */
void predictions_put_logits(Predictions *predictions, int row, const double *logits);

/* predicted = the most probable class of every row. Needs probabilities. */
void predictions_choose(Predictions *predictions);

/* Every class id is in range, every probability a number in [0, 1], every row of them sums to 1 within 1e-6 (float32 softmax
 * over thousands of classes is that far off); else ERROR_DATA with the row (counted from 0). What is scored was checked. */
MUST_CHECK bool predictions_check(const Predictions *predictions, Error *err);

/* Both carry truth, the same for as many rows and classes: their answers can be compared row by row. */
bool predictions_same_rows(const Predictions *a, const Predictions *b);

/* The index of the highest value, the lowest index among equals, as numpy.argmax; count must be at least 1. */
int argmax(const double *values, int count);

#pragma GCC visibility pop
#endif
