/* Dropout's random words, sixteen side by side: Philox4x32-10 as in common/random.h. For kernels.c and kernels_low.c, as vector.h is. */
#ifndef TWOFOLD_ENCODER_CHANCE_H
#define TWOFOLD_ENCODER_CHANCE_H

#include <stdbool.h>

#include "encoder/kernels.h"
#include "encoder/vector.h"

enum {
    DRAWN = 4, /* vectors of words that sixteen counters give */
    DRAWS = 2  /* at a time: one alone waits for its multiplications */
};

/* The words of a row of the batch, drawn for vectors that follow each other. */
typedef struct DropWords {
    const Dropout *dropout;
    uint32_t row;
    int64_t group; /* which DRAWS · DRAWN vectors `words` belong to; -1: none */
    uint32_t words[DRAWS * DRAWN][LANES];
} DropWords;

static inline bool drops(const Dropout *dropout) { return dropout && dropout->threshold > 0; }

static inline DropWords drop_words(const Dropout *dropout, uint32_t row) {
    return (DropWords){.dropout = dropout, .row = row, .group = -1};
}

#if defined(__AVX512F__) && defined(__AVX512DQ__)
/* The upper and lower halves of sixteen products of 32 bits: multiplications give those of every other lane. */
static inline __m512i drop_multiply(__m512i a, __m512i b, __m512i *low) {
    __m512i even = _mm512_mul_epu32(a, b), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), b);
    *low = _mm512_mullo_epi32(a, b);
    return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

static inline void drop_draw(DropWords *d) {
    enum { XOR_OF_THREE = 0x96 };
    const __m512i first = _mm512_set1_epi32((int)0xD2511F53u), second = _mm512_set1_epi32((int)0xCD9E8D57u);
    uint32_t k0 = (uint32_t)d->dropout->seed, k1 = (uint32_t)(d->dropout->seed >> 32);
    __m512i c[DRAWS][DRAWN];
    for (int draw = 0; draw < DRAWS; draw++) {
        c[draw][0] = _mm512_add_epi32(_mm512_set1_epi32((int)((uint32_t)(d->group * DRAWS + draw) * LANES)),
                                      _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
        c[draw][1] = _mm512_set1_epi32((int)d->row);
        c[draw][2] = _mm512_set1_epi32((int)d->dropout->place);
        c[draw][3] = _mm512_set1_epi32((int)d->dropout->step);
    }
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        const __m512i key0 = _mm512_set1_epi32((int)k0), key1 = _mm512_set1_epi32((int)k1);
        for (int draw = 0; draw < DRAWS; draw++) {
            __m512i *at = c[draw], low0, low1;
            __m512i high0 = drop_multiply(at[0], first, &low0), high1 = drop_multiply(at[2], second, &low1);
            at[0] = _mm512_ternarylogic_epi32(high1, at[1], key0, XOR_OF_THREE);
            at[2] = _mm512_ternarylogic_epi32(high0, at[3], key1, XOR_OF_THREE);
            at[1] = low1;
            at[3] = low0;
        }
    }
    for (int draw = 0; draw < DRAWS; draw++)
        for (int i = 0; i < DRAWN; i++) _mm512_storeu_si512(d->words[draw * DRAWN + i], c[draw][i]);
}
#else
static inline void draw_one(uint32_t c[DRAWN][LANES], const Dropout *dropout, uint32_t row, uint32_t counter) {
    uint32_t k0 = (uint32_t)dropout->seed, k1 = (uint32_t)(dropout->seed >> 32);
    for (int i = 0; i < LANES; i++) {
        c[0][i] = counter + (uint32_t)i;
        c[1][i] = row;
        c[2][i] = dropout->place;
        c[3][i] = dropout->step;
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < LANES; i++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c[0][i], p1 = (uint64_t)0xCD9E8D57u * c[2][i];
            uint32_t n0 = (uint32_t)(p1 >> 32) ^ c[1][i] ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c[3][i] ^ k1;
            c[1][i] = (uint32_t)p1;
            c[3][i] = (uint32_t)p0;
            c[0][i] = n0;
            c[2][i] = n2;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

static inline void drop_draw(DropWords *d) {
    for (int draw = 0; draw < DRAWS; draw++)
        draw_one(d->words + draw * DRAWN, d->dropout, d->row, (uint32_t)(d->group * DRAWS + draw) * LANES);
}
#endif

/* The number of the vector that names the chance of a block's first key, in attention with CHANCE_SIDE vectors of queries at a time: behind each other stand the
 * blocks of queries, in them the keys, and of a key its queries, `side` vectors of them. */
enum { CHANCE_SIDE = 2 };
static inline int64_t first_chance(int head, int first, int T, int *side) {
    int all = (T + LANES - 1) / LANES, before = first / LANES;
    *side = all - before < CHANCE_SIDE ? all - before : CHANCE_SIDE;
    return ((int64_t)head * all + before) * T;
}

/* The factor (0 or scale) of vector number `vector` of the row. */
static inline Vec drop_factor(DropWords *d, int64_t vector) {
    enum { VECTORS = DRAWS * DRAWN };
    if (vector / VECTORS != d->group) {
        d->group = vector / VECTORS;
        drop_draw(d);
    }
    return v_keep(d->words[vector % VECTORS], d->dropout->threshold, v_set(d->dropout->scale));
}

#endif
