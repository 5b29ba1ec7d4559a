/* The row-wise operations of bfloat16 and int8 inference and training, beside those of encoder/kernels.h: rounding of what products read, and attention on
 * bfloat16. They need the processor that the products need, so there is one table for each kind of it. */
#ifndef TWOFOLD_ENCODER_KERNELS_LOW_H
#define TWOFOLD_ENCODER_KERNELS_LOW_H

#include <stddef.h>
#include <stdint.h>

#include "encoder/dtype.h"
#include "encoder/kernels.h"

/* A row of 8-bit steps: value = scale · (step - zero). */
typedef struct RowScale {
    float scale;
    int32_t zero;
} RowScale;

typedef struct LowKernels {
    /* to the nearest bfloat16, ties to even */
    void (*round)(Bfloat16 *to, const float *from, size_t count);
    void (*widen)(float *to, const Bfloat16 *from, size_t count);

    /* One row (C): steps between its smallest and largest value, 0 among them, so that 0 is exact. */
    RowScale (*quantize)(uint8_t *to, const float *from, int C);
    /* y[n] = row.scale · scales[n] · (sums[n] - row.zero · weight_sums[n]) + bias[n]: one row of an int8 product as floats. */
    void (*dequantize)(float *y, const int32_t *sums, RowScale row, const float *scales, const int32_t *weight_sums,
                       const float *bias, int count);

    /* As Kernels.attention, on bfloat16 and without dropout; NULL where the processor does not multiply bfloat16. Scratch: attention_low_scratch bytes. */
    void (*attention)(Bfloat16 *out, const Bfloat16 *q, const Bfloat16 *k, const Bfloat16 *v, int ldq, int ldkv, AttentionRow row,
                      int D, void *scratch);
} LowKernels;

size_t attention_low_scratch(int T, int D);

/* The table for processors with (or without) bfloat16 products; both need AVX-512. NULL when this program was built for a processor without. */
const LowKernels *low_kernels_choose(bool bfloat16);

#endif
