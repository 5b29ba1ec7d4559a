#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "compare/text_model.h"
#include "compare/text_model_inside.h"

const char *const text_model_kind_names[3] = {"dummy", "tfidf", "encoder"};

/* What transformers and this program read of an encoder's folder, but for the weights. */
static const char *const ENCODER_FILES[] = {"config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json",
                                            "special_tokens_map.json", "added_tokens.json"};
enum { ENCODER_FILE_COUNT = sizeof ENCODER_FILES / sizeof *ENCODER_FILES };

static bool take_file(const char *from_folder, const char *folder, const char *name, Error *err) {
    Path from, to;
    if (!path_make(&from, err, "%s/%s", from_folder, name) || !path_make(&to, err, "%s/%s", folder, name)) return false;
    return file_link_or_copy(from.text, to.text, err);
}

static bool has_file(const char *folder, const char *name) {
    Path path;
    return path_make(&path, NULL, "%s/%s", folder, name) && file_exists(path.text);
}

/* The names of the shards that the index lists, each once or more; taking one twice is harmless. */
static bool take_shards(const char *from_folder, const char *folder, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/model.safetensors.index.json", from_folder)) return false;
    Json *index = json_parse_file(path.text, ERROR_MODEL, err);
    bool ok = index != NULL;
    const char *last = "";
    for (const Json *shard = json_first(json_get(index, "weight_map")); ok && shard; shard = json_next(shard)) {
        const char *name = json_string_or(shard, "");
        if (strcmp(name, last) == 0) continue;
        if (!*name || strchr(name, '/')) ok = FAIL(err, ERROR_MODEL, "%s: '%s' is no file name", path.text, name);
        ok = ok && take_file(from_folder, folder, name, err);
        last = name;
    }
    json_free(index);
    return ok;
}

static bool take_encoder(const char *from_folder, const char *folder, Error *err) {
    for (int i = 0; i < ENCODER_FILE_COUNT; i++)
        if (has_file(from_folder, ENCODER_FILES[i]) && !take_file(from_folder, folder, ENCODER_FILES[i], err)) return false;
    if (has_file(from_folder, "model.safetensors")) return take_file(from_folder, folder, "model.safetensors", err);
    return take_file(from_folder, folder, "model.safetensors.index.json", err) && take_shards(from_folder, folder, err);
}

static bool write_description(const TextModelParts *parts, const char *folder, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/" TEXT_MODEL_FILE, folder)) return false;
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 2);
    json_begin_object(&json);
    json_put_int(&json, "version", TEXT_MODEL_VERSION);
    json_put_string(&json, "kind", text_model_kind_names[parts->encoder_folder ? 2 : parts->tfidf ? 1 : 0]);
    json_write_key(&json, "labels");
    json_begin_array(&json);
    for (int k = 0; k < parts->classes; k++) json_write_string(&json, parts->labels[k]);
    json_end_array(&json);
    if (parts->encoder_folder) {
        json_put_string(&json, "pooling", pooling_name(parts->extract.pooling));
        json_put_int(&json, "layer", parts->extract.layer);
        json_put_bool(&json, "normalize", parts->extract.normalize);
        json_put_int(&json, "max_length", parts->max_length);
    }
    json_end_object(&json);
    buffer_text(&text, "\n");
    bool ok = file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return ok;
}

static bool save_tfidf(const Tfidf *tfidf, const char *folder, Error *err) {
    Path path;
    return path_make(&path, err, "%s/" TFIDF_FILE, folder) && tfidf_save(tfidf, path.text, err);
}

/* twofold.json comes last: a folder that has it is complete. */
bool text_model_save(const TextModelParts *parts, const char *folder, Error *err) {
    return folder_make(folder, err) && (!parts->encoder_folder || take_encoder(parts->encoder_folder, folder, err)) &&
           (!parts->tfidf || save_tfidf(parts->tfidf, folder, err)) && classifier_save(parts->classifier, folder, err) &&
           write_description(parts, folder, err);
}

static int64_t size_within(const char *folder, const char *name) {
    Path path;
    int64_t size = path_make(&path, NULL, "%s/%s", folder, name) ? file_size(path.text) : -1;
    return size > 0 ? size : 0;
}

int64_t text_model_bytes(const char *folder) {
    if (!folder_exists(folder)) return -1;
    int64_t bytes = folder_size(folder) - size_within(folder, "README.md") - size_within(folder, "liblinear.model");
    return bytes < 0 ? -1 : bytes;
}
