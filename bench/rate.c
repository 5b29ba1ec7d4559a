#include "bench/rate.h"

#include "bench/bench.h"
#include "common/clock.h"
#include "common/memory.h"
#include "encoder/ops.h"

enum { PART = 1024, ROUNDS = 3 }; /* rows of a thread */

typedef struct Rate {
    Packed *w;
    OpsRunner **runners; /* (threads) */
    unsigned char *x, *y;
    size_t x_bytes, y_bytes; /* of one element */
    Element y_element;
    int size;
} Rate;

static void rate_task(void *context, int task, int thread) {
    Rate *rate = context;
    Error err = {0};
    size_t at = (size_t)PART * (size_t)task * (size_t)rate->size;
    Product product = {.w = rate->w,
                       .x = rate->x + at * rate->x_bytes,
                       .y = rate->y + at * rate->y_bytes,
                       .y_element = rate->y_element,
                       .m = PART,
                       .ldx = rate->size,
                       .ldy = rate->size};
    if (!ops_product(rate->runners[thread], &product, &err)) bench_die(err.message);
}

static double rate_of(Ops *ops, Dtype dtype, int size, Pool *pool) {
    Error err = {0};
    size_t threads = (size_t)pool_threads(pool), square = (size_t)size * (size_t)size;
    Element element = dtype == DTYPE_INT8 ? ELEMENT_UINT8 : dtype == DTYPE_BFLOAT16 ? ELEMENT_BFLOAT16 : ELEMENT_FLOAT32;
    Rate rate = {.size = size, .y_element = dtype == DTYPE_INT8 ? ELEMENT_INT32 : ELEMENT_FLOAT32};
    rate.x_bytes = element_bytes(element);
    rate.y_bytes = element_bytes(rate.y_element);
    rate.x = mem_new(threads * PART * (size_t)size, rate.x_bytes, &err); /* zeros take as long as other numbers */
    rate.y = mem_new(threads * PART * (size_t)size, rate.y_bytes, &err);
    rate.runners = mem_new(threads, sizeof *rate.runners, &err);
    float *weights = mem_new(square, sizeof *weights, &err);
    if (!rate.x || !rate.y || !rate.runners || !weights) bench_die(err.message);
    for (size_t i = 0; i < square; i++) weights[i] = (float)(i % 255) / 256 - 0.5f;
    rate.w = ops_pack(ops, dtype, weights, size, size, 1, size, &err);
    if (!rate.w) bench_die(err.message);
    for (size_t t = 0; t < threads; t++)
        if (!(rate.runners[t] = ops_runner_new(ops, &err))) bench_die(err.message);
    double best = 0;
    for (int round = -1; round < ROUNDS; round++) {
        double started = clock_wall_s();
        pool_run(pool, (int)threads, rate_task, &rate);
        double now = 2.0 * PART * (double)square * (double)threads / (clock_wall_s() - started);
        if (round >= 0 && now > best) best = now;
    }
    for (size_t t = 0; t < threads; t++) ops_runner_free(rate.runners[t]);
    mem_free(rate.runners);
    mem_free(rate.x);
    mem_free(rate.y);
    mem_free(weights);
    packed_free(rate.w);
    return best;
}

double bench_matrix_rate(Dtype dtype, Pool *pool) {
    static const int SIZES[] = {1024, 1536, 2048, 3072, 4096};
    Error err = {0};
    Ops *ops = ops_new(&err);
    if (!ops) bench_die(err.message);
    double best = 0;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        double now = rate_of(ops, dtype, SIZES[i], pool);
        best = now > best ? now : best;
    }
    ops_free(ops);
    return best;
}
