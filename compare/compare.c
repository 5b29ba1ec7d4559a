#include "compare/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/profile.h"
#include "common/random.h"
#include "compare/cascades.h"
#include "compare/costs.h"
#include "compare/entry_flops.h"
#include "compare/environment.h"
#include "compare/error_facts.h"
#include "compare/label_step.h"
#include "compare/maps_run.h"
#include "compare/model_card.h"
#include "compare/outside_entry.h"
#include "compare/recall.h"
#include "compare/recommend.h"
#include "compare/report.h"
#include "compare/results.h"
#include "compare/seeds.h"
#include "compare/statistics.h"
#include "encoder/self_test.h"
#include "compare/curve.h"
#include "compare/tuning.h"
#include "features/npy.h"
#include "metrics/bootstrap.h"

/* A run, as its steps see it. */
typedef struct Work {
    const CompareInput *input;
    EntrySpec *entries; /* (entry_count): the input's, with what tuning chose */
    Comparison *out;
    const Observer *observer;
    LinearInputs linear;
    LinearFeatures made[EXTRACT_MOST]; /* in one pass, when the first entry that needs them comes */
    int made_count;
    bool has_made;
    double matrix_rates[DTYPES]; /* FLOP a second; 0: not measured yet */
} Work;

/* ---- what is known before training ---- */

/* Of the files that say how texts are cut into tokens. */
static bool tokenizer_sha256(Sha256Hex *digest, const char *folder, Error *err) {
    static const char *const FILES[] = {"vocab.txt", "tokenizer.json", "tokenizer_config.json"};
    Sha256 all;
    sha256_init(&all);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        Path path;
        Sha256Hex one = {""};
        if (!path_make(&path, err, "%s/%s", folder, FILES[i]) || (file_exists(path.text) && !sha256_file(&one, path.text, err)))
            return false;
        sha256_add(&all, one.text, strlen(one.text) + 1);
    }
    *digest = sha256_finish(&all);
    return true;
}

bool compare_identify(CompareInput *input, Error *err) {
    input->context = (EntryContext){.data = dataset_sha256(input->dataset), .dtype = input->dtype};
    if (!input->encoder) return true;
    input->context.model = weights_sha256(&input->encoder->weights);
    input->context.max_length = input->encoder->max_length;
    input->context.dtype = encoder_dtype(input->encoder->encoder);
    return tokenizer_sha256(&input->context.tokenizer, input->encoder->folder.text, err);
}

/* Lengths in tokens of the rows in a split, and how many were cut. */
static bool describe_tokens(ComparisonModel *model, const CompareInput *input, Error *err) {
    model->lengths = mem_new((size_t)input->dataset->rows, sizeof *model->lengths, err);
    if (!model->lengths) return false;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        const RowList *list = &input->dataset->splits[split];
        for (int i = 0; i < list->count; i++) {
            int row = list->rows[i], length = tokens_length(input->tokens, row);
            model->lengths[model->lengths_count++] = length;
            model->truncated[split] += input->tokens->full[row] > length;
        }
    }
    return summary_make(&model->tokens, model->lengths, model->lengths_count, err);
}

static bool describe_model(Comparison *out, const CompareInput *input, Error *err) {
    const TextEncoder *encoder = input->encoder;
    const EncoderConfig *config = encoder_config(encoder->encoder);
    ComparisonModel *model = &out->model;
    size_t parameters = 0;
    for (int i = 0; i < encoder->weights.table.count; i++) parameters += encoder->weights.table.tensors[i].count;
    model->folder = input->model;
    model->sha256 = input->context.model;
    model->max_length = encoder->max_length;
    (void)snprintf(model->what, sizeof model->what, "%s, %d layers × %d, %.1f M parameters",
                   config->family == FAMILY_BERT ? "BERT" : "DistilBERT", config->layers, config->channels,
                   (double)parameters / 1e6);
    return describe_tokens(model, input, err);
}

/* The lengths of all rows in a split, kept so that a later report need not cut the texts again. */
static bool write_lengths(const ComparisonModel *model, const char *folder, Error *err) {
    Path path;
    return !model->lengths_count || (path_make(&path, err, "%s/token_lengths.npy", folder) &&
                                     npy_write_labels(path.text, model->lengths, model->lengths_count, err));
}

static bool describe(Work *work, Error *err) {
    Comparison *out = work->out;
    const CompareInput *input = work->input;
    const Dataset *dataset = input->dataset;
    *out = (Comparison){.dataset = dataset,
                        .data = input->data,
                        .data_sha256 = input->context.data,
                        .dtype = dtype_name(input->context.dtype),
                        .seed = input->seed,
                        .limits = input->limits,
                        .prices = input->prices,
                        .runs = input->runs,
                        .run_count = input->run_count,
                        .command = input->command,
                        .output_dir = input->output_dir};
    RowList all = {.rows = mem_new((size_t)dataset->rows, sizeof(int), err)};
    if (!all.rows) return false;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        for (int i = 0; i < dataset->splits[split].count; i++) all.rows[all.count++] = dataset->splits[split].rows[i];
    bool good = text_summaries_make(&out->texts, dataset, &all, err) && audit_run(&out->audit, dataset, err) &&
                audit_compare(&out->audit, dataset, input->pool, err);
    mem_free(all.rows);
    good = good && (!input->encoder || describe_model(out, input, err)) &&
           (!input->recorded || recall_model(out, input, err));
    out->entries = good ? mem_new((size_t)input->entry_count, sizeof *out->entries, err) : NULL;
    if (!out->entries) return false;
    work->linear = (LinearInputs){.dataset = dataset,
                                  .encoder = input->encoder,
                                  .tokens = input->tokens,
                                  .tokens_s = input->tokens_s,
                                  .tokens_cpu_s = input->tokens_cpu_s,
                                  .model = out->model.sha256,
                                  .cache = input->cache,
                                  .pool = input->pool};
    return true;
}

/* ---- one entry ---- */

/* The features that all entries of path A need, in one pass. */
static bool make_features(Work *work, Error *err) {
    if (work->has_made) return true;
    work->has_made = true;
    for (int i = 0; i < work->input->entry_count && work->made_count < EXTRACT_MOST; i++) {
        const EntrySpec *spec = &work->entries[i];
        bool known = spec->kind != ENTRY_FROZEN || spec->source != ENTRY_TRAINED ||
                     work->out->entries[i].status == ENTRY_FAILED || work->out->entries[i].reused;
        const ExtractOptions *e = &spec->linear.extract;
        for (int m = 0; m < work->made_count && !known; m++) {
            const ExtractOptions *other = &work->made[m].extract;
            known = other->pooling == e->pooling && other->layer == e->layer && other->normalize == e->normalize;
        }
        if (!known) work->made[work->made_count++].extract = *e;
    }
    Error failure = {0};
    if (!linear_features_make(work->made, work->made_count, &work->linear, work->observer, &failure)) {
        /* each entry makes its own then, so that what one asks for in vain fails that one alone */
        for (int i = 0; i < work->made_count; i++) features_free(&work->made[i].features); /* what the cache had */
        work->made_count = 0;
        if (failure.kind != ERROR_INTERRUPTED) return true;
        if (err) *err = failure;
        return false;
    }
    work->linear.made = work->made;
    work->linear.made_count = work->made_count;
    return true;
}

/* "[CLS] of the last layer, …", "mean over the tokens of layer 4, …" */
static void describe_frozen(EntryResult *result, const ExtractOptions *extract, const char *trained) {
    static const char *const VECTORS[] = {
        [POOLING_CLS] = "[CLS]", [POOLING_MEAN] = "mean over the tokens", [POOLING_MAX] = "maximum over the tokens"};
    char layer[32] = "the last layer";
    if (extract->layer != -1) (void)snprintf(layer, sizeof layer, "layer %d", extract->layer);
    (void)snprintf(result->how, sizeof result->how, "%s of %s%s, %s", VECTORS[extract->pooling], layer,
                   extract->normalize ? " at length 1" : "", trained);
}

static bool run_linear(Work *work, const EntrySpec *spec, EntryResult *result, const char *model_folder, Error *err) {
    LinearEntry entry = {0};
    bool good = (spec->kind != ENTRY_FROZEN || make_features(work, err)) &&
                linear_entry_run(&entry, &work->linear, &spec->linear, work->observer, err);
    if (good) {
        char trained[256];
        classifier_describe(&entry.classifier, trained);
        if (spec->kind == ENTRY_FROZEN)
            describe_frozen(result, &spec->linear.extract, trained);
        else
            (void)snprintf(result->how, sizeof result->how, "%s", trained);
        if (spec->linear.classifier.classifier != CLASSIFIER_DUMMY && !entry.classifier.linear.converged)
            (void)snprintf(result->warning, sizeof result->warning, "%s has not converged: raise --max_iter or lower --C",
                           spec->name);
        for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++) {
            result->predictions[split] = entry.predictions[split];
            entry.predictions[split] = (Predictions){0};
        }
        result->costs.train_s = entry.features_s + entry.classifier_s;
        result->costs.train_cpu_s = entry.features_cpu_s + entry.classifier_cpu_s;
        good = linear_entry_save(&entry, &work->linear, model_folder, err);
    }
    linear_entry_free(&entry);
    return good;
}

static FinetuneRows rows_of(const CompareInput *input, Split split) {
    const RowList *list = &input->dataset->splits[split];
    return (FinetuneRows){.tokens = input->tokens, .labels = input->dataset->labels, .rows = list->rows, .count = list->count};
}

/* The encoder with a head for these classes, and the names of what had to be drawn anew. */
static bool load_with_head(Weights *weights, Work *work, const EntrySpec *spec, Error *err) {
    const CompareInput *input = work->input;
    if (!weights_load(weights, input->encoder->folder.text, input->dataset->classes,
                      (const char *const *)input->dataset->class_names, spec->finetune.seed, err))
        return false;
    Buffer names = {0};
    for (int i = 0; i < weights->table.count; i++)
        if (weights->table.tensors[i].is_new)
            buffer_printf(&names, "%s%s", names.size ? ", " : "", weights->table.tensors[i].name);
    (void)snprintf(work->out->model.new_tensors, sizeof work->out->model.new_tensors, "%s", names.data ? names.data : "");
    bool good = !names.failed || buffer_ok(&names, err);
    buffer_free(&names);
    return good;
}

/* The names alone, for a fine-tuning that an earlier run finished. */
static bool name_new_tensors(Work *work, const EntrySpec *spec, Error *err) {
    Weights weights = {0};
    bool good = load_with_head(&weights, work, spec, err);
    weights_free(&weights);
    return good;
}

static bool answer(Work *work, const Weights *weights, EntryResult *result, Error *err) {
    const CompareInput *input = work->input;
    Encoder *encoder = encoder_new(weights, &(EncoderOptions){.dtype = encoder_dtype(input->encoder->encoder)}, input->pool, err);
    bool good = encoder != NULL;
    for (Split split = SPLIT_VALIDATION; good && split < SPLIT_COUNT; split++) {
        FinetuneRows rows = rows_of(input, split);
        good = finetune_predict(&result->predictions[split], encoder, &rows, split_name(split), input->pool, work->observer, err);
    }
    encoder_free(encoder);
    return good;
}

static void describe_training(EntryResult *result, const EntrySpec *spec) {
    const FinetuneResult *t = &result->training;
    char rate[32];
    number_text(rate, spec->finetune.learning_rate);
    int length = snprintf(result->how, sizeof result->how, "%.3g epochs of batches of %d, learning rate %s", t->epochs,
                          spec->finetune.per_device_train_batch_size * spec->finetune.gradient_accumulation_steps, rate);
    if (t->best_loaded && length > 0 && (size_t)length < sizeof result->how)
        (void)snprintf(result->how + length, sizeof result->how - (size_t)length, "; best of %d evaluations (step %lld of %lld)",
                       t->evaluation_count, (long long)t->best_step, (long long)t->steps);
}

static bool run_finetune(Work *work, const EntrySpec *spec, EntryResult *result, const char *folder, const char *model_folder,
                         const char *key, Error *err) {
    const CompareInput *input = work->input;
    Weights weights = {0};
    FinetuneInput finetune = {.weights = &weights,
                              .model_folder = input->encoder->folder.text,
                              .max_length = input->encoder->max_length,
                              .train = rows_of(input, SPLIT_TRAIN),
                              .validation = rows_of(input, SPLIT_VALIDATION),
                              .output_dir = folder,
                              .identity = key,
                              .pool = input->pool};
    bool good = load_with_head(&weights, work, spec, err) &&
                finetune_run(&result->training, &finetune, &spec->finetune, work->observer, err);
    if (good) {
        int batch = spec->finetune.per_device_train_batch_size * spec->finetune.gradient_accumulation_steps;
        result->steps_per_epoch = ceil((double)finetune.train.count / batch);
        result->costs.train_s = result->training.train_s + input->tokens_s;
        result->costs.train_cpu_s = result->training.train_cpu_s + input->tokens_cpu_s;
        describe_training(result, spec);
        good = answer(work, &weights, result, err) &&
               weights_save(&weights, finetune.model_folder, model_folder, finetune.max_length, err);
    }
    weights_free(&weights);
    return good;
}

static bool score(Work *work, EntryResult *result, Error *err) {
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
        if (!predictions_check(&result->predictions[split], err) ||
            !scores_compute(&result->scores[split], &result->predictions[split], work->input->pool, err))
            return false;
    return confidence_measure(&result->confidence, &result->predictions[SPLIT_VALIDATION], &result->predictions[SPLIT_TEST],
                              work->input->pool, err);
}

/* Scores and answers into the entry's folder. */
static bool write_answers(const EntryResult *result, const Dataset *dataset, const char *folder, Error *err) {
    SplitScores scores = {{[SPLIT_TEST] = &result->scores[SPLIT_TEST]}};
    if (result->predictions[SPLIT_VALIDATION].rows) scores.scores[SPLIT_VALIDATION] = &result->scores[SPLIT_VALIDATION];
    return results_write_all(folder, dataset, SPLIT_TEST, &result->predictions[SPLIT_TEST], &scores, dataset->class_names, err);
}

/* The same, the temperature and the model card. */
static bool write_entry(Work *work, const EntryResult *result, const char *folder, const char *model_folder, Error *err) {
    ModelCard card = {.folder = model_folder,
                      .how = result->how,
                      .encoder = result->kind >= ENTRY_FROZEN ? work->input->model : NULL,
                      .tuned = result->kind == ENTRY_FINETUNE,
                      .scores = &(SplitScores){{[SPLIT_VALIDATION] = &result->scores[SPLIT_VALIDATION]}}};
    return write_answers(result, work->input->dataset, folder, err) &&
           (!result->confidence || calibration_save(&result->confidence->temperature, model_folder, err)) &&
           model_card_write(&card, err);
}

static const double RATE_S = 0.3;

/* The matrix rate of a type is measured once, when the first entry needs it. */
static bool find_rate(double *flops_per_s, Work *work, Dtype dtype, Error *err) {
    MatrixRate rate;
    if (!(work->matrix_rates[dtype] > 0)) {
        if (!matrix_rate_measure(&rate, dtype, work->input->pool, RATE_S, err)) return false;
        work->matrix_rates[dtype] = 1e9 * rate.products;
    }
    *flops_per_s = work->matrix_rates[dtype];
    return true;
}

static bool add_flops(Work *work, const EntrySpec *spec, EntryResult *result, Error *err) {
    double rate;
    if (!entry_has_encoder(spec)) return true;
    if (!find_rate(&rate, work, work->input->context.dtype, err)) return false;
    entry_flops(&result->costs, spec, result, work->input, rate);
    return true;
}

/* Of a saved model, whose operations are counted already. */
static bool add_share(Work *work, const EntrySpec *spec, EntryCosts *costs, Error *err) {
    double rate;
    if (isnan(costs->predict_mflop)) return true;
    if (!find_rate(&rate, work, outside_entry_dtype(spec, work->input->context.dtype), err)) return false;
    costs->matrix_gflops = rate / 1e9;
    costs->predict_share = 1e6 * costs->predict_mflop * costs->texts_per_s / rate;
    return true;
}

/* An entry that is not trained here. Of a saved model the peak is that of its answers. */
static bool read_entry(Work *work, const EntrySpec *spec, EntryResult *result, const char *folder, const char *key, Error *err) {
    const CompareInput *input = work->input;
    bool measures_peak = spec->source == ENTRY_SAVED && memory_peak_reset();
    if (!outside_entry_run(result, spec, input->dataset, input->seed, input->context.dtype, input->pool, work->observer, err)) return false;
    if (measures_peak) result->costs.peak_rss_mb = memory_peak_mb();
    return add_share(work, spec, &result->costs, err) && score(work, result, err) &&
           write_answers(result, input->dataset, folder, err) && entry_record_save(result, key, folder, err);
}

static bool train_entry(Work *work, const EntrySpec *spec, EntryResult *result, const char *folder, const char *key, Error *err) {
    Path model_folder;
    bool measures_peak = memory_peak_reset();
    if (!path_make(&model_folder, err, "%s/model", folder) || !folder_make(model_folder.text, err)) return false;
    bool good = spec->kind == ENTRY_FINETUNE ? run_finetune(work, spec, result, folder, model_folder.text, key, err)
                                             : run_linear(work, spec, result, model_folder.text, err);
    if (good && measures_peak) result->costs.peak_rss_mb = memory_peak_mb();
    return good && score(work, result, err) && write_entry(work, result, folder, model_folder.text, err) &&
           costs_measure(&result->costs, model_folder.text, work->input->dataset, work->input->seed, work->input->context.dtype,
                         work->input->context.max_length, work->input->pool, work->observer, err) &&
           add_flops(work, spec, result, err) && entry_record_save(result, key, folder, err);
}

/* An entry left by other settings is taken away whole: nothing of it may be mistaken for the new one's. What a stopped fine-tuning of the same
 * settings left stays, to go on from. */
static bool clear_folder(const char *folder, const char *key, bool overwrite, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/key.json", folder)) return false;
    FileMap map = {0};
    bool looks = !overwrite && file_exists(path.text);
    if (looks && !file_map(&map, path.text, ERROR_PATH, err)) return false;
    bool same = looks && map.size == strlen(key) && memcmp(map.data, key, map.size) == 0;
    file_unmap(&map);
    if (same) return true;
    return folder_remove(folder, err) && folder_make(folder, err) && file_write(path.text, key, strlen(key), err);
}

/* A finished entry of another run, and its files into this one's folder. */
static bool recall_entry(Work *work, const char *folder, EntryResult *result, Error *err) {
    const CompareInput *input = work->input;
    Path own;
    Buffer key = {0}, changed = {0};
    bool found = false;
    bool good = entry_record_key(&key, folder, err) && path_make(&own, err, "%s/%s", input->output_dir, result->name) &&
                entry_record_load(result, input->dataset, key.data ? key.data : "", folder, &found, &changed, err);
    if (good && !found)
        good = FAIL(err, ERROR_DATA, "%s: %s", folder, changed.size ? changed.data : "there is no record of the entry");
    result->reused = true;
    good = good && score(work, result, err) && write_answers(result, input->dataset, own.text, err) &&
           entry_record_save(result, key.data, own.text, err) && seeds_load(&result->seeds, folder, err) &&
           (!result->seeds.count || seeds_save(&result->seeds, own.text, err));
    buffer_free(&key);
    buffer_free(&changed);
    return good;
}

/* One more run of a fine-tuning, in a folder of its own. */
static bool run_seed(Work *work, const EntrySpec *spec, EntryResult *result, const char *folder, Error *err) {
    const CompareInput *input = work->input;
    Path model_folder;
    Buffer key = {0}, changed = {0};
    bool found = false;
    entry_key(&key, spec, &input->context);
    bool good = buffer_ok(&key, err) && path_make(&model_folder, err, "%s/model", folder);
    if (good && !input->overwrite) good = entry_record_load(result, input->dataset, key.data, folder, &found, &changed, err);
    if (good && !found)
        good = clear_folder(folder, key.data, input->overwrite, err) && folder_make(model_folder.text, err) &&
               run_finetune(work, spec, result, folder, model_folder.text, key.data, err) &&
               entry_record_save(result, key.data, folder, err);
    buffer_free(&key);
    buffer_free(&changed);
    return good && score(work, result, err);
}

/* The runs with the seeds that follow the entry's own. One that fails is named in the warning and left out of the means. */
static bool run_seeds(Work *work, const EntrySpec *spec, EntryResult *result, const char *folder, Error *err) {
    SeedRuns *seeds = &result->seeds;
    bool good = seeds_begin(seeds, spec->seeds, spec->finetune.seed, err) &&
                seeds_add(seeds, 0, result->scores, &result->predictions[SPLIT_TEST], err);
    for (int run = 1; good && run < spec->seeds; run++) {
        Path own_folder;
        EntrySpec own = *spec;
        EntryResult other = {.name = spec->name, .kind = spec->kind, .costs = COSTS_UNKNOWN, .steps_per_epoch = (double)NAN};
        Error failure = {0};
        own.finetune.seed += (uint64_t)run;
        good = path_make(&own_folder, err, "%s/seeds/%llu", folder, (unsigned long long)own.finetune.seed);
        observer_note(work->observer, "%-14s seed %llu, run %d of %d", spec->name, (unsigned long long)own.finetune.seed, run + 1,
                      spec->seeds);
        if (good && run_seed(work, &own, &other, own_folder.text, &failure))
            good = seeds_add(seeds, run, other.scores, &other.predictions[SPLIT_TEST], err);
        else if (good && failure.kind == ERROR_INTERRUPTED) {
            *err = failure;
            good = false;
        } else if (good)
            (void)snprintf(result->warning, sizeof result->warning, "with seed %llu: %.200s", (unsigned long long)own.finetune.seed,
                           failure.message);
        entry_result_free(&other);
    }
    return good && seeds_finish(seeds, err) && seeds_save(seeds, folder, err);
}

static bool run_entry(Work *work, const EntrySpec *spec, EntryResult *result, Error *err) {
    const CompareInput *input = work->input;
    if (input->recorded) return recall_entry(work, input->recorded[spec - work->entries], result, err);
    Path folder;
    Buffer key = {0}, changed = {0};
    bool found = false;
    entry_key(&key, spec, &input->context);
    bool good = buffer_ok(&key, err) && path_make(&folder, err, "%s/%s", input->output_dir, spec->name);
    if (good && !input->overwrite) good = entry_record_load(result, input->dataset, key.data, folder.text, &found, &changed, err);
    if (good && found) {
        result->reused = true;
        good = score(work, result, err) &&
               (spec->kind != ENTRY_FINETUNE || spec->source != ENTRY_TRAINED || name_new_tensors(work, spec, err));
    } else if (good) {
        const char *done = spec->source == ENTRY_TRAINED ? "trained" : "read";
        if (changed.size) observer_note(work->observer, "%-14s %s again: %s", spec->name, done, changed.data);
        good = clear_folder(folder.text, key.data, input->overwrite, err) &&
               (spec->source == ENTRY_TRAINED ? train_entry : read_entry)(work, spec, result, folder.text, key.data, err);
    }
    if (good && spec->kind == ENTRY_FINETUNE && spec->source == ENTRY_TRAINED && spec->seeds > 1)
        good = run_seeds(work, spec, result, folder.text, err);
    buffer_free(&key);
    buffer_free(&changed);
    return good;
}

/* ---- the run ---- */

static bool write_rows(const Work *work, Error *err) {
    Path splits, audit;
    const char *folder = work->input->output_dir;
    return path_make(&splits, err, "%s/splits.csv", folder) && dataset_write_splits(work->input->dataset, splits.text, err) &&
           path_make(&audit, err, "%s/audit.csv", folder) &&
           audit_write_csv(&work->out->audit, work->input->dataset, audit.text, err);
}

/* Once more, with the label errors in it. */
static bool write_audit(const Work *work, Error *err) {
    Path path;
    return work->out->audit.suspect_count < 1 ||
           (path_make(&path, err, "%s/audit.csv", work->input->output_dir) &&
            audit_write_csv(&work->out->audit, work->input->dataset, path.text, err));
}

/* What single rows tell: labels that look wrong, where entries go wrong and where they part. */
static bool look_at_rows(const Work *work, Error *err) {
    return label_step_run(work->out, work->input, &work->linear, work->observer, err) && write_audit(work, err) &&
           error_facts_make(work->out, err) && report_write_differences(work->out, work->input->output_dir, err);
}

static bool write_reports(const Comparison *out, const char *folder, Pool *pool, Error *err) {
    Path json, markdown, html;
    ProfilePart before = pool_enter(pool, PROFILE_WRITE);
    bool good = path_make(&json, err, "%s/compare.json", folder) && path_make(&markdown, err, "%s/report.md", folder) &&
           path_make(&html, err, "%s/report.html", folder) && report_write_json(out, json.text, err) &&
           report_write_figures(out, folder, err) && report_write_tables(out, folder, err) && report_write_markdown(out, markdown.text, err) &&
           report_write_html(out, html.text, err);
    (void)pool_enter(pool, before);
    return good;
}

static bool check_folder(const Work *work, Error *err) {
    Sha256Hex before = environment_data(work->input->output_dir);
    if (!before.text[0] || work->input->overwrite || strcmp(before.text, work->out->data_sha256.text) == 0) return true;
    return FAIL(err, ERROR_USAGE,
                "%s: holds a run on other data (sha256 %.8s…, these rows have %.8s…); name another --output_dir, or "
                "--overwrite_output_dir",
                work->input->output_dir, before.text, work->out->data_sha256.text);
}

static bool settle_entries(Work *work, Error *err) {
    const CompareInput *input = work->input;
    work->entries = mem_new((size_t)input->entry_count, sizeof *work->entries, err);
    if (!work->entries) return false;
    memcpy(work->entries, input->entries, (size_t)input->entry_count * sizeof *work->entries);
    if (input->recorded) return recall_tuning(work->out, input, err);
    if (!input->tune) return true;
    work->out->tuning = mem_new(1, sizeof *work->out->tuning, err);
    return work->out->tuning && tuning_run(work->out->tuning, work->entries, input, work->observer, err);
}

static bool measure_curve(Work *work, Error *err) {
    const CompareInput *input = work->input;
    if (input->recorded) return recall_curve(work->out, input, err);
    if (!input->learning_curve) return true;
    LearningCurve *curve = work->out->curve = mem_new(1, sizeof *curve, err);
    return curve && curve_shares(curve, input->learning_curve, err) &&
           curve_run(curve, work->out, work->entries, input, work->observer, err);
}

/* Whether an entry's failure is that of the whole run. One that is only recalled fails alone when it is damaged, not when the disk or memory is short. */
static bool is_end(const CompareInput *input, const Error *failure) {
    return failure->kind == ERROR_INTERRUPTED || (input->recorded && failure->kind != ERROR_DATA && failure->kind != ERROR_MODEL);
}

static bool run_entries(Work *work, CompareDone on_entry, void *context, Error *err) {
    Comparison *out = work->out;
    int failed = 0;
    for (int i = 0; i < work->input->entry_count; i++) {
        const EntrySpec *spec = &work->entries[i];
        EntryResult *result = &out->entries[i];
        *result = (EntryResult){.name = spec->name,
                                .kind = spec->kind,
                                .source = spec->source,
                                .path = spec->path,
                                .folder = work->input->recorded ? work->input->recorded[i] : NULL,
                                .costs = COSTS_UNKNOWN,
                                .steps_per_epoch = (double)NAN};
        const char *failure = work->input->recorded && work->input->failures ? work->input->failures[i] : NULL;
        out->entry_count = i + 1;
        if (failure ? !FAIL(&result->failure, ERROR_FAILED, "%s", failure) : !run_entry(work, spec, result, &result->failure)) {
            if (!failure && is_end(work->input, &result->failure)) {
                if (err) *err = result->failure;
                return false;
            }
            result->status = ENTRY_FAILED;
            failed++;
        }
        if (on_entry) on_entry(context, result);
    }
    if (failed < out->entry_count) return true;
    return FAIL(err, ERROR_FAILED, "every entry failed; %s: %s", out->entries[0].name, out->entries[0].failure.message);
}

static bool make_maps(const Work *work, Error *err) {
    if (work->input->recorded) return recall_maps(work->out, work->input, err);
    return compare_maps(&work->out->maps, work->input, &work->linear, work->out, work->observer, err);
}

bool compare_run(Comparison *out, const CompareInput *input, CompareDone on_entry, void *context, const Observer *observer,
                 Error *err) {
    double started_s = clock_wall_s();
    Work work = {.input = input, .out = out, .observer = observer};
    bool good = describe(&work, err) && check_folder(&work, err) && folder_remove_unfinished(input->output_dir, err) &&
                (input->recorded || environment_write(input, out, (double)NAN, err)) && write_rows(&work, err) &&
                write_lengths(&out->model, input->output_dir, err) && settle_entries(&work, err) &&
                run_entries(&work, on_entry, context, err) && measure_curve(&work, err) &&
                statistics_pairs(out, err) && statistics_intervals(out, BOOTSTRAP_RESAMPLES, input->pool, err) &&
                cascades_find(out, input->cascade_loss, input->pool, err) &&
                cascades_save(out, input->recorded && input->run_count ? input->runs[0].folder : NULL, input->pool, observer, err) && look_at_rows(&work, err) &&
                recommend(out, err) && make_maps(&work, err) &&
                write_reports(out, input->output_dir, input->pool, err) &&
                (input->recorded || environment_write(input, out, clock_wall_s() - started_s, err));
    for (int i = 0; i < work.made_count; i++) features_free(&work.made[i].features);
    mem_free(work.entries);
    return good;
}
