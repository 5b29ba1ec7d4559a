/* twofold finetune: an encoder trained whole, with a classification head on top (path B). */
#include <stdio.h>
#include <stdlib.h>

#include "cli/describe.h"
#include "cli/scores_table.h"
#include "cli/steps.h"
#include "common/available.h"
#include "common/clock.h"
#include "compare/calibration_file.h"
#include "compare/model_card.h"
#include "finetune/checkpoint.h"

/* What training needs once the texts are tokens. */
typedef struct Job {
    Run *run;
    const Dataset *dataset;
    Tokens tokens;
    Path encoder; /* the folder the weights come from */
    int max_length;
    char identity[256];
    Sha256Hex data;
    Weights weights;
    FinetuneOptions options;
    FinetuneResult result;
    Predictions predictions[SPLIT_COUNT];
    Scores scores[SPLIT_COUNT]; /* of validation and test */
} Job;

static void job_free(Job *job) {
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        predictions_free(&job->predictions[split]);
        scores_free(&job->scores[split]);
    }
    finetune_result_free(&job->result);
    weights_free(&job->weights);
    tokens_free(&job->tokens);
}

/* A folder with checkpoints is one's own run, finished or not. */
static bool make_output(Run *run, Error *err) {
    int64_t *steps = NULL;
    int count = 0;
    if (!checkpoint_list(&steps, &count, run->settings.output_dir, err)) return false;
    free(steps);
    return step_make_output(run, count ? NULL : "trainer_state.json", err);
}

/* Tokens of all rows. The frozen encoder, which only describes itself and gives its name here, is not kept beside the one that is trained. */
static bool encode(Job *job, Error *err) {
    Run *run = job->run;
    TextEncoder encoder = {0};
    bool ok = step_load_encoder(run, &encoder, err) &&
              finetune_options_check(&job->options, encoder.weights.config.layers, err) && make_output(run, err) &&
              step_encode(run, &encoder, job->dataset, &job->tokens, NULL, err);
    if (ok) {
        job->encoder = encoder.folder;
        job->max_length = encoder.max_length;
        job->data = dataset_sha256(job->dataset);
        (void)snprintf(job->identity, sizeof job->identity, "model %s, at most %d tokens", step_hash_model(run, &encoder).text,
                       encoder.max_length);
    }
    text_encoder_free(&encoder);
    return ok;
}

static bool load_with_head(Job *job, Error *err) {
    const Dataset *dataset = job->dataset;
    Weights *weights = &job->weights;
    ProfilePart before = run_enter(job->run, PROFILE_LOAD);
    bool loaded = weights_load(weights, job->encoder.text, dataset->classes, (const char *const *)dataset->class_names,
                               job->options.seed, err);
    (void)run_enter(job->run, before);
    if (!loaded) return false;
    Buffer names = {0};
    for (int i = 0; i < weights->table.count; i++)
        if (weights->table.tensors[i].is_new)
            buffer_printf(&names, "%s%s", names.size ? ", " : "", weights->table.tensors[i].name);
    if (names.size) terminal_say(&job->run->terminal, "head      new: %s", names.data);
    buffer_free(&names);
    return true;
}

static FinetuneRows rows_of(const Job *job, Split split) {
    const RowList *list = &job->dataset->splits[split];
    return (FinetuneRows){.tokens = &job->tokens, .labels = job->dataset->labels, .rows = list->rows, .count = list->count};
}

static bool train(Job *job, Error *err) {
    Run *run = job->run;
    FinetuneInput input = {.weights = &job->weights,
                           .model_folder = job->encoder.text,
                           .max_length = job->max_length,
                           .train = rows_of(job, SPLIT_TRAIN),
                           .validation = rows_of(job, SPLIT_VALIDATION),
                           .output_dir = run->settings.output_dir,
                           .identity = job->identity,
                           .data = job->data.text,
                           .pool = run->pool};
    char size[32];
    memory_text(size, memory_resident_mb() + finetune_memory_mb(&input, &job->options));
    terminal_say(&run->terminal, "memory    about %s at the most", size);
    return finetune_run(&job->result, &input, &job->options, &run->observer, err);
}

static bool answer(Job *job, Error *err) {
    Run *run = job->run;
    Encoder *encoder = encoder_new(&job->weights, &(EncoderOptions){.dtype = job->options.dtype}, run->pool, err);
    bool ok = encoder != NULL;
    for (Split split = SPLIT_VALIDATION; ok && split < SPLIT_COUNT; split++) {
        FinetuneRows rows = rows_of(job, split);
        ok = finetune_predict(&job->predictions[split], encoder, &rows, split_name(split), run->pool, &run->observer, err) &&
             predictions_check(&job->predictions[split], err) &&
             scores_compute(&job->scores[split], &job->predictions[split], run->pool, err);
    }
    encoder_free(encoder);
    return ok;
}

/* "2 epochs in batches of 64, learning rate 0.0001; the best of 2 evaluations, step 500 of 500" */
static void describe_training(const Job *job, char out[256]) {
    const FinetuneResult *result = &job->result;
    char rate[32], epochs[32];
    number_text(rate, job->options.learning_rate);
    (void)snprintf(epochs, sizeof epochs, "%.4g epoch%s", result->epochs, result->epochs == 1 ? "" : "s");
    int length = snprintf(out, 256, "fine-tuned, %s in batches of %d, learning rate %s%s", epochs,
                          job->options.per_device_train_batch_size * job->options.gradient_accumulation_steps, rate,
                          result->stopped_early ? ", stopped early" : "");
    if (result->best_loaded)
        (void)snprintf(out + length, 256 - (size_t)length, "; the best of %d evaluations, step %lld of %lld",
                       result->evaluation_count, (long long)result->best_step, (long long)result->steps);
}

static bool save(Job *job, Error *err) {
    const char *folder = job->run->settings.output_dir;
    char how[256];
    SplitScores shown = {{[SPLIT_VALIDATION] = &job->scores[SPLIT_VALIDATION], [SPLIT_TEST] = &job->scores[SPLIT_TEST]}};
    char *const *labels = job->dataset->class_names;
    describe_training(job, how);
    terminal_say(&job->run->terminal, "trained   %s", how);
    ModelCard card = {.folder = folder, .how = how, .encoder = job->encoder.text, .tuned = true, .scores = &shown};
    StoredCalibration calibration;
    return weights_save(&job->weights, job->encoder.text, folder, job->max_length, err) &&
           calibration_fit(&calibration, &job->predictions[SPLIT_VALIDATION], job->run->pool, err) &&
           calibration_save(&calibration, folder, err) &&
           results_write_all(folder, job->dataset, SPLIT_TEST, &job->predictions[SPLIT_TEST], &shown, labels, err) &&
           model_card_write(&card, err) && scores_table_print(job->run, &shown, labels, err);
}

bool command_finetune(Run *run, Error *err) {
    Dataset dataset = {0};
    Job job = {.run = run, .dataset = &dataset, .options = run->settings.finetune};
    job.options.balanced = run->settings.classifier.balanced;
    if (run->settings.overwrite_output_dir && !job.options.resume_from_checkpoint) job.options.resume_from_checkpoint = "none";
    bool ok = run_pool(run, err) && finetune_options_check(&job.options, -1, err) &&
              step_read_data(run, &dataset, DATA_FOR_TRAINING, err) && encode(&job, err) && load_with_head(&job, err);
    if (ok) describe_machine(run);
    ok = ok && train(&job, err) && answer(&job, err) && save(&job, err);
    if (ok) terminal_say(&run->terminal, "next      twofold predict --model %s --text \"…\"", run->settings.output_dir);
    job_free(&job);
    dataset_free(&dataset);
    return ok;
}
