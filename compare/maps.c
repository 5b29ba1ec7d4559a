#include "compare/maps.h"

#include <math.h>
#include <stdio.h>

#include "common/memory.h"
#include "common/random.h"
#include "features/map_quality.h"

enum { TRUSTED_NEIGHBOURS = 15 };

void maps_free(Maps *maps) {
    for (int side = 0; side < MAP_SIDES; side++)
        for (int m = 0; m < 2; m++) features_free(&maps->sides[side].maps[m].places);
    mem_free(maps->test);
    *maps = (Maps){0};
}

bool maps_has(const Maps *maps) { return maps->sides[MAP_FROZEN].made || maps->sides[MAP_TUNED].made; }

bool maps_draw_rows(Maps *maps, const Dataset *dataset, uint64_t seed, Error *err) {
    int all = dataset->splits[SPLIT_TEST].count, rows = all < MAPPED_MOST ? all : MAPPED_MOST;
    maps->all = all;
    maps->test = mem_new((size_t)rows, sizeof *maps->test, err);
    int *order = mem_new((size_t)all, sizeof *order, err);
    bool *drawn = mem_new((size_t)all, sizeof *drawn, err);
    bool good = maps->test && order && drawn;
    if (good) {
        Random random =
            random_start(seed, STREAM_MAP, 4); /* features/map.c and what it calls have the substreams before and beyond */
        for (int i = 0; i < all; i++) order[i] = i;
        if (rows < all) random_shuffle(&random, order, all);
        for (int i = 0; i < rows; i++) drawn[order[i]] = true;
        for (int i = 0; i < all; i++)
            if (drawn[i]) maps->test[maps->rows++] = i;
    }
    mem_free(order);
    mem_free(drawn);
    return good;
}

static int32_t *labels_of(const Maps *maps, const Dataset *dataset, Error *err) {
    int32_t *labels = mem_new((size_t)maps->rows, sizeof *labels, err);
    const RowList *list = &dataset->splits[SPLIT_TEST];
    for (int i = 0; labels && i < maps->rows; i++) labels[i] = dataset->labels[list->rows[maps->test[i]]];
    return labels;
}

static bool measure(TextMap *map, const Features *vectors, const int32_t *labels, Metric metric, Pool *pool, Error *err) {
    int k = vectors->rows / 2 - 1 < TRUSTED_NEIGHBOURS ? vectors->rows / 2 - 1 : TRUSTED_NEIGHBOURS;
    return map_trustworthiness(&map->trustworthiness, &map->places, vectors, k, metric, pool, err) &&
           nearest_label_share(&map->nearest_label, &map->places, labels, METRIC_EUCLIDEAN, pool, err);
}

bool maps_make_side(Maps *maps, MapSideId id, const char *entry, const Features *vectors, const Dataset *dataset,
                    const MapOptions *options, Pool *pool, const Observer *observer, Error *err) {
    MapSide *side = &maps->sides[id];
    Metric metric = options->umap.metric;
    (void)snprintf(side->entry, sizeof side->entry, "%s", entry);
    int32_t *labels = labels_of(maps, dataset, err);
    Features scaled = {0};
    bool good = labels && (!options->scale || features_scale(&scaled, vectors, err));
    const Features *in = options->scale ? &scaled : vectors;
    good = good && nearest_label_share(&side->nearest_label, in, labels, metric, pool, err);
    for (int m = 0; good && m < 2; m++) {
        MapOptions own = *options;
        MapFacts facts;
        own.method = m ? MAP_UMAP : MAP_PCA;
        own.scale = false; /* done */
        good = map_make(&side->maps[m].places, &facts, in, &own, pool, observer, err) &&
               measure(&side->maps[m], in, labels, m ? metric : METRIC_EUCLIDEAN, pool, err);
        for (int i = 0; good && i < 2; i++) side->maps[m].variance[i] = facts.variance[i];
    }
    side->made = good;
    features_free(&scaled);
    mem_free(labels);
    return good;
}
