/* Tokens and their ids, and WordPiece's search: the longest token a text begins with. Filled with vocabulary_add, then made
 * ready once with vocabulary_index and const from there. */
#ifndef TWOFOLD_ENCODER_VOCABULARY_H
#define TWOFOLD_ENCODER_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/error.h"
#include "common/memory.h"

enum { NO_TOKEN = -1, PIECE_WORD_BYTES = 16, PIECE_PADDING = 16 };

#define CONTINUATION_PREFIX "##" /* of a token that stands inside a word */

/* One place of the hash table: a piece of at most 16 bytes stands in it, of a longer one the hash of all its bytes. */
typedef struct PieceSlot {
    uint64_t low, high; /* bytes 0..8 and 8..16, zeros behind the end */
    uint32_t size;      /* bytes of the piece; 0: empty */
    int32_t id;         /* ≥ 0: at the start of a word, or a whole token; < 0: ~id, a continuation without its prefix */
} PieceSlot;

typedef struct TokenText {
    size_t start;
    uint32_t size;
    bool present; /* false: no token has this id */
} TokenText;

typedef struct Vocabulary {
    Buffer text;       /* all tokens end to end */
    TokenText *tokens; /* (ids) */
    size_t capacity;
    int ids;   /* greatest id + 1 */
    int count; /* different tokens */
    PieceSlot *slots;
    uint64_t mask, seed;
    /* By how a piece begins, at the start of a word and inside it; bit n: one of n bytes exists, bit 31: one of 31 or more. */
    uint32_t *lengths;
    uint32_t longest; /* bytes */
} Vocabulary;

/* Ids may leave gaps, but not giant ones; of equal tokens the last id counts, as in a dict. */
MUST_CHECK bool vocabulary_add(Vocabulary *vocabulary, const char *text, size_t size, int64_t id, Error *err);
MUST_CHECK bool vocabulary_index(Vocabulary *vocabulary, Error *err);
void vocabulary_free(Vocabulary *vocabulary);

/* The id of a whole token as it stands in the file ("##ing"), or NO_TOKEN. */
int32_t vocabulary_find(const Vocabulary *vocabulary, const char *text, size_t size);

/* The token of an id, borrowed, not NUL-terminated; NULL when there is none. */
const char *vocabulary_token(const Vocabulary *vocabulary, int32_t id, size_t *size);

/* The id of the longest token that `text` begins with (of the continuations when `inside`), its bytes in *taken; NO_TOKEN when
 * there is none. size ≥ 1, and PIECE_PADDING bytes behind text[0..size) must be readable. Tokens and text are valid UTF-8, so
 * that a token ends where a character does. */
int32_t vocabulary_longest(const Vocabulary *vocabulary, const char *text, size_t size, bool inside, size_t *taken);

static inline uint64_t piece_hash(const Vocabulary *vocabulary, uint64_t low, uint64_t high, uint32_t size, bool inside) {
    uint64_t hash = (low ^ vocabulary->seed) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ (hash >> 29) ^ high ^ ((uint64_t)size << 1 | inside) << 56) * 0xBF58476D1CE4E5B9u;
    return hash ^ hash >> 32;
}

/* The id of a word of 1 to 16 bytes, given as two little-endian words with zeros behind the end; or NO_TOKEN. */
static inline int32_t vocabulary_word(const Vocabulary *vocabulary, uint64_t low, uint64_t high, uint32_t size) {
    for (uint64_t at = piece_hash(vocabulary, low, high, size, false) & vocabulary->mask;; at = (at + 1) & vocabulary->mask) {
        const PieceSlot *slot = &vocabulary->slots[at];
        if (slot->low == low && slot->high == high && slot->size == size && slot->id >= 0) return slot->id;
        if (slot->size == 0) return NO_TOKEN;
    }
}

#endif
