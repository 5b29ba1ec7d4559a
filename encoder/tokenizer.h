/* Hugging Face's `BertTokenizerFast`: text to token ids, equal to the last id. A Tokenizer is const after tokenizer_load and
 * shared by threads; what an encoding needs besides is in the caller's Encoding.
 *
 *     Tokenizer *tokenizer = tokenizer_load("models/minilm", &err);
 *     Encoding encoding = {0};
 *     if (tokenizer && tokenizer_encode(tokenizer, &encoding, text, size, 512, &err))
 *         … encoding.ids[0..encoding.count)
 *     encoding_free(&encoding);
 *     tokenizer_free(tokenizer);
 */
#ifndef TWOFOLD_ENCODER_TOKENIZER_H
#define TWOFOLD_ENCODER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/memory.h"

#pragma GCC visibility push(default)

typedef struct Tokenizer Tokenizer;

/* Reads a model folder: tokenizer.json, else vocab.txt; over it tokenizer_config.json (and special_tokens_map.json,
 * added_tokens.json), as transformers does. ERROR_MODEL names the file and what is wrong in it. */
MUST_CHECK Tokenizer *tokenizer_load(const char *folder, Error *err);
void tokenizer_free(Tokenizer *tokenizer); /* takes NULL */

/* The ids of one text, and what is kept between texts to allocate nothing. Start from a zeroed one. */
typedef struct Encoding {
    int32_t *ids; /* (count), [CLS] and [SEP] included */
    size_t count;
    size_t full; /* what count would be without truncation; more than count says that the text was truncated */
    size_t capacity;
    Buffer scratch;
    bool failed;
} Encoding;
void encoding_free(Encoding *encoding);

/* Encodes text[0..size), valid UTF-8 (utf8_replace makes it so). A max_length of 0 never truncates; else it is at least 2:
 * [CLS], the first tokens of the text, [SEP]. Fails only for want of memory. */
MUST_CHECK bool tokenizer_encode(const Tokenizer *tokenizer, Encoding *encoding, const char *text, size_t size, int max_length,
                                 Error *err);

/* Appends what `decode` of transformers gives: words joined by spaces, "##" joined on, spaces in front of punctuation removed.
 * Ids that are none are left out. */
void tokenizer_decode(const Tokenizer *tokenizer, Buffer *out, const int32_t *ids, size_t count, bool skip_special_tokens);

/* The text after normalisation, as a whole (added tokens are not looked for). */
void tokenizer_normalize(const Tokenizer *tokenizer, Buffer *out, const char *text, size_t size);

/* The token of an id, borrowed, not NUL-terminated; NULL when there is none. The id of a token, or -1. */
const char *tokenizer_token(const Tokenizer *tokenizer, int32_t id, size_t *size);
int32_t tokenizer_id(const Tokenizer *tokenizer, const char *token, size_t size);

int tokenizer_ids(const Tokenizer *tokenizer);        /* greatest id + 1: the rows an embedding needs */
int tokenizer_max_length(const Tokenizer *tokenizer); /* model_max_length; INT_MAX when the folder sets none */
int32_t tokenizer_cls(const Tokenizer *tokenizer);
int32_t tokenizer_sep(const Tokenizer *tokenizer);
int32_t tokenizer_pad(const Tokenizer *tokenizer);
int32_t tokenizer_unk(const Tokenizer *tokenizer);
int32_t tokenizer_mask(const Tokenizer *tokenizer);
bool tokenizer_is_special(const Tokenizer *tokenizer, int32_t id);

#pragma GCC visibility pop
#endif
