/* Reads all rows of a file and checks what rows.h promises of each. */
#ifndef TWOFOLD_TESTS_FUZZ_ROWS_CHECK_H
#define TWOFOLD_TESTS_FUZZ_ROWS_CHECK_H

#include "common/utf8.h"
#include "datasets/rows.h"
#include "tests/fuzz/fuzz.h"

static inline void rows_check(const char *path, const DataOptions *options, RowUse use) {
    Error err = {0};
    RowReader *reader = row_reader_open(path, options, use, &err);
    int64_t line = 0;
    Row row = {0};
    for (bool found = reader != NULL; found;) {
        if (!row_reader_next(reader, &row, &found, &err)) break;
        if (!found) continue;
        FUZZ_CHECK(row.line > line);
        FUZZ_CHECK(utf8_valid_prefix(row.text, row.text_size) == row.text_size);
        FUZZ_CHECK(!row.label || utf8_valid_prefix(row.label, row.label_size) == row.label_size);
        FUZZ_CHECK(use != ROWS_LABELLED || row.label_size > 0);
        line = row.line;
    }
    if (err.kind) fuzz_check_error(&err);
    if (reader) {
        int64_t bytes, total;
        row_reader_progress(reader, &bytes, &total);
        FUZZ_CHECK(bytes <= total);
        FUZZ_CHECK(row_reader_detected(reader) && row_reader_replaced(reader) >= 0 && row_reader_guessed_label(reader) < 2);
    }
    row_reader_close(reader);
}

#endif
