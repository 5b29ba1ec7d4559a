#include "metrics/log_odds.h"

#include <math.h>
#include <stdbool.h>

void log_odds_z(double *z, const int64_t *a, const int64_t *b, int words, double prior_size) {
    int64_t a_total = 0, b_total = 0;
    for (int w = 0; w < words; w++) {
        a_total += a[w];
        b_total += b[w];
    }
    double all = (double)(a_total + b_total);
    for (int w = 0; w < words; w++) {
        double prior = all > 0 ? prior_size * (double)(a[w] + b[w]) / all : 0;
        double in_a = (double)a[w] + prior, in_b = (double)b[w] + prior;
        double rest_a = (double)a_total + prior_size - in_a, rest_b = (double)b_total + prior_size - in_b;
        bool known = in_a > 0 && in_b > 0 && rest_a > 0 && rest_b > 0;
        z[w] = known ? (log(in_a / rest_a) - log(in_b / rest_b)) / sqrt(1 / in_a + 1 / in_b) : (double)NAN;
    }
}
