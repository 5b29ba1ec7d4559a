/* The graph that UMAP lays out: an edge's weight says how surely two rows are neighbours (McInnes, Healy and Melville 2018, section 3.1, as
 * umap-learn 0.5 computes it with local_connectivity 1 and set_op_mix_ratio 1). */
#ifndef TWOFOLD_FEATURES_FUZZY_GRAPH_H
#define TWOFOLD_FEATURES_FUZZY_GRAPH_H

#include "features/neighbours.h"

/* Symmetric, without loops: row r's edges are starts[r] … starts[r+1], by rising id. */
typedef struct FuzzyGraph {
    int rows;
    int64_t *starts; /* (rows + 1) */
    int32_t *ids;
    float *weights; /* in (0, 1] */
} FuzzyGraph;

/* From each row's nearest other rows: umap-learn's n_neighbors counts the row itself, so `neighbours->k` is one less. */
MUST_CHECK bool fuzzy_graph_make(FuzzyGraph *graph, const Neighbours *neighbours, Error *err);
void fuzzy_graph_free(FuzzyGraph *graph); /* takes a zeroed one */

#endif
