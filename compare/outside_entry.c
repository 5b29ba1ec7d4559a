#include "compare/outside_entry.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "compare/answers_file.h"
#include "compare/costs.h"
#include "compare/text_model.h"
#include "compare/text_model_inside.h"
#include "encoder/quantize_folder.h"

bool outside_entry_answers(EntrySpec *spec, const char *name, const char *path, Error *err) {
    *spec = (EntrySpec){.name = name, .kind = ENTRY_OTHER, .source = ENTRY_ANSWERS, .path = path};
    return sha256_file(&spec->sha256, path, err);
}

bool outside_entry_model(EntrySpec *spec, const char *name, const char *folder, Error *err) {
    static const EntryKind KINDS[TEXT_MODEL_KINDS] = {ENTRY_DUMMY, ENTRY_WORDS, ENTRY_FROZEN, ENTRY_FINETUNE}; /* a cascade is as dear as its second */
    Path described, config;
    *spec = (EntrySpec){.name = name, .kind = ENTRY_FINETUNE, .source = ENTRY_SAVED, .path = folder};
    if (!path_make(&described, err, "%s/" TEXT_MODEL_FILE, folder) || !path_make(&config, err, "%s/config.json", folder))
        return false;
    if (!folder_exists(folder)) return FAIL(err, ERROR_MODEL, "%s: no folder of a saved model", folder);
    if (file_exists(described.text)) {
        ModelKind kind;
        if (!text_model_kind_load(&kind, described.text, err)) return false;
        spec->kind = KINDS[kind];
    } else if (!file_exists(config.text))
        return FAIL(err, ERROR_MODEL,
                    "%s: holds no model: neither " TEXT_MODEL_FILE " (of train and compare) nor config.json (of finetune)",
                    folder);
    return text_model_sha256(&spec->sha256, folder, err);
}

/* ---- a saved model ---- */

/* class_of[k]: the data's class that the model's class k is. */
static bool match_labels(int *class_of, const TextModel *model, const char *folder, const Dataset *dataset, Error *err) {
    char *const *labels = text_model_labels(model);
    int classes = text_model_classes(model);
    if (classes != dataset->classes)
        return FAIL(err, ERROR_MODEL, "%s: answers with %d labels, the data has %d", folder, classes, dataset->classes);
    for (int k = 0; k < classes; k++) {
        int c = 0;
        while (c < classes && strcmp(labels[k], dataset->class_names[c]) != 0) c++;
        if (c == classes)
            return FAIL(err, ERROR_MODEL, "%s: answers with label '%s', which the data has not; its first is '%s'", folder,
                        labels[k], dataset->class_names[0]);
        class_of[k] = c;
    }
    return true;
}

/* From the model's order of classes to the data's. */
static bool renumber(Predictions *p, const int *class_of, Error *err) {
    size_t K = (size_t)p->classes;
    double *row = mem_new(K, sizeof *row, err);
    if (!row) return false;
    for (size_t i = 0; i < (size_t)p->rows; i++) {
        p->predicted[i] = class_of[p->predicted[i]];
        if (!p->probabilities) continue;
        double *to = p->probabilities + i * K;
        memcpy(row, to, K * sizeof *row);
        for (size_t k = 0; k < K; k++) to[class_of[k]] = row[k];
    }
    mem_free(row);
    return true;
}

static bool answer_split(Predictions *out, TextModel *model, const int *class_of, const Dataset *dataset, Split split,
                         const Observer *observer, Error *err) {
    const RowList *list = &dataset->splits[split];
    TextView texts = {.data = dataset->text, .starts = dataset->starts, .rows = list->rows, .count = list->count};
    int32_t *truth = mem_new((size_t)list->count, sizeof *truth, err);
    if (!truth) return false;
    for (int i = 0; i < list->count; i++) truth[i] = dataset->labels[list->rows[i]];
    bool good = text_model_predict(model, &texts, truth, out, NULL, observer, err) && renumber(out, class_of, err);
    mem_free(truth);
    return good;
}

Dtype outside_entry_dtype(const EntrySpec *spec, Dtype dtype) {
    Dtype quantised = DTYPE_INT8;
    return quantize_folder_is(spec->path) && dtype_resolve(&quantised, NULL) ? quantised : dtype;
}

/* Operations a test text takes, over those that are answered at once. */
static bool count_flops(EntryCosts *costs, const TextModel *model, const Dataset *dataset, Error *err) {
    const RowList *test = &dataset->splits[SPLIT_TEST];
    TextView texts = {
        .data = dataset->text, .starts = dataset->starts, .rows = test->rows, .count = costs_texts_at_once(test->count)};
    double flops;
    if (!text_model_flops(&flops, model, &texts, err)) return false;
    costs->predict_mflop = flops / texts.count / 1e6;
    return true;
}

/* A cascade is put together from folders that answer alike: labels in the data's order, products of the run's type, no cascade itself. */
static bool may_join(const TextModel *model, const int *class_of, Dtype own, Dtype dtype) {
    bool in_order = true;
    for (int k = 0; k < text_model_classes(model); k++) in_order &= class_of[k] == k;
    return in_order && own == dtype && !text_model_is_cascade(model);
}

static bool run_model(EntryResult *result, const EntrySpec *spec, const Dataset *dataset, Dtype dtype, Pool *pool,
                      const Observer *observer, Error *err) {
    char what[512];
    Dtype own = outside_entry_dtype(spec, dtype);
    int *class_of = mem_new((size_t)dataset->classes, sizeof *class_of, err);
    TextModel *model = class_of ? text_model_load_as(spec->path, 0, own, pool, err) : NULL;
    bool good = model && match_labels(class_of, model, spec->path, dataset, err);
    for (Split split = SPLIT_VALIDATION; good && split < SPLIT_COUNT; split++)
        good = answer_split(&result->predictions[split], model, class_of, dataset, split, observer, err);
    good = good && count_flops(&result->costs, model, dataset, err);
    if (good) {
        text_model_describe(model, what);
        result->joins = may_join(model, class_of, own, dtype);
        (void)snprintf(result->how, sizeof result->how, "saved model %.160s: %.300s%s%s", spec->path, what,
                       own == DTYPE_FLOAT32 || isnan(result->costs.predict_mflop) ? "" : ", ",
                       own == DTYPE_FLOAT32 || isnan(result->costs.predict_mflop) ? "" : dtype_name(own));
        (void)snprintf(result->warning, sizeof result->warning,
                       "%.60s was trained elsewhere: whether it has seen these test texts is not known here", spec->name);
    }
    text_model_free(model);
    mem_free(class_of);
    return good;
}

bool outside_entry_run(EntryResult *result, const EntrySpec *spec, const Dataset *dataset, uint64_t seed, Dtype dtype, Pool *pool,
                       const Observer *observer, Error *err) {
    if (spec->source == ENTRY_ANSWERS) return answers_file_read(result->predictions, result->how, spec->path, dataset, err);
    return run_model(result, spec, dataset, dtype, pool, observer, err) &&
           costs_measure(&result->costs, spec->path, dataset, seed, outside_entry_dtype(spec, dtype), 0, pool, observer, err);
}

bool outside_entry_check(const EntrySpec *spec, const Dataset *dataset, Pool *pool, Error *err) {
    bool good;
    if (spec->source == ENTRY_ANSWERS) {
        Predictions predictions[SPLIT_COUNT] = {{0}};
        char how[512];
        good = answers_file_read(predictions, how, spec->path, dataset, err);
        for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) predictions_free(&predictions[split]);
    } else {
        int *class_of = mem_new((size_t)dataset->classes, sizeof *class_of, err);
        TextModel *model = class_of ? text_model_load(spec->path, 0, pool, err) : NULL;
        good = model && match_labels(class_of, model, spec->path, dataset, err);
        text_model_free(model);
        mem_free(class_of);
    }
    return good;
}
