/* How sure a score is, and a difference between two: the rows are drawn again, with replacement, and every entry is scored on
 * the same draws (Efron 1979), so that what is common to two entries falls out of their difference.
 *
 * Resample b draws as random_below(random_start(seed, STREAM_BOOTSTRAP, b), rows) does, `rows` times: the same rows for any
 * set of entries and any number of threads, and so the same bytes. It costs one pass over the rows for the draws and, for all
 * entries together, one over the distinct (truth, answers) combinations; only log loss and Brier need a product with each row. */
#ifndef TWOFOLD_METRICS_BOOTSTRAP_H
#define TWOFOLD_METRICS_BOOTSTRAP_H

#include <stdint.h>

#include "common/error.h"
#include "common/parallel.h"
#include "metrics/intervals.h"
#include "metrics/predictions.h"
#include "metrics/tally.h"

enum { BOOTSTRAP_RESAMPLES = 10000 };

typedef struct Bootstrap Bootstrap;

/* Scores all `count` entries on all resamples. They must be checked (predictions_check) and stand on the same rows with the
 * same truth and classes, else ERROR_DATA. Nothing is borrowed. `pool` may be NULL. */
MUST_CHECK Bootstrap *bootstrap_new(const Predictions *const *entries, int count, int resamples, uint64_t seed, Pool *pool,
                                    Error *err);
void bootstrap_free(Bootstrap *bootstrap); /* takes NULL */

/* BCa (Efron 1987, "Better bootstrap confidence intervals"): the percentiles are moved for bias, z0 = Φ⁻¹(share of resamples
 * below the value, ties half), and for a spread that changes with the value, a = Σd³ / (6 (Σd²)^3/2) with d the jackknife's
 * deviations: Φ(z0 + (z0 + z) / (1 - a (z0 + z))) for z = Φ⁻¹(α/2) and Φ⁻¹(1 - α/2). Percentiles interpolate as
 * numpy.percentile. scipy.stats.bootstrap has the same definitions. Where SciPy gives NaN: when no resample differs from the value,
 * both ends are the value; when all lie on one side of it, half a resample is taken to lie on the other. */
typedef enum BootstrapMethod { BOOTSTRAP_BCA, BOOTSTRAP_PERCENTILE } BootstrapMethod;

typedef struct BootstrapEstimate {
    double value; /* on the rows themselves */
    double standard_error;
    Interval interval;
    int resamples; /* those that have the score: kappa has none where all rows and answers are of one class */
} BootstrapEstimate;

/* All NaN, and resamples 0, where an entry has no probabilities and the score needs them, or the rows do not have the score.
 * May be called from several threads at once. */
MUST_CHECK bool bootstrap_score(BootstrapEstimate *out, const Bootstrap *bootstrap, CoreScore score, int entry,
                                BootstrapMethod method, double confidence, Error *err);
/* The score of `first` less that of `second`, on the same resamples. */
MUST_CHECK bool bootstrap_difference(BootstrapEstimate *out, const Bootstrap *bootstrap, CoreScore score, int first, int second,
                                     BootstrapMethod method, double confidence, Error *err);

/* (resamples) what the entry scored on each; NULL when it has no such score. */
const double *bootstrap_replicates(const Bootstrap *bootstrap, CoreScore score, int entry);

#endif
