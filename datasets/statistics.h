/* Lengths of texts, and what to say of them. */
#ifndef TWOFOLD_DATASETS_STATISTICS_H
#define TWOFOLD_DATASETS_STATISTICS_H

#include <stdint.h>

#include "datasets/dataset.h"

/* Quantiles are interpolated linearly, as numpy.percentile does. All 0 when there are no values. */
typedef struct Summary {
    int count;
    int64_t min, max;
    double mean, q1, median, q3, p95;
} Summary;
MUST_CHECK bool summary_make(Summary *summary, const int32_t *values, int count, Error *err);

/* Characters (code points) and words (runs between white space, as Python's str.split) of a text. */
int32_t text_count_characters(const char *text, size_t size);
int32_t text_count_words(const char *text, size_t size);

typedef struct TextSummaries {
    Summary words, characters;
} TextSummaries;
/* Over the rows of a list. */
MUST_CHECK bool text_summaries_make(TextSummaries *summaries, const Dataset *dataset, const RowList *rows, Error *err);

/* How even classes are: entropy of the shares over the entropy of equal shares (1: even; 0: one class), and the largest count
 * over the smallest (infinity when a class has no row). */
double balance_entropy(const int64_t *counts, int classes);
double balance_ratio(const int64_t *counts, int classes);

#endif
