/* [CLS] features of a file's texts, text in and matrix out: build/bench/features --model DIR --texts FILE [--dtype …] [--threads N] [--rounds R].
 *
 * FILE has a text a line; what follows the last ; is a label and left out. One round to warm up, then the median of R. Tokens are real ones: there is no
 * padding. */
#include <stdio.h>

#include "bench/bench.h"
#include "common/clock.h"
#include "encoder/text_encoder.h"
#include "features/extract.h"

enum { MOST_ROUNDS = 99 };

typedef struct Options {
    const char *model, *texts;
    Dtype dtype;
    int threads, rounds;
} Options;

int main(int count, char **words) {
    Options options = {.threads = parallel_default_threads(), .rounds = 3};
    bench_flags(count, words, "features",
                (BenchFlag[]){{"--model", .text = &options.model, .needed = true},
                              {"--texts", .text = &options.texts, .needed = true},
                              {"--dtype", .dtype = &options.dtype},
                              {"--threads", .number = &options.threads},
                              {"--rounds", .number = &options.rounds},
                              {0}});
    if (options.rounds > MOST_ROUNDS) bench_die("--rounds is at most 99");
    Error err = {0};
    BenchTexts texts;
    bench_texts_read(&texts, options.texts, 0);
    Pool *pool = pool_new(options.threads, &err);
    TextEncoder encoder = {0};
    if (!pool || !text_encoder_load_as(&encoder, options.model, 0, 0, options.dtype, pool, &err)) bench_die(err.message);
    double seconds[MOST_ROUNDS];
    int64_t real = 0;
    for (int round = -1; round < options.rounds; round++) {
        Tokens tokens = {0};
        Features features = {0};
        ExtractOptions wanted = EXTRACT_DEFAULTS;
        double started = clock_wall_s();
        if (!tokens_encode(&tokens, encoder.tokenizer, texts.text, texts.starts, texts.rows, encoder.max_length, pool, &err) ||
            !features_extract(&features, &wanted, 1, encoder.encoder, &tokens, NULL, texts.rows, pool, NULL, &err))
            bench_die(err.message);
        if (round >= 0) seconds[round] = clock_wall_s() - started;
        real = tokens.starts[tokens.rows];
        features_free(&features);
        tokens_free(&tokens);
    }
    printf("%s, %d threads: %d texts, %.0f real tokens/s\n", dtype_name(options.dtype), options.threads, texts.rows,
           (double)real / bench_median(seconds, options.rounds));
    text_encoder_free(&encoder);
    pool_free(pool);
    bench_texts_free(&texts);
    return 0;
}
