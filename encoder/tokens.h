/* The token ids of many texts, end to end. */
#ifndef TWOFOLD_ENCODER_TOKENS_H
#define TWOFOLD_ENCODER_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/parallel.h"
#include "encoder/tokenizer.h"

#pragma GCC visibility push(default)

typedef struct Tokens {
    int rows;
    int32_t *ids;    /* row r: ids[starts[r] .. starts[r + 1]), [CLS] and [SEP] included, so at least 2 */
    int64_t *starts; /* (rows + 1) */
    int32_t *full;   /* (rows): length before truncation; more than the row's length where it was truncated */
    int truncated;   /* rows that were */
} Tokens;

/* Encodes rows of text, row r being text[starts[r] .. starts[r + 1]) of valid UTF-8 (a Dataset's text and starts), with at
 * most max_length tokens each (0: all of them). The ids do not depend on the pool, which may be NULL. Takes a zeroed Tokens;
 * release with tokens_free. */
MUST_CHECK bool tokens_encode(Tokens *tokens, const Tokenizer *tokenizer, const char *text, const int64_t *starts, int rows,
                              int max_length, Pool *pool, Error *err);
void tokens_free(Tokens *tokens);

static inline int tokens_length(const Tokens *tokens, int row) { return (int)(tokens->starts[row + 1] - tokens->starts[row]); }
static inline const int32_t *tokens_row(const Tokens *tokens, int row) { return tokens->ids + tokens->starts[row]; }

#pragma GCC visibility pop
#endif
