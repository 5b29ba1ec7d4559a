#include "encoder/model_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/safetensors.h"

static const char *const TOKENIZER_FILES[] = {"vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                                              "added_tokens.json"};
enum { TOKENIZER_FILE_COUNT = sizeof TOKENIZER_FILES / sizeof *TOKENIZER_FILES };

/* Carries one file when it is there. */
static bool carry(const char *from_folder, const char *folder, const char *name, Error *err) {
    Path from, to;
    if (!path_make(&from, err, "%s/%s", from_folder, name) || !path_make(&to, err, "%s/%s", folder, name)) return false;
    return !file_exists(from.text) || file_link_or_copy(from.text, to.text, err);
}

bool model_files_carry_tokenizer(const char *from_folder, const char *folder, Error *err) {
    if (!folder_make(folder, err)) return false;
    for (int i = 0; i < TOKENIZER_FILE_COUNT; i++)
        if (!carry(from_folder, folder, TOKENIZER_FILES[i], err)) return false;
    return true;
}

bool model_files_set_max_length(const char *folder, int max_length, int positions, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/tokenizer_config.json", folder)) return false;
    bool there = file_exists(path.text);
    double most = positions;
    if (there) {
        Json *json = json_parse_file(path.text, ERROR_MODEL, err);
        if (!json) return false;
        double said = json_number_or(json_get(json, "model_max_length"), 0);
        if (said >= 2 && said < most) most = floor(said);
        json_free(json);
    }
    if (max_length == (int)most) return true;
    JsonEntries entries = {0};
    bool good = !there || json_entries_read(&entries, path.text, ERROR_MODEL, err);
    if (good) json_entries_set_int(&entries, "model_max_length", max_length);
    good = good && json_entries_write(&entries, path.text, err); /* a new file: one that was linked here stays as it is */
    json_entries_free(&entries);
    return good;
}

bool model_files_carry_encoder(const char *from_folder, const char *folder, Error *err) {
    Path index;
    if (!path_make(&index, err, "%s/model.safetensors", from_folder)) return false;
    bool sharded = !file_exists(index.text);
    if (!model_files_carry_tokenizer(from_folder, folder, err) || !carry(from_folder, folder, "config.json", err)) return false;
    if (!sharded) return carry(from_folder, folder, "model.safetensors", err);
    SafeTensors tensors;
    if (!path_make(&index, err, "%s/model.safetensors.index.json", from_folder) ||
        !safetensors_open_index(&tensors, index.text, err))
        return false;
    bool carried = carry(from_folder, folder, "model.safetensors.index.json", err);
    for (const SafeTensorsFile *file = tensors.files; carried && file; file = file->next)
        carried = carry(from_folder, folder, path_base(file->path), err);
    safetensors_close(&tensors);
    return carried;
}

/* ---- what config.json says of the head ---- */

static void set_id2label(JsonEntries *config_json, const EncoderConfig *config) {
    JsonWriter json = json_entries_set(config_json, "id2label");
    json_begin_object(&json);
    for (int id = 0; id < config->classes; id++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%d", id);
        json_put_string(&json, key, config->labels[id]);
    }
    json_end_object(&json);
}

/* A label with its id, to be sorted as json.dumps sorts. */
typedef struct Named {
    const char *label;
    int id;
} Named;

static int by_label(const void *a, const void *b) {
    const Named *left = a, *right = b;
    int order = strcmp(left->label, right->label);
    return order ? order : left->id - right->id;
}

static bool set_label2id(JsonEntries *config_json, const EncoderConfig *config, Error *err) {
    size_t count = (size_t)config->classes;
    Named *named = mem_new(count, sizeof *named, err);
    if (!named) return false;
    for (size_t i = 0; i < count; i++) named[i] = (Named){config->labels[i], (int)i};
    qsort(named, count, sizeof *named, by_label);
    JsonWriter json = json_entries_set(config_json, "label2id");
    json_begin_object(&json);
    for (size_t i = 0; i < count; i++) {
        bool again = i + 1 < count && strcmp(named[i].label, named[i + 1].label) == 0; /* of equal labels the last id stays */
        if (!again) json_put_int(&json, named[i].label, named[i].id);
    }
    json_end_object(&json);
    mem_free(named);
    return true;
}

bool model_files_describe_head(JsonEntries *config_json, const EncoderConfig *config, Error *err) {
    bool bert = config->family == FAMILY_BERT, head = config->classes > 0;
    JsonWriter json = json_entries_set(config_json, "architectures");
    json_begin_array(&json);
    json_write_string(&json, bert   ? head ? "BertForSequenceClassification" : "BertModel"
                             : head ? "DistilBertForSequenceClassification"
                                    : "DistilBertModel");
    json_end_array(&json);
    json_entries_remove(config_json, "torch_dtype"); /* the older name of dtype */
    json_entries_set_string(config_json, "dtype", "float32");
    json_entries_remove(config_json, "num_labels"); /* id2label says it */
    if (head) {
        json_entries_set_string(config_json, "problem_type", "single_label_classification");
        set_id2label(config_json, config);
        return set_label2id(config_json, config, err);
    }
    json_entries_remove(config_json, "problem_type");
    json_entries_remove(config_json, "id2label");
    json_entries_remove(config_json, "label2id");
    return true;
}
