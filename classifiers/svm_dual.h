/* The linear SVM of one class by coordinate descent in the dual (Hsieh, Chang, Lin, Keerthi, Sundararajan 2008, algorithms 1 and 3): reads
 * sparse rows where they stand, and gains on Newton's method when there are more columns than rows, as in a bag of words. */
#ifndef TWOFOLD_CLASSIFIERS_SVM_DUAL_H
#define TWOFOLD_CLASSIFIERS_SVM_DUAL_H

#include "classifiers/one_class.h"

/* The rows of a sparse view as a pass wants them, made once for all classes: columns are numbered as they first appear, so that frequent ones stand together, and
 * those of one row alone side by side. Borrows the view. */
typedef struct SvmRows {
    const FeatureView *view;
    int64_t *starts;   /* (count + 1): place i of the view has columns[starts[i] .. starts[i + 1]) */
    int32_t *columns;  /* (starts[count]) */
    int32_t *original; /* (used): the view's number of each */
    int used;
} SvmRows;
MUST_CHECK bool svm_rows_make(SvmRows *rows, const FeatureView *view, Error *err);
void svm_rows_free(SvmRows *rows); /* takes a zeroed one */

/* Fills w (C + 1). *measure is one_class_measure there: above `tolerance` when a few hundred passes did not suffice, and w is as far as they came.
 * problem->kind is LINEAR_SVM and its view that of the rows. The order of the rows in a pass is drawn from a fixed seed: the bytes are always the same. */
MUST_CHECK bool svm_dual_train(const OneClass *problem, const SvmRows *rows, double tolerance, double *w, int *passes,
                               double *measure, Error *err);

#endif
