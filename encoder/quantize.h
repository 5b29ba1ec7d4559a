/* Weights as int8: one scale a column, w ≈ scale · q with q in [-127, 127].
 *
 * The scale is the column's largest magnitude / 127, rounded up to 17 significant bits, and no less than the smallest normal
 * float. So 127 · scale is exact in float32, and weights that were put back together from q and scale are quantised to the same
 * q and scale again: a folder of int8 weights and the float folder it was made from give the same bits. */
#ifndef TWOFOLD_ENCODER_QUANTIZE_H
#define TWOFOLD_ENCODER_QUANTIZE_H

#include <stdint.h>

/* quantised (K, N; dense), scales (N), sums (N: of each column's quantised weights; may be NULL) from
 * W[k][n] = weight[k·stride_k + n·stride_n]. A column of zeros gets scale 1. Weights are finite. */
void quantize_columns(int8_t *quantised, float *scales, int32_t *sums, const float *weight, int K, int N, int stride_k,
                      int stride_n);

#endif
