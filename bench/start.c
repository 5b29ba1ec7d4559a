/* How soon one text is answered: build/bench/start --model DIR --texts FILE [--dtype float32|bfloat16|int8] [--threads N] [--program build/twofold].
 *
 * FILE has a text a line; what follows the last ; is a label and left out. Printed are the time from folder to encoder, the median and the 95th percentile of the
 * time from text to [CLS] for the first 200 texts, one at a time, tokenising included, after 20 more to warm up; and with --program the
 * median of whole processes of `predict --text`, with their peak memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "bench/bench.h"
#include "common/clock.h"
#include "encoder/text_encoder.h"

enum { TEXTS = 200, WARM = 20, PROCESSES = 15, LONGEST = 512 };

typedef struct Options {
    const char *model, *texts, *program;
    Dtype dtype;
    int threads;
} Options;

static void answer(const TextEncoder *encoder, Workspace *workspace, const BenchTexts *texts, int row, Pool *pool) {
    Error err = {0};
    Tokens tokens = {0};
    if (!tokens_encode(&tokens, encoder->tokenizer, texts->text, texts->starts + row, 1, encoder->max_length, pool, &err))
        bench_die(err.message);
    int32_t begins[2] = {0, tokens_length(&tokens, 0)};
    Batch batch = {.rows = 1, .tokens = begins[1], .ids = tokens.ids, .starts = begins};
    if (!encoder_forward(encoder->encoder, workspace, &batch, &(ForwardOptions){.cls_only = true}, &err)) bench_die(err.message);
    tokens_free(&tokens);
}

static void time_texts(const Options *options, const BenchTexts *texts) {
    Error err = {0};
    Pool *pool = pool_new(options->threads, &err);
    TextEncoder encoder = {0};
    double started = clock_wall_s(), seconds[TEXTS];
    if (!pool || !text_encoder_load_as(&encoder, options->model, 0, 0, options->dtype, pool, &err)) bench_die(err.message);
    double loaded = clock_wall_s() - started;
    Workspace *workspace =
        workspace_new(encoder.encoder, &(WorkspaceOptions){.tokens = encoder.max_length, .rows = 1}, pool, &err);
    if (!workspace) bench_die(err.message);
    for (int i = 0; i < WARM; i++) answer(&encoder, workspace, texts, i % texts->rows, pool);
    for (int i = 0; i < texts->rows; i++) {
        started = clock_wall_s();
        answer(&encoder, workspace, texts, i, pool);
        seconds[i] = clock_wall_s() - started;
    }
    double p50 = bench_percentile(seconds, texts->rows, 0.5), p95 = bench_percentile(seconds, texts->rows, 0.95);
    printf("%s, %d threads: loaded in %.0f ms; one text p50 %.3f ms, p95 %.3f ms\n", dtype_name(options->dtype), options->threads,
           loaded * 1e3, p50 * 1e3, p95 * 1e3);
    workspace_free(workspace);
    text_encoder_free(&encoder);
    pool_free(pool);
}

/* One `predict --text` in a process of its own. */
static double run_program(const Options *options, long *peak_kb) {
    double started = clock_wall_s();
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere < 0 || dup2(nowhere, 1) < 0 || dup2(nowhere, 2) < 0) _exit(127);
        execl(options->program, options->program, "predict", "--model", options->model, "--dtype", dtype_name(options->dtype),
              "--text", "i feel so loved today", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child) bench_die(strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_die("predict failed: --program needs a model that answers with labels");
    *peak_kb = usage.ru_maxrss;
    return clock_wall_s() - started;
}

static void time_processes(const Options *options) {
    double seconds[PROCESSES];
    long peak_kb = 0;
    (void)run_program(options, &peak_kb);
    for (int i = 0; i < PROCESSES; i++) seconds[i] = run_program(options, &peak_kb);
    printf("%s: predict --text in a new process: %.0f ms, %.0f MB\n", dtype_name(options->dtype),
           bench_percentile(seconds, PROCESSES, 0.5) * 1e3, (double)peak_kb / 1e3);
}

int main(int count, char **words) {
    Options options = {.threads = parallel_default_threads()};
    bench_flags(count, words, "start",
                (BenchFlag[]){{"--model", .text = &options.model, .needed = true},
                              {"--texts", .text = &options.texts},
                              {"--program", .text = &options.program},
                              {"--dtype", .dtype = &options.dtype},
                              {"--threads", .number = &options.threads},
                              {0}});
    if (options.texts) {
        BenchTexts texts;
        bench_texts_read(&texts, options.texts, TEXTS);
        time_texts(&options, &texts);
        bench_texts_free(&texts);
    }
    if (options.program) time_processes(&options);
    return 0;
}
