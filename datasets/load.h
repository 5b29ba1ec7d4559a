/* From DATA, as a user names it, to a Dataset with its splits.
 *
 * DATA is one file, which is split here; a folder with train.*, validation.* (or val.*, dev.*) and test.*; or files named
 * one by one. What stands in the files is detected, said, and can be overruled by the options. */
#ifndef TWOFOLD_DATASETS_LOAD_H
#define TWOFOLD_DATASETS_LOAD_H

#include "common/observer.h"
#include "datasets/dataset.h"
#include "datasets/options.h"

#pragma GCC visibility push(default)

typedef enum DataUse {
    DATA_FOR_TRAINING,    /* three splits, cut where they are not given; two classes or more; every class in train */
    DATA_AS_GIVEN,        /* nothing is cut; any of the three may be missing; a single file is `whole` */
    DATA_MAYBE_UNLABELLED /* as given, and the label column may be missing */
} DataUse;

/* Fills a zeroed Dataset. ERROR_DATA: the rows are not what they should be (file:line, found, expected); ERROR_PATH: a path
 * that cannot be opened; ERROR_USAGE: contradictory or malformed options; ERROR_INTERRUPTED when the observer says stop.
 * What was decided for the user (a split cut, a class left out) is said to the observer, one sentence each. Release with
 * dataset_free, also after a failure. */
MUST_CHECK bool dataset_load(Dataset *dataset, const DataOptions *options, DataUse use, const Observer *observer, Error *err);

#pragma GCC visibility pop
#endif
