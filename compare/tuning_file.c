/* tune.json: the plan, and what came of it. */
#include <math.h>
#include <string.h>

#include "compare/tuning.h"

enum { VERSION = 1 };

/* ---- writing ---- */

static void write_settings(JsonWriter *json, const TuningTrial *trial) {
    bool known = trial->rank < 0 || trial->done; /* else they come from the round before */
    json_write_key(json, "settings");
    json_begin_object(json);
    json_put_int(json, "train_rows", trial->rows);
    switch (trial->kind) {
    case ENTRY_WORDS: json_put_int(json, "ngram_max", trial->ngram_max); break;
    case ENTRY_FROZEN:
        json_put_string(json, "pooling", known ? pooling_name(trial->pooling) : NULL);
        json_write_key(json, "layer");
        if (known)
            json_write_int(json, trial->layer);
        else
            json_write_null(json);
        break;
    default:
        json_put_number(json, "learning_rate", trial->learning_rate > 0 ? trial->learning_rate : (double)NAN);
        json_put_int(json, "max_steps", trial->steps ? trial->steps : -1);
        json_put_number(json, "num_train_epochs", trial->epochs > 0 ? trial->epochs : (double)NAN);
    }
    if (trial->kind != ENTRY_FINETUNE) json_put_number(json, "C", trial->C > 0 ? trial->C : (double)NAN);
    json_end_object(json);
}

static void write_trial(JsonWriter *json, const Tuning *tuning, const TuningTrial *trial) {
    json_begin_object(json);
    json_put_string(json, "entry", trial->name);
    json_put_string(json, "kind", entry_kind_name(trial->kind));
    json_put_int(json, "round", trial->round);
    json_write_key(json, "settings_of_rank");
    if (trial->rank < 0)
        json_write_null(json);
    else
        json_write_int(json, trial->rank);
    write_settings(json, trial);
    json_put_bool(json, "done", trial->done);
    json_put_number(json, "accuracy", trial->accuracy);
    json_put_number(json, "loss", trial->loss);
    if (trial->C_tried) {
        json_write_key(json, "C_accuracy");
        json_begin_array(json);
        for (int i = 0; i < tuning->C_count; i++) json_write_number(json, trial->C_accuracy[i]);
        json_end_array(json);
    }
    json_write_key(json, "costs");
    json_begin_object(json);
    json_put_number(json, "seconds", trial->seconds);
    json_end_object(json);
    json_end_object(json);
}

static void write_chosen(JsonWriter *json, const Tuning *tuning) {
    json_write_key(json, "chosen");
    json_begin_array(json);
    for (int entry = 0; entry < tuning->count; entry++) {
        const TuningTrial *trial = tuning_chosen(tuning, entry);
        if (!trial) continue;
        json_begin_object(json);
        json_put_string(json, "entry", trial->name);
        json_put_number(json, "accuracy", trial->accuracy);
        write_settings(json, trial);
        json_end_object(json);
    }
    json_end_array(json);
}

void tuning_write(JsonWriter *json, const Tuning *tuning) {
    json_put_string(json, "mode", "quick");
    json_put_number(json, "budget_s", tuning->budget_s);
    json_put_int(json, "validation_rows", tuning->validation_rows);
    json_write_key(json, "C_choices");
    json_begin_array(json);
    for (int i = 0; i < tuning->C_count; i++) json_write_number(json, tuning->C[i]);
    json_end_array(json);
    json_write_key(json, "costs");
    json_begin_object(json);
    json_put_number(json, "step_s", tuning->step_s);
    json_end_object(json);
    json_write_key(json, "trials");
    json_begin_array(json);
    for (int i = 0; i < tuning->count; i++) write_trial(json, tuning, &tuning->trials[i]);
    json_end_array(json);
    write_chosen(json, tuning);
}

bool tuning_save(const Tuning *tuning, const char *path, Error *err) {
    Buffer out = {0};
    JsonWriter json = json_writer(&out, 2);
    json_begin_object(&json);
    json_put_int(&json, "version", VERSION);
    json_put_string(&json, "key", tuning->key.text);
    tuning_write(&json, tuning);
    json_end_object(&json);
    buffer_text(&out, "\n");
    bool saved = file_write_buffer(path, &out, err);
    buffer_free(&out);
    return saved;
}

/* ---- reading ---- */

static bool read_whole(const Json *object, const char *key, int64_t least, int64_t most, int64_t *value) {
    *value = json_int_or(json_get(object, key), least - 1);
    return *value >= least && *value <= most;
}

/* NaN where there is no number, or one that a double cannot hold: written again, it would be null. */
static double read_number(const Json *object, const char *key) {
    double value = json_number_or(json_get(object, key), (double)NAN);
    return isfinite(value) ? value : (double)NAN;
}

/* A longer text is not from here: cut, it could end inside a character. */
static bool read_text(const Json *object, const char *key, char *text, size_t size) {
    const char *value = json_string_or(json_get(object, key), "");
    return (size_t)snprintf(text, size, "%s", value) < size;
}

static bool read_settings(TuningTrial *trial, const Json *json) {
    int64_t rows, number;
    if (!read_whole(json, "train_rows", 1, INT32_MAX, &rows)) return false;
    trial->rows = (int)rows;
    double C = read_number(json, "C"), epochs = read_number(json, "num_train_epochs");
    if (C < 0 || epochs < 0 || epochs > 1000) return false;
    trial->C = isnan(C) ? 0 : C;
    switch (trial->kind) {
    case ENTRY_WORDS:
        if (!read_whole(json, "ngram_max", 1, TFIDF_MAX_N, &number)) return false;
        trial->ngram_max = (int)number;
        return true;
    case ENTRY_FROZEN:
        if (trial->rank >= 0 && !trial->done) return true;
        if (!read_whole(json, "layer", 0, 1000, &number) ||
            !pooling_find(json_string_or(json_get(json, "pooling"), ""), &trial->pooling))
            return false;
        trial->layer = (int)number;
        return true;
    default:
        if (!read_whole(json, "max_steps", -1, INT32_MAX, &number)) return false;
        trial->steps = number > 0 ? number : 0;
        trial->learning_rate = json_number_or(json_get(json, "learning_rate"), 0);
        trial->epochs = isnan(epochs) ? 0 : epochs;
        return (trial->steps > 0 || trial->epochs > 0) && trial->learning_rate >= 0 && trial->learning_rate < 1;
    }
}

/* One for each C of the plan, or none at all. */
static bool read_C_accuracy(TuningTrial *trial, const Tuning *tuning, const Json *json) {
    if (!json) return true;
    if (!json_is_array(json) || json_size(json) != tuning->C_count) return false;
    int i = 0;
    for (const Json *value = json_first(json); value; value = json_next(value), i++) {
        trial->C_accuracy[i] = json_number_or(value, -1);
        if (!(trial->C_accuracy[i] >= 0 && trial->C_accuracy[i] <= 1)) return false;
    }
    trial->C_tried = true;
    return true;
}

static bool read_trial(Tuning *tuning, const Json *json) {
    int64_t round, rank;
    TuningTrial trial = {.rank = -1, .accuracy = (double)NAN, .loss = (double)NAN, .seconds = (double)NAN};
    if (!read_text(json, "entry", trial.name, sizeof trial.name) || !*trial.name) return false;
    const TuningTrial *last = tuning->count ? &tuning->trials[tuning->count - 1] : NULL;
    if (last) trial.entry = last->entry + (strcmp(last->name, trial.name) != 0);
    if (!entry_kind_find(json_string_or(json_get(json, "kind"), ""), &trial.kind) ||
        !read_whole(json, "round", 0, 9, &round))
        return false;
    trial.round = (int)round;
    if (read_whole(json, "settings_of_rank", 0, TUNING_TRIALS_MOST, &rank)) trial.rank = (int)rank;
    if ((trial.round > 0) != (trial.rank >= 0)) return false;
    trial.done = json_bool_or(json_get(json, "done"), false);
    trial.accuracy = read_number(json, "accuracy");
    trial.loss = read_number(json, "loss");
    trial.seconds = read_number(json_get(json, "costs"), "seconds");
    if (trial.done && isnan(trial.accuracy)) return false;
    if (!read_settings(&trial, json_get(json, "settings")) || !read_C_accuracy(&trial, tuning, json_get(json, "C_accuracy"))) return false;
    tuning->trials[tuning->count++] = trial;
    return true;
}

/* Rounds stand in order, none has more trials than one pass of the encoder serves, and no more is taken from one than it tries: else a choice would be
 * made on what is not there. */
static bool check_order(const Tuning *tuning) {
    for (int i = 0, before = 0, size = 0; i < tuning->count; i++) {
        const TuningTrial *trial = &tuning->trials[i], *last = i ? trial - 1 : NULL;
        bool same_entry = last && last->entry == trial->entry, same_round = same_entry && last->round == trial->round;
        if (!same_round) {
            before = size;
            size = 0;
            if (trial->round != (same_entry ? last->round + 1 : 0)) return false;
        }
        if ((same_entry && last->kind != trial->kind) || (trial->round && trial->rank >= before)) return false;
        if (++size > EXTRACT_MOST) return false;
    }
    return tuning->count > 0;
}

bool tuning_fits(const Tuning *tuning, const EntrySpec *specs, int spec_count) {
    int number = 0;
    for (int i = 0; i < spec_count; i++) {
        if (!specs[i].tuned) continue;
        const TuningTrial *trial = NULL;
        for (int t = 0; t < tuning->count && !trial; t++)
            if (tuning->trials[t].entry == number) trial = &tuning->trials[t];
        if (!trial || trial->kind != specs[i].kind || strcmp(trial->name, specs[i].name) != 0) return false;
        number++;
    }
    return tuning->count && tuning->trials[tuning->count - 1].entry == number - 1;
}

bool tuning_load(Tuning *tuning, const char *path, Error *err) {
    *tuning = (Tuning){.step_s = (double)NAN};
    Json *json = json_parse_file(path, ERROR_DATA, err);
    if (!json) return false;
    int64_t rows = 0;
    bool good = json_int_or(json_get(json, "version"), 0) == VERSION && read_whole(json, "validation_rows", 1, INT32_MAX, &rows) &&
                read_text(json, "key", tuning->key.text, sizeof tuning->key.text);
    tuning->validation_rows = (int)rows;
    tuning->budget_s = read_number(json, "budget_s");
    tuning->step_s = read_number(json_get(json, "costs"), "step_s");
    good = good && !isnan(tuning->budget_s);
    for (const Json *C = json_first(json_get(json, "C_choices")); C && good; C = json_next(C)) {
        good = tuning->C_count < TUNING_C_MOST && json_number_or(C, 0) > 0 && isfinite(json_number_or(C, 0));
        if (good) tuning->C[tuning->C_count++] = json_number_or(C, 0);
    }
    for (const Json *trial = json_first(json_get(json, "trials")); trial && good; trial = json_next(trial))
        good = tuning->count < TUNING_TRIALS_MOST && read_trial(tuning, trial);
    good = good && tuning->C_count > 0 && check_order(tuning);
    json_free(json);
    if (good) return true;
    return FAIL(err, ERROR_DATA, "%s: is no tune.json of this version of twofold, or damaged", path);
}

/* Settings that a round takes from the one before are not part of the plan. */
static bool same_trial(const TuningTrial *a, const TuningTrial *b) {
    bool same = a->entry == b->entry && a->kind == b->kind && strcmp(a->name, b->name) == 0 && a->round == b->round &&
                a->rank == b->rank && a->rows == b->rows && a->steps == b->steps && a->epochs == b->epochs;
    return same && (a->rank >= 0 || (a->ngram_max == b->ngram_max && a->pooling == b->pooling && a->layer == b->layer &&
                                     a->learning_rate == b->learning_rate));
}

void tuning_take_results(Tuning *tuning, const Tuning *from) {
    bool same = strcmp(tuning->key.text, from->key.text) == 0 && tuning->count == from->count &&
                tuning->validation_rows == from->validation_rows && tuning->C_count == from->C_count;
    for (int i = 0; same && i < tuning->C_count; i++) same = tuning->C[i] == from->C[i];
    for (int i = 0; same && i < tuning->count; i++) same = same_trial(&tuning->trials[i], &from->trials[i]);
    for (int i = 0; same && i < tuning->count; i++) tuning->trials[i] = from->trials[i];
}
