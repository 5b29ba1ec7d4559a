/* Which rows each optimiser step reads, and what follows it: Trainer's arithmetic (set_initial_training_values, DefaultFlowCallback)
 * with the shares of options.h turned into steps. */
#ifndef TWOFOLD_FINETUNE_PLAN_H
#define TWOFOLD_FINETUNE_PLAN_H

#include "finetune/options.h"
#include "finetune/schedule.h"

typedef struct TrainPlan {
    int rows;         /* of an epoch */
    int batch;        /* rows of a batch; the last of an epoch may have fewer */
    int accumulation; /* batches of an optimiser step; the last of an epoch may have fewer */
    int64_t batches;  /* of an epoch */
    int64_t updates;  /* optimiser steps of an epoch */
    int64_t steps;    /* optimiser steps of the run */
    int64_t epochs;   /* begun ones */
    uint64_t seed;
    IntervalStrategy evaluates, saves;
    int64_t eval_every, save_every, log_every; /* steps */
    bool log_first;
    bool loads_best;
    Schedule schedule;
} TrainPlan;

/* The options have passed finetune_options_check; rows ≥ 1. Without validation rows nothing is evaluated. */
TrainPlan plan_make(const FinetuneOptions *options, int rows, bool has_validation);

/* order[0 … rows) of an epoch (0, 1, …): places within the training rows, shuffled from seed and epoch alone. */
void plan_order(const TrainPlan *plan, int64_t epoch, int *order);

/* The places order[*first … *first + *count) that the step after `done` finished ones reads, and the epoch whose order it is. */
void plan_step(const TrainPlan *plan, int64_t done, int64_t *epoch, int *first, int *count);

/* Epochs after `done` steps, as state.epoch: 1.5 is half of the second. */
double plan_epoch(const TrainPlan *plan, int64_t done);

/* What follows step `done`. */
bool plan_logs(const TrainPlan *plan, int64_t done);
bool plan_evaluates(const TrainPlan *plan, int64_t done);
bool plan_saves(const TrainPlan *plan, int64_t done);

#endif
