/* How near the encoder comes to the processor's matrix rate: build/bench/encoder [--threads N] [--base | --short] [--dtype float32|bfloat16|int8] [--rounds N].
 *
 * The matrix rate is oneDNN's own product with packed weights, square, of the size among 1024 … 4096 that does best, on the same
 * threads; it is taken before and after each round of what is measured, so that a clock that drifts cancels out. Medians of three rounds are
 * printed, or of N. Beside it stands the peak from clock and width (bench/peak.h).
 *
 * What counts: 24·C² + 4·T·C operations a token and layer (T tokens in its row), twice that again for backward; where only
 * [CLS] is read, what is done and no more; nothing for embeddings, norms, softmax, the optimiser. int8 attention runs in bfloat16 and is counted at its rate. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peak.h"
#include "common/clock.h"
#include "common/memory.h"
#include "encoder/encoder.h"
#include "encoder/flops.h"
#include "encoder/ops.h"
#include "finetune/adamw.h"

enum { MOST_ROUNDS = 99, VOCABULARY = 30522, LONGEST = 512, TOKENS = 1024, CLASSES = 6, STEP_ROWS = 64, MOST_ROWS = 2048 };

static const double ROUND_S = 0.2, LEAST_OF_PEAK = 0.85;

static void die(const Error *err) {
    fprintf(stderr, "encoder: %s\n", err->message);
    exit(1);
}

static uint32_t mix(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ (x >> 16);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* --short: small and everything once, to see that it runs (tests/test_benches.sh); its figures say nothing. */
static bool is_short;
static int rounds = 3;

static double median(double values[MOST_ROUNDS]) {
    qsort(values, (size_t)rounds, sizeof *values, by_size);
    return values[rounds / 2];
}

/* ---- the matrix rate ---- */

typedef struct Rate {
    Dtype dtype;
    Ops *ops;
    Packed *w;
    OpsRunner **runners;
    void *x, *y;             /* (threads, PART, size): a thread's own rows */
    size_t x_bytes, y_bytes; /* of one element */
    Element y_element;
    int size, passes; /* products in a round, for each thread */
} Rate;

enum { PART = 1024 };

static void rate_task(void *context, int task, int thread) {
    Rate *rate = context;
    Error err = {0};
    size_t at = (size_t)PART * (size_t)task * (size_t)rate->size;
    Product product = {.w = rate->w,
                       .x = (unsigned char *)rate->x + at * rate->x_bytes,
                       .y = (unsigned char *)rate->y + at * rate->y_bytes,
                       .y_element = rate->y_element,
                       .m = PART,
                       .ldx = rate->size,
                       .ldy = rate->size};
    for (int i = 0; i < rate->passes; i++)
        if (!ops_product(rate->runners[thread], &product, &err)) die(&err);
}

static double rate_run(Rate *rate, Pool *pool) {
    int threads = pool_threads(pool);
    double started_s = clock_wall_s();
    pool_run(pool, threads, rate_task, rate);
    return 2.0 * PART * rate->size * rate->size * threads * rate->passes / (clock_wall_s() - started_s);
}

static void fill_matrix(const Rate *rate, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float value = (float)(mix((uint32_t)i) >> 8) * 0x1p-24f - 0.5f;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        if (rate->dtype == DTYPE_INT8)
            ((uint8_t *)rate->x)[i] = (uint8_t)(bits >> 8);
        else if (rate->dtype == DTYPE_BFLOAT16)
            ((Bfloat16 *)rate->x)[i] = (Bfloat16)(bits >> 16);
        else
            ((float *)rate->x)[i] = value;
    }
}

static void rate_free(Rate *rate, int threads) {
    for (int t = 0; t < threads; t++) ops_runner_free(rate->runners[t]);
    mem_free(rate->runners);
    packed_free(rate->w);
    mem_free(rate->x);
    mem_free(rate->y);
    ops_free(rate->ops);
}

static void rate_make(Rate *rate, Pool *pool, Dtype dtype, int size) {
    Error err = {0};
    int threads = pool_threads(pool);
    Element element = dtype == DTYPE_INT8 ? ELEMENT_UINT8 : dtype == DTYPE_BFLOAT16 ? ELEMENT_BFLOAT16 : ELEMENT_FLOAT32;
    *rate = (Rate){.dtype = dtype, .size = size, .passes = 1, .y_element = dtype == DTYPE_INT8 ? ELEMENT_INT32 : ELEMENT_FLOAT32};
    rate->x_bytes = element_bytes(element);
    rate->y_bytes = element_bytes(rate->y_element);
    size_t rows = (size_t)PART * (size_t)threads, square = (size_t)size * (size_t)size;
    rate->ops = ops_new(&err);
    rate->x = mem_new(rows * (size_t)size, rate->x_bytes, &err);
    rate->y = mem_new(rows * (size_t)size, rate->y_bytes, &err);
    rate->runners = mem_new((size_t)threads, sizeof *rate->runners, &err);
    float *weights = mem_new(square, sizeof *weights, &err);
    if (!rate->ops || !rate->x || !rate->y || !rate->runners || !weights) die(&err);
    for (size_t i = 0; i < square; i++) weights[i] = (float)(mix((uint32_t)i) >> 8) * 0x1p-24f - 0.5f;
    fill_matrix(rate, rows * (size_t)size);
    rate->w = ops_pack(rate->ops, dtype, weights, size, size, 1, size, &err);
    if (!rate->w) die(&err);
    for (int t = 0; t < threads; t++)
        if (!(rate->runners[t] = ops_runner_new(rate->ops, &err))) die(&err);
    mem_free(weights);
}

/* The size that does best, ready to be run for some ROUND_S at a time; the best of its rates so far. */
static double rate_choose(Rate *rate, Pool *pool, Dtype dtype) {
    static const int SIZES[] = {1024, 1536, 2048, 3072, 4096};
    double best = 0;
    int chosen = 0;
    for (size_t i = 0; i < (is_short ? 1 : sizeof SIZES / sizeof *SIZES); i++) {
        rate_make(rate, pool, dtype, SIZES[i]);
        for (int repeat = 0; repeat < 3; repeat++) {
            double now = rate_run(rate, pool);
            if (repeat == 0 || now <= best) continue;
            best = now;
            chosen = SIZES[i];
        }
        rate_free(rate, pool_threads(pool));
    }
    rate_make(rate, pool, dtype, chosen);
    rate_run(rate, pool);
    rate->passes = is_short ? 1 : 1 + (int)(ROUND_S * best / (2.0 * PART * chosen * chosen * pool_threads(pool)));
    return best;
}

/* ---- what is measured ---- */

/* Work of which a round lasts some ROUND_S, with how many seconds it would take at the matrix rate. */
typedef struct Work {
    void (*run)(void *context, Pool *pool);
    void *context;
    double tokens;             /* of one run */
    double operations, others; /* of one run: in the products' type, and (int8) in bfloat16 */
} Work;

typedef struct Yield {
    double tokens_per_s, share;
} Yield;

/* Alternates with the matrix rate. others: of bfloat16, NULL where nothing is counted at it. */
static Yield work_measure(const Work *work, Rate *rate, Rate *others, Pool *pool) {
    double speeds[MOST_ROUNDS], shares[MOST_ROUNDS];
    work->run(work->context, pool);
    double once_s = clock_wall_s();
    work->run(work->context, pool);
    once_s = clock_wall_s() - once_s;
    int runs = is_short ? 1 : 1 + (int)(ROUND_S / once_s);
    double before = rate_run(rate, pool), before_others = others ? rate_run(others, pool) : 1;
    for (int round = 0; round < rounds; round++) {
        double started_s = clock_wall_s();
        for (int i = 0; i < runs; i++) work->run(work->context, pool);
        double seconds = (clock_wall_s() - started_s) / runs;
        double after = rate_run(rate, pool), after_others = others ? rate_run(others, pool) : 1;
        double ideal_s = work->operations * 2 / (before + after) + work->others * 2 / (before_others + after_others);
        speeds[round] = work->tokens / seconds;
        shares[round] = ideal_s / seconds;
        before = after;
        before_others = after_others;
    }
    return (Yield){median(speeds), median(shares)};
}

/* ---- forward ---- */

static int32_t ids[LONGEST * STEP_ROWS], starts[MOST_ROWS + 1];

static Batch make_batch(int length, int tokens) {
    Batch batch = {.rows = tokens / length, .ids = ids, .starts = starts};
    batch.tokens = batch.rows * length;
    for (int i = 0; i < batch.tokens; i++) ids[i] = (int32_t)(mix((uint32_t)i) % VOCABULARY);
    for (int b = 0; b <= batch.rows; b++) starts[b] = b * length;
    return batch;
}

typedef struct Lanes {
    const Encoder *encoder;
    Workspace **workspaces;
    Batch batch;
    bool cls_only;
} Lanes;

static void forward_task(void *context, int task, int thread) {
    (void)task;
    Lanes *lanes = context;
    Error err = {0};
    if (!encoder_forward(lanes->encoder, lanes->workspaces[thread], &lanes->batch, &(ForwardOptions){.cls_only = lanes->cls_only},
                         &err))
        die(&err);
}

static void run_forward(void *context, Pool *pool) { pool_run(pool, pool_threads(pool), forward_task, context); }

static void bench_forward(const Encoder *encoder, Rate *rate, Rate *others, Pool *pool, int length, bool cls_only) {
    Error err = {0};
    const EncoderConfig *config = encoder_config(encoder);
    int threads = pool_threads(pool);
    Lanes lanes = {.encoder = encoder,
                   .workspaces = mem_new((size_t)threads, sizeof(Workspace *), &err),
                   .batch = make_batch(length, TOKENS),
                   .cls_only = cls_only};
    if (!lanes.workspaces) die(&err);
    for (int t = 0; t < threads; t++)
        if (!(lanes.workspaces[t] = workspace_new(encoder, &(WorkspaceOptions){.tokens = TOKENS, .rows = TOKENS}, NULL, &err)))
            die(&err);
    double rows = (double)lanes.batch.rows * threads, C = config->channels, T = length;
    double all = encoder_row_flops(config, length, 0, cls_only);
    double attention = others ? 4 * T * C * (cls_only ? T * (config->layers - 1) + 1 : T * config->layers) : 0;
    Work work = {run_forward, &lanes, (double)lanes.batch.tokens * threads, rows * (all - attention), rows * attention};
    Yield yield = work_measure(&work, rate, others, pool);
    printf("forward        %4d tokens a row  %8.0f tokens/s  %.2f of the matrix rate%s\n", length, yield.tokens_per_s,
           yield.share, cls_only ? "  ([CLS] alone, counted as such)" : "");
    for (int t = 0; t < threads; t++) workspace_free(lanes.workspaces[t]);
    mem_free(lanes.workspaces);
}

/* ---- training ---- */

typedef struct Step {
    Encoder *encoder;
    Weights *weights;
    Workspace *workspace;
    AdamW adamw;
    Batch batch;
    float *gradients, dlogits[STEP_ROWS * CLASSES];
    bool whole; /* with the optimiser and the packing of the weights */
    uint32_t number;
} Step;

static void run_step(void *context, Pool *pool) {
    Step *step = context;
    Error err = {0};
    const float *logits;
    ForwardOptions options = {.cls_only = true, .dropout = true, .seed = 1, .step = step->number++, .first_sum = true};
    if (step->whole) adamw_wake_words(&step->adamw, step->weights->block, step->batch.ids, step->batch.tokens);
    if (!encoder_forward(step->encoder, step->workspace, &step->batch, &options, &err) ||
        !encoder_classify(step->encoder, step->workspace, &step->batch, &options, &logits, &err) ||
        !encoder_backward(step->encoder, step->workspace, &step->batch, &options, step->dlogits, step->gradients, &err))
        die(&err);
    if (!step->whole) return;
    double norm = adamw_gradient_norm(&step->adamw, step->gradients, pool);
    adamw_step(&step->adamw, step->weights->block, step->gradients, 1e-6, norm, 1.0, pool);
    if (!encoder_refresh_rest(step->encoder, pool, &err)) die(&err);
}

static void pack_moved(void *encoder, size_t offset, size_t count) { encoder_refresh_rows(encoder, offset, count); }

static void bench_step(Encoder *encoder, Weights *weights, Rate *rate, Pool *pool, int length, bool whole) {
    Error err = {0};
    Step step = {.encoder = encoder, .weights = weights, .batch = make_batch(length, STEP_ROWS * length), .whole = whole};
    WorkspaceOptions room = {.tokens = step.batch.tokens, .rows = STEP_ROWS, .training = true};
    AdamWOptions adamw = {0.9, 0.999, 1e-8, 0.01, 0, pack_moved, encoder};
    step.workspace = workspace_new(encoder, &room, pool, &err);
    step.gradients = mem_new(weights->table.total, sizeof *step.gradients, &err);
    if (!step.workspace || !step.gradients || !adamw_make(&step.adamw, &weights->table, &adamw, &err)) die(&err);
    for (int i = 0; i < STEP_ROWS * CLASSES; i++) step.dlogits[i] = i % CLASSES ? 0.01f : -0.05f;
    Work work = {run_step, &step, step.batch.tokens, STEP_ROWS * encoder_training_flops(&weights->config, length, 0), 0};
    Yield yield = work_measure(&work, rate, NULL, pool);
    printf("%s  %4d tokens a row  %8.0f tokens/s  %.2f of the matrix rate\n", whole ? "training step" : "gradient     ", length,
           yield.tokens_per_s, yield.share);
    adamw_free(&step.adamw);
    mem_free(step.gradients);
    workspace_free(step.workspace);
}

/* ---- the run ---- */

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
                                    .classes = CLASSES}};
    if (!weight_table_make(&weights->table, &weights->config, CLASSES, &err)) die(&err);
    weights->block = mem_map(weights->table.total * sizeof *weights->block, &err);
    if (!weights->block) die(&err);
    for (size_t i = 0; i < weights->table.total; i++)
        weights->block[i] = ((float)(mix((uint32_t)i) >> 8) * 0x1p-24f - 0.5f) * 0.1f;
}

static void print_rate(const Rate *rate, double reached, Pool *pool) {
    Peak peak = peak_measure(rate->dtype, pool);
    printf("matrix rate    %s %.0f GFLOP/s (%d × %d)", dtype_name(rate->dtype), reached / 1e9, rate->size, rate->size);
    if (peak.rate <= 0) {
        printf("; the peak is not known here\n");
        return;
    }
    printf(", %.2f of the peak of %.0f: %.2f GHz × %d operations a cycle × %d threads\n", reached / peak.rate, peak.rate / 1e9,
           peak.clock_hz / 1e9, peak.width, pool_threads(pool));
    if (reached < LEAST_OF_PEAK * peak.rate)
        printf("VOID: the matrix rate is below %.2f of that peak; is something else running?\n", LEAST_OF_PEAK);
}

typedef struct Options {
    int threads, C, F;
    Dtype dtype;
} Options;

static bool read_options(Options *options, int argc, char **argv) {
    *options = (Options){parallel_default_threads(), 384, 1536, DTYPE_FLOAT32};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            options->threads = (int)strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--dtype") == 0 && i + 1 < argc)
            options->dtype = dtype_find(argv[++i]);
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            rounds = (int)strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--base") == 0)
            options->C = 768, options->F = 3072;
        else if (strcmp(argv[i], "--short") == 0)
            is_short = true, rounds = 1, options->C = 48, options->F = 96;
        else
            return false;
    }
    return options->threads > 0 && rounds > 0 && rounds <= MOST_ROUNDS && options->dtype < DTYPES;
}

int main(int argc, char **argv) {
    static const int LENGTHS[] = {22, 128, 512};
    Error err = {0};
    Options options;
    if (!read_options(&options, argc, argv)) {
        fprintf(stderr, "usage: encoder [--threads N] [--base | --short] [--dtype float32|bfloat16|int8] [--rounds N]\n");
        return 2;
    }
    Pool *pool = pool_new(options.threads, &err);
    if (!pool) die(&err);
    Weights weights;
    make_weights(&weights, options.C, options.F);
    bool trains = options.dtype != DTYPE_INT8;
    Encoder *encoder = encoder_new(&weights, &(EncoderOptions){.dtype = options.dtype, .training = trains}, pool, &err);
    if (!encoder) die(&err);
    printf("%s, %d threads, 6 layers × %d, %s\n", encoder_instruction_set(encoder), options.threads, options.C,
           dtype_name(options.dtype));
    Rate rate, bfloat16;
    bool mixed = options.dtype == DTYPE_INT8 && ops_supports(DTYPE_BFLOAT16);
    print_rate(&rate, rate_choose(&rate, pool, options.dtype), pool);
    if (mixed) print_rate(&bfloat16, rate_choose(&bfloat16, pool, DTYPE_BFLOAT16), pool);
    for (int i = 0; i < 3; i++) bench_forward(encoder, &rate, mixed ? &bfloat16 : NULL, pool, LENGTHS[i], false);
    bench_forward(encoder, &rate, mixed ? &bfloat16 : NULL, pool, LENGTHS[0], true);
    for (int i = 0; i < 2 && trains; i++) bench_step(encoder, &weights, &rate, pool, LENGTHS[i], false);
    for (int i = 0; i < 2 && trains; i++) bench_step(encoder, &weights, &rate, pool, LENGTHS[i], true);
    rate_free(&rate, options.threads);
    if (mixed) rate_free(&bfloat16, options.threads);
    encoder_free(encoder);
    weights_free(&weights);
    pool_free(pool);
    return 0;
}
