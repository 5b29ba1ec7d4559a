/* Multinomial logistic regression, scikit-learn's default (LogisticRegression, solver lbfgs, 1.9), minimised in double:
 *   (1/S) Σ s_i loss_i + ½ |W|² / (C S),   S = Σ s_i, loss_i the cross entropy; the bias is not regularised
 * With K = 2 there is one row of weights and the binary loss, as there. Balanced: s_i = n / (K n_k) for rows of class k, else 1.
 * L-BFGS (Nocedal and Wright, algorithm 7.5) with ten pairs and a strong-Wolfe line search, own code on BLAS products. */
#ifndef TWOFOLD_CLASSIFIERS_MULTINOMIAL_H
#define TWOFOLD_CLASSIFIERS_MULTINOMIAL_H

#include <stdint.h>

#include "common/error.h"
#include "common/observer.h"
#include "common/parallel.h"
#include "classifiers/linear_model.h"
#include "features/features.h"

typedef struct MultinomialOptions {
    double C;
    bool balanced;
    double tolerance; /* converged when no |partial derivative| of the above exceeds it */
    int max_iterations;
} MultinomialOptions;

/* labels (train->count) are class ids in 0 … classes-1. `start` (may be NULL) is a model of the same shape to begin from. The
 * bytes are the same for any number of threads. ERROR_INTERRUPTED when the observer asks to stop. */
MUST_CHECK bool multinomial_train(LinearModel *model, const FeatureView *train, const int32_t *labels, int classes,
                                  const MultinomialOptions *options, const LinearModel *start, Pool *pool,
                                  const Observer *observer, Error *err);

#endif
