/* AdamW (Loshchilov & Hutter 2019) as torch.optim.AdamW computes it, over the flat blocks of one WeightTable: weights, gradients and
 * both moments lie alike, so that the optimiser is one loop. Decay is decoupled and spares biases and norms (TensorSpec.decays). */
#ifndef TWOFOLD_FINETUNE_ADAMW_H
#define TWOFOLD_FINETUNE_ADAMW_H

#include <stddef.h>
#include <stdint.h>

#include "common/parallel.h"
#include "encoder/weights.h"

/* A run of floats within one tensor, short enough that threads share the work evenly and long enough to be worth a hand-over: LINEAR_ROWS
 * rows of a Linear's weight. */
typedef struct AdamWSpan {
    size_t offset, count;
    bool decays;
    bool linear; /* of a Linear's weight, whose gradient the next step writes anew (ForwardOptions.first_sum) */
} AdamWSpan;

enum { ADAMW_DECAYS = 512 };

typedef struct AdamW {
    double beta1, beta2, epsilon, weight_decay;
    void (*moved)(void *context, size_t offset, size_t count); /* as in the options */
    void *context;
    int64_t step;          /* finished steps */
    size_t total;          /* floats in a block */
    float *first, *second; /* (total) moments */
    AdamWSpan *spans;      /* of the tensors that are trained, in the table's order */
    int span_count;
    double *squares; /* (span_count) sums of squared gradients */

    /* Rows of the word embeddings that no text has had yet: gradient and moments are zero, so that a step would only decay them. It costs nothing:
     * they sleep, and what they have yet to be multiplied with is kept until one of them is read. Multiplying late gives the same bits. */
    size_t words_offset, words_row; /* where the table begins, and floats in a row of it */
    int words;                      /* rows */
    bool *is_awake;                 /* (words); NULL: the table is not trained */
    float decay[ADAMW_DECAYS];      /* of the last steps: what the sleeping rows are behind by, all by the same */
    int decay_count;
} AdamW;

typedef struct AdamWOptions {
    double beta1, beta2, epsilon, weight_decay;
    int freeze_layers; /* N > 0: the embeddings and layers 0 … N-1 are left alone */
    /* Told of weights that a step has just moved, while they are near: LINEAR_ROWS rows of a Linear's weight, or a run of another tensor.
     * By the thread that has moved them, others beside it. May be NULL. */
    void (*moved)(void *context, size_t offset, size_t count);
    void *context;
} AdamWOptions;

MUST_CHECK bool adamw_make(AdamW *adamw, const WeightTable *table, const AdamWOptions *options, Error *err);
void adamw_free(AdamW *adamw); /* takes a zeroed one */

/* Whether tensor `index` of the table is trained when N layers are frozen: all of the head always is, BERT's pooler with it. */
bool adamw_trains(const WeightTable *table, int index, int freeze_layers);

/* Rows of the word embeddings that the next gradient may reach. Every one must be named before the weights are read for it: here a sleeping row gets
 * the decay it is behind by. */
void adamw_wake_words(AdamW *adamw, float *weights, const int32_t *ids, int64_t count);
/* Gives all sleeping rows the decay they are behind by, as evaluating and saving want it; when steps go on, they give the bits they would have given without. */
void adamw_settle(AdamW *adamw, float *weights, Pool *pool);
/* After weights (settled) and moments have been read from a checkpoint: rows whose moments are not zero are awake. */
void adamw_wake_moved_words(AdamW *adamw);

/* The norm of all trained gradients, summed in double in a fixed order: the same bits for any number of threads. */
double adamw_gradient_norm(const AdamW *adamw, const float *gradients, Pool *pool);

/* Multiplies the gradients by min(1, max_norm / (norm + 1e-6)) as torch.nn.utils.clip_grad_norm_ (max_norm 0: by 1), takes
 * one step with them, and leaves those that the next step adds to zero: all but those of Linears' weights. */
void adamw_step(AdamW *adamw, float *weights, float *gradients, double learning_rate, double norm, double max_norm, Pool *pool);

#endif
