#include "classifiers/linear_model.h"

#include <math.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "common/memory.h"

enum { ROWS_A_TASK = 256, LANES = 8 };

bool linear_model_make(LinearModel *model, LinearKind kind, int classes, int channels, Error *err) {
    int outputs = classes == 2 ? 1 : classes;
    *model = (LinearModel){.kind = kind, .classes = classes, .outputs = outputs, .channels = channels};
    if (classes < 2) return FAIL(err, ERROR_DATA, "a linear model needs two classes or more, found %d", classes);
    if (channels < 0) return FAIL(err, ERROR_DATA, "a linear model cannot have %d channels", channels);
    size_t weights;
    if (__builtin_mul_overflow((size_t)outputs, (size_t)channels, &weights))
        return FAIL(err, ERROR_FAILED, "%d × %d weights do not fit into memory", outputs, channels);
    model->weights = mem_new(weights, sizeof *model->weights, err);
    model->bias = mem_new((size_t)outputs, sizeof *model->bias, err);
    if (model->weights && model->bias) return true;
    linear_model_free(model);
    return false;
}

void linear_model_free(LinearModel *model) {
    mem_free(model->weights);
    mem_free(model->bias);
    *model = (LinearModel){0};
}

bool class_counts(int64_t *counts, const int32_t *labels, int rows, int classes, Error *err) {
    memset(counts, 0, (size_t)classes * sizeof *counts);
    for (int i = 0; i < rows; i++) {
        if (labels[i] < 0 || labels[i] >= classes)
            return FAIL(err, ERROR_DATA, "row %d has class %d, expected 0 to %d", i, labels[i], classes - 1);
        counts[labels[i]]++;
    }
    for (int k = 0; k < classes; k++)
        if (!counts[k]) return FAIL(err, ERROR_DATA, "class %d of %d has no row to train on", k, classes);
    return true;
}

/* Eight sums side by side, so that the compiler may use vectors without changing the order of summation. */
static double dense_dot(const double *weights, const float *values, int channels) {
    double sums[LANES] = {0}, rest = 0;
    int c = 0;
    for (; c + LANES <= channels; c += LANES)
        for (int lane = 0; lane < LANES; lane++) sums[lane] += weights[c + lane] * (double)values[c + lane];
    for (; c < channels; c++) rest += weights[c] * (double)values[c];
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7])) + rest;
}

static double sparse_dot(const double *weights, const SparseFeatures *features, int row) {
    double sum = 0;
    for (int64_t i = features->starts[row]; i < features->starts[row + 1]; i++)
        sum += weights[features->indices[i]] * features->values[i];
    return sum;
}

typedef struct ScoreJob {
    const LinearModel *model;
    const FeatureView *view;
    double *scores;
} ScoreJob;

static void score_rows(void *context, int task, int thread) {
    (void)thread;
    const ScoreJob *job = context;
    const LinearModel *model = job->model;
    int first = task * ROWS_A_TASK, end = first + ROWS_A_TASK < job->view->count ? first + ROWS_A_TASK : job->view->count;
    for (int i = first; i < end; i++) {
        int row = feature_view_row(job->view, i);
        for (int k = 0; k < model->outputs; k++) {
            const double *weights = model->weights + (size_t)k * (size_t)model->channels;
            double dot = job->view->dense ? dense_dot(weights, job->view->dense->values + (size_t)row * (size_t)model->channels,
                                                      model->channels)
                                          : sparse_dot(weights, job->view->sparse, row);
            job->scores[(size_t)i * (size_t)model->outputs + (size_t)k] = dot + model->bias[k];
        }
    }
}

void linear_model_score(const LinearModel *model, const FeatureView *view, Pool *pool, double *scores) {
    ScoreJob job = {model, view, scores};
    pool_run(pool, (view->count + ROWS_A_TASK - 1) / ROWS_A_TASK, score_rows, &job);
}

static double sigmoid(double x) { return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)); }

static void softmax(double *out, const double *scores, int count) {
    double most = scores[argmax(scores, count)], sum = 0;
    for (int k = 0; k < count; k++) sum += out[k] = exp(scores[k] - most);
    for (int k = 0; k < count; k++) out[k] /= sum;
}

/* As liblinear's predict_probability and scikit-learn's OneVsRestClassifier. Where every sigmoid underflows these divide by
 * zero; there sigmoid(x) is exp(x), so that softmax is the same quotient. */
static void ovr_probabilities(double *out, const double *scores, int count) {
    double sum = 0;
    for (int k = 0; k < count; k++) sum += out[k] = sigmoid(scores[k]);
    if (sum < 1e-300) {
        softmax(out, scores, count);
        return;
    }
    for (int k = 0; k < count; k++) out[k] /= sum;
}

static void predict_row(const LinearModel *model, const double *scores, int row, Predictions *out) {
    double *probabilities = out->probabilities ? out->probabilities + (size_t)row * (size_t)model->classes : NULL;
    if (model->outputs == 1) {
        out->predicted[row] = scores[0] > 0;
        if (!probabilities) return;
        probabilities[0] = sigmoid(-scores[0]);
        probabilities[1] = sigmoid(scores[0]);
        return;
    }
    out->predicted[row] = argmax(scores, model->classes);
    if (!probabilities) return;
    if (model->kind == LINEAR_OVR)
        ovr_probabilities(probabilities, scores, model->classes);
    else
        softmax(probabilities, scores, model->classes);
}

bool linear_model_predict(const LinearModel *model, const FeatureView *view, const int32_t *truth, Pool *pool, Predictions *out,
                          Error *err) {
    if (feature_view_channels(view) != model->channels)
        return FAIL(err, ERROR_MODEL, "the features have %d channels, the linear model expects %d", feature_view_channels(view),
                    model->channels);
    if (!predictions_make(out, view->count, model->classes, truth, model->kind != LINEAR_SVM, err)) return false;
    double *scores = mem_new((size_t)view->count, (size_t)model->outputs * sizeof *scores, err);
    if (!scores) {
        predictions_free(out);
        return false;
    }
    linear_model_score(model, view, pool, scores);
    for (int i = 0; i < view->count; i++) predict_row(model, scores + (size_t)i * (size_t)model->outputs, i, out);
    mem_free(scores);
    return true;
}

/* One line a feature and one for the bias, a weight an output, as liblinear's save_model lays them out. */
bool linear_model_write_liblinear(const LinearModel *model, const char *path, Error *err) {
    FileWriter file;
    if (!file_writer_open(&file, path, err)) return false;
    file_writer_printf(&file, "solver_type %s\nnr_class %d\nlabel", model->kind == LINEAR_SVM ? "L2R_L2LOSS_SVC" : "L2R_LR",
                       model->classes);
    /* With two classes liblinear's one score speaks for the label that stands first. */
    for (int k = 0; k < model->classes; k++) file_writer_printf(&file, " %d", model->outputs == 1 ? 1 - k : k);
    file_writer_printf(&file, "\nnr_feature %d\nbias 1\nw\n", model->channels);
    for (int c = 0; c <= model->channels; c++) {
        for (int k = 0; k < model->outputs; k++) {
            char text[32];
            number_text(text,
                        c < model->channels ? model->weights[(size_t)k * (size_t)model->channels + (size_t)c] : model->bias[k]);
            file_writer_printf(&file, "%s ", text);
        }
        file_writer_add(&file, "\n", 1);
    }
    return file_writer_commit(&file, err);
}
