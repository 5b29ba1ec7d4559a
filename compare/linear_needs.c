#include "compare/linear_needs.h"

#include <math.h>

#include "classifiers/preconditioner.h"
#include "encoder/sweep.h"
#include "features/tfidf_size.h"

/* Vectors as long as the weights: of L-BFGS, and a thread's own of liblinear's Newton method and of the dual; of Newton's method on dense rows, and its and L-BFGS's
 * sums there. */
enum { LBFGS_VECTORS = 25, NEWTON_VECTORS = 11, DUAL_VECTORS = 3, DENSE_VECTORS = 12, DENSE_LANES = 64 };
/* Squares of channels: sums, and halves of these that are factored. */
enum { DENSE_SQUARES = 8 + 3 };
enum { NEWTON_ROW_BYTES = 48, DUAL_ROW_BYTES = 20, NODE_BYTES = 16, C_MODELS = 3 };

static const double MB = 0x1p20;

static double count_rows(const Dataset *dataset, Split first) {
    double rows = 0;
    for (Split split = first; split < SPLIT_COUNT; split++) rows += dataset->splits[split].count;
    return rows;
}

/* Training on rows that have so many values in all, in so many columns; the models among which C is chosen with it. */
static double training_bytes(const Dataset *dataset, const LinearOptions *options, double values, double columns, int threads) {
    const ClassifierOptions *classifier = &options->classifier;
    double classes = dataset->classes, outputs = classes == 2 ? 1 : classes, rows = dataset->splits[SPLIT_TRAIN].count;
    double vector = (columns + 1) * sizeof(double), at_once = outputs < threads ? outputs : threads;
    double models = outputs * vector * (classifier->C > 0 ? 1 : C_MODELS);
    bool multinomial = classifier->classifier == CLASSIFIER_LOGREG && classifier->solver == SOLVER_LBFGS;
    if (options->source != SOURCE_TFIDF && columns <= PRECONDITIONER_MOST)
        return models + ((multinomial ? LBFGS_VECTORS : DENSE_VECTORS) + DENSE_LANES) * outputs * vector +
               DENSE_SQUARES * (columns + 1) * vector + (multinomial ? 0 : rows * outputs * (double)sizeof(float));
    if (multinomial)
        return models + LBFGS_VECTORS * outputs * vector + values * TFIDF_ENTRY_BYTES + rows * outputs * (double)sizeof(double);
    if (classifier->classifier == CLASSIFIER_SVM && options->source == SOURCE_TFIDF)
        return models + values * sizeof(int32_t) + columns * 2 * sizeof(int32_t) + rows * sizeof(int64_t) +
               at_once * (DUAL_VECTORS * vector + rows * DUAL_ROW_BYTES);
    /* liblinear reads its own copy of the rows, with a bias and an end mark behind each */
    return models + (values + 2 * rows) * NODE_BYTES + rows * sizeof(void *) +
           at_once * (NEWTON_VECTORS * vector + rows * NEWTON_ROW_BYTES);
}

static double answer_bytes(const Dataset *dataset) {
    return count_rows(dataset, SPLIT_VALIDATION) * dataset->classes * (double)sizeof(double);
}

double linear_dense_needs_mb(const Dataset *dataset, const LinearOptions *options, const TextEncoder *encoder, int threads) {
    if (options->source == SOURCE_NONE) return answer_bytes(dataset) / MB;
    const EncoderConfig *config = encoder_config(encoder->encoder);
    double rows = dataset->splits[SPLIT_TRAIN].count, features = count_rows(dataset, SPLIT_TRAIN) * config->channels * sizeof(float);
    double training = training_bytes(dataset, options, rows * config->channels, config->channels, threads);
    double sweep = (double)sweep_bytes(config, encoder_dtype(encoder->encoder), encoder->max_length, threads); /* is gone before training */
    return (features + fmax(training, sweep) + answer_bytes(dataset)) / MB;
}

double linear_words_needs_mb(const Dataset *dataset, const LinearOptions *options, Pool *pool) {
    const RowList *train = &dataset->splits[SPLIT_TRAIN];
    TextView texts = {.data = dataset->text, .starts = dataset->starts, .rows = train->rows, .count = train->count};
    TfidfSize size;
    if (!train->count || !tfidf_size(&size, &texts, &options->tfidf, pool, NULL)) return (double)NAN;
    double all = size.entries * count_rows(dataset, SPLIT_TRAIN) / train->count;
    double features = tfidf_kept_bytes(&size) + all * TFIDF_ENTRY_BYTES;
    double training = features + training_bytes(dataset, options, size.entries, size.kept, pool_threads(pool));
    return (fmax(tfidf_fit_bytes(&size), training) + answer_bytes(dataset)) / MB;
}

double linear_inputs_needs_mb(const LinearInputs *inputs, const LinearOptions *options) {
    if (options->source == SOURCE_TFIDF) return linear_words_needs_mb(inputs->dataset, options, inputs->pool);
    return linear_dense_needs_mb(inputs->dataset, options, inputs->encoder, pool_threads(inputs->pool));
}
