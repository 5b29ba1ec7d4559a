#include "compare/entry.h"

#include <string.h>

const char *const ENTRY_PRESET_NAMES[ENTRY_PRESETS] = {"dummy", "tfidf-logreg", "cls-logreg", "mean-logreg", "finetune"};

const char *entry_kind_name(EntryKind kind) {
    static const char *const NAMES[ENTRY_KINDS] = {"dummy", "bag of words", "frozen encoder (path A)",
                                                   "fine-tuned encoder (path B)", "another system's answers"};
    return NAMES[kind];
}

bool entry_kind_find(const char *name, EntryKind *kind) {
    for (*kind = ENTRY_DUMMY; *kind < ENTRY_KINDS; (*kind)++)
        if (strcmp(name, entry_kind_name(*kind)) == 0) return true;
    return false;
}

bool entry_source_find(const char *name, EntrySource *source) {
    for (*source = ENTRY_TRAINED; *source <= ENTRY_SAVED; (*source)++)
        if (strcmp(name, entry_source_name(*source)) == 0) return true;
    return false;
}

bool entry_preset(EntrySpec *spec, const char *name, const EntrySpec *common, bool C_given, Error *err) {
    int preset = 0;
    while (preset < ENTRY_PRESETS && strcmp(ENTRY_PRESET_NAMES[preset], name) != 0) preset++;
    *spec = *common;
    if (preset == ENTRY_PRESETS)
        return FAIL(err, ERROR_USAGE,
                    "no entry '%s'; there are dummy, tfidf-logreg, cls-logreg, mean-logreg, finetune (--entry adds others)",
                    name);
    spec->name = ENTRY_PRESET_NAMES[preset];
    LinearOptions *linear = &spec->linear;
    linear->classifier.classifier = CLASSIFIER_LOGREG;
    linear->classifier.solver = SOLVER_LIBLINEAR;
    switch (preset) {
    case 0:
        spec->kind = ENTRY_DUMMY;
        linear->source = SOURCE_NONE;
        linear->classifier.classifier = CLASSIFIER_DUMMY;
        break;
    case 1:
        spec->kind = ENTRY_WORDS;
        linear->source = SOURCE_TFIDF;
        if (!C_given)
            linear->classifier.C = 0; /* the best of the choices: with C 1 the bag of words would look worse than it is */
        break;
    case 2:
    case 3:
        spec->kind = ENTRY_FROZEN;
        linear->source = SOURCE_ENCODER;
        linear->extract.pooling = preset == 2 ? POOLING_CLS : POOLING_MEAN;
        if (preset == 3) linear->classifier.solver = SOLVER_LBFGS;
        break;
    default: spec->kind = ENTRY_FINETUNE;
    }
    return true;
}

/* ---- keys ---- */

static void write_classifier(JsonWriter *json, const ClassifierOptions *o) {
    json_put_string(json, "classifier", classifier_kind_name(o->classifier));
    if (o->classifier == CLASSIFIER_DUMMY) {
        json_put_int(json, "strategy", (int)o->strategy);
        json_put_int(json, "seed", (int64_t)o->seed);
        return;
    }
    json_put_string(json, "solver", classifier_solver_name(o->solver));
    if (o->C > 0)
        json_put_number(json, "C", o->C);
    else {
        json_put_string(json, "C", "auto");
        json_write_key(json, "C_choices");
        json_begin_array(json);
        for (int i = 0; i < o->C_count; i++) json_write_number(json, o->C_choices[i]);
        json_end_array(json);
        json_put_int(json, "folds", o->folds);
        json_put_int(json, "seed", (int64_t)o->seed);
    }
    json_put_string(json, "class_weight", o->balanced ? "balanced" : NULL);
    json_put_number(json, "tol", o->tolerance);
    json_put_int(json, "max_iter", o->max_iterations);
}

static void write_linear(JsonWriter *json, const LinearOptions *o) {
    if (o->source == SOURCE_ENCODER) {
        json_put_string(json, "pooling", pooling_name(o->extract.pooling));
        json_put_int(json, "layer", o->extract.layer);
        json_put_bool(json, "normalize", o->extract.normalize);
    } else if (o->source == SOURCE_TFIDF) {
        json_put_int(json, "ngram_min", o->tfidf.min_n);
        json_put_int(json, "ngram_max", o->tfidf.max_n);
        json_put_bool(json, "lowercase", o->tfidf.lowercase);
        json_put_bool(json, "sublinear_tf", o->tfidf.sublinear);
        json_put_number(json, "min_df", o->tfidf.min_df);
        json_put_number(json, "max_df", o->tfidf.max_df);
        json_put_int(json, "max_features", o->tfidf.max_features);
    }
    write_classifier(json, &o->classifier);
}

bool entry_has_encoder(const EntrySpec *spec) {
    return spec->source == ENTRY_TRAINED && (spec->kind == ENTRY_FROZEN || spec->kind == ENTRY_FINETUNE);
}

/* What an entry that is not trained here is read from. Costs are measured with this program, so that its version counts. */
static void write_outside(JsonWriter *json, const EntrySpec *spec, Dtype dtype) {
    json_begin_object(json);
    json_put_string(json, "source", entry_source_name(spec->source));
    json_put_string(json, "path", spec->path);
    json_put_string(json, "sha256", spec->sha256.text);
    if (spec->source == ENTRY_SAVED) json_put_string(json, "dtype", dtype_name(dtype));
    json_end_object(json);
}

void entry_key(Buffer *out, const EntrySpec *spec, const EntryContext *context) {
    JsonWriter json = json_writer(out, 0);
    json_begin_object(&json);
    json_put_string(&json, "program", "twofold " TWOFOLD_VERSION);
    json_put_string(&json, "data", context->data.text);
    if (entry_has_encoder(spec)) {
        json_put_string(&json, "model", context->model.text);
        json_put_string(&json, "tokenizer", context->tokenizer.text);
        json_put_int(&json, "max_length", context->max_length);
        json_put_string(&json, "dtype", dtype_name(context->dtype));
    }
    json_write_key(&json, "options");
    if (spec->source != ENTRY_TRAINED)
        write_outside(&json, spec, context->dtype);
    else if (spec->kind == ENTRY_FINETUNE)
        finetune_options_write(&json, &spec->finetune);
    else {
        json_begin_object(&json);
        write_linear(&json, &spec->linear);
        json_end_object(&json);
    }
    json_end_object(&json);
}

/* A value as one would say it: numbers and words as they are, lists with commas, hashes by their beginning. */
static void say_value(Buffer *out, const Json *value) {
    char number[32];
    if (json_is_array(value)) {
        for (const Json *item = json_first(value); item; item = json_next(item)) {
            if (item != json_first(value)) buffer_text(out, ", ");
            say_value(out, item);
        }
    } else if (json_is_number(value)) {
        number_text(number, json_number_or(value, 0));
        buffer_text(out, number);
    } else if (json_is_string(value)) {
        const char *text = json_string_or(value, "");
        buffer_printf(out, strlen(text) == 64 ? "%.8s…" : "%s", text);
    } else if (json_is_bool(value))
        buffer_text(out, json_bool_or(value, false) ? "true" : "false");
    else
        buffer_text(out, "none");
}

/* "C 3, was auto"; nothing when they are said alike and are. Hashes are compared whole. */
static void add_difference(Buffer *out, const Json *value, const Json *old) {
    Buffer now = {0}, before = {0};
    say_value(&now, value);
    say_value(&before, old);
    bool same = now.data && before.data && strcmp(now.data, before.data) == 0 &&
                strcmp(json_string_or(value, ""), json_string_or(old, "")) == 0;
    if (!same && now.data && before.data)
        buffer_printf(out, "%s%s %s, was %s", out->size ? "; " : "", json_key(value), now.data, before.data);
    if (now.failed || before.failed) out->failed = true;
    buffer_free(&now);
    buffer_free(&before);
}

/* What only one of the two has (the choices of C, where C was given) follows from another difference. */
static void add_differences(Buffer *out, const Json *now, const Json *before) {
    for (const Json *value = json_first(now); value; value = json_next(value)) {
        const Json *old = json_get(before, json_key(value));
        if (!old) continue;
        if (json_is_object(value))
            add_differences(out, value, old);
        else
            add_difference(out, value, old);
    }
}

void entry_key_difference(Buffer *out, const char *key, const char *recorded) {
    Json *now = json_parse(key, strlen(key), "key", ERROR_FAILED, NULL);
    Json *before = json_parse(recorded, strlen(recorded), "key", ERROR_FAILED, NULL);
    add_differences(out, now, before);
    if (!out->size) buffer_text(out, "its settings were recorded in another way");
    json_free(now);
    json_free(before);
}
