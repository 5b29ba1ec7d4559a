#include "features/pca.h"

#include <math.h>
#include <string.h>

#include "common/blas.h"
#include "common/memory.h"
#include "common/random.h"
#include "features/eigen.h"

/* Sums over rows: in blocks, shared out to lanes that are added in order, so that the threads do not show. */
enum { BLOCK = 256, LANES = 16 };
/* Orthogonal iteration carries more vectors than are wanted: the error falls by (λ of the first one left out / λ wanted) a step. */
enum { EXTRA = 14, CARRIED = PCA_MOST + EXTRA, ROUNDS_MOST = 2000 };
_Static_assert((int)CARRIED <= (int)EIGEN_MOST, "room for the order");
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

/* ---- its largest eigenvectors ---- */

/* axes (wanted, n) and values (wanted) of the largest eigenvalues of a (n, n). */
static bool eigen_largest(double *axes, double *values, const double *a, int wanted, size_t n, Error *err) {
    int m = (size_t)wanted + EXTRA < n ? wanted + EXTRA : (int)n;
    size_t block = (size_t)m * n;
    double *v = mem_new(2 * block + eigen_room(m, n), sizeof *v, err), all[CARRIED];
    if (!v) return false;
    double *image = v + block, *room = image + block;
    Random random = random_start(0, STREAM_MAP, 0);
    for (size_t i = 0; i < block; i++) v[i] = random_normal(&random);
    for (int round = 0; round < ROUNDS_MOST; round++) {
        eigen_orthonormalise(v, m, n);
        blas_multiply(image, v, a, m, (int)n, (int)n);
        eigen_ritz(v, image, all, m, n, room);
        if (eigen_residual(v, image, all, wanted, n) <= TOLERANCE * fabs(all[0])) break;
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
