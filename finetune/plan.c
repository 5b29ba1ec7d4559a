#include "finetune/plan.h"

#include <math.h>

#include "common/random.h"

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t at_least_1(int64_t x) { return x < 1 ? 1 : x; }

TrainPlan plan_make(const FinetuneOptions *options, int rows, bool has_validation) {
    TrainPlan plan = {.rows = rows,
                      .batch = options->per_device_train_batch_size,
                      .accumulation = options->gradient_accumulation_steps,
                      .seed = options->seed,
                      .evaluates = has_validation ? options->eval_strategy : INTERVAL_NO,
                      .saves = options->save_strategy,
                      .log_first = options->logging_first_step};
    plan.batches = divide_up(rows, plan.batch);
    plan.updates = divide_up(plan.batches, plan.accumulation);
    plan.steps =
        options->max_steps > 0 ? options->max_steps : at_least_1((int64_t)ceil(options->num_train_epochs * (double)plan.updates));
    plan.epochs = divide_up(plan.steps, plan.updates);
    plan.log_every = at_least_1(schedule_count(options->logging_steps, plan.steps));
    plan.save_every = at_least_1(schedule_count(options->save_steps, plan.steps));
    plan.eval_every = options->eval_steps > 0 ? at_least_1(schedule_count(options->eval_steps, plan.steps)) : plan.log_every;
    plan.loads_best = options->load_best_model_at_end && plan.evaluates != INTERVAL_NO && plan.saves != INTERVAL_NO;
    plan.schedule = schedule_make(options, plan.steps);
    return plan;
}

void plan_order(const TrainPlan *plan, int64_t epoch, int *order) {
    Random random = random_start(plan->seed, STREAM_SHUFFLE, (uint32_t)epoch);
    for (int i = 0; i < plan->rows; i++) order[i] = i;
    random_shuffle(&random, order, plan->rows);
}

void plan_step(const TrainPlan *plan, int64_t done, int64_t *epoch, int *first, int *count) {
    int64_t rows = (int64_t)plan->batch * plan->accumulation, begin = done % plan->updates * rows;
    *epoch = done / plan->updates;
    *first = (int)begin;
    *count = (int)(plan->rows - begin < rows ? plan->rows - begin : rows);
}

double plan_epoch(const TrainPlan *plan, int64_t done) {
    int64_t within = done % plan->updates;
    return (double)(done / plan->updates) + (double)(within * plan->accumulation) / (double)plan->batches;
}

/* Trainer ends an epoch also where the run ends within it. */
static bool ends_epoch(const TrainPlan *plan, int64_t done) { return done % plan->updates == 0 || done >= plan->steps; }

static bool is_due(const TrainPlan *plan, IntervalStrategy interval, int64_t every, int64_t done) {
    if (interval == INTERVAL_EPOCH) return ends_epoch(plan, done);
    return interval == INTERVAL_STEPS && (done % every == 0 || done >= plan->steps);
}

bool plan_logs(const TrainPlan *plan, int64_t done) { return done % plan->log_every == 0 || (plan->log_first && done == 1); }
bool plan_evaluates(const TrainPlan *plan, int64_t done) { return is_due(plan, plan->evaluates, plan->eval_every, done); }
bool plan_saves(const TrainPlan *plan, int64_t done) { return is_due(plan, plan->saves, plan->save_every, done); }
