/* A JSON file that is one object of settings (config.json, tokenizer_config.json), changed entry by entry: what is not set
 * keeps its value to the last digit. Written as Python's json.dumps(…, indent=2, sort_keys=True) does. */
#ifndef TWOFOLD_COMMON_JSON_ENTRIES_H
#define TWOFOLD_COMMON_JSON_ENTRIES_H

#include "common/json.h"

typedef struct JsonEntries {
    struct JsonEntry *entries;
    size_t count, capacity;
    Buffer lost; /* takes the value of an entry for which there was no memory */
    bool failed; /* a set has failed; json_entries_write says so */
} JsonEntries;

/* Reads a file; one that is not a strict JSON object is refused with `kind`. */
MUST_CHECK bool json_entries_read(JsonEntries *entries, const char *path, ErrorKind kind, Error *err);
void json_entries_free(JsonEntries *entries); /* takes a zeroed one */

bool json_entries_has(const JsonEntries *entries, const char *key);
void json_entries_remove(JsonEntries *entries, const char *key);
/* A writer for the new value of a key: write exactly one value before the next call. */
JsonWriter json_entries_set(JsonEntries *entries, const char *key);
void json_entries_set_string(JsonEntries *entries, const char *key, const char *value);
void json_entries_set_int(JsonEntries *entries, const char *key, int64_t value);
void json_entries_set_number(JsonEntries *entries, const char *key, double value);
void json_entries_set_bool(JsonEntries *entries, const char *key, bool value);

MUST_CHECK bool json_entries_write(JsonEntries *entries, const char *path, Error *err);

#endif
