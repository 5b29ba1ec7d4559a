/* From the splits that a user gave to the three that training needs. */
#ifndef TWOFOLD_DATASETS_ARRANGE_H
#define TWOFOLD_DATASETS_ARRANGE_H

#include "common/observer.h"
#include "datasets/dataset.h"
#include "datasets/files.h"
#include "datasets/options.h"

/* Rows begin, begin + 1 … end - 1. */
MUST_CHECK bool row_list_make(RowList *list, int begin, int end, Error *err);

/* `dataset` holds the rows of `files`, its splits list them as given. Cuts what is missing from train, leaves out what the
 * options say, and refuses what cannot be trained on: classes too rare to split, a single class, a label unseen in training
 * (ERROR_DATA). */
MUST_CHECK bool dataset_arrange(Dataset *dataset, const DataFiles *files, const DataOptions *options, const Observer *observer,
                                Error *err);

#endif
