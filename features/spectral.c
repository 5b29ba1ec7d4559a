#include "features/spectral.h"

#include <math.h>
#include <string.h>

#include "common/memory.h"
#include "common/random.h"
#include "features/eigen.h"

/* A block of vectors goes through a Chebyshev polynomial of the matrix, which damps all below the block's smallest Ritz value and lifts what is above it
 * (Zhou, Saad, Tiago and Chelikowsky 2006): plain powers would take thousands of products, since the largest eigenvalues lie close together. */
enum { CARRIED = 10, ROWS_LEAST = CARRIED + 2, DEGREE = 24, ROUNDS_MOST = 24, START = 5 /* the substream of chance */ };
static const double TOLERANCE = 1e-4, HIGHEST_CUT = 0.999;

typedef struct Modes {
    const FuzzyGraph *graph;
    double *weights; /* of the edges, normalised: w / sqrt(d d') */
    double *v;       /* (1 + CARRIED, rows): the trivial mode, which is sqrt(d), and the carried ones */
    double *image;   /* (CARRIED, rows) */
    double *room;    /* (2, CARRIED, rows) */
    double cut;      /* the polynomial damps from -1 to here; above 1: it is left out */
} Modes;

/* ---- the graph ---- */

static bool is_whole(const FuzzyGraph *graph, bool *whole, Error *err) {
    int *found = mem_new((size_t)graph->rows, sizeof *found, err);
    bool *seen = mem_new((size_t)graph->rows, sizeof *seen, err);
    int count = 0;
    if (found && seen) {
        seen[0] = true;
        found[count++] = 0;
        for (int at = 0; at < count; at++)
            for (int64_t e = graph->starts[found[at]]; e < graph->starts[found[at] + 1]; e++)
                if (!seen[graph->ids[e]]) {
                    seen[graph->ids[e]] = true;
                    found[count++] = graph->ids[e];
                }
    }
    *whole = count == graph->rows;
    bool good = found && seen;
    mem_free(found);
    mem_free(seen);
    return good;
}

/* Weights, and the trivial mode. */
static void normalise(Modes *m) {
    const FuzzyGraph *graph = m->graph;
    double *root = m->v, sum = 0;
    for (int r = 0; r < graph->rows; r++) {
        double degree = 0;
        for (int64_t e = graph->starts[r]; e < graph->starts[r + 1]; e++) degree += (double)graph->weights[e];
        root[r] = sqrt(degree);
        sum += degree;
    }
    for (int r = 0; r < graph->rows; r++)
        for (int64_t e = graph->starts[r]; e < graph->starts[r + 1]; e++)
            m->weights[e] = (double)graph->weights[e] / (root[r] * root[graph->ids[e]]);
    for (int r = 0; r < graph->rows; r++) root[r] /= sqrt(sum);
}

/* ---- products ---- */

/* out = scale (W x - shift x) - last; `last` may be NULL, or `out` itself. */
static void multiply(double *out, const Modes *m, const double *x, double scale, double shift, const double *last) {
    const FuzzyGraph *graph = m->graph;
    for (int r = 0; r < graph->rows; r++) {
        double sum = -shift * x[r];
        for (int64_t e = graph->starts[r]; e < graph->starts[r + 1]; e++) sum += m->weights[e] * x[graph->ids[e]];
        out[r] = scale * sum - (last ? last[r] : 0);
    }
}

/* One vector through the polynomial of the interval's own scale: T(x) = 2 x T(x before) - T(two before). */
static void vector_filter(void *context, int task, int thread) {
    (void)thread;
    Modes *m = context;
    size_t n = (size_t)m->graph->rows;
    double *v = m->v + (size_t)(1 + task) * n, *a = m->room + 2 * (size_t)task * n, *b = a + n;
    double middle = (m->cut - 1) / 2, half = (m->cut + 1) / 2;
    memcpy(a, v, n * sizeof *a);
    multiply(b, m, a, 1 / half, middle, NULL);
    for (int degree = 2; degree <= DEGREE; degree++) { /* the older of the two becomes the next */
        multiply(a, m, b, 2 / half, middle, a);
        double *newest = a;
        a = b;
        b = newest;
    }
    memcpy(v, b, n * sizeof *v);
}

static void vector_multiply(void *context, int task, int thread) {
    (void)thread;
    Modes *m = context;
    size_t n = (size_t)m->graph->rows;
    multiply(m->image + (size_t)task * n, m, m->v + (size_t)(1 + task) * n, 1, 0, NULL);
}

/* ---- the modes ---- */

static bool settle(Modes *m, uint64_t seed, Pool *pool) {
    size_t n = (size_t)m->graph->rows;
    double *carried = m->v + n, values[CARRIED];
    Random random = random_start(seed, STREAM_MAP, START);
    for (size_t i = 0; i < CARRIED * n; i++) carried[i] = random_normal(&random);
    for (int round = 0; round < ROUNDS_MOST; round++) {
        if (round) pool_run(pool, CARRIED, vector_filter, m);
        eigen_orthonormalise(m->v, 1 + CARRIED, n);
        pool_run(pool, CARRIED, vector_multiply, m);
        eigen_ritz(carried, m->image, values, CARRIED, n, m->room);
        if (eigen_residual(carried, m->image, values, SPECTRAL_MODES, n) <= TOLERANCE) return true;
        m->cut = fmin(values[CARRIED - 1], HIGHEST_CUT);
    }
    return false;
}

/* In the units of the rows themselves: umap-learn leaves the eigenvectors of the symmetric matrix as they are. */
static void take_modes(double *modes, const Modes *m) {
    size_t n = (size_t)m->graph->rows;
    memcpy(modes, m->v + n, SPECTRAL_MODES * n * sizeof *modes);
    for (int i = 0; i < SPECTRAL_MODES; i++) {
        double *mode = modes + (size_t)i * n;
        size_t largest = 0;
        for (size_t r = 1; r < n; r++)
            if (fabs(mode[r]) > fabs(mode[largest])) largest = r;
        double sign = mode[largest] < 0 ? -1 : 1;
        for (size_t r = 0; r < n; r++) mode[r] *= sign;
    }
}

bool spectral_modes(double *modes, bool *found, const FuzzyGraph *graph, uint64_t seed, Pool *pool, Error *err) {
    size_t n = (size_t)graph->rows;
    *found = false;
    if (graph->rows < ROWS_LEAST) return true;
    if (!is_whole(graph, found, err)) return false;
    if (!*found) return true;
    size_t room = eigen_room(CARRIED, n), halves = (size_t)2 * CARRIED * n;
    if (room < halves) room = halves;
    Modes m = {.graph = graph,
               .weights = mem_new((size_t)graph->starts[n], sizeof(double), err),
               .v = mem_new((1 + CARRIED) * n, sizeof(double), err),
               .image = mem_new(CARRIED * n, sizeof(double), err),
               .room = mem_new(room, sizeof(double), err)};
    bool good = m.weights && m.v && m.image && m.room;
    if (good) {
        normalise(&m);
        *found = settle(&m, seed, pool);
        if (*found) take_modes(modes, &m);
    }
    mem_free(m.weights);
    mem_free(m.v);
    mem_free(m.image);
    mem_free(m.room);
    return good;
}
