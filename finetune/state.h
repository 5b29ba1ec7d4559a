/* Where a run stands: what trainer_state.json says, and the curve of every step. */
#ifndef TWOFOLD_FINETUNE_STATE_H
#define TWOFOLD_FINETUNE_STATE_H

#include "finetune/finetune.h"
#include "finetune/plan.h"
#include "metrics/scores.h"

/* What a line of log_history can hold beside step and epoch. From LOG_EVAL_SCORE on: "eval_" and the name of SCORE_FIELDS[key - LOG_EVAL_SCORE]. */
typedef enum LogKey {
    LOG_LOSS,
    LOG_GRAD_NORM,
    LOG_LEARNING_RATE,
    LOG_TOTAL_FLOS,
    LOG_TRAIN_LOSS,
    LOG_TRAIN_RUNTIME,
    LOG_TRAIN_SAMPLES_PER_SECOND,
    LOG_TRAIN_STEPS_PER_SECOND,
    LOG_EVAL_LOSS,
    LOG_EVAL_RUNTIME,
    LOG_EVAL_SAMPLES_PER_SECOND,
    LOG_EVAL_STEPS_PER_SECOND,
    LOG_TRAIN_SAMPLES, /* rows; only in the files of results */
    LOG_EVAL_SAMPLES,
    LOG_EVAL_SCORE
} LogKey;

typedef struct LogItem {
    int key; /* LogKey */
    double value;
} LogItem;

typedef struct LogEntry {
    int64_t step;
    double epoch;
    size_t first; /* log_items[first … first + count) */
    int count;
} LogEntry;

typedef struct TrainState {
    int64_t step;          /* finished ones */
    FinetuneStep *history; /* (step) */
    size_t history_capacity;
    LogEntry *log; /* log_history */
    size_t log_count, log_capacity;
    LogItem *log_items;
    size_t item_count, item_capacity;
    int64_t logged;    /* step of the last line about training */
    int64_t evaluated; /* step of the last evaluation */
    int64_t saved;     /* step of the last checkpoint, but for one made because the run was interrupted */
    int64_t best_step; /* 0: none */
    double best_metric;
    int without_improvement; /* evaluations, for early stopping */
    double total_flos;
    double train_s; /* of the sessions before this one */
    double train_cpu_s;
} TrainState;

void train_state_free(TrainState *state); /* takes a zeroed one */

MUST_CHECK bool train_state_add_step(TrainState *state, FinetuneStep step, Error *err);

/* Begins a line of log_history at the present step; log_put adds to the last one. NaN is left out. */
MUST_CHECK bool log_begin(TrainState *state, const TrainPlan *plan, Error *err);
MUST_CHECK bool log_put(TrainState *state, int key, double value, Error *err);
/* The value in a line, or NaN. */
double log_get(const TrainState *state, const LogEntry *entry, int key);
/* The line of the evaluation after `step`, or NULL. */
const LogEntry *log_find_evaluation(const TrainState *state, int64_t step);
/* Puts the line's values as "key": value into the object being written, in order of key; `measured`: with *_runtime and *_per_second. */
void log_write(JsonWriter *writer, const TrainState *state, const LogEntry *entry, bool with_step, bool measured);

/* trainer_state.json with the keys of transformers' TrainerState, sorted; folders in it are relative to its run's. Without `measured`
 * the same run gives the same bytes. */
void train_state_write(Buffer *out, const TrainState *state, const TrainPlan *plan, const FinetuneOptions *options,
                       bool measured);
/* Reads back what train_state_write wrote, but for the curve (the checkpoint has it): all of `state` but history is replaced. */
MUST_CHECK bool train_state_read(TrainState *state, const Json *json, const char *where, Error *err);

#endif
