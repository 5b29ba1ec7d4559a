/* What a fine-tuning is asked to do, in the words of Hugging Face's TrainingArguments: the same names, the same meaning, the same
 * defaults but for three, which are those of a user who wants the best model: evaluation and saving by epoch (Trainer: never, and every
 * 500 steps), the two checkpoints worth keeping, and the best one loaded at the end. */
#ifndef TWOFOLD_FINETUNE_OPTIONS_H
#define TWOFOLD_FINETUNE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/json.h"
#include "encoder/dtype.h"

#pragma GCC visibility push(default)

typedef enum ScheduleKind {
    SCHEDULE_LINEAR,
    SCHEDULE_COSINE,
    SCHEDULE_CONSTANT,
    SCHEDULE_CONSTANT_WITH_WARMUP,
    SCHEDULE_KINDS
} ScheduleKind;

typedef enum IntervalStrategy { INTERVAL_NO, INTERVAL_STEPS, INTERVAL_EPOCH, INTERVALS } IntervalStrategy;

typedef enum Direction { DIRECTION_AUTO, DIRECTION_GREATER, DIRECTION_LESS } Direction;

/* A number of steps may be a share of the whole run, as there: a value below 1 is multiplied by the run's steps and rounded up. */
typedef struct FinetuneOptions {
    double learning_rate;
    double num_train_epochs; /* fractions end within an epoch */
    int64_t max_steps;       /* optimiser steps; -1: num_train_epochs decides */
    int per_device_train_batch_size;
    int gradient_accumulation_steps;
    double weight_decay;
    Dtype dtype; /* of the products, not DTYPE_AUTO; what learns is float32 */
    double adam_beta1, adam_beta2, adam_epsilon;
    double max_grad_norm; /* 0: no clipping */
    ScheduleKind lr_scheduler_type;
    double warmup_steps;
    double warmup_ratio; /* where warmup_steps is 0 */
    double label_smoothing_factor;
    bool balanced;     /* class_weight "balanced": n / (K · n_k), as scikit-learn */
    int freeze_layers; /* N > 0: the embeddings and the N lowest layers keep their weights */
    uint64_t seed;     /* of shuffle and dropout */

    IntervalStrategy eval_strategy, save_strategy;
    double eval_steps; /* 0: logging_steps */
    double save_steps;
    double logging_steps;
    bool logging_first_step;
    int per_device_eval_batch_size; /* only counts eval_steps_per_second: rows are packed by their tokens */
    int save_total_limit;           /* checkpoints kept; the best and the last always are; 0: all */
    bool load_best_model_at_end;
    const char *metric_for_best_model; /* "loss" or a score of metrics/scores.h, with or without "eval_" */
    Direction greater_is_better;       /* auto: less for the loss and where less is better */
    int early_stopping_patience;       /* evaluations without improvement; 0: never */
    double early_stopping_threshold;

    /* NULL: the newest complete checkpoint of output_dir with the same identity, if any; a folder: that one or fail;
     * "none": start anew. */
    const char *resume_from_checkpoint;
} FinetuneOptions;

#define FINETUNE_DEFAULTS \
    { \
        .learning_rate = 5e-5, .num_train_epochs = 3, .max_steps = -1, .per_device_train_batch_size = 8, \
        .gradient_accumulation_steps = 1, .adam_beta1 = 0.9, .adam_beta2 = 0.999, .adam_epsilon = 1e-8, .max_grad_norm = 1, \
        .seed = 42, .eval_strategy = INTERVAL_EPOCH, .save_strategy = INTERVAL_EPOCH, .save_steps = 500, .logging_steps = 500, \
        .per_device_eval_batch_size = 8, .save_total_limit = 2, .load_best_model_at_end = true, \
        .metric_for_best_model = "accuracy" \
    }

/* ERROR_USAGE for what is out of range or contradicts itself (the best can only be loaded when it was evaluated and saved). `layers` is
 * the encoder's number, or -1 when it is not known yet. */
MUST_CHECK bool finetune_options_check(const FinetuneOptions *options, int layers, Error *err);

/* Every option that can change the weights, as one JSON object: part of a run's identity. */
void finetune_options_write(JsonWriter *writer, const FinetuneOptions *options);

/* "linear", "cosine", "constant", "constant_with_warmup"; "no", "steps", "epoch" */
const char *schedule_name(ScheduleKind kind);
const char *interval_name(IntervalStrategy interval);

/* metric_for_best_model without "eval_"; whether more of it is better. */
const char *finetune_metric(const FinetuneOptions *options);
bool finetune_greater_is_better(const FinetuneOptions *options);

#pragma GCC visibility pop
#endif
