#include "compare/linear_needs.h"

#include <math.h>

enum { SAMPLE_ROWS = 1000, LBFGS_VECTORS = 24, LIBLINEAR_NUMBER = 16, SPARSE_NUMBER = 12 };

static double count_rows(const Dataset *dataset, Split first) {
    double rows = 0;
    for (Split split = first; split < SPLIT_COUNT; split++) rows += dataset->splits[split].count;
    return rows;
}

double linear_needs_mb(const Dataset *dataset, const LinearOptions *options, double numbers, double columns) {
    double classes = dataset->classes, outputs = classes == 2 ? 1 : classes, weights = (columns + 1) * outputs * sizeof(double);
    double answers = count_rows(dataset, SPLIT_VALIDATION) * classes * sizeof(double);
    if (options->source == SOURCE_NONE) return answers / 0x1p20;
    double features = count_rows(dataset, SPLIT_TRAIN) * numbers * (options->source == SOURCE_TFIDF ? SPARSE_NUMBER : (int)sizeof(float));
    bool has_lbfgs = options->classifier.classifier == CLASSIFIER_LOGREG && options->classifier.solver == SOLVER_LBFGS;
    /* liblinear reads its own copy of the training rows, with a bias and an end mark behind each */
    double room = has_lbfgs ? LBFGS_VECTORS * weights : dataset->splits[SPLIT_TRAIN].count * (numbers + 2) * LIBLINEAR_NUMBER;
    return (features + room + 2 * weights + answers) / 0x1p20;
}

double linear_inputs_needs_mb(const LinearInputs *inputs, const LinearOptions *options) {
    const Dataset *dataset = inputs->dataset;
    const RowList *train = &dataset->splits[SPLIT_TRAIN];
    if (options->source == SOURCE_NONE) return linear_needs_mb(dataset, options, 0, 0);
    if (options->source == SOURCE_ENCODER) {
        double channels = encoder_config(inputs->encoder->encoder)->channels;
        return linear_needs_mb(dataset, options, channels, channels);
    }
    int count = train->count < SAMPLE_ROWS ? train->count : SAMPLE_ROWS;
    TextView texts = {.data = dataset->text, .starts = dataset->starts, .rows = train->rows, .count = count};
    SparseFeatures values = {0};
    Tfidf *tfidf = tfidf_fit(&texts, &options->tfidf, inputs->pool, NULL);
    bool good = tfidf && count && tfidf_transform(tfidf, &texts, inputs->pool, &values, NULL);
    double needs = good ? linear_needs_mb(dataset, options, (double)values.starts[count] / count, values.columns) : (double)NAN;
    sparse_features_free(&values);
    tfidf_free(tfidf);
    return needs;
}
