/* What reading and writing a model folder agree on, and the part of a TextModel that is two others. */
#ifndef TWOFOLD_COMPARE_TEXT_MODEL_INSIDE_H
#define TWOFOLD_COMPARE_TEXT_MODEL_INSIDE_H

#include "common/json.h"
#include "compare/text_model.h"

#define TEXT_MODEL_FILE "twofold.json"
#define TFIDF_FILE "tfidf.txt"

enum { TEXT_MODEL_VERSION = 1 };

/* "kind" in twofold.json: a dummy, a bag of words, a frozen encoder, a cascade */
enum { TEXT_MODEL_KINDS = 4 };
extern const char *const text_model_kind_names[TEXT_MODEL_KINDS];

/* Where a cascade's folder has its two. */
extern const char *const text_cascade_folders[2];

typedef struct TextCascade {
    TextModel *models[2]; /* NULL: no cascade */
    double threshold;
    double temperatures
        [2]; /* 1 unless calibrated; the models themselves stay as they are, since what is passed on depends on them */
    int64_t passed_on;
} TextCascade;

/* Of a folder whose twofold.json says so. */
MUST_CHECK bool text_cascade_load(TextCascade *cascade, const Json *json, const char *folder, int max_length, Dtype dtype,
                                  Pool *pool, Error *err);
MUST_CHECK bool text_cascade_check(const TextCascade *cascade, Error *err);
MUST_CHECK bool text_cascade_predict(TextCascade *cascade, const TextView *texts, const int32_t *truth, Predictions *out,
                                     int *truncated, const Observer *observer, Error *err);
void text_cascade_free(TextCascade *cascade);

/* Floating-point operations of answering these texts by formula (encoder/flops.h); NaN for a cascade, and where there is no encoder. */
MUST_CHECK bool text_model_flops(double *flops, const TextModel *model, const TextView *texts, Error *err);

/* The folder it was loaded from; "" for a cascade of two that were. */
const char *text_model_folder(const TextModel *model);

#endif
