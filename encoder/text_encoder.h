/* What stands in an encoder's folder, loaded together: tokenizer, weights, network, and how long a row may be. */
#ifndef TWOFOLD_ENCODER_TEXT_ENCODER_H
#define TWOFOLD_ENCODER_TEXT_ENCODER_H

#include "common/file.h"
#include "common/observer.h"
#include "common/sha256.h"
#include "encoder/encoder.h"
#include "encoder/tokenizer.h"
#include "encoder/tokens.h"

#pragma GCC visibility push(default)

typedef struct TextEncoder {
    Path folder;
    Tokenizer *tokenizer;
    Weights weights;
    Encoder *encoder;
    int max_length; /* tokens in a row, [CLS] and [SEP] included */
} TextEncoder;

/* folder: a path (model_folder_find has found it). classes: 0 for the encoder alone, -1 for the folder's own head too.
 * max_length: 0 for the smaller of the tokenizer's model_max_length and the rows of the position table; ERROR_USAGE when it is
 * more than that table has. The pool (may be NULL) is used while loading only. */
MUST_CHECK bool text_encoder_load(TextEncoder *out, const char *folder, int classes, int max_length, Pool *pool, Error *err);
/* The same with products of another type than float32. */
MUST_CHECK bool text_encoder_load_as(TextEncoder *out, const char *folder, int classes, int max_length, Dtype dtype, Pool *pool,
                                     Error *err);
void text_encoder_free(TextEncoder *encoder); /* takes a zeroed or half-built one */

/* The rule above, for whoever loads the parts by themselves. */
MUST_CHECK bool max_length_choose(int *max_length, int asked, const Tokenizer *tokenizer, const EncoderConfig *config,
                                  Error *err);

/* The identity of the network: every weight and every number of the config that its results depend on, however they were stored.
 */
Sha256Hex weights_sha256(const Weights *weights);

#pragma GCC visibility pop
#endif
