/* What the tokenizer needs to know about a code point, with the answers of the judge's tables (Hugging Face tokenizers):
 * utf8proc's, but where encoder/unicode_exceptions.h says otherwise. An unassigned code point is an ordinary letter
 * (UNICODE_OTHER). */
#ifndef TWOFOLD_ENCODER_UNICODE_H
#define TWOFOLD_ENCODER_UNICODE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum UnicodeKind {
    UNICODE_OTHER,
    UNICODE_SPACE,       /* categories Z*, tab, line feed, carriage return */
    UNICODE_CONTROL,     /* Cc, Cf, Co, NUL and U+FFFD: what BERT's cleaning removes */
    UNICODE_PUNCTUATION, /* P*, and every ASCII sign */
    UNICODE_MARK         /* Mn: what stripping accents removes */
} UnicodeKind;

enum { UNICODE_DECOMPOSITION_MAX = 18, UNICODE_LOWER_MAX = 2 };

UnicodeKind unicode_kind(uint32_t code_point);

/* White_Space, what splits words: UNICODE_SPACE and the control characters among it. */
bool unicode_is_space(uint32_t code_point);

/* The blocks BERT takes for Chinese: every character there is a word. */
bool unicode_is_chinese(uint32_t code_point);

/* Canonical decomposition (NFD); returns how many code points. */
int unicode_decompose(uint32_t code_point, uint32_t out[UNICODE_DECOMPOSITION_MAX]);
int unicode_combining_class(uint32_t code_point);

/* Lower case, letter by letter: a final sigma is a sigma; only U+0130 becomes two code points. Returns how many. */
int unicode_lower(uint32_t code_point, uint32_t out[UNICODE_LOWER_MAX]);

#endif
