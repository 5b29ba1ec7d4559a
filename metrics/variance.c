#include "metrics/variance.h"

#include <math.h>

#include "common/memory.h"

/* Means of every run; returns that of all. */
static double means_find(double *means, const double *values, int runs, int rows) {
    double sum = 0;
    for (int r = 0; r < runs; r++) {
        for (int i = 0; i < rows; i++) means[r] += values[(size_t)r * (size_t)rows + (size_t)i];
        means[r] /= rows;
        sum += means[r];
    }
    return sum / runs;
}

bool variance_split(VarianceParts *out, const double *values, int runs, int rows, Error *err) {
    *out = (VarianceParts){nan(""), nan(""), nan("")};
    if (runs < 2 || rows < 2) return true;
    double *means = mem_new((size_t)runs, sizeof *means, err);
    if (!means) return false;
    double all = means_find(means, values, runs, rows), n = rows, k = runs, by_runs = 0, by_rows = 0, rest = 0;
    for (int r = 0; r < runs; r++) by_runs += n * (means[r] - all) * (means[r] - all);
    for (int i = 0; i < rows; i++) {
        double row = 0;
        for (int r = 0; r < runs; r++) row += values[(size_t)r * (size_t)rows + (size_t)i] / k;
        by_rows += k * (row - all) * (row - all);
        for (int r = 0; r < runs; r++) {
            double left = values[(size_t)r * (size_t)rows + (size_t)i] - means[r] - row + all;
            rest += left * left;
        }
    }
    mem_free(means);
    by_runs /= k - 1;
    by_rows /= n - 1;
    rest /= (k - 1) * (n - 1);
    *out = (VarianceParts){.seed = fmax(0, by_runs - rest) / n, .rows = fmax(0, by_rows - rest) / (k * n), .both = rest / n};
    return true;
}
