/* What the benches share: flags, the texts of a file, medians. A bench that cannot go on says why and ends. */
#ifndef TWOFOLD_BENCH_BENCH_H
#define TWOFOLD_BENCH_BENCH_H

#include <stdint.h>

#include "encoder/dtype.h"

/* A flag with a value, and where the value goes: exactly one of the three is set. */
typedef struct BenchFlag {
    const char *name;
    const char **text;
    int *number; /* at least 1 */
    Dtype *dtype;
    bool needed;
} BenchFlag;

/* Reads the command line; `flags` ends with one that has no name. What is wrong with it is said with all flags, exit 2. */
void bench_flags(int count, char **words, const char *bench, const BenchFlag *flags);

_Noreturn void bench_die(const char *why);

/* Texts end to end: text i is text[starts[i] .. starts[i + 1]). */
typedef struct BenchTexts {
    char *text;
    int64_t *starts; /* (rows + 1) */
    int32_t *labels; /* (rows), numbered in their alphabet; all 0 where the file has none */
    int rows, classes;
} BenchTexts;

/* A text a line; what follows the last ; is its label. At most `most` of them, 0: all. */
void bench_texts_read(BenchTexts *texts, const char *path, int most);
/* `rows` of them beginning with `first`, from the top again after the last. */
void bench_texts_repeat(BenchTexts *texts, const BenchTexts *from, int first, int rows);
/* `rows` texts of about `bytes` bytes: words drawn from 300,000, the n-th with a chance of about 1/n, of K classes which prefer words of their own. */
void bench_texts_generate(BenchTexts *texts, int rows, int bytes, int classes);
void bench_texts_free(BenchTexts *texts);

/* Sorts them. */
double bench_percentile(double *values, int count, double share);
static inline double bench_median(double *values, int count) { return bench_percentile(values, count, 0.5); }

/* The most memory the process has had, in MB of 10^6 bytes. */
double bench_peak_mb(void);

#endif
