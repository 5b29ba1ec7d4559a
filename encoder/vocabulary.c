#include "encoder/vocabulary.h"

#include <stdlib.h>

enum {
    LENGTH_KINDS = 4096, /* places of the table of lengths, by the first two bytes */
    LONG_BIT = 31,       /* stands for every length from 31 on */
    PROBES_MAX = 64,     /* a longer chain means another seed */
    GAP_MAX = 1 << 20,   /* ids without a token, beyond the number of tokens */
    TOKEN_BYTES_MAX = 1 << 20
};

/* ---- adding ---- */

bool vocabulary_add(Vocabulary *vocabulary, const char *text, size_t size, int64_t id, Error *err) {
    if (id < 0 || id > INT32_MAX - 1 || id > (int64_t)vocabulary->count + GAP_MAX)
        return FAIL(err, ERROR_MODEL, "token '%.*s' has id %lld, expected one from 0, without great gaps",
                    (int)(size > 64 ? 64 : size), size ? text : "", (long long)id);
    if (size > TOKEN_BYTES_MAX)
        return FAIL(err, ERROR_MODEL, "token of id %lld has %zu bytes, expected at most %d", (long long)id, size,
                    (int)TOKEN_BYTES_MAX);
    TokenText *grown = mem_grow(vocabulary->tokens, &vocabulary->capacity, (size_t)id + 1, sizeof *grown, err);
    if (!grown) return false;
    vocabulary->tokens = grown;
    while (vocabulary->ids <= id) vocabulary->tokens[vocabulary->ids++] = (TokenText){0};
    if (!grown[id].present) vocabulary->count++;
    grown[id] = (TokenText){.start = vocabulary->text.size, .size = (uint32_t)size, .present = true};
    buffer_add(&vocabulary->text, text, size);
    return buffer_ok(&vocabulary->text, err);
}

const char *vocabulary_token(const Vocabulary *vocabulary, int32_t id, size_t *size) {
    *size = 0;
    if (id < 0 || id >= vocabulary->ids || !vocabulary->tokens[id].present) return NULL;
    *size = vocabulary->tokens[id].size;
    return vocabulary->text.data ? vocabulary->text.data + vocabulary->tokens[id].start : "";
}

void vocabulary_free(Vocabulary *vocabulary) {
    buffer_free(&vocabulary->text);
    free(vocabulary->tokens);
    mem_free(vocabulary->slots);
    mem_free(vocabulary->lengths);
    *vocabulary = (Vocabulary){0};
}

/* ---- the table ---- */

typedef struct PieceKey {
    uint64_t low, high;
    uint32_t size;
} PieceKey;

static uint64_t little_endian(uint64_t word) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(word);
#else
    return word;
#endif
}

/* The first `bytes` of a little-endian word, 0 to 8. */
static uint64_t first_bytes(uint64_t word, uint32_t bytes) { return bytes >= 8 ? word : word & (((uint64_t)1 << bytes * 8) - 1); }

static PieceKey short_key(uint64_t low, uint64_t high, uint32_t size) {
    return (PieceKey){first_bytes(low, size), size > 8 ? first_bytes(high, size - 8) : 0, size};
}

/* All bytes mixed into two words: equal ones are compared byte by byte afterwards. */
static PieceKey long_key(const char *text, uint32_t size) {
    uint64_t low = 0xCBF29CE484222325u, high = 0;
    for (uint32_t i = 0; i < size; i++) {
        low = (low ^ (unsigned char)text[i]) * 0x100000001B3u;
        high += low ^ low >> 31;
    }
    return (PieceKey){low, high, size};
}

/* Reads no byte behind text[size). */
static PieceKey exact_key(const char *text, size_t size) {
    if (size > PIECE_WORD_BYTES) return long_key(text, (uint32_t)size);
    uint64_t words[2] = {0, 0};
    if (size) memcpy(words, text, size);
    return (PieceKey){little_endian(words[0]), little_endian(words[1]), (uint32_t)size};
}

static bool slot_holds(const Vocabulary *vocabulary, const PieceSlot *slot, PieceKey key, const char *text, bool inside) {
    if (slot->low != key.low || slot->high != key.high || slot->size != key.size || (slot->id < 0) != inside) return false;
    if (key.size <= PIECE_WORD_BYTES) return true;
    const TokenText *token = &vocabulary->tokens[inside ? ~slot->id : slot->id];
    return memcmp(vocabulary->text.data + token->start + (token->size - key.size), text, key.size) == 0;
}

/* The slot that holds the piece, or the empty one where it would go; NULL behind PROBES_MAX others. */
static PieceSlot *slot_find(const Vocabulary *vocabulary, PieceKey key, const char *text, bool inside) {
    uint64_t at = piece_hash(vocabulary, key.low, key.high, key.size, inside) & vocabulary->mask;
    for (int probe = 0; probe < PROBES_MAX; probe++, at = (at + 1) & vocabulary->mask) {
        PieceSlot *slot = &vocabulary->slots[at];
        if (slot->size == 0 || slot_holds(vocabulary, slot, key, text, inside)) return slot;
    }
    return NULL;
}

static int32_t find(const Vocabulary *vocabulary, PieceKey key, const char *text, bool inside) {
    const PieceSlot *slot = slot_find(vocabulary, key, text, inside);
    if (!slot || slot->size == 0) return NO_TOKEN;
    return inside ? ~slot->id : slot->id;
}

static uint32_t *lengths_of(const Vocabulary *vocabulary, const char *text, size_t size, bool inside) {
    uint32_t begins = (unsigned char)text[0];
    if (size > 1) begins |= (uint32_t)(unsigned char)text[1] << 8;
    return &vocabulary->lengths[(inside ? LENGTH_KINDS : 0) + (begins * 0x9E3779B1u >> 20)];
}

static bool index_piece(Vocabulary *vocabulary, const char *text, size_t size, int32_t id, bool inside) {
    PieceSlot *slot = slot_find(vocabulary, exact_key(text, size), text, inside);
    if (!slot) return false;
    if (slot->size && !inside) { /* the earlier of two equal tokens is gone, but in the list of texts */
        vocabulary->tokens[slot->id].present = false;
        vocabulary->count--;
    }
    PieceKey key = exact_key(text, size);
    *slot = (PieceSlot){key.low, key.high, key.size, inside ? ~id : id};
    uint32_t bit = (uint32_t)1 << (size < LONG_BIT ? size : LONG_BIT);
    *lengths_of(vocabulary, text, size, inside) |= bit;
    if (size == 1) /* a text of more bytes looks under its first two: any second one */
        for (int second = 0; second < 256; second++) *lengths_of(vocabulary, (char[]){text[0], (char)second}, 2, inside) |= bit;
    if (size > vocabulary->longest) vocabulary->longest = (uint32_t)size;
    return true;
}

/* False when a chain grew too long under this seed. */
static bool index_all(Vocabulary *vocabulary) {
    const size_t prefix = sizeof CONTINUATION_PREFIX - 1;
    for (int32_t id = 0; id < vocabulary->ids; id++) {
        size_t size;
        const char *text = vocabulary_token(vocabulary, id, &size);
        if (!text || size == 0) continue;
        if (!index_piece(vocabulary, text, size, id, false)) return false;
        bool inside = size > prefix && memcmp(text, CONTINUATION_PREFIX, prefix) == 0;
        if (inside && !index_piece(vocabulary, text + prefix, size - prefix, id, true)) return false;
    }
    return true;
}

bool vocabulary_index(Vocabulary *vocabulary, Error *err) {
    size_t slots = 64;
    while (slots < (size_t)vocabulary->count * 3) slots *= 2; /* twice a token at most: two thirds full, mostly well below half */
    for (uint64_t seed = 1; seed <= 4; seed++) {
        mem_free(vocabulary->slots);
        mem_free(vocabulary->lengths);
        vocabulary->lengths = NULL;
        vocabulary->slots = mem_new(slots, sizeof *vocabulary->slots, err);
        if (!vocabulary->slots) return false;
        vocabulary->lengths = mem_new((size_t)2 * LENGTH_KINDS, sizeof *vocabulary->lengths, err);
        if (!vocabulary->lengths) return false;
        vocabulary->mask = slots - 1;
        vocabulary->seed = seed * 0xD6E8FEB86659FD93u;
        if (index_all(vocabulary)) return true;
        slots *= 2;
    }
    return FAIL(err, ERROR_MODEL, "the tokens collide in the hash table; is this a vocabulary?");
}

/* ---- searching ---- */

int32_t vocabulary_find(const Vocabulary *vocabulary, const char *text, size_t size) {
    if (size == 0 || size > vocabulary->longest) return NO_TOKEN;
    return find(vocabulary, exact_key(text, size), text, false);
}

static bool is_boundary(const char *text, size_t at) { return ((unsigned char)text[at] & 0xC0) != 0x80; }

/* Pieces of 17 bytes and more, the longest first. */
static int32_t longest_of_long(const Vocabulary *vocabulary, const char *text, size_t size, uint32_t lengths, bool inside,
                               size_t *taken) {
    if (!(lengths >> (PIECE_WORD_BYTES + 1))) return NO_TOKEN;
    for (size_t n = size < vocabulary->longest ? size : vocabulary->longest; n > PIECE_WORD_BYTES; n--) {
        if (!(lengths >> (n < LONG_BIT ? n : LONG_BIT) & 1) || (n < size && !is_boundary(text, n))) continue;
        int32_t id = find(vocabulary, long_key(text, (uint32_t)n), text, inside);
        if (id != NO_TOKEN) {
            *taken = n;
            return id;
        }
    }
    return NO_TOKEN;
}

int32_t vocabulary_longest(const Vocabulary *vocabulary, const char *text, size_t size, bool inside, size_t *taken) {
    uint32_t lengths = *lengths_of(vocabulary, text, size, inside);
    if (size > PIECE_WORD_BYTES) {
        int32_t id = longest_of_long(vocabulary, text, size, lengths, inside, taken);
        if (id != NO_TOKEN) return id;
    }
    uint64_t words[2];
    memcpy(words, text, sizeof words);
    words[0] = little_endian(words[0]);
    words[1] = little_endian(words[1]);
    uint32_t n = size < PIECE_WORD_BYTES ? (uint32_t)size : PIECE_WORD_BYTES;
    lengths &= (uint32_t)(((uint64_t)2 << n) - 1);
    while (lengths) {
        n = 31u - (uint32_t)__builtin_clz(lengths);
        lengths ^= (uint32_t)1 << n;
        int32_t id = find(vocabulary, short_key(words[0], words[1], n), text, inside);
        if (id != NO_TOKEN) {
            *taken = n;
            return id;
        }
    }
    return NO_TOKEN;
}
