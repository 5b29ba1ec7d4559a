#include "datasets/reader_csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 1 << 16 }; /* a wider record is not text and label */

typedef enum FieldState { FIELD_BEGIN, FIELD_PLAIN, FIELD_QUOTED, FIELD_AFTER_QUOTE } FieldState;

void record_free(Record *record) {
    buffer_free(&record->bytes);
    free(record->ends);
    *record = (Record){0};
}

static bool record_end_field(Record *record, const Input *input, Error *err) {
    if (record->fields == MOST_FIELDS)
        return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": more than %d fields", input->path, record->line, MOST_FIELDS);
    size_t *ends = mem_grow(record->ends, &record->capacity, (size_t)record->fields + 1, sizeof *ends, err);
    if (!ends) return false;
    record->ends = ends;
    ends[record->fields++] = record->bytes.size;
    return true;
}

static bool record_add(Record *record, const Input *input, const char *bytes, size_t size, Error *err) {
    if (record->bytes.size + size > INPUT_LONGEST)
        return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": a record longer than 1 GiB (is a quote never closed?)", input->path,
                    record->line);
    buffer_add(&record->bytes, bytes, size);
    return true;
}

/* The bytes from `at` on that stand for themselves in a field without quotes. */
static size_t plain_span(const char *at, const char *end, char separator) {
    const char *from = at;
    while (at < end && *at != separator && *at != '\n' && *at != '\r') at++;
    return (size_t)(at - from);
}

/* The same in quotes; counts the line ends on the way. */
static size_t quoted_span(Input *input) {
    const char *at = input->at;
    for (; at < input->end && *at != '"'; at++) {
        if (*at == '\n')
            input->line += !input->carriage_return;
        else if (*at == '\r')
            input->line++;
        input->carriage_return = *at == '\r';
    }
    return (size_t)(at - input->at);
}

/* Takes the LF of a CRLF whose CR ended the last record: only now, so that a line typed on a terminal is not held back. */
static bool finish_line_end(Input *input, Error *err) {
    if (input->at == input->end && !input_more(input, err)) return false;
    if (input->carriage_return && input->at < input->end && *input->at == '\n') input->at++;
    input->carriage_return = false;
    return true;
}

static bool fail_after_quote(const Input *input, const Record *record, char separator, Error *err) {
    unsigned char byte = (unsigned char)*input->at;
    char found[16] = "a byte";
    if (byte > 0x20 && byte < 0x7f) (void)snprintf(found, sizeof found, "'%c'", byte);
    return FAIL(err, ERROR_DATA,
                "%s:%" PRId64 ": %s after a closing quote, expected %s or the end of the line (inside quotes a quote is doubled; "
                "--quoting none when quotes mean nothing)",
                input->path, record->line, byte == ' ' ? "a space" : found,
                separator == '\t' ? "a tab" : (char[]){'\'', separator, '\'', 0});
}

/* One step from the byte at `at`; *ended when the record is complete. */
static bool csv_step(Input *input, CsvStyle style, Record *record, FieldState *state, bool *ended, Error *err) {
    char byte = *input->at;
    if (*state == FIELD_QUOTED) {
        size_t size = quoted_span(input);
        if (!record_add(record, input, input->at, size, err)) return false;
        input->at += size;
        if (input->at < input->end) {
            input->at++;
            input->carriage_return = false;
            *state = FIELD_AFTER_QUOTE;
        }
        return true;
    }
    if (style.quotes && byte == '"' && *state != FIELD_PLAIN) {
        if (*state == FIELD_AFTER_QUOTE && !record_add(record, input, "\"", 1, err)) return false; /* doubled */
        input->at++;
        record->quoted = true;
        *state = FIELD_QUOTED;
        return true;
    }
    if (byte == style.separator) {
        input->at++;
        *state = FIELD_BEGIN;
        return record_end_field(record, input, err);
    }
    if (byte == '\n' || byte == '\r') {
        input->at++;
        input->line++;
        input->carriage_return = byte == '\r';
        *ended = true;
        return record_end_field(record, input, err);
    }
    if (*state == FIELD_AFTER_QUOTE) return fail_after_quote(input, record, style.separator, err);
    size_t size = plain_span(input->at, input->end, style.separator);
    *state = FIELD_PLAIN;
    bool ok = record_add(record, input, input->at, size, err);
    input->at += size;
    return ok;
}

/* A record that the end of the file ends. */
static bool csv_end(const Input *input, Record *record, FieldState state, bool *found, Error *err) {
    if (state == FIELD_QUOTED)
        return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": a quote opened in this row is never closed", input->path, record->line);
    *found = record->fields || state != FIELD_BEGIN;
    return !*found || record_end_field(record, input, err);
}

bool csv_read(Input *input, CsvStyle style, Record *record, bool *found, Error *err) {
    bool blank;
    do {
        if (!finish_line_end(input, err)) return false;
        record->bytes.size = 0;
        buffer_add(&record->bytes, "", 0); /* even an empty field has an address */
        record->fields = 0;
        record->quoted = false;
        record->line = input->line;
        FieldState state = FIELD_BEGIN;
        *found = false;
        while (!*found) {
            if (input->at == input->end && !input_more(input, err)) return false;
            if (input->at == input->end) {
                if (!csv_end(input, record, state, found, err)) return false;
                break;
            }
            if (!csv_step(input, style, record, &state, found, err)) return false;
        }
        blank = *found && record->fields == 1 && record->bytes.size == 0 && !record->quoted;
    } while (blank);
    return buffer_ok(&record->bytes, err);
}
