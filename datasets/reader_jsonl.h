/* JSON Lines: one object a line, read strictly; strings keep their length, so that a \u0000 in a text stays in it. */
#ifndef TWOFOLD_DATASETS_READER_JSONL_H
#define TWOFOLD_DATASETS_READER_JSONL_H

#include "common/json.h"
#include "datasets/columns.h"

/* Where a sentence says that it is. */
typedef struct LinePlace {
    const char *path;
    int64_t line;
} LinePlace;

/* Appends the keys of the object in this line. */
MUST_CHECK bool jsonl_read_keys(const Buffer *line, LinePlace place, Columns *keys, Error *err);

/* The values of two keys of the object in this line: a string for the text; a string, number or truth value, as written, for
 * the label. label_key NULL: not asked for. *labelled: it was there (required when `label_required`). */
MUST_CHECK bool jsonl_read_row(const Buffer *line, LinePlace place, const char *text_key, const char *label_key,
                               bool label_required, Buffer *text, Buffer *label, bool *labelled, Error *err);

/* The value of one key as jsonl_read_row reads a label; "" where it is absent or null. */
MUST_CHECK bool jsonl_read_value(const Buffer *line, LinePlace place, const char *key, Buffer *value, Error *err);

#endif
