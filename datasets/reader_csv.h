/* CSV as RFC 4180 has it, with any one-character separator: fields in quotes, doubled quotes, separators and line ends in
 * quotes; LF, CRLF or CR ends a record; a line with nothing in it is skipped. Stricter than many: what follows a closing
 * quote must be a separator or a line end, and a quote that is never closed is refused, because guessing there glues rows
 * together. Equal to Python's csv module with strict=True. */
#ifndef TWOFOLD_DATASETS_READER_CSV_H
#define TWOFOLD_DATASETS_READER_CSV_H

#include "datasets/input.h"

/* One record: its fields end to end, as bytes. Start from {0}; release with record_free. */
typedef struct Record {
    Buffer bytes;
    size_t *ends; /* (fields): field i ends where field i + 1 begins */
    size_t capacity;
    int fields;
    bool quoted;  /* a field stood in quotes */
    int64_t line; /* where the record starts */
} Record;

static inline const char *record_field(const Record *record, int field, size_t *size) {
    size_t begin = field ? record->ends[field - 1] : 0;
    *size = record->ends[field] - begin;
    return record->bytes.data + begin;
}
void record_free(Record *record);

/* How the fields are told apart. */
typedef struct CsvStyle {
    char separator;
    bool quotes; /* false: a quote is a character like any other */
} CsvStyle;

/* *found is false at the end. ERROR_DATA names the line. */
MUST_CHECK bool csv_read(Input *input, CsvStyle style, Record *record, bool *found, Error *err);

#endif
