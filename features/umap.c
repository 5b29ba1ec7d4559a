#include "features/umap.h"

#include <math.h>
#include <string.h>

#include "common/memory.h"
#include "common/random.h"
#include "features/fuzzy_graph.h"
#include "features/pca.h"
#include "features/spectral.h"

enum {
    DIMENSIONS = SPECTRAL_MODES,
    NEGATIVES = 5, /* rows drawn by chance to push away, for each neighbour that pulls */
    LANES = 8,     /* of a vector that NEGATIVES fit in */
    LARGE = 10000, /* rows from which on fewer epochs do */
    ROWS_A_BLOCK = 128,
    BLOCKS_MOST = 64,
    FIT_POINTS = 300,
    NOISE = 1,
    ORDER,
    TURNS = 16 /* substreams of chance, an epoch each from here; 0 is pca.c's */
};
static const float CLIP = 4, SMALLEST = 0.001f; /* of a step along one axis; keeps the push at no distance finite */
static const double INITIAL_SIDE = 10;

/* ---- the curve ---- */

static double curve_aim(double x, double min_dist) { return x < min_dist ? 1 : exp(min_dist - x); }

static double curve_error(double a, double b, double min_dist) {
    double sum = 0;
    for (int i = 0; i < FIT_POINTS; i++) {
        double x = 3.0 * i / (FIT_POINTS - 1), off = 1 / (1 + a * pow(x, 2 * b)) - curve_aim(x, min_dist);
        sum += off * off;
    }
    return sum;
}

/* Gauss and Newton with Levenberg's damping, from (1, 1) as SciPy's curve_fit. */
void umap_curve_fit(double *a_out, double *b_out, double min_dist) {
    double a = 1, b = 1, damping = 1e-3, error = curve_error(a, b, min_dist);
    for (int round = 0; round < 200 && damping < 1e12; round++) {
        double aa = 0, ab = 0, bb = 0, ga = 0, gb = 0;
        for (int i = 1; i < FIT_POINTS; i++) { /* at 0 nothing depends on a and b */
            double x = 3.0 * i / (FIT_POINTS - 1), power = pow(x, 2 * b), y = 1 / (1 + a * power);
            double da = -y * y * power, db = -y * y * a * power * 2 * log(x), off = y - curve_aim(x, min_dist);
            aa += da * da;
            ab += da * db;
            bb += db * db;
            ga += da * off;
            gb += db * off;
        }
        double p = aa * (1 + damping), q = bb * (1 + damping), determinant = p * q - ab * ab;
        double next_a = a - (q * ga - ab * gb) / determinant, next_b = b - (p * gb - ab * ga) / determinant;
        double next = next_a > 0 && next_b > 0 ? curve_error(next_a, next_b, min_dist) : (double)INFINITY;
        if (next <= error) {
            a = next_a;
            b = next_b;
            error = next;
            damping /= 10;
        } else
            damping *= 10;
    }
    *a_out = a;
    *b_out = b;
}

/* ---- where rows begin ---- */

/* along (DIMENSIONS, rows): the principal components, zeros for one that there is not. */
static bool components_make(double *along, const Features *features, Pool *pool, Error *err) {
    Pca pca = {0};
    Features out = {0};
    int components = features->channels < DIMENSIONS ? features->channels : DIMENSIONS;
    bool good = pca_fit(&pca, features, components, pool, err) && pca_apply(&out, &pca, features, err);
    for (int d = 0; good && d < DIMENSIONS; d++)
        for (int r = 0; r < features->rows; r++)
            along[(size_t)d * (size_t)features->rows + (size_t)r] = d < components ? (double)out.values[r * components + d] : 0;
    pca_free(&pca);
    features_free(&out);
    return good;
}

/* Along the graph's slowest modes, or where it has none the principal components: each from 0 to 10, and moved a little, since rows at one place could
 * not be told apart otherwise. */
static bool start(float *places, const Features *features, const FuzzyGraph *graph, const UmapOptions *options, Pool *pool,
                  Error *err) {
    size_t rows = (size_t)features->rows;
    bool found = false;
    double *along = mem_new(DIMENSIONS * rows, sizeof *along, err);
    bool good = along && spectral_modes(along, &found, graph, options->seed, pool, err) &&
                (found || components_make(along, features, pool, err));
    Random random = random_start(options->seed, STREAM_MAP, NOISE);
    for (size_t d = 0; good && d < DIMENSIONS; d++) {
        double low = (double)INFINITY, high = -(double)INFINITY;
        for (size_t r = 0; r < rows; r++) {
            low = fmin(low, along[d * rows + r]);
            high = fmax(high, along[d * rows + r]);
        }
        double scale = high > low ? INITIAL_SIDE / (high - low) : 0;
        for (size_t r = 0; r < rows; r++) {
            double x = scale > 0 ? (along[d * rows + r] - low) * scale : 0;
            places[r * DIMENSIONS + d] = (float)(x + (scale > 0 ? 1e-3 : 1) * random_normal(&random));
        }
    }
    mem_free(along);
    return good;
}

/* ---- the layout ---- */

/* One direction of an edge: its turn moves both ends, and has the head pushed by rows drawn by chance. */
typedef struct Edge {
    int32_t head, tail;
    float period; /* epochs from one turn to the next */
    float due;    /* the epoch of the next turn */
} Edge;

/* umap-learn goes from edge to edge, and its map is the better for it: where every row moves by itself, from where the others were, rows
 * trade places and settle in a worse one (trustworthiness 0.78 instead of 0.80 on 16,000 texts). So edges stay in a row here too,
 * but in many: rows are dealt to blocks, and a cell is the edges between two blocks. In a round each block has its turn with one other, as in a
 * tournament, so that cells of one round share no row and may run side by side. Rows that push are taken where they stood when the
 * round began, which is as near to where they are as side by side allows. */
typedef struct Layout {
    int rows, blocks;
    float *places, *before; /* (rows, 2): now, and as the round began */
    Edge *edges;            /* cell by cell */
    int64_t *starts;        /* (blocks · blocks + 1) into them; cell (p, q), p ≤ q, is number p · blocks + q */
    int epoch, round;
    float a, b, step;
    uint64_t seed;
} Layout;

/* x^b to four digits, x ≥ 0: log2 and exp2 by polynomials (of degree 5 and 4, through Chebyshev's points). Several at once cost what one powf
 * does, and no C library has a say in the bits. */
static inline float power_roughly(float x, float b) {
    union {
        float number;
        int32_t bits;
    } u = {.number = x};
    float exponent = (float)((u.bits >> 23) - 127);
    u.bits = (u.bits & 0x7fffff) | 0x3f800000; /* the mantissa, 1 to 2 */
    float m = u.number;
    float log2 = -2.79415368f + m * (5.06975632f + m * (-3.52021884f + m * (1.61017755f + m * (-0.40947559f + m * 0.04392863f))));
    float t = b * (exponent + log2) + 127;
    t = t < 1 ? 1 : t;
    t = t > 254 ? 254 : t;
    int32_t whole = (int32_t)t;
    float f = t - (float)whole;
    u.bits = whole << 23;
    return u.number * (1.0000036f + f * (0.69296955f + f * (0.24162132f + f * (0.05171774f + f * 0.01368398f))));
}

static inline float clip(float x) {
    x = x > CLIP ? CLIP : x;
    return x < -CLIP ? -CLIP : x;
}

/* Gradient of log Φ along the difference, for both ends. */
static void pull(float place[DIMENSIONS], float other[DIMENSIONS], const Layout *l) {
    float x = place[0] - other[0], y = place[1] - other[1], square = x * x + y * y;
    if (!(square > 0)) return;
    float power = power_roughly(square, l->b), factor = -2 * l->a * l->b * power / (square * (l->a * power + 1));
    x = l->step * clip(factor * x);
    y = l->step * clip(factor * y);
    place[0] += x;
    place[1] += y;
    other[0] -= x;
    other[1] -= y;
}

/* Gradient of log (1 - Φ), for rows drawn by chance: all at once, from one place. */
static void push(float place[DIMENSIONS], const float x_others[LANES], const float y_others[LANES], const Layout *l) {
    float x_sum = 0, y_sum = 0, xs[LANES], ys[LANES], a = l->a, b = l->b, px = place[0], py = place[1];
    for (int i = 0; i < LANES; i++) {
        float x = px - x_others[i], y = py - y_others[i], square = x * x + y * y;
        float factor = 2 * b / ((SMALLEST + square) * (a * power_roughly(square, b) + 1));
        xs[i] = clip(factor * x);
        ys[i] = clip(factor * y);
    }
    for (int i = 0; i < NEGATIVES; i++) {
        x_sum += xs[i];
        y_sum += ys[i];
    }
    place[0] += l->step * x_sum;
    place[1] += l->step * y_sum;
}

/* The places of rows drawn by chance. */
static void draw(float x_others[LANES], float y_others[LANES], Random *random, const Layout *l) {
    for (int n = 0; n < NEGATIVES; n++) {
        const float *other = l->before + (size_t)random_below(random, (uint32_t)l->rows) * DIMENSIONS;
        x_others[n] = other[0];
        y_others[n] = other[1];
    }
}

static void cell_run(const Layout *l, int p, int q) {
    const int64_t *range = l->starts + (p < q ? p * l->blocks + q : q * l->blocks + p);
    float x_others[LANES] = {0}, y_others[LANES] = {0}, epoch = (float)l->epoch;
    Random random = random_start(l->seed, STREAM_MAP, TURNS + (uint32_t)l->epoch);
    for (int64_t e = range[0]; e < range[1]; e++) {
        Edge *edge = &l->edges[e];
        if (edge->due > epoch) continue;
        edge->due += edge->period;
        float *place = l->places + (size_t)edge->head * DIMENSIONS;
        pull(place, l->places + (size_t)edge->tail * DIMENSIONS, l);
        random.place = (uint64_t)e * LANES; /* every edge draws numbers of its own */
        draw(x_others, y_others, &random, l);
        push(place, x_others, y_others, l);
    }
}

/* Round 0: every block with itself. Of the others, one is a round of a tournament by the circle method: the last block stays, the rest go
 * round. */
static void pair_run(void *context, int task, int thread) {
    (void)thread;
    const Layout *l = context;
    int others = l->blocks - 1, turn = l->round - 1;
    if (l->round == 0)
        cell_run(l, task, task);
    else if (task == 0)
        cell_run(l, turn, others);
    else
        cell_run(l, (turn + task) % others, (turn + others - task) % others);
}

static void epoch_run(Layout *l, Pool *pool) {
    for (l->round = 0; l->round < l->blocks; l->round++) {
        memcpy(l->before, l->places, (size_t)l->rows * DIMENSIONS * sizeof *l->before);
        pool_run(pool, l->round ? l->blocks / 2 : l->blocks, pair_run, l);
    }
}

static float weight_largest(const FuzzyGraph *graph) {
    float largest = 0;
    for (int64_t e = 0; e < graph->starts[graph->rows]; e++) largest = fmaxf(largest, graph->weights[e]);
    return largest;
}

/* Edges to their cells, those left out that would have no turn in all epochs. First to count them (edges NULL), then to place them. */
static void edges_deal(Layout *l, Edge *edges, const FuzzyGraph *graph, const int *block, int epochs) {
    float largest = weight_largest(graph);
    for (int row = 0; row < graph->rows; row++)
        for (int64_t e = graph->starts[row]; e < graph->starts[row + 1]; e++) {
            int32_t other = graph->ids[e];
            int p = block[row], q = block[other];
            float period = largest / graph->weights[e];
            if (period > (float)epochs) continue;
            int64_t *start = &l->starts[(p < q ? p * l->blocks + q : q * l->blocks + p)];
            if (edges)
                edges[(*start)++] = (Edge){row, other, period, period};
            else
                start[1]++;
        }
}

/* Counting sort: starts become ends while edges are placed, and starts of the next cell again. */
static void edges_make(Layout *l, const FuzzyGraph *graph, const int *block, int epochs) {
    size_t cells = (size_t)l->blocks * (size_t)l->blocks;
    edges_deal(l, NULL, graph, block, epochs);
    for (size_t c = 0; c < cells; c++) l->starts[c + 1] += l->starts[c];
    edges_deal(l, l->edges, graph, block, epochs);
    for (size_t c = cells; c > 0; c--) l->starts[c] = l->starts[c - 1];
    l->starts[0] = 0;
}

/* block (rows): each row's, by chance, as many rows in each as in the others. */
static void blocks_draw(int *block, int rows, int blocks, uint64_t seed) {
    Random random = random_start(seed, STREAM_MAP, ORDER);
    for (int r = 0; r < rows; r++) block[r] = r % blocks;
    random_shuffle(&random, block, rows);
}

/* Even, and enough for many threads as soon as there is something to share out. */
static int blocks_count(int rows) {
    int blocks = rows / ROWS_A_BLOCK / 4 * 4;
    return blocks < 2 ? 2 : blocks > BLOCKS_MOST ? BLOCKS_MOST : blocks;
}

static bool lay_out(float *places, const FuzzyGraph *graph, const UmapOptions *options, Pool *pool, const Observer *observer,
                    Error *err) {
    size_t rows = (size_t)graph->rows;
    int epochs = options->n_epochs > 0 ? options->n_epochs : graph->rows <= LARGE ? 500 : 300;
    int blocks = blocks_count(graph->rows), *block = mem_new(rows, sizeof *block, err);
    Layout layout = {.rows = graph->rows,
                     .blocks = blocks,
                     .places = places,
                     .before = mem_new(rows * DIMENSIONS, sizeof(float), err),
                     .edges = mem_new((size_t)graph->starts[rows] + 1, sizeof(Edge), err),
                     .starts = mem_new((size_t)(blocks * blocks) + 2, sizeof(int64_t), err),
                     .seed = options->seed};
    bool good = block && layout.before && layout.edges && layout.starts;
    if (good) {
        double a, b;
        umap_curve_fit(&a, &b, options->min_dist);
        layout.a = (float)a;
        layout.b = (float)b;
        blocks_draw(block, graph->rows, blocks, options->seed);
        edges_make(&layout, graph, block, epochs);
        for (int epoch = 0; good && epoch < epochs; epoch++) {
            layout.epoch = epoch;
            layout.step = 1 - (float)epoch / (float)epochs;
            epoch_run(&layout, pool);
            good = !observer_stop(observer) || FAIL(err, ERROR_INTERRUPTED, "stopped while laying out a map");
        }
    }
    mem_free(block);
    mem_free(layout.before);
    mem_free(layout.edges);
    mem_free(layout.starts);
    return good;
}

bool umap_make(Features *map, const Features *features, const UmapOptions *options, Pool *pool, const Observer *observer,
               Error *err) {
    *map = (Features){0};
    if (features->rows < 3) return FAIL(err, ERROR_DATA, "%d rows make no map, expected at least 3", features->rows);
    int n_neighbors = options->n_neighbors < features->rows ? options->n_neighbors : features->rows;
    if (n_neighbors < 2) return FAIL(err, ERROR_USAGE, "n_neighbors %d, expected at least 2", n_neighbors);
    Neighbours neighbours = {0};
    FuzzyGraph graph = {0};
    bool good = features_make(map, features->rows, DIMENSIONS, err) &&
                neighbours_find(&neighbours, features, n_neighbors - 1, options->metric, pool, observer, err) &&
                fuzzy_graph_make(&graph, &neighbours, err) && start(map->values, features, &graph, options, pool, err) &&
                lay_out(map->values, &graph, options, pool, observer, err);
    neighbours_free(&neighbours);
    fuzzy_graph_free(&graph);
    if (!good) features_free(map);
    return good;
}
