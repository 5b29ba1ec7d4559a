/* One class against the others, as liblinear states it and every solver here minimises it over w (C + 1), the bias last:
 *   ½ w·w + C Σ c_i ξ(y_i w·x_i),   ξ(z) = ln(1 + e^-z), or max(0, 1 - z)² for the SVM; x_i ends with a 1 for the bias */
#ifndef TWOFOLD_CLASSIFIERS_ONE_CLASS_H
#define TWOFOLD_CLASSIFIERS_ONE_CLASS_H

#include "classifiers/linear_model.h"

typedef struct OneClass {
    const FeatureView *view;
    const int32_t *labels; /* (view->count) */
    int positive;          /* the class with y = 1; the others have -1 */
    int64_t positives;     /* its rows */
    LinearKind kind;       /* LINEAR_OVR or LINEAR_SVM */
    double C_of[2];        /* C c_i of a negative, of a positive */
} OneClass;

/* |gradient| at w, or at zero when w is NULL. `gradient` (C + 1) is room for it. */
double one_class_gradient(const OneClass *problem, const double *w, double *gradient);

/* How far from the optimum that is, in the measure that liblinear compares with its -e: |gradient| / |gradient at zero| · rows / min(positives,
 * negatives). */
double one_class_measure(const OneClass *problem, double here, double at_zero);

#endif
