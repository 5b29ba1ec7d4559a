/* A table as a file: CSV by RFC 4180, one line a row, the first line the names of its columns. Numbers read back to the same bits; what is not
 * known is empty. */
#ifndef TWOFOLD_COMPARE_CSV_H
#define TWOFOLD_COMPARE_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/memory.h"
#include "metrics/intervals.h"

typedef struct Csv {
    Buffer text;
    bool in_row;
    int rows; /* below the first line */
} Csv;

Csv csv_begin(const char *columns); /* "entry,rows" */
void csv_text(Csv *csv, const char *text);
void csv_count(Csv *csv, int64_t count);
void csv_number(Csv *csv, double value);        /* empty unless finite */
void csv_interval(Csv *csv, Interval interval); /* two fields */
void csv_end_row(Csv *csv);

/* tables/NAME.csv under the folder; a table without rows is no file. Releases the table. */
MUST_CHECK bool csv_write(Csv *csv, const char *folder, const char *name, Error *err);

#endif
