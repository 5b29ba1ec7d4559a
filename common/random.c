#include "common/random.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586;

void philox(uint32_t out[4], uint64_t key, uint64_t counter_low, uint64_t counter_high) {
    uint32_t c0 = (uint32_t)counter_low, c1 = (uint32_t)(counter_low >> 32);
    uint32_t c2 = (uint32_t)counter_high, c3 = (uint32_t)(counter_high >> 32);
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

Random random_start(uint64_t seed, RandomStream stream, uint32_t substream) {
    return (Random){.seed = seed, .high = (uint64_t)stream << 32 | substream};
}

uint32_t random_word(Random *random) {
    if (random->place % 4 == 0) philox(random->words, random->seed, random->place / 4, random->high);
    return random->words[random->place++ % 4];
}

/* Lemire 2019: multiply and keep the high half; reject the few low halves that would be one too many. */
static uint32_t below(Random *random, uint32_t bound, uint32_t threshold) {
    for (;;) {
        uint64_t product = (uint64_t)random_word(random) * bound;
        if ((uint32_t)product >= threshold) return (uint32_t)(product >> 32);
    }
}

uint32_t random_below(Random *random, uint32_t bound) { return below(random, bound, (0u - bound) % bound); }

void random_below_many(Random *random, uint32_t bound, uint32_t *out, int count) {
    uint32_t threshold = (0u - bound) % bound;
    for (int i = 0; i < count; i++) out[i] = below(random, bound, threshold);
}

double random_uniform(Random *random) {
    uint64_t high = random_word(random), low = random_word(random);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

double random_normal(Random *random) {
    double u = 1.0 - random_uniform(random), v = random_uniform(random); /* Box and Muller; u is in (0, 1] */
    return sqrt(-2.0 * log(u)) * cos(TWO_PI * v);
}

void random_shuffle(Random *random, int *items, int count) {
    for (int i = count - 1; i > 0; i--) {
        int j = (int)random_below(random, (uint32_t)i + 1), item = items[i];
        items[i] = items[j];
        items[j] = item;
    }
}
