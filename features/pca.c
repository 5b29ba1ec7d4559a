#include "features/pca.h"

#include <math.h>
#include <string.h>

#include "common/blas.h"
#include "common/memory.h"
#include "common/random.h"

/* Sums over rows: in blocks, shared out to lanes that are added in order, so that the threads do not show. */
enum { BLOCK = 256, LANES = 16 };
/* Orthogonal iteration carries more vectors than are wanted: the error falls by (λ of the first one left out / λ wanted) a step. */
enum { EXTRA = 14, CARRIED = PCA_MOST + EXTRA, ROUNDS_MOST = 2000, SWEEPS_MOST = 60 };
static const double TOLERANCE = 1e-13; /* of a residual, beside the largest eigenvalue */

typedef struct Covariance {
    const Features *features;
    const double *means;
    double *blocks; /* a thread: (BLOCK, C) */
    double *lanes;  /* (LANES, C, C) */
    int lane_count;
} Covariance;

static int block_count(const Features *features) { return (features->rows + BLOCK - 1) / BLOCK; }

static void lane_add(void *context, int lane, int thread) {
    Covariance *cov = context;
    size_t C = (size_t)cov->features->channels;
    double *rows = cov->blocks + (size_t)thread * BLOCK * C, *sum = cov->lanes + (size_t)lane * C * C;
    int all = block_count(cov->features);
    for (int block = all * lane / cov->lane_count; block < all * (lane + 1) / cov->lane_count; block++) {
        int first = block * BLOCK, left = cov->features->rows - first, count = left < BLOCK ? left : BLOCK;
        const float *in = cov->features->values + (size_t)first * C;
        for (size_t i = 0; i < (size_t)count * C; i++) rows[i] = (double)in[i] - cov->means[i % C];
        blas_add_transposed(sum, rows, rows, count, (int)C, (int)C);
    }
}

/* out (C, C): sums of products of the centred rows. */
static bool covariance_make(double *out, const Features *features, const double *means, Pool *pool, Error *err) {
    size_t C = (size_t)features->channels;
    int blocks = block_count(features);
    Covariance cov = {.features = features, .means = means, .lane_count = blocks < LANES ? blocks : LANES};
    cov.blocks = mem_new((size_t)pool_threads(pool), BLOCK * C * sizeof(double), err);
    cov.lanes = mem_new((size_t)cov.lane_count * C, C * sizeof(double), err);
    bool good = cov.blocks && cov.lanes;
    if (good) {
        blas_stay_serial();
        pool_run(pool, cov.lane_count, lane_add, &cov);
        for (int lane = 0; lane < cov.lane_count; lane++)
            for (size_t i = 0; i < C * C; i++) out[i] += cov.lanes[(size_t)lane * C * C + i];
    }
    mem_free(cov.blocks);
    mem_free(cov.lanes);
    return good;
}

/* ---- the largest eigenvectors of a symmetric matrix ---- */

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Rows of v made orthonormal, twice (Gram and Schmidt lose digits in one pass); a row that depends on those before it becomes zeros. */
static void orthonormalise(double *v, int rows, size_t n) {
    for (int r = 0; r < rows; r++) {
        double *row = v + (size_t)r * n, before = sqrt(dot(row, row, n));
        for (int pass = 0; pass < 2; pass++)
            for (int q = 0; q < r; q++) {
                double along = dot(row, v + (size_t)q * n, n);
                for (size_t i = 0; i < n; i++) row[i] -= along * v[(size_t)q * n + i];
            }
        double length = sqrt(dot(row, row, n)), scale = length > 1e-12 * before && length > 0 ? 1 / length : 0;
        for (size_t i = 0; i < n; i++) row[i] *= scale;
    }
}

/* Jacobi's rotations: a (m, m) becomes diagonal, the rows of `vectors` its eigenvectors. */
static void jacobi(double *a, double *vectors, int m) {
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++) vectors[i * m + j] = i == j;
    for (int sweep = 0; sweep < SWEEPS_MOST; sweep++) {
        double off = 0, diagonal = 0;
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++) *(i == j ? &diagonal : &off) += a[i * m + j] * a[i * m + j];
        if (off <= 1e-30 * diagonal) return;
        for (int p = 0; p < m; p++)
            for (int q = p + 1; q < m; q++) {
                if (a[p * m + q] == 0) continue;
                double theta = (a[q * m + q] - a[p * m + p]) / (2 * a[p * m + q]);
                double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
                for (int i = 0; i < m; i++) { /* columns p and q, then rows */
                    double x = a[i * m + p], y = a[i * m + q];
                    a[i * m + p] = c * x - s * y;
                    a[i * m + q] = s * x + c * y;
                }
                for (int i = 0; i < m; i++) {
                    double x = a[p * m + i], y = a[q * m + i], v = vectors[p * m + i], w = vectors[q * m + i];
                    a[p * m + i] = c * x - s * y;
                    a[q * m + i] = s * x + c * y;
                    vectors[p * m + i] = c * v - s * w;
                    vectors[q * m + i] = s * v + c * w;
                }
            }
    }
}

/* Rotates the carried vectors to the eigenvectors of the matrix as they see it, largest first (Rayleigh and Ritz). `image`: their images. */
static void ritz(double *v, double *image, double *values, int m, size_t n, double *room) {
    double *small = room, *turn = small + m * m, *next = turn + m * m;
    int order[CARRIED];
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            small[i * m + j] =
                (dot(v + (size_t)i * n, image + (size_t)j * n, n) + dot(v + (size_t)j * n, image + (size_t)i * n, n)) / 2;
    jacobi(small, turn, m);
    for (int i = 0; i < m; i++) {
        int at = i;
        for (; at > 0 && small[order[at - 1] * (m + 1)] < small[i * (m + 1)]; at--) order[at] = order[at - 1];
        order[at] = i;
    }
    for (int i = 0; i < m; i++) values[i] = small[order[i] * (m + 1)];
    for (int half = 0; half < 2; half++) {
        double *rows = half ? image : v;
        memset(next, 0, (size_t)m * n * sizeof *next);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++)
                for (size_t c = 0; c < n; c++) next[(size_t)i * n + c] += turn[order[i] * m + j] * rows[(size_t)j * n + c];
        memcpy(rows, next, (size_t)m * n * sizeof *next);
    }
}

/* How far the first `wanted` are from being eigenvectors. */
static double residual(const double *v, const double *image, const double *values, int wanted, size_t n) {
    double worst = 0;
    for (int i = 0; i < wanted; i++) {
        double sum = 0;
        for (size_t c = 0; c < n; c++) {
            double off = image[(size_t)i * n + c] - values[i] * v[(size_t)i * n + c];
            sum += off * off;
        }
        worst = fmax(worst, sqrt(sum));
    }
    return worst;
}

/* axes (wanted, n) and values (wanted) of the largest eigenvalues of a (n, n). */
static bool eigen_largest(double *axes, double *values, const double *a, int wanted, size_t n, Error *err) {
    int m = (size_t)wanted + EXTRA < n ? wanted + EXTRA : (int)n;
    size_t block = (size_t)m * n;
    double *v = mem_new(3 * block + 2 * (size_t)m * (size_t)m, sizeof *v, err), all[CARRIED];
    if (!v) return false;
    double *image = v + block, *room = image + block;
    Random random = random_start(0, STREAM_MAP, 0);
    for (size_t i = 0; i < block; i++) v[i] = random_normal(&random);
    for (int round = 0; round < ROUNDS_MOST; round++) {
        orthonormalise(v, m, n);
        blas_multiply(image, v, a, m, (int)n, (int)n);
        ritz(v, image, all, m, n, room);
        if (residual(v, image, all, wanted, n) <= TOLERANCE * fabs(all[0])) break;
        if (round + 1 < ROUNDS_MOST) memcpy(v, image, block * sizeof *v);
    }
    memcpy(axes, v, (size_t)wanted * n * sizeof *v);
    memcpy(values, all, (size_t)wanted * sizeof *values);
    mem_free(v);
    return true;
}

/* ---- the components ---- */

/* scikit-learn's svd_flip on the axes: the entry of largest size is positive (the first of equal ones). */
static void flip(double *axis, size_t n) {
    size_t largest = 0;
    for (size_t c = 1; c < n; c++)
        if (fabs(axis[c]) > fabs(axis[largest])) largest = c;
    if (axis[largest] < 0)
        for (size_t c = 0; c < n; c++) axis[c] = -axis[c];
}

static bool fit(Pca *pca, const Features *features, Pool *pool, Error *err) {
    size_t C = (size_t)features->channels;
    double *covariance = mem_new(C, C * sizeof *covariance, err), values[PCA_MOST] = {0}, trace = 0;
    if (!covariance) return false;
    bool good = covariance_make(covariance, features, pca->means, pool, err) &&
                eigen_largest(pca->axes, values, covariance, pca->components, C, err);
    for (size_t c = 0; c < C; c++) trace += covariance[c * (C + 1)];
    mem_free(covariance);
    for (int i = 0; good && i < pca->components; i++) {
        double *axis = pca->axes + (size_t)i * C;
        if (!(values[i] > 1e-12 * trace)) { /* nothing but rounding */
            memset(axis, 0, C * sizeof *axis);
            continue;
        }
        flip(axis, C);
        pca->variances[i] = values[i] / (features->rows - 1);
        pca->shares[i] = values[i] / trace;
    }
    return good;
}

bool pca_fit(Pca *pca, const Features *features, int components, Pool *pool, Error *err) {
    *pca = (Pca){.channels = features->channels, .components = components};
    if (features->rows < 2 || components < 1 || components > PCA_MOST || components > features->channels)
        return FAIL(err, ERROR_USAGE,
                    "%d principal components of %d rows × %d channels asked for, expected 1 to %d of at least 2 rows", components,
                    features->rows, features->channels, PCA_MOST);
    size_t C = (size_t)features->channels;
    pca->means = mem_new(C, sizeof *pca->means, err);
    pca->axes = mem_new((size_t)components, C * sizeof *pca->axes, err);
    bool good = pca->means && pca->axes;
    for (int r = 0; good && r < features->rows; r++)
        for (size_t c = 0; c < C; c++) pca->means[c] += (double)features->values[(size_t)r * C + c];
    for (size_t c = 0; good && c < C; c++) pca->means[c] /= features->rows;
    good = good && fit(pca, features, pool, err);
    if (!good) pca_free(pca);
    return good;
}

void pca_free(Pca *pca) {
    mem_free(pca->means);
    mem_free(pca->axes);
    *pca = (Pca){0};
}

bool pca_apply(Features *out, const Pca *pca, const Features *features, Error *err) {
    if (!features_make(out, features->rows, pca->components, err)) return false;
    size_t C = (size_t)pca->channels;
    for (int r = 0; r < features->rows; r++)
        for (int i = 0; i < pca->components; i++) {
            double sum = 0;
            for (size_t c = 0; c < C; c++)
                sum += ((double)features->values[(size_t)r * C + c] - pca->means[c]) * pca->axes[(size_t)i * C + c];
            out->values[(size_t)r * (size_t)pca->components + (size_t)i] = (float)sum;
        }
    return true;
}
