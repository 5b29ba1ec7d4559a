/* [CLS] features of a file's texts, text in and matrix out: build/bench/features --model DIR --texts FILE [--dtype …] [--threads N] [--rounds R].
 *
 * FILE has a text a line; what follows the last ; is a label and left out. One round to warm up, then the median of R. Tokens are real ones: there is no
 * padding. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/memory.h"
#include "encoder/text_encoder.h"
#include "features/extract.h"

enum { MOST_ROUNDS = 99 };

typedef struct Options {
    const char *model, *texts;
    Dtype dtype;
    int threads, rounds;
} Options;

static _Noreturn void die(const char *why) {
    fprintf(stderr, "features: %s\n", why);
    exit(1);
}

typedef struct Texts {
    char *text;
    int64_t *starts; /* (rows + 1) */
    int rows;
} Texts;

static void read_texts(Texts *texts, const char *path) {
    Error err = {0};
    FileMap map;
    if (!file_map(&map, path, ERROR_PATH, &err)) die(err.message);
    texts->text = mem_new(map.size + 1, 1, &err);
    texts->starts = mem_new(map.size + 2, sizeof *texts->starts, &err);
    if (!texts->text || !texts->starts) die(err.message);
    const char *at = (const char *)map.data, *end = at + map.size;
    int64_t used = 0;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        const char *cut = memrchr(at, ';', (size_t)(stop - at));
        size_t size = (size_t)((cut ? cut : stop) - at);
        memcpy(texts->text + used, at, size);
        used += (int64_t)size;
        texts->starts[++texts->rows] = used;
        at = stop + 1;
    }
    file_unmap(&map);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **words) {
    Options options = {.threads = parallel_default_threads(), .rounds = 3};
    for (int i = 1; i + 1 < count; i += 2) {
        const char *value = words[i + 1];
        if (strcmp(words[i], "--model") == 0)
            options.model = value;
        else if (strcmp(words[i], "--texts") == 0)
            options.texts = value;
        else if (strcmp(words[i], "--dtype") == 0)
            options.dtype = dtype_find(value);
        else if (strcmp(words[i], "--threads") == 0)
            options.threads = atoi(value);
        else if (strcmp(words[i], "--rounds") == 0)
            options.rounds = atoi(value);
    }
    if (!options.model || !options.texts || options.dtype == DTYPES || options.rounds < 1 || options.rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: features --model DIR --texts FILE [--dtype float32|bfloat16|int8] [--threads N] [--rounds R]\n");
        return 2;
    }
    Error err = {0};
    Texts texts = {0};
    read_texts(&texts, options.texts);
    Pool *pool = pool_new(options.threads, &err);
    TextEncoder encoder = {0};
    if (!pool || !text_encoder_load_as(&encoder, options.model, 0, 0, options.dtype, pool, &err)) die(err.message);
    double seconds[MOST_ROUNDS];
    int64_t real = 0;
    for (int round = -1; round < options.rounds; round++) {
        Tokens tokens = {0};
        Features features = {0};
        ExtractOptions wanted = EXTRACT_DEFAULTS;
        double started = clock_wall_s();
        if (!tokens_encode(&tokens, encoder.tokenizer, texts.text, texts.starts, texts.rows, encoder.max_length, pool, &err) ||
            !features_extract(&features, &wanted, 1, encoder.encoder, &tokens, NULL, texts.rows, pool, NULL, &err))
            die(err.message);
        if (round >= 0) seconds[round] = clock_wall_s() - started;
        real = tokens.starts[tokens.rows];
        features_free(&features);
        tokens_free(&tokens);
    }
    qsort(seconds, (size_t)options.rounds, sizeof *seconds, by_size);
    printf("%s, %d threads: %d texts, %.0f real tokens/s\n", dtype_name(options.dtype), options.threads, texts.rows,
           (double)real / seconds[options.rounds / 2]);
    text_encoder_free(&encoder);
    pool_free(pool);
    mem_free(texts.text);
    mem_free(texts.starts);
    return 0;
}
