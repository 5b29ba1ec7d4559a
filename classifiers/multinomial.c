#include "classifiers/multinomial.h"

#include <math.h>
#include <string.h>

#include "classifiers/dense_pass.h"
#include "classifiers/lbfgs.h"
#include "classifiers/preconditioner.h"
#include "classifiers/vectors.h"
#include "common/blas.h"
#include "common/memory.h"

/* Sparse rows are worked on in blocks and columns in tasks of a size that does not depend on the number of threads; dense rows by dense_pass.h. */
enum { BLOCK = 256, COLUMNS_A_TASK = 2048 };

/* The optimiser's vector is weights and bias as (C + 1, K) row-major, the bias last: K neighbours serve a sparse value and one product
 * serves a block. K is 1 for two classes. */
typedef struct Problem {
    const FeatureView *view;
    const int32_t *labels;
    const double *class_weight; /* (classes) */
    int classes, outputs, channels;
    double total_weight; /* S */
    double penalty;      /* 1 / (C S) */
    Pool *pool;
    Vectors weights; /* the (C, K) part of the vector */
    Vectors all;

    /* dense */
    DensePass pass;
    Preconditioner preconditioner; /* without factors where there are too many channels */
    int rung;
    double *dense_losses;      /* (K), the first counts */
    double *vectors;  /* (K, 2, C + 1): a class's part of a vector, and what the preconditioner makes of it */

    /* sparse: the features by columns, row numbers are places of the view */
    int64_t *column_starts; /* (C + 1) */
    int32_t *column_rows;
    double *column_values;

    double *residuals;  /* (rows, K): s_i ∂loss_i/∂score */
    double *losses;     /* (blocks) */
    double *block_bias; /* (blocks, K) */

    /* of the evaluation at hand */
    const double *x;
    double *gradient;
} Problem;

static int blocks(const Problem *problem) { return (problem->view->count + BLOCK - 1) / BLOCK; }

static size_t length(const Problem *problem) { return ((size_t)problem->channels + 1) * (size_t)problem->outputs; }

/* ---- the loss of one row ---- */

/* scores (K) become s ∂loss/∂score; returns s · loss. */
static double row_loss(const Problem *problem, double *scores, int32_t label) {
    double s = problem->class_weight[label];
    if (problem->outputs == 1) {
        double score = scores[0], small = exp(-fabs(score)), probability = (score >= 0 ? 1 : small) / (1 + small);
        scores[0] = s * (probability - label);
        return s * (log1p(small) + (score > 0 ? score : 0) - (label ? score : 0));
    }
    int K = problem->outputs;
    double most = scores[0], sum = 0, own = scores[label];
    for (int k = 1; k < K; k++) most = scores[k] > most ? scores[k] : most;
    for (int k = 0; k < K; k++) sum += scores[k] = exp(scores[k] - most);
    for (int k = 0; k < K; k++) scores[k] *= s / sum;
    scores[label] -= s;
    return s * (log(sum) + most - own);
}

/* Losses of some rows, whose scores lack the bias; `bias_gradient` (K) grows. */
static double rows_loss(const Problem *problem, double *scores, int first, int count, double *bias_gradient) {
    int K = problem->outputs;
    const double *bias = problem->x + (size_t)problem->channels * (size_t)K;
    double loss = 0;
    for (int i = 0; i < count; i++, scores += K) {
        for (int k = 0; k < K; k++) scores[k] += bias[k];
        loss += row_loss(problem, scores, problem->labels[first + i]);
        for (int k = 0; k < K; k++) bias_gradient[k] += scores[k];
    }
    return loss;
}

/* ---- dense ---- */

static void dense_turn(void *context, double *scores, int first, int count, double *values) {
    const Problem *problem = context;
    for (int i = 0; i < count; i++)
        values[0] += row_loss(problem, scores + (size_t)i * (size_t)problem->outputs, problem->labels[first + i]);
}

static double dense_evaluate(Problem *problem) {
    dense_pass_run(&problem->pass, problem->outputs, problem->x, dense_turn, problem, problem->gradient, problem->dense_losses);
    return problem->dense_losses[0];
}

typedef struct Scaling {
    const Problem *problem;
    const double *vector;
    double *out;
} Scaling;

static void scale_class(void *context, int k, int thread) {
    (void)thread;
    const Scaling *scaling = context;
    const Problem *problem = scaling->problem;
    size_t K = (size_t)problem->outputs, width = (size_t)problem->channels + 1;
    double *own = problem->vectors + 2 * (size_t)k * width, *scaled = own + width;
    for (size_t c = 0; c < width; c++) own[c] = scaling->vector[c * K + (size_t)k];
    preconditioner_apply(&problem->preconditioner, problem->rung, own, scaled);
    for (size_t c = 0; c < width; c++) scaling->out[c * K + (size_t)k] = scaled[c] / problem->penalty;
}

/* The second derivative within a class is 1/(C S) + 1/S Σ s_i p (1 - p) x xᵀ, for p as near 1/K as anything is known before. */
static void dense_scale(void *context, const double *vector, double *out) {
    Problem *problem = context;
    pool_run(problem->pool, problem->outputs, scale_class, &(Scaling){problem, vector, out});
}

/* ---- sparse ---- */

static void sparse_block(void *context, int block, int thread) {
    (void)thread;
    Problem *problem = context;
    const SparseFeatures *features = problem->view->sparse;
    int K = problem->outputs, first = block * BLOCK, left = problem->view->count - first, count = left < BLOCK ? left : BLOCK;
    double *scores = problem->residuals + (size_t)first * (size_t)K;
    memset(scores, 0, (size_t)count * (size_t)K * sizeof *scores);
    for (int i = 0; i < count; i++) {
        int row = feature_view_row(problem->view, first + i);
        for (int64_t j = features->starts[row]; j < features->starts[row + 1]; j++) {
            const double *weights = problem->x + (size_t)features->indices[j] * (size_t)K;
            for (int k = 0; k < K; k++) scores[i * K + k] += features->values[j] * weights[k];
        }
    }
    double *bias = problem->block_bias + (size_t)block * (size_t)K;
    memset(bias, 0, (size_t)K * sizeof *bias);
    problem->losses[block] = rows_loss(problem, scores, first, count, bias);
}

static void sparse_columns(void *context, int task, int thread) {
    (void)thread;
    Problem *problem = context;
    int K = problem->outputs, first = task * COLUMNS_A_TASK;
    int end = problem->channels - first < COLUMNS_A_TASK ? problem->channels : first + COLUMNS_A_TASK;
    memset(problem->gradient + (size_t)first * (size_t)K, 0, (size_t)(end - first) * (size_t)K * sizeof(double));
    for (int c = first; c < end; c++) {
        double *gradient = problem->gradient + (size_t)c * (size_t)K;
        for (int64_t j = problem->column_starts[c]; j < problem->column_starts[c + 1]; j++) {
            const double *residuals = problem->residuals + (size_t)problem->column_rows[j] * (size_t)K;
            for (int k = 0; k < K; k++) gradient[k] += problem->column_values[j] * residuals[k];
        }
    }
}

static double sparse_evaluate(Problem *problem) {
    int K = problem->outputs;
    pool_run(problem->pool, blocks(problem), sparse_block, problem);
    pool_run(problem->pool, (problem->channels + COLUMNS_A_TASK - 1) / COLUMNS_A_TASK, sparse_columns, problem);
    double *bias = problem->gradient + (size_t)problem->channels * (size_t)K, loss = 0;
    memset(bias, 0, (size_t)K * sizeof *bias);
    for (int block = 0; block < blocks(problem); block++) {
        loss += problem->losses[block];
        for (int k = 0; k < K; k++) bias[k] += problem->block_bias[(size_t)block * (size_t)K + (size_t)k];
    }
    return loss;
}

/* ---- the objective ---- */

static double objective(void *context, const double *x, double *gradient) {
    Problem *problem = context;
    problem->x = x;
    problem->gradient = gradient;
    double loss = problem->view->dense ? dense_evaluate(problem) : sparse_evaluate(problem);
    vectors_combine(&problem->all, gradient, 1 / problem->total_weight, gradient, 0, gradient);
    vectors_combine(&problem->weights, gradient, 1, gradient, problem->penalty, x);
    return loss / problem->total_weight + 0.5 * problem->penalty * vectors_dot(&problem->weights, x, x);
}

static bool dense_make(Problem *problem, double C, Error *err) {
    size_t K = (size_t)problem->outputs, width = (size_t)problem->channels + 1;
    problem->dense_losses = mem_new(K, sizeof(double), err);
    problem->vectors = mem_new(K, 2 * width * sizeof(double), err);
    if (!problem->dense_losses || !problem->vectors || !dense_pass_make(&problem->pass, problem->view, problem->outputs, problem->pool, err))
        return false;
    if (problem->channels > PRECONDITIONER_MOST) return true;
    bool wanted[PRECONDITIONER_RUNGS] = {false};
    double p = 1.0 / problem->classes;
    problem->rung = preconditioner_rung(C * p * (1 - p));
    wanted[problem->rung] = true;
    return preconditioner_make(&problem->preconditioner, problem->view, problem->pool, err) &&
           preconditioner_factor(&problem->preconditioner, wanted, problem->pool, err);
}

static void columns_fill(Problem *problem) {
    const SparseFeatures *features = problem->view->sparse;
    int64_t *starts = problem->column_starts;
    for (int c = problem->channels; c > 0; c--) starts[c] = starts[c - 1];
    starts[0] = 0;
    for (int i = 0; i < problem->view->count; i++) {
        int row = feature_view_row(problem->view, i);
        for (int64_t j = features->starts[row]; j < features->starts[row + 1]; j++) {
            int64_t place = starts[features->indices[j] + 1]++;
            problem->column_rows[place] = i;
            problem->column_values[place] = features->values[j];
        }
    }
}

/* Counts each column, turns the counts into starts one place early, and lets the filling move them to where they belong. */
static bool sparse_make(Problem *problem, Error *err) {
    const SparseFeatures *features = problem->view->sparse;
    size_t K = (size_t)problem->outputs, rows = (size_t)problem->view->count;
    problem->column_starts = mem_new((size_t)problem->channels + 1, sizeof(int64_t), err);
    problem->residuals = mem_new(rows, K * sizeof(double), err);
    problem->losses = mem_new((size_t)blocks(problem), sizeof(double), err);
    problem->block_bias = mem_new((size_t)blocks(problem), K * sizeof(double), err);
    if (!problem->column_starts || !problem->residuals || !problem->losses || !problem->block_bias) return false;
    int64_t entries = 0;
    for (int i = 0; i < problem->view->count; i++) {
        int row = feature_view_row(problem->view, i);
        for (int64_t j = features->starts[row]; j < features->starts[row + 1]; j++)
            problem->column_starts[features->indices[j] + 1]++;
        entries += features->starts[row + 1] - features->starts[row];
    }
    for (int c = 0; c < problem->channels; c++) problem->column_starts[c + 1] += problem->column_starts[c];
    problem->column_rows = mem_new((size_t)entries, sizeof(int32_t), err);
    problem->column_values = mem_new((size_t)entries, sizeof(double), err);
    if (!problem->column_rows || !problem->column_values) return false;
    columns_fill(problem);
    return true;
}

static void problem_free(Problem *problem) {
    dense_pass_free(&problem->pass);
    preconditioner_free(&problem->preconditioner);
    mem_free(problem->dense_losses);
    mem_free(problem->vectors);
    mem_free(problem->column_starts);
    mem_free(problem->column_rows);
    mem_free(problem->column_values);
    mem_free(problem->residuals);
    mem_free(problem->losses);
    mem_free(problem->block_bias);
    vectors_free(&problem->weights);
    vectors_free(&problem->all);
}

/* Weights of the classes as scikit-learn's "balanced", and their sum over the rows. */
static bool weigh_classes(Problem *problem, double *class_weight, bool balanced, Error *err) {
    int64_t *counts = mem_new((size_t)problem->classes, sizeof *counts, err);
    bool good = counts && class_counts(counts, problem->labels, problem->view->count, problem->classes, err);
    for (int k = 0; good && k < problem->classes; k++) {
        class_weight[k] = balanced ? problem->view->count / (problem->classes * (double)counts[k]) : 1;
        problem->total_weight += class_weight[k] * (double)counts[k];
    }
    problem->class_weight = class_weight;
    mem_free(counts);
    return good;
}

/* Between the model's layout, (K, C) and the bias, and the optimiser's. */
static void model_to_vector(const LinearModel *model, double *x) {
    size_t C = (size_t)model->channels, K = (size_t)model->outputs;
    for (size_t k = 0; k < K; k++) {
        for (size_t c = 0; c < C; c++) x[c * K + k] = model->weights[k * C + c];
        x[C * K + k] = model->bias[k];
    }
}

static void vector_to_model(LinearModel *model, const double *x) {
    size_t C = (size_t)model->channels, K = (size_t)model->outputs;
    for (size_t k = 0; k < K; k++) {
        for (size_t c = 0; c < C; c++) model->weights[k * C + c] = x[c * K + k];
        model->bias[k] = x[C * K + k];
    }
}

static bool solve(LinearModel *model, Problem *problem, const MultinomialOptions *options, const LinearModel *start,
                  const Observer *observer, Error *err) {
    size_t unknowns = length(problem);
    double *class_weight = mem_new((size_t)problem->classes, sizeof *class_weight, err);
    double *x = mem_new(unknowns, sizeof *x, err);
    LbfgsOptions lbfgs = {.tolerance = options->tolerance, .max_iterations = options->max_iterations};
    LbfgsResult result = {0};
    blas_stay_serial();
    bool good = class_weight && x && weigh_classes(problem, class_weight, options->balanced, err) &&
                vectors_make(&problem->all, unknowns, problem->pool, err) &&
                vectors_make(&problem->weights, unknowns - (size_t)problem->outputs, problem->pool, err) &&
                (problem->view->dense ? dense_make(problem, options->C, err) : sparse_make(problem, err));
    if (good) {
        problem->penalty = 1 / (options->C * problem->total_weight);
        if (problem->preconditioner.squares) lbfgs.scale = dense_scale;
        if (start) model_to_vector(start, x);
        good = lbfgs_minimise(x, unknowns, objective, problem, &lbfgs, problem->pool, observer, &result, err);
    }
    if (good) {
        vector_to_model(model, x);
        model->converged = result.converged;
        model->iterations = result.iterations;
        model->gradient_norm = result.gradient_norm;
    }
    mem_free(class_weight);
    mem_free(x);
    return good;
}

bool multinomial_train(LinearModel *model, const FeatureView *train, const int32_t *labels, int classes,
                       const MultinomialOptions *options, const LinearModel *start, Pool *pool, const Observer *observer,
                       Error *err) {
    if (!linear_model_make(model, LINEAR_MULTINOMIAL, classes, feature_view_channels(train), err)) return false;
    model->C = options->C;
    model->balanced = options->balanced;
    model->tolerance = options->tolerance;
    if (start && (start->outputs != model->outputs || start->channels != model->channels)) start = NULL;
    Problem problem = {.view = train,
                       .labels = labels,
                       .classes = classes,
                       .outputs = model->outputs,
                       .channels = model->channels,
                       .pool = pool};
    bool good = solve(model, &problem, options, start, observer, err);
    problem_free(&problem);
    if (!good) linear_model_free(model);
    return good;
}
