/* The strict pull reader: RFC 8259 and nothing more; strings keep their length, so \u0000 survives. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"

enum { LONGEST_NUMBER = 400 }; /* characters; no double needs more to be written */

void json_reader_init(JsonReader *reader, const char *text, size_t size) {
    if (!size) text = ""; /* an empty mapping has no address */
    *reader = (JsonReader){.at = text, .begin = text, .end = text + size};
}

void json_reader_free(JsonReader *reader) { buffer_free(&reader->scratch); }

size_t json_reader_offset(const JsonReader *reader) { return (size_t)(reader->at - reader->begin); }

static JsonToken problem(JsonReader *reader, const char *expected) {
    reader->problem = expected;
    reader->at = reader->end; /* no reading on behind an error */
    reader->depth = 0;
    return JSON_ERROR;
}

static void skip_space(JsonReader *reader) {
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r'))
        reader->at++;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Four hexadecimal digits at `at`; -1 when they are not there. */
static int32_t read_unit(const JsonReader *reader, const char *at) {
    if (reader->end - at < 4) return -1;
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0) return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* One escape behind the backslash. A surrogate without its other half is no character: refused. */
static bool read_escape(JsonReader *reader) {
    static const char NAMES[] = "\"\\/bfnrt", VALUES[] = "\"\\/\b\f\n\r\t";
    if (reader->at >= reader->end) return false;
    char name = *reader->at++;
    const char *found = name ? strchr(NAMES, name) : NULL;
    if (found) {
        buffer_add(&reader->scratch, &VALUES[found - NAMES], 1);
        return true;
    }
    if (name != 'u') return false;
    int32_t unit = read_unit(reader, reader->at);
    if (unit < 0 || (unit >= 0xDC00 && unit < 0xE000)) return false;
    reader->at += 4;
    uint32_t code_point = (uint32_t)unit;
    if (unit >= 0xD800 && unit < 0xDC00) {
        if (reader->end - reader->at < 6 || reader->at[0] != '\\' || reader->at[1] != 'u') return false;
        int32_t low = read_unit(reader, reader->at + 2);
        if (low < 0xDC00 || low > 0xDFFF) return false;
        reader->at += 6;
        code_point = 0x10000u + (((uint32_t)unit - 0xD800u) << 10) + ((uint32_t)low - 0xDC00u);
    }
    char bytes[4];
    buffer_add(&reader->scratch, bytes, (size_t)utf8_encode(code_point, bytes));
    return true;
}

/* Behind the opening quote. Text without escapes is borrowed from the input. */
static bool read_string(JsonReader *reader) {
    const char *begin = reader->at;
    reader->scratch.size = 0;
    bool escaped = false;
    for (;;) {
        const char *run = reader->at;
        while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\' && (unsigned char)*reader->at >= 0x20)
            reader->at++;
        size_t size = (size_t)(reader->at - run);
        if (reader->at >= reader->end || utf8_valid_prefix(run, size) < size) return false;
        if (*reader->at == '"' && !escaped) {
            reader->text = begin;
            reader->size = size;
            reader->at++;
            return true;
        }
        buffer_add(&reader->scratch, run, size);
        char stop = *reader->at++;
        if (stop == '"') break;
        if (stop != '\\' || !read_escape(reader)) return false;
        escaped = true;
    }
    reader->text = reader->scratch.data;
    reader->size = reader->scratch.size;
    return !reader->scratch.failed;
}

static const char *digits(const char *at, const char *end) {
    while (at < end && *at >= '0' && *at <= '9') at++;
    return at;
}

static JsonToken read_number(JsonReader *reader) {
    const char *begin = reader->at, *at = begin, *end = reader->end, *part;
    if (at < end && *at == '-') at++;
    part = at;
    at = digits(at, end);
    if (at == part || (*part == '0' && at - part > 1)) return problem(reader, "a value");
    if (at < end && *at == '.') {
        part = ++at;
        at = digits(at, end);
        if (at == part) return problem(reader, "digits behind the point of a number");
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        part = at;
        at = digits(at, end);
        if (at == part) return problem(reader, "digits in the exponent of a number");
    }
    reader->text = begin;
    reader->size = (size_t)(at - begin);
    if (reader->size > LONGEST_NUMBER) return problem(reader, "a number of at most 400 characters");
    char copy[LONGEST_NUMBER + 1];
    memcpy(copy, begin, reader->size);
    copy[reader->size] = '\0';
    reader->number = strtod(copy, NULL);
    reader->at = at;
    reader->after_value = true;
    return JSON_NUMBER;
}

static JsonToken read_word(JsonReader *reader, const char *word, JsonToken token) {
    size_t size = strlen(word);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0) return problem(reader, "a value");
    reader->at += size;
    reader->after_value = true;
    return token;
}

static JsonToken read_key(JsonReader *reader) {
    if (reader->at >= reader->end || *reader->at != '"') return problem(reader, "a key in double quotes");
    reader->at++;
    if (!read_string(reader)) return problem(reader, "a string of valid UTF-8 and escapes, closed by a double quote");
    skip_space(reader);
    if (reader->at >= reader->end || *reader->at != ':') return problem(reader, "':' behind a key");
    reader->at++;
    reader->after_key = true;
    return JSON_KEY;
}

static JsonToken read_opening(JsonReader *reader, char bracket) {
    if (reader->depth == (int)sizeof reader->stack) return problem(reader, "at most 64 levels of nesting");
    reader->stack[reader->depth++] = bracket;
    reader->at++;
    reader->after_value = reader->after_key = false;
    return bracket == '{' ? JSON_OBJECT_BEGIN : JSON_ARRAY_BEGIN;
}

static JsonToken read_closing(JsonReader *reader) {
    char bracket = reader->stack[--reader->depth];
    reader->at++;
    reader->after_value = true;
    return bracket == '{' ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static JsonToken read_value(JsonReader *reader) {
    reader->after_key = false;
    switch (*reader->at) {
    case '{':
    case '[': return read_opening(reader, *reader->at);
    case 't': return read_word(reader, "true", JSON_TRUE);
    case 'f': return read_word(reader, "false", JSON_FALSE);
    case 'n': return read_word(reader, "null", JSON_NULL);
    case '"':
        reader->at++;
        if (!read_string(reader)) return problem(reader, "a string of valid UTF-8 and escapes, closed by a double quote");
        reader->after_value = true;
        return JSON_STRING;
    default: return read_number(reader);
    }
}

JsonToken json_read(JsonReader *reader) {
    if (reader->problem) return JSON_ERROR;
    skip_space(reader);
    char container = reader->depth ? reader->stack[reader->depth - 1] : '\0';
    if (reader->at >= reader->end) {
        if (!container && reader->after_value) return JSON_END;
        return problem(reader, container ? "a closing bracket before the end" : "a value before the end");
    }
    if (!container && reader->after_value) return problem(reader, "nothing behind the value");
    bool opened = container && !reader->after_value && !reader->after_key;
    if ((reader->after_value || opened) && *reader->at == (container == '{' ? '}' : ']')) return read_closing(reader);
    if (reader->after_value) {
        if (*reader->at != ',') return problem(reader, container == '{' ? "',' or '}'" : "',' or ']'");
        reader->at++;
        reader->after_value = false;
        skip_space(reader);
        if (reader->at >= reader->end) return problem(reader, "a closing bracket before the end");
        if (container == '{') return read_key(reader);
        return read_value(reader);
    }
    if (opened && container == '{') return read_key(reader);
    return read_value(reader);
}

bool json_skip(JsonReader *reader, JsonToken opening) {
    bool inside = opening == JSON_OBJECT_BEGIN || opening == JSON_ARRAY_BEGIN;
    int outer = reader->depth - (inside ? 1 : 0);
    JsonToken token;
    do {
        token = json_read(reader);
        if (token == JSON_ERROR || token == JSON_END) return false;
    } while (reader->depth > outer || token == JSON_KEY);
    return true;
}
