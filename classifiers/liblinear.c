#include "classifiers/liblinear.h"

#include <linear.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "classifiers/newton.h"
#include "classifiers/one_class.h"
#include "classifiers/svm_dual.h"
#include "common/blas.h"
#include "common/memory.h"

enum { ROWS_A_TASK = 512 };

const char *liblinear_version_text(char out[16]) {
    snprintf(out, 16, "%d.%d.%d", liblinear_version / 100, liblinear_version / 10 % 10, liblinear_version % 10);
    return out;
}

/* liblinear tells how it went only through this; "iter" begins the line of each Newton step. One counter a thread, because each
 * thread trains another class. */
static _Thread_local int steps_seen;
static void count_steps(const char *line) {
    if (strncmp(line, "iter", 4) == 0) steps_seen++;
}

/* ---- the features as liblinear wants them ---- */

typedef struct Rows {
    struct feature_node *nodes; /* every row's values, the bias 1 behind them, and an end mark */
    struct feature_node **starts;
    const FeatureView *view;
} Rows;

static int64_t values_of_row(const FeatureView *view, int i) {
    if (view->dense) return view->dense->channels;
    int row = feature_view_row(view, i);
    return view->sparse->starts[row + 1] - view->sparse->starts[row];
}

static void fill_row(const FeatureView *view, int i, struct feature_node *out) {
    int row = feature_view_row(view, i), channels = feature_view_channels(view);
    if (view->dense) {
        const float *values = view->dense->values + (size_t)row * (size_t)channels;
        for (int c = 0; c < channels; c++) *out++ = (struct feature_node){c + 1, (double)values[c]};
    } else {
        for (int64_t j = view->sparse->starts[row]; j < view->sparse->starts[row + 1]; j++)
            *out++ = (struct feature_node){view->sparse->indices[j] + 1, view->sparse->values[j]};
    }
    *out++ = (struct feature_node){channels + 1, 1};
    *out = (struct feature_node){-1, 0};
}

static void fill_rows(void *context, int task, int thread) {
    (void)thread;
    Rows *rows = context;
    int first = task * ROWS_A_TASK, end = first + ROWS_A_TASK < rows->view->count ? first + ROWS_A_TASK : rows->view->count;
    for (int i = first; i < end; i++) fill_row(rows->view, i, rows->starts[i]);
}

static void rows_free(Rows *rows) {
    mem_free(rows->nodes);
    mem_free(rows->starts);
    *rows = (Rows){0};
}

static bool rows_make(Rows *rows, const FeatureView *view, Pool *pool, Error *err) {
    *rows = (Rows){.view = view};
    size_t nodes = 0;
    for (int i = 0; i < view->count; i++) nodes += (size_t)values_of_row(view, i) + 2;
    rows->nodes = mem_new(nodes, sizeof *rows->nodes, err);
    rows->starts = mem_new((size_t)view->count, sizeof *rows->starts, err);
    if (!rows->nodes || !rows->starts) {
        rows_free(rows);
        return false;
    }
    struct feature_node *next = rows->nodes;
    for (int i = 0; i < view->count; i++) {
        rows->starts[i] = next;
        next += values_of_row(view, i) + 2;
    }
    pool_run(pool, (view->count + ROWS_A_TASK - 1) / ROWS_A_TASK, fill_rows, rows);
    return true;
}

/* ---- one problem ---- */

typedef struct Training {
    const FeatureView *view;
    const SvmRows *svm_rows;
    const Rows *rows; /* for liblinear, once a class needs it */
    const int32_t *labels;
    const int64_t *counts; /* (classes) */
    const LiblinearOptions *options;
    const LinearModel *start;
    LinearModel *model;
    int *steps;       /* (outputs) */
    double *measures; /* (outputs) */
    Error *errors;    /* (outputs) */
    bool *done;       /* (outputs): trained to the tolerance */
} Training;

static OneClass one_class(const Training *job, int k) {
    const LinearModel *model = job->model;
    const LiblinearOptions *options = job->options;
    int positive = model->outputs == 1 ? 1 : k;
    double weight[2] = {1, 1}, rows = job->view->count;
    if (options->balanced) {
        weight[1] = rows / (model->classes * (double)job->counts[positive]);
        if (model->outputs == 1) weight[0] = rows / (2 * (double)job->counts[1 - positive]);
    }
    return (OneClass){.view = job->view,
                      .labels = job->labels,
                      .positive = positive,
                      .positives = job->counts[positive],
                      .kind = options->kind,
                      .C_of = {options->C * weight[0], options->C * weight[1]}};
}

static void keep_weights(Training *job, int k, const double *w) {
    LinearModel *model = job->model;
    size_t channels = (size_t)model->channels;
    memcpy(model->weights + (size_t)k * channels, w, channels * sizeof *w);
    model->bias[k] = w[channels];
}

/* A linear SVM on sparse rows, without liblinear. What does not converge here is liblinear's to end. */
static void train_in_dual(void *context, int k, int thread) {
    (void)thread;
    Training *job = context;
    OneClass problem = one_class(job, k);
    double *w = mem_new((size_t)job->model->channels + 1, sizeof *w, &job->errors[k]);
    if (w &&
        svm_dual_train(&problem, job->svm_rows, job->options->tolerance, w, &job->steps[k], &job->measures[k], &job->errors[k])) {
        keep_weights(job, k, w);
        job->done[k] = job->measures[k] <= job->options->tolerance;
    }
    mem_free(w);
}

/* By liblinear, with room from the caller: y (rows), w and gradient (C + 1). */
static bool train_problem(Training *job, int k, double *y, double *w, double *gradient, Error *err) {
    const LiblinearOptions *options = job->options;
    OneClass one = one_class(job, k);
    int rows = job->view->count, channels = job->model->channels;
    for (int i = 0; i < rows; i++) y[i] = job->labels[i] == one.positive ? 1 : -1;
    struct problem problem = {.l = rows, .n = channels + 1, .y = y, .x = job->rows->starts, .bias = 1};
    double weight[2] = {one.C_of[0] / options->C, one.C_of[1] / options->C};
    int weight_label[2] = {-1, 1};
    struct parameter parameter = {.solver_type = options->kind == LINEAR_SVM ? L2R_L2LOSS_SVC : L2R_LR,
                                  .eps = options->tolerance,
                                  .C = options->C,
                                  .nr_weight = 2,
                                  .weight_label = weight_label,
                                  .weight = weight,
                                  .p = 0.1};
#if LIBLINEAR_VERSION >= 242
    parameter.regularize_bias = 1;
#endif
    const LinearModel *start = job->steps[k] ? job->model : job->start;
    if (start) {
        memcpy(w, start->weights + (size_t)k * (size_t)channels, (size_t)channels * sizeof *w);
        w[channels] = start->bias[k];
        parameter.init_sol = w;
    }
    const char *problem_found = check_parameter(&problem, &parameter);
    if (problem_found)
        return FAIL(err, ERROR_USAGE, "liblinear refuses C %g, tolerance %g: %s", options->C, options->tolerance, problem_found);
    steps_seen = 0;
    struct model *trained = train(&problem, &parameter);
    job->steps[k] += steps_seen;
    keep_weights(job, k, trained->w);
    double here = one_class_gradient(&one, trained->w, gradient), at_zero = one_class_gradient(&one, NULL, gradient);
    job->measures[k] = one_class_measure(&one, here, at_zero);
    free_and_destroy_model(&trained);
    return true;
}

static void train_class(void *context, int k, int thread) {
    (void)thread;
    Training *job = context;
    if (job->done[k]) return;
    Error *err = &job->errors[k];
    double *y = mem_new((size_t)job->view->count, sizeof *y, err);
    double *w = mem_new((size_t)job->model->channels + 1, sizeof *w, err);
    double *gradient = mem_new((size_t)job->model->channels + 1, sizeof *gradient, err);
    if (y && w && gradient) (void)train_problem(job, k, y, w, gradient, err);
    mem_free(y);
    mem_free(w);
    mem_free(gradient);
}

static bool train_all_in_dual(Training *job, Pool *pool, Error *err) {
    if (job->options->kind != LINEAR_SVM || !job->view->sparse) return true;
    SvmRows rows;
    if (!svm_rows_make(&rows, job->view, err)) return false;
    job->svm_rows = &rows;
    pool_run(pool, job->model->outputs, train_in_dual, job);
    svm_rows_free(&rows);
    return true;
}

/* Dense features, all classes side by side. What does not converge here is liblinear's to end, or to give up. */
static bool train_dense(Training *job, Pool *pool, Error *err) {
    if (!newton_can(job->view)) return true;
    LinearModel *model = job->model;
    size_t channels = (size_t)model->channels, width = channels + 1, outputs = (size_t)model->outputs;
    OneClass *problems = mem_new(outputs, sizeof *problems, err);
    double *w = mem_new(outputs, width * sizeof *w, err);
    bool good = problems && w;
    for (size_t k = 0; good && k < outputs; k++) {
        problems[k] = one_class(job, (int)k);
        if (!job->start) continue;
        memcpy(w + k * width, job->start->weights + k * channels, channels * sizeof *w);
        w[k * width + channels] = job->start->bias[k];
    }
    if (good) blas_stay_serial();
    good = good && newton_train(problems, model->outputs, job->options->tolerance, w, job->steps, job->measures, pool, err);
    for (int k = 0; good && k < model->outputs; k++) {
        keep_weights(job, k, w + (size_t)k * width);
        job->done[k] = job->measures[k] <= job->options->tolerance;
    }
    mem_free(problems);
    mem_free(w);
    return good;
}

/* liblinear on its own copy of the rows, for the classes that are not done. */
static bool train_by_liblinear(Training *job, Pool *pool, Error *err) {
    bool done = true;
    for (int k = 0; k < job->model->outputs; k++) done = done && job->done[k];
    if (done) return true;
    Rows rows = {0};
    if (!rows_make(&rows, job->view, pool, err)) return false;
    blas_stay_serial();
    set_print_string_function(count_steps);
    job->rows = &rows;
    pool_run(pool, job->model->outputs, train_class, job);
    rows_free(&rows);
    return true;
}

/* The worst output speaks for the model. The measure was summed in another order than liblinear's: hence the millionth. */
static bool summarise(LinearModel *model, const Training *job, Error *err) {
    model->converged = true;
    for (int k = 0; k < model->outputs; k++) {
        if (job->errors[k].kind) return FAIL(err, job->errors[k].kind, "%s", job->errors[k].message);
        if (job->steps[k] > model->iterations) model->iterations = job->steps[k];
        if (!(job->measures[k] <= model->gradient_norm)) model->gradient_norm = job->measures[k];
        if (!(job->measures[k] <= model->tolerance * (1 + 1e-6))) model->converged = false;
    }
    return true;
}

static bool train_classes(LinearModel *model, const FeatureView *train_view, const int32_t *labels,
                          const LiblinearOptions *options, const LinearModel *start, Pool *pool, Error *err) {
    size_t outputs = (size_t)model->outputs;
    int64_t *counts = mem_new((size_t)model->classes, sizeof *counts, err);
    Training job = {.view = train_view,
                    .labels = labels,
                    .counts = counts,
                    .options = options,
                    .start = start,
                    .model = model,
                    .steps = mem_new(outputs, sizeof(int), err),
                    .measures = mem_new(outputs, sizeof(double), err),
                    .errors = mem_new(outputs, sizeof(Error), err),
                    .done = mem_new(outputs, sizeof(bool), err)};
    bool good = counts && job.steps && job.measures && job.errors && job.done &&
                class_counts(counts, labels, train_view->count, model->classes, err);
    good = good && train_all_in_dual(&job, pool, err) && train_dense(&job, pool, err) && train_by_liblinear(&job, pool, err) && summarise(model, &job, err);
    mem_free(counts);
    mem_free(job.steps);
    mem_free(job.measures);
    mem_free(job.errors);
    mem_free(job.done);
    return good;
}

bool liblinear_train(LinearModel *model, const FeatureView *train_view, const int32_t *labels, int classes,
                     const LiblinearOptions *options, const LinearModel *start, Pool *pool, Error *err) {
    int channels = feature_view_channels(train_view);
    if (!(options->C > 0) || !(options->tolerance > 0))
        return FAIL(err, ERROR_USAGE, "C %g, tolerance %g: expected positive numbers", options->C, options->tolerance);
    if (channels == INT32_MAX) return FAIL(err, ERROR_DATA, "%d channels and a bias are more than liblinear counts", channels);
    if (!linear_model_make(model, options->kind, classes, channels, err)) return false;
    if (start && (start->outputs != model->outputs || start->channels != channels)) start = NULL;
    model->C = options->C;
    model->balanced = options->balanced;
    model->tolerance = options->tolerance;
    if (train_classes(model, train_view, labels, options, start, pool, err)) return true;
    linear_model_free(model);
    return false;
}
