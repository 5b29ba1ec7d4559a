/* What reading and writing a model folder agree on, and the part of a TextModel that is two others. */
#ifndef TWOFOLD_COMPARE_TEXT_MODEL_INSIDE_H
#define TWOFOLD_COMPARE_TEXT_MODEL_INSIDE_H

#include "common/json.h"
#include "compare/text_model.h"

#define TEXT_MODEL_FILE "twofold.json"
#define TFIDF_FILE "tfidf.txt"

enum { TEXT_MODEL_VERSION = 1 };

/* "kind" in twofold.json: a dummy, a bag of words, a frozen encoder, a cascade; a fine-tuned encoder has no such file */
typedef enum ModelKind { MODEL_DUMMY, MODEL_TFIDF, MODEL_FROZEN, MODEL_CASCADE, MODEL_FINETUNED } ModelKind;
enum { TEXT_MODEL_KINDS = MODEL_FINETUNED };
extern const char *const text_model_kind_names[TEXT_MODEL_KINDS];

/* What a twofold.json says. */
typedef struct TextModelNote {
    ModelKind kind;
    int classes;   /* 0 for a cascade */
    char **labels; /* (classes), each another; owned */
    ExtractOptions extract; /* of a frozen encoder, as the next */
    int max_length;         /* 0: what its tokenizer says */
    double threshold;       /* of a cascade; NaN: it says none */
} TextModelNote;
/* ERROR_MODEL for what no twofold of this version has written. Release with text_model_note_free; after a failure there is nothing to release. */
MUST_CHECK bool text_model_note_load(TextModelNote *note, const char *path, Error *err);
void text_model_note_free(TextModelNote *note);
/* Of which kind it is, whatever stands beside it. */
MUST_CHECK bool text_model_kind_load(ModelKind *kind, const char *path, Error *err);

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
MUST_CHECK bool text_cascade_load(TextCascade *cascade, double threshold, const char *folder, int max_length, Dtype dtype,
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
