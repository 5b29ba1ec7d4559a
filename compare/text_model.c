#include "compare/text_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare/calibration_file.h"
#include "compare/reading.h"
#include "compare/text_model_inside.h"
#include "encoder/sweep.h"
#include "encoder/text_encoder.h"

struct TextModel {
    ModelKind kind;
    int classes;
    Path folder;
    char *
        *labels; /* (classes); NULL for a fine-tuned model, whose labels are its config's, and a cascade, whose are its first's */
    Pool *pool;
    Dtype dtype;
    Classifier classifier; /* not of a fine-tuned model */
    Tfidf *tfidf;
    TextEncoder encoder; /* of both paths */
    Extractor *extractor;
    ExtractOptions extract;
    Sweep *sweep; /* of a fine-tuned model */
    TextCascade cascade;
    bool calibrated;
    double temperature; /* 1 unless calibrated */
};

/* ---- loading ---- */

static bool load_encoder(TextModel *model, const TextModelNote *note, const char *folder, const char *path, int max_length, Error *err) {
    model->extract = note->extract;
    if (!text_encoder_load_as(&model->encoder, folder, 0, max_length ? max_length : note->max_length, model->dtype, model->pool, err))
        return false;
    model->extractor = extractor_new(&model->extract, 1, model->encoder.encoder, model->pool, err);
    return model->extractor || error_prefix(err, "%s", path);
}

static bool load_tfidf(TextModel *model, const char *folder, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/" TFIDF_FILE, folder)) return false;
    model->tfidf = tfidf_load(path.text, err);
    return model->tfidf != NULL;
}

static bool check_shapes(const TextModel *model, const char *folder, Error *err) {
    int classes = classifier_classes(&model->classifier);
    if (classes != model->classes)
        return FAIL(err, ERROR_MODEL, "%s: the classifier has %d classes, " TEXT_MODEL_FILE " names %d", folder, classes,
                    model->classes);
    bool is_dummy = model->classifier.kind == CLASSIFIER_DUMMY;
    if (is_dummy != (model->kind == MODEL_DUMMY))
        return FAIL(err, ERROR_MODEL, "%s: " TEXT_MODEL_FILE " says %s, but the classifier is %s dummy", folder, text_model_kind_names[model->kind],
                    is_dummy ? "a" : "no");
    if (is_dummy) return true;
    int channels = model->kind == MODEL_TFIDF ? tfidf_terms(model->tfidf) : model->encoder.weights.config.channels;
    if (model->classifier.linear.channels == channels) return true;
    return FAIL(err, ERROR_MODEL, "%s: the classifier reads %d features, but there are %d", folder,
                model->classifier.linear.channels, channels);
}

static bool load_described(TextModel *model, const char *folder, const char *path, int max_length, Error *err) {
    TextModelNote note;
    if (!text_model_note_load(&note, path, err)) return false;
    model->kind = note.kind;
    if (note.kind == MODEL_CASCADE) {
        bool loaded = text_cascade_load(&model->cascade, note.threshold, folder, max_length, model->dtype, model->pool, err);
        model->classes = loaded ? text_model_classes(model->cascade.models[0]) : 0;
        return loaded;
    }
    model->classes = note.classes;
    model->labels = note.labels; /* its own from here on */
    bool ok = classifier_load(&model->classifier, folder, err);
    if (ok && model->kind == MODEL_TFIDF) ok = load_tfidf(model, folder, err);
    if (ok && model->kind == MODEL_FROZEN) ok = load_encoder(model, &note, folder, path, max_length, err);
    return ok && check_shapes(model, folder, err);
}

static bool load_finetuned(TextModel *model, const char *folder, int max_length, Error *err) {
    EncoderConfig config = {0};
    bool ok = encoder_config_load(&config, folder, err);
    bool has_head = config.classes > 0;
    encoder_config_free(&config);
    if (!ok) return false;
    if (!has_head) return FAIL(err, ERROR_MODEL, "%s: an encoder without a classifier; `twofold train` puts one on top", folder);
    model->kind = MODEL_FINETUNED;
    if (!text_encoder_load_as(&model->encoder, folder, -1, max_length, model->dtype, model->pool, err)) return false;
    model->classes = model->encoder.weights.config.classes;
    SweepOptions options = {.forward = {.cls_only = true}};
    model->sweep = sweep_new(model->encoder.encoder, &options, model->pool, err);
    return model->sweep != NULL;
}

TextModel *text_model_load(const char *folder, int max_length, Pool *pool, Error *err) {
    return text_model_load_as(folder, max_length, DTYPE_FLOAT32, pool, err);
}

TextModel *text_model_load_as(const char *folder, int max_length, Dtype dtype, Pool *pool, Error *err) {
    TextModel *model = mem_new(1, sizeof *model, err);
    if (!model) return NULL;
    model->pool = pool;
    model->temperature = 1;
    model->dtype = dtype;
    Path path;
    bool ok = path_make(&model->folder, err, "%s", folder) && path_make(&path, err, "%s/" TEXT_MODEL_FILE, folder);
    if (ok)
        ok = path_exists(path.text) ? load_described(model, folder, path.text, max_length, err)
                                    : load_finetuned(model, folder, max_length, err);
    if (ok) return model;
    text_model_free(model);
    return NULL;
}

TextModel *text_model_cascade(TextModel *first, TextModel *second, double threshold, Error *err) {
    TextModel *model = mem_new(1, sizeof *model, err);
    TextCascade cascade = {.models = {first, second}, .threshold = threshold, .temperatures = {1, 1}};
    if (!model || !text_cascade_check(&cascade, err)) {
        text_cascade_free(&cascade);
        mem_free(model);
        return NULL;
    }
    *model = (TextModel){
        .kind = MODEL_CASCADE, .classes = text_model_classes(first), .pool = first->pool, .cascade = cascade, .temperature = 1};
    return model;
}

void text_model_free(TextModel *model) {
    if (!model) return;
    text_cascade_free(&model->cascade);
    sweep_free(model->sweep);
    extractor_free(model->extractor);
    text_encoder_free(&model->encoder);
    tfidf_free(model->tfidf);
    classifier_free(&model->classifier);
    for (int i = 0; model->labels && i < model->classes; i++) mem_free(model->labels[i]);
    mem_free(model->labels);
    mem_free(model);
}

/* ---- what it is ---- */

int text_model_classes(const TextModel *model) { return model->classes; }

const char *text_model_folder(const TextModel *model) { return model->folder.text; }
bool text_model_is_cascade(const TextModel *model) { return model->kind == MODEL_CASCADE; }
int64_t text_model_passed_on(const TextModel *model) { return model->cascade.passed_on; }

char *const *text_model_labels(const TextModel *model) {
    if (model->kind == MODEL_CASCADE) return text_model_labels(model->cascade.models[0]);
    return model->labels ? model->labels : model->encoder.weights.config.labels;
}

bool text_model_has_probabilities(const TextModel *model) {
    return model->kind >= MODEL_CASCADE || model->classifier.kind != CLASSIFIER_SVM;
}

static bool calibrate_one(const TextModel *model, double *temperature, Error *err) {
    StoredCalibration stored;
    if (!text_model_has_probabilities(model))
        return FAIL(err, ERROR_MODEL, "%s: this model gives no probabilities that could be calibrated", model->folder.text);
    if (!calibration_load(&stored, model->folder.text, err)) return false;
    *temperature = stored.temperature;
    return true;
}

bool text_model_calibrate(TextModel *model, Error *err) {
    TextCascade *cascade = &model->cascade;
    model->calibrated = model->kind == MODEL_CASCADE ? calibrate_one(cascade->models[0], &cascade->temperatures[0], err) &&
                                                           calibrate_one(cascade->models[1], &cascade->temperatures[1], err)
                                                     : calibrate_one(model, &model->temperature, err);
    return model->calibrated;
}

void text_model_describe_calibration(const TextModel *model, char out[96]) {
    out[0] = '\0';
    if (!model->calibrated) return;
    if (model->kind == MODEL_CASCADE)
        (void)snprintf(out, 96, "temperatures %.4g and %.4g", model->cascade.temperatures[0], model->cascade.temperatures[1]);
    else
        (void)snprintf(out, 96, "temperature %.4g", model->temperature);
}

static void describe_encoder(const TextModel *model, char out[128]) {
    const EncoderConfig *config = &model->encoder.weights.config;
    (void)snprintf(out, 128, "%s, %d layers × %d, at most %d tokens", config->family == FAMILY_BERT ? "BERT" : "DistilBERT",
                   config->layers, config->channels, model->encoder.max_length);
}

static void describe_cascade(const TextModel *model, char out[512]) {
    char first[512], second[512];
    text_model_describe(model->cascade.models[0], first);
    text_model_describe(model->cascade.models[1], second);
    (void)snprintf(out, 512, "cascade: %.190s, where it is at least %.4g sure; else %.190s", first, model->cascade.threshold,
                   second);
}

void text_model_describe(const TextModel *model, char out[512]) {
    char encoder[128] = "", classifier[256] = "";
    if (model->kind < MODEL_CASCADE) classifier_describe(&model->classifier, classifier);
    if (model->kind == MODEL_FROZEN || model->kind == MODEL_FINETUNED) describe_encoder(model, encoder);
    switch (model->kind) {
    case MODEL_DUMMY: (void)snprintf(out, 512, "%s", classifier); return;
    case MODEL_TFIDF: (void)snprintf(out, 512, "bag of %d terms, %s", tfidf_terms(model->tfidf), classifier); return;
    case MODEL_FROZEN:
        (void)snprintf(out, 512, "frozen %s; %s pooling, %s", encoder, pooling_name(model->extract.pooling), classifier);
        return;
    case MODEL_FINETUNED: (void)snprintf(out, 512, "fine-tuned %s", encoder); return;
    case MODEL_CASCADE: describe_cascade(model, out); return;
    }
}

/* Ids are four bytes, and a token about four letters; they are made in pieces, then joined. A term of a bag is twelve bytes and about four letters. */
double text_model_needs_mb(const TextModel *model, double rows, double bytes) {
    const TextCascade *cascade = &model->cascade;
    double answers = rows * (model->classes + 1) * sizeof(double), needed = answers;
    if (model->kind == MODEL_CASCADE)
        return answers / 0x1p20 + text_model_needs_mb(cascade->models[0], rows, bytes) + text_model_needs_mb(cascade->models[1], rows, bytes);
    if (model->kind == MODEL_TFIDF) needed += 6 * bytes;
    if (model->kind == MODEL_FROZEN || model->kind == MODEL_FINETUNED) {
        const EncoderConfig *config = &model->encoder.weights.config;
        needed += 3 * bytes + (double)sweep_bytes(config, model->dtype, model->encoder.max_length, pool_threads(model->pool));
        if (model->kind == MODEL_FROZEN) needed += rows * config->channels * sizeof(float);
    }
    return needed / 0x1p20;
}

/* ---- answering ---- */

/* The texts end to end, in their order. `owned` is what to free; NULL when they lie so already. */
typedef struct PackedTexts {
    const char *text;
    const int64_t *starts;
    char *owned_text;
    int64_t *owned_starts;
} PackedTexts;

static bool pack_texts(PackedTexts *packed, const TextView *texts, Error *err) {
    *packed = (PackedTexts){.text = texts->data, .starts = texts->starts};
    if (!texts->rows) return true;
    int64_t size = 0;
    packed->owned_starts = mem_new((size_t)texts->count + 1, sizeof(int64_t), err);
    if (!packed->owned_starts) return false;
    for (int i = 0; i < texts->count; i++) {
        int row = texts->rows ? texts->rows[i] : i;
        size += texts->starts[row + 1] - texts->starts[row];
        packed->owned_starts[i + 1] = size;
    }
    packed->owned_text = mem_new((size_t)size + 1, 1, err);
    if (!packed->owned_text) return false;
    for (int i = 0; i < texts->count; i++) {
        int row = texts->rows ? texts->rows[i] : i;
        memcpy(packed->owned_text + packed->owned_starts[i], texts->data + texts->starts[row],
               (size_t)(packed->owned_starts[i + 1] - packed->owned_starts[i]));
    }
    packed->text = packed->owned_text;
    packed->starts = packed->owned_starts;
    return true;
}

static bool encode(const TextModel *model, Tokens *tokens, const TextView *texts, int *truncated, Error *err) {
    PackedTexts packed;
    bool ok = pack_texts(&packed, texts, err) && tokens_encode(tokens, model->encoder.tokenizer, packed.text, packed.starts,
                                                               texts->count, model->encoder.max_length, model->pool, err);
    mem_free(packed.owned_text);
    mem_free(packed.owned_starts);
    if (ok && truncated) *truncated = tokens->truncated;
    return ok;
}

bool text_model_flops(double *flops, const TextModel *model, const TextView *texts, Error *err) {
    Tokens tokens = {0};
    *flops = (double)NAN;
    if (model->kind != MODEL_FROZEN && model->kind != MODEL_FINETUNED) return true;
    if (!encode(model, &tokens, texts, NULL, err)) return false;
    const EncoderConfig *config = &model->encoder.weights.config;
    Reading reading =
        model->kind == MODEL_FROZEN ? reading_frozen(config, &model->extract) : reading_finetuned(config, model->classes);
    *flops = 0;
    for (int row = 0; row < tokens.rows; row++) *flops += reading_flops(&reading, tokens_length(&tokens, row));
    tokens_free(&tokens);
    return true;
}

typedef struct HeadRun {
    TextModel *model;
    Predictions *out;
    double *logits; /* (threads, classes) */
} HeadRun;

static bool classify_batch(void *context, Workspace *workspace, const Batch *batch, int thread, Error *err) {
    HeadRun *run = context;
    int K = run->model->classes;
    double *row = run->logits + (size_t)thread * (size_t)K;
    ForwardOptions forward = {.cls_only = true};
    const float *logits;
    if (!encoder_classify(run->model->encoder.encoder, workspace, batch, &forward, &logits, err)) return false;
    for (int b = 0; b < batch->rows; b++) {
        for (int k = 0; k < K; k++) row[k] = (double)logits[(size_t)b * (size_t)K + (size_t)k];
        predictions_put_logits(run->out, batch->row[b], row);
    }
    return true;
}

static bool predict_finetuned(TextModel *model, const Tokens *tokens, const int32_t *truth, Predictions *out,
                              const Observer *observer, Error *err) {
    HeadRun run = {.model = model, .out = out};
    run.logits = mem_new((size_t)pool_threads(model->pool) * (size_t)model->classes, sizeof *run.logits, err);
    bool ok = run.logits && predictions_make(out, tokens->rows, model->classes, truth, true, err) &&
              sweep_run(model->sweep, tokens, NULL, tokens->rows, classify_batch, &run, "predict", observer, err);
    mem_free(run.logits);
    return ok;
}

/* Finite weights can still overflow on the way: what then comes out must not pass for an answer. */
static bool fail_overflow(const Error *why, Error *err) {
    return FAIL(err, ERROR_MODEL, "%s: the model's weights are damaged, or its training diverged", why->message);
}

static bool check_features(const FeatureView *view, Error *err) {
    Error why = {0};
    return feature_view_check(view, &why) || fail_overflow(&why, err);
}

static bool predict_encoded(TextModel *model, const TextView *texts, const int32_t *truth, Predictions *out, int *truncated,
                            const Observer *observer, Error *err) {
    Tokens tokens = {0};
    Features features = {0};
    bool ok = encode(model, &tokens, texts, truncated, err);
    if (ok && model->kind == MODEL_FINETUNED)
        ok = predict_finetuned(model, &tokens, truth, out, observer, err);
    else if (ok && extractor_run(model->extractor, &features, &tokens, NULL, tokens.rows, observer, err)) {
        FeatureView view = features_view(&features);
        ok = check_features(&view, err) && classifier_predict(&model->classifier, &view, truth, model->pool, out, err);
    } else
        ok = false;
    features_free(&features);
    tokens_free(&tokens);
    return ok;
}

static bool predict_tfidf(TextModel *model, const TextView *texts, const int32_t *truth, Predictions *out, Error *err) {
    SparseFeatures features = {0};
    bool ok = tfidf_transform(model->tfidf, texts, model->pool, &features, err);
    FeatureView view = sparse_features_view(&features);
    ok = ok && classifier_predict(&model->classifier, &view, truth, model->pool, out, err);
    sparse_features_free(&features);
    return ok;
}

static bool predict_given(TextModel *model, const TextView *texts, const int32_t *truth, Predictions *out, int *truncated,
                          const Observer *observer, Error *err) {
    FeatureView nothing = {.count = texts->count};
    switch (model->kind) {
    case MODEL_DUMMY: return classifier_predict(&model->classifier, &nothing, truth, model->pool, out, err);
    case MODEL_TFIDF: return predict_tfidf(model, texts, truth, out, err);
    case MODEL_FROZEN:
    case MODEL_FINETUNED: return predict_encoded(model, texts, truth, out, truncated, observer, err);
    case MODEL_CASCADE: return text_cascade_predict(&model->cascade, texts, truth, out, truncated, observer, err);
    }
    return false;
}

static bool check_answers(const Predictions *answers, Error *err) {
    Error why = {0};
    return predictions_check(answers, &why) || fail_overflow(&why, err);
}

bool text_model_predict(TextModel *model, const TextView *texts, const int32_t *truth, Predictions *out, int *truncated,
                        const Observer *observer, Error *err) {
    if (truncated) *truncated = 0;
    if (!predict_given(model, texts, truth, out, truncated, observer, err) || !check_answers(out, err)) return false;
    if (out->probabilities) temperature_apply(out, model->temperature);
    return true;
}
