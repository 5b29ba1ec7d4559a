#include "classifiers/preconditioner.h"

#include <math.h>
#include <string.h>

#include "classifiers/dense_pass.h"
#include "classifiers/vectors.h"
#include "common/blas.h"
#include "common/memory.h"

enum { ROWS_MOST = 16384, GRAM_LANES = 8, MIDDLE_RUNG = 24 };
static const size_t LANES_MOST_BYTES = (size_t)256 << 20;

static size_t row_start(int i) { return (size_t)i * ((size_t)i + 1) / 2; }

/* ---- XᵀX ---- */

typedef struct Gram {
    FeatureView view; /* the rows that are summed */
    int size, lanes;
    double *rows;  /* (threads, DENSE_BLOCK, size) */
    double *parts; /* (lanes, size, size), of which the lower triangles count */
} Gram;

static void sum_lane(void *context, int lane, int thread) {
    Gram *gram = context;
    int all = (gram->view.count + DENSE_BLOCK - 1) / DENSE_BLOCK;
    double *rows = gram->rows + (size_t)thread * DENSE_BLOCK * (size_t)gram->size;
    int begin = (int)((int64_t)all * lane / gram->lanes), end = (int)((int64_t)all * (lane + 1) / gram->lanes);
    for (int block = begin; block < end; block++) {
        int first = block * DENSE_BLOCK, left = gram->view.count - first, count = left < DENSE_BLOCK ? left : DENSE_BLOCK;
        dense_rows_widen(&gram->view, first, count, rows);
        blas_add_squares(gram->parts + (size_t)lane * (size_t)gram->size * (size_t)gram->size, rows, count, gram->size);
    }
}

static void add_parts(double *squares, const Gram *gram, double scale) {
    size_t size = (size_t)gram->size;
    for (int i = 0; i < gram->size; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int lane = 0; lane < gram->lanes; lane++)
                sum += gram->parts[((size_t)lane * size + (size_t)i) * size + (size_t)j];
            squares[row_start(i) + (size_t)j] = scale * sum;
        }
}

static bool gram_make(double *squares, Gram *gram, double scale, Pool *pool, Error *err) {
    size_t size = (size_t)gram->size, fit = LANES_MOST_BYTES / (size * size * sizeof(double));
    int all = (gram->view.count + DENSE_BLOCK - 1) / DENSE_BLOCK;
    gram->lanes = all < GRAM_LANES ? all : GRAM_LANES;
    if ((size_t)gram->lanes > fit) gram->lanes = fit > 1 ? (int)fit : 1;
    gram->rows = mem_new((size_t)pool_threads(pool) * DENSE_BLOCK, size * sizeof(double), err);
    gram->parts = mem_new((size_t)gram->lanes * size, size * sizeof(double), err);
    bool good = gram->rows && gram->parts;
    if (good) {
        pool_run(pool, gram->lanes, sum_lane, gram);
        add_parts(squares, gram, scale);
    }
    mem_free(gram->rows);
    mem_free(gram->parts);
    return good;
}

bool preconditioner_make(Preconditioner *preconditioner, const FeatureView *view, Pool *pool, Error *err) {
    *preconditioner = (Preconditioner){.size = view->dense->channels + 1};
    int count = view->count < ROWS_MOST ? view->count : ROWS_MOST;
    int32_t *places = mem_new((size_t)count, sizeof *places, err);
    preconditioner->squares = mem_new(row_start(preconditioner->size), sizeof(double), err);
    bool good = places && preconditioner->squares;
    for (int i = 0; good && i < count; i++) places[i] = feature_view_row(view, (int)((int64_t)view->count * i / count));
    Gram gram = {.view = features_view_rows(view->dense, places, count), .size = preconditioner->size};
    good = good && gram_make(preconditioner->squares, &gram, count ? (double)view->count / count : 0, pool, err);
    mem_free(places);
    if (!good) preconditioner_free(preconditioner);
    return good;
}

void preconditioner_free(Preconditioner *preconditioner) {
    mem_free(preconditioner->squares);
    for (int r = 0; r < PRECONDITIONER_RUNGS; r++) mem_free(preconditioner->factors[r]);
    *preconditioner = (Preconditioner){0};
}

/* ---- Cholesky ---- */

int preconditioner_rung(double s) {
    double power = s > 0 ? round(log2(s) / 2) : -MIDDLE_RUNG;
    return (int)fmin(fmax(power, -MIDDLE_RUNG), PRECONDITIONER_RUNGS - 1 - MIDDLE_RUNG) + MIDDLE_RUNG;
}

/* I + s XᵀX is positive by as much as 1; where rounding at a huge s leaves less, a pivot of 1 is still a way to go. */
static void factor_rung(void *context, int rung, int thread) {
    (void)thread;
    const Preconditioner *preconditioner = context;
    double s = exp2(2.0 * (rung - MIDDLE_RUNG)), *factor = preconditioner->factors[rung];
    if (!factor || factor[0] > 0) return;
    for (int i = 0; i < preconditioner->size; i++) {
        double *row = factor + row_start(i);
        const double *squares = preconditioner->squares + row_start(i);
        for (int j = 0; j < i; j++) {
            const double *above = factor + row_start(j);
            row[j] = (s * squares[j] - vector_dot(row, above, (size_t)j)) / above[j];
        }
        double pivot = 1 + s * squares[i] - vector_dot(row, row, (size_t)i);
        row[i] = pivot > 0 ? sqrt(pivot) : 1;
    }
}

bool preconditioner_factor(Preconditioner *preconditioner, const bool wanted[PRECONDITIONER_RUNGS], Pool *pool, Error *err) {
    bool some = false;
    for (int r = 0; r < PRECONDITIONER_RUNGS; r++) {
        if (!wanted[r] || preconditioner->factors[r]) continue;
        preconditioner->factors[r] = mem_new(row_start(preconditioner->size), sizeof(double), err);
        if (!preconditioner->factors[r]) return false;
        some = true;
    }
    if (some) pool_run(pool, PRECONDITIONER_RUNGS, factor_rung, preconditioner);
    return true;
}

void preconditioner_apply(const Preconditioner *preconditioner, int rung, const double *vector, double *out) {
    const double *factor = preconditioner->factors[rung];
    if (out != vector) memcpy(out, vector, (size_t)preconditioner->size * sizeof *out);
    for (int i = 0; i < preconditioner->size; i++) {
        const double *row = factor + row_start(i);
        out[i] = (out[i] - vector_dot(row, out, (size_t)i)) / row[i];
    }
    for (int i = preconditioner->size - 1; i >= 0; i--) {
        const double *row = factor + row_start(i);
        double known = out[i] /= row[i];
        for (int j = 0; j < i; j++) out[j] -= known * row[j];
    }
}
