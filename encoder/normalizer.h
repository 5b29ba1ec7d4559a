/* BERT's normaliser (Hugging Face `BertNormalizer`), in this order: clean (control characters go, spaces become ' '), spaces
 * around Chinese characters, NFD without the marks of category Mn, lower case. Const after normalizer_init. */
#ifndef TWOFOLD_ENCODER_NORMALIZER_H
#define TWOFOLD_ENCODER_NORMALIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/memory.h"
#include "encoder/unicode.h"

typedef struct NormalizerOptions {
    bool clean_text;
    bool chinese; /* spaces around Chinese characters */
    bool strip_accents;
    bool lower_case;
} NormalizerOptions;

/* What a code point becomes, and what the words make of it. */
typedef enum FoldKind {
    FOLD_LETTER, /* one code point, part of a word */
    FOLD_ALONE,  /* one code point that is a word by itself: punctuation, Chinese */
    FOLD_SPACE,
    FOLD_DROP,
    FOLD_MANY,   /* several code points: normalizer_expand */
    FOLD_REORDER /* depends on its neighbours: canonical ordering moves it (a mark of class > 0 that is not of category Mn) */
} FoldKind;

typedef struct Fold {
    uint32_t kind : 8;        /* FoldKind */
    uint32_t code_point : 24; /* of FOLD_LETTER and FOLD_ALONE */
} Fold;

enum {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    NORMALIZER_TABLE = 0x100, /* filling it was nine tenths of the time of a load */
#else
    NORMALIZER_TABLE = 0x3000, /* code points below are looked up: all alphabets and signs in common use */
#endif
    NORMALIZER_EXPANSION_MAX = UNICODE_DECOMPOSITION_MAX * UNICODE_LOWER_MAX + 2
};

typedef struct Normalizer {
    NormalizerOptions options;
    Fold table[NORMALIZER_TABLE];
} Normalizer;

void normalizer_init(Normalizer *normalizer, NormalizerOptions options);

Fold normalizer_compute(const Normalizer *normalizer, uint32_t code_point);

static inline Fold normalizer_fold(const Normalizer *normalizer, uint32_t code_point) {
    return code_point < NORMALIZER_TABLE ? normalizer->table[code_point] : normalizer_compute(normalizer, code_point);
}

/* What a code point becomes by itself, as code points (a Chinese one with its spaces); returns how many. */
int normalizer_expand(const Normalizer *normalizer, uint32_t code_point, uint32_t out[NORMALIZER_EXPANSION_MAX]);

/* How the words take a code point of normalised text: FOLD_LETTER, FOLD_ALONE or FOLD_SPACE. */
FoldKind normalizer_word_kind(uint32_t code_point);

/* Appends the normalised text: any text, also where neighbours matter; in time linear in its size. `text` is valid UTF-8 (an
 * invalid byte counts as U+FFFD). */
void normalizer_text(const Normalizer *normalizer, Buffer *out, const char *text, size_t size);

#endif
