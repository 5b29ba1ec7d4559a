/* How long it will take, before it begins: each entry's own work on a small part of the rows, timed and multiplied. */
#include <math.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "compare/compare.h"
#include "compare/curve.h"
#include "compare/linear_needs.h"
#include "compare/tuning.h"

enum { SAMPLE_ROWS = 1000, SAMPLE_TOKENS = 8192 };

static bool is_recorded(const CompareInput *input, const EntrySpec *spec) {
    Path folder;
    Buffer key = {0};
    entry_key(&key, spec, &input->context);
    bool recorded = !input->overwrite && key.data && path_make(&folder, NULL, "%s/%s", input->output_dir, spec->name) &&
                    entry_record_fits(key.data, folder.text);
    for (int run = 1; recorded && spec->kind == ENTRY_FINETUNE && run < spec->seeds; run++) {
        EntrySpec own = *spec;
        Path seed_folder;
        own.finetune.seed += (uint64_t)run;
        key.size = 0;
        entry_key(&key, &own, &input->context);
        recorded = path_make(&seed_folder, NULL, "%s/seeds/%llu", folder.text, (unsigned long long)own.finetune.seed) &&
                   key.data && entry_record_fits(key.data, seed_folder.text);
    }
    buffer_free(&key);
    return recorded;
}

/* Vocabulary, values and one classifier on the first rows, times the choices of C. */
static bool time_words(EntryEstimate *estimate, const CompareInput *input, const EntrySpec *spec, Error *err) {
    const Dataset *dataset = input->dataset;
    const RowList *train = &dataset->splits[SPLIT_TRAIN];
    int count = train->count < SAMPLE_ROWS ? train->count : SAMPLE_ROWS, total = 0;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) total += dataset->splits[split].count;
    TextView texts = {.data = dataset->text, .starts = dataset->starts, .rows = train->rows, .count = count};
    SparseFeatures values = {0};
    double started_s = clock_wall_s();
    Tfidf *tfidf = tfidf_fit(&texts, &spec->linear.tfidf, input->pool, err);
    bool good = tfidf && tfidf_transform(tfidf, &texts, input->pool, &values, err);
    int trainings = spec->linear.classifier.C > 0 ? 1 : spec->linear.classifier.C_count;
    /* A pass of the solver reads every value about as often as making it did, some dozens of times. */
    estimate->seconds = (clock_wall_s() - started_s) * (1 + 4 * trainings) * total / count;
    if (good) estimate->memory_mb = linear_words_needs_mb(dataset, &spec->linear, input->pool);
    sparse_features_free(&values);
    tfidf_free(tfidf);
    return good;
}

/* Features of training rows that hold some thousands of tokens, times the tokens of all rows that are used. */
static bool time_features(double *seconds, const CompareInput *input, const ExtractOptions *extract, Error *err) {
    const Tokens *tokens = input->tokens;
    const RowList *train = &input->dataset->splits[SPLIT_TRAIN];
    int64_t all = 0, sample = 0;
    int count = 0;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        const RowList *list = &input->dataset->splits[split];
        for (int i = 0; i < list->count; i++) all += tokens_length(tokens, list->rows[i]);
    }
    while (count < train->count && sample < SAMPLE_TOKENS) sample += tokens_length(tokens, train->rows[count++]);
    Features features = {0};
    double started_s = clock_wall_s();
    bool good =
        features_extract(&features, extract, 1, input->encoder->encoder, tokens, train->rows, count, input->pool, NULL, err);
    *seconds = (clock_wall_s() - started_s) * (double)all / (double)sample;
    features_free(&features);
    return good;
}

static bool time_finetune(EntryEstimate *estimate, const CompareInput *input, const EntrySpec *spec, Error *err) {
    const Dataset *dataset = input->dataset;
    Weights weights = {0};
    FinetuneEstimate found = {0};
    FinetuneInput finetune = {
        .weights = &weights, .model_folder = input->encoder->folder.text, .output_dir = input->output_dir, .pool = input->pool};
    const Split splits[] = {SPLIT_TRAIN, SPLIT_VALIDATION};
    FinetuneRows *rows[] = {&finetune.train, &finetune.validation};
    for (int i = 0; i < 2; i++)
        *rows[i] = (FinetuneRows){.tokens = input->tokens,
                                  .labels = dataset->labels,
                                  .rows = dataset->splits[splits[i]].rows,
                                  .count = dataset->splits[splits[i]].count};
    bool loaded = weights_load(&weights, input->encoder->folder.text, dataset->classes,
                               (const char *const *)dataset->class_names, spec->finetune.seed, err);
    int runs = spec->seeds > 1 ? spec->seeds : 1;
    if (loaded && finetune_estimate(&found, &finetune, &spec->finetune, err)) {
        *estimate = (EntryEstimate){
            .seconds = found.train_s * runs, .memory_mb = found.memory_mb, .disk_mb = found.disk_mb * runs};
    } else if (loaded) { /* too large, perhaps: then it is this number that says so */
        estimate->seconds = (double)NAN;
        estimate->memory_mb = finetune_memory_mb(&finetune, &spec->finetune);
    }
    weights_free(&weights);
    return loaded;
}

/* Features and classifiers of path A beside fine-tuning, whose budget is given. */
static double tuning_seconds(const CompareInput *input, const EntrySpec *specs, double features_s) {
    double seconds = 0;
    for (int i = 0; i < input->entry_count; i++) {
        if (!specs[i].tuned) continue;
        if (specs[i].kind == ENTRY_FINETUNE) seconds += input->tune_budget_s;
        if (specs[i].kind == ENTRY_FROZEN) seconds += 2 * features_s; /* two rounds, the second of nearly all rows at the most */
    }
    return seconds;
}

/* Each entry with one seed on every share below 1; features are taken once, with the entries. */
static double curve_seconds(const EntryEstimate *estimates, const CompareInput *input, const EntrySpec *specs) {
    LearningCurve curve;
    Path file;
    double shares = 0, seconds = 0;
    bool recorded = path_make(&file, NULL, "%s/learning_curve.json", input->output_dir) && file_exists(file.text);
    for (int i = 0; i < input->entry_count; i++) recorded = recorded && estimates[i].recorded;
    if (recorded || !curve_shares(&curve, input->learning_curve, NULL)) return 0;
    for (int i = 0; i + 1 < curve.share_count; i++) shares += curve.shares[i];
    for (int i = 0; i < input->entry_count; i++) {
        int seeds = specs[i].seeds > 1 ? specs[i].seeds : 1;
        bool again = specs[i].source == ENTRY_TRAINED && (specs[i].kind == ENTRY_WORDS || specs[i].kind == ENTRY_FINETUNE);
        if (again && !isnan(estimates[i].seconds)) seconds += shares * estimates[i].seconds / seeds;
    }
    return seconds;
}

static void estimate_entries(EntryEstimate *estimates, const CompareInput *input, const EntrySpec *specs, double *features_s) {
    bool features_counted = false;
    for (int i = 0; i < input->entry_count; i++) {
        const EntrySpec *spec = &specs[i];
        EntryEstimate *estimate = &estimates[i];
        *estimate = (EntryEstimate){.recorded = is_recorded(input, spec), .memory_mb = (double)NAN};
        bool known = true;
        if (estimate->recorded || spec->kind == ENTRY_DUMMY || spec->source == ENTRY_ANSWERS) continue;
        if (spec->source == ENTRY_SAVED) {
            estimate->seconds = (double)NAN;
            continue;
        }
        if (spec->kind == ENTRY_WORDS)
            known = time_words(estimate, input, spec, NULL);
        else if (spec->kind == ENTRY_FINETUNE)
            known = time_finetune(estimate, input, spec, NULL);
        else if (features_counted)
            estimate->memory_mb = linear_dense_needs_mb(input->dataset, &spec->linear, input->encoder, pool_threads(input->pool));
        else { /* one pass serves all of path A */
            known = input->encoder && time_features(&estimate->seconds, input, &spec->linear.extract, NULL);
            features_counted = known;
            if (known) *features_s = estimate->seconds;
            if (known) estimate->memory_mb = linear_dense_needs_mb(input->dataset, &spec->linear, input->encoder, pool_threads(input->pool));
        }
        if (!known) *estimate = (EntryEstimate){.seconds = (double)NAN, .memory_mb = (double)NAN};
    }
}

bool compare_estimate(EntryEstimate *estimates, StepsEstimate *steps, const CompareInput *input, Error *err) {
    EntrySpec *specs = mem_new((size_t)input->entry_count, sizeof *specs, err);
    Tuning *tuning = specs && input->tune ? mem_new(1, sizeof *tuning, err) : NULL;
    bool good = specs && (tuning || !input->tune);
    *steps = (StepsEstimate){0};
    if (good) {
        double features_s = 0;
        memcpy(specs, input->entries, (size_t)input->entry_count * sizeof *specs);
        bool tuned = input->tune && tuning_recall(tuning, specs, input);
        estimate_entries(estimates, input, specs, &features_s);
        if (input->tune && !tuned) steps->tuning_s = tuning_seconds(input, specs, features_s);
        if (input->learning_curve) steps->curve_s = curve_seconds(estimates, input, specs);
    }
    mem_free(tuning);
    mem_free(specs);
    return good;
}
