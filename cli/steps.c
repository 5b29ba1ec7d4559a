#include "cli/steps.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/describe.h"
#include "common/available.h"
#include "common/clock.h"
#include "common/data_file.h"
#include "common/model_folder.h"
#include "datasets/files.h"

Observer step_reading_observer(const Run *run) {
    Observer observer = run->observer;
    observer.stop = NULL; /* nothing is there that could be saved, and a pipe may keep one waiting: a signal ends the program */
    return observer;
}

/* The last four bytes of a gzip file are the size of what it holds, modulo 2^32 (RFC 1952, ISIZE; of the last member alone, where there are several). */
static int64_t unpacked_size(const char *path, int64_t packed) {
    int file;
    unsigned char magic[2], size[4];
    if (packed < 18 || !data_file_open(&file, path, NULL)) return packed;
    bool is_packed = pread(file, magic, sizeof magic, 0) == (ssize_t)sizeof magic && magic[0] == 0x1f && magic[1] == 0x8b &&
                     pread(file, size, sizeof size, packed - (int64_t)sizeof size) == (ssize_t)sizeof size;
    (void)close(file);
    int64_t stated = is_packed ? (int64_t)((uint32_t)size[0] | (uint32_t)size[1] << 8 | (uint32_t)size[2] << 16 | (uint32_t)size[3] << 24) : 0;
    return stated > packed ? stated : packed;
}

bool step_check_data(const Run *run, Error *err) {
    DataFiles files;
    double bytes = 0;
    if (!data_files_find(&files, &run->settings.data, err)) return false;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        int64_t packed = files.given[split] ? file_size(files.paths[split].text) : -1;
        if (packed > 0) bytes += (double)unpacked_size(files.paths[split].text, packed);
    }
    return memory_check("reading the data", bytes / 0x1p20, "cut the file, or use a machine with more", err);
}

bool step_read_data(Run *run, Dataset *dataset, DataUse use, Error *err) {
    const DataOptions *data = &run->settings.data;
    if (!data->data && !data->train_file && !data->validation_file && !data->test_file) {
        const char *name = command_name(run->command);
        return FAIL(err, ERROR_USAGE, "%s needs --data   (twofold %s --help)", name, name);
    }
    ProfilePart before = run_enter(run, PROFILE_READ);
    Observer observer = step_reading_observer(run);
    bool ok = step_check_data(run, err) && dataset_load(dataset, data, use, &observer, err) && describe_data(run, dataset, err);
    (void)run_enter(run, before);
    return ok;
}

/* A bag of words and a cascade stand in folders that the user may well hand over, without an encoder of their own. */
static bool check_encoder_folder(const char *folder, Error *err) {
    Path config, model;
    if (!path_make(&config, err, "%s/config.json", folder) || !path_make(&model, err, "%s/twofold.json", folder)) return false;
    return path_exists(config.text) || !path_exists(model.text) ||
           FAIL(err, ERROR_MODEL,
                "%s: a saved model that has no encoder of its own (bag of words, dummy, cascade), expected an encoder's folder: config.json, its "
                "tokenizer and model.safetensors",
                folder);
}

bool step_load_encoder(Run *run, TextEncoder *encoder, Error *err) {
    Path folder;
    Pool *pool = run_pool(run, err);
    if (!pool || !model_folder_find(&folder, run->settings.model, err) || !check_encoder_folder(folder.text, err) ||
        !text_encoder_load_as(encoder, folder.text, 0, run->settings.max_length, run->settings.dtype, pool, err))
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

/* --model, with --cascade before it. Takes over `second`. */
static TextModel *put_first(Run *run, TextModel *second, Error *err) {
    Path folder;
    TextModel *first = model_folder_find(&folder, run->settings.cascade, err)
                           ? text_model_load_as(folder.text, run->settings.max_length, run->settings.dtype, run->pool, err)
                           : NULL;
    if (first) return text_model_cascade(first, second, run->settings.threshold, err);
    text_model_free(second);
    return NULL;
}

static bool check_cascade(const Run *run, Error *err) {
    bool threshold = options_given(&run->options, "threshold");
    if (!run->settings.cascade == !threshold) return true;
    return FAIL(err, ERROR_USAGE,
                "--cascade and --threshold go together: the first model's folder, and how sure it must be to answer itself");
}

TextModel *step_load_model(Run *run, Path *found, Error *err) {
    Pool *pool = check_cascade(run, err) ? run_pool(run, err) : NULL;
    if (!pool || !model_folder_find(found, run->settings.model, err)) return NULL;
    TextModel *model = text_model_load_as(found->text, run->settings.max_length, run->settings.dtype, pool, err);
    if (model && run->settings.cascade) model = put_first(run, model, err);
    if (!model || !run->settings.calibrated) return model;
    if (!text_model_calibrate(model, err)) {
        (void)error_prefix(err, "--calibrated");
        text_model_free(model);
        return NULL;
    }
    char how[96];
    text_model_describe_calibration(model, how);
    terminal_say(&run->terminal, "calibrated  probabilities at %s, fitted on the validation rows; the labels stay the same", how);
    return model;
}

void step_say_passed_on(Run *run, const TextModel *model, int64_t texts) {
    if (!text_model_is_cascade(model) || !texts) return;
    char passed[32], all[32];
    count_text(passed, text_model_passed_on(model));
    count_text(all, texts);
    terminal_say(&run->terminal, "cascade   %s of %s texts were passed on to the second model", passed, all);
}

Sha256Hex step_hash_model(const Run *run, const TextEncoder *encoder) {
    ProfilePart before = run_enter(run, PROFILE_LOAD);
    Sha256Hex hash = weights_sha256(&encoder->weights);
    (void)run_enter(run, before);
    return hash;
}

FeatureCache step_cache(const Run *run) {
    return run->settings.no_cache ? feature_cache_none() : feature_cache(run->settings.cache_dir);
}

static bool look_at(struct stat *status, bool *is_there, const char *path, Error *err) {
    *is_there = stat(path, status) == 0;
    return *is_there || errno == ENOENT || errno == ENOTDIR || FAIL(err, ERROR_PATH, "%s: %s", path, strerror(errno));
}

/* What was trained must not be written over what it was trained from. */
static bool check_other_folder(const char *folder, const char *model, Error *err) {
    struct stat first, second;
    bool has_first, has_second;
    if (!look_at(&first, &has_first, folder, err) || !look_at(&second, &has_second, model, err)) return false;
    if (!has_first || !has_second || first.st_dev != second.st_dev || first.st_ino != second.st_ino) return true;
    return FAIL(err, ERROR_USAGE, "%s: --output_dir is the model's own folder; name another", folder);
}

static bool check_empty(bool *empty, const char *folder, Error *err) {
    DIR *entries = opendir(folder);
    if (!entries) return FAIL(err, ERROR_PATH, "%s: %s", folder, strerror(errno));
    struct dirent *entry;
    bool good = folder_next(entries, folder, &entry, err);
    *empty = good && !entry;
    (void)closedir(entries);
    return good;
}

bool step_make_output(Run *run, const char *mark, Error *err) {
    const char *folder = run->settings.output_dir;
    Path marked;
    bool empty = false;
    if (run->settings.model && !check_other_folder(folder, run->settings.model, err)) return false;
    if (!path_make(&marked, err, "%s/%s", folder, mark ? mark : "") || !folder_make(folder, err) ||
        !check_empty(&empty, folder, err))
        return false;
    bool is_ours = !mark || empty || file_exists(marked.text) || folder_has_unfinished_run(folder);
    if (!is_ours && !run->settings.overwrite_output_dir)
        return FAIL(err, ERROR_USAGE,
                    "%s: holds something else (no %s in it); --overwrite_output_dir writes into it all the same", folder, mark);
    Buffer command = {0};
    buffer_text(&command, "twofold");
    for (int i = 0; i < run->word_count; i++) buffer_printf(&command, " %s", run->words[i]);
    bool goes_on = folder_has_unfinished_run(folder); /* one that was killed may have left parts of files */
    bool locked = buffer_ok(&command, err) && folder_lock(&run->lock, folder, command.data, &run->observer, err) &&
                  (!goes_on || folder_remove_unfinished(folder, err));
    buffer_free(&command);
    return locked;
}
