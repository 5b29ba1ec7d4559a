/* L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.5, 3.5, 3.6): minimises a smooth function with ten
 * correction pairs and a line search to the strong Wolfe conditions. */
#ifndef TWOFOLD_CLASSIFIERS_LBFGS_H
#define TWOFOLD_CLASSIFIERS_LBFGS_H

#include <stddef.h>

#include "common/error.h"
#include "common/observer.h"
#include "common/parallel.h"

/* The value at x and the gradient there; both have the length given below. */
typedef double (*LbfgsFunction)(void *context, const double *x, double *gradient);

/* out = M⁻¹ vector for a symmetric positive M that is about as the function is curved, in its units. */
typedef void (*LbfgsScale)(void *context, const double *vector, double *out);

typedef struct LbfgsOptions {
    double tolerance; /* converged when no |partial derivative| exceeds it */
    int max_iterations;
    LbfgsScale scale; /* NULL: the identity, as scikit-learn's */
} LbfgsOptions;

typedef struct LbfgsResult {
    bool converged;
    int iterations;
    int evaluations; /* of the function */
    double value;
    double gradient_norm; /* largest |partial derivative| at x */
} LbfgsResult;

/* x (length) holds the start and then the best point found. Ends without convergence at max_iterations, or where no step lowers the
 * value any more in double. ERROR_INTERRUPTED when the observer asks to stop. */
MUST_CHECK bool lbfgs_minimise(double *x, size_t length, LbfgsFunction function, void *context, const LbfgsOptions *options,
                               Pool *pool, const Observer *observer, LbfgsResult *result, Error *err);

#endif
