/* Features from an encoder: one vector a text, pooled from a layer's hidden states. */
#ifndef TWOFOLD_FEATURES_EXTRACT_H
#define TWOFOLD_FEATURES_EXTRACT_H

#include "common/observer.h"
#include "common/parallel.h"
#include "common/sha256.h"
#include "encoder/encoder.h"
#include "encoder/tokens.h"
#include "features/features.h"

typedef enum Pooling {
    POOLING_CLS,  /* the [CLS] row */
    POOLING_MEAN, /* the mean over all tokens, [CLS] and [SEP] included, as sentence-transformers has it */
    POOLING_MAX   /* the greatest of each channel */
} Pooling;

typedef struct ExtractOptions {
    Pooling pooling;
    int layer;      /* hidden state: 0 are the embeddings, L the last layer's; negative counts from the end, -1 is L */
    bool normalize; /* every vector to Euclidean length 1 (torch.nn.functional.normalize: divided by max(length, 1e-12)) */
} ExtractOptions;

#define EXTRACT_DEFAULTS {.pooling = POOLING_CLS, .layer = -1}

enum { EXTRACT_MOST = 8 };

/* out[w] (count, C) for wanted[w], all from one pass over rows[0..count) of the tokens (NULL: all of them); row i of the features is
 * rows[i]. ERROR_USAGE for a layer that the encoder does not have. `out` is zeroed before; free it also after a failure. */
MUST_CHECK bool features_extract(Features *out, const ExtractOptions *wanted, int wanted_count, const Encoder *encoder,
                                 const Tokens *tokens, const int32_t *rows, int count, Pool *pool, const Observer *observer, Error *err);

/* "cls", "mean", "max" */
const char *pooling_name(Pooling pooling);
bool pooling_find(const char *name, Pooling *pooling);

#endif
