#include "common/json_entries.h"

#include <stdlib.h>
#include <string.h>

#include "common/file.h"

typedef struct JsonEntry {
    char *key;
    Buffer value; /* rendered for its place in the file */
} JsonEntry;

static JsonEntry *find(const JsonEntries *entries, const char *key) {
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->entries[i].key, key) == 0) return &entries->entries[i];
    return NULL;
}

static JsonEntry *append(JsonEntries *entries, const char *key, size_t size) {
    JsonEntry *grown = mem_grow(entries->entries, &entries->capacity, entries->count + 1, sizeof *grown, NULL);
    if (grown) entries->entries = grown;
    char *copy = grown ? mem_copy_text(key, size, NULL) : NULL;
    if (!copy) return NULL;
    grown[entries->count] = (JsonEntry){.key = copy};
    return &grown[entries->count++];
}

/* A writer for a value one level below the file's object. */
static JsonWriter value_writer(Buffer *out) {
    JsonWriter writer = json_writer(out, 2);
    writer.depth = 1;
    writer.after_key = true;
    return writer;
}

JsonWriter json_entries_set(JsonEntries *entries, const char *key) {
    JsonEntry *entry = find(entries, key);
    if (!entry) entry = append(entries, key, strlen(key));
    if (!entry) entries->failed = true;
    Buffer *value = entry ? &entry->value : &entries->lost;
    value->size = 0;
    return value_writer(value);
}

void json_entries_set_string(JsonEntries *entries, const char *key, const char *value) {
    JsonWriter writer = json_entries_set(entries, key);
    json_write_string(&writer, value);
}

void json_entries_set_int(JsonEntries *entries, const char *key, int64_t value) {
    JsonWriter writer = json_entries_set(entries, key);
    json_write_int(&writer, value);
}

void json_entries_set_number(JsonEntries *entries, const char *key, double value) {
    JsonWriter writer = json_entries_set(entries, key);
    json_write_number(&writer, value);
}

void json_entries_set_bool(JsonEntries *entries, const char *key, bool value) {
    JsonWriter writer = json_entries_set(entries, key);
    json_write_bool(&writer, value);
}

bool json_entries_has(const JsonEntries *entries, const char *key) { return find(entries, key) != NULL; }

void json_entries_remove(JsonEntries *entries, const char *key) {
    JsonEntry *entry = find(entries, key);
    if (!entry) return;
    free(entry->key);
    buffer_free(&entry->value);
    *entry = entries->entries[--entries->count];
}

/* ---- reading ---- */

/* A key as text: behind a NUL, which no setting's name has, nothing is kept. */
static void copy_key(JsonWriter *out, const JsonReader *in, Buffer *scratch) {
    scratch->size = 0;
    buffer_add(scratch, in->text, in->size);
    buffer_add(scratch, "", 1);
    if (!scratch->failed) json_write_key(out, scratch->data);
}

/* Copies the value that comes next; false where the text is not as it should be. */
static bool copy_value(JsonWriter *out, JsonReader *in, Buffer *scratch) {
    int outer = in->depth;
    JsonToken token;
    do {
        switch (token = json_read(in)) {
        case JSON_ERROR:
        case JSON_END: return false;
        case JSON_OBJECT_BEGIN: json_begin_object(out); break;
        case JSON_OBJECT_END: json_end_object(out); break;
        case JSON_ARRAY_BEGIN: json_begin_array(out); break;
        case JSON_ARRAY_END: json_end_array(out); break;
        case JSON_KEY: copy_key(out, in, scratch); break;
        case JSON_STRING: json_write_bytes(out, in->text, in->size); break;
        case JSON_NUMBER: json_write_digits(out, in->text, in->size); break;
        case JSON_TRUE: json_write_bool(out, true); break;
        case JSON_FALSE: json_write_bool(out, false); break;
        case JSON_NULL: json_write_null(out); break;
        }
    } while (in->depth > outer || token == JSON_KEY);
    return true;
}

static bool read_object(JsonEntries *entries, JsonReader *json, Buffer *scratch) {
    if (json_read(json) != JSON_OBJECT_BEGIN) return false;
    for (;;) {
        JsonToken token = json_read(json);
        if (token == JSON_OBJECT_END) return json_read(json) == JSON_END;
        if (token != JSON_KEY) return false;
        JsonEntry *entry = append(entries, json->text, json->size);
        entries->failed = !entry;
        if (!entry) return false;
        JsonWriter value = value_writer(&entry->value);
        bool copied = copy_value(&value, json, scratch);
        entries->failed = entry->value.failed || scratch->failed || json->scratch.failed;
        if (!copied || entries->failed) return false;
    }
}

static int by_key(const void *a, const void *b) {
    const JsonEntry *left = a, *right = b;
    return strcmp(left->key, right->key);
}

/* Sorts; false where a key is there twice. */
static bool sort_entries(JsonEntries *entries) {
    if (entries->count) qsort(entries->entries, entries->count, sizeof *entries->entries, by_key);
    for (size_t i = 1; i < entries->count; i++)
        if (by_key(&entries->entries[i - 1], &entries->entries[i]) == 0) return false;
    return true;
}

bool json_entries_read(JsonEntries *entries, const char *path, ErrorKind kind, Error *err) {
    *entries = (JsonEntries){0};
    FileMap map;
    if (!file_map(&map, path, kind, err)) return false;
    JsonReader json;
    Buffer scratch = {0};
    json_reader_init(&json, (const char *)map.data, map.size);
    bool read = read_object(entries, &json, &scratch);
    if (!read && (entries->failed || json.scratch.failed))
        FAIL(err, ERROR_FAILED, "%s: out of memory", path);
    else if (!read)
        FAIL(err, kind, "%s: byte %zu: expected %s", path, json_reader_offset(&json),
             json.problem ? json.problem : "an object and nothing else");
    else if (!sort_entries(entries))
        read = FAIL(err, kind, "%s: a key is there twice", path);
    buffer_free(&scratch);
    json_reader_free(&json);
    file_unmap(&map);
    if (!read) json_entries_free(entries);
    return read;
}

void json_entries_free(JsonEntries *entries) {
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->entries[i].key);
        buffer_free(&entries->entries[i].value);
    }
    free(entries->entries);
    buffer_free(&entries->lost);
    *entries = (JsonEntries){0};
}

/* ---- writing ---- */

bool json_entries_write(JsonEntries *entries, const char *path, Error *err) {
    Buffer out = {0};
    JsonWriter json = json_writer(&out, 2);
    (void)sort_entries(entries);
    json_begin_object(&json);
    for (size_t i = 0; i < entries->count; i++) {
        JsonEntry *entry = &entries->entries[i];
        if (entry->value.failed) entries->failed = true;
        json_write_key(&json, entry->key);
        json_write_digits(&json, entry->value.data, entry->value.size); /* rendered already */
    }
    json_end_object(&json);
    buffer_text(&out, "\n");
    bool written = !entries->failed ? file_write_buffer(path, &out, err) : FAIL(err, ERROR_FAILED, "%s: out of memory", path);
    buffer_free(&out);
    return written;
}
