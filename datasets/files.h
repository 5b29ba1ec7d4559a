/* Which files hold which split. */
#ifndef TWOFOLD_DATASETS_FILES_H
#define TWOFOLD_DATASETS_FILES_H

#include "datasets/dataset.h"
#include "datasets/options.h"

typedef struct DataFiles {
    Path paths[SPLIT_COUNT];
    Path names[SPLIT_COUNT]; /* as ids show them */
    bool given[SPLIT_COUNT];
    bool single; /* DATA is one file: it stands in the place of train, but is not said to be that */
} DataFiles;

/* Looks where the options say. In a folder, a file is found by its name before the first ending (train; validation, val or
 * dev; test) with the endings csv, tsv, tab, txt, jsonl, ndjson, json or none, and .gz behind. Refuses none, and two for one
 * split (ERROR_DATA), and contradictory options (ERROR_USAGE). */
MUST_CHECK bool data_files_find(DataFiles *files, const DataOptions *options, Error *err);

#endif
