/* One pass over dense rows for several outputs side by side: their scores, what the caller makes of these, and what that comes to over all rows. Every x_i ends with a
 * 1 for the bias. Products by BLAS in double, on blocks of rows that are widened in the cache; blocks are shared out to a fixed number of lanes, whose sums
 * are added in order, so that the bytes are the same for any number of threads. */
#ifndef TWOFOLD_CLASSIFIERS_DENSE_PASS_H
#define TWOFOLD_CLASSIFIERS_DENSE_PASS_H

#include "common/error.h"
#include "common/parallel.h"
#include "features/features.h"

enum { DENSE_BLOCK = 256 }; /* rows */

typedef struct DensePass {
    const FeatureView *view;
    Pool *pool;
    int channels; /* C */
    int outputs;  /* K of a pass, at most */
    int lanes;
    double *rows;        /* (threads, DENSE_BLOCK, C + 1) */
    double *scores;      /* (threads, DENSE_BLOCK, K) */
    double *lane_sums;   /* (lanes, C + 1, K) */
    double *lane_values; /* (lanes, K) */
} DensePass;

/* Borrows the view, which is dense. */
MUST_CHECK bool dense_pass_make(DensePass *pass, const FeatureView *view, int outputs, Pool *pool, Error *err);
void dense_pass_free(DensePass *pass); /* takes a zeroed one */

/* scores (count, K), of the view's places from `first` on, become the factors r_i of these rows; `values` (K) grow by whatever else is summed.
 * Called from several threads, for different rows. */
typedef void (*DenseTurn)(void *context, double *scores, int first, int count, double *values);

/* sums (C + 1, K) = Σ x_i r_iᵀ where r_i = turn(w ᵀx_i); w (C + 1, K), the bias last; values (K). K is at most that of the pass. */
void dense_pass_run(DensePass *pass, int outputs, const double *w, DenseTurn turn, void *context, double *sums, double *values);

/* Places first … of the view as (count, C + 1) in double. */
void dense_rows_widen(const FeatureView *view, int first, int count, double *out);

#endif
