/* ops.h in plain loops, for a build with -DTWOFOLD_REFERENCE_OPS=ON: for ThreadSanitizer, which cannot look into oneDNN, for machines without
 * it, and as a second opinion. Every sum runs in the order of its index, so that a row is the same bits whatever stands beside it. */
#include "encoder/ops.h"

#include <stdio.h>
#include <string.h>

#include "common/memory.h"

struct Ops {
    int vector_bits;
};

struct Packed {
    int K, N, stride_k, stride_n;
    float *values; /* (K, N) */
};

struct OpsRunner {
    const Ops *ops;
};

/* ---- engine ---- */

/* What the kernels beside the products may use. */
static int vector_bits(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return 512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 256;
#endif
    return 128;
}

Ops *ops_new(Error *err) {
    Ops *ops = mem_new(1, sizeof *ops, err);
    if (ops) ops->vector_bits = vector_bits();
    return ops;
}

void ops_free(Ops *ops) { mem_free(ops); }

int ops_vector_bits(const Ops *ops) { return ops->vector_bits; }

const char *ops_instruction_set(const Ops *ops) {
    (void)ops;
    return "reference loops";
}

const char *ops_library(char out[32]) {
    (void)snprintf(out, 32, "none");
    return out;
}

/* ---- weights ---- */

Packed *ops_pack(const Ops *ops, const float *weight, int K, int N, int stride_k, int stride_n, Error *err) {
    Packed *packed = mem_new(1, sizeof *packed, err);
    if (!packed) return NULL;
    *packed = (Packed){.K = K, .N = N, .stride_k = stride_k, .stride_n = stride_n};
    packed->values = mem_new((size_t)K * (size_t)N, sizeof *packed->values, err);
    if (packed->values && ops_repack(ops, packed, weight, err)) return packed;
    packed_free(packed);
    return NULL;
}

bool ops_repack(const Ops *ops, Packed *packed, const float *weight, Error *err) {
    (void)ops, (void)err;
    float *out = packed->values;
    for (int k = 0; k < packed->K; k++)
        for (int n = 0; n < packed->N; n++)
            *out++ = weight[(size_t)k * (size_t)packed->stride_k + (size_t)n * (size_t)packed->stride_n];
    return true;
}

void packed_free(Packed *packed) {
    if (!packed) return;
    mem_free(packed->values);
    mem_free(packed);
}

size_t packed_bytes(const Packed *packed) { return (size_t)packed->K * (size_t)packed->N * sizeof *packed->values; }

/* ---- products ---- */

OpsRunner *ops_runner_new(const Ops *ops, Error *err) {
    OpsRunner *runner = mem_new(1, sizeof *runner, err);
    if (runner) runner->ops = ops;
    return runner;
}

void ops_runner_free(OpsRunner *runner) { mem_free(runner); }

/* y (count) += a · x (count) */
static void add_scaled(float *restrict y, float a, const float *restrict x, int count) {
    for (int i = 0; i < count; i++) y[i] += a * x[i];
}

bool ops_product(OpsRunner *runner, float *y, int ldy, const float *x, int ldx, const Packed *w, const float *bias, int m, bool add,
                 Error *err) {
    (void)runner, (void)err;
    for (int row = 0; row < m; row++) {
        float *out = y + (size_t)row * (size_t)ldy;
        const float *in = x + (size_t)row * (size_t)ldx;
        if (bias)
            memcpy(out, bias, (size_t)w->N * sizeof *out);
        else if (!add)
            memset(out, 0, (size_t)w->N * sizeof *out);
        for (int k = 0; k < w->K; k++) add_scaled(out, in[k], w->values + (size_t)k * (size_t)w->N, w->N);
    }
    return true;
}

bool ops_add_outer(OpsRunner *runner, float *dw, int out, int in, const float *dy, int ldy, const float *x, int ldx, int n,
                   Error *err) {
    (void)runner, (void)err;
    for (int row = 0; row < n; row++)
        for (int o = 0; o < out; o++)
            add_scaled(dw + (size_t)o * (size_t)in, dy[(size_t)row * (size_t)ldy + (size_t)o], x + (size_t)row * (size_t)ldx, in);
    return true;
}
