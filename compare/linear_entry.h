/* Path A and its baselines on one Dataset: features of its rows, a classifier trained on the training rows, answers for the
 * others. */
#ifndef TWOFOLD_COMPARE_LINEAR_ENTRY_H
#define TWOFOLD_COMPARE_LINEAR_ENTRY_H

#include "classifiers/classifier.h"
#include "compare/text_model.h"
#include "datasets/dataset.h"
#include "encoder/text_encoder.h"
#include "features/cache.h"
#include "features/tfidf.h"

#pragma GCC visibility push(default)

typedef enum FeatureSource { SOURCE_ENCODER, SOURCE_TFIDF, SOURCE_NONE } FeatureSource; /* none: the dummy's */

/* What is asked for; the source decides which of the two options counts. */
typedef struct LinearOptions {
    FeatureSource source;
    ExtractOptions extract;
    TfidfOptions tfidf;
    ClassifierOptions classifier;
} LinearOptions;

/* Encoder features of the rows of all splits: those of train, then validation, then test, each in the order of its list. */
typedef struct LinearFeatures {
    ExtractOptions extract;
    Features features;
    double seconds; /* what making them took, tokens not included */
    double cpu_s;   /* of all threads; NaN where it was not written down */
} LinearFeatures;

/* The encoder's side of it, shared by entries; all zero where no entry needs one. */
typedef struct LinearInputs {
    const Dataset *dataset;
    const TextEncoder *encoder;
    const Tokens *tokens; /* of all the dataset's rows */
    double tokens_s;      /* what encoding them took */
    double tokens_cpu_s;  /* of all threads */
    Sha256Hex model;      /* weights_sha256 of the encoder */
    FeatureCache cache;
    Pool *pool;
    const LinearFeatures *made; /* (made_count) features that stand ready, or NULL */
    int made_count;
    const RowList *part; /* of the training rows, ascending: only these are learned from; NULL: all */
} LinearInputs;

typedef struct LinearEntry {
    LinearOptions options;
    Classifier classifier;
    Tfidf *tfidf;                         /* of SOURCE_TFIDF */
    Predictions predictions[SPLIT_COUNT]; /* of validation and test; that of train stays empty */
    double features_s, classifier_s;      /* features_s: with tokens, as long as it took when they were made */
    double features_cpu_s, classifier_cpu_s;
} LinearEntry;

/* Makes the features of several entries in one pass over the rows; made[i].extract says what is wanted. Free each made[i].features. */
MUST_CHECK bool linear_features_make(LinearFeatures *made, int count, const LinearInputs *inputs, const Observer *observer, Error *err);

/* Of the features that stand ready those that are asked for, or NULL. */
const LinearFeatures *linear_features_find(const LinearInputs *inputs, const ExtractOptions *extract);

/* Rows answered are those of the split lists, in their order. Validation rows are looked at only to choose C. */
MUST_CHECK bool linear_entry_run(LinearEntry *entry, const LinearInputs *inputs, const LinearOptions *options,
                                 const Observer *observer, Error *err);
void linear_entry_free(LinearEntry *entry); /* takes a zeroed or half-built one */

/* The model folder that text_model_load reads. */
MUST_CHECK bool linear_entry_save(const LinearEntry *entry, const LinearInputs *inputs, const char *folder, Error *err);

#pragma GCC visibility pop
#endif
