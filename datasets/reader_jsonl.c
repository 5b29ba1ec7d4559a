#include "datasets/reader_jsonl.h"

#include <inttypes.h>
#include <string.h>

static bool fail_json(const JsonReader *json, LinePlace place, Error *err) {
    return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": broken JSON at byte %zu: expected %s", place.path, place.line,
                json_reader_offset(json) + 1, json->problem ? json->problem : "the end of the line");
}

static bool begin_object(JsonReader *json, LinePlace place, Error *err) {
    JsonToken token = json_read(json);
    if (token == JSON_OBJECT_BEGIN) return true;
    if (token == JSON_ERROR) return fail_json(json, place, err);
    return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": %s, expected one JSON object a line, {\"text\": …, \"label\": …}", place.path,
                place.line, token == JSON_ARRAY_BEGIN ? "a JSON array" : "a JSON value that is no object");
}

static bool end_object(JsonReader *json, JsonToken last, LinePlace place, Error *err) {
    if (last != JSON_OBJECT_END || json_read(json) != JSON_END) return fail_json(json, place, err);
    return true;
}

static bool read_keys(JsonReader *json, LinePlace place, Columns *keys, Error *err) {
    if (!begin_object(json, place, err)) return false;
    JsonToken token;
    while ((token = json_read(json)) == JSON_KEY) {
        if (!columns_add(keys, json->text, json->size, err)) return false;
        if (!json_skip(json, token)) return fail_json(json, place, err);
    }
    return end_object(json, token, place, err);
}

bool jsonl_read_keys(const Buffer *line, LinePlace place, Columns *keys, Error *err) {
    JsonReader json;
    json_reader_init(&json, line->data, line->size);
    bool ok = read_keys(&json, place, keys, err);
    json_reader_free(&json);
    return ok;
}

static bool key_is(const JsonReader *json, const char *key) {
    return key && strlen(key) == json->size && memcmp(key, json->text, json->size) == 0;
}

static const char *token_name(JsonToken token) {
    switch (token) {
    case JSON_NULL: return "null";
    case JSON_NUMBER: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "a truth value";
    case JSON_ARRAY_BEGIN: return "an array";
    default: return "an object";
    }
}

/* Takes the value behind `key` into `out`; `is_label` also takes numbers and truth values. */
static bool take_value(JsonReader *json, LinePlace place, const char *key, bool is_label, bool *seen, Buffer *out, Error *err) {
    if (*seen) return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": key '%s' stands twice in one object", place.path, place.line, key);
    JsonToken token = json_read(json);
    if (token == JSON_ERROR) return fail_json(json, place, err);
    *seen = true;
    if (token == JSON_STRING || (is_label && token == JSON_NUMBER))
        buffer_add(out, json->text, json->size);
    else if (is_label && (token == JSON_TRUE || token == JSON_FALSE))
        buffer_text(out, token == JSON_TRUE ? "true" : "false");
    else
        return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": '%s' is %s, expected a string%s", place.path, place.line, key,
                    token_name(token), is_label ? " or a number" : "");
    return true;
}

static bool read_row(JsonReader *json, LinePlace place, const char *text_key, const char *label_key, bool seen[2], Buffer *text,
                     Buffer *label, Error *err) {
    if (!begin_object(json, place, err)) return false;
    JsonToken token;
    while ((token = json_read(json)) == JSON_KEY) {
        bool ok = true;
        if (key_is(json, text_key))
            ok = take_value(json, place, text_key, false, &seen[0], text, err);
        else if (key_is(json, label_key))
            ok = take_value(json, place, label_key, true, &seen[1], label, err);
        else if (!json_skip(json, token))
            ok = fail_json(json, place, err);
        if (!ok) return false;
    }
    return end_object(json, token, place, err);
}

bool jsonl_read_row(const Buffer *line, LinePlace place, const char *text_key, const char *label_key, bool label_required,
                    Buffer *text, Buffer *label, bool *labelled, Error *err) {
    bool seen[2] = {false, false};
    JsonReader json;
    json_reader_init(&json, line->data, line->size);
    text->size = label->size = 0;
    buffer_add(text, "", 0);
    buffer_add(label, "", 0);
    bool ok = read_row(&json, place, text_key, label_key, seen, text, label, err);
    json_reader_free(&json);
    if (!ok) return false;
    *labelled = seen[1];
    if (!seen[0]) return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": no key '%s' in this row", place.path, place.line, text_key);
    if (label_required && !seen[1])
        return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": no key '%s' in this row", place.path, place.line, label_key);
    return buffer_ok(text, err) && buffer_ok(label, err);
}

static bool take_slice(JsonReader *json, LinePlace place, const char *key, Buffer *value, Error *err) {
    JsonToken token = json_read(json);
    if (token == JSON_ERROR) return fail_json(json, place, err);
    if (token == JSON_STRING || token == JSON_NUMBER)
        buffer_add(value, json->text, json->size);
    else if (token == JSON_TRUE || token == JSON_FALSE)
        buffer_text(value, token == JSON_TRUE ? "true" : "false");
    else if (token != JSON_NULL)
        return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": '%s' is %s, expected a string or a number", place.path, place.line, key,
                    token_name(token));
    return true;
}

static bool read_value(JsonReader *json, LinePlace place, const char *key, Buffer *value, Error *err) {
    if (!begin_object(json, place, err)) return false;
    JsonToken token;
    while ((token = json_read(json)) == JSON_KEY) {
        if (key_is(json, key)) {
            if (!take_slice(json, place, key, value, err)) return false;
        } else if (!json_skip(json, token)) {
            return fail_json(json, place, err);
        }
    }
    return end_object(json, token, place, err);
}

bool jsonl_read_value(const Buffer *line, LinePlace place, const char *key, Buffer *value, Error *err) {
    JsonReader json;
    json_reader_init(&json, line->data, line->size);
    value->size = 0;
    buffer_add(value, "", 0);
    bool ok = read_value(&json, place, key, value, err);
    json_reader_free(&json);
    return ok && buffer_ok(value, err);
}
