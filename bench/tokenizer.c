/* How fast texts become ids: build/bench/tokenizer --model DIR --texts FILE [--threads N] [--rounds R] [--rows N].
 *
 * FILE has a text a line; what follows the last ; is a label and left out. First the file as it is, the median of R passes after one to warm up; then 1,000 rows
 * to N (1,000,000), the file again and again, to see that a row's price does not grow with their number. Each pass there begins elsewhere in the file: the
 * processor would learn the branches of a thousand rows by heart. Text in, ids in one array out; rates are a thread's. */
#include <stdio.h>

#include "bench/bench.h"
#include "common/clock.h"
#include "encoder/tokenizer.h"
#include "encoder/tokens.h"

enum { MOST_ROUNDS = 99 };

typedef struct Options {
    const char *model, *texts;
    int threads, rounds, rows;
} Options;

typedef struct Pass {
    double seconds;
    int64_t tokens;
} Pass;

static Pass encode(const Tokenizer *tokenizer, const BenchTexts *texts, Pool *pool) {
    Error err = {0};
    Tokens tokens = {0};
    double started = clock_wall_s();
    if (!tokens_encode(&tokens, tokenizer, texts->text, texts->starts, texts->rows, 512, pool, &err)) bench_die(err.message);
    Pass pass = {clock_wall_s() - started, tokens.starts[tokens.rows]};
    tokens_free(&tokens);
    return pass;
}

/* `rows` of the file's rows, each pass others; 0: the file as it is. */
static void measure(const Options *options, const Tokenizer *tokenizer, const BenchTexts *texts, Pool *pool, int rows,
                    int rounds) {
    double seconds[MOST_ROUNDS], tokens = 0, bytes = 0;
    for (int round = -1; round < rounds; round++) {
        BenchTexts others = {0};
        if (rows) bench_texts_repeat(&others, texts, (int)((int64_t)(round + 1) * rows % texts->rows), rows);
        const BenchTexts *these = rows ? &others : texts;
        Pass pass = encode(tokenizer, these, pool);
        if (round >= 0) {
            seconds[round] = pass.seconds;
            tokens += (double)pass.tokens;
            bytes += (double)these->starts[these->rows];
        }
        bench_texts_free(&others);
    }
    double median = bench_median(seconds, rounds), share = 1 / (median * rounds * options->threads);
    printf("%d threads: %7d rows, %.2f million tokens/s a thread, %.1f MB/s a thread, %.3f µs a row\n", options->threads,
           rows ? rows : texts->rows, tokens * share / 1e6, bytes * share / 1e6, median / (rows ? rows : texts->rows) * 1e6);
}

int main(int count, char **words) {
    Options options = {.threads = 1, .rounds = 7, .rows = 1000000};
    bench_flags(count, words, "tokenizer",
                (BenchFlag[]){{"--model", .text = &options.model, .needed = true},
                              {"--texts", .text = &options.texts, .needed = true},
                              {"--threads", .number = &options.threads},
                              {"--rounds", .number = &options.rounds},
                              {"--rows", .number = &options.rows},
                              {0}});
    if (options.rounds > MOST_ROUNDS) bench_die("--rounds is at most 99");
    Error err = {0};
    BenchTexts texts;
    bench_texts_read(&texts, options.texts, 0);
    Pool *pool = pool_new(options.threads, &err);
    Tokenizer *tokenizer = pool ? tokenizer_load(options.model, &err) : NULL;
    if (!tokenizer) bench_die(err.message);
    measure(&options, tokenizer, &texts, pool, 0, options.rounds);
    for (int64_t rows = 1000; rows <= options.rows; rows *= 10)
        measure(&options, tokenizer, &texts, pool, (int)rows, rows < 100000 ? options.rounds : 3);
    tokenizer_free(tokenizer);
    pool_free(pool);
    bench_texts_free(&texts);
    return 0;
}
