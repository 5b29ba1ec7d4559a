/* twofold train: a linear model on a frozen encoder (path A), or on a bag of words. */
#include "cli/scores_table.h"
#include "cli/steps.h"
#include "compare/calibration_file.h"
#include "common/available.h"
#include "compare/linear_entry.h"
#include "compare/linear_needs.h"
#include "compare/model_card.h"

/* What the flags leave open is decided here, as `compare` decides it for its entries. */
static LinearOptions linear_options(const Run *run) {
    const Settings *settings = &run->settings;
    LinearOptions options = {
        .source = settings->features, .extract = settings->extract, .tfidf = settings->tfidf, .classifier = settings->classifier};
    if (settings->classifier.classifier == CLASSIFIER_DUMMY) options.source = SOURCE_NONE;
    if (options.source == SOURCE_TFIDF && !options_given(&run->options, "C"))
        options.classifier.C = 0; /* the best of the choices */
    return options;
}

static bool check_options(const Run *run, const LinearOptions *options, Error *err) {
    if (options->source == SOURCE_ENCODER && !run->settings.model)
        return FAIL(err, ERROR_USAGE,
                    "train needs --model, the encoder to put a classifier on, or --features tfidf   (twofold train --help)");
    if (options->tfidf.min_n > options->tfidf.max_n)
        return FAIL(err, ERROR_USAGE, "--ngram_min %d is more than --ngram_max %d", options->tfidf.min_n, options->tfidf.max_n);
    bool is_svm = options->classifier.classifier == CLASSIFIER_SVM;
    if (is_svm && options->classifier.solver == SOLVER_LBFGS)
        return FAIL(err, ERROR_USAGE, "--solver lbfgs is of logistic regression; the SVM is liblinear's");
    return true;
}

static bool score_splits(const Run *run, const LinearEntry *entry, Scores scores[SPLIT_COUNT], SplitScores *shown, Error *err) {
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++) {
        if (!predictions_check(&entry->predictions[split], err) ||
            !scores_compute(&scores[split], &entry->predictions[split], run->pool, err))
            return false;
        shown->scores[split] = &scores[split];
    }
    return true;
}

static bool save(Run *run, const LinearEntry *entry, const LinearInputs *inputs, const SplitScores *scores, Error *err) {
    const char *folder = run->settings.output_dir;
    char how[256];
    classifier_describe(&entry->classifier, how);
    ModelCard card = {
        .folder = folder, .how = how, .encoder = inputs->encoder ? inputs->encoder->folder.text : NULL, .scores = scores};
    StoredCalibration calibration;
    return linear_entry_save(entry, inputs, folder, err) &&
           calibration_fit(&calibration, &entry->predictions[SPLIT_VALIDATION], run->pool, err) &&
           calibration_save(&calibration, folder, err) &&
           results_write_all(folder, inputs->dataset, SPLIT_TEST, &entry->predictions[SPLIT_TEST], scores,
                             inputs->dataset->class_names, err) &&
           model_card_write(&card, err);
}

static bool train(Run *run, const LinearInputs *inputs, const LinearOptions *options, Error *err) {
    LinearEntry entry = {0};
    Scores scores[SPLIT_COUNT] = {{0}};
    SplitScores shown = {{NULL}};
    bool ok = linear_entry_run(&entry, inputs, options, &run->observer, err);
    if (ok) {
        char how[256];
        classifier_describe(&entry.classifier, how);
        terminal_say(&run->terminal, "trained   %s", how);
    }
    ok = ok && score_splits(run, &entry, scores, &shown, err) && save(run, &entry, inputs, &shown, err) &&
         scores_table_print(run, &shown, inputs->dataset->class_names, err);
    if (ok) terminal_say(&run->terminal, "next      twofold predict --model %s --text \"…\"", run->settings.output_dir);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) scores_free(&scores[split]);
    linear_entry_free(&entry);
    return ok;
}

bool command_train(Run *run, Error *err) {
    Dataset dataset = {0};
    TextEncoder encoder = {0};
    Tokens tokens = {0};
    LinearOptions options = linear_options(run);
    LinearInputs inputs = {.dataset = &dataset, .cache = step_cache(run), .pool = run_pool(run, err)};
    bool ok = inputs.pool && check_options(run, &options, err) && step_read_data(run, &dataset, DATA_FOR_TRAINING, err);
    if (ok && options.source == SOURCE_ENCODER) {
        ok = step_load_encoder(run, &encoder, err) && step_make_output(run, "twofold.json", err) &&
             step_encode(run, &encoder, &dataset, &tokens, &inputs.tokens_s, err);
        if (ok) inputs.model = step_hash_model(run, &encoder);
        inputs.encoder = &encoder;
        inputs.tokens = &tokens;
    } else
        ok = ok && step_make_output(run, "twofold.json", err);
    ok = ok && memory_check("this training", linear_inputs_needs_mb(&inputs, &options), "fewer rows need less", err) &&
         train(run, &inputs, &options, err);
    tokens_free(&tokens);
    text_encoder_free(&encoder);
    dataset_free(&dataset);
    return ok;
}
