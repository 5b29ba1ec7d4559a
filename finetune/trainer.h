/* The run behind finetune_run, in the hands of trainer.c and estimate.c. */
#ifndef TWOFOLD_FINETUNE_TRAINER_H
#define TWOFOLD_FINETUNE_TRAINER_H

#include "finetune/adamw.h"
#include "finetune/checkpoint.h"
#include "finetune/gradient.h"
#include "finetune/state.h"

typedef struct Trainer {
    const FinetuneInput *input;
    const FinetuneOptions *options;
    const Observer *observer;
    TrainPlan plan;
    TrainState state;
    Encoder *encoder;
    Gradient gradient;
    AdamW adamw;
    Buffer identity;
    int *order;          /* (train.count) of epoch order_epoch */
    int64_t order_epoch; /* -1: none yet */
    double flos_per_token;
    double started_s; /* of this session, on the wall clock */
    double before_s;  /* seconds of the sessions before it */
    double started_cpu_s, before_cpu_s; /* the same, of all threads */
    int64_t session_tokens;
    int64_t resumed_from;
    bool diverged; /* the last step met a loss or a norm that is no number */
} Trainer;

/* Checks the options, makes the plan, and takes all the memory a run needs; ERROR_FAILED, before it takes any, when that is more than there is. */
MUST_CHECK bool trainer_make(Trainer *trainer, const FinetuneInput *input, const FinetuneOptions *options,
                             const Observer *observer, Error *err);
void trainer_free(Trainer *trainer); /* takes a zeroed one */

CheckpointParts trainer_parts(Trainer *trainer);

/* num_parameters(exclude_embeddings=True), and how many rows a step has. */
size_t trainer_computing_parameters(const WeightTable *table);
int trainer_most_rows(const TrainPlan *plan, int rows);

/* Tells the optimiser which rows of the word embeddings the gradient of these training rows reaches. */
void trainer_wake_words(Trainer *trainer, const int *places, int count);

/* One optimiser step: gradients, norm, update. Nothing has changed when it fails because loss or norm are no numbers. */
MUST_CHECK bool trainer_step(Trainer *trainer, Error *err);

#endif
