/* Matrix products by oneDNN: the only layer that knows it. A row of a product is the same bits for any number of rows, any place and any thread:
 * the weights are packed once, in the layout that many rows choose, and that layout is kept for every number of rows; where oneDNN
 * falls back to an implementation without that property (below AVX-512), rows run in tiles of one fixed size. */
#ifndef TWOFOLD_ENCODER_OPS_H
#define TWOFOLD_ENCODER_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/profile.h"
#include "encoder/dtype.h"

typedef struct Ops Ops;             /* the engine; const after ops_new, shared by threads */
typedef struct Packed Packed;       /* a right-hand side W (K, N), packed */
typedef struct OpsRunner OpsRunner; /* one thread's primitives and scratch memory */

MUST_CHECK Ops *ops_new(Error *err);
void ops_free(Ops *ops);
int ops_vector_bits(const Ops *ops);             /* 512, 256 or 128: what oneDNN may use here (ONEDNN_MAX_CPU_ISA) */
const char *ops_instruction_set(const Ops *ops); /* "AVX512-BF16", … for people */

const char *ops_library(char out[32]); /* version of oneDNN at run time, "2.6.3" */

/* Whether the processor (and ONEDNN_MAX_CPU_ISA) multiplies the type natively: bfloat16 needs AVX512-BF16, int8 AVX512-VNNI. */
bool ops_supports(Dtype dtype);

/* What a matrix holds. */
typedef enum Element { ELEMENT_FLOAT32, ELEMENT_BFLOAT16, ELEMENT_UINT8, ELEMENT_INT8, ELEMENT_INT32 } Element;

size_t element_bytes(Element element);

/* A Linear's weight (out, in), rows [0, out / parts) at part[0], and so on. */
typedef struct PartedWeight {
    const float *part[2];
    int parts;
} PartedWeight;

/* W[k][n] = weight[k·stride_k + n·stride_n]. A Linear's weight (out, in) is packed with K = in, stride_k 1, stride_n in for y = x Wᵀ,
 * and with K = out, stride_k in, stride_n 1 for dx = dy W. dtype: what the weights become; for DTYPE_INT8 they are quantised by
 * column (encoder/quantize.h). */
MUST_CHECK Packed *ops_pack(const Ops *ops, Dtype dtype, const float *weight, int K, int N, int stride_k, int stride_n,
                            Error *err);
/* The same into a place of the caller's, aligned to 64 bytes, of K · N elements of the type. Where oneDNN wants more than that, or for NULL, it takes
 * memory of its own. */
MUST_CHECK Packed *ops_pack_into(void *place, const Ops *ops, Dtype dtype, PartedWeight weight, int K, int N, int stride_k,
                                 int stride_n, Error *err);
/* Packs changed weights of the same shape again. */
MUST_CHECK bool ops_repack(const Ops *ops, Packed *packed, PartedWeight weight, Error *err);
/* Some rows of a Linear's changed weight, from `row` on, which lie at `from`: LINEAR_ROWS or a multiple. Not every layout takes them alone,
 * and none where the rows of a part are no multiple of LINEAR_ROWS. Threads may pack different ones at the same time. */
bool packed_takes_rows(const Packed *packed, int parts);
void ops_repack_rows(const Packed *packed, const float *from, int row, int rows);
void packed_free(Packed *packed);
size_t packed_bytes(const Packed *packed);
const float *packed_scales(const Packed *packed); /* int8: (N) what one step of a column's weights is worth; else NULL */
const int32_t *packed_sums(const Packed *packed); /* int8: (N) the sum of each column's quantised weights; else NULL */
/* Columns of the weights that ops_product can be asked for: N, or a step of which `column` and `columns` are multiples. */
int packed_column_step(const Packed *packed);

MUST_CHECK OpsRunner *ops_runner_new(const Ops *ops, Error *err);
void ops_runner_set_lane(OpsRunner *runner, ProfileLane *lane); /* where products count their time and work from now on */
void ops_runner_free(OpsRunner *runner);

/* y = x · W + bias. */
typedef struct Product {
    const Packed *w;
    const void *x; /* (m, K): float, bfloat16, or for int8 weights uint8_t */
    void *y;       /* (m, N): float; or bfloat16 for bfloat16 weights; int32_t (and no bias) for int8 weights */
    Element y_element;
    int m, ldx, ldy;   /* rows; elements from row to row */
    const float *bias; /* (N), or NULL */
    bool add;          /* the product is added to y, which is float (bias must be NULL) */
    int column,
        columns; /* only these columns of W and bias, which begin with the first of all; y with the first asked for; 0: all */
} Product;
MUST_CHECK bool ops_product(OpsRunner *runner, const Product *product, Error *err);

enum {
    OPS_ROW_STEP = 64, /* ops_outer takes whole steps of rows */
    OPS_ROW_CHUNK = 1024
};

/* dw (out, in; dense) = dy (n, out)ᵀ · x (n, in), or, `add`, that and what stood there; both of `element` (float or bfloat16), the sum in float: rows
 * are summed in order, in chunks of OPS_ROW_CHUNK. n is a multiple of OPS_ROW_STEP, not 0: the caller puts zero rows behind the last. */
MUST_CHECK bool ops_outer(OpsRunner *runner, float *dw, bool add, int out, int in, Element element, const void *dy, int ldy,
                          const void *x, int ldx, int n, Error *err);

#endif
