/* Whole rows laid end to end: a text costs what it is long, there is no padding. */
#ifndef TWOFOLD_ENCODER_BATCH_H
#define TWOFOLD_ENCODER_BATCH_H

#include <stdint.h>

#include "encoder/tokens.h"

#pragma GCC visibility push(default)

/* n tokens of B rows. Borrowed arrays: they live in the Workspace (batch_pack) or with the caller. */
typedef struct Batch {
    int rows;             /* B */
    int tokens;           /* n = starts[B] */
    const int32_t *ids;    /* (n) */
    const int32_t *starts; /* (B + 1): row b is ids[starts[b] … starts[b+1]) and never empty */
    const int32_t *row;    /* (B) number of the row in its Tokens: names the row's chance (dropout) and where its result belongs */
} Batch;

#pragma GCC visibility pop
#endif
