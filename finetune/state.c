#include "finetune/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const LOG_NAMES[LOG_EVAL_SCORE] = {
    "loss",
    "grad_norm",
    "learning_rate",
    "total_flos",
    "train_loss",
    "train_runtime",
    "train_samples_per_second",
    "train_steps_per_second",
    "eval_loss",
    "eval_runtime",
    "eval_samples_per_second",
    "eval_steps_per_second",
    "train_samples",
    "eval_samples",
};

typedef struct LogName {
    char text[64];
} LogName;

static LogName log_name(int key) {
    LogName name;
    (void)snprintf(name.text, sizeof name.text, "%s%s", key < LOG_EVAL_SCORE ? LOG_NAMES[key] : "eval_",
                   key < LOG_EVAL_SCORE ? "" : SCORE_FIELDS[key - LOG_EVAL_SCORE].name);
    return name;
}

/* -1 for a name that is none. */
static int log_key(const char *text) {
    for (int key = 0; key < LOG_EVAL_SCORE + SCORE_FIELD_COUNT; key++)
        if (strcmp(log_name(key).text, text) == 0) return key;
    return -1;
}

static bool is_measured(int key) {
    return key == LOG_TRAIN_RUNTIME || key == LOG_TRAIN_SAMPLES_PER_SECOND || key == LOG_TRAIN_STEPS_PER_SECOND ||
           key == LOG_EVAL_RUNTIME || key == LOG_EVAL_SAMPLES_PER_SECOND || key == LOG_EVAL_STEPS_PER_SECOND;
}

static bool is_count(int key) { return key == LOG_TRAIN_SAMPLES || key == LOG_EVAL_SAMPLES; }

void train_state_free(TrainState *state) {
    free(state->history);
    free(state->log);
    free(state->log_items);
    *state = (TrainState){0};
}

bool train_state_add_step(TrainState *state, FinetuneStep step, Error *err) {
    FinetuneStep *grown = mem_grow(state->history, &state->history_capacity, (size_t)state->step + 1, sizeof *grown, err);
    if (!grown) return false;
    state->history = grown;
    state->history[state->step++] = step;
    return true;
}

/* ---- log_history ---- */

static bool add_entry(TrainState *state, int64_t step, double epoch, Error *err) {
    LogEntry *grown = mem_grow(state->log, &state->log_capacity, state->log_count + 1, sizeof *grown, err);
    if (!grown) return false;
    state->log = grown;
    state->log[state->log_count++] = (LogEntry){.step = step, .epoch = epoch, .first = state->item_count};
    return true;
}

bool log_begin(TrainState *state, const TrainPlan *plan, Error *err) {
    return add_entry(state, state->step, plan_epoch(plan, state->step), err);
}

bool log_put(TrainState *state, int key, double value, Error *err) {
    if (isnan(value)) return true;
    LogItem *grown = mem_grow(state->log_items, &state->item_capacity, state->item_count + 1, sizeof *grown, err);
    if (!grown) return false;
    state->log_items = grown;
    state->log_items[state->item_count++] = (LogItem){key, value};
    state->log[state->log_count - 1].count++;
    return true;
}

double log_get(const TrainState *state, const LogEntry *entry, int key) {
    for (int i = 0; i < entry->count; i++)
        if (state->log_items[entry->first + (size_t)i].key == key) return state->log_items[entry->first + (size_t)i].value;
    return nan("");
}

const LogEntry *log_find_evaluation(const TrainState *state, int64_t step) {
    for (size_t i = state->log_count; i-- > 0;)
        if (state->log[i].step == step && !isnan(log_get(state, &state->log[i], LOG_EVAL_LOSS))) return &state->log[i];
    return NULL;
}

/* ---- writing ---- */

enum {
    ITEMS_MOST = 64,
    UNSET_EVAL_STEPS = 500 /* what transformers writes when evaluations do not go by steps */
};

typedef struct NamedItem {
    LogName name;
    double value;
    bool whole;
} NamedItem;

static int by_name(const void *a, const void *b) {
    const NamedItem *left = a, *right = b;
    return strcmp(left->name.text, right->name.text);
}

void log_write(JsonWriter *writer, const TrainState *state, const LogEntry *entry, bool with_step, bool measured) {
    NamedItem items[ITEMS_MOST];
    int count = 0;
    items[count++] = (NamedItem){{"epoch"}, entry->epoch, false};
    if (with_step) items[count++] = (NamedItem){{"step"}, (double)entry->step, true};
    for (int i = 0; i < entry->count && count < ITEMS_MOST; i++) {
        LogItem item = state->log_items[entry->first + (size_t)i];
        if (measured || !is_measured(item.key)) items[count++] = (NamedItem){log_name(item.key), item.value, is_count(item.key)};
    }
    qsort(items, (size_t)count, sizeof *items, by_name);
    for (int i = 0; i < count; i++) {
        if (items[i].whole && fabs(items[i].value) <= 0x1p53) /* a file may say anything */
            json_put_int(writer, items[i].name.text, (int64_t)items[i].value);
        else
            json_put_number(writer, items[i].name.text, items[i].value);
    }
}

static void put_null(JsonWriter *w, const char *key) {
    json_write_key(w, key);
    json_write_null(w);
}

/* What transformers keeps of its callbacks. */
static void write_callbacks(JsonWriter *w, const TrainState *state, const TrainPlan *plan, const FinetuneOptions *options) {
    json_begin_object(w);
    if (options->early_stopping_patience > 0) {
        json_write_key(w, "EarlyStoppingCallback");
        json_begin_object(w);
        json_write_key(w, "args");
        json_begin_object(w);
        json_put_int(w, "early_stopping_patience", options->early_stopping_patience);
        json_put_number(w, "early_stopping_threshold", options->early_stopping_threshold);
        json_end_object(w);
        json_write_key(w, "attributes");
        json_begin_object(w);
        json_put_int(w, "early_stopping_patience_counter", state->without_improvement);
        json_end_object(w);
        json_end_object(w);
    }
    bool stopped = options->early_stopping_patience > 0 && state->without_improvement >= options->early_stopping_patience;
    json_write_key(w, "TrainerControl");
    json_begin_object(w);
    json_write_key(w, "args");
    json_begin_object(w);
    json_put_bool(w, "should_epoch_stop", false);
    json_put_bool(w, "should_evaluate", false);
    json_put_bool(w, "should_log", false);
    json_put_bool(w, "should_save", plan_saves(plan, state->step));
    json_put_bool(w, "should_training_stop", stopped || state->step >= plan->steps);
    json_end_object(w);
    json_write_key(w, "attributes");
    json_begin_object(w);
    json_end_object(w);
    json_end_object(w);
    json_end_object(w);
}

static void write_best(JsonWriter *w, const TrainState *state) {
    if (state->best_step == 0) {
        put_null(w, "best_global_step");
        put_null(w, "best_metric");
        put_null(w, "best_model_checkpoint");
        return;
    }
    char folder[64];
    (void)snprintf(folder, sizeof folder, "checkpoint-%lld", (long long)state->best_step);
    json_put_int(w, "best_global_step", state->best_step);
    json_put_number(w, "best_metric", state->best_metric);
    json_put_string(w, "best_model_checkpoint", folder);
}

static void write_log(JsonWriter *w, const TrainState *state, bool measured) {
    json_begin_array(w);
    for (size_t i = 0; i < state->log_count; i++) {
        json_begin_object(w);
        log_write(w, state, &state->log[i], true, measured);
        json_end_object(w);
    }
    json_end_array(w);
}

void train_state_write(Buffer *out, const TrainState *state, const TrainPlan *plan, const FinetuneOptions *options,
                       bool measured) {
    JsonWriter writer = json_writer(out, 2), *w = &writer;
    json_begin_object(w);
    write_best(w, state);
    json_put_number(w, "epoch", plan_epoch(plan, state->step));
    json_put_int(w, "eval_steps",
                 options->eval_steps > 0 || plan->evaluates == INTERVAL_STEPS ? plan->eval_every : UNSET_EVAL_STEPS);
    json_put_int(w, "global_step", state->step);
    json_put_bool(w, "is_hyper_param_search", false);
    json_put_bool(w, "is_local_process_zero", true);
    json_put_bool(w, "is_world_process_zero", true);
    json_write_key(w, "log_history");
    write_log(w, state, measured);
    json_put_int(w, "logging_steps", plan->log_every);
    json_put_int(w, "max_steps", plan->steps);
    json_put_int(w, "num_input_tokens_seen", 0);
    json_put_int(w, "num_train_epochs", plan->epochs);
    json_put_int(w, "save_steps", plan->save_every);
    json_write_key(w, "stateful_callbacks");
    write_callbacks(w, state, plan, options);
    json_put_number(w, "total_flos", state->total_flos);
    json_put_int(w, "train_batch_size", plan->batch);
    put_null(w, "trial_name");
    put_null(w, "trial_params");
    json_end_object(w);
    buffer_text(out, "\n");
}

/* ---- reading ---- */

static bool read_entry(TrainState *state, const Json *entry, Error *err) {
    if (!add_entry(state, json_int_or(json_get(entry, "step"), 0), json_number_or(json_get(entry, "epoch"), 0), err))
        return false;
    for (const Json *item = json_first(entry); item; item = json_next(item)) {
        int key = json_key(item) ? log_key(json_key(item)) : -1;
        if (key >= 0 && !log_put(state, key, json_number_or(item, nan("")), err)) return false;
    }
    const LogEntry *added = &state->log[state->log_count - 1];
    if (!isnan(log_get(state, added, LOG_LOSS))) state->logged = added->step;
    if (!isnan(log_get(state, added, LOG_EVAL_LOSS))) state->evaluated = added->step;
    return true;
}

bool train_state_read(TrainState *state, const Json *json, const char *where, Error *err) {
    const Json *stopping = json_get(json_get(json_get(json, "stateful_callbacks"), "EarlyStoppingCallback"), "attributes");
    TrainState read = {.step = json_int_or(json_get(json, "global_step"), -1),
                       .best_step = json_int_or(json_get(json, "best_global_step"), 0),
                       .best_metric = json_number_or(json_get(json, "best_metric"), 0),
                       .total_flos = json_number_or(json_get(json, "total_flos"), 0)};
    int64_t without_improvement = json_int_or(json_get(stopping, "early_stopping_patience_counter"), 0);
    if (without_improvement < 0 || without_improvement > INT32_MAX)
        return FAIL(err, ERROR_DATA, "%s: early_stopping_patience_counter is %lld", where, (long long)without_improvement);
    read.without_improvement = (int)without_improvement;
    if (read.step < 1 || read.best_step < 0 || read.best_step > read.step)
        return FAIL(err, ERROR_DATA, "%s: no whole number of steps under 'global_step' or 'best_global_step'", where);
    for (const Json *entry = json_first(json_get(json, "log_history")); entry; entry = json_next(entry))
        if (!read_entry(&read, entry, err)) {
            train_state_free(&read);
            return false;
        }
    read.history = state->history;
    read.history_capacity = state->history_capacity;
    state->history = NULL;
    train_state_free(state);
    *state = read;
    return true;
}
