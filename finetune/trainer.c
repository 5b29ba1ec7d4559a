#include "finetune/trainer.h"

#include <math.h>
#include <string.h>

#include "common/available.h"
#include "common/clock.h"
#include "common/profile.h"
#include "finetune/predict.h"
#include "finetune/results.h"

/* ---- making ---- */

/* num_parameters(exclude_embeddings=True): all but the tables that are looked up. */
size_t trainer_computing_parameters(const WeightTable *table) {
    static const ModelPart TABLES[] = {PART_WORDS, PART_POSITIONS, PART_TYPES};
    size_t count = 0;
    for (int i = 0; i < table->count; i++) count += table->tensors[i].count;
    for (size_t i = 0; i < sizeof TABLES / sizeof *TABLES; i++)
        if (table->model[TABLES[i]] >= 0) count -= table->tensors[table->model[TABLES[i]]].count;
    return count;
}

/* What must be the same for one run to go on where another stopped. */
static bool write_identity(Trainer *trainer, Error *err) {
    JsonWriter w = json_writer(&trainer->identity, 2);
    json_begin_object(&w);
    json_put_string(&w, "program", TWOFOLD_VERSION);
    json_put_string(&w, "data", trainer->input->data ? trainer->input->data : "");
    json_put_string(&w, "input", trainer->input->identity ? trainer->input->identity : "");
    json_put_int(&w, "train_rows", trainer->input->train.count);
    json_put_int(&w, "validation_rows", trainer->input->validation.count);
    json_write_key(&w, "options");
    finetune_options_write(&w, trainer->options);
    json_end_object(&w);
    buffer_text(&trainer->identity, "\n");
    return buffer_ok(&trainer->identity, err);
}

static bool check_input(const FinetuneInput *input, Error *err) {
    if (input->train.count < 1) return FAIL(err, ERROR_DATA, "no rows to train on");
    if (input->weights->config.classes < 2)
        return FAIL(err, ERROR_DATA, "%d classes, expected at least 2 to tell apart", input->weights->config.classes);
    return true;
}

int trainer_most_rows(const TrainPlan *plan, int rows) {
    int64_t step_rows = (int64_t)plan->batch * plan->accumulation;
    return step_rows < rows ? (int)step_rows : rows;
}

static void pack_moved(void *context, size_t offset, size_t count) {
    const Trainer *trainer = context;
    encoder_refresh_rows(trainer->encoder, offset, count);
}

bool trainer_make(Trainer *trainer, const FinetuneInput *input, const FinetuneOptions *options, const Observer *observer,
                  Error *err) {
    const Weights *weights = input->weights;
    *trainer = (Trainer){.input = input, .options = options, .observer = observer, .order_epoch = -1};
    trainer->started_s = clock_wall_s();
    trainer->started_cpu_s = clock_cpu_s();
    if (!check_input(input, err) || !finetune_options_check(options, weights->config.layers, err)) return false;
    trainer->plan = plan_make(options, input->train.count, input->validation.count > 0);
    trainer->flos_per_token = 6.0 * (double)trainer_computing_parameters(&weights->table);
    int most_rows = trainer_most_rows(&trainer->plan, input->train.count);
    AdamWOptions adamw = {options->adam_beta1,    options->adam_beta2, options->adam_epsilon, options->weight_decay,
                          options->freeze_layers, pack_moved,          trainer};
    ProfilePart before = pool_enter(input->pool, PROFILE_PREPARE);
    bool good =
        memory_check("this training", finetune_memory_mb(input, options), "a smaller model or --freeze_layers needs less", err) &&
        write_identity(trainer, err) && (trainer->order = mem_new((size_t)input->train.count, sizeof *trainer->order, err)) &&
        (trainer->encoder =
             encoder_new(weights, &(EncoderOptions){.dtype = options->dtype, .training = true}, input->pool, err)) &&
        gradient_make(&trainer->gradient, trainer->encoder, weights, &input->train, most_rows, options, input->pool, err) &&
        adamw_make(&trainer->adamw, &weights->table, &adamw, err);
    (void)pool_enter(input->pool, before);
    return good;
}

void trainer_free(Trainer *trainer) {
    train_state_free(&trainer->state);
    gradient_free(&trainer->gradient);
    adamw_free(&trainer->adamw);
    encoder_free(trainer->encoder);
    buffer_free(&trainer->identity);
    mem_free(trainer->order);
    *trainer = (Trainer){0};
}

CheckpointParts trainer_parts(Trainer *trainer) {
    return (CheckpointParts){.output_dir = trainer->input->output_dir,
                             .model_folder = trainer->input->model_folder,
                             .max_length = trainer->input->max_length,
                             .identity = trainer->identity.data,
                             .options = trainer->options,
                             .plan = &trainer->plan,
                             .weights = trainer->input->weights,
                             .adamw = &trainer->adamw,
                             .state = &trainer->state};
}

/* ---- a step ---- */

/* Trainer counts what it feeds the network: every batch as a rectangle as wide as its longest row. */
static double padded_tokens(const Trainer *trainer, const int *places, int count) {
    const FinetuneRows *train = &trainer->input->train;
    double tokens = 0;
    for (int first = 0; first < count; first += trainer->plan.batch) {
        int rows = count - first < trainer->plan.batch ? count - first : trainer->plan.batch, longest = 0;
        for (int i = first; i < first + rows; i++) {
            int length = tokens_length(train->tokens, finetune_row(train, places[i]));
            if (length > longest) longest = length;
        }
        tokens += (double)rows * (double)longest;
    }
    return tokens;
}

static const int *step_places(Trainer *trainer, int *count) {
    int64_t epoch;
    int first;
    plan_step(&trainer->plan, trainer->state.step, &epoch, &first, count);
    if (epoch != trainer->order_epoch) {
        plan_order(&trainer->plan, epoch, trainer->order);
        trainer->order_epoch = epoch;
    }
    return trainer->order + first;
}

static bool fail_diverged(Trainer *trainer, double loss, double norm, double rate, Error *err) {
    char number[32];
    trainer->diverged = true;
    number_text(number, rate);
    return FAIL(err, ERROR_FAILED,
                "step %lld: the %s is %s at learning rate %s; the training has diverged (a smaller --learning_rate, "
                "or --warmup_ratio 0.1, is the usual cure)",
                (long long)trainer->state.step + 1, isfinite(loss) ? "norm of the gradients" : "loss",
                isnan(isfinite(loss) ? norm : loss) ? "not a number" : "infinite", number);
}

void trainer_wake_words(Trainer *trainer, const int *places, int count) {
    const FinetuneRows *train = &trainer->input->train;
    for (int i = 0; i < count; i++) {
        int row = finetune_row(train, places[i]);
        adamw_wake_words(&trainer->adamw, trainer->input->weights->block, tokens_row(train->tokens, row),
                         tokens_length(train->tokens, row));
    }
}

bool trainer_step(Trainer *trainer, Error *err) {
    const FinetuneInput *input = trainer->input;
    FinetuneStep step = {.learning_rate = schedule_rate(&trainer->plan.schedule, trainer->state.step)};
    float *gradients = trainer->gradient.sum;
    int count;
    const int *places = step_places(trainer, &count);
    trainer_wake_words(trainer, places, count);
    if (!gradient_of_step(&trainer->gradient, places, count, trainer->state.step, &step.loss, err)) return false;
    step.grad_norm = adamw_gradient_norm(&trainer->adamw, gradients, input->pool);
    if (!isfinite(step.loss) || !isfinite(step.grad_norm))
        return fail_diverged(trainer, step.loss, step.grad_norm, step.learning_rate, err);
    adamw_step(&trainer->adamw, input->weights->block, gradients, step.learning_rate, step.grad_norm,
               trainer->options->max_grad_norm, input->pool);
    trainer->state.total_flos += trainer->flos_per_token * padded_tokens(trainer, places, count);
    for (int i = 0; i < count; i++)
        trainer->session_tokens += tokens_length(input->train.tokens, finetune_row(&input->train, places[i]));
    return train_state_add_step(&trainer->state, step, err) && encoder_refresh_rest(trainer->encoder, input->pool, err);
}

/* ---- what follows a step ---- */

static double session_s(const Trainer *trainer) { return clock_wall_s() - trainer->started_s; }
static double session_cpu_s(const Trainer *trainer) { return clock_cpu_s() - trainer->started_cpu_s; }

static double mean_loss(const TrainState *state, int64_t from, int64_t to) {
    double sum = 0;
    for (int64_t i = from; i < to; i++) sum += state->history[i].loss;
    return to > from ? sum / (double)(to - from) : 0;
}

static bool log_step(Trainer *trainer, Error *err) {
    TrainState *state = &trainer->state;
    const FinetuneStep *last = &state->history[state->step - 1];
    if (!log_begin(state, &trainer->plan, err) || !log_put(state, LOG_LOSS, mean_loss(state, state->logged, state->step), err) ||
        !log_put(state, LOG_GRAD_NORM, last->grad_norm, err) || !log_put(state, LOG_LEARNING_RATE, last->learning_rate, err))
        return false;
    state->logged = state->step;
    return true;
}

/* As transformers' speed_metrics rounds what was measured. */
static double rounded(double value, int decimals) {
    double scale = pow(10, decimals);
    return nearbyint(value * scale) / scale;
}

static bool log_scores(TrainState *state, const Scores *scores, Error *err) {
    for (int i = 0; i < SCORE_FIELD_COUNT; i++)
        if (!log_put(state, LOG_EVAL_SCORE + i, score_value(scores, &SCORE_FIELDS[i]), err)) return false;
    return true;
}

/* The figures of an evaluation become a line of the log only when all of them are there. */
static bool log_evaluation(Trainer *trainer, const Scores *scores, double loss, double seconds, Error *err) {
    TrainState *state = &trainer->state;
    double rows = trainer->input->validation.count, batch = trainer->options->per_device_eval_batch_size;
    bool good = log_begin(state, &trainer->plan, err) && log_put(state, LOG_EVAL_LOSS, loss, err) &&
                log_scores(state, scores, err) && log_put(state, LOG_EVAL_RUNTIME, rounded(seconds, 4), err) &&
                log_put(state, LOG_EVAL_SAMPLES_PER_SECOND, rounded(rows / seconds, 3), err) &&
                log_put(state, LOG_EVAL_STEPS_PER_SECOND, rounded(ceil(rows / batch) / seconds, 3), err);
    if (good) state->evaluated = state->step;
    return good;
}

static int metric_key(const FinetuneOptions *options) {
    const char *name = finetune_metric(options);
    return strcmp(name, "loss") == 0 ? LOG_EVAL_LOSS : LOG_EVAL_SCORE + (int)(score_field_find(name) - SCORE_FIELDS);
}

/* Trainer's on_evaluate comes before its choice of the best, so the patience is counted against the best before this one. */
static void choose_best(Trainer *trainer, double metric) {
    TrainState *state = &trainer->state;
    double gain = finetune_greater_is_better(trainer->options) ? metric - state->best_metric : state->best_metric - metric;
    bool better = state->best_step == 0 ? !isnan(metric) : gain > 0;
    state->without_improvement = state->best_step == 0 || (better && gain > trainer->options->early_stopping_threshold)
                                     ? 0
                                     : state->without_improvement + 1;
    if (!better) return;
    state->best_metric = metric;
    state->best_step = state->step;
}

static void note_evaluation(const Trainer *trainer, const Scores *scores, double loss) {
    const TrainState *state = &trainer->state;
    const TrainPlan *plan = &trainer->plan;
    int64_t epoch_begin = (state->step - 1) / plan->updates * plan->updates;
    observer_note(trainer->observer,
                  "epoch %.4g of %.4g, step %lld: training loss %.4f, validation loss %.4f, accuracy %.4f, macro F1 %.4f%s",
                  plan_epoch(plan, state->step), plan_epoch(plan, plan->steps), (long long)state->step,
                  mean_loss(state, epoch_begin, state->step), loss, scores->accuracy, scores->f1_macro,
                  plan->loads_best && state->best_step == state->step ? " (the best so far)" : "");
}

static bool evaluate(Trainer *trainer, Error *err) {
    const FinetuneInput *input = trainer->input;
    Predictions predictions = {0};
    Scores scores = {0};
    double loss = 0, started = clock_wall_s();
    adamw_settle(&trainer->adamw, input->weights->block, input->pool);
    bool good = predict_rows(&predictions, trainer->encoder, &input->validation, &trainer->gradient.loss, &loss, "validation",
                             input->pool, trainer->observer, err) &&
                scores_compute(&scores, &predictions, input->pool, err) &&
                log_evaluation(trainer, &scores, loss, clock_wall_s() - started, err);
    if (good) {
        choose_best(trainer,
                    log_get(&trainer->state, &trainer->state.log[trainer->state.log_count - 1], metric_key(trainer->options)));
        note_evaluation(trainer, &scores, loss);
    }
    scores_free(&scores);
    predictions_free(&predictions);
    return good;
}

static bool save_state(Trainer *trainer, bool interrupted, Error *err) {
    CheckpointParts parts = trainer_parts(trainer);
    int64_t step = trainer->state.step;
    trainer->state.train_s = trainer->before_s + session_s(trainer);
    trainer->state.train_cpu_s = trainer->before_cpu_s + session_cpu_s(trainer);
    adamw_settle(&trainer->adamw, trainer->input->weights->block, trainer->input->pool);
    if (!checkpoint_save(&parts, interrupted, err)) return false;
    if (!interrupted) trainer->state.saved = step;
    return checkpoint_tidy(parts.output_dir, interrupted ? 0 : trainer->options->save_total_limit, step, trainer->state.best_step,
                           err);
}

static bool save(Trainer *trainer, bool interrupted, Error *err) {
    ProfilePart before = pool_enter(trainer->input->pool, PROFILE_WRITE);
    bool good = save_state(trainer, interrupted, err);
    (void)pool_enter(trainer->input->pool, before);
    return good;
}

/* All that is due after the last step and has not been done: what a stop left open is made up for when the run goes on. */
static bool follow_up(Trainer *trainer, Error *err) {
    TrainState *state = &trainer->state;
    const TrainPlan *plan = &trainer->plan;
    if (state->step == 0) return true;
    if (plan_logs(plan, state->step) && state->logged < state->step && !log_step(trainer, err)) return false;
    if (plan_evaluates(plan, state->step) && state->evaluated < state->step && !evaluate(trainer, err)) return false;
    bool new_best = plan->loads_best && state->best_step == state->step; /* whose checkpoint the end will want */
    if (state->saved == state->step || (!plan_saves(plan, state->step) && !new_best)) return true;
    return save(trainer, false, err);
}

static bool stopped_early(const Trainer *trainer) {
    int patience = trainer->options->early_stopping_patience;
    return patience > 0 && trainer->state.without_improvement >= patience;
}

/* ---- the run ---- */

enum { RECENT = 10 }; /* steps whose mean loss the progress shows */

static void show_progress(const Trainer *trainer) {
    const TrainState *state = &trainer->state;
    char task[64], detail[96], rate[32];
    int64_t recent = state->step < RECENT ? state->step : RECENT;
    double seconds = session_s(trainer);
    count_text(rate, (int64_t)((double)trainer->session_tokens / (seconds > 1e-9 ? seconds : 1e-9)));
    (void)snprintf(task, sizeof task, "epoch %lld/%lld", (long long)((state->step - 1) / trainer->plan.updates + 1),
                   (long long)trainer->plan.epochs);
    (void)snprintf(detail, sizeof detail, "loss %.3f  %s tokens/s", mean_loss(state, state->step - recent, state->step), rate);
    observer_progress(trainer->observer, task, state->step, trainer->plan.steps, "steps", detail);
}

static bool interrupt(Trainer *trainer, Error *err) {
    Error why = {0};
    int64_t step = trainer->state.step;
    if (step > 0 && trainer->state.saved != step && !save(trainer, true, &why)) {
        FAIL(err, why.kind, "%s", why.message);
        return error_prefix(err, "stopped after step %lld, but the state could not be saved", (long long)step);
    }
    if (step == 0) return FAIL(err, ERROR_INTERRUPTED, "stopped before the first step; nothing was trained");
    return FAIL(err, ERROR_INTERRUPTED,
                "stopped after step %lld of %lld; saved %s/checkpoint-%lld, the same command goes on from there", (long long)step,
                (long long)trainer->plan.steps, trainer->input->output_dir, (long long)step);
}

/* The step changed nothing: what was before it is good, and kept. */
static bool keep_last_good(Trainer *trainer, Error *err) {
    Error failure = *err, why = {0};
    int64_t step = trainer->state.step;
    bool kept = step > 0 && (trainer->state.saved == step || save(trainer, true, &why));
    *err = (Error){0};
    if (step == 0) return error_set(err, failure.kind, failure.file, failure.line, "%s", failure.message);
    return error_set(err, failure.kind, failure.file, failure.line,
                     kept ? "%s; the state before it is %s/checkpoint-%lld%s"
                          : "%s; the state before it could not be kept in %s/checkpoint-%lld: %s",
                     failure.message, trainer->input->output_dir, (long long)step, why.message);
}

static bool run_steps(Trainer *trainer, Error *err) {
    bool good = follow_up(trainer, err);
    while (good && trainer->state.step < trainer->plan.steps && !stopped_early(trainer)) {
        if (observer_stop(trainer->observer)) return interrupt(trainer, err);
        good = trainer_step(trainer, err);
        /* not of the last step, from where nothing is left to wait for: its evaluation tells what came out */
        if (good && trainer->state.step < trainer->plan.steps) show_progress(trainer);
        good = good && follow_up(trainer, err);
    }
    if (!good && trainer->diverged) return keep_last_good(trainer, err);
    if (!good && err->kind == ERROR_INTERRUPTED) { /* within an evaluation */
        *err = (Error){0};
        return interrupt(trainer, err);
    }
    bool unsaved = trainer->plan.saves != INTERVAL_NO && trainer->state.saved != trainer->state.step;
    return good && (!unsaved || save(trainer, false, err));
}

static bool train(Trainer *trainer, Error *err) {
    bool good = run_steps(trainer, err);
    adamw_settle(&trainer->adamw, trainer->input->weights->block, trainer->input->pool);
    return good;
}

/* A run that goes on from a checkpoint in another folder does not have the best one before it. */
static void forget_missing_best(Trainer *trainer) {
    TrainState *state = &trainer->state;
    Path folder;
    if (!trainer->plan.loads_best || state->best_step == 0 || state->best_step == state->step) return;
    if (!checkpoint_path(&folder, trainer->input->output_dir, state->best_step, NULL) || folder_exists(folder.text)) return;
    observer_note(trainer->observer, "%s is missing: the best is chosen among the evaluations to come", folder.text);
    state->best_step = 0;
}

static bool resume(Trainer *trainer, Error *err) {
    CheckpointParts parts = trainer_parts(trainer);
    if (!folder_remove_unfinished(parts.output_dir, err)) return false;
    const char *from = trainer->options->resume_from_checkpoint;
    bool found = false, any = !from || strcmp(from, "true") == 0, none = from && strcmp(from, "none") == 0;
    if (any && !checkpoint_resume(&parts, &found, trainer->observer, err)) return false;
    if (!any && !none) {
        if (!folder_exists(from)) return FAIL(err, ERROR_PATH, "%s: there is no such checkpoint", from);
        if (!checkpoint_load(&parts, from, err)) return false;
        found = true;
    }
    if (!found) return checkpoint_tidy(parts.output_dir, 0, 0, 0, err);
    adamw_wake_moved_words(&trainer->adamw);
    forget_missing_best(trainer);
    trainer->resumed_from = trainer->state.step;
    trainer->before_s = trainer->state.train_s;
    trainer->before_cpu_s = trainer->state.train_cpu_s;
    observer_note(trainer->observer, "going on after step %lld of %lld", (long long)trainer->state.step,
                  (long long)trainer->plan.steps);
    return encoder_refresh(trainer->encoder, trainer->input->pool, err);
}

static bool load_best(Trainer *trainer, bool *loaded, Error *err) {
    CheckpointParts parts = trainer_parts(trainer);
    int64_t best = trainer->state.best_step;
    *loaded = trainer->plan.loads_best && best > 0;
    if (!*loaded || best == trainer->state.step) return true;
    return checkpoint_load_weights(&parts, best, err) && encoder_refresh(trainer->encoder, trainer->input->pool, err);
}

/* The last line of log_history, and the files. */
static bool finish(Trainer *trainer, Error *err) {
    TrainState *state = &trainer->state;
    const TrainPlan *plan = &trainer->plan;
    double seconds = trainer->before_s + session_s(trainer), steps = (double)state->step;
    double rows = plan_epoch(plan, state->step) * plan->rows;
    state->train_s = seconds;
    if (!log_begin(state, plan, err) || !log_put(state, LOG_TRAIN_RUNTIME, rounded(seconds, 4), err) ||
        !log_put(state, LOG_TRAIN_SAMPLES_PER_SECOND, rounded(rows / seconds, 3), err) ||
        !log_put(state, LOG_TRAIN_STEPS_PER_SECOND, rounded(steps / seconds, 3), err) ||
        !log_put(state, LOG_TOTAL_FLOS, state->total_flos, err) ||
        !log_put(state, LOG_TRAIN_LOSS, mean_loss(state, 0, state->step), err))
        return false;
    const char *folder = trainer->input->output_dir;
    int64_t kept = plan->loads_best && state->best_step ? state->best_step : state->step;
    int64_t newest =
        trainer->options->save_total_limit == 1 && plan->loads_best && state->best_step ? state->best_step : state->saved;
    return results_write(folder, state, plan, trainer->options, &state->log[state->log_count - 1],
                         log_find_evaluation(state, kept), trainer->input->validation.count, err) &&
           checkpoint_tidy(folder, trainer->options->save_total_limit, newest, state->best_step, err);
}

static bool copy_evaluations(FinetuneResult *out, const Trainer *trainer, Error *err) {
    const TrainState *state = &trainer->state;
    int accuracy = LOG_EVAL_SCORE + (int)(score_field_find("accuracy") - SCORE_FIELDS);
    int f1_macro = LOG_EVAL_SCORE + (int)(score_field_find("f1_macro") - SCORE_FIELDS);
    out->evaluations = mem_new(state->log_count, sizeof *out->evaluations, err);
    if (!out->evaluations) return false;
    for (size_t i = 0; i < state->log_count; i++) {
        const LogEntry *line = &state->log[i];
        double loss = log_get(state, line, LOG_EVAL_LOSS);
        if (isnan(loss)) continue;
        out->evaluations[out->evaluation_count++] =
            (FinetuneEvaluation){.step = line->step,
                                 .epoch = line->epoch,
                                 .loss = loss,
                                 .accuracy = log_get(state, line, accuracy),
                                 .f1_macro = log_get(state, line, f1_macro),
                                 .metric = log_get(state, line, metric_key(trainer->options))};
    }
    return true;
}

static bool fill_result(FinetuneResult *out, const Trainer *trainer, bool best_loaded, Error *err) {
    const TrainState *state = &trainer->state;
    *out = (FinetuneResult){.steps = state->step,
                            .epochs = plan_epoch(&trainer->plan, state->step),
                            .train_loss = mean_loss(state, 0, state->step),
                            .total_flos = state->total_flos,
                            .best_step = state->best_step,
                            .best_metric = state->best_step ? state->best_metric : nan(""),
                            .best_loaded = best_loaded,
                            .stopped_early = stopped_early(trainer) && state->step < trainer->plan.steps,
                            .resumed_from = trainer->resumed_from,
                            .train_s = trainer->before_s + session_s(trainer),
                            .train_cpu_s = trainer->before_cpu_s + session_cpu_s(trainer),
                            .peak_mb = memory_peak_mb()};
    out->history = mem_new((size_t)state->step, sizeof *out->history, err);
    if (!out->history) return false;
    if (state->step) memcpy(out->history, state->history, (size_t)state->step * sizeof *out->history);
    return copy_evaluations(out, trainer, err);
}

static void note_choices(const Trainer *trainer) {
    const FinetuneOptions *options = trainer->options;
    if (options->eval_strategy != INTERVAL_NO && trainer->plan.evaluates == INTERVAL_NO)
        observer_note(trainer->observer, "no validation rows: nothing is evaluated, and the last weights are kept");
    else if (options->load_best_model_at_end && !trainer->plan.loads_best)
        observer_note(trainer->observer, "without %s there is no best model to choose: the last weights are kept",
                      trainer->plan.evaluates == INTERVAL_NO ? "evaluations" : "checkpoints");
}

bool finetune_run(FinetuneResult *out, const FinetuneInput *input, const FinetuneOptions *options, const Observer *observer,
                  Error *err) {
    Trainer trainer = {0};
    Error unasked = {0};
    bool best_loaded = false;
    if (!err) err = &unasked;
    *out = (FinetuneResult){0};
    bool good = folder_make(input->output_dir, err) && trainer_make(&trainer, input, options, observer, err);
    if (good) note_choices(&trainer);
    good =
        good && resume(&trainer, err) && train(&trainer, err) && load_best(&trainer, &best_loaded, err) && finish(&trainer, err);
    if (trainer.input && trainer.state.step) good = fill_result(out, &trainer, best_loaded, err) && good;
    trainer_free(&trainer);
    return good;
}

void finetune_result_free(FinetuneResult *result) {
    mem_free(result->history);
    mem_free(result->evaluations);
    *result = (FinetuneResult){0};
}
