/* What kind of file it is: as the user says, else by its name, else by its first lines. */
#ifndef TWOFOLD_DATASETS_FORMAT_H
#define TWOFOLD_DATASETS_FORMAT_H

#include "datasets/input.h"
#include "datasets/options.h"
#include "datasets/reader_csv.h"

typedef enum InputFormat {
    FORMAT_AUTO,
    FORMAT_CSV,
    FORMAT_TSV,
    FORMAT_JSONL,
    FORMAT_TEXT_LABEL, /* lines "text;label", cut at the last ';' */
    FORMAT_LINES       /* every line is a text, without label */
} InputFormat;

typedef enum Encoding {
    ENCODING_UTF8,         /* anything else is refused */
    ENCODING_UTF8_REPLACE, /* invalid parts become U+FFFD */
    ENCODING_LATIN1
} Encoding;

typedef struct FileFormat {
    InputFormat format;
    CsvStyle style; /* of CSV and TSV; a separator of 0 is not known yet */
    Encoding encoding;
} FileFormat;

enum { FORMAT_SAMPLE = INPUT_BLOCK / 4 }; /* bytes that a guess looks at */

/* What the options say. ERROR_USAGE for values that mean nothing. */
MUST_CHECK bool format_from_options(FileFormat *format, const DataOptions *options, Error *err);

/* Decides what is left open, from the path and from up to FORMAT_SAMPLE bytes at the front of `input`, which stay unread. A
 * file of which nothing else is known holds lines when `lines_allowed`, else it is refused (ERROR_DATA). */
MUST_CHECK bool format_detect(FileFormat *format, Input *input, const DataOptions *options, bool lines_allowed, Error *err);

/* Of two columns without names, the one that takes fewer different values at the front of the file is the label; on a tie the
 * second. `first` is the record already read. */
MUST_CHECK bool format_guess_label(int *label, const Record *first, Input *input, CsvStyle style, Error *err);

/* Appends "CSV with ','", "`text;label` lines" … */
void format_describe(Buffer *out, const FileFormat *format);

#endif
