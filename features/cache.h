/* Features that were made before: kept under a key of everything they depend on, so that a second command need not make them
 * again. The cache only ever saves time: what cannot be read back whole is made again, what cannot be written is not kept, and
 * neither is a failure. */
#ifndef TWOFOLD_FEATURES_CACHE_H
#define TWOFOLD_FEATURES_CACHE_H

#include "common/file.h"
#include "features/extract.h"

#pragma GCC visibility push(default)

typedef struct FeatureCache {
    Path folder; /* "" when nothing is kept */
} FeatureCache;

/* folder: NULL for $XDG_CACHE_HOME/twofold, else ~/.cache/twofold. */
FeatureCache feature_cache(const char *folder);
FeatureCache feature_cache_none(void);

enum { FEATURES_CHUNK_ROWS = 8192 };

/* Takes some rows: row i of the chunk is row first + i. Chunks come in order; the values are borrowed until it returns. */
typedef bool (*FeatureUse)(void *context, const Features *chunk, int first, Error *err);

/* The features of all rows of the tokens, FEATURES_CHUNK_ROWS at a time, so that they need not fit into memory; from the cache where it has
 * them, and then kept there. The same values as features_extract_cached's, under the same key. */
MUST_CHECK bool features_stream(const ExtractOptions *wanted, const FeatureCache *cache, const Sha256Hex *model, const Encoder *encoder,
                                const Tokens *tokens, Pool *pool, FeatureUse use, void *context, const Observer *observer, Error *err);

/* As features_extract, but for what the cache has. model: the identity of the encoder's weights and config. times[w] is what
 * making out[w] took when it was made; NULL to leave it out. */
typedef struct FeatureTimes {
    double wall_s, cpu_s; /* cpu_s: of all threads; NaN when it was not written down */
} FeatureTimes;
MUST_CHECK bool features_extract_timed(Features *out, FeatureTimes *times, const ExtractOptions *wanted, int wanted_count,
                                       const FeatureCache *cache, const Sha256Hex *model, const Encoder *encoder,
                                       const Tokens *tokens, const int32_t *rows, int count, Pool *pool, const Observer *observer,
                                       Error *err);
/* The same, with the wall time alone. */
MUST_CHECK bool features_extract_cached(Features *out, double *seconds, const ExtractOptions *wanted, int wanted_count,
                                        const FeatureCache *cache, const Sha256Hex *model, const Encoder *encoder,
                                        const Tokens *tokens, const int32_t *rows, int count, Pool *pool,
                                        const Observer *observer, Error *err);

#pragma GCC visibility pop
#endif
