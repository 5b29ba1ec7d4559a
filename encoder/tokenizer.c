#include "encoder/tokenizer.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "encoder/tokenizer_state.h"

/* ---- ids ---- */

static void push(Encoding *encoding, int32_t id) {
    if (encoding->count == encoding->capacity) {
        int32_t *grown = mem_grow(encoding->ids, &encoding->capacity, encoding->count + 1, sizeof *grown, NULL);
        if (!grown) {
            encoding->failed = true;
            return;
        }
        encoding->ids = grown;
    }
    encoding->ids[encoding->count++] = id;
}

void encoding_free(Encoding *encoding) {
    free(encoding->ids);
    buffer_free(&encoding->scratch);
    *encoding = (Encoding){0};
}

/* ---- words ---- */

/* A word that is being gathered, normalised. */
typedef struct Word {
    size_t size;
    size_t characters; /* also those beyond WORD_CHARACTERS_MAX, which are not kept */
    char text[WORD_CHARACTERS_MAX * 4 + PIECE_PADDING];
} Word;

/* WordPiece: the longest token the rest begins with, again and again; a word with a rest that begins with none is [UNK] as a
 * whole. */
static void encode_word(const Tokenizer *tokenizer, Encoding *encoding, const char *text, size_t size) {
    size_t mark = encoding->count;
    for (size_t at = 0, taken = 0; at < size; at += taken) {
        int32_t id = vocabulary_longest(&tokenizer->vocabulary, text + at, size - at, at > 0, &taken);
        if (id == NO_TOKEN) {
            encoding->count = mark;
            push(encoding, tokenizer->unk);
            return;
        }
        push(encoding, id);
    }
}

static void word_flush(const Tokenizer *tokenizer, Encoding *encoding, Word *word) {
    if (word->characters > WORD_CHARACTERS_MAX)
        push(encoding, tokenizer->unk);
    else if (word->characters)
        encode_word(tokenizer, encoding, word->text, word->size);
    word->size = word->characters = 0;
}

static void word_add(Word *word, uint32_t code_point) {
    if (++word->characters <= WORD_CHARACTERS_MAX) word->size += (size_t)utf8_encode(code_point, word->text + word->size);
}

/* One code point of normalised text. */
static void add_normalized(const Tokenizer *tokenizer, Encoding *encoding, Word *word, uint32_t code_point, FoldKind kind) {
    if (kind == FOLD_LETTER) {
        word_add(word, code_point);
        return;
    }
    word_flush(tokenizer, encoding, word);
    if (kind != FOLD_ALONE) return;
    word_add(word, code_point);
    word_flush(tokenizer, encoding, word);
}

/* ---- ASCII words, eight bytes at a time ---- */

static uint64_t load_word(const char *bytes, size_t size) {
    uint64_t word = 0;
    memcpy(&word, bytes, size);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static void store_word(char *bytes, uint64_t word) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(bytes, &word, sizeof word);
}

/* Sets bit 5 of every byte in 'A'..'Z'; all bytes are below 0x80. */
static uint64_t lower_word(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t from_a = word + ones * (0x80 - 'A'), behind_z = word + ones * (0x7F - 'Z');
    return word | (from_a & ~behind_z & ones * 0x80) >> 2;
}

static uint64_t keep_bytes(uint64_t word, size_t bytes) { return bytes >= 8 ? word : word & (((uint64_t)1 << bytes * 8) - 1); }

/* A whole word of 1 to 16 ASCII letters that cleaning leaves as they are; `readable` bytes from text on may be read. */
static void encode_short(const Tokenizer *tokenizer, Encoding *encoding, const char *text, size_t size, size_t readable) {
    uint64_t low, high = 0;
    if (readable >= PIECE_WORD_BYTES) {
        low = keep_bytes(load_word(text, 8), size);
        if (size > 8) high = keep_bytes(load_word(text + 8, 8), size - 8);
    } else {
        low = load_word(text, size < 8 ? size : 8);
        if (size > 8) high = load_word(text + 8, size - 8);
    }
    if (tokenizer->normalizer.options.lower_case) {
        low = lower_word(low);
        high = lower_word(high);
    }
    int32_t id = vocabulary_word(&tokenizer->vocabulary, low, high, (uint32_t)size);
    if (id != NO_TOKEN) {
        push(encoding, id);
        return;
    }
    char word[PIECE_WORD_BYTES + PIECE_PADDING] = {0};
    store_word(word, low);
    store_word(word + 8, high);
    encode_word(tokenizer, encoding, word, size);
}

/* A run of ASCII letters that joins the word before it, is longer than 16, or goes on with other characters. */
static void word_add_ascii(const Tokenizer *tokenizer, Word *word, const char *text, size_t size) {
    bool lower = tokenizer->normalizer.options.lower_case;
    size_t room = word->characters < WORD_CHARACTERS_MAX ? WORD_CHARACTERS_MAX - word->characters : 0;
    for (size_t i = 0; i < size && i < room; i++)
        word->text[word->size++] = (char)(lower && text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]);
    word->characters += size;
}

/* ---- a stretch of text without added tokens ---- */

/* A character beyond ASCII; its bytes in *taken. False when its place depends on its neighbours. */
static bool add_high(const Tokenizer *tokenizer, Encoding *encoding, Word *word, const char *text, size_t size, size_t *taken) {
    uint32_t code_point, parts[NORMALIZER_EXPANSION_MAX];
    int length = utf8_decode(text, size, &code_point);
    *taken = length ? (size_t)length : 1;
    Fold fold = normalizer_fold(&tokenizer->normalizer, length ? code_point : 0xFFFD);
    if (fold.kind == FOLD_REORDER) return false;
    if (fold.kind == FOLD_MANY) {
        int count = normalizer_expand(&tokenizer->normalizer, code_point, parts);
        for (int i = 0; i < count; i++) add_normalized(tokenizer, encoding, word, parts[i], normalizer_word_kind(parts[i]));
    } else if (fold.kind != FOLD_DROP) {
        add_normalized(tokenizer, encoding, word, fold.code_point, (FoldKind)fold.kind);
    }
    return true;
}

/* One pass, each character by itself. False when canonical ordering would move one: then the ids so far are worth nothing. */
static bool encode_directly(const Tokenizer *tokenizer, Encoding *encoding, const char *text, size_t size) {
    const unsigned char *bytes = (const unsigned char *)text, *classes = tokenizer->classes;
    Word word;
    word.size = word.characters = 0;
    for (size_t at = 0, taken; at < size; at += taken) {
        taken = 1;
        switch ((ByteClass)classes[bytes[at]]) {
        case BYTE_SPACE: word_flush(tokenizer, encoding, &word); break;
        case BYTE_DROP: break;
        case BYTE_ALONE:
            word_flush(tokenizer, encoding, &word);
            push(encoding, tokenizer->alone_ids[bytes[at]]);
            break;
        case BYTE_LETTER:
            while (at + taken < size && classes[bytes[at + taken]] == BYTE_LETTER) taken++;
            bool ends =
                at + taken == size || classes[bytes[at + taken]] == BYTE_SPACE || classes[bytes[at + taken]] == BYTE_ALONE;
            if (ends && taken <= PIECE_WORD_BYTES && word.characters == 0)
                encode_short(tokenizer, encoding, text + at, taken, size - at);
            else
                word_add_ascii(tokenizer, &word, text + at, taken);
            break;
        case BYTE_HIGH:
            if (!add_high(tokenizer, encoding, &word, text + at, size - at, &taken)) return false;
        }
    }
    word_flush(tokenizer, encoding, &word);
    return true;
}

static void encode_normalized(const Tokenizer *tokenizer, Encoding *encoding, const char *text, size_t size) {
    Word word;
    word.size = word.characters = 0;
    for (size_t at = 0; at < size;) {
        uint32_t code_point = 0xFFFD;
        int length = utf8_decode(text + at, size - at, &code_point);
        at += length ? (size_t)length : 1;
        add_normalized(tokenizer, encoding, &word, code_point, normalizer_word_kind(code_point));
    }
    word_flush(tokenizer, encoding, &word);
}

/* As the judge does it, one step after the other: normalise, look for the added tokens that are normalised, cut into words. */
static void encode_by_steps(const Tokenizer *tokenizer, Encoding *encoding, const char *text, size_t size) {
    Buffer *scratch = &encoding->scratch;
    scratch->size = 0;
    normalizer_text(&tokenizer->normalizer, scratch, text, size);
    encoding->failed |= scratch->failed;
    if (scratch->size == 0) return;
    size_t at = 0;
    for (AddedMatch match; added_next(&tokenizer->normalized, scratch->data, scratch->size, at, &match); at = match.end) {
        encode_normalized(tokenizer, encoding, scratch->data + at, match.start - at);
        push(encoding, match.id);
    }
    encode_normalized(tokenizer, encoding, scratch->data + at, scratch->size - at);
}

static void encode_stretch(const Tokenizer *tokenizer, Encoding *encoding, const char *text, size_t size) {
    size_t mark = encoding->count;
    if (tokenizer->normalized.count == 0 && encode_directly(tokenizer, encoding, text, size)) return;
    encoding->count = mark;
    encode_by_steps(tokenizer, encoding, text, size);
}

/* ---- a text ---- */

static void truncate(const Tokenizer *tokenizer, Encoding *encoding, size_t max_length) {
    size_t kept = max_length - 2;
    if (tokenizer->truncate_left)
        memmove(encoding->ids + 1, encoding->ids + (encoding->count - 1 - kept), kept * sizeof *encoding->ids);
    encoding->ids[max_length - 1] = tokenizer->sep;
    encoding->count = max_length;
}

bool tokenizer_encode(const Tokenizer *tokenizer, Encoding *encoding, const char *text, size_t size, int max_length, Error *err) {
    assert(max_length == 0 || max_length >= 2);
    encoding->count = 0;
    encoding->failed = false;
    encoding->scratch.failed = false;
    push(encoding, tokenizer->cls);
    size_t at = 0;
    for (AddedMatch match; added_next(&tokenizer->raw, text, size, at, &match); at = match.end) {
        encode_stretch(tokenizer, encoding, text + at, match.start - at);
        push(encoding, match.id);
    }
    encode_stretch(tokenizer, encoding, text + at, size - at);
    push(encoding, tokenizer->sep);
    if (encoding->failed) return FAIL(err, ERROR_FAILED, "out of memory while tokenizing a text of %zu bytes", size);
    encoding->full = encoding->count;
    if (max_length && encoding->count > (size_t)max_length) truncate(tokenizer, encoding, (size_t)max_length);
    return true;
}

void tokenizer_normalize(const Tokenizer *tokenizer, Buffer *out, const char *text, size_t size) {
    normalizer_text(&tokenizer->normalizer, out, text, size);
}

/* ---- back to text ---- */

typedef struct Replacement {
    const char *from, *to;
} Replacement;

/* In this order, each over the result of the one before. "do not" only token by token, where it never fits a token. */
static const Replacement CLEAN_UPS[] = {{" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
                                        {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};

/* Replaces within data[from..size), left to right; every replacement is shorter than what it replaces. */
static void replace_all(Buffer *out, size_t from, Replacement replacement) {
    size_t find = strlen(replacement.from), put = strlen(replacement.to), to = from;
    for (size_t at = from; at < out->size;) {
        if (out->size - at >= find && memcmp(out->data + at, replacement.from, find) == 0) {
            memcpy(out->data + to, replacement.to, put);
            at += find;
            to += put;
        } else {
            out->data[to++] = out->data[at++];
        }
    }
    out->size = to;
}

static void clean_up(Buffer *out, size_t from) {
    if (!out->data) return;
    for (size_t i = 0; i < sizeof CLEAN_UPS / sizeof *CLEAN_UPS; i++) replace_all(out, from, CLEAN_UPS[i]);
    out->data[out->size] = '\0';
}

void tokenizer_decode(const Tokenizer *tokenizer, Buffer *out, const int32_t *ids, size_t count, bool skip_special_tokens) {
    const size_t prefix = sizeof CONTINUATION_PREFIX - 1;
    size_t begin = out->size;
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        size_t size, start = out->size;
        const char *token = tokenizer_token(tokenizer, ids[i], &size);
        if (!token || (skip_special_tokens && tokenizer_is_special(tokenizer, ids[i]))) continue;
        if (!first && size >= prefix && memcmp(token, CONTINUATION_PREFIX, prefix) == 0) {
            token += prefix;
            size -= prefix;
        } else if (!first) {
            buffer_add(out, " ", 1);
        }
        buffer_add(out, token, size);
        clean_up(out, start);
        first = false;
    }
    if (tokenizer->clean_up_spaces) clean_up(out, begin);
}

/* ---- what it knows ---- */

const char *tokenizer_token(const Tokenizer *tokenizer, int32_t id, size_t *size) {
    return vocabulary_token(&tokenizer->vocabulary, id, size);
}

int32_t tokenizer_id(const Tokenizer *tokenizer, const char *token, size_t size) {
    int32_t id = added_find(&tokenizer->contents, token, size);
    return id >= 0 ? id : vocabulary_find(&tokenizer->vocabulary, token, size);
}

bool tokenizer_is_special(const Tokenizer *tokenizer, int32_t id) {
    return id >= 0 && id < tokenizer->vocabulary.ids && tokenizer->special[id];
}

int tokenizer_ids(const Tokenizer *tokenizer) { return tokenizer->vocabulary.ids; }
int tokenizer_max_length(const Tokenizer *tokenizer) { return tokenizer->max_length; }
int32_t tokenizer_cls(const Tokenizer *tokenizer) { return tokenizer->cls; }
int32_t tokenizer_sep(const Tokenizer *tokenizer) { return tokenizer->sep; }
int32_t tokenizer_pad(const Tokenizer *tokenizer) { return tokenizer->pad; }
int32_t tokenizer_unk(const Tokenizer *tokenizer) { return tokenizer->unk; }
int32_t tokenizer_mask(const Tokenizer *tokenizer) { return tokenizer->mask; }

void tokenizer_free(Tokenizer *tokenizer) {
    if (!tokenizer) return;
    vocabulary_free(&tokenizer->vocabulary);
    added_free(&tokenizer->raw);
    added_free(&tokenizer->normalized);
    added_free(&tokenizer->contents);
    mem_free(tokenizer->special);
    mem_free(tokenizer);
}
