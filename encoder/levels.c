#include "encoder/levels.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/utf8.h"
#include "encoder/unicode.h"

static bool add(LevelTokens *out, size_t start, size_t size, Error *err) {
    LevelToken *grown = mem_grow(out->tokens, &out->capacity, out->count + 1, sizeof *grown, err);
    if (!grown) return false;
    if (out->count == INT32_MAX) return FAIL(err, ERROR_DATA, "a text has more than %d tokens", INT32_MAX);
    out->tokens = grown;
    out->tokens[out->count++] = (LevelToken){.start = start, .size = size};
    return true;
}

/* str.split() also splits at the four information separators, which are not White_Space. */
static bool splits(uint32_t code_point) { return unicode_is_space(code_point) || (code_point >= 0x1C && code_point <= 0x1F); }

static bool cut(LevelTokens *out, Level level, const char *text, size_t size, Error *err) {
    size_t begin = 0;
    for (size_t at = 0; at < size;) {
        uint32_t code_point = 0xFFFD;
        int length = utf8_decode(text + at, size - at, &code_point);
        size_t next = at + (length ? (size_t)length : 1);
        if (level == LEVEL_CHAR) {
            if (!add(out, at, next - at, err)) return false;
        } else if (splits(code_point)) {
            if (at > begin && !add(out, begin, at - begin, err)) return false;
            begin = next;
        }
        at = next;
    }
    return level == LEVEL_CHAR || begin == size || add(out, begin, size - begin, err);
}

typedef struct Place {
    const char *text;
    size_t size, token;
} Place;

/* By bytes, which for UTF-8 is by code points. */
static int by_text(const void *left, const void *right) {
    const Place *a = left, *b = right;
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static bool number(LevelTokens *out, const char *text, Error *err) {
    Place *places = mem_new(out->count, sizeof *places, err);
    if (!places) return false;
    for (size_t i = 0; i < out->count; i++) places[i] = (Place){text + out->tokens[i].start, out->tokens[i].size, i};
    qsort(places, out->count, sizeof *places, by_text);
    for (size_t i = 0; i < out->count; i++) {
        if (i == 0 || by_text(&places[i - 1], &places[i]) != 0) out->different++;
        out->tokens[places[i].token].id = out->different - 1;
    }
    mem_free(places);
    return true;
}

bool levels_encode(LevelTokens *out, Level level, const char *text, size_t size, Error *err) {
    assert(level != LEVEL_WORDPIECE);
    out->count = 0;
    out->different = 0;
    return cut(out, level, text, size, err) && number(out, text, err);
}

void levels_free(LevelTokens *tokens) {
    free(tokens->tokens);
    *tokens = (LevelTokens){0};
}
