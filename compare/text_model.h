/* A model folder that was made by train, finetune or compare, as one thing that answers texts, whatever stands in it:
 *
 *   dummy           classifier alone
 *   bag of words    tfidf.txt and a linear classifier
 *   path A          a frozen encoder, a pooling and a linear classifier
 *   path B          an encoder with its classification head, as transformers saves it
 *   cascade         two of these: the first answers the texts it is sure of, the second the others
 *
 * All but path B's have a twofold.json (docs/FORMATS.md) that says which. */
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
/* The same with an encoder whose products are of another type than float32. */
MUST_CHECK TextModel *text_model_load_as(const char *folder, int max_length, Dtype dtype, Pool *pool, Error *err);
void text_model_free(TextModel *model); /* takes NULL */

int text_model_classes(const TextModel *model);
char *const *text_model_labels(const TextModel *model); /* (classes), borrowed */
bool text_model_has_probabilities(const TextModel *model);
/* "bag of words with liblinear logistic regression …", one line */
void text_model_describe(const TextModel *model, char out[512]);

/* Two models in a row: `first` answers a text when the probability of its answer is at least `threshold`, else `second` does. Takes both over, also when it
 * fails: ERROR_MODEL when one gives no probabilities, or their labels differ. */
MUST_CHECK TextModel *text_model_cascade(TextModel *first, TextModel *second, double threshold, Error *err);
bool text_model_is_cascade(const TextModel *model);
int64_t text_model_passed_on(const TextModel *model); /* texts that a cascade's second model has answered so far; 0 for all others */

/* From here on its probabilities are those at the temperature in its folder's calibration.json; the answers stay, and so do those texts that a cascade passes
 * on. ERROR_MODEL when a folder has none, or the model gives no probabilities. */
MUST_CHECK bool text_model_calibrate(TextModel *model, Error *err);
/* "temperature 1.31", or of a cascade "temperatures 1.31 and 0.94"; "" unless calibrated. */
void text_model_describe_calibration(const TextModel *model, char out[96]);

/* What answering so many texts of so many bytes together will take beside the loaded model, about. MB of 2^20 bytes. */
double text_model_needs_mb(const TextModel *model, double rows, double bytes);

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

/* A cascade of two model folders: what predict needs of them is linked or copied below this one, with their calibration.json. */
MUST_CHECK bool text_model_save_cascade(const char *first, const char *second, double threshold, const char *folder, Error *err);

/* Bytes of all files in the folder that predict needs (not the model card and not liblinear's copy), or -1. */
int64_t text_model_bytes(const char *folder);
/* The identity of these files. */
MUST_CHECK bool text_model_sha256(Sha256Hex *out, const char *folder, Error *err);

#pragma GCC visibility pop
#endif
