/* Rows of text and label, one after the other, from any file that datasets/ can read: the one door to CSV, TSV, JSONL,
 * `text;label` and plain lines. Memory is bounded by the longest row. */
#ifndef TWOFOLD_DATASETS_ROWS_H
#define TWOFOLD_DATASETS_ROWS_H

#include "common/error.h"
#include "datasets/columns.h"
#include "datasets/options.h"

typedef struct Row {
    const char *text; /* UTF-8, borrowed until the next call, not NUL-terminated */
    size_t text_size;
    const char *label; /* NULL when the row has none */
    size_t label_size;
    const char *slice; /* the value of --slice_column; NULL when it was not asked for */
    size_t slice_size;
    int64_t line; /* where the row starts, from 1 */
} Row;

typedef enum RowUse {
    ROWS_LABELLED,       /* invalid UTF-8 and an empty or missing label are refused */
    ROWS_MAYBE_LABELLED, /* as above, but the label column may be missing */
    ROWS_TO_PREDICT      /* label ignored; invalid UTF-8 becomes U+FFFD and is counted; an unknown format is one text a line */
} RowUse;

typedef struct RowReader RowReader;

/* "-" is standard input, which holds lines unless options->input_format says otherwise; a row is handed out as soon as its
 * line is there. `path` and the options stay the caller's while it is read. Only the fields of the options that tell how to
 * read matter. */
MUST_CHECK RowReader *row_reader_open(const char *path, const DataOptions *options, RowUse use, Error *err);
void row_reader_close(RowReader *reader); /* takes NULL */

/* *found is false behind the last row. Failures begin with path:line. */
MUST_CHECK bool row_reader_next(RowReader *reader, Row *row, bool *found, Error *err);

/* One line for the terminal: "CSV with ',', UTF-8, header; text 'text', label 'category'". Borrowed. */
const char *row_reader_detected(const RowReader *reader);
bool row_reader_has_labels(const RowReader *reader);
/* The label column (0 or 1) when it was guessed from the values of two columns without names, else -1: files that belong
 * together must not be guessed apart. */
int row_reader_guessed_label(const RowReader *reader);
int64_t row_reader_replaced(const RowReader *reader); /* invalid parts that became U+FFFD */
void row_reader_progress(const RowReader *reader, int64_t *bytes,
                         int64_t *total); /* of the file on disk; total -1 when unknown */

#endif
