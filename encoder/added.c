#include "encoder/added.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/utf8.h"

bool added_add(AddedSet *set, AddedToken token, Error *err) {
    if (token.size == 0) return true;
    AddedToken *grown = mem_grow(set->tokens, &set->capacity, set->count + 1, sizeof *grown, err);
    if (!grown) return false;
    set->tokens = grown;
    token.text = mem_copy_text(token.text, token.size, err);
    if (!token.text) return false;
    set->tokens[set->count++] = token;
    return true;
}

void added_free(AddedSet *set) {
    for (size_t i = 0; i < set->count; i++) free((void *)(uintptr_t)set->tokens[i].text);
    free(set->tokens);
    *set = (AddedSet){0};
}

int32_t added_find(const AddedSet *set, const char *text, size_t size) {
    for (size_t i = 0; i < set->count; i++)
        if (set->tokens[i].size == size && memcmp(set->tokens[i].text, text, size) == 0) return set->tokens[i].id;
    return -1;
}

static int by_bytes(const void *left, const void *right) {
    const AddedToken *a = left, *b = right;
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

void added_sort(AddedSet *set) {
    set->only = -1;
    if (set->count == 0) return;
    qsort(set->tokens, set->count, sizeof *set->tokens, by_bytes);
    for (size_t i = 0; i < set->count; i++) set->first[(unsigned char)set->tokens[i].text[0]] = true;
    if (set->tokens[0].text[0] == set->tokens[set->count - 1].text[0]) set->only = (unsigned char)set->tokens[0].text[0];
}

/* The first of tokens[low..high), which agree in their first `depth` bytes and are longer, whose next byte is at least `byte`. */
static size_t first_from(const AddedSet *set, size_t low, size_t high, size_t depth, int byte) {
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((unsigned char)set->tokens[middle].text[depth] < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The longest token that stands at text[0..size), or NULL: the sorted list is narrowed byte by byte. */
static const AddedToken *longest(const AddedSet *set, const char *text, size_t size) {
    const AddedToken *found = NULL;
    size_t low = 0, high = set->count;
    for (size_t depth = 0; low < high; depth++) {
        if (set->tokens[low].size == depth) found = &set->tokens[low];
        while (low < high && set->tokens[low].size == depth) low++;
        if (depth == size) break;
        int byte = (unsigned char)text[depth];
        low = first_from(set, low, high, depth, byte);
        high = first_from(set, low, high, depth, byte + 1);
    }
    return found;
}

/* \w, as far as a token's neighbours are concerned: letters, marks, digits, connectors and joiners. */
static bool is_word(const char *text, size_t size) {
    uint32_t code_point;
    if (!utf8_decode(text, size, &code_point)) return false;
    const char *category = utf8_category(code_point);
    return category[0] == 'L' || category[0] == 'M' || strcmp(category, "Nd") == 0 || strcmp(category, "Nl") == 0 ||
           strcmp(category, "Pc") == 0 || code_point == 0x200C || code_point == 0x200D;
}

static bool stands_alone(const char *text, size_t size, size_t start, size_t end) {
    size_t before = start;
    while (before > 0 && start - before < 4 && ((unsigned char)text[before - 1] & 0xC0) == 0x80) before--;
    if (before > 0) before--;
    return (start == 0 || !is_word(text + before, start - before)) && (end == size || !is_word(text + end, size - end));
}

/* The next place where a token may begin, or size. */
static size_t next_candidate(const AddedSet *set, const char *text, size_t size, size_t at) {
    if (set->only >= 0) {
        const char *found = at < size ? memchr(text + at, set->only, size - at) : NULL;
        return found ? (size_t)(found - text) : size;
    }
    while (at < size && !set->first[(unsigned char)text[at]]) at++;
    return at;
}

bool added_next(const AddedSet *set, const char *text, size_t size, size_t from, AddedMatch *match) {
    if (set->count == 0) return false;
    for (size_t at = next_candidate(set, text, size, from); at < size; at = next_candidate(set, text, size, at)) {
        const AddedToken *token = longest(set, text + at, size - at);
        if (token && (!token->single_word || stands_alone(text, size, at, at + token->size))) {
            *match = (AddedMatch){at, at + token->size, token->id};
            return true;
        }
        at += token ? token->size : 1;
    }
    return false;
}
