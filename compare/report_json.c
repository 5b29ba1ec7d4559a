/* compare.json, as docs/compare.schema.json says. */
#include <math.h>

#include "common/file.h"
#include "compare/break_evens.h"
#include "compare/costs.h"
#include "compare/error_facts.h"
#include "compare/curve.h"
#include "compare/report.h"
#include "compare/report_cascade.h"
#include "compare/report_audit.h"
#include "compare/report_maps.h"
#include "compare/report_runs.h"
#include "compare/report_confidence.h"
#include "compare/seeds.h"
#include "compare/statistics.h"
#include "compare/tuning.h"

enum { VERSION = 1 };

/* ---- the rows ---- */

static void write_rows(JsonWriter *json, const Dataset *dataset) {
    json_write_key(json, "rows");
    json_begin_object(json);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        json_put_int(json, split_name(split), dataset->splits[split].count);
    json_end_object(json);
}

static void write_data(JsonWriter *json, const Comparison *c) {
    const Dataset *dataset = c->dataset;
    json_write_key(json, "data");
    json_begin_object(json);
    json_put_string(json, "path", c->data);
    json_put_string(json, "detected", dataset->detected);
    json_put_string(json, "sha256", c->data_sha256.text);
    json_write_key(json, "labels");
    json_begin_array(json);
    for (int k = 0; k < dataset->classes; k++) json_write_string(json, dataset->class_names[k]);
    json_end_array(json);
    write_rows(json, dataset);
    json_write_key(json, "audit");
    report_write_audit_json(json, c);
    json_end_object(json);
}

static void write_text_or_null(JsonWriter *json, const char *key, const char *text) {
    json_write_key(json, key);
    if (text && *text)
        json_write_string(json, text);
    else
        json_write_null(json);
}

static void write_tuning(JsonWriter *json, const Tuning *tuning) {
    json_write_key(json, "tuning");
    if (!tuning) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    tuning_write(json, tuning);
    json_end_object(json);
}

static void write_curve(JsonWriter *json, const Comparison *c) {
    json_write_key(json, "learning_curve");
    if (!c->curve) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    curve_write(json, c->curve, c);
    json_end_object(json);
}

/* ---- the entries ---- */

static void write_metrics(JsonWriter *json, const EntryResult *entry, char *const *labels) {
    json_write_key(json, "metrics");
    json_begin_object(json);
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++) {
        json_write_key(json, split_name(split));
        scores_write_json(json, &entry->scores[split], labels);
    }
    json_end_object(json);
    json_write_key(json, "accuracy_interval_95");
    json_begin_object(json);
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
        interval_write_json(json, split_name(split), entry_accuracy_interval(entry, split));
    json_end_object(json);
}

static void write_evaluations(JsonWriter *json, const FinetuneResult *training) {
    json_write_key(json, "evaluations");
    json_begin_array(json);
    for (int i = 0; i < training->evaluation_count; i++) {
        const FinetuneEvaluation *e = &training->evaluations[i];
        json_begin_object(json);
        json_put_int(json, "step", e->step);
        json_put_number(json, "epoch", e->epoch);
        json_put_number(json, "loss", e->loss);
        json_put_number(json, "accuracy", e->accuracy);
        json_put_number(json, "f1_macro", e->f1_macro);
        json_end_object(json);
    }
    json_end_array(json);
}

static void write_training(JsonWriter *json, const EntryResult *entry) {
    const FinetuneResult *training = &entry->training;
    json_write_key(json, "training");
    if (entry->kind != ENTRY_FINETUNE || entry->source != ENTRY_TRAINED) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    json_put_int(json, "steps", training->steps);
    json_put_number(json, "epochs", training->epochs);
    json_put_number(json, "train_loss", training->train_loss);
    json_put_int(json, "best_step", training->best_step);
    json_put_bool(json, "best_loaded", training->best_loaded);
    json_put_bool(json, "stopped_early", training->stopped_early);
    write_evaluations(json, training);
    json_end_object(json);
}

static void write_failed(JsonWriter *json) {
    static const char *const KEYS[] = {"metrics", "accuracy_interval_95", "training", "confidence", "costs"};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        json_write_key(json, KEYS[i]);
        json_write_null(json);
    }
}

static void write_entry(JsonWriter *json, const Comparison *c, const EntryResult *entry) {
    bool done = entry->status == ENTRY_DONE;
    json_begin_object(json);
    json_put_string(json, "name", entry->name);
    json_put_string(json, "kind", entry_kind_name(entry->kind));
    json_put_string(json, "source", entry_source_name(entry->source));
    write_text_or_null(json, "path", entry->path);
    json_put_string(json, "status", done ? "done" : "failed");
    write_text_or_null(json, "failure", done ? NULL : entry->failure.message);
    write_text_or_null(json, "how", entry->how);
    write_text_or_null(json, "warning", entry->warning);
    if (done) {
        write_metrics(json, entry, c->dataset->class_names);
        write_training(json, entry);
        json_write_key(json, "confidence");
        confidence_write_json(json, entry->confidence);
        json_write_key(json, "costs");
        costs_write_json(json, &entry->costs);
    } else {
        write_failed(json);
    }
    statistics_write_entry_json(json, c, entry);
    if (done && entry->seeds.count) {
        json_write_key(json, "seeds");
        seeds_write_json(json, &entry->seeds);
    }
    json_end_object(json);
}

/* ---- what follows ---- */

static void write_pair(JsonWriter *json, const Comparison *c, const PairResult *pair) {
    json_begin_object(json);
    json_put_string(json, "a", c->entries[pair->a].name);
    json_put_string(json, "b", c->entries[pair->b].name);
    json_put_int(json, "both", pair->counts.both);
    json_put_int(json, "only_a", pair->counts.only_a);
    json_put_int(json, "only_b", pair->counts.only_b);
    json_put_int(json, "neither", pair->counts.neither);
    statistics_write_mcnemar_json(json, &pair->mcnemar);
    statistics_write_pair_json(json, c, pair);
    json_end_object(json);
}

static const char *const VERDICTS[] = {"none", "deploy", "undecided"};

static void write_limit(JsonWriter *json, const char *key, double limit) { json_put_number(json, key, limit > 0 ? limit : (double)NAN); }

static void write_recommendation(JsonWriter *json, const Comparison *c) {
    const Recommendation *r = &c->recommendation;
    json_write_key(json, "recommendation");
    json_begin_object(json);
    write_text_or_null(json, "deploy", r->deploy >= 0 ? c->entries[r->deploy].name : NULL);
    write_text_or_null(json, "runner_up", r->runner_up >= 0 ? c->entries[r->runner_up].name : NULL);
    json_put_string(json, "verdict", VERDICTS[r->verdict]);
    write_text_or_null(json, "leaning", r->leaning >= 0 ? c->entries[r->leaning].name : NULL);
    json_write_key(json, "limits");
    json_begin_object(json);
    json_put_number(json, "min_gain", c->limits.min_gain);
    write_limit(json, "max_latency_ms", c->limits.max_latency_ms);
    write_limit(json, "max_memory_mb", c->limits.max_memory_mb);
    write_limit(json, "max_model_mb", c->limits.max_model_mb);
    json_end_object(json);
    json_write_key(json, "frozen_enough");
    if (r->frozen_answered)
        json_write_bool(json, r->frozen_enough);
    else
        json_write_null(json);
    write_text_or_null(json, "sentence", r->sentence.data);
    write_text_or_null(json, "question", r->question.data);
    json_end_object(json);
}

static void write_all(JsonWriter *json, const Comparison *c) {
    json_begin_object(json);
    json_put_int(json, "version", VERSION);
    json_put_string(json, "program", "twofold " TWOFOLD_VERSION);
    json_put_string(json, "command", c->command);
    json_put_string(json, "dtype", c->dtype);
    json_write_key(json, "seed");
    json_write_int(json, (int64_t)c->seed);
    write_data(json, c);
    model_write_json(json, &c->model);
    if (comparison_is_joint(c)) {
        json_write_key(json, "runs");
        runs_write_json(json, c);
    }
    statistics_write_json(json, c);
    write_tuning(json, c->tuning);
    write_curve(json, c);
    json_write_key(json, "entries");
    json_begin_array(json);
    for (int i = 0; i < c->entry_count; i++) write_entry(json, c, &c->entries[i]);
    json_end_array(json);
    json_write_key(json, "pairs");
    json_begin_array(json);
    for (int i = 0; i < c->pair_count; i++) write_pair(json, c, &c->pairs[i]);
    json_end_array(json);
    json_write_key(json, "prices");
    prices_write_json(json, c);
    json_write_key(json, "cascades");
    cascades_write_json(json, c);
    json_write_key(json, "errors");
    error_facts_write_json(json, c);
    write_recommendation(json, c);
    json_write_key(json, "maps");
    maps_write_json(json, &c->maps);
    json_end_object(json);
}

bool report_write_json(const Comparison *comparison, const char *path, Error *err) {
    Buffer out = {0};
    JsonWriter json = json_writer(&out, 2);
    write_all(&json, comparison);
    buffer_text(&out, "\n");
    bool written = file_write_buffer(path, &out, err);
    buffer_free(&out);
    return written;
}
