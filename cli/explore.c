/* twofold explore: what a set of texts is like, before anything is trained. */
#include "cli/command.h"
#include "cli/exploration.h"
#include "cli/steps.h"
#include "common/available.h"
#include "common/model_folder.h"
#include "compare/label_audit.h"
#include "compare/linear_entry.h"
#include "datasets/load.h"

static bool take_argument(Run *run, Error *err) {
    DataOptions *data = &run->settings.data;
    if (!run->options.arguments.count) return true;
    if (data->data) return FAIL(err, ERROR_USAGE, "'%s' and --data '%s': give one", run->options.arguments.items[0], data->data);
    data->data = run->options.arguments.items[0];
    return true;
}

/* Mean pooling and a multinomial model: of the presets of path A the more accurate. */
static bool judge_labels(Run *run, Exploration *explored, const TextEncoder *encoder, const Tokens *tokens, Error *err) {
    LinearFeatures made = {.extract = EXTRACT_DEFAULTS};
    made.extract.pooling = POOLING_MEAN;
    LinearInputs inputs = {.dataset = &explored->dataset,
                           .encoder = encoder,
                           .tokens = tokens,
                           .model = step_hash_model(run, encoder),
                           .cache = step_cache(run),
                           .pool = run_pool(run, err)};
    LabelAudit options = {.dataset = &explored->dataset,
                          .features = &made.features,
                          .classifier = CLASSIFIER_DEFAULTS,
                          .folds = run->settings.label_folds,
                          .seed = run->settings.seed,
                          .pool = inputs.pool};
    options.classifier.solver = SOLVER_LBFGS;
    bool ok = linear_features_make(&made, 1, &inputs, &run->observer, err) &&
              label_audit_run(&explored->audit, &options, &run->observer, err);
    features_free(&made.features);
    return ok;
}

/* A folder without weights has a tokenizer, which is enough for all else. */
static bool has_weights(const char *folder) {
    static const char *const NAMES[] = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"};
    Path path;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (path_make(&path, NULL, "%s/%s", folder, NAMES[i]) && file_exists(path.text)) return true;
    return false;
}

static bool find_label_errors(Run *run, Exploration *explored, Error *err) {
    Path folder;
    TextEncoder encoder = {0};
    Tokens tokens = {0};
    const Dataset *dataset = &explored->dataset;
    if (!run->settings.model || run->settings.label_folds < 2 || dataset->classes < 2) return true;
    if (!model_folder_find(&folder, run->settings.model, err)) return false;
    if (!has_weights(folder.text)) return true;
    Pool *pool = run_pool(run, err);
    bool ok = pool && text_encoder_load(&encoder, folder.text, 0, run->settings.max_length, pool, err) &&
              tokens_encode(&tokens, encoder.tokenizer, dataset->text, dataset->starts, dataset->rows, encoder.max_length, pool, err) &&
              judge_labels(run, explored, &encoder, &tokens, err);
    tokens_free(&tokens);
    text_encoder_free(&encoder);
    return ok;
}

static bool write_audit(Run *run, const Exploration *explored, Error *err) {
    Path path;
    if (!run->settings.output_dir) return true;
    return path_make(&path, err, "%s/audit.csv", run->settings.output_dir) &&
           audit_write_csv(&explored->audit, &explored->dataset, path.text, err);
}

static bool add_tokens(Run *run, Exploration *explored, Error *err) {
    Path folder;
    if (!run->settings.model) return true;
    return model_folder_find(&folder, run->settings.model, err) &&
           exploration_add_tokens(explored, folder.text, run->settings.max_length, run_pool(run, err), err);
}

/* The audit's own: forms of the texts and where their words stand, at least. */
static bool check_memory(const Dataset *dataset, Error *err) {
    double rows = dataset->rows, bytes = (double)(dataset->rows ? dataset->starts[dataset->rows] : 0);
    return memory_check("this exploration", (100 * rows + 2 * bytes) / 0x1p20, "fewer rows need less", err);
}

bool command_explore(Run *run, Error *err) {
    Exploration explored = {0};
    Buffer text = {0};
    Pool *pool = run_pool(run, err);
    Observer observer = step_reading_observer(run);
    bool ok = pool && take_argument(run, err) && (!run->settings.output_dir || step_make_output(run, NULL, err)) &&
              step_check_data(run, err) && dataset_load(&explored.dataset, &run->settings.data, DATA_AS_GIVEN, &observer, err) &&
              check_memory(&explored.dataset, err) &&
              exploration_make(&explored, pool, err) && add_tokens(run, &explored, err) &&
              find_label_errors(run, &explored, err) && write_audit(run, &explored, err);
    if (ok) {
        const DataOptions *data = &run->settings.data;
        const char *name = data->data              ? data->data
                           : data->train_file      ? data->train_file
                           : data->validation_file ? data->validation_file
                                                   : data->test_file;
        (run->settings.json ? exploration_write_json : exploration_print)(&text, &explored, name);
        ok = run->settings.json ? output_add_data(&text, err) : output_add(&text, err);
    }
    buffer_free(&text);
    exploration_free(&explored);
    return ok;
}
