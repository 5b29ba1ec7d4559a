/* Compiled twice, for AVX-512 with VNNI and with bfloat16 besides, with LOW_KERNELS naming the table; encoder/CMakeLists.txt has the list. */
#include "encoder/kernels_low.h"

#include <math.h>
#include <string.h>

#include "encoder/vector.h"

/* ---- rounding ---- */

#ifdef __AVX512BF16__
static inline __m256i round_vector(Vec v) { return (__m256i)_mm512_cvtneps_pbh(v); }
#else
/* Adds half of the last kept bit, or a little less where that bit is even; what is not a number stays one. */
static inline __m256i round_vector(Vec v) {
    __m512i bits = _mm512_castps_si512(v), last = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), last), 16);
    __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    return _mm512_cvtepi32_epi16(_mm512_mask_mov_epi32(rounded, nan, _mm512_set1_epi32(0x7FC0)));
}
#endif

static void round_floats(Bfloat16 *to, const float *from, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        __mmask16 lanes = count - i < LANES ? v_mask((int)(count - i)) : (__mmask16)0xFFFF;
        _mm256_mask_storeu_epi16(to + i, lanes, round_vector(_mm512_maskz_loadu_ps(lanes, from + i)));
    }
}

static void widen(float *to, const Bfloat16 *from, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        __mmask16 lanes = count - i < LANES ? v_mask((int)(count - i)) : (__mmask16)0xFFFF;
        __m512i wide = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes, from + i)), 16);
        _mm512_mask_storeu_ps(to + i, lanes, _mm512_castsi512_ps(wide));
    }
}

/* ---- 8-bit steps ---- */

static RowScale quantize(uint8_t *to, const float *from, int C) {
    Vec low = v_set(0), high = v_set(0);
    for (int c = 0; c < C; c += LANES) {
        Vec v = v_load_upto(from + c, C - c); /* what is behind the row reads as 0 */
        low = _mm512_min_ps(low, v);
        high = _mm512_max_ps(high, v);
    }
    float least = _mm512_reduce_min_ps(low), most = _mm512_reduce_max_ps(high);
    float scale = (most - least) / 255;
    if (!(scale > 0)) scale = 1;
    RowScale row = {scale, (int32_t)lrintf(-least / scale)};
    __m512i zero = _mm512_set1_epi32(row.zero);
    Vec inverse = v_set(1 / scale);
    for (int c = 0; c < C; c += LANES) {
        __mmask16 lanes = C - c < LANES ? v_mask(C - c) : (__mmask16)0xFFFF;
        __m512i steps = _mm512_add_epi32(_mm512_cvtps_epi32(v_mul(v_load_upto(from + c, C - c), inverse)), zero);
        steps = _mm512_max_epi32(steps, _mm512_setzero_si512());
        _mm512_mask_cvtusepi32_storeu_epi8(to + c, lanes, steps);
    }
    return row;
}

static void dequantize(float *y, const int32_t *sums, RowScale row, const float *scales, const int32_t *weight_sums,
                       const float *bias, int count) {
    __m512i zero = _mm512_set1_epi32(row.zero);
    Vec scale = v_set(row.scale);
    for (int n = 0; n < count; n += LANES) {
        __mmask16 lanes = count - n < LANES ? v_mask(count - n) : (__mmask16)0xFFFF;
        __m512i sum = _mm512_maskz_loadu_epi32(lanes, sums + n), weight = _mm512_maskz_loadu_epi32(lanes, weight_sums + n);
        Vec exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, _mm512_mullo_epi32(zero, weight)));
        Vec step = v_mul(scale, _mm512_maskz_loadu_ps(lanes, scales + n));
        _mm512_mask_storeu_ps(y + n, lanes, v_fma(exact, step, _mm512_maskz_loadu_ps(lanes, bias + n)));
    }
}

#ifdef __AVX512BF16__
/* ---- attention ---- */

    #if defined(__clang__)
        #define UNROLL _Pragma("unroll")
    #else
        #define UNROLL _Pragma("GCC unroll 8")
    #endif
    #define INLINE static inline __attribute__((always_inline))

enum {
    TILE_ROWS = 6,
    TILE_VECTORS = 4,
    KEY_BLOCK =
        512, /* keys at a time: their scores for a tile of queries stay in the first cache; memory does not grow with the square of the row */
    PAIR = 2 /* bfloat16 are multiplied two at a time */
};

static int up_to(int count, int step) { return (count + step - 1) / step * step; }

/* out (rows, vectors·16) (+)= a (rows, depth pairs) · b (depth pairs, vectors·16 pairs): two products and a float sum at a time, in order. */
INLINE void pair_tile(float *out, int ldo, const uint32_t *a, int lda, const uint32_t *b, int ldb, int depth, const int rows,
                      const int vectors, const bool add) {
    Vec sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = add ? v_load(out + (size_t)r * (size_t)ldo + v * LANES) : v_set(0);
    }
    for (int d = 0; d < depth; d++) {
        __m512i line[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) line[v] = _mm512_loadu_si512(b + (size_t)d * (size_t)ldb + v * LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            __m512i x = _mm512_set1_epi32((int)a[(size_t)r * (size_t)lda + (size_t)d]);
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], (__m512bh)x, (__m512bh)line[v]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) v_store(out + (size_t)r * (size_t)ldo + v * LANES, sum[r][v]);
    }
}

INLINE void pair_rows(float *out, int ldo, const uint32_t *a, int lda, const uint32_t *b, int ldb, int depth, const int rows,
                      int vectors, const bool add) {
    for (; vectors >= TILE_VECTORS; vectors -= TILE_VECTORS, out += TILE_VECTORS * LANES, b += TILE_VECTORS * LANES)
        pair_tile(out, ldo, a, lda, b, ldb, depth, rows, TILE_VECTORS, add);
    if (vectors == 3)
        pair_tile(out, ldo, a, lda, b, ldb, depth, rows, 3, add);
    else if (vectors == 2)
        pair_tile(out, ldo, a, lda, b, ldb, depth, rows, 2, add);
    else if (vectors == 1)
        pair_tile(out, ldo, a, lda, b, ldb, depth, rows, 1, add);
}

INLINE void pair_product(float *out, int ldo, const uint32_t *a, int lda, const uint32_t *b, int ldb, int depth, int rows,
                         int vectors, const bool add) {
    switch (rows) {
    case 6: pair_rows(out, ldo, a, lda, b, ldb, depth, 6, vectors, add); break;
    case 5: pair_rows(out, ldo, a, lda, b, ldb, depth, 5, vectors, add); break;
    case 4: pair_rows(out, ldo, a, lda, b, ldb, depth, 4, vectors, add); break;
    case 3: pair_rows(out, ldo, a, lda, b, ldb, depth, 3, vectors, add); break;
    case 2: pair_rows(out, ldo, a, lda, b, ldb, depth, 2, vectors, add); break;
    default: pair_rows(out, ldo, a, lda, b, ldb, depth, 1, vectors, add);
    }
}

static void scores_of(float *out, int ldo, const uint32_t *a, int lda, const uint32_t *b, int ldb, int depth, int rows,
                      int vectors) {
    pair_product(out, ldo, a, lda, b, ldb, depth, rows, vectors, false);
}

static void add_values(float *out, int ldo, const uint32_t *a, int lda, const uint32_t *b, int ldb, int depth, int rows,
                       int vectors) {
    pair_product(out, ldo, a, lda, b, ldb, depth, rows, vectors, true);
}

static __mmask32 half_mask(int count) { return count >= 32 ? 0xFFFFFFFFu : count <= 0 ? 0 : (1u << count) - 1u; }

/* to (D/2 pairs, up to 16 columns more than T) = from (T, D; stride ld)ᵀ, pairs of channels staying together; zeros behind D and T. */
static void pack_keys(uint32_t *to, int ldt, const Bfloat16 *from, int ld, int T, int D) {
    for (int t = 0; t < T; t += LANES)
        for (int d = 0; d < D; d += PAIR * LANES) {
            Vec block[LANES];
            for (int i = 0; i < LANES; i++)
                block[i] =
                    t + i < T
                        ? _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(half_mask(D - d), from + (size_t)(t + i) * (size_t)ld + d))
                        : v_set(0);
            v_transpose(block);
            for (int i = 0; i < LANES; i++) v_store((float *)(to + (size_t)(d / PAIR + i) * (size_t)ldt + t), block[i]);
        }
}

/* to (T/2 pairs, Dp) = from (T, D; stride ld): the values of two rows side by side; zeros behind T and D. */
static void pack_values(uint32_t *to, const Bfloat16 *from, int ld, int T, int D, int Dp) {
    static const uint16_t LOW[32] = {0, 32, 1, 33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                     8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
    __m512i low = _mm512_loadu_si512(LOW), high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
    for (int t = 0; t < T; t += PAIR, to += Dp)
        for (int d = 0; d < Dp; d += PAIR * LANES) {
            const Bfloat16 *row = from + (size_t)t * (size_t)ld + d;
            __m512i first = _mm512_maskz_loadu_epi16(half_mask(D - d), row);
            __m512i second = t + 1 < T ? _mm512_maskz_loadu_epi16(half_mask(D - d), row + ld) : _mm512_setzero_si512();
            _mm512_storeu_si512(to + d, _mm512_permutex2var_epi16(first, low, second));
            _mm512_storeu_si512(to + d + LANES, _mm512_permutex2var_epi16(first, high, second));
        }
}

static void pack_queries(uint32_t *to, const Bfloat16 *from, int ld, int rows, int D, int Dp) {
    for (int r = 0; r < rows; r++, to += Dp / PAIR)
        for (int d = 0; d < Dp; d += PAIR * LANES)
            _mm512_storeu_si512(to + d / PAIR, _mm512_maskz_loadu_epi16(half_mask(D - d), from + (size_t)r * (size_t)ld + d));
}

/* What a row of queries has gathered over the keys seen so far: the softmax that runs along (Milakov and Gimelshein 2018). */
typedef struct Running {
    float largest, sum;
} Running;

/* scores (T; then padding) → bfloat16 e^(scale · score - largest), in pairs; 0 behind T. Returns the factor for what was gathered before. */
static float soften(Bfloat16 *weights, float *scores, int T, float scale, Running *run) {
    Vec top = v_set(-INFINITY), sum = v_set(0), factor = v_set(scale);
    int width = up_to(T, LANES);
    for (int k = 0; k < T; k += LANES) {
        Vec s = v_mul(v_load(scores + k), factor);
        if (T - k < LANES) s = v_fill_from(s, T - k, -INFINITY);
        v_store(scores + k, s);
        top = v_max(top, s);
    }
    float largest = _mm512_reduce_max_ps(top), before = 1;
    if (largest > run->largest) {
        before = run->largest > -INFINITY ? expf(run->largest - largest) : 0;
        run->largest = largest;
    }
    for (int k = 0; k < width; k += LANES) {
        Vec e = v_exp(v_sub(v_load(scores + k), v_set(run->largest)));
        if (T - k < LANES) e = v_fill_from(e, T - k, 0);
        sum = v_add(sum, e);
        _mm256_storeu_si256((__m256i *)(weights + k), round_vector(e));
    }
    run->sum = run->sum * before + v_sum(sum);
    return before;
}

static void scale_row(float *row, int width, float factor) {
    for (int d = 0; d < width; d += LANES) v_store(row + d, v_mul(v_load(row + d), v_set(factor)));
}

static void attention(Bfloat16 *out, const Bfloat16 *q, const Bfloat16 *k, const Bfloat16 *v, int ldq, int ldkv, AttentionRow row,
                      int D, void *scratch) {
    int T = row.keys, Dp = up_to(D, PAIR * LANES), most = T < KEY_BLOCK ? up_to(T, PAIR * LANES) : KEY_BLOCK;
    float scale = 1.0f / sqrtf((float)D);
    uint32_t *values = scratch, *keys = values + (size_t)up_to(T, PAIR) / PAIR * (size_t)Dp;
    int ldk = up_to(T, LANES);
    uint32_t *queries = keys + (size_t)(Dp / PAIR) * (size_t)ldk;
    float *scores = (float *)(queries + TILE_ROWS * Dp / PAIR), *mixed = scores + TILE_ROWS * most;
    Bfloat16 *weights = (Bfloat16 *)(mixed + TILE_ROWS * Dp);
    pack_keys(keys, ldk, k, ldkv, T, D);
    pack_values(values, v, ldkv, T, D, Dp);
    for (int first = 0; first < row.queries; first += TILE_ROWS) {
        int rows = row.queries - first < TILE_ROWS ? row.queries - first : TILE_ROWS;
        Running run[TILE_ROWS];
        for (int r = 0; r < rows; r++) run[r] = (Running){-INFINITY, 0};
        memset(mixed, 0, (size_t)rows * (size_t)Dp * sizeof *mixed);
        pack_queries(queries, q + (size_t)first * (size_t)ldq, ldq, rows, D, Dp);
        for (int t = 0; t < T; t += KEY_BLOCK) {
            int count = T - t < KEY_BLOCK ? T - t : KEY_BLOCK;
            scores_of(scores, most, queries, Dp / PAIR, keys + t, ldk, up_to(D, PAIR) / PAIR, rows, up_to(count, LANES) / LANES);
            for (int r = 0; r < rows; r++) {
                float before = soften(weights + r * most, scores + r * most, count, scale, &run[r]);
                if (t > 0 && before < 1) scale_row(mixed + r * Dp, Dp, before);
            }
            add_values(mixed, Dp, (const uint32_t *)weights, most / PAIR, values + (size_t)(t / PAIR) * (size_t)Dp, Dp,
                       up_to(count, PAIR) / PAIR, rows, Dp / LANES);
        }
        for (int r = 0; r < rows; r++) {
            scale_row(mixed + r * Dp, Dp, 1 / run[r].sum);
            round_floats(out + (size_t)(first + r) * (size_t)ldq, mixed + r * Dp, (size_t)D);
        }
    }
}
#endif

extern const LowKernels LOW_KERNELS;
const LowKernels LOW_KERNELS = {
    .round = round_floats,
    .widen = widen,
    .quantize = quantize,
    .dequantize = dequantize,
#ifdef __AVX512BF16__
    .attention = attention,
#endif
};
