/* Rows of many channels as points of a plane, to look at. */
#ifndef TWOFOLD_FEATURES_MAP_H
#define TWOFOLD_FEATURES_MAP_H

#include "features/umap.h"

typedef enum MapMethod { MAP_NONE, MAP_PCA, MAP_UMAP } MapMethod;
const char *map_method_name(MapMethod method); /* "PCA", "UMAP" */

typedef struct MapOptions {
    MapMethod method;
    bool scale;    /* every channel from 0 to 1 before (scikit-learn's MinMaxScaler): none counts more for its unit */
    int most_rows; /* a map is learned from so many rows at most, drawn by the seed; the others are put where these lead them */
    UmapOptions umap;
} MapOptions;

#define MAP_DEFAULTS \
    { .scale = true, .most_rows = 20000, .umap = UMAP_DEFAULTS }

/* What can be said of a map beyond its points. */
typedef struct MapFacts {
    int learned_rows;  /* fewer than all where most_rows is smaller */
    double variance[2]; /* PCA: the axes' shares of all variance, 0 to 1; else NaN */
} MapFacts;

/* map (rows, 2). PCA places the rows that were not drawn by its axes; UMAP at the mean of their n_neighbors nearest rows on the map, near ones
 * counting more (as umap-learn's transform begins). So time grows with rows × most_rows, and memory with rows. */
MUST_CHECK bool map_make(Features *map, MapFacts *facts, const Features *features, const MapOptions *options, Pool *pool,
                         const Observer *observer, Error *err);

/* Every channel of a copy from 0 to 1, one that is constant but for rounding (a range below 1.2e-6) nearly 0, as MinMaxScaler.fit_transform. */
MUST_CHECK bool features_scale(Features *out, const Features *features, Error *err);

#endif
