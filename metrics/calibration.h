/* Does an entry that says 80 % answer 80 % of these rows rightly? Confidence is the probability of the answer given.
 * All need predictions that were checked (predictions_check), with truth, probabilities and at least one row; else ERROR_DATA. */
#ifndef TWOFOLD_METRICS_CALIBRATION_H
#define TWOFOLD_METRICS_CALIBRATION_H

#include <stdint.h>

#include "common/error.h"
#include "common/parallel.h"
#include "metrics/predictions.h"

enum { CALIBRATION_BINS = 15 };

/* Edges at i / 15, or at the percentiles of the confidences; a bin holds its upper edge and not its lower (the first one both). The
 * bins of sklearn.calibration.calibration_curve, strategies "uniform" and "quantile". Equal confidences never part, so that
 * equal-mass bins may differ in size, and be empty. */
typedef enum CalibrationBinning { BINS_EQUAL_WIDTH, BINS_EQUAL_MASS } CalibrationBinning;

typedef struct CalibrationBin {
    double low, high;
    int64_t rows;
    double confidence, accuracy; /* means over its rows; NaN when there are none */
} CalibrationBin;

typedef struct Reliability {
    CalibrationBin bins[CALIBRATION_BINS];
    double ece; /* Σ rows/n · |accuracy - confidence| (Naeini 2015, Guo 2017) */
    double mce; /* the largest |accuracy - confidence| of a bin */
} Reliability;

MUST_CHECK bool reliability_measure(Reliability *out, const Predictions *predictions, CalibrationBinning binning, Error *err);

/* The Brier score of scores.h in parts (Murphy 1973; with the rest that binning leaves, Stephenson 2008):
 *     brier = reliability - resolution + uncertainty + within
 * summed over classes, each against the rest in 15 equal-width bins of its probability p: with o the share of rows that are of the
 * class, reliability Σ n_b/n (p_b - o_b)², resolution Σ n_b/n (o_b - o)², uncertainty o (1 - o); within is what p varies inside bins
 * less twice how it varies with the outcome there, and is 0 when all p in a bin are equal. Halved for two classes. */
typedef struct BrierParts {
    double brier, reliability, resolution, uncertainty, within;
} BrierParts;

MUST_CHECK bool brier_decompose(BrierParts *out, const Predictions *predictions, Error *err);

/* The temperature T that makes the log loss of softmax(ln p / T), which is softmax(logits / T), least (Guo 2017). The loss is convex in
 * 1/T: Newton's steps on its slope, kept inside a shrinking bracket, over T from 1/100 to 100. Fit on validation rows only. A p of 0
 * counts as the smallest normal double, and nothing is clipped as the log loss of scores.h is, which has no slope there. */
typedef struct Temperature {
    double temperature;
    double loss_before, loss_after; /* mean of -ln p(truth), without clipping */
    bool at_limit;                  /* no least value inside the range: every answer right, or all alike */
} Temperature;

/* `pool` may be NULL; its size does not change a bit. */
MUST_CHECK bool temperature_fit(Temperature *out, const Predictions *predictions, Pool *pool, Error *err);
/* p becomes softmax(ln p / temperature), temperature > 0, in place. The answers stay; so does the order within a row. Truth is not
 * needed. Exactly 1 leaves every bit. */
void temperature_apply(Predictions *predictions, double temperature);

/* Accuracy when only the most confident rows are answered: point i of `count` is the smallest set of rows with confidence
 * at or above a threshold that covers at least (i + 1) / count of all rows. Equal confidences are answered together. */
typedef struct CoveragePoint {
    double coverage, accuracy, threshold;
} CoveragePoint;

MUST_CHECK bool coverage_curve(CoveragePoint *points, int count, const Predictions *predictions, Error *err);

#endif
