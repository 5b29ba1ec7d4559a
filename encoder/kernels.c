/* Compiled once for each instruction set, with KERNELS naming the table; encoder/CMakeLists.txt has the list. */
#include "encoder/kernels.h"

#include <math.h>

#include "encoder/chance.h"
#include "encoder/vector.h"

/* Tiles are unrolled into registers where there are vector registers to unroll into. */
#if defined(V_EACH)
    #define UNROLL
    #define INLINE static
#elif defined(__clang__)
    #define UNROLL _Pragma("unroll")
    #define INLINE static inline __attribute__((always_inline))
#else
    #define UNROLL _Pragma("GCC unroll 16")
    #define INLINE static inline __attribute__((always_inline))
#endif

/* Rows of a tile two vectors wide: its sums and operands fill the registers, 32 of AVX-512, 16 half as wide elsewhere. */
#ifdef __AVX512F__
enum { TILE_ROWS = 12 };
#else
enum { TILE_ROWS = 2 };
#endif

enum { TILE_VECTORS = 2 };

/* A place in a block of rows: at most some thousand rows of some thousand channels. */
// NOLINTBEGIN(bugprone-implicit-widening-of-multiplication-result)

static int round_up(int count) { return (count + LANES - 1) / LANES * LANES; }

/* ---- dropout ---- */

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

/* Sums along a row run in four chains, vector by vector in turn: one alone waits for each addition. */
enum { CHAINS_OF_ROW = 4 };

INLINE float sum_chains(const Vec sum[CHAINS_OF_ROW]) { return v_sum(v_add(v_add(sum[0], sum[1]), v_add(sum[2], sum[3]))); }

/* y = x + drop(add), and its sum. */
INLINE float add_row(float *y, const float *x, const float *add, int C, DropWords *words, int64_t first) {
    Vec sum[CHAINS_OF_ROW];
    for (int chain = 0; chain < CHAINS_OF_ROW; chain++) sum[chain] = v_set(0);
    for (int begin = 0; begin < C; begin += CHAINS_OF_ROW * LANES) {
        UNROLL for (int chain = 0; chain < CHAINS_OF_ROW; chain++) {
            int c = begin + chain * LANES;
            if (c >= C) break;
            Vec v = v_load_upto(x + c, C - c);
            if (add && words)
                v = v_fma(v_load_upto(add + c, C - c), drop_factor(words, first + c / LANES), v);
            else if (add)
                v = v_add(v, v_load_upto(add + c, C - c));
            sum[chain] = v_add(sum[chain], v);
            v_store_upto(y + c, v, C - c);
        }
    }
    return sum_chains(sum);
}

INLINE float squares_around(const float *y, int C, float mean) {
    Vec sum[CHAINS_OF_ROW];
    for (int chain = 0; chain < CHAINS_OF_ROW; chain++) sum[chain] = v_set(0);
    for (int begin = 0; begin < C; begin += CHAINS_OF_ROW * LANES) {
        UNROLL for (int chain = 0; chain < CHAINS_OF_ROW; chain++) {
            int c = begin + chain * LANES;
            if (c >= C) break;
            Vec v = v_sub(v_load_upto(y + c, C - c), v_set(mean));
            if (C - c < LANES) v = v_fill_from(v, C - c, 0);
            sum[chain] = v_fma(v, v, sum[chain]);
        }
    }
    return sum_chains(sum);
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

/* Sums over rows go down some columns side by side, whole cache lines of a row at a time; each column in one chain, in order. */
INLINE void norm_weight_columns(float *dweight, float *dbias, const float *dy, const float *normed, int m, int C, int columns,
                                const int vectors) {
    Vec weight[8], bias[8];
    UNROLL for (int v = 0; v < vectors; v++) weight[v] = bias[v] = v_set(0);
    for (int i = 0; i < m; i++, dy += C, normed += C) {
        UNROLL for (int v = 0; v < vectors; v++) {
            Vec g = v_load_upto(dy + v * LANES, columns - v * LANES);
            weight[v] = v_fma(g, v_load_upto(normed + v * LANES, columns - v * LANES), weight[v]);
            bias[v] = v_add(bias[v], g);
        }
    }
    UNROLL for (int v = 0; v < vectors; v++) {
        int at = v * LANES, left = columns - at;
        v_store_upto(dweight + at, v_add(v_load_upto(dweight + at, left), weight[v]), left);
        v_store_upto(dbias + at, v_add(v_load_upto(dbias + at, left), bias[v]), left);
    }
}

static void norm_weight_gradient(float *dweight, float *dbias, const float *dy, const float *normed, int m, int C, int begin,
                                 int end) {
    int c = begin;
    for (; end - c >= 4 * LANES; c += 4 * LANES)
        norm_weight_columns(dweight + c, dbias + c, dy + c, normed + c, m, C, 4 * LANES, 4);
    for (; c < end; c += LANES) norm_weight_columns(dweight + c, dbias + c, dy + c, normed + c, m, C, end - c, 1);
}

INLINE void sum_columns(float *sum, const float *x, int m, int ld, int columns, const int vectors) {
    Vec total[8];
    UNROLL for (int v = 0; v < vectors; v++) total[v] = v_set(0);
    for (int i = 0; i < m; i++, x += ld) {
        UNROLL for (int v = 0; v < vectors; v++) total[v] = v_add(total[v], v_load_upto(x + v * LANES, columns - v * LANES));
    }
    UNROLL for (int v = 0; v < vectors; v++) {
        int at = v * LANES, left = columns - at;
        v_store_upto(sum + at, v_add(v_load_upto(sum + at, left), total[v]), left);
    }
}

static void column_sum(float *sum, const float *x, int m, int ld, int begin, int end) {
    int c = begin;
    for (; end - c >= 8 * LANES; c += 8 * LANES) sum_columns(sum + c, x + c, m, ld, 8 * LANES, 8);
    for (; c < end; c += LANES) sum_columns(sum + c, x + c, m, ld, end - c, 1);
}

/* ---- GELU ---- */

/* Φ(u), the normal distribution function, and e^(-u²/2).
 * Φ(-|u|) = erfc(z) / 2 with z = |u| / √2, and erfc(z) = e^(-z²) · t · p(t) with t = 1 / (1 + 0.35 z): p is a minimax polynomial fitted
 * to erfcx over 0 ≤ z ≤ 10, relative error 7e-9. So the left tail keeps its relative accuracy; the right one is 1 - Φ(-u). */
INLINE Vec normal_distribution(Vec u, Vec *bell) {
    static const float P[] = {0.0384011641f, -0.158928886f, 0.181462616f, -0.0277074706f, 0.0870202482f,
                              0.146041408f,  0.151186451f,  0.187902346f, 0.197138354f,   0.197483778f};
    Vec z = v_mul(v_abs(u), v_set(0.707106781f));
    Vec near = v_max(v_sub(v_set(0), v_abs(u)), v_set(-16)); /* beyond, e^(-u²/2) is nothing, and u² may be infinite */
    Vec half_square = v_mul(v_mul(near, v_set(0.5f)), near);
    Vec rest = v_fnma(v_mul(near, v_set(0.5f)), near, half_square); /* what rounding the square lost: 0 without FMA */
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

/* ---- packed weights ---- */

static void pack_transposed(float *to, const float *from, int ld) {
    for (int n = 0; n < PANEL; n += LANES) {
        Vec block[LANES];
        for (int i = 0; i < LANES; i++) block[i] = v_load(from + (size_t)(n + i) * (size_t)ld);
        v_transpose(block);
        for (int i = 0; i < LANES; i++) v_store(to + i * PANEL + n, block[i]);
    }
}

static void pack(void *to, const PanelPart *part) {
    for (int n = part->n; n < part->n_end; n += PANEL) {
        float *panel = (float *)to + (size_t)n * (size_t)part->K;
        const float *from = part->from + (size_t)(n - part->n) * (part->transposed ? (size_t)part->ld : 1);
        if (part->transposed)
            for (int k = part->k; k < part->k_end; k += LANES)
                pack_transposed(panel + (size_t)k * PANEL, from + k - part->k, part->ld);
        else
            for (int k = part->k; k < part->k_end; k++)
                memcpy(panel + (size_t)k * PANEL, from + (size_t)(k - part->k) * (size_t)part->ld, PANEL * sizeof *from);
    }
}

/* ---- small products for attention ---- */

/* out (rows, vectors·16) = or += a (rows, depth) · b (depth, vectors·16); a lies transposed, (depth, rows), or not. Sums run over depth in order, one
 * chain an element, so that an element's bits do not depend on the tile it falls into. */
INLINE void product_tile(float *out, int ldo, const float *a, int lda, const bool transposed, const float *b, int ldb, int depth,
                         const int rows, const int vectors, bool add) {
    Vec sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = add ? v_load(out + (size_t)r * (size_t)ldo + v * LANES) : v_set(0);
    }
    for (int d = 0; d < depth; d++, b += ldb, a += transposed ? lda : 1) {
        Vec line[TILE_VECTORS];
        UNROLL for (int v = 0; v < vectors; v++) line[v] = v_load(b + v * LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            Vec x = v_set(a[transposed ? (size_t)r : (size_t)r * (size_t)lda]);
            UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = v_fma(x, line[v], sum[r][v]);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) v_store(out + (size_t)r * (size_t)ldo + v * LANES, sum[r][v]);
    }
}

INLINE void product_columns(float *out, int ldo, const float *a, int lda, const bool transposed, const float *b, int ldb,
                            int depth, int rows, const int vectors, bool add) {
    size_t next = transposed ? 1 : (size_t)lda;
    int r = 0;
#define TILES(count) \
    for (; rows - r >= (count); r += (count)) \
    product_tile(out + (size_t)r * (size_t)ldo, ldo, a + (size_t)r * next, lda, transposed, b, ldb, depth, count, vectors, add)
    TILES(TILE_ROWS);
#ifdef __AVX512F__
    TILES(8);
    TILES(4);
    TILES(2);
#endif
    TILES(1);
#undef TILES
}

INLINE void product_all(float *out, int ldo, const float *a, int lda, const bool transposed, const float *b, int ldb, int depth,
                        int rows, int width, bool add) {
    int c = 0;
    for (; width - c >= TILE_VECTORS * LANES; c += TILE_VECTORS * LANES)
        product_columns(out + c, ldo, a, lda, transposed, b + c, ldb, depth, rows, TILE_VECTORS, add);
    if (c < width) product_columns(out + c, ldo, a, lda, transposed, b + c, ldb, depth, rows, 1, add);
}

/* out (rows, width) = or += a (rows, depth) · b (depth, width); width is a multiple of 16. */
static void product(float *out, int ldo, const float *a, int lda, const float *b, int ldb, int depth, int rows, int width,
                    bool add) {
    product_all(out, ldo, a, lda, false, b, ldb, depth, rows, width, add);
}

/* The same with a (depth, rows). */
static void product_transposed(float *out, int ldo, const float *a, int lda, const float *b, int ldb, int depth, int rows,
                               int width, bool add) {
    product_all(out, ldo, a, lda, true, b, ldb, depth, rows, width, add);
}

/* ---- attention ----
 *
 * Scores stand transposed, (keys, queries): softmax runs down the columns, sixteen queries side by side, without a sum across lanes; and
 * every product reads queries, keys and values as they lie. */

enum {
    QUERIES = CHANCE_SIDE * LANES, /* in a block */
    KEY_BLOCK =
        128 /* keys at a time: their scores stay in the first cache, and memory does not grow with the square of the row */
};

/* Rows (T, D; stride *ld) that every block of queries reads again: as they lie where one block is all and they end with a whole vector, else copied into `to`
 * (T, Dp), dense and with zeros behind D. */
static const float *dense(float *to, const float *from, int *ld, int T, int D, bool read_again) {
    if (!read_again && D % LANES == 0) return from;
    int width = round_up(D);
    for (int t = 0; t < T; t++)
        for (int d = 0; d < D; d += LANES) {
            Vec v = v_load_upto(from + (size_t)t * (size_t)*ld + d, D - d);
            v_store(to + (size_t)t * (size_t)width + d, v);
        }
    *ld = width;
    return to;
}

/* to (D up to a multiple of 16, QUERIES) = scale · from (rows, D; stride ld)ᵀ, zeros behind rows up to a multiple of 16 */
static void transpose(float *to, const float *from, int ld, int rows, int D, float scale) {
    for (int r = 0; r < rows; r += LANES)
        for (int d = 0; d < D; d += LANES) {
            Vec block[LANES];
            for (int i = 0; i < LANES; i++)
                block[i] =
                    r + i < rows ? v_mul(v_load_upto(from + (size_t)(r + i) * (size_t)ld + d, D - d), v_set(scale)) : v_set(0);
            v_transpose(block);
            for (int i = 0; i < LANES; i++) v_store(to + (size_t)(d + i) * QUERIES + r, block[i]);
        }
}

static void drop_scores(float *scores, int keys, int vectors, DropWords *words, int64_t chance, int side) {
    for (int k = 0; k < keys; k++)
        for (int v = 0; v < vectors; v++) {
            float *at = scores + k * QUERIES + v * LANES;
            v_store(at, v_mul(v_load(at), drop_factor(words, chance + (int64_t)k * side + v)));
        }
}

/* What a block of queries has gathered over the keys seen so far: the softmax that runs along (Milakov and Gimelshein 2018). */
typedef struct Running {
    float largest[QUERIES], sum[QUERIES];
    float before[QUERIES]; /* the factor for what was gathered before these keys */
} Running;

/* scores (keys, QUERIES) become e^(score - the largest so far). */
static void soften(float *scores, int keys, int vectors, bool first, Running *run) {
    for (int v = 0; v < vectors * LANES; v += LANES) {
        Vec top = first ? v_load(scores + v) : v_load(run->largest + v), sum = v_set(0);
        for (int k = 0; k < keys; k++) top = v_max(top, v_load(scores + k * QUERIES + v));
        for (int k = 0; k < keys; k++) {
            Vec e = v_exp(v_sub(v_load(scores + k * QUERIES + v), top));
            sum = v_add(sum, e);
            v_store(scores + k * QUERIES + v, e);
        }
        if (!first) {
            Vec before = v_exp(v_sub(v_load(run->largest + v), top));
            sum = v_fma(v_load(run->sum + v), before, sum);
            v_store(run->before + v, before);
        }
        v_store(run->largest + v, top);
        v_store(run->sum + v, sum);
    }
}

static void store_scaled(float *to, const float *from, int D, float scale) {
    for (int d = 0; d < D; d += LANES) v_store_upto(to + d, v_mul(v_load(from + d), v_set(scale)), D - d);
}

static void scale_rows(float *x, const float *factor, int rows, int width) {
    // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): soften has set the factors, a vector at a time
    for (int r = 0; r < rows; r++) store_scaled(x + r * width, x + r * width, width, factor[r]);
}

static void attention(float *out, float *log_sum, const float *q, const float *k, const float *v, int ldq, int ldkv,
                      AttentionRow row, int D, int head, const Dropout *dropout, float *scratch) {
    int T = row.keys, Dp = round_up(D), ldk = ldkv, ldv = ldkv, block = T < KEY_BLOCK ? T : KEY_BLOCK;
    float *queries = scratch, *mixed = queries + Dp * QUERIES, *scores = mixed + QUERIES * Dp, *keys = scores + block * QUERIES;
    k = dense(keys, k, &ldk, T, D, row.queries > QUERIES);
    v = dense(keys + (size_t)T * (size_t)Dp, v, &ldv, T, D, row.queries > QUERIES);
    DropWords words = drop_words(dropout, row.row);
    Running run;
    for (int first = 0; first < row.queries; first += QUERIES) {
        int rows = row.queries - first < QUERIES ? row.queries - first : QUERIES, vectors = round_up(rows) / LANES, side;
        int64_t chance = first_chance(head, first, T, &side);
        transpose(queries, q + (size_t)first * (size_t)ldq, ldq, rows, D, 1.0f / sqrtf((float)D));
        for (int t = 0; t < T; t += KEY_BLOCK) {
            int count = T - t < KEY_BLOCK ? T - t : KEY_BLOCK;
            product(scores, QUERIES, k + (size_t)t * (size_t)ldk, ldk, queries, QUERIES, D, count, vectors * LANES, false);
            soften(scores, count, vectors, t == 0, &run);
            if (t > 0) scale_rows(mixed, run.before, rows, Dp);
            if (drops(dropout)) drop_scores(scores, count, vectors, &words, chance + (int64_t)t * side, side);
            product_transposed(mixed, Dp, scores, QUERIES, v + (size_t)t * (size_t)ldv, ldv, count, rows, Dp, t > 0);
        }
        for (int r = 0; r < rows; r++) {
            // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): soften has set the sums, a vector at a time
            store_scaled(out + (size_t)(first + r) * (size_t)ldq, mixed + r * Dp, D, 1.0f / run.sum[r]);
            if (log_sum) log_sum[first + r] = run.largest[r] + logf(run.sum[r]);
        }
    }
}

static float dot(const float *a, const float *b, int D) {
    Vec sum = v_set(0);
    for (int d = 0; d < D; d += LANES) sum = v_fma(v_load_upto(a + d, D - d), v_load_upto(b + d, D - d), sum);
    return v_sum(sum);
}

/* What backward knows of each query of a block: log Σ e^score, and Σ dP ∘ P = dout · out. */
typedef struct QueryFacts {
    float log_sum[QUERIES], delta[QUERIES];
} QueryFacts;

/* From scores s and dP = v · doutᵀ of some keys: p becomes drop(P) for dv, and ds = P ∘ (drop(dP) - delta). */
static void score_gradient(float *p, float *ds, int keys, int vectors, const QueryFacts *facts, DropWords *words, int64_t chance,
                           int side) {
    for (int k = 0; k < keys; k++)
        for (int v = 0; v < vectors; v++) {
            int at = k * QUERIES + v * LANES;
            Vec probability = v_exp(v_sub(v_load(p + at), v_load(facts->log_sum + v * LANES))), dp = v_load(ds + at);
            Vec kept = probability;
            if (words) {
                Vec factor = drop_factor(words, chance + (int64_t)k * side + v);
                dp = v_mul(dp, factor);
                kept = v_mul(probability, factor);
            }
            v_store(p + at, kept);
            v_store(ds + at, v_mul(probability, v_sub(dp, v_load(facts->delta + v * LANES))));
        }
}

/* Where backward has its matrices: the caller's own, or dense copies. */
typedef struct Backward {
    const float *k, *v;
    float *dk, *dv;              /* (T, Dp) */
    int ldk, ldv, ldd;           /* of dk and dv */
    float *queries, *gradients;  /* (Dp, QUERIES) transposed; both carry 1/√D */
    float *plain_q, *plain_dout; /* (QUERIES, Dp) */
    float *mixed;                /* (QUERIES, Dp) */
    float *p, *ds;               /* (keys of a block, QUERIES) */
} Backward;

static Backward backward_plan(float *dk, float *dv, const float *k, const float *v, int ldkv, AttentionRow row, int D,
                              float *scratch) {
    int T = row.keys, Dp = round_up(D), block = T < KEY_BLOCK ? T : KEY_BLOCK;
    size_t matrix = (size_t)T * (size_t)Dp, tile = (size_t)QUERIES * (size_t)Dp;
    bool copies = row.queries > QUERIES;
    Backward b = {.dk = dk, .dv = dv, .ldk = ldkv, .ldv = ldkv, .ldd = ldkv};
    b.queries = scratch;
    b.gradients = b.queries + tile;
    b.plain_q = b.gradients + tile;
    b.plain_dout = b.plain_q + tile;
    b.mixed = b.plain_dout + tile;
    b.p = b.mixed + tile;
    b.ds = b.p + block * QUERIES;
    float *rest = b.ds + block * QUERIES;
    b.k = dense(rest, k, &b.ldk, T, D, copies);
    b.v = dense(rest + matrix, v, &b.ldv, T, D, copies);
    if (b.k == k) return b;
    b.dk = rest + 2 * matrix;
    b.dv = rest + 3 * matrix;
    b.ldd = Dp;
    return b;
}

static void attention_backward(float *dq, float *dk, float *dv, const float *dout, const float *out, const float *log_sum,
                               const float *q, const float *k, const float *v, int ldq, int ldkv, AttentionRow row, int D,
                               int head, const Dropout *dropout, float *scratch) {
    int T = row.keys, Dp = round_up(D);
    float scale = 1.0f / sqrtf((float)D);
    Backward b = backward_plan(dk, dv, k, v, ldkv, row, D, scratch);
    DropWords words = drop_words(dropout, row.row);
    QueryFacts facts = {{0}, {0}};
    for (int first = 0; first < row.queries; first += QUERIES) {
        int rows = row.queries - first < QUERIES ? row.queries - first : QUERIES, vectors = round_up(rows) / LANES, side;
        int ld_q = ldq, ld_dout = ldq;
        int64_t chance = first_chance(head, first, T, &side);
        size_t offset = (size_t)first * (size_t)ldq;
        const float *q_rows = dense(b.plain_q, q + offset, &ld_q, rows, D, false),
                    *dout_rows = dense(b.plain_dout, dout + offset, &ld_dout, rows, D, false);
        transpose(b.queries, q + offset, ldq, rows, D, scale);
        transpose(b.gradients, dout + offset, ldq, rows, D, scale);
        for (int r = 0; r < rows; r++) {
            size_t at = offset + (size_t)r * (size_t)ldq;
            facts.log_sum[r] = log_sum[first + r];
            facts.delta[r] = dot(dout + at, out + at, D) * scale;
        }
        for (int t = 0; t < T; t += KEY_BLOCK) {
            int count = T - t < KEY_BLOCK ? T - t : KEY_BLOCK;
            const float *keys = b.k + (size_t)t * (size_t)b.ldk, *values = b.v + (size_t)t * (size_t)b.ldv;
            size_t key = (size_t)t * (size_t)b.ldd;
            product(b.p, QUERIES, keys, b.ldk, b.queries, QUERIES, D, count, vectors * LANES, false);
            product(b.ds, QUERIES, values, b.ldv, b.gradients, QUERIES, D, count, vectors * LANES, false);
            score_gradient(b.p, b.ds, count, vectors, &facts, drops(dropout) ? &words : NULL, chance + (int64_t)t * side, side);
            product(b.dv + key, b.ldd, b.p, QUERIES, dout_rows, ld_dout, rows, count, Dp, first > 0);
            product(b.dk + key, b.ldd, b.ds, QUERIES, q_rows, ld_q, rows, count, Dp, first > 0);
            product_transposed(b.mixed, Dp, b.ds, QUERIES, keys, b.ldk, count, rows, Dp, t > 0);
        }
        for (int r = 0; r < rows; r++) store_scaled(dq + offset + (size_t)r * (size_t)ldq, b.mixed + r * Dp, D, 1.0f);
    }
    for (int t = 0; b.dk != dk && t < T; t++) {
        store_scaled(dk + (size_t)t * (size_t)ldkv, b.dk + (size_t)t * (size_t)Dp, D, 1.0f);
        store_scaled(dv + (size_t)t * (size_t)ldkv, b.dv + (size_t)t * (size_t)Dp, D, 1.0f);
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
    .pack = pack,
    .drop = drop,
    .attention = attention,
    .attention_backward = attention_backward,
    .multiply_add = multiply_add,
};

// NOLINTEND(bugprone-implicit-widening-of-multiplication-result)
