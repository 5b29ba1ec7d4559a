/* Where the spread of a score comes from that is a mean over rows, when the same rows were answered by several runs that differ in their seed alone. */
#ifndef TWOFOLD_METRICS_VARIANCE_H
#define TWOFOLD_METRICS_VARIANCE_H

#include "common/error.h"

/* Variances of the score of one run on as many rows, which add up to what it would vary by were the seed and the rows both drawn anew. */
typedef struct VarianceParts {
    double seed; /* some seeds are better than others, on any rows */
    double rows; /* some rows are harder than others, for any seed: sampling */
    double both; /* which rows a run gets right changes with its seed */
} VarianceParts;

/* values (runs, rows): what run r scored on row i; the score is their mean. Two-way crossed random effects without replication, estimated from the mean
 * squares of the analysis of variance (Searle, Casella and McCulloch 1992, ch. 4; persons × items in Brennan 2001, "Generalizability Theory"):
 *     both = MS_rest / n,  seed = (MS_runs - MS_rest) / n,  rows = (MS_rows - MS_rest) / (runs · n),
 * none of them below 0. NaN below two runs or two rows. */
MUST_CHECK bool variance_split(VarianceParts *out, const double *values, int runs, int rows, Error *err);

#endif
