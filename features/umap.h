/* UMAP (McInnes, Healy and Melville 2018): rows in two dimensions so that neighbours stay neighbours. Options mean what they mean in umap-learn
 * 0.5; its graph is reproduced, its layout is as good but another: a function of rows, options and seed, for any number of threads. */
#ifndef TWOFOLD_FEATURES_UMAP_H
#define TWOFOLD_FEATURES_UMAP_H

#include "features/neighbours.h"

typedef struct UmapOptions {
    int n_neighbors; /* the row itself included, at least 2; few see detail, many the whole */
    double min_dist; /* how close rows may come on the map, 0 to 1 */
    Metric metric;
    int n_epochs; /* 0: 500 for up to 10,000 rows, else 300 */
    uint64_t seed;
} UmapOptions;

#define UMAP_DEFAULTS \
    { .n_neighbors = 15, .min_dist = 0.1, .metric = METRIC_COSINE, .seed = 42 }

/* map (rows, 2). At least 3 rows; n_neighbors is lowered to the number of rows where there are fewer. ERROR_INTERRUPTED when the observer says
 * stop. */
MUST_CHECK bool umap_make(Features *map, const Features *features, const UmapOptions *options, Pool *pool,
                          const Observer *observer, Error *err);

/* The curve 1 / (1 + a x^2b) nearest to the one that falls from 1 at min_dist as exp(min_dist - x), by least squares over 300 points from 0 to 3:
 * umap-learn's find_ab_params with spread 1. */
void umap_curve_fit(double *a, double *b, double min_dist);

#endif
