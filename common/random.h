/* Counter-based random numbers (Philox4x32-10, Salmon et al. 2011): the value at a place depends on seed, stream and place alone, so a run
 * that is resumed, reordered or spread over threads draws the same numbers. */
#ifndef TWOFOLD_COMMON_RANDOM_H
#define TWOFOLD_COMMON_RANDOM_H

#include <stdint.h>

/* Streams of one seed never meet. Each use of chance in the program has one of its own. */
typedef enum RandomStream {
    STREAM_SPLIT = 1,
    STREAM_SHUFFLE,
    STREAM_INIT,
    STREAM_DROPOUT,
    STREAM_DUMMY,
    STREAM_LATENCY,
    STREAM_BOOTSTRAP,
    STREAM_FOLDS,
    STREAM_TEST,
    STREAM_PERMUTATION,
    STREAM_MAP,
    STREAM_NESTED = 12,
    STREAM_CURVE
} RandomStream;

/* Four 32-bit words at (key, counter). */
void philox(uint32_t out[4], uint64_t key, uint64_t counter_low, uint64_t counter_high);

/* A sequence: words 0, 1, 2 … of (seed, stream, substream). */
typedef struct Random {
    uint64_t seed;
    uint64_t high; /* stream and substream */
    uint64_t place;
    uint32_t words[4];
} Random;
Random random_start(uint64_t seed, RandomStream stream, uint32_t substream);
uint32_t random_word(Random *random);
uint32_t random_below(Random *random, uint32_t bound); /* unbiased; bound > 0 */
/* What `count` calls of random_below give, for those who draw by the million. */
void random_below_many(Random *random, uint32_t bound, uint32_t *out, int count);
double random_uniform(Random *random);                 /* [0, 1), 53 bits */
double random_normal(Random *random);                  /* mean 0, deviation 1 */
void random_shuffle(Random *random, int *items, int count);

#endif
