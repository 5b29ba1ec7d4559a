/* One-vs-rest logistic regression and linear SVM by LIBLINEAR (Fan et al. 2008), in their primal forms, solvers 0 and 2:
 *   ½ w·w + C Σ c_i ξ(y_i w·x_i),   ξ(z) = ln(1 + e^-z), or max(0, 1 - z)² for the SVM (scikit-learn's LinearSVC minimises the same)
 * The bias is one more feature of value 1 and is regularised with the others. The dual solvers would draw from rand(), the primal ones do not.
 * Balanced is liblinear's -wi: n / (K n_k) on the positives of class k's problem; with K = 2, which is one problem, on both sides. */
#ifndef TWOFOLD_CLASSIFIERS_LIBLINEAR_H
#define TWOFOLD_CLASSIFIERS_LIBLINEAR_H

#include <stdint.h>

#include "common/error.h"
#include "common/parallel.h"
#include "classifiers/linear_model.h"
#include "features/features.h"

typedef struct LiblinearOptions {
    LinearKind kind; /* LINEAR_OVR or LINEAR_SVM */
    double C;
    bool balanced;
    double tolerance; /* liblinear's -e: stop when |gradient| ≤ tolerance · min(positives, negatives)/n · |gradient at zero| */
} LiblinearOptions;

/* Trains one problem a class. Dense rows go through newton.h, an SVM on sparse ones through svm_dual.h; for the others, and where those do not get to the tolerance,
 * liblinear is fed one copy of the features for all classes (16 bytes a value), the classes spread over the pool. The bytes are the same for any number of threads.
 * labels (train->count) are class ids in 0 … classes-1, and each class has a row. `start` (may be NULL) is a model of the same shape to begin
 * from. The model says whether it converged. */
MUST_CHECK bool liblinear_train(LinearModel *model, const FeatureView *train, const int32_t *labels, int classes,
                                const LiblinearOptions *options, const LinearModel *start, Pool *pool, Error *err);

const char *liblinear_version_text(char out[16]); /* "2.3.0" */

#endif
