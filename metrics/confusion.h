/* Which class was taken for which: the counts every score that needs no probabilities is made of. Kept sparse, since ten thousand
 * classes have 10^8 cells and a million rows fill at most 10^6 of them. */
#ifndef TWOFOLD_METRICS_CONFUSION_H
#define TWOFOLD_METRICS_CONFUSION_H

#include <stdint.h>

#include "common/error.h"
#include "metrics/predictions.h"

#pragma GCC visibility push(default)

/* Row t holds cells starts[t] … starts[t+1], by rising predicted class; only cells that are not zero. */
typedef struct Confusion {
    int classes;
    int64_t rows;       /* sum of all counts */
    int64_t correct;    /* sum of the diagonal */
    int64_t *starts;    /* (classes + 1) */
    int32_t *predicted; /* (cells) */
    int64_t *counts;    /* (cells) */
    int64_t *support;   /* (classes) rows whose true class it is */
    int64_t *answered;  /* (classes) rows that were given this class */
} Confusion;

/* The denominators of sklearn.metrics.confusion_matrix(normalize=…). */
typedef enum ConfusionNormalize { CONFUSION_BY_TRUE, CONFUSION_BY_PREDICTED, CONFUSION_BY_ALL } ConfusionNormalize;

/* Needs truth. */
MUST_CHECK bool confusion_make(Confusion *confusion, const Predictions *predictions, Error *err);
void confusion_free(Confusion *confusion); /* takes a zeroed one */

int64_t confusion_count(const Confusion *confusion, int truth, int predicted);
/* The count over its row, its column or all rows; 0 where these are empty, as scikit-learn has it. */
double confusion_share(const Confusion *confusion, int truth, int predicted, ConfusionNormalize by);

#pragma GCC visibility pop
#endif
