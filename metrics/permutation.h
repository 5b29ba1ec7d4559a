/* Is the difference between two entries more than chance, for any score? Were the two alike, it would not matter which of them gave
 * which of the two answers to a row: their answers are swapped, row by row by a fair coin, and the difference is taken anew (Fisher's
 * paired randomisation; Yeh 2000 for F1). For accuracy alone McNemar's exact test says the same without chance. */
#ifndef TWOFOLD_METRICS_PERMUTATION_H
#define TWOFOLD_METRICS_PERMUTATION_H

#include <stdint.h>

#include "common/error.h"
#include "common/parallel.h"
#include "metrics/predictions.h"
#include "metrics/tally.h"

/* p[score]: two-sided, (1 + permutations whose difference is at least as large) / (1 + permutations), which is never 0 (Phipson
 * and Smyth 2010); 1 when the two never differ; NaN where an entry has no such score. Rounding aside equal differences count
 * as at least as large, as in scipy.stats.permutation_test. The coins of permutation i are those of (seed, STREAM_PERMUTATION, i),
 * the same for any number of threads. The two must stand on the same rows, at least one, else ERROR_DATA. */
MUST_CHECK bool permutation_test(double p[CORE_COUNT], const Predictions *a, const Predictions *b, int permutations,
                                 uint64_t seed, Pool *pool, Error *err);

#endif
