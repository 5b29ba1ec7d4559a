/* Which rows train, validate and test: by class shares and seed, with equal texts always on one side. */
#ifndef TWOFOLD_DATASETS_SPLIT_H
#define TWOFOLD_DATASETS_SPLIT_H

#include "datasets/dataset.h"

/* first[row] is the first row with exactly the same text, row itself when there is none before it. Linear in the bytes. */
MUST_CHECK bool split_group_texts(const Dataset *dataset, int32_t *first, Error *err);

/* "80,10,10" (or "0.8,0.1,0.1") as shares that sum to 1. ERROR_USAGE when it is not three positive numbers that do. */
MUST_CHECK bool split_parse_shares(double shares[SPLIT_COUNT], const char *text, Error *err);

/* What is to be cut. Rows with equal text (`first`) form a group, whose class is that of its first row. */
typedef struct SplitTask {
    const RowList *rows;
    const int32_t *labels; /* by row number */
    const int32_t *first;  /* by row number */
    int classes;
    double shares[SPLIT_COUNT]; /* 0: no row goes there */
    uint64_t seed;
} SplitTask;

/* Different texts each class has: fewer than there are positive shares is too rare to split. */
MUST_CHECK bool split_count_texts(const SplitTask *task, int *texts, Error *err);

/* Sets side[row] for each of the rows to a Split. Every class has a row in every split with a positive share (its texts must
 * suffice), and, where no texts are equal, within one row of its exact share in validation and in test (but for rows given
 * back to classes too small for one). Depends on the rows' order, labels, equal texts, shares and seed alone. */
MUST_CHECK bool split_stratify(const SplitTask *task, uint8_t *side, Error *err);

/* Keeps `wanted` rows of the list (more only where there are more classes): classes by their shares, at least one row each,
 * drawn by seed; in the old order. */
MUST_CHECK bool split_sample(RowList *list, const int32_t *labels, int classes, int wanted, uint64_t seed, Split split,
                             Error *err);

#endif
