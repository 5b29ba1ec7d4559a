/* Two entries in a row: the first answers the rows it is sure of, those whose confidence (the probability of its answer) is at least a
 * threshold; the others are passed on to the second, whose answer then counts. */
#ifndef TWOFOLD_METRICS_CASCADE_H
#define TWOFOLD_METRICS_CASCADE_H

#include <stdint.h>

#include "common/error.h"
#include "metrics/predictions.h"

typedef struct CascadePoint {
    double threshold; /* 0: nothing is passed on; CASCADE_NEVER_SURE: everything is */
    int64_t rows, passed, right;
} CascadePoint;

#define CASCADE_NEVER_SURE 2.0 /* above every probability */

/* All three need two checked Predictions on the same rows (predictions_same_rows), at least one, and probabilities of the first; else
 * ERROR_DATA. Equally sure rows are answered, or passed on, together. */
MUST_CHECK bool cascade_at(CascadePoint *out, double threshold, const Predictions *first, const Predictions *second, Error *err);

/* Points 0 … count: the fewest rows that can be passed on and are at least i / count of all. */
MUST_CHECK bool cascade_curve(CascadePoint *points, int count, const Predictions *first, const Predictions *second, Error *err);

/* The fewest rows passed on with which at least as many are answered rightly as by the second alone, less `loss` (0 … 1) of all rows. The
 * threshold is the confidence of the least sure row that the first answers. It exists: to pass on everything loses nothing. */
MUST_CHECK bool cascade_choose(CascadePoint *out, double loss, const Predictions *first, const Predictions *second, Error *err);

/* The cascade's own answers, with probabilities when both have them. Truth may be absent here. Released with predictions_free. */
MUST_CHECK bool cascade_join(Predictions *out, double threshold, const Predictions *first, const Predictions *second, Error *err);

#endif
