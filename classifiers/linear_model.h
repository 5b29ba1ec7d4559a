/* A trained linear model: scores (K) = weights (K, C) · features (C) + bias (K). One plain struct for liblinear's one-vs-rest
 * machines and for the multinomial one; they differ in how scores become probabilities. */
#ifndef TWOFOLD_CLASSIFIERS_LINEAR_MODEL_H
#define TWOFOLD_CLASSIFIERS_LINEAR_MODEL_H

#include <stdint.h>

#include "common/error.h"
#include "common/parallel.h"
#include "features/features.h"
#include "metrics/predictions.h"

#pragma GCC visibility push(default)

typedef enum LinearKind {
    LINEAR_OVR,         /* one-vs-rest logistic regression: sigmoid of each score, divided by their sum */
    LINEAR_MULTINOMIAL, /* softmax of the scores */
    LINEAR_SVM          /* no probabilities */
} LinearKind;

typedef struct LinearModel {
    LinearKind kind;
    int classes;     /* K, at least 2 */
    int outputs;     /* K; 1 when K = 2: that one score speaks for class 1, its sigmoid is the probability, 0 the border */
    int channels;    /* C */
    double *weights; /* (outputs, channels) row-major */
    double *bias;    /* (outputs) */
    double C;        /* what it was trained with */
    bool balanced;
    double tolerance;
    bool converged;       /* every output reached the tolerance; else the weights are where the solver stopped */
    int iterations;       /* of the output that took most */
    double gradient_norm; /* what was compared with the tolerance at the end (the worst output's), in the solver's own measure */
} LinearModel;

/* Zero weights; the arrays belong to the struct. */
MUST_CHECK bool linear_model_make(LinearModel *model, LinearKind kind, int classes, int channels, Error *err);
void linear_model_free(LinearModel *model); /* takes a zeroed one, and leaves a zeroed one */

/* Scores (count, outputs) of the view's rows, in double; each row in a fixed order of summation, whatever the threads. */
void linear_model_score(const LinearModel *model, const FeatureView *view, Pool *pool, double *scores);

/* Answers for the view's rows; truth (count) may be NULL. ERROR_MODEL when the features have other channels. */
MUST_CHECK bool linear_model_predict(const LinearModel *model, const FeatureView *view, const int32_t *truth, Pool *pool,
                                     Predictions *out, Error *err);

/* Rows of each class; ERROR_DATA when a label is out of range or a class has no row. counts (classes). */
MUST_CHECK bool class_counts(int64_t *counts, const int32_t *labels, int rows, int classes, Error *err);

/* liblinear's text format, so that its own `predict` reads the model. Never read here: its loader is unsafe on a hostile file. A
 * multinomial model is written with the labels' order and scores; liblinear applies its one-vs-rest sigmoid to it. */
MUST_CHECK bool linear_model_write_liblinear(const LinearModel *model, const char *path, Error *err);

#pragma GCC visibility pop
#endif
