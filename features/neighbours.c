#include "features/neighbours.h"

#include <math.h>
#include <string.h>

#include "common/blas.h"
#include "common/memory.h"

/* A task is so many rows; its products with so many others lie in the second-level cache while they are looked through. Both are part of
 * the result's last bits and do not depend on the threads. */
enum { BLOCK = 128, PANEL = 1024 };
/* Candidates kept beyond k: the products are in single precision, and order by them is not quite order by distance. */
enum { SPARE = 8 };
/* Below so many channels differences cost no more than products, and lose nothing where rows lie close. */
enum { FEW_CHANNELS = 16 };

const char *metric_name(Metric metric) { return metric == METRIC_COSINE ? "cosine" : "euclidean"; }

/* Rows as they are multiplied: of length 1, or centred, which keeps the products small. A candidate's nearness is x·y - half[y]. */
typedef struct Side {
    Features rows;
    float *half; /* (rows) */
} Side;

typedef struct Search {
    const Side *side, *others;
    bool same; /* others are the rows themselves: a row is not its own neighbour */
    int k, kept;
    Metric metric;
    Neighbours *out;
    const Observer *observer;
    float *products;   /* a thread: (BLOCK, PANEL) */
    float *nearness;   /* a thread: (BLOCK, kept), falling */
    int32_t *ids;      /* a thread: (BLOCK, kept) */
    double *distances; /* a thread: (kept) */
} Search;

static const float *side_row(const Side *side, int row) { return side->rows.values + (size_t)row * (size_t)side->rows.channels; }

static void side_free(Side *side) {
    features_free(&side->rows);
    mem_free(side->half);
}

static void channel_means(double *means, const Features *features) {
    size_t channels = (size_t)features->channels;
    for (int r = 0; r < features->rows; r++)
        for (size_t c = 0; c < channels; c++) means[c] += (double)features->values[(size_t)r * channels + c];
    for (size_t c = 0; c < channels; c++) means[c] /= features->rows ? features->rows : 1;
}

/* center: the means taken away (Euclidean distances do not see them). */
static bool side_make(Side *side, const Features *features, Metric metric, const double *center, Error *err) {
    *side = (Side){.half = mem_new((size_t)features->rows, sizeof *side->half, err)};
    if (!side->half || !features_make(&side->rows, features->rows, features->channels, err)) return false;
    size_t channels = (size_t)features->channels;
    for (int r = 0; r < features->rows; r++) {
        const float *in = features->values + (size_t)r * channels;
        float *out = side->rows.values + (size_t)r * channels;
        double sum = 0, scale = 1;
        if (metric == METRIC_COSINE) {
            for (size_t c = 0; c < channels; c++) sum += (double)in[c] * (double)in[c];
            scale = sum > 0 ? 1 / sqrt(sum) : 0;
        }
        sum = 0;
        for (size_t c = 0; c < channels; c++) {
            out[c] = (float)(metric == METRIC_COSINE ? (double)in[c] * scale : (double)in[c] - center[c]);
            sum += (double)out[c] * (double)out[c];
        }
        side->half[r] = metric == METRIC_COSINE ? 0.5f : (float)(sum / 2);
    }
    return true;
}

static void sides_multiply(float *products, const Search *s, int first, int rows, int begin, int others) {
    int channels = s->side->rows.channels;
    if (channels >= FEW_CHANNELS) {
        blas_dots(products, side_row(s->side, first), side_row(s->others, begin), rows, channels, others);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < others; j++) products[i * others + j] -= s->others->half[begin + j];
        return;
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < others; j++) {
            const float *x = side_row(s->side, first + i), *y = side_row(s->others, begin + j);
            float sum = 0;
            for (int c = 0; c < channels; c++) sum += (x[c] - y[c]) * (x[c] - y[c]);
            products[i * others + j] = -sum;
        }
}

/* One more candidate for a row: behind those that are as near, so that lower ids come first. */
static void candidate_add(float *nearness, int32_t *ids, int kept, float near, int id) {
    int at = kept - 1;
    for (; at > 0 && nearness[at - 1] < near; at--) {
        nearness[at] = nearness[at - 1];
        ids[at] = ids[at - 1];
    }
    nearness[at] = near;
    ids[at] = (int32_t)id;
}

static double exact_distance(const Search *s, int row, int other) {
    const float *x = side_row(s->side, row), *y = side_row(s->others, other);
    double sum = 0, lengths[2] = {0};
    for (int c = 0; c < s->side->rows.channels; c++) {
        double difference = (double)x[c] - (double)y[c];
        sum += difference * difference;
        lengths[0] += fabs((double)x[c]);
        lengths[1] += fabs((double)y[c]);
    }
    if (s->metric == METRIC_EUCLIDEAN) return sqrt(sum);
    return lengths[0] > 0 && lengths[1] > 0 ? sum / 2 : 1; /* of vectors of length 1, |x - y|² = 2 (1 - cos) */
}

/* The kept candidates by their true distance; the first k are the neighbours. */
static void neighbours_settle(const Search *s, int row, const int32_t *ids, double *distances) {
    int32_t *out_ids = s->out->ids + (size_t)row * (size_t)s->k;
    float *out = s->out->distances + (size_t)row * (size_t)s->k;
    int32_t sorted[1024];
    for (int i = 0; i < s->kept; i++) {
        double distance = exact_distance(s, row, ids[i]);
        int at = i;
        for (; at > 0 && (distances[at - 1] > distance || (distances[at - 1] == distance && sorted[at - 1] > ids[i])); at--) {
            distances[at] = distances[at - 1];
            sorted[at] = sorted[at - 1];
        }
        distances[at] = distance;
        sorted[at] = ids[i];
    }
    for (int i = 0; i < s->k; i++) {
        out_ids[i] = sorted[i]; // NOLINT(clang-analyzer-core.uninitialized.Assign): there are k candidates at the least
        out[i] = (float)distances[i];
    }
}

static void block_search(void *context, int task, int thread) {
    const Search *s = context;
    if (observer_stop(s->observer)) return;
    size_t kept = (size_t)s->kept;
    float *products = s->products + (size_t)thread * BLOCK * PANEL, *nearness = s->nearness + (size_t)thread * BLOCK * kept;
    int32_t *ids = s->ids + (size_t)thread * BLOCK * kept;
    int first = task * BLOCK, left = s->side->rows.rows - first, rows = left < BLOCK ? left : BLOCK;
    for (size_t i = 0; i < (size_t)rows * kept; i++) nearness[i] = -INFINITY;
    for (int begin = 0; begin < s->others->rows.rows; begin += PANEL) {
        int rest = s->others->rows.rows - begin, others = rest < PANEL ? rest : PANEL;
        sides_multiply(products, s, first, rows, begin, others);
        for (int i = 0; i < rows; i++) {
            const float *near = products + (size_t)i * (size_t)others;
            float *best = nearness + (size_t)i * kept;
            for (int j = 0; j < others; j++)
                if (near[j] > best[kept - 1] && !(s->same && begin + j == first + i))
                    candidate_add(best, ids + (size_t)i * kept, s->kept, near[j], begin + j);
        }
    }
    for (int i = 0; i < rows; i++) neighbours_settle(s, first + i, ids + (size_t)i * kept, s->distances + (size_t)thread * kept);
}

static bool search_run(Search *s, Pool *pool, Error *err) {
    size_t threads = (size_t)pool_threads(pool), kept = (size_t)s->kept, rows = (size_t)s->side->rows.rows;
    s->products = mem_new(threads, sizeof(float) * BLOCK * PANEL, err);
    s->nearness = mem_new(threads * kept, sizeof(float) * BLOCK, err);
    s->ids = mem_new(threads * kept, sizeof(int32_t) * BLOCK, err);
    s->distances = mem_new(threads, kept * sizeof(double), err);
    s->out->ids = mem_new(rows, (size_t)s->k * sizeof(int32_t), err);
    s->out->distances = mem_new(rows, (size_t)s->k * sizeof(float), err);
    bool good = s->products && s->nearness && s->ids && s->distances && s->out->ids && s->out->distances;
    if (good) {
        blas_stay_serial();
        pool_run(pool, (s->side->rows.rows + BLOCK - 1) / BLOCK, block_search, s);
        good = !observer_stop(s->observer) || FAIL(err, ERROR_INTERRUPTED, "stopped while looking for neighbours");
    }
    mem_free(s->products);
    mem_free(s->nearness);
    mem_free(s->ids);
    mem_free(s->distances);
    return good;
}

static bool find(Neighbours *out, const Features *features, const Features *others, int k, Metric metric, Pool *pool,
                 const Observer *observer, Error *err) {
    *out = (Neighbours){.rows = features->rows, .k = k};
    int candidates = (others ? others->rows : features->rows - 1), most = 1024 - SPARE;
    if (k < 1 || k > candidates || k > most)
        return FAIL(err, ERROR_USAGE, "%d neighbours of each row asked for, expected 1 to %d", k,
                    candidates < most ? candidates : most);
    Side sides[2] = {{.half = NULL}, {.half = NULL}};
    double *center = mem_new((size_t)features->channels, sizeof *center, err);
    bool good = center != NULL;
    if (good) channel_means(center, others ? others : features);
    good = good && side_make(&sides[0], features, metric, center, err) &&
           (!others || side_make(&sides[1], others, metric, center, err));
    Search search = {.side = &sides[0],
                     .others = others ? &sides[1] : &sides[0],
                     .same = !others,
                     .k = k,
                     .kept = k + SPARE < candidates ? k + SPARE : candidates,
                     .metric = metric,
                     .out = out,
                     .observer = observer};
    good = good && search_run(&search, pool, err);
    side_free(&sides[0]);
    side_free(&sides[1]);
    mem_free(center);
    if (!good) neighbours_free(out);
    return good;
}

bool neighbours_find(Neighbours *out, const Features *features, int k, Metric metric, Pool *pool, const Observer *observer,
                     Error *err) {
    return find(out, features, NULL, k, metric, pool, observer, err);
}

bool neighbours_between(Neighbours *out, const Features *features, const Features *others, int k, Metric metric, Pool *pool,
                        const Observer *observer, Error *err) {
    return find(out, features, others, k, metric, pool, observer, err);
}

void neighbours_free(Neighbours *neighbours) {
    mem_free(neighbours->ids);
    mem_free(neighbours->distances);
    *neighbours = (Neighbours){0};
}
