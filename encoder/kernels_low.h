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

/* One row of integer sums of an int8 product, and what makes floats of them: y[n] = row.scale · scales[n] · (sums[n] - row.zero · weight_sums[n]) + bias[n]. */
typedef struct IntegerRow {
    const int32_t *sums;
    RowScale row;
    const float *scales;
    const int32_t *weight_sums;
    const float *bias;
    int count;
} IntegerRow;

/* GELU here, and softmax in attention, have an accuracy that fits what becomes of their results, 8 bits: relative errors of at most 2.7e-4 and
 * 8e-5, where a bfloat16's own rounding is 3.9e-3 (tests/test_accuracy.c). */
typedef struct LowKernels {
    /* to the nearest bfloat16, ties to even */
    void (*round)(Bfloat16 *to, const float *from, size_t count);
    void (*widen)(float *to, const Bfloat16 *from, size_t count);
    /* y = gelu(u), rounded; and in floats, y may be u */
    void (*gelu_round)(Bfloat16 *y, const float *u, size_t count);
    void (*gelu)(float *y, const float *u, size_t count);
    /* y = gelu(u), and for training g = gelu(u) and du *= gelu'(u), all bfloat16 */
    void (*gelu_low)(Bfloat16 *y, const Bfloat16 *u, size_t count);
    void (*gelu_backward)(Bfloat16 *g, Bfloat16 *du, const Bfloat16 *u, size_t count);

    /* to (m, C) = from · mask, rounded; otherwise as Kernels.drop. */
    void (*drop_round)(Bfloat16 *to, const float *from, int m, int C, const Dropout *dropout, const int32_t *row,
                       const int32_t *place_in_row);
    /* As Kernels.column_sum; the sum is float. */
    void (*column_sum)(float *sum, const Bfloat16 *x, int m, int ld, int begin, int end);

    /* As Kernels.pack, into panels of bfloat16; NULL where the processor does not multiply them. */
    PackPanels pack;

    /* One row (C): steps between its smallest and largest value, 0 among them, so that 0 is exact. */
    RowScale (*quantize)(uint8_t *to, const float *from, int C);
    void (*dequantize)(float *y, const IntegerRow *from);
    void (*dequantize_round)(Bfloat16 *y, const IntegerRow *from);
    /* The row that quantize makes of gelu(dequantize(from)); values: room for as many floats. */
    RowScale (*requantize_gelu)(uint8_t *to, const IntegerRow *from, float *values);

    /* As Kernels.attention and its backward, on bfloat16; log_sum is log2 Σ 2^(score · log2 e). NULL where the processor does not multiply bfloat16. Scratch:
     * attention_low_scratch bytes. */
    void (*attention)(Bfloat16 *out, float *log_sum, const Bfloat16 *q, const Bfloat16 *k, const Bfloat16 *v, int ldq, int ldkv,
                      AttentionRow row, int D, int head, const Dropout *dropout, void *scratch);
    void (*attention_backward)(Bfloat16 *dq, Bfloat16 *dk, Bfloat16 *dv, const Bfloat16 *dout, const Bfloat16 *out,
                               const float *log_sum, const Bfloat16 *q, const Bfloat16 *k, const Bfloat16 *v, int ldq, int ldkv,
                               AttentionRow row, int D, int head, const Dropout *dropout, void *scratch);
} LowKernels;

size_t attention_low_scratch(int T, int D, bool backward);

/* The table for processors with (or without) bfloat16 products; both need AVX-512. NULL when this program was built for a processor without. */
const LowKernels *low_kernels_choose(bool bfloat16);

#endif
