/* Is the difference between two entries on the same rows more than chance? */
#ifndef TWOFOLD_METRICS_PAIRED_TESTS_H
#define TWOFOLD_METRICS_PAIRED_TESTS_H

#include <stdint.h>

#include "metrics/predictions.h"

#pragma GCC visibility push(default)

/* How many rows both, one or none answered rightly. */
typedef struct PairedCounts {
    int64_t both, only_a, only_b, neither;
} PairedCounts;

/* The two must stand on the same rows with truth; else ERROR_DATA. */
MUST_CHECK bool paired_count(PairedCounts *counts, const Predictions *a, const Predictions *b, Error *err);

/* McNemar's test on the rows where exactly one of the two is right: were each of these decided by a fair coin, how often
 * would the split be as uneven as this, or more? Two-sided, by the binomial distribution itself, at any size. */
typedef struct McNemar {
    double p;       /* exact; 0 when below the smallest double: print from log10_p */
    double log10_p; /* of p, finite for all counts below 2^52 */
    double mid_p;   /* p less half the probability of the very split that was seen (Lancaster 1961): less conservative */
    double log10_mid_p;
} McNemar;

/* No row where they differ: all p are 1. Counts must not be negative. */
McNemar mcnemar_exact(int64_t only_a, int64_t only_b);

/* How many rows would show, with chance `power` (0.8 is usual), a difference like the one seen on `rows` rows to a two-sided
 * McNemar test at level alpha: (z(1 - α/2) √ψ + z(power) √(ψ - d²))² / d², rounded up, with ψ the share of rows where exactly
 * one is right and d the difference in accuracy (Connor 1987, "Sample size for testing differences in proportions for the
 * paired-sample design"). Infinite when there is no difference; NaN without rows. */
double mcnemar_rows_needed(int64_t only_a, int64_t only_b, int64_t rows, double alpha, double power);

/* "p = 0.63", "p = 0.012", "p = 3e-9", "p < 1e-99": two significant digits from 0.001 up, one below. */
void p_value_text(char out[32], double log10_p);

#pragma GCC visibility pop
#endif
