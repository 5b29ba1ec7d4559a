/* A labelled set of texts: every text once, end to end in one block, with offsets; labels as class ids; for each row where
 * it came from; and which rows train, validate and test. Plain data: made by dataset_load (datasets/load.h), read by
 * everyone, changed by nobody afterwards. */
#ifndef TWOFOLD_DATASETS_DATASET_H
#define TWOFOLD_DATASETS_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/file.h"
#include "common/memory.h"
#include "common/sha256.h"

#pragma GCC visibility push(default)

typedef enum Split { SPLIT_TRAIN, SPLIT_VALIDATION, SPLIT_TEST, SPLIT_COUNT } Split;

/* Row numbers, ascending. */
typedef struct RowList {
    int *rows;
    int count;
} RowList;

enum { NO_LABEL = -1 };

typedef struct Dataset {
    int rows;
    int classes;
    int files;
    char *text;         /* UTF-8; a NUL is a character like any other */
    int64_t *starts;    /* (rows + 1): row r is text[starts[r] .. starts[r + 1]) */
    int32_t *labels;    /* (rows): class id, or NO_LABEL where labels are optional and the file has none */
    int32_t *file;      /* (rows): index into file_names */
    int64_t *line;      /* (rows): the line where the row starts, from 1 */
    char **class_names; /* (classes): NUL-terminated, in the order of class ids */
    char **file_names;  /* (files): relative to the data folder; the base name of a file given by itself */
    char *detected;     /* what was recognised (format, separator, encoding, columns), one line for the terminal */

    /* Where --slice_column was given: the values of that column. Else NULL. */
    char *slice_column;  /* its name */
    int32_t *slices;     /* (rows): number of the row's value */
    char **slice_names;  /* (slice_count): in order of first appearance; "" where a row has none */
    int slice_count;

    /* Disjoint; a row left out (rare class, sampled away) is in none. After a load for training each list has rows and every
     * class has at least one training row. */
    RowList splits[SPLIT_COUNT];
    int leaks_dropped; /* training rows left out because their text also stands in validation or test */
    bool whole; /* one file, read as it stands: all its rows are in splits[SPLIT_TEST], which then just means "these rows" */
} Dataset;

/* Takes a zeroed or half-built one. */
void dataset_free(Dataset *dataset);

/* The bytes of a row's text, borrowed, not NUL-terminated. */
static inline const char *dataset_text(const Dataset *dataset, int row, size_t *size) {
    *size = (size_t)(dataset->starts[row + 1] - dataset->starts[row]);
    return dataset->text + dataset->starts[row];
}

/* Appends the row's id, "file:line". */
void dataset_add_id(Buffer *out, const Dataset *dataset, int row);

/* "train", "validation", "test" */
const char *split_name(Split split);

/* Rows a class has in a split; `counts` has room for `classes`. */
void dataset_count_classes(const Dataset *dataset, Split split, int64_t *counts);

/* The identity of data and split: class names and, for each row in a split, its split, id, class and text. Equal exactly when a
 * run on it would read the same. */
Sha256Hex dataset_sha256(const Dataset *dataset);

/* splits.csv: file,line,split,sha256 (of the text's bytes), one line a row in a split, in row order. */
MUST_CHECK bool dataset_write_splits(const Dataset *dataset, const char *path, Error *err);

#pragma GCC visibility pop
#endif
