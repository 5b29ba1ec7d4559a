/* twofold explore: what a set of texts is like, before anything is trained. */
#include "cli/command.h"
#include "cli/exploration.h"
#include "common/model_folder.h"
#include "datasets/load.h"

static bool take_argument(Run *run, Error *err) {
    DataOptions *data = &run->settings.data;
    if (!run->options.arguments.count) return true;
    if (data->data) return FAIL(err, ERROR_USAGE, "'%s' and --data '%s': give one", run->options.arguments.items[0], data->data);
    data->data = run->options.arguments.items[0];
    return true;
}

static bool write_audit(Run *run, const Exploration *explored, Error *err) {
    Path path;
    if (!run->settings.output_dir) return true;
    return folder_make(run->settings.output_dir, err) && path_make(&path, err, "%s/audit.csv", run->settings.output_dir) &&
           audit_write_csv(&explored->audit, &explored->dataset, path.text, err);
}

static bool add_tokens(Run *run, Exploration *explored, Error *err) {
    Path folder;
    if (!run->settings.model) return true;
    return model_folder_find(&folder, run->settings.model, err) &&
           exploration_add_tokens(explored, folder.text, run->settings.max_length, run_pool(run, err), err);
}

bool command_explore(Run *run, Error *err) {
    Exploration explored = {0};
    Buffer text = {0};
    Pool *pool = run_pool(run, err);
    bool ok = pool && take_argument(run, err) &&
              dataset_load(&explored.dataset, &run->settings.data, DATA_AS_GIVEN, &run->observer, err) &&
              exploration_make(&explored, pool, err) && add_tokens(run, &explored, err) && write_audit(run, &explored, err);
    if (ok) {
        const DataOptions *data = &run->settings.data;
        const char *name = data->data              ? data->data
                           : data->train_file      ? data->train_file
                           : data->validation_file ? data->validation_file
                                                   : data->test_file;
        (run->settings.json ? exploration_write_json : exploration_print)(&text, &explored, name);
        ok = buffer_ok(&text, err) && output_add(&text, err);
    }
    buffer_free(&text);
    exploration_free(&explored);
    return ok;
}
