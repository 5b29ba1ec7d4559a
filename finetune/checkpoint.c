#include "finetune/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/safetensors.h"
#include "common/sha256.h"
#include "finetune/checkpoint_folder.h"

/* These are known by their bytes. trainer_state.json holds measured times too, and is known by what it says without them, so that the
 * same run leaves the same progress.json. */
static const char *const HASHED[] = {"config.json",    "identity.json",         "model.safetensors",       "optimizer.safetensors", "vocab.txt",
                                     "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"};
static const char *const STATE_FILE = "trainer_state.json";
enum { HASHED_COUNT = sizeof HASHED / sizeof *HASHED, HASHED_ALWAYS = 4, PROGRESS_VERSION = 1 }; /* the others where the model has them */

/* ---- optimizer.safetensors ---- */

typedef struct MomentName {
    char text[sizeof(((TensorSpec *)0)->name) + 16];
} MomentName;

static MomentName moment_name(const TensorSpec *tensor, const char *moment) {
    MomentName name;
    (void)snprintf(name.text, sizeof name.text, "%s.%s", moment, tensor->name);
    return name;
}

typedef struct OptimizerFile {
    StoredTensor *tensors;
    MomentName *names;
    int count;
    double *losses, *norms; /* (step) */
    int64_t step;
} OptimizerFile;

static void optimizer_file_free(OptimizerFile *file) {
    mem_free(file->tensors);
    mem_free(file->names);
    mem_free(file->losses);
    mem_free(file->norms);
}

static void add_moment(OptimizerFile *file, const TensorSpec *tensor, const char *moment, const float *block) {
    StoredTensor *stored = &file->tensors[file->count];
    file->names[file->count] = moment_name(tensor, moment);
    *stored = (StoredTensor){.name = file->names[file->count].text,
                             .type = TENSOR_F32,
                             .dimensions = tensor->dimensions,
                             .shape = {tensor->rows, tensor->columns},
                             .data = block + tensor->offset};
    file->count++;
}

static void add_curve(OptimizerFile *file, const char *name, const double *values) {
    file->tensors[file->count++] =
        (StoredTensor){.name = name, .type = TENSOR_F64, .dimensions = 1, .shape = {file->step}, .data = values};
}

static bool fill_optimizer_file(OptimizerFile *file, const CheckpointParts *parts, Error *err) {
    const WeightTable *table = &parts->weights->table;
    size_t most = 2 * (size_t)table->count + 3;
    file->step = parts->state->step;
    if (!(file->tensors = mem_new(most, sizeof *file->tensors, err)) ||
        !(file->names = mem_new(most, sizeof *file->names, err)) ||
        !(file->losses = mem_new((size_t)file->step, sizeof *file->losses, err)) ||
        !(file->norms = mem_new((size_t)file->step, sizeof *file->norms, err)))
        return false;
    for (int i = 0; i < table->count; i++) {
        if (!adamw_trains(table, i, parts->options->freeze_layers)) continue;
        add_moment(file, &table->tensors[i], "exp_avg", parts->adamw->first);
        add_moment(file, &table->tensors[i], "exp_avg_sq", parts->adamw->second);
    }
    for (int64_t i = 0; i < file->step; i++) {
        file->losses[i] = parts->state->history[i].loss;
        file->norms[i] = parts->state->history[i].grad_norm;
    }
    add_curve(file, "history.loss", file->losses);
    add_curve(file, "history.grad_norm", file->norms);
    file->tensors[file->count++] =
        (StoredTensor){.name = "step", .type = TENSOR_I64, .dimensions = 1, .shape = {1}, .data = &file->step};
    return true;
}

static bool save_optimizer(const CheckpointParts *parts, const char *path, Error *err) {
    OptimizerFile file = {0};
    bool good = fill_optimizer_file(&file, parts, err) && safetensors_write(path, file.tensors, file.count, err);
    optimizer_file_free(&file);
    return good;
}

/* The tensor of that name, type and size. */
static const StoredTensor *find_tensor(const SafeTensors *tensors, const char *path, const char *name, TensorType type,
                                       size_t elements, Error *err) {
    const StoredTensor *found = safetensors_find(tensors, name);
    if (found && found->type == type && tensor_elements(found) == elements) return found;
    FAIL(err, ERROR_DATA, "%s: no tensor '%s' of %zu %s", path, name, elements, tensor_type_name(type));
    return NULL;
}

static bool check_moments(const CheckpointParts *parts, const SafeTensors *tensors, const char *path, Error *err) {
    const WeightTable *table = &parts->weights->table;
    for (int i = 0; i < table->count; i++) {
        const TensorSpec *tensor = &table->tensors[i];
        if (!adamw_trains(table, i, parts->options->freeze_layers)) continue;
        if (!find_tensor(tensors, path, moment_name(tensor, "exp_avg").text, TENSOR_F32, tensor->count, err) ||
            !find_tensor(tensors, path, moment_name(tensor, "exp_avg_sq").text, TENSOR_F32, tensor->count, err))
            return false;
    }
    return true;
}

static void copy_moment(const SafeTensors *tensors, const TensorSpec *tensor, const char *moment, float *block) {
    const StoredTensor *stored = safetensors_find(tensors, moment_name(tensor, moment).text);
    memcpy(block + tensor->offset, stored->data, tensor->count * sizeof *block);
}

static void copy_moments(const CheckpointParts *parts, const SafeTensors *tensors) {
    const WeightTable *table = &parts->weights->table;
    for (int i = 0; i < table->count; i++) {
        if (!adamw_trains(table, i, parts->options->freeze_layers)) continue;
        copy_moment(tensors, &table->tensors[i], "exp_avg", parts->adamw->first);
        copy_moment(tensors, &table->tensors[i], "exp_avg_sq", parts->adamw->second);
    }
}

/* The curve of `read->step` steps into read->history. */
static bool read_history(TrainState *read, const TrainPlan *plan, const SafeTensors *tensors, const char *path, Error *err) {
    const StoredTensor *losses = find_tensor(tensors, path, "history.loss", TENSOR_F64, (size_t)read->step, err);
    const StoredTensor *norms =
        losses ? find_tensor(tensors, path, "history.grad_norm", TENSOR_F64, (size_t)read->step, err) : NULL;
    const StoredTensor *step = norms ? find_tensor(tensors, path, "step", TENSOR_I64, 1, err) : NULL;
    int64_t stored_step = 0;
    if (!step) return false;
    memcpy(&stored_step, step->data, sizeof stored_step);
    if (stored_step != read->step)
        return FAIL(err, ERROR_DATA, "%s: is of step %lld, trainer_state.json of step %lld", path, (long long)stored_step,
                    (long long)read->step);
    int64_t steps = read->step;
    for (read->step = 0; read->step < steps;) {
        FinetuneStep one = {.learning_rate = schedule_rate(&plan->schedule, read->step)};
        memcpy(&one.loss, (const char *)losses->data + (size_t)read->step * sizeof(double), sizeof(double));
        memcpy(&one.grad_norm, (const char *)norms->data + (size_t)read->step * sizeof(double), sizeof(double));
        if (!train_state_add_step(read, one, err)) return false;
    }
    return true;
}

/* ---- progress.json ---- */

static Sha256Hex hash_state(const TrainState *state, const CheckpointParts *parts, Error *err, bool *good) {
    Buffer text = {0};
    train_state_write(&text, state, parts->plan, parts->options, false);
    *good = buffer_ok(&text, err);
    Sha256Hex hash = sha256_bytes(text.data, *good ? text.size : 0);
    buffer_free(&text);
    return hash;
}

static bool write_hashes(JsonWriter *w, const CheckpointParts *parts, const char *folder, Error *err) {
    bool good = true;
    json_begin_object(w);
    for (int i = 0; good && i < HASHED_COUNT; i++) {
        Path path;
        Sha256Hex hash;
        good = path_make(&path, err, "%s/%s", folder, HASHED[i]);
        if (!good || (i >= HASHED_ALWAYS && !file_exists(path.text))) continue;
        good = sha256_file(&hash, path.text, err);
        if (good) json_put_string(w, HASHED[i], hash.text);
    }
    if (good) json_put_string(w, STATE_FILE, hash_state(parts->state, parts, err, &good).text);
    json_end_object(w);
    return good;
}

static bool save_progress(const CheckpointParts *parts, const char *folder, bool interrupted, Error *err) {
    Buffer text = {0};
    JsonWriter w = json_writer(&text, 2);
    Path path;
    json_begin_object(&w);
    json_put_int(&w, "version", PROGRESS_VERSION);
    json_put_int(&w, "step", parts->state->step);
    json_put_bool(&w, "interrupted", interrupted);
    json_put_number(&w, "train_runtime", parts->state->train_s);
    json_put_number(&w, "train_cpu_runtime", parts->state->train_cpu_s);
    json_write_key(&w, "sha256");
    bool good = write_hashes(&w, parts, folder, err);
    json_end_object(&w);
    buffer_text(&text, "\n");
    good = good && path_make(&path, err, "%s/progress.json", folder) && file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return good;
}

static bool save_state(const CheckpointParts *parts, const char *folder, Error *err) {
    Buffer text = {0};
    Path path;
    train_state_write(&text, parts->state, parts->plan, parts->options, true);
    bool good = path_make(&path, err, "%s/%s", folder, STATE_FILE) && file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return good;
}

bool checkpoint_save(const CheckpointParts *parts, bool interrupted, Error *err) {
    Path folder, identity, optimizer;
    return checkpoint_folder_begin(&folder, parts->output_dir, parts->state->step, err) &&
           path_make(&identity, err, "%s/identity.json", folder.text) &&
           path_make(&optimizer, err, "%s/optimizer.safetensors", folder.text) &&
           weights_save(parts->weights, parts->model_folder, folder.text, parts->max_length, err) &&
           file_write(identity.text, parts->identity, strlen(parts->identity), err) &&
           save_optimizer(parts, optimizer.text, err) && save_state(parts, folder.text, err) &&
           save_progress(parts, folder.text, interrupted, err) &&
           checkpoint_folder_finish(&folder, parts->output_dir, parts->state->step, err);
}

/* ---- identity ---- */

static void value_text(char out[128], const Json *value) {
    if (json_is_number(value)) {
        char number[32];
        number_text(number, json_number_or(value, 0));
        (void)snprintf(out, 128, "%s", number);
    } else if (json_is_bool(value)) {
        (void)snprintf(out, 128, "%s", json_bool_or(value, false) ? "true" : "false");
    } else {
        (void)snprintf(out, 128, "%.100s", json_string_or(value, "nothing"));
    }
}

/* The first entry in which two objects differ, objects within them followed; false when they say the same. */
static bool find_difference(const Json *old, const Json *new, char out[400]) {
    for (const Json *value = json_first(new); value; value = json_next(value)) {
        const Json *other = json_get(old, json_key(value));
        if (json_is_object(value) && find_difference(other, value, out)) return true;
        if (json_is_object(value)) continue;
        char now[128], before[128];
        value_text(now, value);
        value_text(before, other);
        if (strcmp(now, before) == 0) continue;
        (void)snprintf(out, 400, "%s was %s and is %s", json_key(value), before, now);
        return true;
    }
    return false;
}

static bool check_identity(const CheckpointParts *parts, const char *folder, Error *err) {
    Path path;
    FileMap stored = {0};
    if (!path_make(&path, err, "%s/identity.json", folder) || !file_map(&stored, path.text, ERROR_DATA, err)) return false;
    size_t size = strlen(parts->identity);
    bool same = stored.size == size && memcmp(stored.data, parts->identity, size) == 0;
    if (!same) {
        char what[400] = "its identity.json differs";
        Json *old = json_parse((const char *)stored.data, stored.size, path.text, ERROR_DATA, NULL);
        Json *new = json_parse(parts->identity, size, "identity", ERROR_DATA, NULL);
        (void)find_difference(old, new, what);
        FAIL(err, ERROR_USAGE, "%s: belongs to another run: %s", folder, what);
        json_free(old);
        json_free(new);
    }
    file_unmap(&stored);
    return same;
}

/* ---- loading ---- */

static bool check_hash(const Json *hashes, const char *folder, const char *name, const Sha256Hex *hash, Error *err) {
    if (strcmp(json_string_or(json_get(hashes, name), ""), hash->text) == 0) return true;
    return FAIL(err, ERROR_DATA, "%s/%s: its sha256 is not the one in progress.json", folder, name);
}

static bool check_file(const Json *hashes, const char *folder, const char *name, Error *err) {
    Path path;
    Sha256Hex hash;
    return path_make(&path, err, "%s/%s", folder, name) && sha256_file(&hash, path.text, err) &&
           check_hash(hashes, folder, name, &hash, err);
}

static bool check_files(const Json *hashes, const char *folder, Error *err) {
    for (int i = 0; i < HASHED_COUNT; i++) {
        if (i >= HASHED_ALWAYS && !json_get(hashes, HASHED[i])) continue;
        if (!check_file(hashes, folder, HASHED[i], err)) return false;
    }
    return true;
}

static bool read_state(TrainState *read, const CheckpointParts *parts, const Json *progress, const char *folder, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/%s", folder, STATE_FILE)) return false;
    Json *json = json_parse_file(path.text, ERROR_DATA, err);
    bool good = json && train_state_read(read, json, path.text, err);
    json_free(json);
    if (!good) return false;
    Sha256Hex hash = hash_state(read, parts, err, &good);
    read->train_s = json_number_or(json_get(progress, "train_runtime"), 0);
    read->train_cpu_s = json_number_or(json_get(progress, "train_cpu_runtime"), (double)NAN);
    read->saved = json_bool_or(json_get(progress, "interrupted"), false) ? 0 : read->step;
    return good && check_hash(json_get(progress, "sha256"), folder, STATE_FILE, &hash, err);
}

/* They stay in the file until they are taken over: there is no room for a second copy beside all that training holds. */
static bool load_weights(Weights *loaded, const CheckpointParts *parts, const char *folder, Error *err) {
    const EncoderConfig *config = &parts->weights->config;
    if (!weights_map(loaded, folder, -1, err)) return false;
    bool same = loaded->table.total == parts->weights->table.total && loaded->new_tensors == 0 && loaded->config.classes == config->classes;
    for (int k = 0; same && k < config->classes; k++) same = strcmp(loaded->config.labels[k], config->labels[k]) == 0;
    return same || FAIL(err, ERROR_DATA, "%s: its weights are of another model", folder);
}

static void take_weights(const CheckpointParts *parts, const Weights *loaded) {
    for (int i = 0; i < loaded->table.count; i++) {
        const TensorSpec *spec = &loaded->table.tensors[i];
        memcpy(parts->weights->block + spec->offset, weights_tensor(loaded, i), spec->count * sizeof(float));
        weights_forget(loaded, i);
    }
}

static Json *read_progress(const char *folder, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/progress.json", folder)) return NULL;
    Json *progress = json_parse_file(path.text, ERROR_DATA, err);
    int64_t version = json_int_or(json_get(progress, "version"), -1);
    if (!progress || version == PROGRESS_VERSION) return progress;
    FAIL(err, ERROR_DATA, "%s: version %lld, expected %d", path.text, (long long)version, PROGRESS_VERSION);
    json_free(progress);
    return NULL;
}

/* The end of a run wants its best weights: a checkpoint whose best is damaged cannot lead there. One that is missing is another matter (a run
 * that goes on from another folder). */
static bool check_best(const CheckpointParts *parts, const TrainState *read, Error *err) {
    Path folder;
    if (!parts->plan->loads_best || read->best_step == 0 || read->best_step == read->step) return true;
    if (!checkpoint_path(&folder, parts->output_dir, read->best_step, err)) return false;
    if (!folder_exists(folder.text)) return true;
    Json *progress = read_progress(folder.text, err);
    bool good = progress && check_files(json_get(progress, "sha256"), folder.text, err);
    json_free(progress);
    return good || error_prefix(err, "checkpoint-%lld, whose best is checkpoint-%lld", (long long)read->step, (long long)read->best_step);
}

bool checkpoint_load(const CheckpointParts *parts, const char *folder, Error *err) {
    TrainState read = {0};
    SafeTensors moments = {0};
    Weights loaded = {0};
    Path optimizer;
    Json *progress = read_progress(folder, err);
    const Json *hashes = json_get(progress, "sha256");
    /* The identity before the large files, and whole before it is believed: a damaged one is not another run's. */
    bool good = progress && check_file(hashes, folder, "identity.json", err) && check_identity(parts, folder, err) &&
                check_files(hashes, folder, err) && read_state(&read, parts, progress, folder, err) && check_best(parts, &read, err) &&
                path_make(&optimizer, err, "%s/optimizer.safetensors", folder) &&
                safetensors_open(&moments, optimizer.text, err) && check_moments(parts, &moments, optimizer.text, err) &&
                read_history(&read, parts->plan, &moments, optimizer.text, err) && load_weights(&loaded, parts, folder, err);
    if (good) {
        take_weights(parts, &loaded);
        copy_moments(parts, &moments);
        parts->adamw->step = read.step;
        train_state_free(parts->state);
        *parts->state = read;
        read = (TrainState){0};
    }
    weights_free(&loaded);
    safetensors_close(&moments);
    train_state_free(&read);
    json_free(progress);
    return good;
}

bool checkpoint_load_weights(const CheckpointParts *parts, int64_t step, Error *err) {
    Path folder;
    Weights loaded = {0};
    if (!checkpoint_path(&folder, parts->output_dir, step, err)) return false;
    Json *progress = read_progress(folder.text, err);
    bool good =
        progress && check_files(json_get(progress, "sha256"), folder.text, err) && load_weights(&loaded, parts, folder.text, err);
    json_free(progress);
    if (good) take_weights(parts, &loaded);
    weights_free(&loaded);
    return good;
}

/* Whether a checkpoint was made with the data of this run; also true when one of the two does not say. */
static bool has_same_data(const CheckpointParts *parts, const char *folder) {
    Path path;
    if (!path_make(&path, NULL, "%s/identity.json", folder)) return true;
    Json *old = json_parse_file(path.text, ERROR_DATA, NULL);
    Json *new = json_parse(parts->identity, strlen(parts->identity), "identity", ERROR_DATA, NULL);
    const char *before = json_string_or(json_get(old, "data"), ""), *now = json_string_or(json_get(new, "data"), "");
    bool same = !*before || !*now || strcmp(before, now) == 0;
    json_free(old);
    json_free(new);
    return same;
}

/* Why a checkpoint cannot be used: other data ends the search, want of memory too (it says nothing about the checkpoint); the rest is said
 * and passed over. All checkpoints of another run differ in the same way: that is said once. */
static bool pass_over(const CheckpointParts *parts, const char *folder, const Error *why, bool *said, const Observer *observer,
                      Error *err) {
    if (why->kind == ERROR_FAILED) return FAIL(err, why->kind, "%s", why->message);
    if (why->kind == ERROR_USAGE && !has_same_data(parts, folder))
        return FAIL(err, ERROR_USAGE,
                    "%s: belongs to a run on other data; name another --output_dir, or --overwrite_output_dir to begin anew",
                    folder);
    if (why->kind != ERROR_USAGE || !*said) observer_note(observer, "passed over: %s", why->message);
    *said = *said || why->kind == ERROR_USAGE;
    return true;
}

bool checkpoint_resume(const CheckpointParts *parts, bool *found, const Observer *observer, Error *err) {
    int64_t *steps = NULL;
    int count = 0;
    *found = false;
    if (!checkpoint_list(&steps, &count, parts->output_dir, err)) return false;
    bool good = true, said = false;
    for (int i = count; good && !*found && i-- > 0;) {
        Path folder;
        Error why = {0};
        good = checkpoint_path(&folder, parts->output_dir, steps[i], err);
        *found = good && checkpoint_load(parts, folder.text, &why);
        if (good && !*found) good = pass_over(parts, folder.text, &why, &said, observer, err);
    }
    if (good && !*found && count) observer_note(observer, "the training begins anew");
    free(steps);
    return good;
}
