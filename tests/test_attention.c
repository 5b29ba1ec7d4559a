/* Attention, forward and backward, against the definition in double: short and long rows, heads of any size, one query or all, with and
 * without dropout, on every instruction set that this processor has. */
#include "tests/reference.h"

#include "common/memory.h"
#include "encoder/kernels.h"
#include "encoder/kernels_low.h"
#include "encoder/ops.h"

enum { MOST_T = 300, MOST_D = 64, HEADS = 2, HEAD = 1 };
#define DROP 0.25

/* -2 … 2 */
static float value_at(uint32_t stream, size_t i) {
    uint32_t words[4];
    philox(words, stream, i, 0);
    return (float)(words[0] >> 8) * 0x1p-22f - 2;
}

/* One head of a row: queries (Tq), keys and values (T), in matrices of HEADS heads. */
typedef struct Case {
    int T, Tq, D;
    bool drops;
    Dropout dropout;
    size_t count; /* T · HEADS · D: numbers in each of the arrays */
    union {
        struct {
            float *q, *k, *v, *dout;   /* (T, HEADS · D) */
            float *out, *dq, *dk, *dv; /* what the kernels make */
            float *log_sum;
        };
        float *floats[9];
    };
    union {
        struct {
            double *want_out, *want_dq, *want_dk, *want_dv;
        };
        double *doubles[4];
    };
} Case;

/* With values for q, k, v and dout. */
static Case case_make(int T, int Tq, int D, bool with_dropout) {
    Case c = {.T = T, .Tq = Tq, .D = D, .drops = with_dropout, .count = (size_t)T * HEADS * (size_t)D};
    c.dropout = (Dropout){.seed = 77,
                          .step = 5,
                          .place = (uint32_t)STREAM_DROPOUT << 24 | REFERENCE_ATTENTION,
                          .threshold = with_dropout ? (uint32_t)(DROP * 0x1p32) : 0,
                          .scale = (float)(1 / (1 - DROP))};
    for (size_t i = 0; i < 9; i++) assert_non_null(c.floats[i] = mem_new(c.count, sizeof(float), NULL));
    for (size_t i = 0; i < 4; i++) assert_non_null(c.doubles[i] = mem_new(c.count, sizeof(double), NULL));
    for (size_t m = 0; m < 4; m++)
        for (size_t i = 0; i < c.count; i++) c.floats[m][i] = value_at((uint32_t)m + 1, i);
    return c;
}

static void case_free(Case *c) {
    for (size_t i = 0; i < 9; i++) mem_free(c->floats[i]);
    for (size_t i = 0; i < 4; i++) mem_free(c->doubles[i]);
}

static double factor_of(const Case *c, int i, int j) {
    Reference chance = {.dropout = c->drops, .seed = 77, .step = 5, .row = 3};
    return reference_factor(&chance, 0, REFERENCE_ATTENTION, DROP, reference_score(HEAD, i, j, c->T), i % 16);
}

/* o = softmax(q kᵀ / √D) ∘ chance · v, and its derivatives along dout. */
static void define(Case *c) {
    static double p[MOST_T], dp[MOST_T];
    int W = HEADS * c->D, base = HEAD * c->D;
    for (int i = 0; i < c->Tq; i++) {
        const float *q = c->q + i * W + base, *dout = c->dout + i * W + base;
        double largest = -1e300, sum = 0, delta = 0;
        for (int j = 0; j < c->T; j++) {
            p[j] = dp[j] = 0;
            for (int d = 0; d < c->D; d++) {
                p[j] += (double)q[d] * (double)c->k[j * W + base + d] / sqrt(c->D);
                dp[j] += (double)dout[d] * (double)c->v[j * W + base + d] * factor_of(c, i, j);
            }
            largest = fmax(largest, p[j]);
        }
        for (int j = 0; j < c->T; j++) sum += p[j] = exp(p[j] - largest);
        for (int j = 0; j < c->T; j++) delta += (p[j] /= sum) * dp[j];
        for (int j = 0; j < c->T; j++) {
            double kept = p[j] * factor_of(c, i, j), ds = p[j] * (dp[j] - delta) / sqrt(c->D);
            for (int d = 0; d < c->D; d++) {
                c->want_out[i * W + base + d] += kept * (double)c->v[j * W + base + d];
                c->want_dv[j * W + base + d] += kept * (double)dout[d];
                c->want_dq[i * W + base + d] += ds * (double)c->k[j * W + base + d];
                c->want_dk[j * W + base + d] += ds * (double)q[d];
            }
        }
    }
}

/* Relative to the largest of the matrix, and to the terms, which cancel out where a row is one token: sums of some hundred float32 products. What
 * stands beside the head stays 0. */
static void compare(const char *what, const Case *c, const float *got, const double *want, int rows) {
    int W = HEADS * c->D;
    double largest = 0.5;
    for (int i = 0; i < rows * W; i++) largest = fmax(largest, fabs(want[i]));
    for (int i = 0; i < rows * W; i++)
        if (!(fabs((double)got[i] - want[i]) <= 4e-6 * largest))
            fail_msg("%s, T %d, %d queries, D %d%s: element %d is %.9g, expected %.9g", what, c->T, c->Tq, c->D,
                     c->drops ? ", dropout" : "", i, (double)got[i], want[i]);
}

static void check(const Kernels *kernels, int T, int Tq, int D, bool with_dropout) {
    Case c = case_make(T, Tq, D, with_dropout);
    float *scratch = mem_new(attention_scratch(T, D, true), sizeof *scratch, NULL);
    define(&c);
    AttentionRow row = {Tq, T, 3};
    int W = HEADS * D, o = HEAD * D;
    kernels->attention(c.out + o, c.log_sum, c.q + o, c.k + o, c.v + o, W, W, row, D, HEAD, &c.dropout, scratch);
    compare("out", &c, c.out, c.want_out, Tq);
    kernels->attention_backward(c.dq + o, c.dk + o, c.dv + o, c.dout + o, c.out + o, c.log_sum, c.q + o, c.k + o, c.v + o, W, W,
                                row, D, HEAD, &c.dropout, scratch);
    compare("dq", &c, c.dq, c.want_dq, Tq);
    compare("dk", &c, c.dk, c.want_dk, T);
    compare("dv", &c, c.dv, c.want_dv, T);
    mem_free(scratch);
    case_free(&c);
}

static void attention_is_its_definition(void **state) {
    (void)state;
    static const int LENGTHS[] = {1, 2, 15, 16, 17, 22, 31, 32, 33, 64, 127, 128, 129, 300}, SIZES[] = {7, 16, 26, 32, 64};
    static const int WIDTHS[] = {512, 256, 0};
    const Kernels *before = NULL;
    for (int w = 0; w < 3; w++) {
        const Kernels *kernels = kernels_choose(WIDTHS[w]);
        if (kernels == before) continue;
        before = kernels;
        for (size_t t = 0; t < sizeof LENGTHS / sizeof *LENGTHS; t++)
            for (size_t d = 0; d < sizeof SIZES / sizeof *SIZES; d++) {
                bool with_dropout = (t + d) % 2 == 0;
                if (WIDTHS[w] < 512 && (LENGTHS[t] > 130 || d % 2)) continue;
                check(kernels, LENGTHS[t], LENGTHS[t], SIZES[d], with_dropout);
                check(kernels, LENGTHS[t], 1, SIZES[d], !with_dropout);
            }
    }
}

/* Relative to the largest of the matrix and to sums of values up to 2, as `rounding` says. */
static void compare_low(const char *what, const Case *c, const LowKernels *low, float *got, const Bfloat16 *rounded,
                        const double *want, int rows, double rounding) {
    int W = HEADS * c->D;
    double largest = 2;
    low->widen(got, rounded, (size_t)rows * (size_t)W);
    for (int i = 0; i < rows * W; i++) largest = fmax(largest, fabs(want[i]));
    for (int i = 0; i < rows * W; i++)
        if (!(fabs((double)got[i] - want[i]) <= rounding * largest))
            fail_msg("bfloat16 %s, T %d, %d queries, D %d%s: element %d is %g, expected %g", what, c->T, c->Tq, c->D,
                     c->drops ? ", dropout" : "", i, (double)got[i], want[i]);
}

/* The same on bfloat16: q, k, v and dout are exact there. The weights and the result are rounded, 2^-8 relative at most; of backward also out, in Σ dP ∘ P, and dS,
 * in sums whose terms cancel out. */
static void check_low(const LowKernels *low, int T, int Tq, int D, bool with_dropout) {
    Case c = case_make(T, Tq, D, with_dropout);
    Bfloat16 *low_of[8]; /* in the order of `floats` */
    for (size_t m = 0; m < 8; m++) {
        assert_non_null(low_of[m] = mem_new(c.count, sizeof(Bfloat16), NULL));
        low->round(low_of[m], c.floats[m], c.count);
        low->widen(c.floats[m], low_of[m], c.count);
    }
    define(&c);
    AttentionRow row = {Tq, T, 3};
    void *scratch = mem_new(attention_low_scratch(T, D, true), 1, NULL);
    int W = HEADS * D, o = HEAD * D;
    low->attention(low_of[4] + o, c.log_sum, low_of[0] + o, low_of[1] + o, low_of[2] + o, W, W, row, D, HEAD, &c.dropout, scratch);
    compare_low("out", &c, low, c.out, low_of[4], c.want_out, Tq, 0x1p-7);
    low->attention_backward(low_of[5] + o, low_of[6] + o, low_of[7] + o, low_of[3] + o, low_of[4] + o, c.log_sum, low_of[0] + o,
                            low_of[1] + o, low_of[2] + o, W, W, row, D, HEAD, &c.dropout, scratch);
    compare_low("dq", &c, low, c.dq, low_of[5], c.want_dq, Tq, 0x1p-6);
    compare_low("dk", &c, low, c.dk, low_of[6], c.want_dk, T, 0x1p-6);
    compare_low("dv", &c, low, c.dv, low_of[7], c.want_dv, T, 0x1p-7);
    mem_free(scratch);
    for (size_t i = 0; i < 8; i++) mem_free(low_of[i]);
    case_free(&c);
}

static void attention_on_bfloat16(void **state) {
    (void)state;
    static const int LENGTHS[] = {1, 2, 15, 22, 31, 32, 33, 127, 128, 129, 300}, SIZES[] = {7, 16, 26, 32, 64};
    if (!ops_supports(DTYPE_BFLOAT16)) skip();
    const LowKernels *low = low_kernels_choose(true);
    for (size_t t = 0; t < sizeof LENGTHS / sizeof *LENGTHS; t++)
        for (size_t d = 0; d < sizeof SIZES / sizeof *SIZES; d++) {
            bool with_dropout = (t + d) % 2 == 0;
            check_low(low, LENGTHS[t], LENGTHS[t], SIZES[d], with_dropout);
            check_low(low, LENGTHS[t], 1, SIZES[d], !with_dropout);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(attention_is_its_definition), cmocka_unit_test(attention_on_bfloat16)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
