/* Chooses C for a linear model by the accuracy on rows that it was not trained on. */
#ifndef TWOFOLD_CLASSIFIERS_SEARCH_C_H
#define TWOFOLD_CLASSIFIERS_SEARCH_C_H

#include <stdint.h>

#include "classifiers/classifier.h"

/* Tries options->C_choices from the smallest up, each from the weights of the one before (the optimum is the same, the way there is
 * shorter). The highest accuracy wins, the smallest C among equals. With `validation` (labels beside it) each is trained on all of
 * `train`, and *best is the winner's model, to be freed by the caller; else accuracies are counted over stratified folds of `train`
 * drawn by the seed, and *best is trained on all of it afterwards. Rows of a class that has only one stay in training. */
MUST_CHECK bool search_c(CSearch *search, LinearModel *best, const FeatureView *train, const int32_t *labels,
                         const FeatureView *validation, const int32_t *validation_labels, int classes,
                         const ClassifierOptions *options, Pool *pool, const Observer *observer, Error *err);

/* The linear model that the options ask for, with this C. `start` may be NULL. */
MUST_CHECK bool linear_train(LinearModel *model, const FeatureView *train, const int32_t *labels, int classes,
                             const ClassifierOptions *options, double C, const LinearModel *start, Pool *pool,
                             const Observer *observer, Error *err);

#endif
