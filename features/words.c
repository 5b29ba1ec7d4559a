#include "features/words.h"

#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

enum { CAPITAL_SIGMA = 0x3A3, SMALL_SIGMA = 0x3C3, FINAL_SIGMA = 0x3C2, CAPITAL_I_WITH_DOT = 0x130, REPLACEMENT = 0xFFFD };

static bool is_ascii_word(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Flags of the run that the code point stands in; the commonest are known without looking. */
static uint32_t class_of(uint32_t code_point) {
    if ((code_point | 32) >= 'a' && (code_point | 32) <= 'z') return WORD_FLAG | WORD_CASED;
    if (code_point == ' ') return 0;
    int low = 0, high = WORD_CLASS_RUN_COUNT; /* the run is at or behind low, before high */
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (WORD_CLASS_RUNS[middle] >> 3 <= code_point)
            low = middle;
        else
            high = middle;
    }
    return WORD_CLASS_RUNS[low] & 7;
}

bool is_word_character(uint32_t code_point) {
    return code_point < 128 ? is_ascii_word((unsigned char)code_point) : class_of(code_point) & WORD_FLAG;
}

static uint32_t lower_of(uint32_t code_point) {
    if (code_point < 128) return code_point >= 'A' && code_point <= 'Z' ? code_point + 32 : code_point;
    int low = 0, high = WORD_LOWER_RUN_COUNT; /* the first run that ends at or behind the code point */
    while (low < high) {
        int middle = (low + high) / 2;
        if (WORD_LOWER_RUNS[middle].last < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == WORD_LOWER_RUN_COUNT) return code_point;
    const WordLowerRun *run = &WORD_LOWER_RUNS[low];
    if (code_point < run->first || (code_point - run->first) % run->stride) return code_point;
    return (uint32_t)((int32_t)code_point + run->delta);
}

static int decode(const char *text, size_t size, uint32_t *code_point) {
    int bytes = utf8_decode(text, size, code_point);
    if (bytes > 0) return bytes;
    *code_point = REPLACEMENT;
    return 1;
}

/* The classes of the nearest characters that matter, on both sides of a capital sigma (Unicode, table 3-17: Final_Sigma). `cased_before` is
 * known from the reading so far. */
static bool is_final_sigma(bool cased_before, const char *rest, size_t size) {
    if (!cased_before) return false;
    for (size_t at = 0; at < size;) {
        uint32_t code_point;
        at += (size_t)decode(rest + at, size - at, &code_point);
        uint32_t flags = class_of(code_point);
        if (!(flags & WORD_CASE_IGNORABLE)) return !(flags & WORD_CASED);
    }
    return true;
}

static void add_code_point(Buffer *out, uint32_t code_point) {
    char bytes[4];
    buffer_add(out, bytes, (size_t)utf8_encode(code_point, bytes));
}

/* From the first byte that is not ASCII. A sigma may look back over ASCII too, so the whole text is walked again. */
static void lower_unicode(Buffer *out, const char *text, size_t size) {
    bool cased_before = false; /* the last character that is not case-ignorable is cased */
    for (size_t at = 0; at < size;) {
        uint32_t code_point;
        int bytes = decode(text + at, size - at, &code_point);
        at += (size_t)bytes;
        if (code_point == CAPITAL_SIGMA)
            add_code_point(out, is_final_sigma(cased_before, text + at, size - at) ? FINAL_SIGMA : SMALL_SIGMA);
        else if (code_point == CAPITAL_I_WITH_DOT)
            buffer_text(out, "i\xcc\x87");
        else
            add_code_point(out, lower_of(code_point));
        uint32_t flags = class_of(code_point);
        if (!(flags & WORD_CASE_IGNORABLE)) cased_before = flags & WORD_CASED;
    }
}

void words_lower(Buffer *out, const char *text, size_t size) {
    size_t before = out->size;
    buffer_add(out, text, size);
    if (out->failed) return;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 128) {
            out->size = before;
            lower_unicode(out, text, size);
            return;
        }
        out->data[before + i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
}

/* ---- splitting ---- */

/* Multiply and fold, eight bytes at a time. */
uint64_t word_hash(const char *bytes, size_t size) {
    uint64_t hash = 0x9E3779B97F4A7C15u ^ size;
    while (size > 0) {
        uint64_t word = 0;
        size_t taken = size < 8 ? size : 8;
        memcpy(&word, bytes, taken);
        hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
        bytes += taken;
        size -= taken;
    }
    hash *= 0xD6E8FEB86659FD93u;
    return hash ^ hash >> 29;
}

static bool words_grow(Words *words, Error *err) {
    size_t needed = (size_t)words->count + 1;
    if (needed > words->ends_capacity) {
        uint32_t *ends = mem_grow(words->ends, &words->ends_capacity, needed, sizeof *ends, err);
        if (!ends) return false;
        words->ends = ends;
    }
    if (needed > words->hashes_capacity) {
        uint64_t *hashes = mem_grow(words->hashes, &words->hashes_capacity, needed, sizeof *hashes, err);
        if (!hashes) return false;
        words->hashes = hashes;
    }
    return true;
}

static bool word_add(Words *words, const char *word, size_t size, Error *err) {
    if (!words_grow(words, err)) return false;
    if (words->count) buffer_add(&words->text, " ", 1);
    buffer_add(&words->text, word, size);
    words->ends[words->count] = (uint32_t)words->text.size;
    words->hashes[words->count++] = word_hash(word, size);
    return true;
}

/* Where the word that begins at `at` ends; *characters counts it. */
static size_t word_end(const char *text, size_t size, size_t at, size_t *characters) {
    for (*characters = 0; at < size; ++*characters) {
        unsigned char c = (unsigned char)text[at];
        if (c < 128) {
            if (!is_ascii_word(c)) break;
            at++;
            continue;
        }
        uint32_t code_point;
        int bytes = decode(text + at, size - at, &code_point);
        if (!is_word_character(code_point)) break;
        at += (size_t)bytes;
    }
    return at;
}

/* Behind the character at `at`, which is no part of a word. */
static size_t gap_skip(const char *text, size_t size, size_t at) {
    uint32_t code_point;
    return (unsigned char)text[at] < 128 ? at + 1 : at + (size_t)decode(text + at, size - at, &code_point);
}

bool words_split(Words *words, const char *text, size_t size, bool lowercase, Error *err) {
    words->count = 0;
    words->text.size = words->lowered.size = 0;
    if (size > UINT32_MAX / 4) return FAIL(err, ERROR_DATA, "a text of %zu bytes, expected less than 1 GB", size);
    if (lowercase) {
        words_lower(&words->lowered, text, size);
        if (!buffer_ok(&words->lowered, err)) return false;
        text = words->lowered.data;
        size = words->lowered.size;
    }
    for (size_t at = 0; at < size;) {
        size_t characters, end = word_end(text, size, at, &characters);
        if (characters >= 2 && !word_add(words, text + at, end - at, err)) return false;
        at = end > at ? end : gap_skip(text, size, at);
    }
    return buffer_ok(&words->text, err);
}

void words_free(Words *words) {
    buffer_free(&words->text);
    buffer_free(&words->lowered);
    free(words->ends);
    free(words->hashes);
    *words = (Words){0};
}
