/* Training steps on a file's texts: build/bench/train --model DIR --texts FILE [--dtype float32|bfloat16] [--threads N] [--batch N] [--steps N].
 *
 * FILE has a text a line; what follows the last ; is its label. Steps of 64 rows in the order of the first epoch: gradients with dropout, norm, AdamW, weights packed
 * again; the median of N after eight to warm up, which make most of the products for new numbers of rows. The share of the matrix rate (the mean of one taken before
 * and one after) counts what encoder/flops.h counts.
 * Then the optimiser alone, on every parameter: norm and step read gradient, weight and moments and write them, 36 bytes a parameter. */
#include <stdio.h>

#include "bench/bench.h"
#include "bench/rate.h"
#include "common/clock.h"
#include "common/memory.h"
#include "encoder/flops.h"
#include "encoder/text_encoder.h"
#include "finetune/trainer.h"

enum { MOST_STEPS = 999, WARM = 8, LABELS = 256, UPDATES = 9, BYTES_A_PARAMETER = 36 };

typedef struct Options {
    const char *model, *texts;
    Dtype dtype;
    int threads, batch, steps;
} Options;

/* The rows of step `step` in the trainer's own order. */
static void count_step(const Trainer *trainer, const Tokens *tokens, int64_t step, double *real, double *flops) {
    int64_t epoch;
    int first, count;
    plan_step(&trainer->plan, step, &epoch, &first, &count);
    *real = *flops = 0;
    for (int i = first; i < first + count; i++) {
        int length = tokens_length(tokens, trainer->order[i]);
        *real += length;
        *flops += encoder_training_flops(&trainer->input->weights->config, length, 0);
    }
}

static void bench_steps(const Options *options, Trainer *trainer, const Tokens *tokens, Pool *pool) {
    Error err = {0};
    double seconds[MOST_STEPS], rates[MOST_STEPS], speeds[MOST_STEPS], before = bench_matrix_rate(options->dtype, pool);
    for (int step = 0; step < options->steps + WARM; step++) {
        double started = clock_wall_s(), real, flops;
        if (!trainer_step(trainer, &err)) bench_die(err.message);
        double took = clock_wall_s() - started;
        if (step < WARM) continue;
        count_step(trainer, tokens, step, &real, &flops);
        seconds[step - WARM] = took;
        speeds[step - WARM] = real / took;
        rates[step - WARM] = flops / took;
    }
    double matrix = (before + bench_matrix_rate(options->dtype, pool)) / 2;
    printf("%s, %d threads: a step of %d rows %.4f s, %.0f real tokens/s, %.2f of the matrix rate of %.0f GFLOP/s\n",
           dtype_name(options->dtype), options->threads, options->batch, bench_median(seconds, options->steps),
           bench_median(speeds, options->steps), bench_median(rates, options->steps) / matrix, matrix / 1e9);
}

static void bench_optimiser(Trainer *trainer, Pool *pool) {
    AdamW *adamw = &trainer->adamw;
    double seconds[UPDATES];
    for (int32_t id = 0; id < adamw->words; id++) adamw_wake_words(adamw, trainer->input->weights->block, &id, 1);
    for (int i = 0; i < UPDATES; i++) {
        double started = clock_wall_s(), norm = adamw_gradient_norm(adamw, trainer->gradient.sum, pool);
        adamw_step(adamw, trainer->input->weights->block, trainer->gradient.sum, 1e-6, norm, 1, pool);
        seconds[i] = clock_wall_s() - started;
    }
    double median = bench_median(seconds, UPDATES);
    printf("optimiser    %.1f million parameters in %.1f ms, %.1f GB/s\n", (double)adamw->total / 1e6, median * 1e3,
           (double)adamw->total * BYTES_A_PARAMETER / median / 1e9);
}

static void load(Weights *weights, const char *model, int classes) {
    static char names[LABELS][8];
    const char *labels[LABELS];
    Error err = {0};
    for (int k = 0; k < classes; k++) {
        (void)snprintf(names[k], sizeof names[k], "%d", k);
        labels[k] = names[k];
    }
    if (!weights_load(weights, model, classes, labels, 42, &err)) bench_die(err.message);
}

int main(int count, char **words) {
    Options options = {.threads = parallel_default_threads(), .batch = 64, .steps = 32};
    bench_flags(count, words, "train",
                (BenchFlag[]){{"--model", .text = &options.model, .needed = true},
                              {"--texts", .text = &options.texts, .needed = true},
                              {"--dtype", .dtype = &options.dtype},
                              {"--threads", .number = &options.threads},
                              {"--batch", .number = &options.batch},
                              {"--steps", .number = &options.steps},
                              {0}});
    if (options.steps + WARM > MOST_STEPS || options.dtype == DTYPE_INT8)
        bench_die("--steps is at most 991, and int8 does not train");
    Error err = {0};
    BenchTexts texts;
    bench_texts_read(&texts, options.texts, 0);
    Pool *pool = pool_new(options.threads, &err);
    Tokenizer *tokenizer = pool ? tokenizer_load(options.model, &err) : NULL;
    Tokens tokens = {0};
    if (!tokenizer || !tokens_encode(&tokens, tokenizer, texts.text, texts.starts, texts.rows, 512, pool, &err))
        bench_die(err.message);
    Weights weights = {0};
    load(&weights, options.model, texts.classes);
    FinetuneInput input = {.weights = &weights,
                           .model_folder = options.model,
                           .train = {.tokens = &tokens, .labels = texts.labels, .count = texts.rows},
                           .pool = pool};
    FinetuneOptions how = FINETUNE_DEFAULTS;
    how.dtype = options.dtype;
    how.per_device_train_batch_size = options.batch;
    how.max_steps = options.steps + WARM;
    how.eval_strategy = how.save_strategy = INTERVAL_NO;
    how.load_best_model_at_end = false;
    Trainer trainer = {0};
    if (!trainer_make(&trainer, &input, &how, NULL, &err)) bench_die(err.message);
    bench_steps(&options, &trainer, &tokens, pool);
    bench_optimiser(&trainer, pool);
    trainer_free(&trainer);
    weights_free(&weights);
    tokens_free(&tokens);
    tokenizer_free(tokenizer);
    bench_texts_free(&texts);
    pool_free(pool);
    return 0;
}
