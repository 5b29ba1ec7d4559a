/* Features from an encoder: one vector a text, pooled from a layer's hidden states. */
#ifndef TWOFOLD_FEATURES_EXTRACT_H
#define TWOFOLD_FEATURES_EXTRACT_H

#include "common/observer.h"
#include "common/parallel.h"
#include "common/sha256.h"
#include "encoder/encoder.h"
#include "encoder/tokens.h"
#include "features/features.h"

#pragma GCC visibility push(default)

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

#define EXTRACT_DEFAULTS \
    { .pooling = POOLING_CLS, .layer = -1 }

enum { EXTRACT_MOST = 16 };

/* What is made of an encoder, with the room to make it in: kept for many calls. Encoder and pool (may be NULL) must outlive it.
 * Not shared by threads. ERROR_USAGE for a layer that the encoder does not have. */
typedef struct Extractor Extractor;
MUST_CHECK Extractor *extractor_new(const ExtractOptions *wanted, int wanted_count, const Encoder *encoder, Pool *pool,
                                    Error *err);
void extractor_free(Extractor *extractor); /* takes NULL */

/* out[w] (count, C) for the w-th of the wanted, all from one pass over rows[0..count) of the tokens (NULL: all of them); row i of
 * the features is rows[i]. `out` is zeroed before; free it also after a failure. */
MUST_CHECK bool extractor_run(Extractor *extractor, Features *out, const Tokens *tokens, const int32_t *rows, int count,
                              const Observer *observer, Error *err);

/* The three in one call. */
MUST_CHECK bool features_extract(Features *out, const ExtractOptions *wanted, int wanted_count, const Encoder *encoder,
                                 const Tokens *tokens, const int32_t *rows, int count, Pool *pool, const Observer *observer,
                                 Error *err);

/* "cls", "mean", "max" */
const char *pooling_name(Pooling pooling);
bool pooling_find(const char *name, Pooling *pooling);

#pragma GCC visibility pop
#endif
