/* How far a linear model on dense features may go along each direction: (I + s XᵀX)⁻¹, where s is the curvature of a row's loss, about, and every row of X ends with
 * a 1 for the bias. An encoder's features spread a hundred times as far along some directions, which mix them, as along others; measured by this, a loss over them is
 * nearly round, and conjugate gradients and L-BFGS end in some twenty passes over the rows instead of hundreds. It shortens the way and moves no optimum. */
#ifndef TWOFOLD_CLASSIFIERS_PRECONDITIONER_H
#define TWOFOLD_CLASSIFIERS_PRECONDITIONER_H

#include "common/error.h"
#include "common/parallel.h"
#include "features/features.h"

enum {
    PRECONDITIONER_MOST = 4096, /* channels: each rung takes half their square in double */
    PRECONDITIONER_RUNGS = 64
};

/* s is rounded to a power of 4, a rung, so that classes and steps share what was factored. */
typedef struct Preconditioner {
    int size;                              /* C + 1 */
    double *squares;                       /* XᵀX, rows of its lower triangle end to end */
    double *factors[PRECONDITIONER_RUNGS]; /* Cholesky's, the same way; NULL until wanted */
} Preconditioner;

/* Of a dense view with at most PRECONDITIONER_MOST channels. The sum runs over at most 16,384 rows, spread evenly. */
MUST_CHECK bool preconditioner_make(Preconditioner *preconditioner, const FeatureView *view, Pool *pool, Error *err);
void preconditioner_free(Preconditioner *preconditioner); /* takes a zeroed one */

int preconditioner_rung(double s);
/* Factors the rungs that are marked and have not been asked for before. */
MUST_CHECK bool preconditioner_factor(Preconditioner *preconditioner, const bool wanted[PRECONDITIONER_RUNGS], Pool *pool, Error *err);
/* out (C + 1) = (I + s XᵀX)⁻¹ vector, of a rung that was factored; they may be the same array. */
void preconditioner_apply(const Preconditioner *preconditioner, int rung, const double *vector, double *out);

#endif
