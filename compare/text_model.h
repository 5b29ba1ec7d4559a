/* A model folder that was made by train, finetune or compare, as one thing that answers texts, whatever stands in it:
 *
 *   dummy           classifier alone
 *   bag of words    tfidf.txt and a linear classifier
 *   path A          a frozen encoder, a pooling and a linear classifier
 *   path B          an encoder with its classification head, as transformers saves it
 *
 * All but the last have a twofold.json (docs/FORMATS.md) that says which. */
#ifndef TWOFOLD_COMPARE_TEXT_MODEL_H
#define TWOFOLD_COMPARE_TEXT_MODEL_H

#include "classifiers/classifier.h"
#include "common/observer.h"
#include "common/parallel.h"
#include "features/extract.h"
#include "features/tfidf.h"
#include "metrics/predictions.h"

#pragma GCC visibility push(default)

typedef struct TextModel TextModel;

/* max_length 0: what the folder says. ERROR_MODEL when the folder holds none of these, or a part is missing or misshapen. The
 * pool (may be NULL) must outlive the model. */
MUST_CHECK TextModel *text_model_load(const char *folder, int max_length, Pool *pool, Error *err);
void text_model_free(TextModel *model); /* takes NULL */

int text_model_classes(const TextModel *model);
char *const *text_model_labels(const TextModel *model); /* (classes), borrowed */
bool text_model_has_probabilities(const TextModel *model);
/* "bag of words with liblinear logistic regression …", one line */
void text_model_describe(const TextModel *model, char out[512]);

/* From here on its probabilities are those at the temperature in the folder's calibration.json; the answers stay. ERROR_MODEL when it has none, or the
 * model gives no probabilities. */
MUST_CHECK bool text_model_calibrate(TextModel *model, const char *folder, Error *err);
double text_model_temperature(const TextModel *model); /* 1 unless calibrated */

/* The answers for the texts, in order; truth (texts->count) may be NULL. *truncated (may be NULL): texts that were cut to the
 * longest the encoder takes. A text's answer does not depend on the others. */
MUST_CHECK bool text_model_predict(TextModel *model, const TextView *texts, const int32_t *truth, Predictions *out,
                                   int *truncated, const Observer *observer, Error *err);

/* Everything a folder of the first three kinds is written from; borrowed. */
typedef struct TextModelParts {
    const Classifier *classifier;
    int classes;
    char *const *labels;
    const Tfidf *tfidf;         /* bag of words */
    const char *encoder_folder; /* path A: its files are linked or copied */
    ExtractOptions extract;
    int max_length;
} TextModelParts;
MUST_CHECK bool text_model_save(const TextModelParts *parts, const char *folder, Error *err);

/* Bytes of all files in the folder that predict needs (not the model card and not liblinear's copy), or -1. */
int64_t text_model_bytes(const char *folder);
/* The identity of these files. */
MUST_CHECK bool text_model_sha256(Sha256Hex *out, const char *folder, Error *err);

#pragma GCC visibility pop
#endif
