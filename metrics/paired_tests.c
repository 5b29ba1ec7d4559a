#include "metrics/paired_tests.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/intervals.h"

bool paired_count(PairedCounts *counts, const Predictions *a, const Predictions *b, Error *err) {
    *counts = (PairedCounts){0};
    if (!a->truth || !b->truth) return FAIL(err, ERROR_DATA, "answers can only be paired on rows with labels");
    if (a->rows != b->rows)
        return FAIL(err, ERROR_DATA, "answers to %d rows cannot be paired with answers to %d", a->rows, b->rows);
    for (int row = 0; row < a->rows; row++) {
        if (a->truth[row] != b->truth[row])
            return FAIL(err, ERROR_DATA, "row %d: true class %d in one entry, %d in the other: these are not the same rows", row,
                        (int)a->truth[row], (int)b->truth[row]);
        bool a_right = a->predicted[row] == a->truth[row], b_right = b->predicted[row] == b->truth[row];
        int64_t *cell = a_right ? (b_right ? &counts->both : &counts->only_a) : (b_right ? &counts->only_b : &counts->neither);
        (*cell)++;
    }
    return true;
}

/* ln(n!) - ln(√(2πn) (n/e)^n): what Stirling's formula leaves (Loader 2000, "Fast and Accurate Computation of Binomial
 * Probabilities"). The series is good to the last bit from 16 on. */
static double stirling_rest(double n) {
    if (n < 16) return lgamma(n + 1) - (n + 0.5) * log(n) + n - 0.5 * log(2 * acos(-1));
    double n2 = n * n;
    return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / n2) / n2) / n2) / n2) / n;
}

/* n/2 · ((1-d) ln(1-d) + (1+d) ln(1+d)), the deviance of a split that is off the middle by the share d. Near the middle
 * the logarithms cancel and their series n/2 · Σ d^2j / (j (2j-1)) does not. */
static double half_deviance(double n, double d) {
    if (d > 0.1) return n / 2 * ((1 - d) * log1p(-d) + (1 + d) * log1p(d));
    double sum = 0, power = 1;
    for (int j = 1; j <= 9; j++) {
        power *= d * d;
        sum += power / (j * (2.0 * j - 1));
    }
    return n / 2 * sum;
}

/* ln of the probability of k heads in n tosses of a fair coin, k <= n/2. */
static double log_coin(double k, double n) {
    if (k == 0) return -n * log(2);
    double rest = stirling_rest(n) - stirling_rest(k) - stirling_rest(n - k);
    return rest - half_deviance(n, (n - 2 * k) / n) + 0.5 * log(n / (2 * acos(-1) * k * (n - k)));
}

/* P(X <= k) / P(X = k), k <= n/2: the terms fall at least as fast as those of the middle, in O(√n) steps. */
static double tail_over_point(double k, double n) {
    double sum = 1, term = 1;
    for (double i = k; i > 0 && term > sum * DBL_EPSILON / 16; i--) {
        term *= i / (n - i + 1);
        sum += term;
    }
    return sum;
}

McNemar mcnemar_exact(int64_t only_a, int64_t only_b) {
    if (only_a == only_b) {
        /* The most even split there is. Of its own probability the mid-p leaves out half; with no row at all there is none to
         * leave. */
        double half = only_a ? exp(log_coin((double)only_a, 2 * (double)only_a)) / 2 : 0;
        return (McNemar){.p = 1, .log10_p = 0, .mid_p = 1 - half, .log10_mid_p = log1p(-half) / log(10)};
    }
    double n = (double)only_a + (double)only_b, k = (double)(only_a < only_b ? only_a : only_b);
    double point = log_coin(k, n), tail = tail_over_point(k, n);
    double log_p = fmin(0, point + log(2 * tail)), log_mid_p = point + log(2 * tail - 1);
    return (McNemar){.p = exp(log_p), .log10_p = log_p / log(10), .mid_p = exp(log_mid_p), .log10_mid_p = log_mid_p / log(10)};
}

double mcnemar_rows_needed(int64_t only_a, int64_t only_b, int64_t rows, double alpha, double power) {
    if (rows <= 0) return nan("");
    double share = (double)(only_a + only_b) / (double)rows, difference = (double)(only_a - only_b) / (double)rows;
    if (difference == 0) return HUGE_VAL;
    double by_chance = -normal_quantile(alpha / 2) * sqrt(share);
    double by_power = normal_quantile(power) * sqrt(share - difference * difference);
    double root = (by_chance + by_power) / difference;
    return ceil(root * root);
}

void p_value_text(char out[32], double log10_p) {
    if (isnan(log10_p)) {
        (void)snprintf(out, 32, "p unknown");
        return;
    }
    if (log10_p < -99) {
        (void)snprintf(out, 32, "p < 1e-99");
        return;
    }
    double p = pow(10, log10_p);
    if (p >= 0.001) {
        snprintf(out, 32, "p = %.*f", p >= 0.1 ? 2 : p >= 0.01 ? 3 : 4, p);
        return;
    }
    /* Written out, since printf pads the exponent to two digits. */
    char digits[16];
    snprintf(digits, sizeof digits, "%.0e", p);
    snprintf(out, 32, "p = %ce%d", digits[0], (int)strtol(strchr(digits, 'e') + 1, NULL, 10));
}
