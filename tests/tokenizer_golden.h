/* The texts and digests that tests/golden/make_tokenizer_golden.py wrote with the judge, and comparisons with them. */
#ifndef TWOFOLD_TESTS_TOKENIZER_GOLDEN_H
#define TWOFOLD_TESTS_TOKENIZER_GOLDEN_H

#include "common/json.h"
#include "encoder/normalizer.h"
#include "encoder/tokenizer.h"

/* Strings of tokenizer_lines.json in the order they stand, with their lengths (a NUL is a character there). */
typedef struct GoldenLine {
    Buffer text;
    struct {
        int32_t ids[6000];
        size_t count;
        Buffer decoded, skipping;
    } small[3]; /* by GOLDEN_SMALL */
} GoldenLine;

enum { GOLDEN_SMALL_COUNT = 3 };
extern const char *const GOLDEN_SMALL[GOLDEN_SMALL_COUNT]; /* names of the small folders */

typedef struct Golden {
    GoldenLine *lines;
    int count;
    Json *digests;
} Golden;

Golden *golden_load(void); /* fails the test when the files are not as they should be */
void golden_free(Golden *golden);

/* All digests of this name ("tokenizer-cased", "real-uncased"): code points, mutated texts, lines. */
void golden_check_digests(const Golden *golden, const Tokenizer *tokenizer, const char *name);

void golden_check_normalizer(const Golden *golden, NormalizerOptions options);

#endif
