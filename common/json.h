/* JSON three ways: whole documents by cJSON, untrusted lines and headers by a strict pull reader that keeps the lengths of
 * strings (cJSON ends a string at \u0000), and a writer that prints the same bytes for the same values. */
#ifndef TWOFOLD_COMMON_JSON_H
#define TWOFOLD_COMMON_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/memory.h"

#pragma GCC visibility push(default)

/* ---- documents ---- */

typedef struct cJSON Json;

/* Parses a whole document. `where` (a path) begins the sentence of a failure of the given kind, with the line in it.
 * An object that has a key twice is refused. */
MUST_CHECK Json *json_parse(const char *text, size_t size, const char *where, ErrorKind kind, Error *err);
MUST_CHECK Json *json_parse_file(const char *path, ErrorKind kind, Error *err);
/* A file that an earlier run left, and that is done without when it is damaged: *json is NULL when it is not there, or no JSON. False for what is no
 * damage: it cannot be read, or there is no memory for it. */
MUST_CHECK bool json_parse_left(Json **json, const char *path, Error *err);
void json_free(Json *json);

/* The value of a key (case matters), or NULL. Linear in the number of keys. A NULL object gives NULL, so
 * that look-ups can be chained. */
const Json *json_get(const Json *object, const char *key);
const Json *json_first(const Json *container); /* first child of an object or array, or NULL */
const Json *json_next(const Json *child);
const char *json_key(const Json *child); /* the child's name within its object, else NULL */
int json_size(const Json *container);    /* number of children */

bool json_is_object(const Json *json);
bool json_is_array(const Json *json);
bool json_is_string(const Json *json);
bool json_is_number(const Json *json);
bool json_is_bool(const Json *json);
bool json_is_null(const Json *json); /* NULL or a JSON null */

/* The value, or `fallback` when it is absent or of another type. */
const char *json_string_or(const Json *json, const char *fallback);
double json_number_or(const Json *json, double fallback);
double json_finite_or(const Json *json, double fallback); /* fallback also for a number beyond what a double holds */
int64_t json_int_or(const Json *json, int64_t fallback); /* fallback also when not a whole number in ±2^53 */
bool json_bool_or(const Json *json, bool fallback);

/* ---- strict pull reader (RFC 8259; UTF-8 is checked; nesting to 64) ---- */

typedef enum JsonToken {
    JSON_ERROR,
    JSON_END, /* of the text */
    JSON_OBJECT_BEGIN,
    JSON_OBJECT_END,
    JSON_ARRAY_BEGIN,
    JSON_ARRAY_END,
    JSON_KEY,    /* text, size */
    JSON_STRING, /* text, size */
    JSON_NUMBER, /* text, size as written; number */
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
} JsonToken;

typedef struct JsonReader {
    const char *at, *end, *begin;
    Buffer scratch;     /* unescaped strings */
    const char *text;   /* of the last key, string or number; borrowed until the next call; not NUL-terminated */
    size_t size;
    double number;
    const char *problem; /* after JSON_ERROR: what was expected, as a phrase */
    char stack[64];      /* '{' or '[' */
    int depth;
    bool after_value;    /* a value just ended: ',' or a closing bracket must follow */
    bool after_key;
} JsonReader;

void json_reader_init(JsonReader *reader, const char *text, size_t size);
JsonToken json_read(JsonReader *reader);
/* Skips the value that comes next (or the rest of the one whose opening token was just read: pass that token). */
MUST_CHECK bool json_skip(JsonReader *reader, JsonToken opening);
size_t json_reader_offset(const JsonReader *reader); /* bytes read so far */
void json_reader_free(JsonReader *reader);

/* ---- writer ---- */

typedef struct JsonWriter {
    Buffer *out;
    int indent; /* spaces a level; 0: one line, ", " and ": " between, as Python's json.dumps */
    int depth;
    bool first;     /* nothing written yet in this container */
    bool after_key; /* the next value stands behind its key */
} JsonWriter;

JsonWriter json_writer(Buffer *out, int indent);
void json_begin_object(JsonWriter *writer);
void json_end_object(JsonWriter *writer);
void json_begin_array(JsonWriter *writer);
void json_end_array(JsonWriter *writer);
void json_write_key(JsonWriter *writer, const char *key);
void json_write_string(JsonWriter *writer, const char *text);
void json_write_bytes(JsonWriter *writer, const char *text, size_t size); /* UTF-8 with a length; '/' and non-ASCII stay */
void json_write_int(JsonWriter *writer, int64_t value);
void json_write_number(JsonWriter *writer, double value); /* shortest that reads back equal; NaN and infinity: null */
void json_write_digits(JsonWriter *writer, const char *text, size_t size); /* a number as it was written: what JSON_NUMBER gave */
void json_write_bool(JsonWriter *writer, bool value);
void json_write_null(JsonWriter *writer);
/* Key and value in one call. */
void json_put_string(JsonWriter *writer, const char *key, const char *text);
void json_put_int(JsonWriter *writer, const char *key, int64_t value);
void json_put_number(JsonWriter *writer, const char *key, double value);
void json_put_bool(JsonWriter *writer, const char *key, bool value);

const char *json_library(void); /* version of cJSON, "1.7.15" */

/* The shortest decimal text that reads back as the same double (Python's repr for ordinary sizes); NUL-terminated. */
void number_text(char out[32], double value);

#pragma GCC visibility pop
#endif
