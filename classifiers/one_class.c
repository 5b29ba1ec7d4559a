#include "classifiers/one_class.h"

#include <math.h>
#include <stddef.h>

/* ξ' as a function of z = y w·x. */
static double loss_slope(LinearKind kind, double z) {
    if (kind == LINEAR_SVM) return z < 1 ? 2 * (z - 1) : 0;
    return z >= 0 ? -exp(-z) / (1 + exp(-z)) : -1 / (1 + exp(z));
}

static double dense_dot(const float *values, const double *w, int channels) {
    double sum = 0;
    for (int c = 0; c < channels; c++) sum += w[c] * (double)values[c];
    return sum;
}

static double sparse_dot(const SparseFeatures *features, int row, const double *w) {
    double sum = 0;
    for (int64_t j = features->starts[row]; j < features->starts[row + 1]; j++)
        sum += w[features->indices[j]] * features->values[j];
    return sum;
}

static void row_add(const FeatureView *view, int row, double factor, double *out) {
    if (view->dense) {
        int channels = view->dense->channels;
        const float *values = view->dense->values + (size_t)row * (size_t)channels;
        for (int c = 0; c < channels; c++) out[c] += factor * (double)values[c];
        return;
    }
    const SparseFeatures *features = view->sparse;
    for (int64_t j = features->starts[row]; j < features->starts[row + 1]; j++)
        out[features->indices[j]] += factor * features->values[j];
}

double one_class_gradient(const OneClass *problem, const double *w, double *gradient) {
    const FeatureView *view = problem->view;
    int channels = feature_view_channels(view);
    for (int j = 0; j <= channels; j++) gradient[j] = w ? w[j] : 0;
    for (int i = 0; i < view->count; i++) {
        int row = feature_view_row(view, i);
        bool positive = problem->labels[i] == problem->positive;
        double y = positive ? 1 : -1, score = 0;
        if (w && view->dense) score = dense_dot(view->dense->values + (size_t)row * (size_t)channels, w, channels) + w[channels];
        if (w && view->sparse) score = sparse_dot(view->sparse, row, w) + w[channels];
        double pull = problem->C_of[positive] * y * loss_slope(problem->kind, y * score);
        if (!(pull < 0 || pull > 0)) continue;
        row_add(view, row, pull, gradient);
        gradient[channels] += pull;
    }
    double sum = 0;
    for (int j = 0; j <= channels; j++) sum += gradient[j] * gradient[j];
    return sqrt(sum);
}

double one_class_measure(const OneClass *problem, double here, double at_zero) {
    int64_t positives = problem->positives, negatives = problem->view->count - positives;
    int64_t fewer = positives < negatives ? positives : negatives;
    if (at_zero <= 0) return here <= 0 ? 0 : (double)INFINITY;
    return here / at_zero * problem->view->count / (double)(fewer > 1 ? fewer : 1);
}
