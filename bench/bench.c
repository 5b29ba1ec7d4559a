#include "bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/file.h"
#include "common/memory.h"
#include "common/random.h"

enum { LABELS = 256, WORDS = 300000 };

void bench_die(const char *why) {
    fprintf(stderr, "bench: %s\n", why);
    exit(1);
}

/* ---- flags ---- */

static _Noreturn void usage(const char *bench, const BenchFlag *flags) {
    fprintf(stderr, "usage: %s", bench);
    for (const BenchFlag *flag = flags; flag->name; flag++)
        fprintf(stderr, flag->needed ? " %s %s" : " [%s %s]", flag->name,
                flag->dtype    ? "float32|bfloat16|int8"
                : flag->number ? "N"
                               : "PATH");
    fprintf(stderr, "\n");
    exit(2);
}

static bool take(const BenchFlag *flag, const char *value) {
    if (flag->text) *flag->text = value;
    if (flag->number) *flag->number = atoi(value);
    if (flag->dtype) *flag->dtype = dtype_find(value);
    return (!flag->number || *flag->number >= 1) && (!flag->dtype || *flag->dtype < DTYPES);
}

void bench_flags(int count, char **words, const char *bench, const BenchFlag *flags) {
    if (count % 2 == 0) usage(bench, flags);
    for (int i = 1; i + 1 < count; i += 2) {
        const BenchFlag *flag = flags;
        while (flag->name && strcmp(flag->name, words[i]) != 0) flag++;
        if (!flag->name || !take(flag, words[i + 1])) usage(bench, flags);
    }
    for (const BenchFlag *flag = flags; flag->name; flag++)
        if (flag->needed && flag->text && !*flag->text) usage(bench, flags);
}

/* ---- texts ---- */

static void texts_make(BenchTexts *texts, size_t bytes, int rows) {
    Error err = {0};
    *texts = (BenchTexts){.text = mem_new(bytes, 1, &err),
                          .starts = mem_new((size_t)rows + 1, sizeof *texts->starts, &err),
                          .labels = mem_new((size_t)rows, sizeof *texts->labels, &err)};
    if (!texts->text || !texts->starts || !texts->labels) bench_die(err.message);
}

void bench_texts_free(BenchTexts *texts) {
    mem_free(texts->text);
    mem_free(texts->starts);
    mem_free(texts->labels);
    *texts = (BenchTexts){0};
}

static void add_text(BenchTexts *texts, const char *text, size_t size, int32_t label) {
    int64_t start = texts->starts[texts->rows];
    memcpy(texts->text + start, text, size);
    texts->labels[texts->rows] = label;
    texts->starts[++texts->rows] = start + (int64_t)size;
}

typedef struct Name {
    const char *text;
    size_t size;
} Name;

static int by_name(const void *a, const void *b) {
    const Name *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* names (rows) become the texts' labels, numbered in their order. */
static void number_labels(BenchTexts *texts, const Name *names) {
    Name different[LABELS];
    for (int i = 0; i < texts->rows; i++) {
        int k = 0;
        while (k < texts->classes && by_name(&different[k], &names[i]) != 0) k++;
        if (k == LABELS) bench_die("more than 256 labels");
        if (k == texts->classes) different[texts->classes++] = names[i];
    }
    qsort(different, (size_t)texts->classes, sizeof *different, by_name);
    for (int i = 0; i < texts->rows; i++)
        while (by_name(&different[texts->labels[i]], &names[i]) != 0) texts->labels[i]++;
}

void bench_texts_read(BenchTexts *texts, const char *path, int most) {
    Error err = {0};
    FileMap map;
    if (!file_map(&map, path, ERROR_PATH, &err)) bench_die(err.message);
    const char *at = (const char *)map.data, *end = at + map.size;
    int lines = 1;
    for (const char *c = at; c < end; c++) lines += *c == '\n';
    texts_make(texts, map.size + 1, lines);
    Name *names = mem_new((size_t)lines, sizeof *names, &err);
    if (!names) bench_die(err.message);
    while (at < end && (most == 0 || texts->rows < most)) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        const char *cut = memrchr(at, ';', (size_t)(stop - at));
        names[texts->rows] = cut ? (Name){cut + 1, (size_t)(stop - cut - 1)} : (Name){"", 0};
        add_text(texts, at, (size_t)((cut ? cut : stop) - at), 0);
        at = stop + 1;
    }
    number_labels(texts, names);
    mem_free(names);
    file_unmap(&map);
    if (!texts->rows) bench_die("no texts");
}

void bench_texts_repeat(BenchTexts *texts, const BenchTexts *from, int first, int rows) {
    size_t bytes = 0;
    for (int i = 0; i < rows; i++) {
        int row = (first + i) % from->rows;
        bytes += (size_t)(from->starts[row + 1] - from->starts[row]);
    }
    texts_make(texts, bytes, rows);
    texts->classes = from->classes;
    for (int i = 0; i < rows; i++) {
        int row = (first + i) % from->rows;
        add_text(texts, from->text + from->starts[row], (size_t)(from->starts[row + 1] - from->starts[row]), from->labels[row]);
    }
}

/* Word n ≥ 1 in letters: rare ones are longer, as in a language. */
static size_t spell(char *out, uint32_t n) {
    size_t size = 0;
    for (uint32_t rest = n * 7 + 19; rest; rest /= 21) out[size++] = "etaoinshrdlucmfwypvbg"[rest % 21];
    out[size++] = ' ';
    return size;
}

void bench_texts_generate(BenchTexts *texts, int rows, int bytes, int classes) {
    texts_make(texts, (size_t)rows * (size_t)(bytes + 16), rows);
    texts->classes = classes;
    Random random = random_start(1, STREAM_TEST, 0);
    const double range = log(WORDS);
    char *text = mem_new((size_t)bytes + 16, 1, NULL);
    if (!text) bench_die("out of memory");
    for (int i = 0; i < rows; i++) {
        size_t size = 0;
        int label = i % classes;
        while (size < (size_t)bytes) {
            uint32_t word = (uint32_t)exp(random_uniform(&random) * range);
            if (word % 8 == 0) word = word / 8 * 8 + (uint32_t)(label % 8);
            size += spell(text + size, word);
        }
        add_text(texts, text, size - 1, label);
    }
    mem_free(text);
}

/* ---- numbers ---- */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(double *values, int count, double share) {
    qsort(values, (size_t)count, sizeof *values, by_size);
    return values[(int)(share * (count - 1) + 0.5)];
}

double bench_peak_mb(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? 0 : (double)usage.ru_maxrss * 1024 / 1e6;
}
