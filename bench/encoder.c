/* How near the encoder comes to the processor's matrix rate: build/bench/encoder [--threads N] [--base] [--dtype float32|bfloat16|int8].
 *
 * The matrix rate is the best of oneDNN's own large products with packed weights, on the same threads in the same run, alternating
 * with the encoder; medians are printed. Floating-point operations count 24·C² + 4·T·C a token and layer (T tokens in its row), for a
 * training step three times that; embeddings, norms and softmax count nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "encoder/encoder.h"
#include "encoder/ops.h"

enum { ROUNDS = 7, VOCABULARY = 30522, LONGEST = 512, TOKENS = 1024 };

static void die(const Error *err) {
    fprintf(stderr, "bench: %s\n", err->message);
    exit(1);
}

static uint32_t mix(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}

static void make_weights(Weights *weights, int C, int F) {
    Error err = {0};
    *weights = (Weights){.config = {.family = FAMILY_DISTILBERT,
                                    .layers = 6,
                                    .channels = C,
                                    .heads = 12,
                                    .feed_forward = F,
                                    .vocabulary = VOCABULARY,
                                    .positions = LONGEST,
                                    .norm_epsilon = 1e-12,
                                    .dropout = 0.1,
                                    .attention_dropout = 0.1,
                                    .classifier_dropout = 0.2,
                                    .classes = 6}};
    if (!weight_table_make(&weights->table, &weights->config, 6, &err)) die(&err);
    weights->block = mem_new(weights->table.total, sizeof(float), &err);
    if (!weights->block) die(&err);
    for (size_t i = 0; i < weights->table.total; i++)
        weights->block[i] = ((float)(mix((uint32_t)i) >> 8) * 0x1p-24f - 0.5f) * 0.1f;
}

/* ---- the matrix rate ---- */

typedef struct Rate {
    Ops *ops;
    Packed *w;
    OpsRunner **runners;
    void *x, *y;
    size_t x_bytes, y_bytes; /* of one element */
    Element y_element;
    int m, n, k;
} Rate;

static void rate_task(void *context, int task, int thread) {
    Rate *rate = context;
    Error err = {0};
    size_t rows = (size_t)rate->m * (size_t)task;
    Product product = {.w = rate->w,
                       .x = (unsigned char *)rate->x + rows * (size_t)rate->k * rate->x_bytes,
                       .y = (unsigned char *)rate->y + rows * (size_t)rate->n * rate->y_bytes,
                       .y_element = rate->y_element,
                       .m = rate->m,
                       .ldx = rate->k,
                       .ldy = rate->n};
    if (!ops_product(rate->runners[thread], &product, &err)) die(&err);
}

static double matrix_rate(Rate *rate, Pool *pool) {
    int parts = pool_threads(pool) * 2;
    double started_s = clock_wall_s();
    pool_run(pool, parts, rate_task, rate);
    return 2.0 * rate->m * parts * rate->n * rate->k / (clock_wall_s() - started_s);
}

static void make_rate(Rate *rate, Pool *pool, Dtype dtype, int size) {
    Error err = {0};
    int threads = pool_threads(pool);
    Element element = dtype == DTYPE_INT8 ? ELEMENT_UINT8 : dtype == DTYPE_BFLOAT16 ? ELEMENT_BFLOAT16 : ELEMENT_FLOAT32;
    *rate = (Rate){.m = size, .n = size, .k = size, .y_element = dtype == DTYPE_INT8 ? ELEMENT_INT32 : ELEMENT_FLOAT32};
    rate->x_bytes = element_bytes(element);
    rate->y_bytes = element_bytes(rate->y_element);
    size_t rows = (size_t)size * (size_t)threads * 2, square = (size_t)size * (size_t)size;
    rate->ops = ops_new(&err);
    rate->x = mem_new(rows * (size_t)size, rate->x_bytes, &err);
    rate->y = mem_new(rows * (size_t)size, rate->y_bytes, &err);
    rate->runners = mem_new((size_t)threads, sizeof *rate->runners, &err);
    float *weights = mem_new(square, sizeof *weights, &err);
    if (!rate->ops || !rate->x || !rate->y || !rate->runners || !weights) die(&err);
    for (size_t i = 0; i < square; i++) weights[i] = (float)(mix((uint32_t)i) >> 8) * 0x1p-24f - 0.5f;
    for (size_t i = 0; i < rows * (size_t)size; i++) {
        float value = weights[i % square];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        if (dtype == DTYPE_INT8)
            ((uint8_t *)rate->x)[i] = (uint8_t)(bits >> 8);
        else if (dtype == DTYPE_BFLOAT16)
            ((Bfloat16 *)rate->x)[i] = (Bfloat16)(bits >> 16);
        else
            ((float *)rate->x)[i] = value;
    }
    rate->w = ops_pack(rate->ops, dtype, weights, size, size, 1, size, &err);
    if (!rate->w) die(&err);
    for (int t = 0; t < threads; t++)
        if (!(rate->runners[t] = ops_runner_new(rate->ops, &err))) die(&err);
    mem_free(weights);
}

/* ---- the encoder ---- */

typedef struct Lanes {
    const Encoder *encoder;
    Workspace **workspaces;
    Batch batch;
} Lanes;

static void forward_task(void *context, int task, int thread) {
    (void)task;
    Lanes *lanes = context;
    Error err = {0};
    if (!encoder_forward(lanes->encoder, lanes->workspaces[thread], &lanes->batch, &(ForwardOptions){0}, &err)) die(&err);
}

static int32_t ids[LONGEST * 128], starts[2049];

static Batch make_batch(int length, int tokens) {
    Batch batch = {.rows = tokens / length, .ids = ids, .starts = starts};
    batch.tokens = batch.rows * length;
    for (int i = 0; i < batch.tokens; i++) ids[i] = (int32_t)(mix((uint32_t)i) % VOCABULARY);
    for (int b = 0; b <= batch.rows; b++) starts[b] = b * length;
    return batch;
}

static double flops(int C, int length, int tokens) { return (24.0 * C * C + 4.0 * length * C) * 6 * tokens; }

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static double median(double *values) {
    qsort(values, ROUNDS, sizeof *values, by_size);
    return values[ROUNDS / 2];
}

static void bench_forward(const Encoder *encoder, Rate *rate, Pool *pool, int C, int length) {
    Error err = {0};
    int threads = pool_threads(pool), batches = threads * 4;
    Lanes lanes = {.encoder = encoder,
                   .workspaces = mem_new((size_t)threads, sizeof(Workspace *), &err),
                   .batch = make_batch(length, TOKENS)};
    for (int t = 0; t < threads; t++)
        if (!(lanes.workspaces[t] = workspace_new(encoder, &(WorkspaceOptions){.tokens = TOKENS, .rows = TOKENS}, NULL, &err)))
            die(&err);
    double speeds[ROUNDS], shares[ROUNDS];
    pool_run(pool, threads, forward_task, &lanes);
    for (int round = 0; round < ROUNDS; round++) {
        double best = matrix_rate(rate, pool), started_s = clock_wall_s();
        pool_run(pool, batches, forward_task, &lanes);
        double seconds = clock_wall_s() - started_s;
        speeds[round] = lanes.batch.tokens * batches / seconds;
        shares[round] = flops(C, length, lanes.batch.tokens) * batches / seconds / best;
    }
    printf("forward   %4d tokens a row  %9.0f tokens/s  %.2f of the matrix rate\n", length, median(speeds), median(shares));
    for (int t = 0; t < threads; t++) workspace_free(lanes.workspaces[t]);
    mem_free(lanes.workspaces);
}

static void bench_step(const Encoder *encoder, const Weights *weights, Rate *rate, Pool *pool, int C, int length) {
    Error err = {0};
    Batch batch = make_batch(length, 64 * length);
    Workspace *ws = workspace_new(encoder, &(WorkspaceOptions){.tokens = batch.tokens, .rows = 64, .training = true}, pool, &err);
    float *gradients = mem_new(weights->table.total, sizeof *gradients, &err), dlogits[64 * 6];
    if (!ws || !gradients) die(&err);
    for (int i = 0; i < 64 * 6; i++) dlogits[i] = i % 6 ? 0.01f : -0.05f;
    double speeds[ROUNDS], shares[ROUNDS];
    for (int round = -1; round < ROUNDS; round++) {
        double best = matrix_rate(rate, pool), started_s = clock_wall_s();
        const float *logits;
        ForwardOptions options = {.cls_only = true, .dropout = true, .seed = 1, .step = (uint32_t)round + 1};
        if (!encoder_forward(encoder, ws, &batch, &options, &err) ||
            !encoder_classify(encoder, ws, &batch, &options, &logits, &err) ||
            !encoder_backward(encoder, ws, &batch, &options, dlogits, gradients, &err))
            die(&err);
        double seconds = clock_wall_s() - started_s;
        if (round < 0) continue;
        speeds[round] = batch.tokens / seconds;
        shares[round] = 3 * flops(C, length, batch.tokens) / seconds / best;
    }
    printf("gradient  %4d tokens a row  %9.0f tokens/s  %.2f of the matrix rate (as if every row ran through the last layer)\n",
           length, median(speeds), median(shares));
    mem_free(gradients);
    workspace_free(ws);
}

int main(int argc, char **argv) {
    Error err = {0};
    int threads = parallel_default_threads(), C = 384, F = 1536;
    Dtype dtype = DTYPE_FLOAT32;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = atoi(argv[++i]);
        else if (strcmp(argv[i], "--dtype") == 0 && i + 1 < argc) {
            const char *name = argv[++i];
            dtype = dtype_find(name);
            if (dtype == DTYPES) {
                fprintf(stderr, "encoder: --dtype is float32, bfloat16 or int8\n");
                return 2;
            }
        } else if (strcmp(argv[i], "--base") == 0)
            C = 768, F = 3072;
        else {
            fprintf(stderr, "usage: encoder [--threads N] [--base] [--dtype float32|bfloat16|int8]\n");
            return 2;
        }
    }
    Pool *pool = pool_new(threads, &err);
    if (!pool) die(&err);
    Weights weights;
    Rate rate;
    make_weights(&weights, C, F);
    make_rate(&rate, pool, dtype, 1536);
    Encoder *encoder = encoder_new(&weights, &(EncoderOptions){.dtype = dtype, .training = dtype != DTYPE_INT8}, pool, &err);
    if (!encoder) die(&err);
    matrix_rate(&rate, pool);
    printf("%s, %d threads, %s, 6 layers × %d: the matrix rate is %.0f GFLOP/s\n", encoder_instruction_set(encoder), threads,
           dtype_name(dtype), C, matrix_rate(&rate, pool) / 1e9);
    static const int LENGTHS[] = {22, 128, 512};
    for (int i = 0; i < 3; i++) bench_forward(encoder, &rate, pool, C, LENGTHS[i]);
    for (int i = 0; i < 2 && dtype != DTYPE_INT8; i++) bench_step(encoder, &weights, &rate, pool, C, LENGTHS[i]);
    encoder_free(encoder);
    weights_free(&weights);
    pool_free(pool);
    return 0;
}
