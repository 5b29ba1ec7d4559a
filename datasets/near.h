/* Near duplicates: pairs of texts whose sets of word shingles overlap with a Jaccard similarity of at least 0.8.
 *
 * A shingle is two neighbouring words of the normalised text (datasets/normalize.h); a text of one word has that word as its only shingle.
 * Repeated shingles count once.
 *
 * All pairs are found, none by chance: prefix filtering (Bayardo, Ma and Srikant 2007, "Scaling Up All Pairs Similarity Search"; positions
 * as in Xiao et al. 2008, PPJoin). With the shingles of every text in one order, rarest first, two texts of n and m shingles that
 * are near share one among their first n − ⌈0.8 n⌉ + 1 and m − ⌈0.8 m⌉ + 1; whoever does is compared in full. Shingles are numbered by
 * their words and compared as numbers, so that no hash can make two equal. */
#ifndef TWOFOLD_DATASETS_NEAR_H
#define TWOFOLD_DATASETS_NEAR_H

#include "datasets/normalize.h"

typedef struct NearPair {
    int32_t later, earlier; /* forms: numbers in NormalTexts, earlier < later */
    int32_t shared, all;    /* shingles in both, and in either: the similarity is shared / all */
} NearPair;

typedef struct NearPairs {
    NearPair *pairs; /* (count), by later, then earlier */
    int64_t count;
    int cut; /* texts with so many look-alikes that not all of theirs are listed: see NEAR_… below */
} NearPairs;

/* What bounds the work on hostile data; natural texts stay far below. A text's search ends after so many near ones (NEAR_PAIRS_MOST shared out over all texts, at
 * least NEAR_LEAST), so many comparisons or so many places looked at. */
enum { NEAR_PAIRS_MOST = 16000000, NEAR_LEAST = 16, NEAR_COMPARED_MOST = 4096, NEAR_LOOKED_MOST = 65536 };

/* The same for any number of threads. Release with near_pairs_free, also after a failure. */
MUST_CHECK bool near_pairs_find(NearPairs *near, const NormalTexts *texts, Pool *pool, Error *err);
void near_pairs_free(NearPairs *near);

#endif
