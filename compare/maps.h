/* The test texts as points of a plane, as the frozen encoder sees them and as the fine-tuned one does: nothing here was trained on these texts, so
 * that what stands apart is what each encoder tells apart. */
#ifndef TWOFOLD_COMPARE_MAPS_H
#define TWOFOLD_COMPARE_MAPS_H

#include "common/sha256.h"
#include "datasets/dataset.h"
#include "features/map.h"

enum {
    MAPPED_MOST = 3000
}; /* test rows on a map; of more, so many are drawn by the seed: further points would only cover others */
enum { MAPPED_LEAST = 12 }; /* below, a map says nothing */

typedef struct TextMap {
    Features places;        /* (rows, 2) */
    double variance[2];     /* of the axes of PCA; else NaN */
    double trustworthiness; /* 1: no text stands beside one that is far from it; over the 15 nearest, fewer where texts are few */
    double nearest_label;   /* share of texts whose nearest on the map has their label */
} TextMap;

typedef enum MapSideId { MAP_FROZEN, MAP_TUNED, MAP_SIDES } MapSideId;

/* One encoder's vectors: [CLS] of the last layer unless the entry says otherwise. */
typedef struct MapSide {
    bool made;
    char entry[64];       /* "cls-logreg", "finetune" */
    double nearest_label; /* share of texts whose nearest vector has their label */
    TextMap maps[2];      /* PCA, UMAP */
} MapSide;

typedef struct Maps {
    Sha256Hex key; /* of what they were made of */
    int rows, all; /* on the maps; in the test split */
    int32_t *test; /* (rows) indices into the test split's list, rising */
    MapSide sides[MAP_SIDES];
} Maps;

void maps_free(Maps *maps);      /* takes a zeroed one */
bool maps_has(const Maps *maps); /* at least one side */

/* The test rows that are drawn. */
MUST_CHECK bool maps_draw_rows(Maps *maps, const Dataset *dataset, uint64_t seed, Error *err);
/* Both maps of one side from the vectors of the drawn rows. */
MUST_CHECK bool maps_make_side(Maps *maps, MapSideId side, const char *entry, const Features *vectors, const Dataset *dataset,
                               const MapOptions *options, Pool *pool, const Observer *observer, Error *err);

/* maps/coordinates.npy (rows, 2 a map) and maps/maps.json; maps/maps.csv for people. */
MUST_CHECK bool maps_save(const Maps *maps, const Dataset *dataset, const char *folder, Error *err);
/* *found when the folder has maps of that key (NULL: of any) for this dataset. What is damaged counts as not there. */
MUST_CHECK bool maps_load(Maps *maps, const Dataset *dataset, const Sha256Hex *key, const char *folder, bool *found, Error *err);

#endif
