#include "features/map.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "common/memory.h"
#include "common/profile.h"
#include "common/random.h"
#include "features/pca.h"

enum { SAMPLE = 3 }; /* the substream of chance that draws rows; pca.c and umap.c have others */

const char *map_method_name(MapMethod method) {
    static const char *const NAMES[] = {"none", "PCA", "UMAP"};
    return NAMES[method];
}

bool features_scale(Features *out, const Features *features, Error *err) {
    if (!features_make(out, features->rows, features->channels, err)) return false;
    size_t C = (size_t)features->channels, all = (size_t)features->rows * C;
    for (size_t c = 0; c < C; c++) {
        float low = INFINITY, high = -INFINITY;
        for (size_t i = c; i < all; i += C) {
            low = fminf(low, features->values[i]);
            high = fmaxf(high, features->values[i]);
        }
        /* Where rounding alone differs, MinMaxScaler takes the channel for constant too: ranges below ten times float's precision. */
        double range = (double)high - (double)low;
        if (!(range >= 10 * (double)FLT_EPSILON)) range = 1;
        for (size_t i = c; i < all; i += C) out->values[i] = (float)(((double)features->values[i] - (double)low) / range);
    }
    return true;
}

/* ---- more rows than a map is learned from ---- */

/* `most` of the rows in file order; sampled[r]: row r is one of them. */
static bool sample_draw(bool *sampled, int rows, int most, uint64_t seed, Error *err) {
    int *order = mem_new((size_t)rows, sizeof *order, err);
    if (!order) return false;
    for (int r = 0; r < rows; r++) order[r] = r;
    Random random = random_start(seed, STREAM_MAP, SAMPLE);
    random_shuffle(&random, order, rows);
    for (int i = 0; i < most; i++) sampled[order[i]] = true;
    mem_free(order);
    return true;
}

static bool rows_pick(Features *out, const Features *features, const bool *sampled, bool which, int count, Error *err) {
    if (!features_make(out, count, features->channels, err)) return false;
    size_t C = (size_t)features->channels, at = 0;
    for (int r = 0; r < features->rows; r++)
        if (sampled[r] == which) memcpy(out->values + C * at++, features->values + C * (size_t)r, C * sizeof(float));
    return true;
}

/* Row by row the mean of its neighbours' places; weights fall as UMAP's memberships do, from 1 at the nearest. */
static void places_average(Features *places, const Neighbours *near, const Features *map) {
    for (int r = 0; r < near->rows; r++) {
        const float *distances = near->distances + (size_t)r * (size_t)near->k;
        double scale = 0, sum = 0, x = 0, y = 0;
        for (int i = 0; i < near->k; i++) scale += (double)(distances[i] - distances[0]) / near->k;
        for (int i = 0; i < near->k; i++) {
            double weight = scale > 0 ? exp(-(double)(distances[i] - distances[0]) / scale) : 1;
            const float *place = map->values + 2 * (size_t)near->ids[(size_t)r * (size_t)near->k + (size_t)i];
            sum += weight;
            x += weight * (double)place[0];
            y += weight * (double)place[1];
        }
        places->values[2 * (size_t)r] = (float)(x / sum);
        places->values[2 * (size_t)r + 1] = (float)(y / sum);
    }
}

static void places_merge(Features *map, const Features *learned, const Features *placed, const bool *sampled) {
    size_t next[2] = {0};
    for (size_t r = 0; r < (size_t)map->rows; r++) {
        const float *from = (sampled[r] ? learned : placed)->values + 2 * next[sampled[r]]++;
        memcpy(map->values + 2 * r, from, 2 * sizeof *from);
    }
}

static bool umap_sampled(Features *map, const Features *features, const MapOptions *options, Pool *pool, const Observer *observer,
                         Error *err) {
    int most = options->most_rows, k = options->umap.n_neighbors < most ? options->umap.n_neighbors : most;
    Features in = {0}, rest = {0}, learned = {0}, placed = {0};
    Neighbours near = {0};
    bool *sampled = mem_new((size_t)features->rows, sizeof *sampled, err);
    bool good = sampled && sample_draw(sampled, features->rows, most, options->umap.seed, err) &&
                rows_pick(&in, features, sampled, true, most, err) &&
                rows_pick(&rest, features, sampled, false, features->rows - most, err) &&
                umap_make(&learned, &in, &options->umap, pool, observer, err) &&
                neighbours_between(&near, &rest, &in, k, options->umap.metric, pool, observer, err) &&
                features_make(&placed, rest.rows, 2, err) && features_make(map, features->rows, 2, err);
    if (good) {
        places_average(&placed, &near, &learned);
        places_merge(map, &learned, &placed, sampled);
    }
    features_free(&in);
    features_free(&rest);
    features_free(&learned);
    features_free(&placed);
    neighbours_free(&near);
    mem_free(sampled);
    return good;
}

/* ---- the two methods ---- */

static bool pca_make(Features *map, MapFacts *facts, const Features *features, Pool *pool, Error *err) {
    Pca pca = {0};
    Features along = {0};
    int components = features->channels < 2 ? 1 : 2;
    bool good = pca_fit(&pca, features, components, pool, err) && pca_apply(&along, &pca, features, err) &&
                features_make(map, features->rows, 2, err);
    for (int i = 0; good && i < components; i++) {
        facts->variance[i] = pca.shares[i];
        for (int r = 0; r < features->rows; r++) map->values[2 * r + i] = along.values[r * components + i];
    }
    features_free(&along);
    pca_free(&pca);
    return good;
}

bool map_make(Features *map, MapFacts *facts, const Features *features, const MapOptions *options, Pool *pool,
              const Observer *observer, Error *err) {
    *map = (Features){0};
    *facts = (MapFacts){.learned_rows = features->rows, .variance = {(double)NAN, (double)NAN}};
    Features scaled = {0};
    FeatureView view = features_view(features);
    const Features *in = options->scale ? &scaled : features;
    ProfilePart before = pool_enter(pool, PROFILE_MAP);
    bool good = feature_view_check(&view, err) && (!options->scale || features_scale(&scaled, features, err));
    if (good && options->method == MAP_PCA)
        good = pca_make(map, facts, in, pool, err); /* all rows: its time does not grow with their square */
    else if (good && options->most_rows < features->rows) {
        facts->learned_rows = options->most_rows;
        good = umap_sampled(map, in, options, pool, observer, err);
    } else if (good)
        good = umap_make(map, in, &options->umap, pool, observer, err);
    (void)pool_enter(pool, before);
    features_free(&scaled);
    if (!good) features_free(map);
    return good;
}
