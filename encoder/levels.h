/* The two teaching levels below WordPiece, as the textbooks show them: a text as its characters, or as its words between white
 * space (Python's `list(text)` and `text.split()`), and ids that number the different tokens of this one text in sorted order. */
#ifndef TWOFOLD_ENCODER_LEVELS_H
#define TWOFOLD_ENCODER_LEVELS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

typedef enum Level { LEVEL_WORDPIECE, LEVEL_WORD, LEVEL_CHAR } Level;

typedef struct LevelToken {
    size_t start, size; /* bytes of the text */
    int32_t id;         /* place among the text's different tokens, sorted by their characters */
} LevelToken;

typedef struct LevelTokens {
    LevelToken *tokens;
    size_t count, capacity;
    int32_t different; /* number of ids */
} LevelTokens;

/* Cuts valid UTF-8 at LEVEL_WORD or LEVEL_CHAR. Takes a zeroed LevelTokens, or one to be used again. */
MUST_CHECK bool levels_encode(LevelTokens *out, Level level, const char *text, size_t size, Error *err);
void levels_free(LevelTokens *tokens);

#endif
