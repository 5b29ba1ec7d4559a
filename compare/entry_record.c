/* entry.json (what the entry was, its costs and curves) and answers.safetensors (what it answered), from which a later run of the same
 * command shows it again without training. */
#include <math.h>
#include <string.h>

#include "common/memory.h"
#include "common/safetensors.h"
#include "compare/costs.h"
#include "compare/entry.h"

enum { EVALUATION_FIELDS = 6, STEP_FIELDS = 3 };

/* ---- costs ---- */

static const struct {
    const char *name;
    size_t offset;
} COST_FIELDS[] = {
    {"train_s", offsetof(EntryCosts, train_s)},
    {"train_cpu_s", offsetof(EntryCosts, train_cpu_s)},
    {"predict_ms_p50", offsetof(EntryCosts, predict_ms_p50)},
    {"predict_ms_p95", offsetof(EntryCosts, predict_ms_p95)},
    {"predict_ms_p99", offsetof(EntryCosts, predict_ms_p99)},
    {"texts_per_s", offsetof(EntryCosts, texts_per_s)},
    {"predict_cpu_ms", offsetof(EntryCosts, predict_cpu_ms)},
    {"load_s", offsetof(EntryCosts, load_s)},
    {"startup_s", offsetof(EntryCosts, startup_s)},
    {"peak_rss_mb", offsetof(EntryCosts, peak_rss_mb)},
    {"model_mb", offsetof(EntryCosts, model_mb)},
    {"predict_mflop", offsetof(EntryCosts, predict_mflop)},
    {"train_tflop", offsetof(EntryCosts, train_tflop)},
    {"predict_share", offsetof(EntryCosts, predict_share)},
    {"train_share", offsetof(EntryCosts, train_share)},
    {"matrix_gflops", offsetof(EntryCosts, matrix_gflops)},
};
enum { COST_COUNT = sizeof COST_FIELDS / sizeof *COST_FIELDS };

static double *cost_field(EntryCosts *costs, int field) { return (double *)(void *)((char *)costs + COST_FIELDS[field].offset); }

void costs_write_json(JsonWriter *json, const EntryCosts *costs) {
    EntryCosts copy = *costs;
    json_begin_object(json);
    for (int i = 0; i < COST_COUNT; i++) json_put_number(json, COST_FIELDS[i].name, *cost_field(&copy, i));
    json_end_object(json);
}

void costs_read_json(EntryCosts *costs, const Json *json) {
    for (int i = 0; i < COST_COUNT; i++) *cost_field(costs, i) = json_number_or(json_get(json, COST_FIELDS[i].name), (double)NAN);
}

/* ---- save ---- */

static void write_training(JsonWriter *json, const EntryResult *entry) {
    const FinetuneResult *t = &entry->training;
    json_begin_object(json);
    json_put_int(json, "steps", t->steps);
    json_put_number(json, "epochs", t->epochs);
    json_put_number(json, "steps_per_epoch", entry->steps_per_epoch);
    json_put_number(json, "train_loss", t->train_loss);
    json_put_number(json, "total_flos", t->total_flos);
    json_put_int(json, "best_step", t->best_step);
    json_put_number(json, "best_metric", t->best_metric);
    json_put_bool(json, "best_loaded", t->best_loaded);
    json_put_bool(json, "stopped_early", t->stopped_early);
    json_end_object(json);
}

static bool has_training(const EntryResult *entry) { return entry->kind == ENTRY_FINETUNE && entry->source == ENTRY_TRAINED; }

static void write_entry_json(Buffer *out, const EntryResult *entry, const char *key) {
    JsonWriter json = json_writer(out, 2);
    json_begin_object(&json);
    json_put_string(&json, "name", entry->name);
    json_put_string(&json, "kind", entry_kind_name(entry->kind));
    json_put_string(&json, "key", key);
    json_put_string(&json, "how", entry->how);
    json_put_string(&json, "warning", entry->warning);
    if (entry->source == ENTRY_SAVED) json_put_bool(&json, "joins", entry->joins);
    json_write_key(&json, "training");
    if (has_training(entry))
        write_training(&json, entry);
    else
        json_write_null(&json);
    json_write_key(&json, "costs");
    costs_write_json(&json, &entry->costs);
    json_end_object(&json);
    buffer_text(out, "\n");
}

typedef struct Answers {
    StoredTensor tensors[2 * SPLIT_COUNT + 2];
    char names[2 * SPLIT_COUNT + 2][40];
    int count;
} Answers;

static void add_tensor(Answers *answers, const char *name, TensorType type, const void *data, int64_t rows, int64_t columns) {
    StoredTensor *tensor = &answers->tensors[answers->count];
    (void)snprintf(answers->names[answers->count], sizeof answers->names[0], "%s", name);
    *tensor = (StoredTensor){.name = answers->names[answers->count++],
                             .type = type,
                             .dimensions = columns ? 2 : 1,
                             .shape = {rows, columns},
                             .data = data};
}

static bool save_answers(const EntryResult *entry, const char *path, Error *err) {
    Answers answers = {.count = 0};
    char name[40];
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++) {
        const Predictions *p = &entry->predictions[split];
        if (!p->rows) continue;
        (void)snprintf(name, sizeof name, "%s.predicted", split_name(split));
        add_tensor(&answers, name, TENSOR_I32, p->predicted, p->rows, 0);
        (void)snprintf(name, sizeof name, "%s.probabilities", split_name(split));
        if (p->probabilities) add_tensor(&answers, name, TENSOR_F64, p->probabilities, p->rows, p->classes);
    }
    const FinetuneResult *t = &entry->training;
    double *curves = NULL, *evaluations = NULL;
    bool good = true;
    if (has_training(entry)) {
        curves = mem_new((size_t)t->steps * STEP_FIELDS, sizeof *curves, err);
        evaluations = mem_new((size_t)t->evaluation_count * EVALUATION_FIELDS, sizeof *evaluations, err);
        good = curves && evaluations;
        for (int64_t i = 0; good && i < t->steps; i++)
            memcpy(curves + i * STEP_FIELDS, (double[]){t->history[i].loss, t->history[i].learning_rate, t->history[i].grad_norm},
                   STEP_FIELDS * sizeof *curves);
        for (int i = 0; good && i < t->evaluation_count; i++) {
            const FinetuneEvaluation *e = &t->evaluations[i];
            memcpy(evaluations + (size_t)i * EVALUATION_FIELDS,
                   (double[]){(double)e->step, e->epoch, e->loss, e->accuracy, e->f1_macro, e->metric},
                   EVALUATION_FIELDS * sizeof *evaluations);
        }
        add_tensor(&answers, "training.steps", TENSOR_F64, curves, t->steps, STEP_FIELDS);
        add_tensor(&answers, "training.evaluations", TENSOR_F64, evaluations, t->evaluation_count, EVALUATION_FIELDS);
    }
    good = good && safetensors_write(path, answers.tensors, answers.count, err);
    mem_free(curves);
    mem_free(evaluations);
    return good;
}

bool entry_record_save(const EntryResult *entry, const char *key, const char *folder, Error *err) {
    Path answers, record;
    Buffer json = {0};
    if (!path_make(&answers, err, "%s/answers.safetensors", folder) || !path_make(&record, err, "%s/entry.json", folder) ||
        !save_answers(entry, answers.text, err))
        return false;
    write_entry_json(&json, entry, key);
    bool saved = file_write_buffer(record.text, &json, err);
    buffer_free(&json);
    return saved;
}

/* ---- load ---- */

/* The numbers of a stored matrix, which must have this type and shape. Alignment is not promised, so they are copied. */
static bool take(const SafeTensors *file, const char *name, TensorType type, int64_t rows, int64_t columns, void *to) {
    const StoredTensor *tensor = safetensors_find(file, name);
    if (!tensor || tensor->type != type || tensor->dimensions != (columns ? 2 : 1) || tensor->shape[0] != rows ||
        (columns && tensor->shape[1] != columns))
        return false;
    if (tensor->bytes) memcpy(to, tensor->data, tensor->bytes);
    return true;
}

static bool take_predictions(EntryResult *entry, const SafeTensors *file, const Dataset *dataset, Split split, Error *err) {
    const RowList *rows = &dataset->splits[split];
    char predicted[40], probabilities[40];
    (void)snprintf(predicted, sizeof predicted, "%s.predicted", split_name(split));
    (void)snprintf(probabilities, sizeof probabilities, "%s.probabilities", split_name(split));
    bool sure = safetensors_find(file, probabilities) != NULL;
    int32_t *truth = mem_new((size_t)rows->count, sizeof *truth, err);
    if (!truth) return false;
    for (int i = 0; i < rows->count; i++) truth[i] = dataset->labels[rows->rows[i]];
    Predictions *p = &entry->predictions[split];
    bool absent = entry->source == ENTRY_ANSWERS && split == SPLIT_VALIDATION && !safetensors_find(file, predicted);
    if (absent) {
        mem_free(truth);
        return predictions_make(p, 0, dataset->classes, (const int32_t[]){0}, false, err);
    }
    bool good = predictions_make(p, rows->count, dataset->classes, truth, sure, err) &&
                take(file, predicted, TENSOR_I32, rows->count, 0, p->predicted) &&
                (!sure || take(file, probabilities, TENSOR_F64, rows->count, dataset->classes, p->probabilities)) &&
                predictions_check(p, err);
    mem_free(truth);
    return good;
}

/* Before memory is taken: only then does the number of rows follow from bytes that are there. */
static bool is_table(const StoredTensor *tensor, int columns) {
    return tensor && tensor->type == TENSOR_F64 && tensor->dimensions == 2 && tensor->shape[1] == columns;
}

/* A step as it was recorded; 0 for what cannot be one. */
static int64_t step_of(double number) { return number >= 0 && number <= 0x1p53 ? (int64_t)number : 0; }

static bool take_training(EntryResult *entry, const SafeTensors *file, const Json *json, Error *err) {
    FinetuneResult *t = &entry->training;
    const StoredTensor *steps = safetensors_find(file, "training.steps"),
                       *evaluations = safetensors_find(file, "training.evaluations");
    if (!is_table(steps, STEP_FIELDS) || !is_table(evaluations, EVALUATION_FIELDS) || evaluations->shape[0] > INT32_MAX)
        return false;
    t->steps = steps->shape[0];
    t->evaluation_count = (int)evaluations->shape[0];
    double *numbers =
        mem_new((size_t)t->steps * STEP_FIELDS + (size_t)t->evaluation_count * EVALUATION_FIELDS, sizeof *numbers, err);
    /* the owner of these is finetune_result_free, which releases with mem_free */
    t->history = mem_new((size_t)t->steps, sizeof *t->history, err);
    t->evaluations = mem_new((size_t)t->evaluation_count, sizeof *t->evaluations, err);
    double *rest = numbers ? numbers + t->steps * STEP_FIELDS : NULL;
    bool good = numbers && t->history && t->evaluations &&
                take(file, "training.steps", TENSOR_F64, t->steps, STEP_FIELDS, numbers) &&
                take(file, "training.evaluations", TENSOR_F64, t->evaluation_count, EVALUATION_FIELDS, rest);
    for (int64_t i = 0; good && i < t->steps; i++) {
        const double *n = numbers + i * STEP_FIELDS;
        t->history[i] = (FinetuneStep){.loss = n[0], .learning_rate = n[1], .grad_norm = n[2]};
    }
    for (int i = 0; good && i < t->evaluation_count; i++) {
        const double *n = rest + (size_t)i * EVALUATION_FIELDS;
        t->evaluations[i] = (FinetuneEvaluation){
            .step = step_of(n[0]), .epoch = n[1], .loss = n[2], .accuracy = n[3], .f1_macro = n[4], .metric = n[5]};
    }
    mem_free(numbers);
    t->epochs = json_number_or(json_get(json, "epochs"), (double)NAN);
    entry->steps_per_epoch = json_number_or(json_get(json, "steps_per_epoch"), (double)NAN);
    t->train_loss = json_number_or(json_get(json, "train_loss"), (double)NAN);
    t->total_flos = json_number_or(json_get(json, "total_flos"), (double)NAN);
    t->best_step = json_int_or(json_get(json, "best_step"), 0);
    t->best_metric = json_number_or(json_get(json, "best_metric"), (double)NAN);
    t->best_loaded = json_bool_or(json_get(json, "best_loaded"), false);
    t->stopped_early = json_bool_or(json_get(json, "stopped_early"), false);
    return good;
}

static bool load_answers(EntryResult *entry, const Dataset *dataset, const Json *record, const char *path, Error *err) {
    SafeTensors file = {0};
    bool good = safetensors_open_left(&file, path, err);
    for (Split split = SPLIT_VALIDATION; good && split < SPLIT_COUNT; split++)
        good = take_predictions(entry, &file, dataset, split, err);
    if (good && has_training(entry)) good = take_training(entry, &file, json_get(record, "training"), err);
    safetensors_close(&file);
    return good;
}

/* *record: NULL when there is none, and when it is damaged. What the system says no to, and memory that is not there, is no damage: a finished entry must
 * not be trained again for it. */
static bool read_record(Json **record, const char *folder, bool *there, Error *err) {
    Path path;
    *record = NULL;
    if (!path_make(&path, err, "%s/entry.json", folder)) return false;
    *there = file_exists(path.text);
    return json_parse_left(record, path.text, err);
}

bool entry_record_key(Buffer *out, const char *folder, Error *err) {
    bool there = false;
    Json *record;
    if (!read_record(&record, folder, &there, err)) return false;
    buffer_text(out, json_string_or(json_get(record, "key"), ""));
    json_free(record);
    return buffer_ok(out, err);
}

bool entry_record_fits(const char *key, const char *folder) {
    bool there = false;
    Json *record;
    bool fits = read_record(&record, folder, &there, NULL) && strcmp(json_string_or(json_get(record, "key"), ""), key) == 0;
    json_free(record);
    return fits;
}

bool entry_record_load(EntryResult *entry, const Dataset *dataset, const char *key, const char *folder, bool *found,
                       Buffer *changed, Error *err) {
    Path answers;
    Error damage = {0};
    Json *record = NULL;
    bool there = false, good = true;
    *found = false;
    if (!path_make(&answers, err, "%s/answers.safetensors", folder) || !read_record(&record, folder, &there, err)) return false;
    const char *recorded = json_string_or(json_get(record, "key"), "");
    if (!there)
        return true;
    else if (!record)
        buffer_text(changed, "its record is damaged");
    else if (strcmp(recorded, key) != 0)
        entry_key_difference(changed, key, recorded);
    else if (!load_answers(entry, dataset, record, answers.text, &damage)) {
        buffer_text(changed, "its answers are damaged");
        for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) predictions_free(&entry->predictions[split]);
        finetune_result_free(&entry->training);
        good = damage.kind == ERROR_NONE || error_is_damage(&damage, err);
    } else {
        *found = true;
        costs_read_json(&entry->costs, json_get(record, "costs"));
        (void)snprintf(entry->how, sizeof entry->how, "%s", json_string_or(json_get(record, "how"), ""));
        (void)snprintf(entry->warning, sizeof entry->warning, "%s", json_string_or(json_get(record, "warning"), ""));
        entry->joins = json_bool_or(json_get(record, "joins"), false);
    }
    json_free(record);
    return good;
}
