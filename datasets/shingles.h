/* Texts as sets of shingles, numbered from rare to frequent: what near_pairs_find compares. */
#ifndef TWOFOLD_DATASETS_SHINGLES_H
#define TWOFOLD_DATASETS_SHINGLES_H

#include "datasets/normalize.h"

typedef struct Shingles {
    int texts;
    int64_t *starts; /* (texts + 1) */
    int32_t *ranks;  /* ascending within a text; rank 0 is the rarest shingle, of equally rare ones that which came first */
    int kinds;       /* different shingles */
    int single;      /* ranks below it stand in one text only */
} Shingles;

/* The same for any number of threads. Release with shingles_free, also after a failure. */
MUST_CHECK bool shingles_make(Shingles *shingles, const NormalTexts *texts, Pool *pool, Error *err);
void shingles_free(Shingles *shingles);

#endif
