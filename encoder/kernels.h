/* The row-wise operations beside the matrix products, as plain functions on float arrays, compiled once for each instruction set and
 * chosen at run time. Each works on whole rows in an order of its own that depends on the row alone, so that results do
 * not depend on how rows are batched or spread over threads. Shapes: m rows or tokens, C channels; arrays are row-major and dense
 * unless a stride is given. */
#ifndef TWOFOLD_ENCODER_KERNELS_H
#define TWOFOLD_ENCODER_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which of the values of one place in the network are dropped, and how the rest is scaled (inverted dropout). A value is named
 * by seed, step, place, row and its number within the row: forward and backward draw the same mask without storing it. */
typedef struct Dropout {
    uint64_t seed;
    uint32_t step;
    uint32_t place;     /* layer and operation */
    uint32_t threshold; /* dropped when a 32-bit word is below it; 0: nothing is */
    float scale;        /* 1 / (1 - p) */
} Dropout;

/* One row of a batch as attention sees it. */
typedef struct AttentionRow {
    int queries;  /* Tq: as many as tokens, or 1 when only [CLS] is read */
    int keys;     /* T: tokens of the row */
    uint32_t row; /* names its chance */
} AttentionRow;

/* Part of a matrix W (K, N) on its way into packed panels: PANEL columns each, one panel behind the other, all K rows of a panel dense. bfloat16 panels hold
 * pairs of rows, element by element in turn. W[k][n], both counted from the part's own begin, is from[k · ld + n], or from[n · ld + k] where it lies
 * transposed. */
typedef struct PanelPart {
    const float *from;
    int ld;
    bool transposed;
    int K;        /* of the whole matrix */
    int k, k_end; /* multiples of PANEL_ROWS */
    int n, n_end; /* multiples of PANEL */
} PanelPart;
enum { PANEL = 64, PANEL_ROWS = 32 };
typedef void (*PackPanels)(void *to, const PanelPart *part);

typedef struct Kernels {
    const char *name;

    /* y (m, C) = norm(x + drop(add)) · weight + bias; keeps what backward needs: normed (m, C) before weight and bias, and 1/deviation (m);
     * both may be NULL. add may be NULL. row (m) and place_in_row (m) name the tokens for dropout. y may be x or add. */
    void (*add_norm)(float *y, float *normed, float *rstd, const float *x, const float *add, const float *weight,
                     const float *bias, double epsilon, int m, int C, const Dropout *dropout, const int32_t *row,
                     const int32_t *place_in_row);
    /* dx (m, C) from dy (m, C); dx may be dy. */
    void (*norm_backward)(float *dx, const float *dy, const float *normed, const float *rstd, const float *weight, int m, int C);
    /* dweight[c] += Σ dy · normed, dbias[c] += Σ dy over m rows, for columns [begin, end). */
    void (*norm_weight_gradient)(float *dweight, float *dbias, const float *dy, const float *normed, int m, int C, int begin,
                                 int end);
    /* sum[c] += Σ over m rows of x (row stride ld), columns [begin, end). */
    void (*column_sum)(float *sum, const float *x, int m, int ld, int begin, int end);

    /* y = gelu(u), erf form; y may be u. */
    void (*gelu)(float *y, const float *u, size_t count);
    /* g = gelu(u) and du = dg · gelu'(u); du may be dg, g may be u. */
    void (*gelu_backward)(float *g, float *du, const float *dg, const float *u, size_t count);

    /* The part's place in the panels of floats at `to`. */
    PackPanels pack;

    /* x (m, C) · mask, in place. */
    void (*drop)(float *x, int m, int C, const Dropout *dropout, const int32_t *row, const int32_t *place_in_row);

    /* out (Tq, C) = softmax(q k^T / √D) v for one head: q, out (stride ldq), k, v (stride ldkv) point at the head's first channel.
     * log_sum (Tq) receives log Σ e^score for backward; may be NULL. scratch: attention_scratch(T, D) floats. */
    void (*attention)(float *out, float *log_sum, const float *q, const float *k, const float *v, int ldq, int ldkv,
                      AttentionRow row, int D, int head, const Dropout *dropout, float *scratch);
    /* dq (Tq), dk, dv (T) from dout; overwrites. Strides as above (dq: ldq, dk and dv: ldkv). */
    void (*attention_backward)(float *dq, float *dk, float *dv, const float *dout, const float *out, const float *log_sum,
                               const float *q, const float *k, const float *v, int ldq, int ldkv, AttentionRow row, int D,
                               int head, const Dropout *dropout, float *scratch);

    /* `rounds` rounds of fused multiply-adds in registers, as many side by side as hide their latency: the most that a core can
     * do. Returns how many operations (two a lane of a multiply-add) that was; x (16) starts the sums and receives the result. */
    double (*multiply_add)(float *x, int64_t rounds);
} Kernels;

/* Floats of scratch one call of attention (or its backward) needs. */
size_t attention_scratch(int T, int D, bool backward);

/* widest: 512, 256 or 0 bits that may be used; the processor decides below that. */
const Kernels *kernels_choose(int widest);

#endif
