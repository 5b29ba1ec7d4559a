#include "encoder/quantize.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { STEPS = 127, DROPPED_BITS = 7 };

/* largest / 127, rounded up to 24 - DROPPED_BITS significant bits; a normal number, since a smaller one has no such bits. */
static float scale_for(float largest) {
    if (!(largest > FLT_MIN / 2)) return 1; /* not one step of any scale */
    float scale = largest / STEPS;
    if (scale < FLT_MIN) return FLT_MIN;
    uint32_t bits, dropped = (1u << DROPPED_BITS) - 1;
    memcpy(&bits, &scale, sizeof bits);
    bits = (bits + dropped) & ~dropped;
    memcpy(&scale, &bits, sizeof scale);
    /* The division may have rounded down onto a kept value. */
    while (scale * STEPS < largest) {
        bits += dropped + 1;
        memcpy(&scale, &bits, sizeof scale);
    }
    return scale;
}

void quantize_columns(int8_t *quantised, float *scales, int32_t *sums, const float *weight, int K, int N, int stride_k,
                      int stride_n) {
    for (int n = 0; n < N; n++) {
        const float *column = weight + (size_t)n * (size_t)stride_n;
        float largest = 0;
        for (int k = 0; k < K; k++) {
            float magnitude = fabsf(column[(size_t)k * (size_t)stride_k]);
            if (magnitude > largest) largest = magnitude;
        }
        scales[n] = scale_for(largest);
        int32_t sum = 0;
        for (int k = 0; k < K; k++) {
            int q = (int)lrintf(column[(size_t)k * (size_t)stride_k] / scales[n]);
            quantised[(size_t)k * (size_t)N + (size_t)n] = (int8_t)q;
            sum += q;
        }
        if (sums) sums[n] = sum;
    }
}
