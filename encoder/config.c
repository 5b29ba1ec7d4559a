#include "encoder/config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"

enum {
    MOST_LAYERS = 1024,
    MOST_UNNAMED_LABELS = 1 << 16, /* named ones are as many as the file has room for */
    MOST_SIZE =
        1
        << 24 /* of any one dimension: larger than any encoder's, and small enough that products of two stay far from overflow */
};

/* The names of one family's entries. */
typedef struct FamilyKeys {
    const char *model_type;
    Family family;
    const char *layers, *channels, *heads, *feed_forward, *activation, *dropout, *attention_dropout;
} FamilyKeys;

static const FamilyKeys FAMILIES[] = {
    {"distilbert", FAMILY_DISTILBERT, "n_layers", "dim", "n_heads", "hidden_dim", "activation", "dropout", "attention_dropout"},
    {"bert", FAMILY_BERT, "num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "hidden_act",
     "hidden_dropout_prob", "attention_probs_dropout_prob"},
};
enum { FAMILY_COUNT = sizeof FAMILIES / sizeof *FAMILIES };

/* config.json while it is read: every sentence begins with its path. */
typedef struct Source {
    const char *path;
    const Json *json;
} Source;

/* A whole number from `least` to `most`, or `fallback` when the key is absent or null. */
static bool read_int(int *out, Source source, const char *key, int fallback, int least, int most, Error *err) {
    const Json *value = json_get(source.json, key);
    int64_t number = json_is_null(value) ? fallback : json_int_or(value, INT64_MIN);
    if (number < least || number > most) {
        char found[64] = "no whole number";
        if (number != INT64_MIN) (void)snprintf(found, sizeof found, "%lld", (long long)number);
        return FAIL(err, ERROR_MODEL, "%s: %s is %s, expected %d to %d", source.path, key, found, least, most);
    }
    *out = (int)number;
    return true;
}

/* A number in [0, below), or `fallback` when the key is absent or null. */
static bool read_fraction(double *out, Source source, const char *key, double fallback, double below, Error *err) {
    const Json *value = json_get(source.json, key);
    *out = json_is_null(value) ? fallback : json_number_or(value, -1);
    if (*out >= 0 && *out < below) return true;
    return FAIL(err, ERROR_MODEL, "%s: %s is %g, expected a number from 0 to under %g", source.path, key, *out, below);
}

static bool find_family(const FamilyKeys **keys, Source source, Error *err) {
    const char *found = json_string_or(json_get(source.json, "model_type"), "missing");
    for (int i = 0; i < FAMILY_COUNT; i++) {
        *keys = &FAMILIES[i];
        if (strcmp(found, FAMILIES[i].model_type) == 0) return true;
    }
    return FAIL(err, ERROR_MODEL, "%s: model_type is %.60s, expected distilbert or bert", source.path, found);
}

static bool read_sizes(EncoderConfig *config, const FamilyKeys *keys, Source source, Error *err) {
    bool read = read_int(&config->layers, source, keys->layers, keys->family == FAMILY_BERT ? 12 : 6, 1, MOST_LAYERS, err) &&
                read_int(&config->channels, source, keys->channels, 768, 1, MOST_SIZE, err) &&
                read_int(&config->heads, source, keys->heads, 12, 1, MOST_SIZE, err) &&
                read_int(&config->feed_forward, source, keys->feed_forward, 3072, 1, MOST_SIZE, err) &&
                read_int(&config->vocabulary, source, "vocab_size", 30522, 1, MOST_SIZE, err) &&
                read_int(&config->positions, source, "max_position_embeddings", 512, 1, MOST_SIZE, err) &&
                read_int(&config->pad_id, source, "pad_token_id", 0, 0, MOST_SIZE, err);
    if (!read) return false;
    if (keys->family == FAMILY_BERT && !read_int(&config->token_types, source, "type_vocab_size", 2, 1, MOST_SIZE, err))
        return false;
    if (config->channels % config->heads != 0)
        return FAIL(err, ERROR_MODEL, "%s: %s is %d and %s %d, expected heads that divide the width", source.path, keys->channels,
                    config->channels, keys->heads, config->heads);
    return true;
}

static bool read_rates(EncoderConfig *config, const FamilyKeys *keys, Source source, Error *err) {
    bool bert = keys->family == FAMILY_BERT;
    config->norm_epsilon = 1e-12; /* DistilBERT's is fixed in its code */
    return read_fraction(&config->dropout, source, keys->dropout, 0.1, 1, err) &&
           read_fraction(&config->attention_dropout, source, keys->attention_dropout, 0.1, 1, err) &&
           read_fraction(&config->classifier_dropout, source, bert ? "classifier_dropout" : "seq_classif_dropout",
                         bert ? config->dropout : 0.2, 1, err) &&
           read_fraction(&config->initializer_range, source, "initializer_range", 0.02, 1000, err) &&
           (!bert || read_fraction(&config->norm_epsilon, source, "layer_norm_eps", 1e-12, 1, err));
}

/* What would make the same tensors another network. */
static bool check_kind(const FamilyKeys *keys, Source source, Error *err) {
    const char *activation = json_string_or(json_get(source.json, keys->activation), "gelu");
    const char *positions = json_string_or(json_get(source.json, "position_embedding_type"), "absolute");
    if (strcmp(activation, "gelu") != 0 && strcmp(activation, "gelu_python") != 0) /* both are the erf form */
        return FAIL(err, ERROR_MODEL, "%s: %s is %.60s, expected gelu", source.path, keys->activation, activation);
    if (strcmp(positions, "absolute") != 0)
        return FAIL(err, ERROR_MODEL, "%s: position_embedding_type is %.60s, expected absolute", source.path, positions);
    if (json_bool_or(json_get(source.json, "is_decoder"), false))
        return FAIL(err, ERROR_MODEL, "%s: is_decoder is true, expected an encoder", source.path);
    return true;
}

/* ---- the head ---- */

static bool ends_with(const char *text, const char *end) {
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* Why the entries on labels, if any, belong to no head that this program has; NULL when they do. A tagger's head has the same
 * tensor names as a classifier's: only `architectures` tells them apart. */
static const char *why_no_head(Source source) {
    const Json *architectures = json_get(source.json, "architectures");
    const char *problem = json_string_or(json_get(source.json, "problem_type"), "single_label_classification");
    if (json_first(architectures) && !ends_with(json_string_or(json_first(architectures), ""), "ForSequenceClassification"))
        return "architectures names no …ForSequenceClassification";
    if (strcmp(problem, "multi_label_classification") == 0)
        return "problem_type is multi_label_classification, expected single_label_classification";
    if (strcmp(problem, "regression") == 0) return "problem_type is regression, expected single_label_classification";
    if (!json_first(architectures) && !json_get(source.json, "id2label"))
        return "config.json has neither architectures nor id2label";
    return NULL;
}

static char *label_text(const Json *value, Error *err) {
    char number[32];
    const char *text = json_string_or(value, NULL);
    if (!text && json_is_number(value)) {
        number_text(number, json_number_or(value, 0));
        text = number;
    }
    return text ? mem_copy_text(text, strlen(text), err) : NULL;
}

/* The id that a key of id2label is: digits without more; -1 for anything else. */
static int label_id(const char *key, int classes) {
    char *end;
    if (key[0] < '0' || key[0] > '9' || strlen(key) > 9) return -1;
    long id = strtol(key, &end, 10);
    return *end == '\0' && id < classes ? (int)id : -1;
}

static bool read_labels(EncoderConfig *config, Source source, Error *err) {
    const Json *id2label = json_get(source.json, "id2label");
    int listed = json_size(id2label), count;
    if (!read_int(&count, source, "num_labels", listed ? listed : 2, 1, listed ? MOST_SIZE : MOST_UNNAMED_LABELS, err))
        return false; /* 2: transformers' own default */
    if (!listed) return encoder_config_set_labels(config, NULL, count, err);
    config->labels = mem_new((size_t)listed, sizeof *config->labels, err);
    if (!config->labels) return false;
    config->classes = listed;
    for (const Json *child = json_first(id2label); child; child = json_next(child)) {
        int id = json_key(child) ? label_id(json_key(child), listed) : -1;
        if (id < 0 || config->labels[id])
            return FAIL(err, ERROR_MODEL, "%s: id2label has the key '%.40s', expected 0 to %d, once each", source.path,
                        json_key(child) ? json_key(child) : "", listed - 1);
        config->labels[id] = label_text(child, err);
        if (!config->labels[id]) return FAIL(err, ERROR_MODEL, "%s: id2label: label %d is no text", source.path, id);
    }
    return true;
}

static void free_labels(EncoderConfig *config) {
    for (int i = 0; config->labels && i < config->classes; i++) free(config->labels[i]);
    mem_free(config->labels);
    config->labels = NULL;
    config->classes = 0;
}

bool encoder_config_set_labels(EncoderConfig *config, const char *const *labels, int classes, Error *err) {
    EncoderConfig fresh = {0};
    bool set = true;
    if (classes > 0 && !(fresh.labels = mem_new((size_t)classes, sizeof *fresh.labels, err))) return false;
    for (int i = 0; set && i < classes; i++) {
        char generic[32];
        (void)snprintf(generic, sizeof generic, "LABEL_%d", i);
        const char *label = labels ? labels[i] : generic;
        fresh.classes++;
        set = (fresh.labels[i] = mem_copy_text(label, strlen(label), err)) != NULL;
    }
    if (!set) {
        free_labels(&fresh);
        return false;
    }
    free_labels(config);
    config->labels = fresh.labels;
    config->classes = fresh.classes;
    return true;
}

/* ---- the whole ---- */

static bool read_config(EncoderConfig *config, Source source, Error *err) {
    const FamilyKeys *keys;
    if (!json_is_object(source.json)) return FAIL(err, ERROR_MODEL, "%s: expected a JSON object", source.path);
    if (!find_family(&keys, source, err) || !check_kind(keys, source, err)) return false;
    config->family = keys->family;
    if (!read_sizes(config, keys, source, err) || !read_rates(config, keys, source, err)) return false;
    config->why_no_head = why_no_head(source);
    return config->why_no_head || read_labels(config, source, err);
}

bool encoder_config_load(EncoderConfig *config, const char *folder, Error *err) {
    *config = (EncoderConfig){0};
    Path path;
    if (!path_make(&path, err, "%s/config.json", folder)) return false;
    Json *json = json_parse_file(path.text, ERROR_MODEL, err);
    if (!json) return false;
    bool read = read_config(config, (Source){path.text, json}, err);
    json_free(json);
    if (!read) encoder_config_free(config);
    return read;
}

void encoder_config_free(EncoderConfig *config) {
    free_labels(config);
    *config = (EncoderConfig){0};
}
