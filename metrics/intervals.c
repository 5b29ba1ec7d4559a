#include "metrics/intervals.h"

#include <math.h>

double normal_below(double z) { return 0.5 * erfc(-z * sqrt(0.5)); }

/* For p < 1/2, so that erfc keeps its relative precision in the tail. Halley's steps on the normal distribution function; the
 * start is Abramowitz and Stegun 26.2.22 (off by less than 0.003), from which three steps reach the last bits. */
static double lower_quantile(double p) {
    double t = sqrt(-2 * log(p));
    double z = (2.30753 + 0.27061 * t) / (1 + t * (0.99229 + 0.04481 * t)) - t;
    for (int step = 0; step < 4; step++) {
        double below = normal_below(z);
        double density = exp(-0.5 * z * z) / sqrt(2 * acos(-1));
        double newton = (below - p) / density;
        z -= newton / (1 + 0.5 * z * newton);
    }
    return z;
}

double normal_quantile(double p) {
    if (!(p >= 0 && p <= 1)) return nan("");
    if (p == 0) return -HUGE_VAL;
    if (p == 1) return HUGE_VAL;
    if (p == 0.5) return 0;
    return p < 0.5 ? lower_quantile(p) : -lower_quantile(1 - p);
}

Interval wilson_interval(int64_t hits, int64_t n, double confidence) {
    if (n <= 0) return (Interval){nan(""), nan("")};
    double z = -normal_quantile((1 - confidence) / 2);
    double share = (double)hits / (double)n, z2n = z * z / (double)n;
    double centre = (share + z2n / 2) / (1 + z2n);
    double half = z * sqrt(share * (1 - share) / (double)n + z2n / (double)n / 4) / (1 + z2n);
    /* At the ends the bound is exactly 0 or 1; rounding would leave it a hair inside or outside. */
    return (Interval){hits == 0 ? 0 : fmax(0, centre - half), hits == n ? 1 : fmin(1, centre + half)};
}

Interval f1_interval(int64_t hits, int64_t support, int64_t answered, double confidence) {
    Interval shared = wilson_interval(hits, support + answered - hits, confidence);
    return (Interval){2 * shared.low / (1 + shared.low), 2 * shared.high / (1 + shared.high)};
}
