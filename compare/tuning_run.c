/* Running the trials of --tune quick. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "compare/compare.h"
#include "compare/tuning.h"
#include "datasets/nested.h"

typedef struct Work {
    Tuning *tuning;
    const EntrySpec *specs;
    const CompareInput *input;
    const Observer *observer;
    Path file, folder; /* tune.json, and where fine-tunings leave what they go on from */
    int *order;        /* of the training rows, nested */
    RowList validation;
} Work;

static const EntrySpec *spec_of(const Work *work, const TuningTrial *trial) {
    const EntrySpec *spec = work->specs;
    while (strcmp(spec->name, trial->name) != 0) spec++; /* tuning_fits */
    return spec;
}

/* ---- rows ---- */

static bool take_rows(RowList *rows, const Work *work, int count, Error *err) {
    return nested_take(rows, work->order, work->input->dataset, SPLIT_TRAIN, count, err);
}

static int32_t *labels_of(const Work *work, const RowList *rows, Error *err) {
    int32_t *labels = mem_new((size_t)rows->count, sizeof *labels, err);
    for (int i = 0; labels && i < rows->count; i++) labels[i] = work->input->dataset->labels[rows->rows[i]];
    return labels;
}

static bool take_validation(Work *work, Error *err) {
    const Dataset *dataset = work->input->dataset;
    int *order = mem_new((size_t)dataset->splits[SPLIT_VALIDATION].count, sizeof *order, err);
    bool good = order && nested_order(order, dataset, SPLIT_VALIDATION, work->input->seed, err) &&
                nested_take(&work->validation, order, dataset, SPLIT_VALIDATION, work->tuning->validation_rows, err);
    mem_free(order);
    return good;
}

/* ---- linear models ---- */

/* A classifier with every C (one when only C 1 is asked) on the training view, judged on the validation view. */
static bool try_linear(TuningTrial *trial, const Work *work, const FeatureView *train, const RowList *train_rows,
                       const FeatureView *validation, bool search, Error *err) {
    ClassifierOptions options = spec_of(work, trial)->linear.classifier;
    const Tuning *tuning = work->tuning;
    int classes = work->input->dataset->classes;
    Classifier classifier = {0};
    Predictions answers = {0};
    Scores scores = {0};
    options.C = search ? 0 : 1;
    options.C_count = tuning->C_count;
    memcpy(options.C_choices, tuning->C, (size_t)tuning->C_count * sizeof *tuning->C);
    int32_t *labels = labels_of(work, train_rows, err), *truth = labels_of(work, &work->validation, err);
    bool good = labels && truth &&
                classifier_train(&classifier, train, labels, validation, truth, classes, &options, work->input->pool,
                                 work->observer, err) &&
                classifier_predict(&classifier, validation, truth, work->input->pool, &answers, err) &&
                scores_compute(&scores, &answers, work->input->pool, err);
    if (good) {
        trial->C = search ? classifier.search.best : 1;
        trial->C_tried = search;
        for (int i = 0; search && i < tuning->C_count; i++) /* the search has them in order */
            for (int s = 0; s < classifier.search.count; s++)
                if (classifier.search.C[s] == tuning->C[i]) trial->C_accuracy[i] = classifier.search.accuracy[s];
        trial->accuracy = scores.accuracy;
        trial->loss = scores.log_loss;
    }
    scores_free(&scores);
    predictions_free(&answers);
    classifier_free(&classifier);
    mem_free(labels);
    mem_free(truth);
    return good;
}

static bool try_words(TuningTrial *trial, const Work *work, Error *err) {
    const Dataset *dataset = work->input->dataset;
    TfidfOptions options = spec_of(work, trial)->linear.tfidf;
    options.max_n = trial->ngram_max;
    RowList rows = {0};
    SparseFeatures train = {0}, validation = {0};
    if (!take_rows(&rows, work, trial->rows, err)) return false;
    TextView texts = {.data = dataset->text, .starts = dataset->starts, .rows = rows.rows, .count = rows.count}, held_out = texts;
    held_out.rows = work->validation.rows;
    held_out.count = work->validation.count;
    Tfidf *tfidf = tfidf_fit(&texts, &options, work->input->pool, err);
    bool good = tfidf && tfidf_transform(tfidf, &texts, work->input->pool, &train, err) &&
                tfidf_transform(tfidf, &held_out, work->input->pool, &validation, err);
    if (good) {
        FeatureView train_view = sparse_features_view(&train), validation_view = sparse_features_view(&validation);
        good = try_linear(trial, work, &train_view, &rows, &validation_view, true, err);
    }
    tfidf_free(tfidf);
    sparse_features_free(&train);
    sparse_features_free(&validation);
    mem_free(rows.rows);
    return good;
}

/* ---- path A ---- */

/* Features of some training rows and of the validation rows behind them, for all trials of a round that have no result yet: one pass of the encoder. */
typedef struct RoundFeatures {
    ExtractOptions wanted[EXTRACT_MOST];
    Features features[EXTRACT_MOST];
    double seconds[EXTRACT_MOST];
    int count;
    RowList rows;
    int32_t *numbers, *places; /* (rows + validation) row numbers of the data; 0, 1, 2 … */
} RoundFeatures;

static void round_features_free(RoundFeatures *made) {
    for (int i = 0; i < made->count; i++) features_free(&made->features[i]);
    mem_free(made->rows.rows);
    mem_free(made->numbers);
    mem_free(made->places);
}

static bool round_features_make(RoundFeatures *made, const Work *work, const TuningTrial *first, int trials, Error *err) {
    const CompareInput *input = work->input;
    for (int i = 0; i < trials && made->count < EXTRACT_MOST; i++)
        if (!first[i].done) {
            made->wanted[made->count] = spec_of(work, first)->linear.extract;
            made->wanted[made->count].pooling = first[i].pooling;
            made->wanted[made->count++].layer = first[i].layer;
        }
    if (!take_rows(&made->rows, work, first->rows, err)) return false;
    int all = made->rows.count + work->validation.count;
    made->numbers = mem_new((size_t)all, sizeof *made->numbers, err);
    made->places = mem_new((size_t)all, sizeof *made->places, err);
    if (!made->numbers || !made->places) return false;
    for (int i = 0; i < all; i++) {
        made->places[i] = i;
        made->numbers[i] = i < made->rows.count ? made->rows.rows[i] : work->validation.rows[i - made->rows.count];
    }
    return features_extract_cached(made->features, made->seconds, made->wanted, made->count, &input->cache, &input->context.model,
                                   input->encoder->encoder, input->tokens, made->numbers, all, input->pool, work->observer, err);
}

static bool try_frozen(TuningTrial *trial, const Work *work, const RoundFeatures *made, Error *err) {
    int i = 0;
    while (made->wanted[i].pooling != trial->pooling || made->wanted[i].layer != trial->layer) i++;
    FeatureView train = features_view_rows(&made->features[i], made->places, made->rows.count);
    FeatureView validation = features_view_rows(&made->features[i], made->places + made->rows.count, work->validation.count);
    return try_linear(trial, work, &train, &made->rows, &validation, trial->round > 0, err);
}

/* ---- path B ---- */

static FinetuneRows finetune_rows(const CompareInput *input, const RowList *rows) {
    return (FinetuneRows){.tokens = input->tokens, .labels = input->dataset->labels, .rows = rows->rows, .count = rows->count};
}

/* One evaluation at the end of the steps, or one after each epoch; nothing is kept but on an interruption. */
static FinetuneOptions trial_options(const FinetuneOptions *base, const TuningTrial *trial) {
    FinetuneOptions options = *base;
    options.learning_rate = trial->learning_rate;
    options.max_steps = trial->steps ? trial->steps : -1;
    if (trial->epochs > 0) options.num_train_epochs = trial->epochs;
    options.eval_strategy = trial->steps ? INTERVAL_STEPS : INTERVAL_EPOCH;
    options.eval_steps = trial->steps ? (double)trial->steps : 0;
    options.save_strategy = INTERVAL_NO;
    options.load_best_model_at_end = false;
    options.early_stopping_patience = 0;
    options.metric_for_best_model = "accuracy";
    options.greater_is_better = DIRECTION_AUTO;
    options.resume_from_checkpoint = NULL;
    return options;
}

static bool load_weights(Weights *weights, const CompareInput *input, uint64_t seed, Error *err) {
    return weights_load(weights, input->encoder->folder.text, input->dataset->classes,
                        (const char *const *)input->dataset->class_names, seed, err);
}

static bool try_finetune(TuningTrial *trial, const Work *work, Error *err) {
    const CompareInput *input = work->input;
    FinetuneOptions options = trial_options(&spec_of(work, trial)->finetune, trial);
    Weights weights = {0};
    FinetuneResult result = {0};
    RowList rows = {0};
    Path folder;
    FinetuneInput finetune = {.weights = &weights,
                              .model_folder = input->encoder->folder.text,
                              .validation = finetune_rows(input, &work->validation),
                              .output_dir = folder.text,
                              .identity = work->tuning->key.text,
                              .pool = input->pool};
    bool good = path_make(&folder, err, "%s/%s-%d", work->folder.text, trial->name, (int)(trial - work->tuning->trials)) &&
                take_rows(&rows, work, trial->rows, err) && load_weights(&weights, input, options.seed, err);
    finetune.train = finetune_rows(input, &rows);
    good = good && finetune_run(&result, &finetune, &options, work->observer, err);
    if (good && !result.evaluation_count) good = FAIL(err, ERROR_FAILED, "a trial of %s was not evaluated", trial->name);
    for (int i = 0; good && i < result.evaluation_count; i++) {
        const FinetuneEvaluation *e = &result.evaluations[i];
        if (i && !(e->accuracy > trial->accuracy || (e->accuracy == trial->accuracy && e->loss < trial->loss))) continue;
        trial->accuracy = e->accuracy;
        trial->loss = e->loss;
    }
    finetune_result_free(&result);
    weights_free(&weights);
    mem_free(rows.rows);
    return good && folder_remove(folder.text, err);
}

/* One step of the default settings, and what scoring the validation rows takes. */
static bool take_times(TuningTimes *times, const Work *work, const EntrySpec *spec, Error *err) {
    const CompareInput *input = work->input;
    TuningTrial one = {.steps = 1, .learning_rate = spec->finetune.learning_rate};
    FinetuneOptions options = trial_options(&spec->finetune, &one);
    Weights weights = {0};
    FinetuneEstimate found = {0};
    FinetuneInput finetune = {.weights = &weights,
                              .model_folder = input->encoder->folder.text,
                              .train = finetune_rows(input, &input->dataset->splits[SPLIT_TRAIN]),
                              .validation = finetune_rows(input, &work->validation),
                              .output_dir = input->output_dir,
                              .pool = input->pool};
    bool good = load_weights(&weights, input, options.seed, err) && finetune_estimate(&found, &finetune, &options, err);
    int64_t batch = (int64_t)options.per_device_train_batch_size * options.gradient_accumulation_steps;
    *times = (TuningTimes){.step_s = found.step_s,
                           .evaluation_s = found.train_s - found.step_s,
                           .steps_of_epoch = (finetune.train.count + batch - 1) / batch};
    weights_free(&weights);
    return good;
}

/* ---- the plan ---- */

static Sha256Hex make_key(const EntrySpec *specs, const CompareInput *input) {
    Buffer keys = {0};
    for (int i = 0; i < input->entry_count; i++)
        if (specs[i].tuned) entry_key(&keys, &specs[i], &input->context);
    Sha256Hex key = sha256_bytes(keys.data ? keys.data : "", keys.size);
    buffer_free(&keys);
    return key;
}

static bool make_plan(Work *work, Error *err) {
    const CompareInput *input = work->input;
    const EntrySpec *tuned = NULL;
    TuningTimes times = {.step_s = (double)NAN};
    for (int i = 0; i < input->entry_count; i++)
        if (work->specs[i].tuned && work->specs[i].kind == ENTRY_FINETUNE) tuned = &work->specs[i];
    Tuning sizes; /* how many validation rows a plan takes */
    if (tuned) {
        TuningTimes any = {.step_s = 1, .steps_of_epoch = 1};
        if (!tuning_plan(&sizes, work->specs, input->entry_count, input->dataset, 1, 1e9, &any, err)) return false;
        work->tuning->validation_rows = sizes.validation_rows;
        if (!take_validation(work, err) || !take_times(&times, work, tuned, err)) return false;
        mem_free(work->validation.rows);
        work->validation = (RowList){0};
    }
    int layers = input->encoder ? encoder_config(input->encoder->encoder)->layers : 0;
    return tuning_plan(work->tuning, work->specs, input->entry_count, input->dataset, layers, input->tune_budget_s, &times, err);
}

/* The plan that is given, that of an earlier run of the same command, or a new one; and what results there are. */
static bool settle_plan(Work *work, Error *err) {
    const CompareInput *input = work->input;
    Tuning *tuning = work->tuning, *before = mem_new(1, sizeof *before, err);
    if (!before) return false;
    Sha256Hex key = make_key(work->specs, input);
    bool recorded = !input->overwrite && file_exists(work->file.text) && tuning_load(before, work->file.text, NULL) &&
                    strcmp(before->key.text, key.text) == 0 && tuning_fits(before, work->specs, input->entry_count);
    bool good = true;
    if (input->tune_plan) {
        good = tuning_load(tuning, input->tune_plan, err) &&
               (tuning_fits(tuning, work->specs, input->entry_count) ||
                FAIL(err, ERROR_USAGE, "--tune_plan %s: plans other entries than those to be tuned here", input->tune_plan));
        for (int i = 0; i < tuning->count; i++) {
            TuningTrial *trial = &tuning->trials[i];
            trial->done = trial->C_tried = false;
            trial->accuracy = trial->loss = trial->seconds = (double)NAN;
            if (trial->kind != ENTRY_FINETUNE) trial->C = 0;
            if (trial->kind == ENTRY_FINETUNE && trial->rank >= 0) trial->learning_rate = 0;
        }
    } else if (recorded && before->budget_s == input->tune_budget_s)
        *tuning = *before;
    else
        good = make_plan(work, err);
    tuning->key = key;
    if (good && recorded) tuning_take_results(tuning, before);
    mem_free(before);
    return good;
}

/* ---- the trials ---- */

static void resolve(TuningTrial *trial, const Tuning *tuning) {
    const TuningTrial *from = tuning_best(tuning, trial->entry, trial->round - 1, trial->rank);
    trial->ngram_max = from->ngram_max;
    trial->pooling = from->pooling;
    trial->layer = from->layer;
    trial->learning_rate = from->learning_rate;
}

static bool finish_trial(Work *work, TuningTrial *trial, double seconds, Error *err) {
    Buffer settings = {0};
    trial->done = true;
    trial->seconds = seconds;
    tuning_describe(&settings, trial);
    observer_note(work->observer, "tuning         %s, %s: validation accuracy %.4f", trial->name,
                  settings.data ? settings.data : "", trial->accuracy);
    buffer_free(&settings);
    return tuning_save(work->tuning, work->file.text, err) &&
           (!observer_stop(work->observer) || FAIL(err, ERROR_INTERRUPTED, "stopped while tuning"));
}

/* The trials first[0 … count) of one entry's round. */
static bool run_round(Work *work, TuningTrial *first, int count, Error *err) {
    RoundFeatures made = {.count = 0};
    int left = 0;
    bool good = true;
    for (int i = 0; i < count; i++) {
        if (first[i].done) continue;
        left++;
        if (first[i].rank >= 0) resolve(&first[i], work->tuning);
    }
    if (left && first->kind == ENTRY_FROZEN) good = round_features_make(&made, work, first, count, err);
    for (int i = 0; good && i < count; i++) {
        TuningTrial *trial = &first[i];
        if (trial->done) continue;
        double started_s = clock_wall_s(), features_s = 0;
        if (trial->kind == ENTRY_WORDS)
            good = try_words(trial, work, err);
        else if (trial->kind == ENTRY_FINETUNE)
            good = try_finetune(trial, work, err);
        else {
            for (int w = 0; w < made.count; w++)
                if (made.wanted[w].pooling == trial->pooling && made.wanted[w].layer == trial->layer)
                    features_s = made.seconds[w];
            good = try_frozen(trial, work, &made, err);
        }
        good = good && finish_trial(work, trial, features_s + clock_wall_s() - started_s, err);
    }
    round_features_free(&made);
    return good;
}

static bool run_trials(Work *work, Error *err) {
    Tuning *tuning = work->tuning;
    for (int i = 0; i < tuning->count;) {
        TuningTrial *first = &tuning->trials[i];
        int count = 1;
        while (i + count < tuning->count && first[count].entry == first->entry && first[count].round == first->round) count++;
        if (!run_round(work, first, count, err)) return false;
        i += count;
    }
    return true;
}

static void apply_choices(const Tuning *tuning, EntrySpec *specs, int count) {
    for (int i = 0; i < count; i++)
        for (int entry = 0; specs[i].tuned && entry < tuning->count; entry++) {
            const TuningTrial *chosen = tuning_chosen(tuning, entry);
            if (chosen && strcmp(chosen->name, specs[i].name) == 0) tuning_apply(&specs[i], chosen);
        }
}

bool tuning_recall(Tuning *tuning, EntrySpec *specs, const CompareInput *input) {
    Path file;
    if (input->overwrite || !path_make(&file, NULL, "%s/tune.json", input->output_dir) || !file_exists(file.text) ||
        !tuning_load(tuning, file.text, NULL))
        return false;
    Sha256Hex key = make_key(specs, input);
    bool same = strcmp(tuning->key.text, key.text) == 0 && tuning_fits(tuning, specs, input->entry_count) &&
                (input->tune_plan || tuning->budget_s == input->tune_budget_s);
    for (int i = 0; same && i < tuning->count; i++) same = tuning->trials[i].done;
    if (same) apply_choices(tuning, specs, input->entry_count);
    return same;
}

bool tuning_run(Tuning *tuning, EntrySpec *specs, const CompareInput *input, const Observer *observer, Error *err) {
    Work work = {.tuning = tuning, .specs = specs, .input = input, .observer = observer};
    const RowList *train = &input->dataset->splits[SPLIT_TRAIN];
    work.order = mem_new((size_t)train->count, sizeof *work.order, err);
    bool good = work.order && nested_order(work.order, input->dataset, SPLIT_TRAIN, input->seed, err) &&
                path_make(&work.file, err, "%s/tune.json", input->output_dir) &&
                path_make(&work.folder, err, "%s/tune", input->output_dir) && settle_plan(&work, err) &&
                take_validation(&work, err) && tuning_save(tuning, work.file.text, err) && run_trials(&work, err) &&
                folder_remove(work.folder.text, err);
    if (good) apply_choices(tuning, specs, input->entry_count);
    mem_free(work.order);
    mem_free(work.validation.rows);
    return good;
}
