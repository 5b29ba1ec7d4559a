/* Training every entry on parts of the rows. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "compare/compare.h"
#include "compare/curve.h"
#include "datasets/nested.h"

typedef struct Work {
    LearningCurve *curve;
    const Comparison *comparison;
    const EntrySpec *specs;
    const CompareInput *input;
    const Observer *observer;
    LinearInputs linear;
    LinearFeatures made[EXTRACT_MOST];
    int made_count;
    int *order;
    Path file, folder, keys; /* learning_curve.json; what a fine-tuning goes on from; which results belong to which settings */
} Work;

/* All features that pending points of path A need, once for all parts. */
static bool make_features(Work *work, Error *err) {
    for (int i = 0; i < work->curve->count && work->made_count < EXTRACT_MOST; i++) {
        const EntrySpec *spec = &work->specs[work->curve->entries[i].entry];
        bool known = spec->kind != ENTRY_FROZEN, pending = false;
        for (int s = 0; s < work->curve->share_count; s++) pending |= !work->curve->entries[i].points[s].done;
        for (int m = 0; m < work->made_count && !known; m++) {
            const ExtractOptions *a = &work->made[m].extract, *b = &spec->linear.extract;
            known = a->pooling == b->pooling && a->layer == b->layer && a->normalize == b->normalize;
        }
        if (!known && pending) work->made[work->made_count++].extract = spec->linear.extract;
    }
    work->linear.made = work->made;
    work->linear.made_count = work->made_count;
    return !work->made_count || linear_features_make(work->made, work->made_count, &work->linear, work->observer, err);
}

static void take_answers(CurvePoint *point, const Predictions *validation, const Predictions *test) {
    int right = 0;
    for (int i = 0; i < validation->rows; i++) right += validation->predicted[i] == validation->truth[i];
    point->validation_accuracy = validation->rows ? (double)right / validation->rows : (double)NAN;
    point->right = 0;
    for (int i = 0; i < test->rows; i++) point->right += test->predicted[i] == test->truth[i];
    point->asked = test->rows;
}

static bool run_linear(CurvePoint *point, Work *work, const EntrySpec *spec, const RowList *part, Error *err) {
    LinearEntry entry = {0};
    work->linear.part = part;
    bool good = linear_entry_run(&entry, &work->linear, &spec->linear, work->observer, err);
    if (good) take_answers(point, &entry.predictions[SPLIT_VALIDATION], &entry.predictions[SPLIT_TEST]);
    linear_entry_free(&entry);
    return good;
}

static FinetuneRows rows_of(const CompareInput *input, const RowList *list) {
    return (FinetuneRows){.tokens = input->tokens, .labels = input->dataset->labels, .rows = list->rows, .count = list->count};
}

static bool answer(Predictions out[SPLIT_COUNT], const Work *work, const Weights *weights, Error *err) {
    const CompareInput *input = work->input;
    Encoder *encoder = encoder_new(weights, &(EncoderOptions){.dtype = encoder_dtype(input->encoder->encoder)}, input->pool, err);
    bool good = encoder != NULL;
    for (Split split = SPLIT_VALIDATION; good && split < SPLIT_COUNT; split++) {
        FinetuneRows rows = rows_of(input, &input->dataset->splits[split]);
        good = finetune_predict(&out[split], encoder, &rows, split_name(split), input->pool, work->observer, err);
    }
    encoder_free(encoder);
    return good;
}

static bool run_finetune(CurvePoint *point, const Work *work, const EntrySpec *spec, const RowList *part, const char *key,
                         Error *err) {
    const CompareInput *input = work->input;
    Weights weights = {0};
    FinetuneResult result = {0};
    Predictions answers[SPLIT_COUNT] = {{0}};
    Path folder;
    FinetuneInput finetune = {.weights = &weights,
                              .model_folder = input->encoder->folder.text,
                              .train = rows_of(input, part),
                              .validation = rows_of(input, &input->dataset->splits[SPLIT_VALIDATION]),
                              .output_dir = folder.text,
                              .identity = key,
                              .pool = input->pool};
    bool good = path_make(&folder, err, "%s/%s-%d", work->folder.text, spec->name, part->count) &&
                weights_load(&weights, input->encoder->folder.text, input->dataset->classes,
                             (const char *const *)input->dataset->class_names, spec->finetune.seed, err) &&
                finetune_run(&result, &finetune, &spec->finetune, work->observer, err) && answer(answers, work, &weights, err);
    if (good) take_answers(point, &answers[SPLIT_VALIDATION], &answers[SPLIT_TEST]);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) predictions_free(&answers[split]);
    finetune_result_free(&result);
    weights_free(&weights);
    return good && folder_remove(folder.text, err);
}

static bool run_point(Work *work, CurveEntry *entry, int share, Error *err) {
    const EntrySpec *spec = &work->specs[entry->entry];
    CurvePoint *point = &entry->points[share];
    const Dataset *dataset = work->input->dataset;
    int all = dataset->splits[SPLIT_TRAIN].count;
    RowList part = {0};
    Buffer key = {0};
    double started_s = clock_wall_s();
    entry_key(&key, spec, &work->input->context);
    bool good = buffer_ok(&key, err) &&
                nested_take(&part, work->order, dataset, SPLIT_TRAIN, llround(work->curve->shares[share] * all), err) &&
                (spec->kind == ENTRY_FINETUNE ? run_finetune(point, work, spec, &part, key.data, err)
                                              : run_linear(point, work, spec, &part, err));
    if (good) {
        point->rows = part.count;
        point->seconds = clock_wall_s() - started_s;
        point->done = true;
        observer_note(work->observer, "learning curve %s, %d texts: test accuracy %.4f", spec->name, point->rows,
                      (double)point->right / point->asked);
    }
    mem_free(part.rows);
    buffer_free(&key);
    return good && curve_save(work->curve, work->comparison, work->file.text, err) &&
           (!observer_stop(work->observer) || FAIL(err, ERROR_INTERRUPTED, "stopped while measuring the learning curve"));
}

/* The entry itself is the point of all rows. */
static void take_whole(CurveEntry *entry, const Comparison *comparison, int share) {
    const EntryResult *result = &comparison->entries[entry->entry];
    CurvePoint *point = &entry->points[share];
    *point = (CurvePoint){.done = true, .rows = comparison->dataset->splits[SPLIT_TRAIN].count, .seconds = (double)NAN};
    take_answers(point, &result->predictions[SPLIT_VALIDATION], &result->predictions[SPLIT_TEST]);
}

/* What results depend on: the entries' keys, one a line. */
static void make_keys(Buffer *out, const Work *work) {
    for (int i = 0; i < work->curve->count; i++) {
        entry_key(out, &work->specs[work->curve->entries[i].entry], &work->input->context);
        buffer_text(out, "\n");
    }
}

/* Points of an earlier run with the same settings. */
static void take_recorded(Work *work, const Buffer *keys) {
    FileMap map = {0};
    LearningCurve *before = mem_new(1, sizeof *before, NULL), *curve = work->curve;
    bool same = before && !work->input->overwrite && file_exists(work->keys.text) &&
                file_map(&map, work->keys.text, ERROR_PATH, NULL) && keys->size > 0 && map.size == keys->size &&
                memcmp(map.data, keys->data, keys->size) == 0 && file_exists(work->file.text) &&
                curve_load(before, work->comparison, NULL, work->file.text, NULL);
    for (int i = 0; same && i < before->count; i++)
        for (int k = 0; k < curve->count; k++)
            for (int s = 0; curve->entries[k].entry == before->entries[i].entry && s < curve->share_count; s++)
                for (int t = 0; t < before->share_count; t++)
                    if (before->shares[t] == curve->shares[s]) curve->entries[k].points[s] = before->entries[i].points[t];
    file_unmap(&map);
    mem_free(before);
}

bool curve_run(LearningCurve *curve, const Comparison *comparison, const EntrySpec *specs, const CompareInput *input,
               const Observer *observer, Error *err) {
    Work work = {.curve = curve, .comparison = comparison, .specs = specs, .input = input, .observer = observer};
    Buffer keys = {0};
    work.linear = (LinearInputs){.dataset = input->dataset,
                                 .encoder = input->encoder,
                                 .tokens = input->tokens,
                                 .tokens_s = input->tokens_s,
                                 .model = input->context.model,
                                 .cache = input->cache,
                                 .pool = input->pool};
    for (int i = 0; i < comparison->entry_count && curve->count < CURVE_ENTRIES_MOST; i++)
        if (comparison->entries[i].status == ENTRY_DONE && specs[i].source == ENTRY_TRAINED)
            curve->entries[curve->count++] = (CurveEntry){.entry = i};
    for (int i = 0; i < curve->count; i++)
        for (int s = 0; s < curve->share_count; s++) curve->entries[i].points[s].seconds = (double)NAN;
    work.order = mem_new((size_t)input->dataset->splits[SPLIT_TRAIN].count, sizeof *work.order, err);
    make_keys(&keys, &work);
    bool good = work.order && nested_order(work.order, input->dataset, SPLIT_TRAIN, input->seed, err) && buffer_ok(&keys, err) &&
                path_make(&work.file, err, "%s/learning_curve.json", input->output_dir) &&
                path_make(&work.keys, err, "%s/learning_curve.keys", input->output_dir) &&
                path_make(&work.folder, err, "%s/curve", input->output_dir);
    if (good) take_recorded(&work, &keys);
    for (int i = 0; i < curve->count; i++) take_whole(&curve->entries[i], comparison, curve->share_count - 1);
    good = good && curve_save(curve, comparison, work.file.text, err) && file_write_buffer(work.keys.text, &keys, err) &&
           make_features(&work, err);
    for (int i = 0; good && i < curve->count; i++)
        for (int s = 0; good && s < curve->share_count; s++)
            if (!curve->entries[i].points[s].done) good = run_point(&work, &curve->entries[i], s, err);
    good = good && curve_judge(curve, comparison, err) && curve_save(curve, comparison, work.file.text, err) &&
           folder_remove(work.folder.text, err);
    for (int i = 0; i < work.made_count; i++) features_free(&work.made[i].features);
    mem_free(work.order);
    buffer_free(&keys);
    return good;
}
