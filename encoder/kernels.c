/* Compiled once for each instruction set, with KERNELS naming the table; encoder/CMakeLists.txt has the list. */
#include "encoder/kernels.h"

#include <math.h>

#include "encoder/vector.h"

/* Tiles are unrolled into registers where there are vector registers to unroll into. */
#if defined(V_EACH)
    #define UNROLL
    #define INLINE static
#elif defined(__clang__)
    #define UNROLL _Pragma("unroll")
    #define INLINE static inline __attribute__((always_inline))
#else
    #define UNROLL _Pragma("GCC unroll 8")
    #define INLINE static inline __attribute__((always_inline))
#endif

enum {
    TILE_ROWS = 6, /* with TILE_VECTORS: 24 sums and 4 operands fit the 32 registers of AVX-512 */
    TILE_VECTORS = 4
};

static int round_up(int count) { return (count + LANES - 1) / LANES * LANES; }

/* ---- dropout ---- */

/* The random words of sixteen values at a time. Philox4x32-10 as in common/random.h, sixteen counters side by side; its four words serve
 * four vectors in turn. */
typedef struct DropWords {
    const Dropout *dropout;
    uint32_t row;
    int64_t group; /* which four vectors `words` belong to; -1: none */
    uint32_t words[4][LANES];
} DropWords;

static DropWords drop_words(const Dropout *dropout, uint32_t row) {
    return (DropWords){.dropout = dropout, .row = row, .group = -1};
}

static void draw(DropWords *d) {
    uint32_t(*c)[LANES] = d->words;
    uint32_t k0 = (uint32_t)d->dropout->seed, k1 = (uint32_t)(d->dropout->seed >> 32);
    for (int i = 0; i < LANES; i++) {
        c[0][i] = (uint32_t)d->group * LANES + (uint32_t)i;
        c[1][i] = d->row;
        c[2][i] = d->dropout->place;
        c[3][i] = d->dropout->step;
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < LANES; i++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c[0][i], p1 = (uint64_t)0xCD9E8D57u * c[2][i];
            uint32_t n0 = (uint32_t)(p1 >> 32) ^ c[1][i] ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c[3][i] ^ k1;
            c[1][i] = (uint32_t)p1;
            c[3][i] = (uint32_t)p0;
            c[0][i] = n0;
            c[2][i] = n2;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

/* The factor (0 or scale) of vector number `vector` of the row. */
static inline Vec drop_factor(DropWords *d, int64_t vector) {
    if (vector / 4 != d->group) {
        d->group = vector / 4;
        draw(d);
    }
    return v_keep(d->words[vector % 4], d->dropout->threshold, v_set(d->dropout->scale));
}

static bool drops(const Dropout *dropout) { return dropout && dropout->threshold > 0; }

static void drop(float *x, int m, int C, const Dropout *dropout, const int32_t *row, const int32_t *place_in_row) {
    if (!drops(dropout)) return;
    for (int i = 0; i < m; i++, x += C) {
        DropWords words = drop_words(dropout, (uint32_t)row[i]);
        int64_t first = (int64_t)place_in_row[i] * (round_up(C) / LANES);
        for (int c = 0; c < C; c += LANES)
            v_store_upto(x + c, v_mul(v_load_upto(x + c, C - c), drop_factor(&words, first + c / LANES)), C - c);
    }
}

/* ---- layer norm ---- */

/* y = x + drop(add), and its sum. */
static float add_row(float *y, const float *x, const float *add, int C, DropWords *words, int64_t first) {
    Vec sum = v_set(0);
    for (int c = 0; c < C; c += LANES) {
        Vec v = v_load_upto(x + c, C - c);
        if (add && words)
            v = v_fma(v_load_upto(add + c, C - c), drop_factor(words, first + c / LANES), v);
        else if (add)
            v = v_add(v, v_load_upto(add + c, C - c));
        sum = v_add(sum, v);
        v_store_upto(y + c, v, C - c);
    }
    return v_sum(sum);
}

static float squares_around(const float *y, int C, float mean) {
    Vec sum = v_set(0);
    for (int c = 0; c < C; c += LANES) {
        Vec v = v_sub(v_load_upto(y + c, C - c), v_set(mean));
        if (C - c < LANES) v = v_fill_from(v, C - c, 0);
        sum = v_fma(v, v, sum);
    }
    return v_sum(sum);
}

static void add_norm(float *y, float *normed, float *rstd, const float *x, const float *add, const float *weight,
                     const float *bias, double epsilon, int m, int C, const Dropout *dropout, const int32_t *row,
                     const int32_t *place_in_row) {
    for (int i = 0; i < m; i++, x += C, y += C) {
        DropWords words = {0};
        bool dropping = add && drops(dropout);
        if (dropping) words = drop_words(dropout, (uint32_t)row[i]);
        int64_t first = dropping ? (int64_t)place_in_row[i] * (round_up(C) / LANES) : 0;
        float mean = add_row(y, x, add, C, dropping ? &words : NULL, first) / (float)C;
        float scale = 1.0f / sqrtf(squares_around(y, C, mean) / (float)C + (float)epsilon);
        for (int c = 0; c < C; c += LANES) {
            Vec v = v_mul(v_sub(v_load_upto(y + c, C - c), v_set(mean)), v_set(scale));
            if (normed) v_store_upto(normed + (size_t)i * (size_t)C + c, v, C - c);
            v_store_upto(y + c, v_fma(v, v_load_upto(weight + c, C - c), v_load_upto(bias + c, C - c)), C - c);
        }
        if (rstd) rstd[i] = scale;
        if (add) add += C;
    }
}

/* dx = (g - mean(g) - normed · mean(g · normed)) · rstd with g = dy · weight */
static void norm_backward(float *dx, const float *dy, const float *normed, const float *rstd, const float *weight, int m, int C) {
    for (int i = 0; i < m; i++, dx += C, dy += C, normed += C) {
        Vec sum = v_set(0), product = v_set(0);
        for (int c = 0; c < C; c += LANES) {
            Vec g = v_mul(v_load_upto(dy + c, C - c), v_load_upto(weight + c, C - c));
            sum = v_add(sum, g);
            product = v_fma(g, v_load_upto(normed + c, C - c), product);
        }
        Vec mean = v_set(v_sum(sum) / (float)C), along = v_set(v_sum(product) / (float)C), scale = v_set(rstd[i]);
        for (int c = 0; c < C; c += LANES) {
            Vec g = v_mul(v_load_upto(dy + c, C - c), v_load_upto(weight + c, C - c));
            g = v_sub(g, v_fma(v_load_upto(normed + c, C - c), along, mean));
            v_store_upto(dx + c, v_mul(g, scale), C - c);
        }
    }
}

static void norm_weight_gradient(float *dweight, float *dbias, const float *dy, const float *normed, int m, int C, int begin,
                                 int end) {
    for (int c = begin; c < end; c += LANES) {
        Vec weight = v_set(0), bias = v_set(0);
        for (int i = 0; i < m; i++) {
            Vec g = v_load_upto(dy + (size_t)i * (size_t)C + c, end - c);
            weight = v_fma(g, v_load_upto(normed + (size_t)i * (size_t)C + c, end - c), weight);
            bias = v_add(bias, g);
        }
        v_store_upto(dweight + c, v_add(v_load_upto(dweight + c, end - c), weight), end - c);
        v_store_upto(dbias + c, v_add(v_load_upto(dbias + c, end - c), bias), end - c);
    }
}

static void column_sum(float *sum, const float *x, int m, int ld, int begin, int end) {
    for (int c = begin; c < end; c += LANES) {
        Vec total = v_set(0);
        for (int i = 0; i < m; i++) total = v_add(total, v_load_upto(x + (size_t)i * (size_t)ld + c, end - c));
        v_store_upto(sum + c, v_add(v_load_upto(sum + c, end - c), total), end - c);
    }
}

/* ---- GELU ---- */

/* Φ(u), the normal distribution function, and e^(-u²/2).
 * Φ(-|u|) = erfc(z) / 2 with z = |u| / √2, and erfc(z) = e^(-z²) · t · p(t) with t = 1 / (1 + 0.35 z): p is a minimax polynomial fitted
 * to erfcx over 0 ≤ z ≤ 10, relative error 7e-9. So the left tail keeps its relative accuracy; the right one is 1 - Φ(-u). */
INLINE Vec normal_distribution(Vec u, Vec *bell) {
    static const float P[] = {0.0384011641f, -0.158928886f, 0.181462616f, -0.0277074706f, 0.0870202482f,
                              0.146041408f,  0.151186451f,  0.187902346f, 0.197138354f,   0.197483778f};
    Vec z = v_mul(v_abs(u), v_set(0.707106781f));
    Vec half_square = v_mul(v_mul(u, v_set(0.5f)), u);
    Vec rest = v_fnma(v_mul(u, v_set(0.5f)), u, half_square); /* what rounding the square lost: 0 without FMA */
    Vec e = v_exp(v_sub(v_set(0), half_square));
    e = v_fma(e, rest, e);
    Vec t = v_div(v_set(1), v_fma(z, v_set(0.35f), v_set(1)));
    Vec p = v_set(P[0]);
    for (int i = 1; i < 10; i++) p = v_fma(p, t, v_set(P[i]));
    Vec tail = v_mul(v_mul(v_mul(p, t), v_set(0.5f)), e);
    *bell = e;
    return v_if_negative(u, tail, v_sub(v_set(1), tail));
}

static void gelu(float *y, const float *u, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        int part = count - i < LANES ? (int)(count - i) : LANES;
        Vec x = v_load_upto(u + i, part), bell;
        v_store_upto(y + i, v_mul(x, normal_distribution(x, &bell)), part);
    }
}

/* gelu'(u) = Φ(u) + u φ(u) */
static void gelu_backward(float *g, float *du, const float *dg, const float *u, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        int part = count - i < LANES ? (int)(count - i) : LANES;
        Vec x = v_load_upto(u + i, part), bell, phi = normal_distribution(x, &bell);
        Vec slope = v_fma(v_mul(x, v_set(0.398942280f)), bell, phi);
        v_store_upto(du + i, v_mul(v_load_upto(dg + i, part), slope), part);
        v_store_upto(g + i, v_mul(x, phi), part);
    }
}

/* ---- small products for attention ---- */

/* out (rows, vectors·16) = a (rows, depth) · b (depth, vectors·16): sums run over depth in order, one chain an element, so that an element's bits do
 * not depend on the tile it falls into. */
INLINE void product_tile(float *out, int ldo, const float *a, int lda, const float *b, int ldb, int depth, const int rows,
                         const int vectors) {
    Vec sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) { UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = v_set(0); }
    for (int d = 0; d < depth; d++) {
        Vec line[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) line[v] = v_load(b + (size_t)d * (size_t)ldb + v * LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            Vec x = v_set(a[(size_t)r * (size_t)lda + (size_t)d]);
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = v_fma(x, line[v], sum[r][v]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) v_store(out + (size_t)r * (size_t)ldo + v * LANES, sum[r][v]);
    }
}

INLINE void product_rows(float *out, int ldo, const float *a, int lda, const float *b, int ldb, int depth, const int rows,
                         int width) {
    int vectors = width / LANES;
    for (; vectors >= TILE_VECTORS; vectors -= TILE_VECTORS, out += TILE_VECTORS * LANES, b += TILE_VECTORS * LANES)
        product_tile(out, ldo, a, lda, b, ldb, depth, rows, TILE_VECTORS);
    if (vectors == 3)
        product_tile(out, ldo, a, lda, b, ldb, depth, rows, 3);
    else if (vectors == 2)
        product_tile(out, ldo, a, lda, b, ldb, depth, rows, 2);
    else if (vectors == 1)
        product_tile(out, ldo, a, lda, b, ldb, depth, rows, 1);
}

/* rows ≤ TILE_ROWS; width a multiple of 16 */
static void product(float *out, int ldo, const float *a, int lda, const float *b, int ldb, int depth, int rows, int width) {
    switch (rows) {
    case 6: product_rows(out, ldo, a, lda, b, ldb, depth, 6, width); break;
    case 5: product_rows(out, ldo, a, lda, b, ldb, depth, 5, width); break;
    case 4: product_rows(out, ldo, a, lda, b, ldb, depth, 4, width); break;
    case 3: product_rows(out, ldo, a, lda, b, ldb, depth, 3, width); break;
    case 2: product_rows(out, ldo, a, lda, b, ldb, depth, 2, width); break;
    default: product_rows(out, ldo, a, lda, b, ldb, depth, 1, width);
    }
}

/* out (count, width) += a (rows, count)ᵀ · b (rows, width), rows ≤ TILE_ROWS, width a multiple of 16 */
static void add_outer(float *out, const float *a, int lda, const float *b, int rows, int count, int width) {
    for (int v = 0; v < width; v += LANES) {
        Vec line[TILE_ROWS];
        for (int r = 0; r < rows; r++) line[r] = v_load(b + r * width + v);
        for (int j = 0; j < count; j++) {
            Vec sum = v_load(out + (size_t)j * (size_t)width + v);
            for (int r = 0; r < rows; r++) sum = v_fma(v_set(a[r * lda + j]), line[r], sum);
            v_store(out + (size_t)j * (size_t)width + v, sum);
        }
    }
}

/* to (T, Dp) = from (T, D; stride ld), zeros behind D */
static void pack(float *to, const float *from, int ld, int T, int D, float scale) {
    int width = round_up(D);
    for (int t = 0; t < T; t++)
        for (int d = 0; d < D; d += LANES)
            v_store(to + (size_t)t * (size_t)width + d,
                    v_mul(v_load_upto(from + (size_t)t * (size_t)ld + d, D - d), v_set(scale)));
}

/* to (D up to a multiple of 16, Tp) = from (T, D; stride ld)ᵀ, zeros behind T */
static void pack_transposed(float *to, const float *from, int ld, int T, int D) {
    int width = round_up(T);
    for (int t = 0; t < T; t += LANES)
        for (int d = 0; d < D; d += LANES) {
            Vec block[LANES];
            for (int i = 0; i < LANES; i++)
                block[i] = t + i < T ? v_load_upto(from + (size_t)(t + i) * (size_t)ld + d, D - d) : v_set(0);
            v_transpose(block);
            for (int i = 0; i < LANES; i++) v_store(to + (size_t)(d + i) * (size_t)width + t, block[i]);
        }
}

/* ---- attention ---- */

/* Turns scores (keys behind T are padding) into e^(score - largest), in place; padding becomes 0. Returns the sum. */
static float exponentials(float *scores, int T, float *largest) {
    Vec top = v_set(-INFINITY), sum = v_set(0);
    for (int k = 0; k < T; k += LANES) {
        Vec s = v_load(scores + k);
        if (T - k < LANES) s = v_fill_from(s, T - k, -INFINITY);
        top = v_max(top, s);
    }
    *largest = v_largest(top);
    for (int k = 0; k < T; k += LANES) {
        Vec e = v_exp(v_sub(v_load(scores + k), v_set(*largest)));
        if (T - k < LANES) e = v_fill_from(e, T - k, 0);
        sum = v_add(sum, e);
        v_store(scores + k, e);
    }
    return v_sum(sum);
}

static void drop_scores(float *scores, int width, DropWords *words, int64_t first) {
    for (int k = 0; k < width; k += LANES) v_store(scores + k, v_mul(v_load(scores + k), drop_factor(words, first + k / LANES)));
}

static void store_scaled(float *to, const float *from, int D, float scale) {
    for (int d = 0; d < D; d += LANES) v_store_upto(to + d, v_mul(v_load(from + d), v_set(scale)), D - d);
}

static void attention(float *out, float *log_sum, const float *q, const float *k, const float *v, int ldq, int ldkv,
                      AttentionRow row, int D, int head, const Dropout *dropout, float *scratch) {
    int T = row.keys, Tp = round_up(T), Dp = round_up(D);
    float *keys = scratch, *values = keys + (size_t)Dp * (size_t)Tp, *queries = values + (size_t)T * (size_t)Dp;
    float *scores = queries + TILE_ROWS * Dp, *mixed = scores + TILE_ROWS * Tp; /* mixed (TILE_ROWS, Dp) */
    pack_transposed(keys, k, ldkv, T, D);
    pack(values, v, ldkv, T, D, 1.0f);
    DropWords words = drop_words(dropout, row.row);
    for (int first = 0; first < row.queries; first += TILE_ROWS) {
        int rows = row.queries - first < TILE_ROWS ? row.queries - first : TILE_ROWS;
        float sums[TILE_ROWS];
        pack(queries, q + (size_t)first * (size_t)ldq, ldq, rows, D, 1.0f / sqrtf((float)D));
        product(scores, Tp, queries, Dp, keys, Tp, D, rows, Tp);
        for (int r = 0; r < rows; r++) {
            float largest;
            sums[r] = exponentials(scores + r * Tp, T, &largest);
            if (log_sum) log_sum[first + r] = largest + logf(sums[r]);
            if (drops(dropout)) drop_scores(scores + r * Tp, Tp, &words, ((int64_t)head * T + first + r) * (Tp / LANES));
        }
        product(mixed, Dp, scores, Tp, values, Dp, T, rows, Dp);
        for (int r = 0; r < rows; r++) store_scaled(out + (size_t)(first + r) * (size_t)ldq, mixed + r * Dp, D, 1.0f / sums[r]);
    }
}

/* From scores s and dP = dout · vᵀ of one query: p becomes drop(P) for dv, and ds = P ∘ (drop(dP) - delta). */
static void score_gradient(float *p, float *ds, int T, float log_sum, float delta, DropWords *words, int64_t first) {
    for (int k = 0; k < T; k += LANES) {
        Vec probability = v_exp(v_sub(v_load(p + k), v_set(log_sum))), dp = v_load(ds + k);
        if (T - k < LANES) probability = v_fill_from(probability, T - k, 0);
        if (words) {
            Vec factor = drop_factor(words, first + k / LANES);
            dp = v_mul(dp, factor);
            v_store(p + k, v_mul(probability, factor));
        } else {
            v_store(p + k, probability);
        }
        v_store(ds + k, v_mul(probability, v_sub(dp, v_set(delta))));
    }
}

static float dot(const float *a, const float *b, int D) {
    Vec sum = v_set(0);
    for (int d = 0; d < D; d += LANES) sum = v_fma(v_load_upto(a + d, D - d), v_load_upto(b + d, D - d), sum);
    return v_sum(sum);
}

static void attention_backward(float *dq, float *dk, float *dv, const float *dout, const float *out, const float *log_sum,
                               const float *q, const float *k, const float *v, int ldq, int ldkv, AttentionRow row, int D,
                               int head, const Dropout *dropout, float *scratch) {
    int T = row.keys, Tp = round_up(T), Dp = round_up(D);
    size_t matrix = (size_t)Dp * (size_t)Tp;
    float *keys = scratch, *keys_t = keys + matrix, *values_t = keys_t + matrix, *dkeys = values_t + matrix,
          *dvalues = dkeys + matrix;
    float *queries = dvalues + matrix, *gradients = queries + TILE_ROWS * Dp, *mixed = gradients + TILE_ROWS * Dp;
    float *p = mixed + TILE_ROWS * Dp, *ds = p + TILE_ROWS * Tp;
    float scale = 1.0f / sqrtf((float)D);
    pack(keys, k, ldkv, T, D, 1.0f);
    pack_transposed(keys_t, k, ldkv, T, D);
    pack_transposed(values_t, v, ldkv, T, D);
    memset(dkeys, 0, matrix * sizeof *dkeys);
    memset(dvalues, 0, matrix * sizeof *dvalues);
    DropWords words = drop_words(dropout, row.row);
    for (int first = 0; first < row.queries; first += TILE_ROWS) {
        int rows = row.queries - first < TILE_ROWS ? row.queries - first : TILE_ROWS;
        size_t offset = (size_t)first * (size_t)ldq;
        pack(queries, q + offset, ldq, rows, D, scale);
        pack(gradients, dout + offset, ldq, rows, D, 1.0f);
        product(p, Tp, queries, Dp, keys_t, Tp, D, rows, Tp);
        product(ds, Tp, gradients, Dp, values_t, Tp, D, rows, Tp);
        for (int r = 0; r < rows; r++) {
            size_t query = offset + (size_t)r * (size_t)ldq;
            score_gradient(p + r * Tp, ds + r * Tp, T, log_sum[first + r], dot(dout + query, out + query, D),
                           drops(dropout) ? &words : NULL, ((int64_t)head * T + first + r) * (Tp / LANES));
        }
        add_outer(dvalues, p, Tp, gradients, rows, T, Dp);
        add_outer(dkeys, ds, Tp, queries, rows, T, Dp); /* queries carry 1/√D already */
        product(mixed, Dp, ds, Tp, keys, Dp, T, rows, Dp);
        for (int r = 0; r < rows; r++) store_scaled(dq + offset + (size_t)r * (size_t)ldq, mixed + r * Dp, D, scale);
    }
    for (int t = 0; t < T; t++) {
        store_scaled(dk + (size_t)t * (size_t)ldkv, dkeys + (size_t)t * (size_t)Dp, D, 1.0f);
        store_scaled(dv + (size_t)t * (size_t)ldkv, dvalues + (size_t)t * (size_t)Dp, D, 1.0f);
    }
}

/* ---- what a core can do at most ---- */

/* Two units with a latency of 4 or 5 need ten at once; where a Vec is two registers, six of them are all that fit. */
#ifdef __AVX512F__
enum { CHAINS = 12 };
#else
enum { CHAINS = 6 };
#endif

static double multiply_add(float *x, int64_t rounds) {
    Vec sums[CHAINS], factor = v_set(0.999f), term = v_load(x);
    for (int c = 0; c < CHAINS; c++) sums[c] = v_set((float)c);
    for (int64_t i = 0; i < rounds; i++)
        for (int c = 0; c < CHAINS; c++) sums[c] = v_fma(sums[c], factor, term);
    for (int c = 1; c < CHAINS; c++) sums[0] = v_add(sums[0], sums[c]);
    v_store(x, sums[0]);
    return 2.0 * LANES * CHAINS * (double)rounds;
}

extern const Kernels KERNELS;
const Kernels KERNELS = {
    .name = KERNELS_NAME,
    .add_norm = add_norm,
    .norm_backward = norm_backward,
    .norm_weight_gradient = norm_weight_gradient,
    .column_sum = column_sum,
    .gelu = gelu,
    .gelu_backward = gelu_backward,
    .drop = drop,
    .attention = attention,
    .attention_backward = attention_backward,
    .multiply_add = multiply_add,
};
