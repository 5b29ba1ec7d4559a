/* Two models in a row. Each text is answered by one of the two alone, and which one depends on the text alone: so the answer is the same bits in
 * any company. */
#include <string.h>

#include "common/file.h"
#include "common/memory.h"
#include "compare/text_model_inside.h"
#include "metrics/calibration.h"

const char *const text_cascade_folders[2] = {"first", "second"};

void text_cascade_free(TextCascade *cascade) {
    for (int i = 0; i < 2; i++) text_model_free(cascade->models[i]);
    *cascade = (TextCascade){0};
}

bool text_cascade_check(const TextCascade *cascade, Error *err) {
    const TextModel *first = cascade->models[0], *second = cascade->models[1];
    for (int i = 0; i < 2; i++)
        if (!text_model_has_probabilities(cascade->models[i]))
            return FAIL(err, ERROR_MODEL, "%s: this model gives no probabilities, without which there is no cascade",
                        text_model_folder(cascade->models[i]));
    if (!(cascade->threshold >= 0)) /* also taken by a NaN */
        return FAIL(err, ERROR_MODEL, "the threshold of a cascade is %g, expected 0 or more", cascade->threshold);
    int classes = text_model_classes(first);
    bool same = classes == text_model_classes(second);
    for (int k = 0; k < classes && same; k++) same = strcmp(text_model_labels(first)[k], text_model_labels(second)[k]) == 0;
    return same || FAIL(err, ERROR_MODEL, "%s and %s have not the same labels in the same order, and make no cascade",
                        text_model_folder(first), text_model_folder(second));
}

bool text_cascade_load(TextCascade *cascade, double threshold, const char *folder, int max_length, Dtype dtype, Pool *pool,
                       Error *err) {
    *cascade = (TextCascade){.threshold = threshold, .temperatures = {1, 1}};
    for (int i = 0; i < 2; i++) {
        Path inner, file;
        if (!path_make(&inner, err, "%s/%s", folder, text_cascade_folders[i]) ||
            !path_make(&file, err, "%s/%s/" TEXT_MODEL_FILE, folder, text_cascade_folders[i]))
            return false;
        /* A folder that holds itself by a link would never be loaded to its end. */
        ModelKind kind = MODEL_FINETUNED;
        if (file_exists(file.text) && !text_model_kind_load(&kind, file.text, err)) return false;
        if (kind == MODEL_CASCADE) return FAIL(err, ERROR_MODEL, "%s: a cascade within a cascade", inner.text);
        cascade->models[i] = text_model_load_as(inner.text, max_length, dtype, pool, err);
        if (!cascade->models[i]) return false;
    }
    return text_cascade_check(cascade, err) || error_prefix(err, "%s", folder);
}

/* The places (among the texts) of those that the first is not sure of. */
static int unsure_find(int *places, const Predictions *first, double threshold) {
    int count = 0;
    for (int row = 0; row < first->rows; row++) {
        double confidence = first->probabilities[(size_t)row * (size_t)first->classes + (size_t)first->predicted[row]];
        if (!(confidence >= threshold)) places[count++] = row;
    }
    return count;
}

static bool answer_unsure(TextCascade *cascade, const TextView *texts, const int *places, int32_t *rows, int count,
                          Predictions *out, int *truncated, const Observer *observer, Error *err) {
    TextView passed = *texts;
    for (int i = 0; i < count; i++) rows[i] = texts->rows ? texts->rows[places[i]] : places[i];
    passed.rows = rows;
    passed.count = count;
    Predictions second = {0};
    int cut = 0;
    bool good = text_model_predict(cascade->models[1], &passed, NULL, &second, &cut, observer, err);
    if (good) temperature_apply(&second, cascade->temperatures[1]);
    size_t K = (size_t)out->classes;
    for (int i = 0; good && i < count; i++) {
        out->predicted[places[i]] = second.predicted[i];
        memcpy(out->probabilities + (size_t)places[i] * K, second.probabilities + (size_t)i * K, K * sizeof(double));
    }
    if (truncated && cut > *truncated) *truncated = cut; /* the same texts are too long for both */
    cascade->passed_on += good ? count : 0;
    predictions_free(&second);
    return good;
}

bool text_cascade_predict(TextCascade *cascade, const TextView *texts, const int32_t *truth, Predictions *out, int *truncated,
                          const Observer *observer, Error *err) {
    if (!text_model_predict(cascade->models[0], texts, truth, out, truncated, observer, err)) return false;
    int *places = mem_new((size_t)texts->count, sizeof *places, err);
    int32_t *rows = places ? mem_new((size_t)texts->count, sizeof *rows, err) : NULL;
    int count = rows ? unsure_find(places, out, cascade->threshold) : 0;
    if (rows) temperature_apply(out, cascade->temperatures[0]);
    bool good = rows && (!count || answer_unsure(cascade, texts, places, rows, count, out, truncated, observer, err));
    mem_free(rows);
    mem_free(places);
    return good;
}
