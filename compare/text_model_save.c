#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "compare/calibration_file.h"
#include "compare/text_model.h"
#include "compare/text_model_inside.h"
#include "encoder/model_files.h"

const char *const text_model_kind_names[TEXT_MODEL_KINDS] = {"dummy", "tfidf", "encoder", "cascade"};

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
    return folder_make(folder, err) &&
           (!parts->encoder_folder || model_files_carry_encoder(parts->encoder_folder, folder, err)) &&
           (!parts->tfidf || save_tfidf(parts->tfidf, folder, err)) && classifier_save(parts->classifier, folder, err) &&
           write_description(parts, folder, err);
}

/* The model card, the scores of its making, and liblinear's copy of the weights lie in the folder too, and are not needed. */
static bool is_needed(const char *name) {
    static const char *const names[] = {TEXT_MODEL_FILE,
                                        TFIDF_FILE,
                                        "classifier.json",
                                        "config.json",
                                        "vocab.txt",
                                        "tokenizer.json",
                                        "added_tokens.json",
                                        "tokenizer_config.json",
                                        "special_tokens_map.json"};
    static const char tensors[] = ".safetensors", index[] = ".safetensors.index.json";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    size_t size = strlen(name);
    return (size >= sizeof tensors && strcmp(name + size + 1 - sizeof tensors, tensors) == 0) ||
           (size >= sizeof index && strcmp(name + size + 1 - sizeof index, index) == 0);
}

static int64_t needed_bytes(const char *folder) {
    DIR *entries = opendir(folder);
    if (!entries) return -1;
    int64_t bytes = 0;
    for (struct dirent *entry; bytes >= 0;) {
        Path path;
        if (!folder_next(entries, folder, &entry, NULL)) bytes = -1;
        if (bytes < 0 || !entry) break;
        if (!is_needed(entry->d_name) || !path_make(&path, NULL, "%s/%s", folder, entry->d_name)) continue;
        int64_t size = file_size(path.text);
        if (size > 0) bytes += size;
    }
    (void)closedir(entries);
    return bytes;
}

static int needed_only(const struct dirent *entry) { return is_needed(entry->d_name); }

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static bool add_needed_sha256(Sha256 *all, const char *folder, Error *err) {
    struct dirent **entries;
    int count = scandir(folder, &entries, needed_only, by_name);
    if (count < 0) return FAIL(err, ERROR_MODEL, "%s: %s", folder, strerror(errno));
    bool good = true;
    for (int i = 0; i < count; i++) {
        Path path;
        Sha256Hex one = {""};
        good = good && path_make(&path, err, "%s/%s", folder, entries[i]->d_name) && sha256_file(&one, path.text, err);
        sha256_add(all, entries[i]->d_name, strlen(entries[i]->d_name) + 1);
        sha256_add(all, one.text, sizeof one.text);
        free(entries[i]);
    }
    free(entries);
    return good;
}

bool text_model_sha256(Sha256Hex *out, const char *folder, Error *err) {
    Sha256 all;
    sha256_init(&all);
    bool good = add_needed_sha256(&all, folder, err);
    for (int i = 0; i < 2 && good; i++) { /* of a cascade */
        Path path;
        good = path_make(&path, err, "%s/%s", folder, text_cascade_folders[i]) &&
               (!folder_exists(path.text) || add_needed_sha256(&all, path.text, err));
    }
    *out = sha256_finish(&all);
    return good;
}

int64_t text_model_bytes(const char *folder) {
    int64_t bytes = needed_bytes(folder);
    for (int i = 0; i < 2 && bytes >= 0; i++) {
        Path path;
        if (!path_make(&path, NULL, "%s/%s", folder, text_cascade_folders[i])) return -1;
        if (folder_exists(path.text)) bytes += needed_bytes(path.text);
    }
    return bytes;
}

/* ---- cascades ---- */

static bool link_needed(const char *from, const char *to, Error *err) {
    if (!folder_make(to, err)) return false;
    DIR *entries = opendir(from);
    if (!entries) return FAIL(err, ERROR_MODEL, "%s: %s", from, strerror(errno));
    bool linked = true;
    for (struct dirent *entry; linked && (linked = folder_next(entries, from, &entry, err)) && entry;) {
        Path source, target;
        if (!is_needed(entry->d_name) && strcmp(entry->d_name, CALIBRATION_FILE) != 0) continue;
        linked = path_make(&source, err, "%s/%s", from, entry->d_name) && path_make(&target, err, "%s/%s", to, entry->d_name) &&
                 file_link_or_copy(source.text, target.text, err);
    }
    (void)closedir(entries);
    return linked;
}

/* twofold.json comes last here, too. */
bool text_model_save_cascade(const char *first, const char *second, double threshold, const char *folder, Error *err) {
    Path path;
    const char *const sources[] = {first, second};
    if (!folder_remove(folder, err)) return false;
    for (int i = 0; i < 2; i++)
        if (!path_make(&path, err, "%s/%s", folder, text_cascade_folders[i]) || !link_needed(sources[i], path.text, err))
            return false;
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 2);
    json_begin_object(&json);
    json_put_int(&json, "version", TEXT_MODEL_VERSION);
    json_put_string(&json, "kind", text_model_kind_names[TEXT_MODEL_KINDS - 1]);
    json_put_number(&json, "threshold", threshold);
    json_end_object(&json);
    buffer_text(&text, "\n");
    bool ok = path_make(&path, err, "%s/" TEXT_MODEL_FILE, folder) && file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return ok;
}
