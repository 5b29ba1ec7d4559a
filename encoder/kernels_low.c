/* Compiled twice, for AVX-512 with VNNI and with bfloat16 besides, with LOW_KERNELS naming the table; encoder/CMakeLists.txt has the list. */
#include "encoder/kernels_low.h"

#include <math.h>
#include <string.h>

#include "encoder/chance.h"
#include "encoder/vector.h"

/* A place in a block of rows: at most some thousand rows of some thousand channels. */
// NOLINTBEGIN(bugprone-implicit-widening-of-multiplication-result)

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

static inline void round_upto(Bfloat16 *to, Vec v, int count) {
    if (count >= LANES)
        _mm256_storeu_si256((__m256i *)to, round_vector(v));
    else
        _mm256_mask_storeu_epi16(to, v_mask(count), round_vector(v));
}

static inline int lanes_left(size_t count, size_t done) { return count - done < LANES ? (int)(count - done) : LANES; }

static void round_floats(Bfloat16 *to, const float *from, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        int left = lanes_left(count, i);
        round_upto(to + i, v_load_upto(from + i, left), left);
    }
}

/* The first `count` ≥ 1 as floats; the other lanes read as 0. */
static inline Vec widen_upto(const Bfloat16 *from, int count) {
    __m256i halves = count >= LANES ? _mm256_loadu_si256((const __m256i *)from) : _mm256_maskz_loadu_epi16(v_mask(count), from);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

static void widen(float *to, const Bfloat16 *from, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        int left = lanes_left(count, i);
        v_store_upto(to + i, widen_upto(from + i, left), left);
    }
}

/* ---- functions whose results are rounded to 8 bits ---- */

/* 2^x, relative error 7.5e-5: a minimax cubic over the fraction. Of what is far below: 0. */
static inline Vec power_of_two(Vec x) {
    Vec fraction = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC), p = v_set(0.07802452147f);
    p = v_fma(p, fraction, v_set(0.2260671556f));
    p = v_fma(p, fraction, v_set(0.6958335638f));
    p = v_fma(p, fraction, v_set(0.9999251962f));
    return _mm512_scalef_ps(p, x); /* p · 2^⌊x⌋ */
}

/* The normal distribution function as in kernels.c, with a quartic (7.8e-5) and the processor's approximate reciprocal (6.1e-5). */
static inline Vec normal_distribution_low(Vec u, Vec *bell) {
    Vec e = power_of_two(v_mul(v_mul(u, u), v_set(-0.721347520f))); /* e^(-u²/2) */
    Vec t = _mm512_rcp14_ps(v_fma(v_abs(u), v_set(0.247487373f), v_set(1)));
    Vec p = v_set(0.259523362f);
    p = v_fma(p, t, v_set(-0.130357027f));
    p = v_fma(p, t, v_set(0.194157779f));
    p = v_fma(p, t, v_set(0.0759859458f));
    p = v_fma(p, t, v_set(0.100650921f));
    Vec tail = v_mul(v_mul(p, t), e);
    *bell = e;
    return v_if_negative(u, tail, v_sub(v_set(1), tail));
}

static inline Vec gelu_vector(Vec u) {
    Vec bell;
    return v_mul(u, normal_distribution_low(u, &bell));
}

static void gelu_round(Bfloat16 *y, const float *u, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        int left = lanes_left(count, i);
        round_upto(y + i, gelu_vector(v_load_upto(u + i, left)), left);
    }
}

static void gelu_floats(float *y, const float *u, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        int left = lanes_left(count, i);
        v_store_upto(y + i, gelu_vector(v_load_upto(u + i, left)), left);
    }
}

static void gelu_low(Bfloat16 *y, const Bfloat16 *u, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        int left = lanes_left(count, i);
        round_upto(y + i, gelu_vector(widen_upto(u + i, left)), left);
    }
}

/* gelu'(u) = Φ(u) + u φ(u) */
static void gelu_backward(Bfloat16 *g, Bfloat16 *du, const Bfloat16 *u, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        int left = lanes_left(count, i);
        Vec x = widen_upto(u + i, left), bell, phi = normal_distribution_low(x, &bell);
        Vec slope = v_fma(v_mul(x, v_set(0.398942280f)), bell, phi);
        round_upto(du + i, v_mul(widen_upto(du + i, left), slope), left);
        round_upto(g + i, v_mul(x, phi), left);
    }
}

/* ---- training ---- */

static void drop_round(Bfloat16 *to, const float *from, int m, int C, const Dropout *dropout, const int32_t *row,
                       const int32_t *place_in_row) {
    if (!drops(dropout)) {
        round_floats(to, from, (size_t)m * (size_t)C);
        return;
    }
    int64_t vectors = (C + LANES - 1) / LANES;
    for (int i = 0; i < m; i++, to += C, from += C) {
        DropWords words = drop_words(dropout, (uint32_t)row[i]);
        for (int c = 0; c < C; c += LANES) {
            Vec factor = drop_factor(&words, place_in_row[i] * vectors + c / LANES);
            round_upto(to + c, v_mul(v_load_upto(from + c, C - c), factor), C - c);
        }
    }
}

static inline __attribute__((always_inline)) void sum_columns(float *sum, const Bfloat16 *x, int m, int ld, int columns,
                                                              const int vectors) {
    Vec total[8];
    for (int v = 0; v < vectors; v++) total[v] = v_set(0);
    for (int i = 0; i < m; i++, x += ld)
        for (int v = 0; v < vectors; v++) total[v] = v_add(total[v], widen_upto(x + v * LANES, columns - v * LANES));
    for (int v = 0; v < vectors; v++) {
        int at = v * LANES, left = columns - at;
        v_store_upto(sum + at, v_add(v_load_upto(sum + at, left), total[v]), left);
    }
}

static void column_sum(float *sum, const Bfloat16 *x, int m, int ld, int begin, int end) {
    int c = begin;
    for (; end - c >= 8 * LANES; c += 8 * LANES) sum_columns(sum + c, x + c, m, ld, 8 * LANES, 8);
    for (; c < end; c += LANES) sum_columns(sum + c, x + c, m, ld, end - c, 1);
}

/* ---- 8-bit steps ---- */

/* The smallest and largest of a row, and 0. */
typedef struct Extent {
    Vec low, high;
} Extent;

static inline Extent extent_with(Extent e, Vec v) { return (Extent){_mm512_min_ps(e.low, v), _mm512_max_ps(e.high, v)}; }

static RowScale quantize_between(uint8_t *to, const float *from, int C, Extent extent) {
    float least = _mm512_reduce_min_ps(extent.low), most = _mm512_reduce_max_ps(extent.high);
    float scale = (most - least) / 255;
    if (!(scale > 0)) scale = 1;
    RowScale row = {scale, (int32_t)lrintf(-least / scale)};
    __m512i zero = _mm512_set1_epi32(row.zero);
    Vec inverse = v_set(1 / scale);
    for (int c = 0; c < C; c += LANES) {
        int left = lanes_left((size_t)C, (size_t)c);
        __m512i steps = _mm512_add_epi32(_mm512_cvtps_epi32(v_mul(v_load_upto(from + c, left), inverse)), zero);
        steps = _mm512_max_epi32(steps, _mm512_setzero_si512());
        if (left == LANES)
            _mm_storeu_si128((__m128i *)(to + c), _mm512_cvtusepi32_epi8(steps));
        else
            _mm512_mask_cvtusepi32_storeu_epi8(to + c, v_mask(left), steps);
    }
    return row;
}

static RowScale quantize(uint8_t *to, const float *from, int C) {
    Extent extent = {v_set(0), v_set(0)};
    for (int c = 0; c < C; c += LANES)
        extent = extent_with(extent, v_load_upto(from + c, C - c)); /* what is behind the row reads as 0 */
    return quantize_between(to, from, C, extent);
}

/* `left` floats from element n on; zeros behind. */
static inline Vec dequantized(const IntegerRow *from, int n, int left) {
    __mmask16 lanes = left < LANES ? v_mask(left) : (__mmask16)0xFFFF;
    __m512i sum = _mm512_maskz_loadu_epi32(lanes, from->sums + n),
            weight = _mm512_maskz_loadu_epi32(lanes, from->weight_sums + n);
    Vec exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, _mm512_mullo_epi32(_mm512_set1_epi32(from->row.zero), weight)));
    Vec step = v_mul(v_set(from->row.scale), _mm512_maskz_loadu_ps(lanes, from->scales + n));
    return v_fma(exact, step, _mm512_maskz_loadu_ps(lanes, from->bias + n));
}

static void dequantize(float *y, const IntegerRow *from) {
    IntegerRow row = *from;
    for (int n = 0; n < row.count; n += LANES) {
        int left = lanes_left((size_t)row.count, (size_t)n);
        v_store_upto(y + n, dequantized(&row, n, left), left);
    }
}

static void dequantize_round(Bfloat16 *y, const IntegerRow *from) {
    IntegerRow row = *from;
    for (int n = 0; n < row.count; n += LANES) {
        int left = lanes_left((size_t)row.count, (size_t)n);
        round_upto(y + n, dequantized(&row, n, left), left);
    }
}

static RowScale requantize_gelu(uint8_t *to, const IntegerRow *from, float *values) {
    IntegerRow row = *from;
    Extent extent = {v_set(0), v_set(0)};
    for (int n = 0; n < row.count; n += LANES) {
        int left = lanes_left((size_t)row.count, (size_t)n);
        Vec g = gelu_vector(dequantized(&row, n, left));
        v_store_upto(values + n, g, left);
        extent = extent_with(extent, g); /* behind the row: gelu(0) */
    }
    return quantize_between(to, values, row.count, extent);
}

#ifdef __AVX512BF16__
/* ---- attention ---- */

    #if defined(__clang__)
        #define UNROLL _Pragma("unroll")
    #else
        #define UNROLL _Pragma("GCC unroll 16")
    #endif
    #define INLINE static inline __attribute__((always_inline))

enum {
    TILE_ROWS = 12,
    TILE_VECTORS = 2,
    PAIR = 2, /* bfloat16 are multiplied two at a time */
    QUERIES = CHANCE_SIDE * LANES,
    KEY_BLOCK = 128
};

static int up_to(int count, int step) { return (count + step - 1) / step * step; }

static inline __m512i pair_everywhere(const void *pair) {
    int32_t bits;
    memcpy(&bits, pair, sizeof bits);
    return _mm512_set1_epi32(bits);
}

/* out (rows, vectors·16) = or += a (rows, depth pairs) · b (depth pairs, vectors·16 pairs), two products and a float sum at a time, in order; a lies
 * transposed, (depth, rows) pairs, or not. lda counts pairs if it does, else bfloat16. */
INLINE void pair_tile(float *out, int ldo, const Bfloat16 *a, int lda, const bool transposed, const uint32_t *b, int ldb,
                      int depth, const int rows, const int vectors, bool add) {
    Vec sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = add ? v_load(out + (size_t)r * (size_t)ldo + v * LANES) : v_set(0);
    }
    for (int d = 0; d < depth; d++, b += ldb, a += transposed ? PAIR * lda : PAIR) {
        __m512i line[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) line[v] = _mm512_loadu_si512(b + v * LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            __m512i x = pair_everywhere(a + (transposed ? (size_t)r * PAIR : (size_t)r * (size_t)lda));
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], (__m512bh)x, (__m512bh)line[v]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) v_store(out + (size_t)r * (size_t)ldo + v * LANES, sum[r][v]);
    }
}

INLINE void pair_columns(float *out, int ldo, const Bfloat16 *a, int lda, const bool transposed, const uint32_t *b, int ldb,
                         int depth, int rows, const int vectors, bool add) {
    size_t next = transposed ? PAIR : (size_t)lda;
    int r = 0;
    #define TILES(count) \
        for (; rows - r >= (count); r += (count)) \
        pair_tile(out + (size_t)r * (size_t)ldo, ldo, a + (size_t)r * next, lda, transposed, b, ldb, depth, count, vectors, add)
    TILES(TILE_ROWS);
    TILES(8);
    TILES(4);
    TILES(2);
    TILES(1);
    #undef TILES
}

INLINE void pair_all(float *out, int ldo, const Bfloat16 *a, int lda, const bool transposed, const uint32_t *b, int ldb,
                     int depth, int rows, int width, bool add) {
    int c = 0;
    for (; width - c >= TILE_VECTORS * LANES; c += TILE_VECTORS * LANES)
        pair_columns(out + c, ldo, a, lda, transposed, b + c, ldb, depth, rows, TILE_VECTORS, add);
    if (c < width) pair_columns(out + c, ldo, a, lda, transposed, b + c, ldb, depth, rows, 1, add);
}

static void pair_product(float *out, int ldo, const Bfloat16 *a, int lda, const uint32_t *b, int ldb, int depth, int rows,
                         int width, bool add) {
    pair_all(out, ldo, a, lda, false, b, ldb, depth, rows, width, add);
}

static void pair_product_transposed(float *out, int ldo, const uint32_t *a, int lda, const uint32_t *b, int ldb, int depth,
                                    int rows, int width, bool add) {
    pair_all(out, ldo, (const Bfloat16 *)a, lda, true, b, ldb, depth, rows, width, add);
}

/* ---- packed weights ---- */

/* The pairs (lane of the lower half, lane of the upper) of one vector of bfloat16. */
static const uint16_t HALVES_IN_TURN[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                            8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};

/* Pairs of rows [0, PANEL_ROWS) of a panel; rows of `from` are columns of the matrix. */
static void pack_transposed(uint32_t *to, const float *from, int ld) {
    for (int n = 0; n < PANEL; n += LANES) {
        Vec block[LANES];
        for (int i = 0; i < LANES; i++) {
            const float *row = from + (size_t)(n + i) * (size_t)ld;
            block[i] = _mm512_castsi512_ps((__m512i)_mm512_cvtne2ps_pbh(v_load(row + LANES), v_load(row)));
        }
        v_transpose(block);
        for (int i = 0; i < LANES; i++) v_store((float *)(to + i * PANEL + n), block[i]);
    }
}

static void pack_pair(uint32_t *to, const float *first, const float *second) {
    const __m512i halves_in_turn = _mm512_loadu_si512(HALVES_IN_TURN);
    for (int n = 0; n < PANEL; n += LANES) {
        __m512i both = (__m512i)_mm512_cvtne2ps_pbh(v_load(second + n), v_load(first + n));
        _mm512_storeu_si512(to + n, _mm512_permutexvar_epi16(halves_in_turn, both));
    }
}

static void pack(void *to, const PanelPart *part) {
    size_t ld = (size_t)part->ld;
    for (int n = part->n; n < part->n_end; n += PANEL) {
        uint32_t *panel = (uint32_t *)to + (size_t)n * (size_t)(part->K / PAIR);
        const float *from = part->from + (size_t)(n - part->n) * (part->transposed ? ld : 1);
        if (part->transposed)
            for (int k = part->k; k < part->k_end; k += PANEL_ROWS)
                pack_transposed(panel + (size_t)(k / PAIR) * PANEL, from + k - part->k, part->ld);
        else
            for (int k = part->k; k < part->k_end; k += PAIR) {
                const float *row = from + (size_t)(k - part->k) * ld;
                pack_pair(panel + (size_t)(k / PAIR) * PANEL, row, row + ld);
            }
    }
}

static __mmask32 half_mask(int count) { return count >= 32 ? 0xFFFFFFFFu : count <= 0 ? 0 : (1u << count) - 1u; }

/* to (up to Dp/2 pairs of channels, QUERIES) = from (rows, D; stride ld)ᵀ, pairs of channels staying together; zeros behind rows up to a multiple of 16, and
 * behind D. */
static void transpose_pairs(uint32_t *to, const Bfloat16 *from, int ld, int rows, int D) {
    for (int r = 0; r < rows; r += LANES)
        for (int d = 0; d < D; d += PAIR * LANES) {
            Vec block[LANES];
            for (int i = 0; i < LANES; i++)
                block[i] =
                    r + i < rows
                        ? _mm512_castsi512_ps(_mm512_maskz_loadu_epi16(half_mask(D - d), from + (size_t)(r + i) * (size_t)ld + d))
                        : v_set(0);
            v_transpose(block);
            for (int i = 0; i < LANES; i++) v_store((float *)(to + (size_t)(d / PAIR + i) * QUERIES + r), block[i]);
        }
}

/* The pairs (low lane, high lane) of two vectors of bfloat16: places of the lower half, the upper half is 16 further. */
static const uint16_t SIDE_BY_SIDE[32] = {0, 32, 1, 33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                          8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47};

/* to (T/2 pairs, Dp) = from (T, D; stride ld): the values of two rows side by side; zeros behind T and D. */
static void pair_rows(uint32_t *to, const Bfloat16 *from, int ld, int T, int D, int Dp) {
    __m512i low = _mm512_loadu_si512(SIDE_BY_SIDE), high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
    for (int t = 0; t < T; t += PAIR, to += Dp)
        for (int d = 0; d < Dp; d += PAIR * LANES) {
            const Bfloat16 *row = from + (size_t)t * (size_t)ld + d;
            __m512i first = _mm512_maskz_loadu_epi16(half_mask(D - d), row);
            __m512i second = t + 1 < T ? _mm512_maskz_loadu_epi16(half_mask(D - d), row + ld) : _mm512_setzero_si512();
            _mm512_storeu_si512(to + d, _mm512_permutex2var_epi16(first, low, second));
            _mm512_storeu_si512(to + d + LANES, _mm512_permutex2var_epi16(first, high, second));
        }
}

/* Rows (T, D; stride *ld) that every block of queries reads again: as they lie where one block is all, else copied into `to` (T, Dp), dense and with zeros behind D. */
static const Bfloat16 *dense(Bfloat16 *to, const Bfloat16 *from, int *ld, int T, int D, int Dp, bool read_again) {
    if (!read_again && D % PAIR == 0) return from;
    for (int t = 0; t < T; t++)
        for (int d = 0; d < Dp; d += PAIR * LANES)
            _mm512_storeu_si512(to + (size_t)t * (size_t)Dp + d,
                                _mm512_maskz_loadu_epi16(half_mask(D - d), from + (size_t)t * (size_t)*ld + d));
    *ld = Dp;
    return to;
}

/* What a block of queries has gathered over the keys seen so far, in powers of two: the softmax that runs along (Milakov and Gimelshein 2018). */
typedef struct Running {
    float largest[QUERIES], sum[QUERIES];
    float before[QUERIES]; /* the factor for what was gathered before these keys */
} Running;

/* The factor of each score, (keys, QUERIES). */
static void draw_factors(float *to, int keys, int vectors, DropWords *words, int64_t chance, int side) {
    for (int k = 0; k < keys; k++)
        for (int v = 0; v < vectors; v++)
            v_store(to + k * QUERIES + v * LANES, drop_factor(words, chance + (int64_t)k * side + v));
}

/* weights (keys/2 pairs, QUERIES) = 2^(factor · score - the largest so far) of the scores (keys, QUERIES), keys side by side in bfloat16, 0 behind the last;
 * times their chance (NULL: nothing is dropped). */
static void soften(uint32_t *weights, const float *scores, const float *chance, int keys, int vectors, float factor, bool first,
                   Running *run) {
    const __m512i halves_in_turn = _mm512_loadu_si512(HALVES_IN_TURN);
    Vec scale = v_set(factor);
    for (int v = 0; v < vectors * LANES; v += LANES) {
        Vec top = v_load(scores + v), sum = v_set(0);
        for (int k = 1; k < keys; k++) top = v_max(top, v_load(scores + k * QUERIES + v));
        top = v_mul(top, scale);
        if (!first) top = v_max(top, v_load(run->largest + v));
        for (int k = 0; k < keys; k += PAIR) {
            Vec one = power_of_two(_mm512_fmsub_ps(v_load(scores + k * QUERIES + v), scale, top)), two = v_set(0);
            if (k + 1 < keys) two = power_of_two(_mm512_fmsub_ps(v_load(scores + (k + 1) * QUERIES + v), scale, top));
            sum = v_add(sum, v_add(one, two));
            if (chance) {
                one = v_mul(one, v_load(chance + k * QUERIES + v));
                if (k + 1 < keys) two = v_mul(two, v_load(chance + (k + 1) * QUERIES + v));
            }
            _mm512_storeu_si512(weights + k / PAIR * QUERIES + v,
                                _mm512_permutexvar_epi16(halves_in_turn, (__m512i)_mm512_cvtne2ps_pbh(two, one)));
        }
        if (!first) {
            Vec before = power_of_two(v_sub(v_load(run->largest + v), top));
            sum = v_fma(v_load(run->sum + v), before, sum);
            v_store(run->before + v, before);
        }
        v_store(run->largest + v, top);
        v_store(run->sum + v, sum);
    }
}

static void scale_row(float *row, int width, float factor) {
    for (int d = 0; d < width; d += LANES) v_store(row + d, v_mul(v_load(row + d), v_set(factor)));
}

static void store_mixed(Bfloat16 *out, const float *mixed, int D, float factor) {
    for (int d = 0; d < D; d += LANES) round_upto(out + d, v_mul(v_load(mixed + d), v_set(factor)), D - d);
}

/* Scores stand transposed, as in kernels.c. */
static void attention(Bfloat16 *out, float *log_sum, const Bfloat16 *q, const Bfloat16 *k, const Bfloat16 *v, int ldq, int ldkv,
                      AttentionRow row, int D, int head, const Dropout *dropout, void *scratch) {
    int T = row.keys, Dp = up_to(D, PAIR * LANES), block = up_to(T < KEY_BLOCK ? T : KEY_BLOCK, PAIR), ldk = ldkv;
    float factor = 1.44269504f / sqrtf((float)D); /* log2 e: powers of two */
    uint32_t *queries = scratch, *weights = queries + Dp / PAIR * QUERIES, *values = weights + block / PAIR * QUERIES;
    float *mixed = (float *)(values + (size_t)up_to(T, PAIR) / PAIR * (size_t)Dp), *scores = mixed + QUERIES * Dp;
    float *chances = drops(dropout) ? scores + block * QUERIES : NULL;
    k = dense((Bfloat16 *)(scores + 2 * block * QUERIES), k, &ldk, T, D, Dp, row.queries > QUERIES);
    pair_rows(values, v, ldkv, T, D, Dp);
    DropWords words = drop_words(dropout, row.row);
    Running run;
    for (int first = 0; first < row.queries; first += QUERIES) {
        int rows = row.queries - first < QUERIES ? row.queries - first : QUERIES, vectors = up_to(rows, LANES) / LANES, side;
        int64_t chance = first_chance(head, first, T, &side);
        transpose_pairs(queries, q + (size_t)first * (size_t)ldq, ldq, rows, D);
        for (int t = 0; t < T; t += KEY_BLOCK) {
            int count = T - t < KEY_BLOCK ? T - t : KEY_BLOCK;
            pair_product(scores, QUERIES, k + (size_t)t * (size_t)ldk, ldk, queries, QUERIES, up_to(D, PAIR) / PAIR, count,
                         vectors * LANES, false);
            if (chances) draw_factors(chances, count, vectors, &words, chance + (int64_t)t * side, side);
            soften(weights, scores, chances, count, vectors, factor, t == 0, &run);
            // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): soften has set them, a vector at a time
            for (int r = 0; r < rows && t > 0; r++) scale_row(mixed + r * Dp, Dp, run.before[r]);
            pair_product_transposed(mixed, Dp, weights, QUERIES, values + (size_t)(t / PAIR) * (size_t)Dp, Dp,
                                    up_to(count, PAIR) / PAIR, rows, Dp, t > 0);
        }
        for (int r = 0; r < rows; r++) {
            // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the same
            store_mixed(out + (size_t)(first + r) * (size_t)ldq, mixed + r * Dp, D, 1 / run.sum[r]);
            if (log_sum) log_sum[first + r] = run.largest[r] + log2f(run.sum[r]);
        }
    }
}

/* Σ a ∘ b */
static float dot(const Bfloat16 *a, const Bfloat16 *b, int D) {
    Vec sum = v_set(0);
    for (int d = 0; d < D; d += PAIR * LANES)
        sum = _mm512_dpbf16_ps(sum, (__m512bh)_mm512_maskz_loadu_epi16(half_mask(D - d), a + d),
                               (__m512bh)_mm512_maskz_loadu_epi16(half_mask(D - d), b + d));
    return v_sum(sum);
}

/* What backward knows of each query of a block: log2 Σ 2^score, and Σ dP ∘ P = dout · out. */
typedef struct QueryFacts {
    float log_sum[QUERIES], delta[QUERIES];
} QueryFacts;

/* From scores s and dP = v · doutᵀ of some keys: drop(P) for dv and dS = P ∘ (drop(dP) - delta) / √D for dk, (keys, QUERIES) both, and dS with pairs of keys side by
 * side for dq. */
typedef struct ScoreGradient {
    float *s, *dp;  /* (keys, QUERIES) */
    float *chances; /* the same, or NULL */
    Bfloat16 *p, *ds;
    uint32_t *pairs; /* (keys/2, QUERIES) */
} ScoreGradient;

static void score_gradient(const ScoreGradient *g, int keys, int vectors, const QueryFacts *facts, float factor, float scale) {
    const __m512i halves_in_turn = _mm512_loadu_si512(HALVES_IN_TURN);
    for (int k = 0; k < keys; k += PAIR)
        for (int v = 0; v < vectors * LANES; v += LANES) {
            Vec ds[PAIR];
            for (int i = 0; i < PAIR; i++) {
                int at = (k + i) * QUERIES + v;
                if (k + i == keys) {
                    ds[i] = v_set(0);
                    break;
                }
                Vec p = power_of_two(_mm512_fmsub_ps(v_load(g->s + at), v_set(factor), v_load(facts->log_sum + v)));
                Vec kept = p, dp = v_load(g->dp + at);
                if (g->chances) {
                    Vec chance = v_load(g->chances + at);
                    dp = v_mul(dp, chance);
                    kept = v_mul(p, chance);
                }
                round_upto(g->p + at, kept, LANES);
                ds[i] = v_mul(v_mul(p, v_set(scale)), v_sub(dp, v_load(facts->delta + v)));
                round_upto(g->ds + at, ds[i], LANES);
            }
            __m512i both = (__m512i)_mm512_cvtne2ps_pbh(ds[1], ds[0]);
            _mm512_storeu_si512(g->pairs + k / PAIR * QUERIES + v, _mm512_permutexvar_epi16(halves_in_turn, both));
        }
}

/* Where backward has its matrices. */
typedef struct Backward {
    uint32_t *queries, *gradients;          /* (Dp/2 pairs, QUERIES) transposed */
    uint32_t *query_pairs, *gradient_pairs; /* (QUERIES/2, Dp) pairs of rows */
    uint32_t *key_pairs;                    /* (T/2, Dp) */
    ScoreGradient scores;
    float *mixed;    /* (QUERIES, Dp) */
    float *dk, *dv;  /* (T, Dp) */
    Bfloat16 *dense; /* (2 T, Dp) */
} Backward;

static Backward backward_plan(int T, int Dp, bool dropping, void *scratch) {
    int block = up_to(T < KEY_BLOCK ? T : KEY_BLOCK, PAIR), side = Dp / PAIR * QUERIES, tile = block * QUERIES;
    size_t keys = (size_t)up_to(T, PAIR) * (size_t)Dp;
    Backward b = {.queries = scratch};
    b.gradients = b.queries + side;
    b.query_pairs = b.gradients + side;
    b.gradient_pairs = b.query_pairs + side;
    b.key_pairs = b.gradient_pairs + side;
    b.scores.pairs = b.key_pairs + keys / PAIR;
    b.scores.p = (Bfloat16 *)(b.scores.pairs + tile / PAIR);
    b.scores.ds = b.scores.p + tile;
    b.scores.s = (float *)(b.scores.ds + tile);
    b.scores.dp = b.scores.s + tile;
    b.scores.chances = dropping ? b.scores.dp + tile : NULL;
    b.mixed = b.scores.dp + 2 * tile;
    b.dk = b.mixed + QUERIES * Dp;
    b.dv = b.dk + keys;
    b.dense = (Bfloat16 *)(b.dv + keys);
    return b;
}

static void attention_backward(Bfloat16 *dq, Bfloat16 *dk, Bfloat16 *dv, const Bfloat16 *dout, const Bfloat16 *out,
                               const float *log_sum, const Bfloat16 *q, const Bfloat16 *k, const Bfloat16 *v, int ldq, int ldkv,
                               AttentionRow row, int D, int head, const Dropout *dropout, void *scratch) {
    int T = row.keys, Dp = up_to(D, PAIR * LANES), ldk = ldkv, ldv = ldkv, depth = up_to(D, PAIR) / PAIR;
    float scale = 1 / sqrtf((float)D), factor = 1.44269504f * scale;
    Backward b = backward_plan(T, Dp, drops(dropout), scratch);
    bool copies = row.queries > QUERIES;
    pair_rows(b.key_pairs, k, ldkv, T, D, Dp);
    k = dense(b.dense, k, &ldk, T, D, Dp, copies);
    v = dense(b.dense + (size_t)T * (size_t)Dp, v, &ldv, T, D, Dp, copies);
    DropWords words = drop_words(dropout, row.row);
    for (int first = 0; first < row.queries; first += QUERIES) {
        int rows = row.queries - first < QUERIES ? row.queries - first : QUERIES, vectors = up_to(rows, LANES) / LANES, side;
        int64_t chance = first_chance(head, first, T, &side);
        size_t offset = (size_t)first * (size_t)ldq;
        transpose_pairs(b.queries, q + offset, ldq, rows, D);
        transpose_pairs(b.gradients, dout + offset, ldq, rows, D);
        pair_rows(b.query_pairs, q + offset, ldq, rows, D, Dp);
        pair_rows(b.gradient_pairs, dout + offset, ldq, rows, D, Dp);
        QueryFacts facts;
        for (int r = 0; r < vectors * LANES; r++) {
            size_t at = offset + (size_t)r * (size_t)ldq;
            facts.log_sum[r] = r < rows ? log_sum[first + r] : 1e9f; /* behind the last query: P = 0 */
            facts.delta[r] = r < rows ? dot(dout + at, out + at, D) : 0;
        }
        for (int t = 0; t < T; t += KEY_BLOCK) {
            int count = T - t < KEY_BLOCK ? T - t : KEY_BLOCK, pairs = up_to(rows, PAIR) / PAIR;
            const Bfloat16 *keys = k + (size_t)t * (size_t)ldk, *values = v + (size_t)t * (size_t)ldv;
            size_t key = (size_t)t * (size_t)Dp;
            pair_product(b.scores.s, QUERIES, keys, ldk, b.queries, QUERIES, depth, count, vectors * LANES, false);
            pair_product(b.scores.dp, QUERIES, values, ldv, b.gradients, QUERIES, depth, count, vectors * LANES, false);
            if (b.scores.chances) draw_factors(b.scores.chances, count, vectors, &words, chance + (int64_t)t * side, side);
            score_gradient(&b.scores, count, vectors, &facts, factor, scale);
            pair_product(b.dv + key, Dp, b.scores.p, QUERIES, b.gradient_pairs, Dp, pairs, count, Dp, first > 0);
            pair_product(b.dk + key, Dp, b.scores.ds, QUERIES, b.query_pairs, Dp, pairs, count, Dp, first > 0);
            pair_product_transposed(b.mixed, Dp, b.scores.pairs, QUERIES, b.key_pairs + key / PAIR, Dp, up_to(count, PAIR) / PAIR,
                                    rows, Dp, t > 0);
        }
        for (int r = 0; r < rows; r++) store_mixed(dq + offset + (size_t)r * (size_t)ldq, b.mixed + r * Dp, D, 1);
    }
    for (int t = 0; t < T; t++) {
        store_mixed(dk + (size_t)t * (size_t)ldkv, b.dk + (size_t)t * (size_t)Dp, D, 1);
        store_mixed(dv + (size_t)t * (size_t)ldkv, b.dv + (size_t)t * (size_t)Dp, D, 1);
    }
}
#endif

extern const LowKernels LOW_KERNELS;
const LowKernels LOW_KERNELS = {
    .round = round_floats,
    .widen = widen,
    .gelu_round = gelu_round,
    .gelu = gelu_floats,
    .gelu_low = gelu_low,
    .gelu_backward = gelu_backward,
    .drop_round = drop_round,
    .column_sum = column_sum,
    .quantize = quantize,
    .dequantize = dequantize,
    .dequantize_round = dequantize_round,
    .requantize_gelu = requantize_gelu,
#ifdef __AVX512BF16__
    .pack = pack,
    .attention = attention,
    .attention_backward = attention_backward,
#endif
};

// NOLINTEND(bugprone-implicit-widening-of-multiplication-result)
