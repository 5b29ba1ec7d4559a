#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"

void number_text(char out[32], double value) {
    if (isnan(value))
        (void)snprintf(out, 32, "nan");
    else if (isinf(value))
        (void)snprintf(out, 32, value < 0 ? "-inf" : "inf");
    else
        for (int digits = 15; digits <= 17; digits++) {
            (void)snprintf(out, 32, "%.*g", digits, value);
            if (strtod(out, NULL) == value) break;
        }
}

JsonWriter json_writer(Buffer *out, int indent) { return (JsonWriter){.out = out, .indent = indent, .first = true}; }

static void new_line(JsonWriter *writer) {
    if (!writer->indent) return;
    buffer_text(writer->out, "\n");
    for (int i = 0; i < writer->depth * writer->indent; i++) buffer_text(writer->out, " ");
}

/* What stands between the last thing and the next one of a container. */
static void separate(JsonWriter *writer) {
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    if (!writer->first) buffer_text(writer->out, writer->indent ? "," : ", ");
    if (writer->depth) new_line(writer);
    writer->first = false;
}

static void begin(JsonWriter *writer, const char *bracket) {
    separate(writer);
    buffer_text(writer->out, bracket);
    writer->depth++;
    writer->first = true;
}

static void end(JsonWriter *writer, const char *bracket) {
    writer->depth--;
    if (!writer->first) new_line(writer);
    buffer_text(writer->out, bracket);
    writer->first = false;
}

void json_begin_object(JsonWriter *writer) { begin(writer, "{"); }
void json_end_object(JsonWriter *writer) { end(writer, "}"); }
void json_begin_array(JsonWriter *writer) { begin(writer, "["); }
void json_end_array(JsonWriter *writer) { end(writer, "]"); }

static void add_escaped(Buffer *out, const char *text, size_t size) {
    size_t run = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
        buffer_add(out, text + run, i - run);
        run = i + 1;
        if (c == '"' || c == '\\')
            buffer_printf(out, "\\%c", c);
        else if (c == '\n')
            buffer_text(out, "\\n");
        else if (c == '\r')
            buffer_text(out, "\\r");
        else if (c == '\t')
            buffer_text(out, "\\t");
        else
            buffer_printf(out, "\\u%04x", c);
    }
    buffer_add(out, text + run, size - run);
}

/* Names of files may hold any bytes; a JSON file is UTF-8 (RFC 8259), and none of its readers takes another. */
static void quote(Buffer *out, const char *text, size_t size) {
    buffer_text(out, "\"");
    if (utf8_valid_prefix(text, size) == size) {
        add_escaped(out, text, size);
    } else {
        Buffer valid = {0};
        (void)utf8_replace(&valid, text, size);
        add_escaped(out, valid.data, valid.size);
        out->failed |= valid.failed;
        buffer_free(&valid);
    }
    buffer_text(out, "\"");
}

void json_write_key(JsonWriter *writer, const char *key) {
    separate(writer);
    quote(writer->out, key, strlen(key));
    buffer_text(writer->out, ": ");
    writer->after_key = true;
}

void json_write_bytes(JsonWriter *writer, const char *text, size_t size) {
    separate(writer);
    quote(writer->out, text, size);
}

void json_write_string(JsonWriter *writer, const char *text) {
    if (text)
        json_write_bytes(writer, text, strlen(text));
    else
        json_write_null(writer);
}

void json_write_int(JsonWriter *writer, int64_t value) {
    separate(writer);
    buffer_printf(writer->out, "%lld", (long long)value);
}

void json_write_number(JsonWriter *writer, double value) {
    char text[32];
    separate(writer);
    number_text(text, value);
    buffer_text(writer->out, isfinite(value) ? text : "null");
    /* Python tells 1.0 from 1; readers of these files do too. */
    if (isfinite(value) && !strpbrk(text, ".e")) buffer_text(writer->out, ".0");
}

void json_write_digits(JsonWriter *writer, const char *text, size_t size) {
    separate(writer);
    buffer_add(writer->out, text, size);
}

void json_write_bool(JsonWriter *writer, bool value) {
    separate(writer);
    buffer_text(writer->out, value ? "true" : "false");
}

void json_write_null(JsonWriter *writer) {
    separate(writer);
    buffer_text(writer->out, "null");
}

void json_put_string(JsonWriter *writer, const char *key, const char *text) {
    json_write_key(writer, key);
    json_write_string(writer, text);
}

void json_put_int(JsonWriter *writer, const char *key, int64_t value) {
    json_write_key(writer, key);
    json_write_int(writer, value);
}

void json_put_number(JsonWriter *writer, const char *key, double value) {
    json_write_key(writer, key);
    json_write_number(writer, value);
}

void json_put_bool(JsonWriter *writer, const char *key, bool value) {
    json_write_key(writer, key);
    json_write_bool(writer, value);
}
