/* The nearest rows of every row: exact, by matrix products in blocks, never all distances at once. Time grows with rows × others; memory
 * with rows × k. The same bytes for any number of threads. */
#ifndef TWOFOLD_FEATURES_NEIGHBOURS_H
#define TWOFOLD_FEATURES_NEIGHBOURS_H

#include <stdint.h>

#include "common/error.h"
#include "common/observer.h"
#include "common/parallel.h"
#include "features/features.h"

typedef enum Metric {
    METRIC_COSINE,   /* 1 - cosine of the angle; a row of zeros is at 1 from every row */
    METRIC_EUCLIDEAN /* length of the difference */
} Metric;
const char *metric_name(Metric metric); /* "cosine", "euclidean" */

/* Row i's neighbours, nearest first (of equally near ones the lower row first): ids[i k … i k + k). */
typedef struct Neighbours {
    int rows, k;
    int32_t *ids;     /* (rows, k) */
    float *distances; /* (rows, k) */
} Neighbours;

/* k ≥ 1 nearest of the other rows, k below the number of rows. `features` must be finite. */
MUST_CHECK bool neighbours_find(Neighbours *out, const Features *features, int k, Metric metric, Pool *pool,
                                const Observer *observer, Error *err);
/* k nearest of `others` for each row of `features`, a row's own place among them not left out. */
MUST_CHECK bool neighbours_between(Neighbours *out, const Features *features, const Features *others, int k, Metric metric,
                                   Pool *pool, const Observer *observer, Error *err);
void neighbours_free(Neighbours *neighbours); /* takes a zeroed one */

#endif
