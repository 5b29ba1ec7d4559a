#include "features/fuzzy_graph.h"

#include <math.h>

#include "common/memory.h"

enum { HALVINGS = 64 };
static const double NEAR_ENOUGH = 1e-5, SMALLEST_SHARE = 1e-3; /* SMOOTH_K_TOLERANCE and MIN_K_DIST_SCALE of umap-learn */

/* Distance to the nearest row that is not at the same place. */
static double nearest_distance(const float *distances, int k) {
    for (int i = 0; i < k; i++)
        if (distances[i] > 0) return (double)distances[i];
    return 0;
}

static double membership(double distance, double nearest, double scale) {
    return distance <= nearest || scale == 0 ? 1 : exp(-(distance - nearest) / scale);
}

/* The scale at which the memberships add up to log2(k + 1). */
static double scale_find(const float *distances, int k, double nearest, double mean_all) {
    double low = 0, high = (double)INFINITY, scale = 1, target = log2(k + 1.0), mean = 0;
    for (int n = 0; n < HALVINGS; n++) {
        double sum = 0;
        for (int i = 0; i < k; i++) sum += membership((double)distances[i], nearest, scale);
        if (fabs(sum - target) < NEAR_ENOUGH) break;
        if (sum > target)
            high = scale;
        else
            low = scale;
        scale = isinf(high) ? scale * 2 : (low + high) / 2;
    }
    for (int i = 0; i < k; i++) mean += (double)distances[i] / (k + 1);
    return fmax(scale, SMALLEST_SHARE * (nearest > 0 ? mean : mean_all));
}

/* (rows, k) directed weights. */
static float *memberships_make(const Neighbours *n, Error *err) {
    size_t all = (size_t)n->rows * (size_t)n->k;
    float *weights = mem_new(all, sizeof *weights, err);
    if (!weights) return NULL;
    double mean = 0;
    for (size_t i = 0; i < all; i++) mean += (double)n->distances[i];
    mean /= (double)n->rows * (n->k + 1);
    for (int r = 0; r < n->rows; r++) {
        const float *distances = n->distances + (size_t)r * (size_t)n->k;
        double nearest = nearest_distance(distances, n->k), scale = scale_find(distances, n->k, nearest, mean);
        for (int i = 0; i < n->k; i++)
            weights[(size_t)r * (size_t)n->k + (size_t)i] = (float)membership((double)distances[i], nearest, scale);
    }
    return weights;
}

/* One direction of an edge on its way into a row's list. */
typedef struct Half {
    int32_t id;
    float weight;
} Half;

static void halves_sort(Half *halves, int64_t count) {
    for (int64_t i = 1; i < count; i++) { /* a row of the graph has few edges; a hub's list comes nearly sorted */
        Half half = halves[i];
        int64_t at = i;
        for (; at > 0 && halves[at - 1].id > half.id; at--) halves[at] = halves[at - 1];
        halves[at] = half;
    }
}

/* Both directions of a pair stand side by side now: a + b - a b. Returns how many are left. */
static int64_t halves_join(Half *halves, int64_t count) {
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        Half half = halves[i];
        if (i + 1 < count && halves[i + 1].id == half.id) {
            double a = (double)half.weight, b = (double)halves[++i].weight;
            half.weight = (float)(a + b - a * b);
        }
        if (half.weight > 0) halves[kept++] = half;
    }
    return kept;
}

static void halves_spread(Half *halves, int64_t *next, const Neighbours *n, const float *weights) {
    for (int r = 0; r < n->rows; r++) /* arriving ones first: they come in rising order of their origin */
        for (int i = 0; i < n->k; i++) {
            size_t at = (size_t)r * (size_t)n->k + (size_t)i;
            halves[next[n->ids[at]]++] = (Half){r, weights[at]};
        }
    for (int r = 0; r < n->rows; r++)
        for (int i = 0; i < n->k; i++) {
            size_t at = (size_t)r * (size_t)n->k + (size_t)i;
            halves[next[r]++] = (Half){n->ids[at], weights[at]};
        }
}

bool fuzzy_graph_make(FuzzyGraph *graph, const Neighbours *n, Error *err) {
    size_t rows = (size_t)n->rows, edges = 2 * rows * (size_t)n->k;
    *graph = (FuzzyGraph){.rows = n->rows,
                          .starts = mem_new(rows + 1, sizeof *graph->starts, err),
                          .ids = mem_new(edges, sizeof *graph->ids, err),
                          .weights = mem_new(edges, sizeof *graph->weights, err)};
    float *weights = memberships_make(n, err);
    Half *halves = mem_new(edges, sizeof *halves, err);
    int64_t *next = mem_new(rows + 1, sizeof *next, err);
    bool good = graph->starts && graph->ids && graph->weights && weights && halves && next;
    if (good) {
        for (size_t i = 0; i < rows * (size_t)n->k; i++) next[n->ids[i] + 1]++;
        for (size_t r = 0; r < rows; r++) next[r + 1] += next[r] + n->k;
        halves_spread(halves, next, n, weights); /* leaves in next[r] the end of row r */
        for (int r = 0; r < n->rows; r++) {
            Half *row = halves + (r ? next[r - 1] : 0);
            int64_t count = next[r] - (r ? next[r - 1] : 0);
            halves_sort(row, count);
            count = halves_join(row, count);
            graph->starts[r + 1] = graph->starts[r] + count;
            for (int64_t i = 0; i < count; i++) {
                graph->ids[graph->starts[r] + i] = row[i].id;
                graph->weights[graph->starts[r] + i] = row[i].weight;
            }
        }
    }
    mem_free(weights);
    mem_free(halves);
    mem_free(next);
    if (!good) fuzzy_graph_free(graph);
    return good;
}

void fuzzy_graph_free(FuzzyGraph *graph) {
    mem_free(graph->starts);
    mem_free(graph->ids);
    mem_free(graph->weights);
    *graph = (FuzzyGraph){0};
}
