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

static bool add_tokens(Run *run, Exploration *explored, Error *err) {
    Path folder;
    if (!run->settings.model) return true;
    Pool *pool = run_pool(run, err);
    return pool && model_folder_find(&folder, run->settings.model, err) &&
           exploration_add_tokens(explored, folder.text, run->settings.max_length, pool, err);
}

bool command_explore(Run *run, Error *err) {
    Exploration explored = {0};
    Buffer text = {0};
    bool ok = take_argument(run, err) &&
              dataset_load(&explored.dataset, &run->settings.data, DATA_AS_GIVEN, &run->observer, err) &&
              exploration_make(&explored, err) && add_tokens(run, &explored, err);
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
