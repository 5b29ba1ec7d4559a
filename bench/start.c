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

#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"
#include "encoder/text_encoder.h"

enum { TEXTS = 200, WARM = 20, PROCESSES = 15, LONGEST = 512 };

typedef struct Options {
    const char *model, *texts, *program;
    Dtype dtype;
    int threads;
} Options;

static _Noreturn void die(const char *why) {
    fprintf(stderr, "start: %s\n", why);
    exit(1);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double *values, int count, double share) {
    qsort(values, (size_t)count, sizeof *values, by_size);
    return values[(int)(share * (count - 1) + 0.5)];
}

typedef struct Lines {
    FileMap map;
    const char *text[TEXTS];
    int size[TEXTS];
    int count;
} Lines;

static void read_lines(Lines *lines, const char *path) {
    Error err = {0};
    if (!file_map(&lines->map, path, ERROR_PATH, &err)) die(err.message);
    const char *at = (const char *)lines->map.data, *end = at + lines->map.size;
    while (at < end && lines->count < TEXTS) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        const char *cut = memrchr(at, ';', (size_t)(stop - at));
        lines->text[lines->count] = at;
        lines->size[lines->count++] = (int)((cut ? cut : stop) - at);
        at = stop + 1;
    }
    if (!lines->count) die("no texts");
}

static void answer(const TextEncoder *encoder, Workspace *workspace, const char *text, int size, Pool *pool) {
    Error err = {0};
    Tokens tokens = {0};
    int64_t starts[2] = {0, size};
    if (!tokens_encode(&tokens, encoder->tokenizer, text, starts, 1, encoder->max_length, pool, &err)) die(err.message);
    int32_t begins[2] = {0, tokens_length(&tokens, 0)};
    Batch batch = {.rows = 1, .tokens = begins[1], .ids = tokens.ids, .starts = begins};
    if (!encoder_forward(encoder->encoder, workspace, &batch, &(ForwardOptions){.cls_only = true}, &err)) die(err.message);
    tokens_free(&tokens);
}

static void time_texts(const Options *options, const Lines *lines) {
    Error err = {0};
    Pool *pool = pool_new(options->threads, &err);
    TextEncoder encoder = {0};
    double started = clock_wall_s(), seconds[TEXTS];
    if (!pool || !text_encoder_load_as(&encoder, options->model, 0, 0, options->dtype, pool, &err)) die(err.message);
    double loaded = clock_wall_s() - started;
    Workspace *workspace =
        workspace_new(encoder.encoder, &(WorkspaceOptions){.tokens = encoder.max_length, .rows = 1}, pool, &err);
    if (!workspace) die(err.message);
    for (int i = 0; i < WARM; i++)
        answer(&encoder, workspace, lines->text[i % lines->count], lines->size[i % lines->count], pool);
    for (int i = 0; i < lines->count; i++) {
        started = clock_wall_s();
        answer(&encoder, workspace, lines->text[i], lines->size[i], pool);
        seconds[i] = clock_wall_s() - started;
    }
    double p50 = percentile(seconds, lines->count, 0.5), p95 = percentile(seconds, lines->count, 0.95);
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
    if (child < 0 || wait4(child, &status, 0, &usage) != child) die(strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) die("predict failed: --program needs a model that answers with labels");
    *peak_kb = usage.ru_maxrss;
    return clock_wall_s() - started;
}

static void time_processes(const Options *options) {
    double seconds[PROCESSES];
    long peak_kb = 0;
    (void)run_program(options, &peak_kb);
    for (int i = 0; i < PROCESSES; i++) seconds[i] = run_program(options, &peak_kb);
    printf("%s: predict --text in a new process: %.0f ms, %.0f MB\n", dtype_name(options->dtype),
           percentile(seconds, PROCESSES, 0.5) * 1e3, (double)peak_kb / 1e3);
}

int main(int count, char **words) {
    Options options = {.threads = parallel_default_threads()};
    for (int i = 1; i + 1 < count; i += 2) {
        const char *value = words[i + 1];
        if (strcmp(words[i], "--model") == 0)
            options.model = value;
        else if (strcmp(words[i], "--texts") == 0)
            options.texts = value;
        else if (strcmp(words[i], "--program") == 0)
            options.program = value;
        else if (strcmp(words[i], "--dtype") == 0)
            options.dtype = dtype_find(value);
        else if (strcmp(words[i], "--threads") == 0)
            options.threads = atoi(value);
        else
            options.model = NULL;
    }
    if (!options.model || (!options.texts && !options.program) || count % 2 == 0 || options.dtype == DTYPES) {
        fprintf(
            stderr,
            "usage: start --model DIR [--texts FILE] [--program build/twofold] [--dtype float32|bfloat16|int8] [--threads N]\n");
        return 2;
    }
    static Lines lines;
    if (options.texts) {
        read_lines(&lines, options.texts);
        time_texts(&options, &lines);
        file_unmap(&lines.map);
    }
    if (options.program) time_processes(&options);
    return 0;
}
