/* ops.h in plain loops, for a build with -DTWOFOLD_REFERENCE_OPS=ON: for ThreadSanitizer, which cannot look into oneDNN, for machines without
 * it, and as a second opinion. Every sum runs in the order of its index, so that a row is the same bits whatever stands beside it. */
#include "encoder/ops.h"

#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "encoder/quantize.h"
#include "encoder/weights.h"

struct Ops {
    int vector_bits;
};

struct Packed {
    int K, N, stride_k, stride_n;
    Element element;
    float *values; /* (K, N), rounded to the element; NULL for int8 */
    int8_t *steps; /* (K, N) */
    float *scales; /* (N) */
    int32_t *sums; /* (N) */
};

struct OpsRunner {
    const Ops *ops;
    ProfileLane *lane;
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

/* Loops can do all; what stands beside bfloat16 and int8 products (encoder/kernels_low.h) asks for the processor's own. */
bool ops_supports(Dtype dtype) {
    if (dtype == DTYPE_FLOAT32) return true;
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
    return vector_bits() == 512 &&
           (dtype == DTYPE_INT8 ? __builtin_cpu_supports("avx512vnni") != 0 : __builtin_cpu_supports("avx512bf16") != 0);
#else
    return false;
#endif
}

size_t element_bytes(Element element) {
    static const size_t BYTES[] = {
        [ELEMENT_FLOAT32] = 4, [ELEMENT_BFLOAT16] = 2, [ELEMENT_UINT8] = 1, [ELEMENT_INT8] = 1, [ELEMENT_INT32] = 4};
    return BYTES[element];
}

static float widen(Bfloat16 half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* To the nearest, ties to even. */
static Bfloat16 round_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (value != value) return 0x7FC0;
    return (Bfloat16)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

const char *ops_instruction_set(const Ops *ops) {
    (void)ops;
    return "reference loops";
}

const char *ops_library(char out[32]) {
    (void)snprintf(out, 32, "none");
    return out;
}

/* ---- weights ---- */

/* Loops keep weights in a form and a place of their own. */
Packed *ops_pack_into(void *place, const Ops *ops, Dtype dtype, PartedWeight weight, int K, int N, int stride_k, int stride_n,
                      Error *err) {
    (void)place;
    static const Element ELEMENTS[DTYPES] = {
        [DTYPE_FLOAT32] = ELEMENT_FLOAT32, [DTYPE_BFLOAT16] = ELEMENT_BFLOAT16, [DTYPE_INT8] = ELEMENT_INT8};
    Packed *packed = mem_new(1, sizeof *packed, err);
    if (!packed) return NULL;
    *packed = (Packed){.K = K, .N = N, .stride_k = stride_k, .stride_n = stride_n, .element = ELEMENTS[dtype]};
    size_t count = (size_t)K * (size_t)N;
    bool made;
    if (dtype == DTYPE_INT8) {
        packed->steps = mem_new(count, sizeof *packed->steps, err);
        packed->scales = packed->steps ? mem_new((size_t)N, sizeof *packed->scales, err) : NULL;
        packed->sums = packed->scales ? mem_new((size_t)N, sizeof *packed->sums, err) : NULL;
        made = packed->sums != NULL;
    } else {
        packed->values = mem_new(count, sizeof *packed->values, err);
        made = packed->values != NULL;
    }
    if (made && ops_repack(ops, packed, weight, err)) return packed;
    packed_free(packed);
    return NULL;
}

static float as_element(const Packed *packed, float value) {
    return packed->element == ELEMENT_BFLOAT16 ? widen(round_float(value)) : value;
}

bool packed_takes_rows(const Packed *packed, int parts) {
    int out = packed->stride_k == 1 ? packed->N : packed->K;
    return packed->values && out % (parts * LINEAR_ROWS) == 0;
}

void ops_repack_rows(const Packed *packed, const float *from, int row, int rows) {
    bool transposed = packed->stride_k == 1;
    int in = transposed ? packed->K : packed->N;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < in; c++) {
            size_t k = (size_t)(transposed ? c : row + r), n = (size_t)(transposed ? row + r : c);
            packed->values[k * (size_t)packed->N + n] = as_element(packed, from[(size_t)r * (size_t)in + (size_t)c]);
        }
}

static void repack_whole(Packed *packed, const float *weight) {
    if (packed->element == ELEMENT_INT8) {
        quantize_columns(packed->steps, packed->scales, packed->sums, weight, packed->K, packed->N, packed->stride_k,
                         packed->stride_n);
        return;
    }
    float *out = packed->values;
    for (int k = 0; k < packed->K; k++)
        for (int n = 0; n < packed->N; n++) {
            float value = weight[(size_t)k * (size_t)packed->stride_k + (size_t)n * (size_t)packed->stride_n];
            // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): what is not int8 has values
            *out++ = as_element(packed, value);
        }
}

bool ops_repack(const Ops *ops, Packed *packed, PartedWeight weight, Error *err) {
    (void)ops;
    size_t share = (size_t)packed->K * (size_t)packed->N / (size_t)weight.parts;
    float *whole = mem_new(share * (size_t)weight.parts, sizeof *whole, err);
    if (!whole) return false;
    for (int i = 0; i < weight.parts; i++) memcpy(whole + (size_t)i * share, weight.part[i], share * sizeof *whole);
    repack_whole(packed, whole);
    mem_free(whole);
    return true;
}

Packed *ops_pack(const Ops *ops, Dtype dtype, const float *weight, int K, int N, int stride_k, int stride_n, Error *err) {
    return ops_pack_into(NULL, ops, dtype, (PartedWeight){{weight}, 1}, K, N, stride_k, stride_n, err);
}

void packed_free(Packed *packed) {
    if (!packed) return;
    mem_free(packed->values);
    mem_free(packed->steps);
    mem_free(packed->scales);
    mem_free(packed->sums);
    mem_free(packed);
}

size_t packed_bytes(const Packed *packed) { return (size_t)packed->K * (size_t)packed->N * element_bytes(packed->element); }
const float *packed_scales(const Packed *packed) { return packed->scales; }
const int32_t *packed_sums(const Packed *packed) { return packed->sums; }

/* Any column can be asked for; the step is oneDNN's, so that the same work is shared out here. */
int packed_column_step(const Packed *packed) { return packed->N % 64 == 0 ? 64 : packed->N; }

/* ---- products ---- */

void ops_runner_set_lane(OpsRunner *runner, ProfileLane *lane) { runner->lane = lane; }

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

/* One row of an int8 product. */
static void add_steps(int32_t *y, const uint8_t *x, const Packed *w, int column, int columns) {
    memset(y, 0, (size_t)columns * sizeof *y);
    for (int k = 0; k < w->K; k++) {
        const int8_t *steps = w->steps + (size_t)k * (size_t)w->N + column;
        for (int n = 0; n < columns; n++) y[n] += x[k] * steps[n];
    }
}

static float element_at(const void *x, Element element, size_t i) {
    return element == ELEMENT_BFLOAT16 ? widen(((const Bfloat16 *)x)[i]) : ((const float *)x)[i];
}

bool ops_product(OpsRunner *runner, const Product *p, Error *err) {
    const Packed *w = p->w;
    int columns = p->columns ? p->columns : w->N;
    ProfilePart before = profile_enter(runner->lane, PROFILE_LINEAR);
    profile_count(runner->lane, 2.0 * p->m * columns * w->K);
    float *sums = mem_new((size_t)columns, sizeof *sums, err);
    for (int row = 0; sums && row < p->m; row++) {
        size_t in = (size_t)row * (size_t)p->ldx, out = (size_t)row * (size_t)p->ldy;
        if (w->element == ELEMENT_INT8) {
            add_steps((int32_t *)p->y + out, (const uint8_t *)p->x + in, w, p->column, columns);
            continue;
        }
        for (int n = 0; n < columns; n++)
            sums[n] = p->bias ? p->bias[p->column + n] : p->add ? ((float *)p->y)[out + (size_t)n] : 0;
        for (int k = 0; k < w->K; k++)
            add_scaled(sums, element_at(p->x, w->element, in + (size_t)k), w->values + (size_t)k * (size_t)w->N + p->column,
                       columns);
        for (int n = 0; n < columns; n++)
            if (p->y_element == ELEMENT_BFLOAT16)
                ((Bfloat16 *)p->y)[out + (size_t)n] = round_float(sums[n]);
            else
                ((float *)p->y)[out + (size_t)n] = sums[n];
    }
    bool ok = sums != NULL;
    mem_free(sums);
    (void)profile_enter(runner->lane, before);
    return ok;
}

bool ops_outer(OpsRunner *runner, float *dw, bool add, int out, int in, Element element, const void *dy, int ldy, const void *x,
               int ldx, int n, Error *err) {
    (void)err;
    ProfilePart before = profile_enter(runner->lane, PROFILE_LINEAR);
    profile_count(runner->lane, 2.0 * out * in * n);
    if (!add) memset(dw, 0, (size_t)out * (size_t)in * sizeof *dw);
    for (int row = 0; row < n; row++)
        for (int o = 0; o < out; o++) {
            float factor = element_at(dy, element, (size_t)row * (size_t)ldy + (size_t)o);
            for (int i = 0; i < in; i++)
                dw[(size_t)o * (size_t)in + (size_t)i] += factor * element_at(x, element, (size_t)row * (size_t)ldx + (size_t)i);
        }
    (void)profile_enter(runner->lane, before);
    return true;
}
