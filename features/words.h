/* Words as Python sees them: str.lower, and what re matches with (?u)\b\w\w+\b, which is every run of two or more \w. */
#ifndef TWOFOLD_FEATURES_WORDS_H
#define TWOFOLD_FEATURES_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/memory.h"

/* The words of one text, one space between them: any neighbouring words, with the spaces between, stand in one piece. */
typedef struct Words {
    Buffer text;
    uint32_t *ends;   /* (count) where word i ends in text; word i + 1 begins one later */
    uint64_t *hashes; /* (count) word_hash of each */
    int count;
    size_t ends_capacity, hashes_capacity;
    Buffer lowered; /* scratch */
} Words;

/* Replaces what `words` held (start from a zeroed one). Invalid UTF-8 counts as U+FFFD, which is no part of a word. */
MUST_CHECK bool words_split(Words *words, const char *text, size_t size, bool lowercase, Error *err);
void words_free(Words *words);

/* Hash of one word, and of a term that goes on with one more word. Never stored, so it may change with the version. */
uint64_t word_hash(const char *bytes, size_t size);
static inline uint64_t term_hash(uint64_t term, uint64_t next_word) {
    uint64_t hash = (term ^ (next_word << 23 | next_word >> 41)) * 0x9FB21C651E98DF25u;
    return hash ^ hash >> 32;
}

/* Appends text in lower case. */
void words_lower(Buffer *out, const char *text, size_t size);
bool is_word_character(uint32_t code_point);

/* ---- word_tables.c ---- */

/* Code points that are alike follow each other in a run: first code point << 3 | flags; each run ends where the next begins. */
enum { WORD_FLAG = 1, WORD_CASE_IGNORABLE = 2, WORD_CASED = 4 };
extern const uint32_t WORD_CLASS_RUNS[];
extern const int WORD_CLASS_RUN_COUNT;

/* first, first + stride … last have their lower case `delta` away. */
typedef struct WordLowerRun {
    uint32_t first, last, stride;
    int32_t delta;
} WordLowerRun;
extern const WordLowerRun WORD_LOWER_RUNS[];
extern const int WORD_LOWER_RUN_COUNT;

#endif
