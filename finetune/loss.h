/* Mean cross entropy over the rows of one optimiser step, with label smoothing and class weights, as
 * torch.nn.CrossEntropyLoss(weight, label_smoothing), which without weights is transformers' LabelSmoother:
 *
 *   loss = ((1 - s) Σ_i w[y_i] · -log p_i[y_i]  +  s/K Σ_i Σ_k w[k] · -log p_i[k]) / Σ_i w[y_i]
 *
 * A step may come in several pieces (micro-batches): the divisor is that of the whole step, known beforehand. */
#ifndef TWOFOLD_FINETUNE_LOSS_H
#define TWOFOLD_FINETUNE_LOSS_H

#include <stdint.h>

#include "common/error.h"

typedef struct Loss {
    int classes;      /* K */
    double smoothing; /* s, in [0, 1) */
    double *weights;  /* (K), owned; NULL: all 1 */
} Loss;

/* balanced: weights n / (K · n_k) of the n labels (those of class k are n_k); a class without rows has weight 1. labels[rows[i]]
 * are read for i < count; rows NULL reads labels[0 … count). */
MUST_CHECK bool loss_make(Loss *loss, int classes, double smoothing, bool balanced, const int32_t *labels, const int *rows,
                          int count, Error *err);
void loss_free(Loss *loss); /* takes a zeroed one */

/* Σ_i w[y_i]: what the sum over these rows is divided by. */
double loss_divisor(const Loss *loss, const int32_t *labels, int rows);

/* The sum over B rows, not divided. logits (B, K), labels (B). With `gradient` (B, K) also dLoss/dlogits of the step's mean,
 * already divided by `divisor`. The log-softmax is in double. A NaN among the logits gives NaN. */
double loss_forward_backward(const Loss *loss, const float *logits, const int32_t *labels, int rows, double divisor,
                             float *gradient);

#endif
