/* How sure an area under the ROC curve is (DeLong, DeLong and Clarke-Pearson 1988), without resampling.
 *
 * The AUC of a class is a mean over (row of the class, other row) pairs; V10 of a row of the class is the share of other rows
 * ranked below it, V01 of another row the share of the class's rows ranked above it, ties half, and
 *     var(AUC) = var(V10) / m + var(V01) / n      (m rows of the class, n others; variances over m - 1 and n - 1).
 * Ranks give both in O(rows · log rows) (Sun and Xu 2014). Here each row carries its share φ of the deviation, (V10 - AUC) / √(m (m-1))
 * or (V01 - AUC) / √(n (n-1)), so that var = Σφ², and the variance of any weighted sum of AUCs over the same rows, of a
 * difference of entries or a mean over classes, is Σ(Σ weight · φ)²: exactly DeLong's covariances. */
#ifndef TWOFOLD_METRICS_DELONG_H
#define TWOFOLD_METRICS_DELONG_H

#include "common/error.h"
#include "metrics/intervals.h"
#include "metrics/predictions.h"

/* Means over classes with rows in and out of them, as roc_auc_ovr_macro and roc_auc_ovr_weighted in scores.h; the weights, the
 * classes' shares of the rows, are taken as given. Not negative: that class against the rest. */
enum { DELONG_MACRO = -1, DELONG_WEIGHTED = -2 };

typedef struct DelongAuc {
    double value, standard_error;
    Interval interval; /* value ± z · standard_error, cut to [0, 1] (a difference: to [-1, 1]) */
    double log10_p;    /* of a difference: two-sided, that there is none; NaN otherwise, 0 when the two rank alike */
} DelongAuc;

/* All NaN where there is nothing to rank: no probabilities, no rows in the class or none outside. With a single row on a side its
 * variance is unknown, and value alone is a number. Of two classes both have the AUC of the second's column. */
MUST_CHECK bool delong_auc(DelongAuc *out, const Predictions *predictions, int class, double confidence, Error *err);
/* All of an entry at once: every class's (classes), and both means; each class is ranked once. */
MUST_CHECK bool delong_classes(DelongAuc *classes, DelongAuc *macro, DelongAuc *weighted, const Predictions *predictions,
                               double confidence, Error *err);
/* The AUC of a less that of b, on the same rows (else ERROR_DATA). */
MUST_CHECK bool delong_difference(DelongAuc *out, const Predictions *a, const Predictions *b, int class, double confidence,
                                  Error *err);

#endif
