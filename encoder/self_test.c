#include "encoder/self_test.h"

#include <math.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/random.h"
#include "encoder/kernels.h"
#include "encoder/ops.h"

enum { ROWS = 130, SIZE = 384 }; /* K = N = SIZE, as in the query of a small encoder */

extern const Kernels kernels_portable;

static void fill(float *x, size_t count, uint32_t stream) {
    uint32_t words[4];
    for (size_t i = 0; i < count; i++) {
        if (i % 4 == 0) philox(words, stream, i / 4, 0);
        x[i] = (float)(words[i % 4] >> 8) * 0x1p-23f - 1.0f;
    }
}

/* ---- products ---- */

typedef struct Products {
    Ops *ops;
    Packed *packed;
    float *x, *w, *bias, *y; /* (ROWS, SIZE), (SIZE, SIZE), (SIZE), (ROWS, SIZE) */
} Products;

static void products_free(Products *products) {
    packed_free(products->packed);
    ops_free(products->ops);
    mem_free(products->x);
    mem_free(products->w);
    mem_free(products->bias);
    mem_free(products->y);
}

static bool product_run(const Products *products, float *y, int first, int rows, Error *err) {
    OpsRunner *runner = ops_runner_new(products->ops, err);
    Product product = {.w = products->packed,
                       .x = products->x + (size_t)first * SIZE,
                       .y = y,
                       .m = rows,
                       .ldx = SIZE,
                       .ldy = SIZE,
                       .bias = products->bias};
    bool ok = runner && ops_product(runner, &product, err);
    ops_runner_free(runner);
    return ok;
}

static bool products_make(Products *products, Error *err) {
    *products = (Products){.ops = ops_new(err)};
    if (!products->ops || !(products->x = mem_new((size_t)ROWS * SIZE, sizeof(float), err)) ||
        !(products->w = mem_new((size_t)SIZE * SIZE, sizeof(float), err)) || !(products->bias = mem_new(SIZE, sizeof(float), err)) ||
        !(products->y = mem_new((size_t)ROWS * SIZE, sizeof(float), err)))
        return false;
    fill(products->x, (size_t)ROWS * SIZE, 1);
    fill(products->w, (size_t)SIZE * SIZE, 2);
    fill(products->bias, SIZE, 3);
    products->packed = ops_pack(products->ops, DTYPE_FLOAT32, products->w, SIZE, SIZE, SIZE, 1, err);
    return products->packed && product_run(products, products->y, 0, ROWS, err);
}

/* Of y[row][column]: its distance from the sum in double, as a share of the sum of the absolute terms. */
static double product_error(const Products *products, int row, int column) {
    double sum = (double)products->bias[column], absolute = fabs(sum);
    for (int k = 0; k < SIZE; k++) {
        double term = (double)products->x[row * SIZE + k] * (double)products->w[k * SIZE + column];
        sum += term;
        absolute += fabs(term);
    }
    return fabs((double)products->y[row * SIZE + column] - sum) / absolute;
}

bool self_test_products(double *worst, Error *err) {
    Products products;
    bool ok = products_make(&products, err);
    *worst = 0;
    for (int row = 0; ok && row < ROWS; row++)
        for (int column = 0; column < SIZE; column++) {
            double error = product_error(&products, row, column);
            if (!(error <= *worst)) *worst = error; /* also taken by a NaN, which then stays */
        }
    products_free(&products);
    /* A sum of K roundings cannot be off by more than K half units. */
    if (ok && !(*worst <= SIZE * 0x1p-24))
        return FAIL(err, ERROR_FAILED, "matrix products are wrong: off by %.3g of their terms, at most %.3g expected", *worst,
                    SIZE * 0x1p-24);
    return ok;
}

typedef struct RowCounts {
    const Products *products;
    int *differs; /* (ROWS) by task: rows - 1 */
} RowCounts;

static void check_count(void *context, int task, int thread) {
    RowCounts *counts = context;
    (void)thread;
    int rows = task + 1, first = ROWS - rows;
    Error err = {0};
    float *y = mem_new((size_t)rows * SIZE, sizeof *y, &err);
    counts->differs[task] = !y || !product_run(counts->products, y, first, rows, &err) ||
                            memcmp(y, counts->products->y + (size_t)first * SIZE, (size_t)rows * SIZE * sizeof *y) != 0;
    mem_free(y);
}

bool self_test_rows(Pool *pool, Error *err) {
    Products products;
    int differs[ROWS] = {0};
    bool ok = products_make(&products, err);
    if (ok) pool_run(pool, ROWS, check_count, &(RowCounts){&products, differs});
    for (int i = 0; ok && i < ROWS; i++)
        if (differs[i]) ok = FAIL(err, ERROR_FAILED, "the last %d of %d rows give other bits than with all of them", i + 1, ROWS);
    products_free(&products);
    return ok;
}

/* ---- kernels ---- */

static void take_worst(double *worst, const float *a, const float *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)a[i] - (double)b[i]);
        if (!(difference <= *worst)) *worst = difference;
    }
}

/* One of each kind that forward has: GELU, a layer norm, attention of one head over 21 tokens. Values are of the order of 1. */
static bool kernels_run(const Kernels *kernels, float *out, Error *err) {
    enum { TOKENS = 21, HEAD = 32, C = 96, COUNT = TOKENS * C };
    _Static_assert(3 * COUNT <= ROWS * SIZE, "room for the three results");
    float x[COUNT], weight[C], bias[C];
    fill(x, COUNT, 4);
    fill(weight, C, 5);
    fill(bias, C, 6);
    float *scratch = mem_new(attention_scratch(TOKENS, HEAD, false), sizeof *scratch, err);
    if (!scratch) return false;
    kernels->gelu(out, x, COUNT);
    float *normed = out + COUNT, *mixed = normed + COUNT;
    kernels->add_norm(normed, NULL, NULL, x, NULL, weight, bias, 1e-12, TOKENS, C, NULL, NULL, NULL);
    kernels->attention(mixed, NULL, x, x + HEAD, x + HEAD + HEAD, C, C, (AttentionRow){TOKENS, TOKENS, 0}, HEAD, 0, NULL, scratch);
    for (size_t t = 0; t < TOKENS; t++) memset(mixed + t * C + HEAD, 0, (C - HEAD) * sizeof *mixed);
    mem_free(scratch);
    return true;
}

bool self_test_kernels(double *worst, Error *err) {
    Ops *ops = ops_new(err);
    float *fast = mem_new((size_t)ROWS * SIZE, sizeof *fast, err), *plain = mem_new((size_t)ROWS * SIZE, sizeof *plain, err);
    bool ok = ops && fast && plain && kernels_run(kernels_choose(ops_vector_bits(ops)), fast, err) &&
              kernels_run(&kernels_portable, plain, err);
    *worst = 0;
    if (ok) take_worst(worst, fast, plain, (size_t)ROWS * SIZE);
    ops_free(ops);
    mem_free(fast);
    mem_free(plain);
    /* Both are float32 in the same order; a fused multiply-add rounds once less. */
    if (ok && !(*worst <= 1e-5))
        return FAIL(err, ERROR_FAILED, "the processor's kernels differ from plain C by %.3g, at most 1e-5 expected", *worst);
    return ok;
}

bool self_test_instructions(const char **products, const char **kernels, Error *err) {
    Ops *ops = ops_new(err);
    if (!ops) return false;
    *products = ops_instruction_set(ops);
    *kernels = kernels_choose(ops_vector_bits(ops))->name;
    ops_free(ops);
    return true;
}

/* ---- the rate ---- */

enum { RATE_SIZE = MATRIX_RATE_SIZE, RATE_FLOATS = RATE_SIZE * RATE_SIZE, PEAK_ROUNDS = 500000 };

typedef struct Rate {
    Ops *ops;
    Packed *packed;
    const Kernels *kernels;
    OpsRunner **runners; /* (threads) */
    Element result;      /* of a product */
    void *x;             /* (RATE_FLOATS), as many numbers of the type multiplied */
    float *y;            /* (threads, RATE_FLOATS); int32 products have the same size */
    double *operations;  /* (threads) of the last round */
} Rate;

static void run_products(void *context, int task, int thread) {
    Rate *rate = context;
    Error err = {0};
    Product product = {.w = rate->packed,
                       .x = rate->x,
                       .y = rate->y + (size_t)task * RATE_FLOATS,
                       .y_element = rate->result,
                       .m = RATE_SIZE,
                       .ldx = RATE_SIZE,
                       .ldy = RATE_SIZE};
    if (!ops_product(rate->runners[thread], &product, &err))
        rate->operations[task] = (double)NAN;
    else
        rate->operations[task] = 2.0 * RATE_SIZE * RATE_FLOATS;
}

static void run_peak(void *context, int task, int thread) {
    Rate *rate = context;
    (void)thread;
    rate->operations[task] = rate->kernels->multiply_add(rate->y + (size_t)task * RATE_FLOATS, PEAK_ROUNDS);
}

/* GFLOP/s of one round, in which every thread has one task. */
static double time_round(Rate *rate, Pool *pool, PoolTask task) {
    int threads = pool_threads(pool);
    double started_s = clock_wall_s(), operations = 0;
    pool_run(pool, threads, task, rate);
    double seconds = clock_wall_s() - started_s;
    for (int t = 0; t < threads; t++) operations += rate->operations[t];
    return seconds > 0 ? operations / seconds / 1e9 : 0;
}

/* The left side: the weights' own floats, their upper halves, or one byte of each. */
static void fill_left(void *x, Dtype dtype, const float *weights) {
    const uint32_t *bits = (const uint32_t *)(const void *)weights;
    for (int i = 0; i < RATE_FLOATS; i++)
        if (dtype == DTYPE_INT8)
            ((uint8_t *)x)[i] = (uint8_t)(bits[i] >> 8);
        else if (dtype == DTYPE_BFLOAT16)
            ((Bfloat16 *)x)[i] = (Bfloat16)(bits[i] >> 16);
        else
            ((float *)x)[i] = weights[i];
}

static bool rate_make(Rate *rate, Dtype dtype, int threads, Error *err) {
    *rate = (Rate){.ops = ops_new(err), .result = dtype == DTYPE_INT8 ? ELEMENT_INT32 : ELEMENT_FLOAT32};
    size_t count = (size_t)threads;
    if (!rate->ops || !(rate->runners = mem_new(count, sizeof *rate->runners, err)) ||
        !(rate->x = mem_new(RATE_FLOATS, sizeof(float), err)) || !(rate->y = mem_new(count * RATE_FLOATS, sizeof(float), err)) ||
        !(rate->operations = mem_new(count, sizeof *rate->operations, err)))
        return false;
    rate->kernels = kernels_choose(ops_vector_bits(rate->ops));
    float *weights = rate->y; /* read for the last time before the first product is written */
    fill(weights, RATE_FLOATS, 7);
    fill_left(rate->x, dtype, weights);
    rate->packed = ops_pack(rate->ops, dtype, weights, RATE_SIZE, RATE_SIZE, RATE_SIZE, 1, err);
    for (int t = 0; rate->packed && t < threads; t++)
        if (!(rate->runners[t] = ops_runner_new(rate->ops, err))) return false;
    return rate->packed != NULL;
}

static void rate_free(Rate *rate, int threads) {
    for (int t = 0; rate->runners && t < threads; t++) ops_runner_free(rate->runners[t]);
    mem_free(rate->runners);
    packed_free(rate->packed);
    ops_free(rate->ops);
    mem_free(rate->x);
    mem_free(rate->y);
    mem_free(rate->operations);
}

bool matrix_rate_measure(MatrixRate *out, Dtype dtype, Pool *pool, double seconds, Error *err) {
    Rate rate;
    int threads = pool_threads(pool);
    *out = (MatrixRate){.threads = threads};
    bool ok = rate_make(&rate, dtype, threads, err);
    if (ok) (void)time_round(&rate, pool, run_products); /* makes the primitives */
    for (double started_s = clock_wall_s(); ok && clock_wall_s() - started_s < seconds;) {
        double products = time_round(&rate, pool, run_products), peak = time_round(&rate, pool, run_peak);
        if (isnan(products)) ok = FAIL(err, ERROR_FAILED, "a large matrix product could not be computed");
        out->products = fmax(out->products, products);
        out->peak = fmax(out->peak, peak);
    }
    rate_free(&rate, threads);
    return ok;
}
