/* How sure a measured proportion is. */
#ifndef TWOFOLD_METRICS_INTERVALS_H
#define TWOFOLD_METRICS_INTERVALS_H

#include <stdint.h>

#pragma GCC visibility push(default)

typedef struct Interval {
    double low, high;
} Interval;

/* Wilson's score interval (1927), without continuity correction, for a proportion of which hits of n were seen; confidence in
 * (0, 1), say 0.95. Stays within [0, 1] and keeps its coverage near 0 and 1, where the textbook's does not. NaN for n = 0. */
Interval wilson_interval(int64_t hits, int64_t n, double confidence);

/* F1 of one class, 2 · hits / (support + answered), is no proportion, but hits / (support + answered - hits) is: of the rows that are of the
 * class or were given it, those that are both. F1 = 2J / (1 + J) rises with it, so Wilson's interval of J gives F1's ("Wilson indirect" in Lam,
 * Gopal and Qian 2023, "Confidence Intervals for the F1 Score"). NaN for a class in neither truth nor answers. */
Interval f1_interval(int64_t hits, int64_t support, int64_t answered, double confidence);

/* z such that a standard normal is below z with probability p in (0, 1); ±infinity at the ends, NaN outside. */
double normal_quantile(double p);
/* Its inverse: how often a standard normal is below z. */
double normal_below(double z);

#pragma GCC visibility pop
#endif
