/* What a user may say about data. Fields are the flags of the same names; strings are borrowed, NULL when not given. */
#ifndef TWOFOLD_DATASETS_OPTIONS_H
#define TWOFOLD_DATASETS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(default)

typedef struct DataOptions {
    const char *data; /* a file or a folder; or else the files: */
    const char *train_file, *validation_file, *test_file;

    const char *input_format; /* auto, csv, tsv, jsonl, text_label */
    const char *encoding;     /* utf-8, latin1 */
    const char *sep;          /* of CSV: one ASCII character, or "tab" */
    const char *quoting;      /* of CSV and TSV: minimal (RFC 4180), or none (a quote is a character like any other) */
    const char *text_column;  /* by name, or by number from 1 where there is no header */
    const char *slice_column; /* its values cut the test rows into parts that are scored apart; NULL: none */
    const char *label_column;
    const char *names; /* the columns, "text,label" */
    bool header, no_header;

    const char *label_names; /* "sadness,joy,…": the order of classes, or the names of integer labels */
    /* A trained model's classes instead (label_names is then ignored): a label that is not among them is refused. */
    const char *const *class_names;
    int class_count;

    const char *split;      /* "80,10,10": train, validation, test of one file */
    bool drop_rare;         /* leave out classes that have too few different texts to be in every split */
    const char *drop_leaks; /* train: leave out training rows whose text also stands in validation or test; near: or nearly; none */
    uint64_t seed;
    /* At most so many rows of a split (0: all), drawn by class shares and seed, in file order. */
    int64_t max_train_samples, max_eval_samples, max_predict_samples;
} DataOptions;

#define DATA_DEFAULTS \
    (DataOptions) { \
        .input_format = "auto", .encoding = "utf-8", .quoting = "minimal", .split = "80,10,10", .drop_leaks = "none", .seed = 42 \
    }

#pragma GCC visibility pop
#endif
