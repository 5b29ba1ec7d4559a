#include "finetune/options.h"

#include <math.h>
#include <string.h>

#include "metrics/scores.h"

static const char *const SCHEDULE_NAMES[SCHEDULE_KINDS] = {"linear", "cosine", "constant", "constant_with_warmup"};
static const char *const INTERVAL_NAMES[INTERVALS] = {"no", "steps", "epoch"};

const char *schedule_name(ScheduleKind kind) { return SCHEDULE_NAMES[kind]; }
const char *interval_name(IntervalStrategy interval) { return INTERVAL_NAMES[interval]; }

const char *finetune_metric(const FinetuneOptions *options) {
    const char *name = options->metric_for_best_model ? options->metric_for_best_model : "accuracy";
    return strncmp(name, "eval_", 5) == 0 ? name + 5 : name;
}

bool finetune_greater_is_better(const FinetuneOptions *options) {
    if (options->greater_is_better != DIRECTION_AUTO) return options->greater_is_better == DIRECTION_GREATER;
    const char *name = finetune_metric(options);
    const ScoreField *field = score_field_find(name);
    return strcmp(name, "loss") != 0 && (!field || !field->lower_is_better);
}

/* ---- checking ---- */

typedef struct Range {
    const char *name;
    double value, least, most;
    bool above; /* least itself is not allowed */
} Range;

static bool check_ranges(const FinetuneOptions *o, Error *err) {
    const Range ranges[] = {
        {"learning_rate", o->learning_rate, 0, 1e3, false},
        {"num_train_epochs", o->num_train_epochs, 0, 1e6, true},
        {"per_device_train_batch_size", o->per_device_train_batch_size, 1, 1 << 20, false},
        {"per_device_eval_batch_size", o->per_device_eval_batch_size, 1, 1 << 20, false},
        {"gradient_accumulation_steps", o->gradient_accumulation_steps, 1, 1 << 20, false},
        {"weight_decay", o->weight_decay, 0, 1e3, false},
        {"adam_beta1", o->adam_beta1, 0, 0.9999999999, false},
        {"adam_beta2", o->adam_beta2, 0, 0.9999999999, false},
        {"adam_epsilon", o->adam_epsilon, 0, 1, true},
        {"max_grad_norm", o->max_grad_norm, 0, 1e12, false},
        {"warmup_steps", o->warmup_steps, 0, 1e12, false},
        {"warmup_ratio", o->warmup_ratio, 0, 1, false},
        {"label_smoothing_factor", o->label_smoothing_factor, 0, 0.9999999999, false},
        {"eval_steps", o->eval_steps, 0, 1e12, false},
        {"save_steps", o->save_steps, 0, 1e12, true},
        {"logging_steps", o->logging_steps, 0, 1e12, true},
        {"save_total_limit", o->save_total_limit, 0, 1 << 20, false},
        {"early_stopping_patience", o->early_stopping_patience, 0, 1 << 20, false},
        {"early_stopping_threshold", o->early_stopping_threshold, 0, 1e12, false},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const Range *r = &ranges[i];
        if (!(r->value >= r->least && r->value <= r->most) || (r->above && r->value <= r->least))
            return FAIL(err, ERROR_USAGE, "--%s is %g, expected %s %g to %g", r->name, r->value, r->above ? "above" : "from",
                        r->least, r->most);
    }
    if (o->max_steps == 0 || o->max_steps < -1)
        return FAIL(err, ERROR_USAGE, "--max_steps is %lld, expected at least 1 (or -1: --num_train_epochs decides)",
                    (long long)o->max_steps);
    return true;
}

/* Trainer's own rule: what is loaded at the end must have been saved when it was measured. */
static bool check_best(const FinetuneOptions *o, Error *err) {
    if (o->early_stopping_patience > 0 && o->eval_strategy == INTERVAL_NO)
        return FAIL(err, ERROR_USAGE,
                    "--early_stopping_patience needs evaluations: --eval_strategy is no, expected epoch or steps");
    if (!o->load_best_model_at_end) return true;
    if (o->eval_strategy != o->save_strategy)
        return FAIL(
            err, ERROR_USAGE,
            "--load_best_model_at_end needs a checkpoint of every evaluation: --eval_strategy is %s and --save_strategy %s, "
            "expected the same (or --no_load_best_model_at_end)",
            interval_name(o->eval_strategy), interval_name(o->save_strategy));
    double every = o->eval_steps > 0 ? o->eval_steps : o->logging_steps;
    double ratio = o->save_steps / every;
    if (o->save_strategy == INTERVAL_STEPS && fabs(ratio - nearbyint(ratio)) > 1e-6)
        return FAIL(err, ERROR_USAGE, "--load_best_model_at_end needs --save_steps (%g) to be a multiple of --eval_steps (%g)",
                    o->save_steps, every);
    return true;
}

static bool check_metric(const FinetuneOptions *o, Error *err) {
    const char *name = finetune_metric(o);
    if (strcmp(name, "loss") == 0 || score_field_find(name)) return true;
    return FAIL(err, ERROR_USAGE,
                "--metric_for_best_model is '%s', expected loss, accuracy, f1_macro or another score of metrics.json",
                o->metric_for_best_model);
}

bool finetune_options_check(const FinetuneOptions *options, int layers, Error *err) {
    if (options->freeze_layers < 0 || (layers >= 0 && options->freeze_layers > layers))
        return FAIL(err, ERROR_USAGE, "--freeze_layers is %d, expected 0 to %d: the encoder's layers", options->freeze_layers,
                    layers >= 0 ? layers : 1000);
    return check_ranges(options, err) && check_best(options, err) && check_metric(options, err);
}

/* ---- identity ---- */

void finetune_options_write(JsonWriter *w, const FinetuneOptions *o) {
    json_begin_object(w);
    json_put_string(w, "dtype", dtype_name(o->dtype));
    json_put_number(w, "learning_rate", o->learning_rate);
    json_put_number(w, "num_train_epochs", o->num_train_epochs);
    json_put_int(w, "max_steps", o->max_steps);
    json_put_int(w, "per_device_train_batch_size", o->per_device_train_batch_size);
    json_put_int(w, "gradient_accumulation_steps", o->gradient_accumulation_steps);
    json_put_number(w, "weight_decay", o->weight_decay);
    json_put_number(w, "adam_beta1", o->adam_beta1);
    json_put_number(w, "adam_beta2", o->adam_beta2);
    json_put_number(w, "adam_epsilon", o->adam_epsilon);
    json_put_number(w, "max_grad_norm", o->max_grad_norm);
    json_put_string(w, "lr_scheduler_type", schedule_name(o->lr_scheduler_type));
    json_put_number(w, "warmup_steps", o->warmup_steps);
    json_put_number(w, "warmup_ratio", o->warmup_ratio);
    json_put_number(w, "label_smoothing_factor", o->label_smoothing_factor);
    json_put_string(w, "class_weight", o->balanced ? "balanced" : "none");
    json_put_int(w, "freeze_layers", o->freeze_layers);
    json_put_int(w, "seed", (int64_t)o->seed);
    json_put_string(w, "eval_strategy", interval_name(o->eval_strategy));
    json_put_number(w, "eval_steps", o->eval_steps);
    json_put_string(w, "save_strategy", interval_name(o->save_strategy));
    json_put_number(w, "save_steps", o->save_steps);
    json_put_number(w, "logging_steps", o->logging_steps);
    json_put_bool(w, "logging_first_step", o->logging_first_step);
    json_put_bool(w, "load_best_model_at_end", o->load_best_model_at_end);
    json_put_string(w, "metric_for_best_model", finetune_metric(o));
    json_put_bool(w, "greater_is_better", finetune_greater_is_better(o));
    json_put_int(w, "early_stopping_patience", o->early_stopping_patience);
    json_put_number(w, "early_stopping_threshold", o->early_stopping_threshold);
    json_end_object(w);
}
