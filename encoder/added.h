/* Added tokens: those that are found in a text as they stand, before it is cut into words ("[MASK]"). */
#ifndef TWOFOLD_ENCODER_ADDED_H
#define TWOFOLD_ENCODER_ADDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

typedef struct AddedToken {
    const char *text;
    size_t size;
    int32_t id;
    bool special;     /* left out by decoding that skips special tokens */
    bool single_word; /* counts only where no letter touches it */
} AddedToken;

typedef struct AddedSet {
    AddedToken *tokens; /* texts owned; by their bytes, after added_sort */
    size_t count, capacity;
    bool first[256]; /* a token begins with this byte */
    int only;        /* the byte they all begin with, or -1 */
} AddedSet;

typedef struct AddedMatch {
    size_t start, end; /* bytes of the text */
    int32_t id;
} AddedMatch;

/* Copies the text. A token with an empty one is left out. */
MUST_CHECK bool added_add(AddedSet *set, AddedToken token, Error *err);
void added_sort(AddedSet *set);
void added_free(AddedSet *set);

/* The id of the token with exactly this text, or -1. Works before added_sort. */
int32_t added_find(const AddedSet *set, const char *text, size_t size);

/* The first match at or behind `from`: of those that begin at one place the longest. What a rejected single word covers is not
 * searched again. */
bool added_next(const AddedSet *set, const char *text, size_t size, size_t from, AddedMatch *match);

#endif
