#include "classifiers/dense_pass.h"

#include <string.h>

#include "common/blas.h"
#include "common/memory.h"

enum { LANES = 64, NUMBERS_A_TASK = 2048 };
static const size_t LANES_MOST_BYTES = (size_t)512 << 20;

static int blocks(const DensePass *pass) { return (pass->view->count + DENSE_BLOCK - 1) / DENSE_BLOCK; }

bool dense_pass_make(DensePass *pass, const FeatureView *view, int outputs, Pool *pool, Error *err) {
    *pass = (DensePass){.view = view, .pool = pool, .channels = view->dense->channels, .outputs = outputs};
    size_t width = (size_t)pass->channels + 1, K = (size_t)outputs, threads = (size_t)pool_threads(pool);
    size_t fit = LANES_MOST_BYTES / (width * K * sizeof(double));
    pass->lanes = blocks(pass) < LANES ? blocks(pass) : LANES;
    if ((size_t)pass->lanes > fit) pass->lanes = fit > 1 ? (int)fit : 1;
    pass->rows = mem_new(threads * DENSE_BLOCK, width * sizeof(double), err);
    pass->scores = mem_new(threads * DENSE_BLOCK, K * sizeof(double), err);
    pass->lane_sums = mem_new((size_t)pass->lanes, width * K * sizeof(double), err);
    pass->lane_values = mem_new((size_t)pass->lanes, K * sizeof(double), err);
    if (pass->rows && pass->scores && pass->lane_sums && pass->lane_values) return true;
    dense_pass_free(pass);
    return false;
}

void dense_pass_free(DensePass *pass) {
    mem_free(pass->rows);
    mem_free(pass->scores);
    mem_free(pass->lane_sums);
    mem_free(pass->lane_values);
    *pass = (DensePass){0};
}

void dense_rows_widen(const FeatureView *view, int first, int count, double *out) {
    size_t channels = (size_t)view->dense->channels;
    for (int i = 0; i < count; i++) {
        const float *row = view->dense->values + (size_t)feature_view_row(view, first + i) * channels;
        for (size_t c = 0; c < channels; c++) *out++ = (double)row[c];
        *out++ = 1;
    }
}

typedef struct Run {
    DensePass *pass;
    int outputs;
    const double *w;
    DenseTurn turn;
    void *context;
    double *sums;
} Run;

static size_t length(const Run *run) { return ((size_t)run->pass->channels + 1) * (size_t)run->outputs; }

static void run_lane(void *context, int lane, int thread) {
    const Run *run = context;
    DensePass *pass = run->pass;
    int K = run->outputs, width = pass->channels + 1, all = blocks(pass);
    double *rows = pass->rows + (size_t)thread * DENSE_BLOCK * (size_t)width;
    double *scores = pass->scores + (size_t)thread * DENSE_BLOCK * (size_t)pass->outputs;
    double *sums = pass->lane_sums + (size_t)lane * length(run), *values = pass->lane_values + (size_t)lane * (size_t)K;
    memset(sums, 0, length(run) * sizeof *sums);
    memset(values, 0, (size_t)K * sizeof *values);
    int begin = (int)((int64_t)all * lane / pass->lanes), end = (int)((int64_t)all * (lane + 1) / pass->lanes);
    for (int block = begin; block < end; block++) {
        int first = block * DENSE_BLOCK, left = pass->view->count - first, count = left < DENSE_BLOCK ? left : DENSE_BLOCK;
        dense_rows_widen(pass->view, first, count, rows);
        blas_multiply(scores, rows, run->w, count, width, K);
        run->turn(run->context, scores, first, count, values);
        blas_add_transposed(sums, rows, scores, count, width, K);
    }
}

static void add_lanes(void *context, int task, int thread) {
    (void)thread;
    const Run *run = context;
    size_t first = (size_t)task * NUMBERS_A_TASK, end = first + NUMBERS_A_TASK, all = length(run);
    if (end > all) end = all;
    memcpy(run->sums + first, run->pass->lane_sums + first, (end - first) * sizeof(double));
    for (int lane = 1; lane < run->pass->lanes; lane++) {
        const double *more = run->pass->lane_sums + (size_t)lane * all;
        for (size_t i = first; i < end; i++) run->sums[i] += more[i];
    }
}

void dense_pass_run(DensePass *pass, int outputs, const double *w, DenseTurn turn, void *context, double *sums, double *values) {
    Run run = {pass, outputs, w, turn, context, sums};
    pool_run(pass->pool, pass->lanes, run_lane, &run);
    pool_run(pass->pool, (int)((length(&run) + NUMBERS_A_TASK - 1) / NUMBERS_A_TASK), add_lanes, &run);
    memset(values, 0, (size_t)outputs * sizeof *values);
    for (int lane = 0; lane < pass->lanes; lane++)
        for (int k = 0; k < outputs; k++) values[k] += pass->lane_values[(size_t)lane * (size_t)outputs + (size_t)k];
}
