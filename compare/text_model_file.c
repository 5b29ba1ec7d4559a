/* twofold.json of a model folder, read; text_model_save.c writes it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "compare/text_model_inside.h"

/* cJSON ends a string at U+0000, where another reader does not: the same file would name other labels. */
static bool check_texts(const char *path, Error *err) {
    FileMap map;
    JsonReader reader;
    if (!file_map(&map, path, ERROR_MODEL, err)) return false;
    json_reader_init(&reader, (const char *)map.data, map.size);
    bool ok = true;
    for (JsonToken token = JSON_NULL; ok && token != JSON_END;) {
        token = json_read(&reader);
        if (token == JSON_ERROR)
            ok = reader.scratch.failed ? FAIL(err, ERROR_FAILED, "%s: out of memory", path)
                                       : FAIL(err, ERROR_MODEL, "%s: no JSON: expected %s", path, reader.problem);
        if ((token == JSON_STRING || token == JSON_KEY) && reader.size && memchr(reader.text, '\0', reader.size))
            ok = FAIL(err, ERROR_MODEL, "%s: '%.80s' goes on behind a U+0000, which no label or key may hold", path, reader.text);
    }
    json_reader_free(&reader);
    file_unmap(&map);
    return ok;
}

static int by_label(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static bool check_labels(const TextModelNote *note, const char *path, Error *err) {
    size_t count = (size_t)note->classes;
    const char **sorted = mem_new(count, sizeof *sorted, err);
    if (!sorted) return false;
    for (size_t k = 0; k < count; k++) sorted[k] = note->labels[k];
    qsort(sorted, count, sizeof *sorted, by_label);
    bool ok = true;
    for (size_t k = 1; ok && k < count; k++)
        ok = strcmp(sorted[k - 1], sorted[k]) != 0 || FAIL(err, ERROR_MODEL, "%s: label '%.80s' stands twice", path, sorted[k]);
    mem_free(sorted);
    return ok;
}

static bool read_labels(TextModelNote *note, const Json *labels, const char *path, Error *err) {
    int count = json_is_array(labels) ? json_size(labels) : 0;
    if (count < 2) return FAIL(err, ERROR_MODEL, "%s: %d labels, expected at least 2", path, count);
    note->labels = mem_new((size_t)count, sizeof *note->labels, err);
    if (!note->labels) return false;
    note->classes = count;
    int i = 0;
    for (const Json *label = json_first(labels); label; label = json_next(label), i++) {
        if (!json_is_string(label)) return FAIL(err, ERROR_MODEL, "%s: label %d is no text", path, i);
        note->labels[i] = mem_copy_text(json_string_or(label, ""), strlen(json_string_or(label, "")), err);
        if (!note->labels[i]) return false;
    }
    return check_labels(note, path, err);
}

static bool check_version(const Json *json, const char *path, Error *err) {
    double version = json_number_or(json_get(json, "version"), 0);
    return version == TEXT_MODEL_VERSION ||
           FAIL(err, ERROR_MODEL, "%s: version %g, expected %d; another twofold wrote it", path, version, TEXT_MODEL_VERSION);
}

static bool read_kind(ModelKind *kind, const Json *json, const char *path, Error *err) {
    const char *name = json_string_or(json_get(json, "kind"), "");
    for (int k = MODEL_DUMMY; k <= MODEL_CASCADE; k++)
        if (strcmp(name, text_model_kind_names[k]) == 0) {
            *kind = (ModelKind)k;
            return true;
        }
    return FAIL(err, ERROR_MODEL, "%s: kind is '%s', expected dummy, tfidf, encoder or cascade", path, name);
}

static bool read_extract(TextModelNote *note, const Json *json, const char *path, Error *err) {
    const char *pooling = json_string_or(json_get(json, "pooling"), "");
    if (!pooling_find(pooling, &note->extract.pooling))
        return FAIL(err, ERROR_MODEL, "%s: pooling is '%s', expected cls, mean or max", path, pooling);
    int64_t layer = json_int_or(json_get(json, "layer"), -1);
    if (layer < -1000 || layer > 1000) return FAIL(err, ERROR_MODEL, "%s: layer is %lld", path, (long long)layer);
    note->extract.layer = (int)layer;
    note->extract.normalize = json_bool_or(json_get(json, "normalize"), false);
    return true;
}

static bool read_encoder(TextModelNote *note, const Json *json, const char *path, Error *err) {
    int64_t stored = json_int_or(json_get(json, "max_length"), 0);
    if (stored < 0 || stored > INT32_MAX) return FAIL(err, ERROR_MODEL, "%s: max_length is %lld", path, (long long)stored);
    note->max_length = (int)stored;
    return read_extract(note, json, path, err);
}

/* NULL on failure. */
static Json *read_begin(ModelKind *kind, const char *path, Error *err) {
    Json *json = json_parse_file(path, ERROR_MODEL, err);
    if (json && check_version(json, path, err) && check_texts(path, err) && read_kind(kind, json, path, err)) return json;
    json_free(json);
    return NULL;
}

bool text_model_note_load(TextModelNote *note, const char *path, Error *err) {
    *note = (TextModelNote){.kind = MODEL_DUMMY};
    Json *json = read_begin(&note->kind, path, err);
    bool ok = json != NULL;
    if (ok && note->kind == MODEL_CASCADE)
        note->threshold = json_number_or(json_get(json, "threshold"), (double)NAN);
    else
        ok = ok && read_labels(note, json_get(json, "labels"), path, err);
    ok = ok && (note->kind != MODEL_FROZEN || read_encoder(note, json, path, err));
    json_free(json);
    if (!ok) text_model_note_free(note);
    return ok;
}

bool text_model_kind_load(ModelKind *kind, const char *path, Error *err) {
    Json *json = read_begin(kind, path, err);
    bool read = json != NULL;
    json_free(json);
    return read;
}

void text_model_note_free(TextModelNote *note) {
    for (int k = 0; note->labels && k < note->classes; k++) mem_free(note->labels[k]);
    mem_free(note->labels);
    *note = (TextModelNote){.kind = MODEL_DUMMY};
}
