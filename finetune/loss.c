#include "finetune/loss.h"

#include <math.h>

#include "common/memory.h"

bool loss_make(Loss *loss, int classes, double smoothing, bool balanced, const int32_t *labels, const int *rows, int count,
               Error *err) {
    *loss = (Loss){.classes = classes, .smoothing = smoothing};
    if (!balanced) return true;
    loss->weights = mem_new((size_t)classes, sizeof *loss->weights, err);
    if (!loss->weights) return false;
    for (int i = 0; i < count; i++) loss->weights[labels[rows ? rows[i] : i]] += 1;
    for (int k = 0; k < classes; k++)
        loss->weights[k] = loss->weights[k] > 0 ? (double)count / ((double)classes * loss->weights[k]) : 1;
    return true;
}

void loss_free(Loss *loss) {
    mem_free(loss->weights);
    *loss = (Loss){0};
}

static double weight_of(const Loss *loss, int k) { return loss->weights ? loss->weights[k] : 1; }

double loss_divisor(const Loss *loss, const int32_t *labels, int rows) {
    double sum = 0;
    for (int i = 0; i < rows; i++) sum += weight_of(loss, labels[i]);
    return sum;
}

/* log Σ exp(logits), without overflow. */
static double log_sum_exp(const float *logits, int classes) {
    double highest = (double)logits[0], sum = 0;
    for (int k = 1; k < classes; k++) highest = (double)logits[k] > highest ? (double)logits[k] : highest;
    for (int k = 0; k < classes; k++) sum += exp((double)logits[k] - highest);
    return highest + log(sum);
}

/* One row: its share of the sum; the gradient is that of the share divided by `divisor`. With a_k the weight that stands before
 * -log p[k], d(share)/dlogit[j] = p[j] Σ a - a_j. */
static double row_loss(const Loss *loss, const float *logits, int label, double divisor, float *gradient) {
    double normaliser = log_sum_exp(logits, loss->classes), even = loss->smoothing / loss->classes;
    double sum = 0, all = 0;
    for (int k = 0; k < loss->classes; k++) {
        double a = even * weight_of(loss, k) + (k == label ? (1 - loss->smoothing) * weight_of(loss, k) : 0);
        if (a != 0) sum += a * (normaliser - (double)logits[k]);
        all += a;
    }
    for (int k = 0; gradient && k < loss->classes; k++) {
        double a = even * weight_of(loss, k) + (k == label ? (1 - loss->smoothing) * weight_of(loss, k) : 0);
        gradient[k] = (float)((exp((double)logits[k] - normaliser) * all - a) / divisor);
    }
    return sum;
}

double loss_forward_backward(const Loss *loss, const float *logits, const int32_t *labels, int rows, double divisor,
                             float *gradient) {
    double sum = 0;
    for (int i = 0; i < rows; i++) {
        size_t at = (size_t)i * (size_t)loss->classes;
        sum += row_loss(loss, logits + at, labels[i], divisor, gradient ? gradient + at : NULL);
    }
    return sum;
}
