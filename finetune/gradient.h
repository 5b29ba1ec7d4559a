/* Loss and gradients of the rows of one optimiser step. They are run in pieces of a few thousand tokens, in order, and summed: memory is bounded
 * by the piece, whatever the batch size, and the sum does not depend on the threads. The one place where gradients are summed. */
#ifndef TWOFOLD_FINETUNE_GRADIENT_H
#define TWOFOLD_FINETUNE_GRADIENT_H

#include "finetune/finetune.h"
#include "finetune/loss.h"

typedef struct Gradient {
    const Encoder *encoder;
    const FinetuneRows *rows;
    uint64_t seed; /* of the dropout */
    Loss loss;
    Workspace *workspace;
    size_t total;                 /* floats in a block of the weights */
    float *sum;                   /* (total): zero before the first step; the optimiser leaves it so where a step adds to it */
    int token_budget, row_budget; /* of a piece */

    /* A piece: borrowed by its Batch. */
    int32_t *ids, *starts, *numbers, *labels;
    float *of_logits;     /* (row_budget, K) */
    int32_t *step_labels; /* (rows of a step) */
} Gradient;

/* What the workspace will be asked for: a piece of at most `most_rows` rows of these. */
WorkspaceOptions gradient_workspace_options(const FinetuneRows *rows, int most_rows, int freeze_layers);

/* The encoder was made for training. most_rows: of one step. ERROR_DATA when a row is longer than the encoder's positions or its label is no class. */
MUST_CHECK bool gradient_make(Gradient *gradient, const Encoder *encoder, const Weights *weights, const FinetuneRows *rows,
                              int most_rows, const FinetuneOptions *options, Pool *pool, Error *err);
void gradient_free(Gradient *gradient); /* takes a zeroed one */

/* Sums the gradients of the mean loss over the rows at places[0 … count) (indices into rows->rows); *loss is that mean. `done` steps went
 * before: it seeds the dropout. */
MUST_CHECK bool gradient_of_step(Gradient *gradient, const int *places, int count, int64_t done, double *loss, Error *err);

/* The number within the tokens of a place. */
static inline int finetune_row(const FinetuneRows *rows, int place) { return rows->rows ? rows->rows[place] : place; }

#endif
