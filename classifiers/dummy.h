/* The baseline that looks at no feature: scikit-learn's DummyClassifier, with its own seeded draws. */
#ifndef TWOFOLD_CLASSIFIERS_DUMMY_H
#define TWOFOLD_CLASSIFIERS_DUMMY_H

#include <stdint.h>

#include "common/error.h"
#include "metrics/predictions.h"

#pragma GCC visibility push(default)

typedef enum DummyStrategy {
    DUMMY_MOST_FREQUENT, /* that class, with probability 1 */
    DUMMY_PRIOR,         /* that class, probabilities are the shares in training */
    DUMMY_STRATIFIED,    /* a class drawn by the shares in training, with probability 1 */
    DUMMY_UNIFORM        /* a class drawn evenly; every probability 1/K */
} DummyStrategy;

typedef struct Dummy {
    DummyStrategy strategy;
    int classes;
    double *prior; /* (classes) shares in training */
    uint64_t seed;
} Dummy;

MUST_CHECK bool dummy_train(Dummy *dummy, const int32_t *labels, int count, int classes, DummyStrategy strategy, uint64_t seed,
                            Error *err);
void dummy_free(Dummy *dummy); /* takes a zeroed one, and leaves a zeroed one */

/* Row i draws number i of the seed, so the same rows get the same answers. truth (rows) may be NULL. */
MUST_CHECK bool dummy_predict(const Dummy *dummy, int rows, const int32_t *truth, Predictions *out, Error *err);

/* "most_frequent", "prior", "stratified", "uniform" */
const char *dummy_strategy_name(DummyStrategy strategy);
bool dummy_strategy_find(const char *name, DummyStrategy *strategy);

#pragma GCC visibility pop
#endif
