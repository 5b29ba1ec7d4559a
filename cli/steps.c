#include "cli/steps.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/describe.h"
#include "common/clock.h"
#include "common/model_folder.h"

bool step_read_data(Run *run, Dataset *dataset, DataUse use, Error *err) {
    const DataOptions *data = &run->settings.data;
    if (!data->data && !data->train_file && !data->validation_file && !data->test_file) {
        const char *name = command_name(run->command);
        return FAIL(err, ERROR_USAGE, "%s needs --data   (twofold %s --help)", name, name);
    }
    return dataset_load(dataset, data, use, &run->observer, err) && describe_data(run, dataset, err);
}

bool step_load_encoder(Run *run, TextEncoder *encoder, Error *err) {
    Path folder;
    Pool *pool = run_pool(run, err);
    if (!pool || !model_folder_find(&folder, run->settings.model, err) ||
        !text_encoder_load(encoder, folder.text, 0, run->settings.max_length, pool, err))
        return false;
    describe_encoder(run, encoder);
    return true;
}

bool step_encode(Run *run, const TextEncoder *encoder, const Dataset *dataset, Tokens *tokens, double *seconds, Error *err) {
    Pool *pool = run_pool(run, err);
    double started_s = clock_wall_s();
    if (!pool ||
        !tokens_encode(tokens, encoder->tokenizer, dataset->text, dataset->starts, dataset->rows, encoder->max_length, pool, err))
        return false;
    if (seconds) *seconds = clock_wall_s() - started_s;
    return describe_tokens(run, dataset, tokens, encoder->max_length, err);
}

bool step_calibrate(Run *run, TextModel *model, const char *folder, Error *err) {
    if (!run->settings.calibrated) return true;
    if (!text_model_calibrate(model, folder, err)) return error_prefix(err, "--calibrated");
    terminal_say(&run->terminal,
                 "calibrated  probabilities at temperature %.4g, fitted on the validation rows; the labels stay the same",
                 text_model_temperature(model));
    return true;
}

FeatureCache step_cache(const Run *run) {
    return run->settings.no_cache ? feature_cache_none() : feature_cache(run->settings.cache_dir);
}

static bool same_folder(const char *a, const char *b) {
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static bool is_empty(const char *folder) {
    DIR *entries = opendir(folder);
    bool empty = true;
    for (const struct dirent *entry = entries ? readdir(entries) : NULL; entry && empty; entry = readdir(entries))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (entries) (void)closedir(entries);
    return empty;
}

bool step_make_output(Run *run, const char *mark, Error *err) {
    const char *folder = run->settings.output_dir;
    if (run->settings.model && same_folder(folder, run->settings.model))
        return FAIL(err, ERROR_USAGE, "%s: --output_dir is the model's own folder; name another", folder);
    Path marked;
    if (!path_make(&marked, err, "%s/%s", folder, mark ? mark : "") || !folder_make(folder, err)) return false;
    if (mark && !run->settings.overwrite_output_dir && !is_empty(folder) && !file_exists(marked.text))
        return FAIL(err, ERROR_USAGE,
                    "%s: holds something else (no %s in it); --overwrite_output_dir writes into it all the same", folder, mark);
    return access(folder, W_OK) == 0 || FAIL(err, ERROR_PATH, "%s: %s", folder, strerror(errno));
}
