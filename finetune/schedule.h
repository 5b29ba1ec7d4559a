/* The learning rate over the steps, as transformers' get_scheduler gives it (optimization.py). */
#ifndef TWOFOLD_FINETUNE_SCHEDULE_H
#define TWOFOLD_FINETUNE_SCHEDULE_H

#include "finetune/options.h"

typedef struct Schedule {
    ScheduleKind kind;
    double learning_rate; /* the highest */
    int64_t warmup;       /* steps in which it rises from 0; only SCHEDULE_CONSTANT has none */
    int64_t steps;        /* of the whole run */
} Schedule;

Schedule schedule_make(const FinetuneOptions *options, int64_t steps);

/* The rate of the step that follows `done` finished ones: done = 0 is the first step. */
double schedule_rate(const Schedule *schedule, int64_t done);

/* A count of steps, or a share of `steps` when below 1 (rounded up). */
int64_t schedule_count(double value, int64_t steps);

#endif
