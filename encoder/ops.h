/* Matrix products by oneDNN: the only layer that knows it. A row of a product is the same bits for any number of rows, any place and any thread:
 * the weights are packed once, in the layout that many rows choose, and that layout is kept for every number of rows; where oneDNN
 * falls back to an implementation without that property (below AVX-512), rows run in tiles of one fixed size. */
#ifndef TWOFOLD_ENCODER_OPS_H
#define TWOFOLD_ENCODER_OPS_H

#include <stddef.h>

#include "common/error.h"

typedef struct Ops Ops;             /* the engine; const after ops_new, shared by threads */
typedef struct Packed Packed;       /* a right-hand side W (K, N), packed */
typedef struct OpsRunner OpsRunner; /* one thread's primitives and scratch memory */

MUST_CHECK Ops *ops_new(Error *err);
void ops_free(Ops *ops);
int ops_vector_bits(const Ops *ops);             /* 512, 256 or 128: what oneDNN may use here (ONEDNN_MAX_CPU_ISA) */
const char *ops_instruction_set(const Ops *ops); /* "AVX512-BF16", … for people */

const char *ops_library(char out[32]); /* version of oneDNN at run time, "2.6.3" */

/* W[k][n] = weight[k·stride_k + n·stride_n]. A Linear's weight (out, in) is packed with K = in, stride_k 1, stride_n in for y = x Wᵀ,
 * and with K = out, stride_k in, stride_n 1 for dx = dy W. */
MUST_CHECK Packed *ops_pack(const Ops *ops, const float *weight, int K, int N, int stride_k, int stride_n, Error *err);
/* Packs changed weights of the same shape again. */
MUST_CHECK bool ops_repack(const Ops *ops, Packed *packed, const float *weight, Error *err);
void packed_free(Packed *packed);
size_t packed_bytes(const Packed *packed);

MUST_CHECK OpsRunner *ops_runner_new(const Ops *ops, Error *err);
void ops_runner_free(OpsRunner *runner);

/* y (m, N) = x (m, K) · W + bias (N, or NULL); ldy, ldx: floats from row to row. With `add`, the product is added to y (bias must be NULL). */
MUST_CHECK bool ops_product(OpsRunner *runner, float *y, int ldy, const float *x, int ldx, const Packed *w, const float *bias,
                            int m, bool add, Error *err);

enum {
    OPS_ROW_STEP = 64, /* ops_add_outer takes whole steps of rows */
    OPS_ROW_CHUNK = 1024
};

/* dw (out, in; dense) += dy (n, out)ᵀ · x (n, in): rows are summed in order, in chunks of OPS_ROW_CHUNK. n is a multiple of OPS_ROW_STEP: the caller puts
 * zero rows behind the last. */
MUST_CHECK bool ops_add_outer(OpsRunner *runner, float *dw, int out, int in, const float *dy, int ldy, const float *x, int ldx,
                              int n, Error *err);

#endif
