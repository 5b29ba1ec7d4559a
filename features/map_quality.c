#include "features/map_quality.h"

#include <math.h>

#include "common/memory.h"

/* Of the features: distances of a row to all others, in full, to see how many are nearer than those the map shows as near. */
typedef struct Ranking {
    const Features *features;
    const Neighbours *on_map;
    double *lengths;   /* (rows) */
    double *distances; /* a thread: (rows) */
    double *penalties; /* (rows) */
    Metric metric;
} Ranking;

static double row_dot(const Features *features, int a, int b) {
    const float *x = features->values + (size_t)a * (size_t)features->channels;
    const float *y = features->values + (size_t)b * (size_t)features->channels;
    float lanes[8] = {0};
    int c = 0;
    for (; c + 8 <= features->channels; c += 8)
        for (int lane = 0; lane < 8; lane++) lanes[lane] += x[c + lane] * y[c + lane];
    double sum = 0;
    for (; c < features->channels; c++) sum += (double)x[c] * (double)y[c];
    for (int lane = 0; lane < 8; lane++) sum += (double)lanes[lane];
    return sum;
}

static double row_distance(const Ranking *r, int a, int b) {
    double dot = row_dot(r->features, a, b), x = r->lengths[a], y = r->lengths[b];
    if (r->metric == METRIC_EUCLIDEAN) return x + y - 2 * dot;
    return x > 0 && y > 0 ? 1 - dot / sqrt(x * y) : 1;
}

static void row_rank(void *context, int row, int thread) {
    Ranking *r = context;
    int rows = r->features->rows, k = r->on_map->k;
    double *distances = r->distances + (size_t)thread * (size_t)rows, penalty = 0;
    for (int other = 0; other < rows; other++) distances[other] = other == row ? (double)INFINITY : row_distance(r, row, other);
    for (int i = 0; i < k; i++) {
        int near = r->on_map->ids[(size_t)row * (size_t)k + (size_t)i], nearer = 0;
        for (int other = 0; other < rows; other++) nearer += distances[other] < distances[near];
        penalty += fmax(0, nearer + 1 - k);
    }
    r->penalties[row] = penalty;
}

bool map_trustworthiness(double *out, const Features *map, const Features *features, int k, Metric metric, Pool *pool,
                         Error *err) {
    int rows = features->rows;
    if (k < 1 || k >= rows / 2.0)
        return FAIL(err, ERROR_USAGE, "trustworthiness of %d neighbours among %d rows, expected fewer than half", k, rows);
    Neighbours near = {0};
    Ranking ranking = {.features = features,
                       .on_map = &near,
                       .metric = metric,
                       .lengths = mem_new((size_t)rows, sizeof(double), err),
                       .distances = mem_new((size_t)rows * (size_t)pool_threads(pool), sizeof(double), err),
                       .penalties = mem_new((size_t)rows, sizeof(double), err)};
    bool good = ranking.lengths && ranking.distances && ranking.penalties &&
                neighbours_find(&near, map, k, METRIC_EUCLIDEAN, pool, NULL, err);
    if (good) {
        double sum = 0;
        for (int r = 0; r < rows; r++) ranking.lengths[r] = row_dot(features, r, r);
        pool_run(pool, rows, row_rank, &ranking);
        for (int r = 0; r < rows; r++) sum += ranking.penalties[r];
        *out = 1 - sum * 2 / ((double)rows * k * (2.0 * rows - 3.0 * k - 1));
    }
    mem_free(ranking.lengths);
    mem_free(ranking.distances);
    mem_free(ranking.penalties);
    neighbours_free(&near);
    return good;
}

double neighbours_overlap(const Neighbours *a, const Neighbours *b) {
    int64_t common = 0;
    for (int r = 0; r < a->rows; r++)
        for (int i = 0; i < a->k; i++)
            for (int j = 0; j < b->k; j++)
                common += a->ids[(size_t)r * (size_t)a->k + (size_t)i] == b->ids[(size_t)r * (size_t)b->k + (size_t)j];
    return (double)common / ((double)a->rows * a->k);
}

bool nearest_label_share(double *out, const Features *features, const int32_t *labels, Metric metric, Pool *pool, Error *err) {
    Neighbours near = {0};
    if (!neighbours_find(&near, features, 1, metric, pool, NULL, err)) return false;
    int same = 0;
    for (int r = 0; r < near.rows; r++) same += labels[r] >= 0 && labels[r] == labels[near.ids[r]];
    *out = near.rows ? (double)same / near.rows : (double)NAN;
    neighbours_free(&near);
    return true;
}
