#include "finetune/checkpoint_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "finetune/checkpoint.h"

#define UNFINISHED ".unfinished-checkpoint-"
#define FINISHED "checkpoint-"

bool checkpoint_path(Path *path, const char *output_dir, int64_t step, Error *err) {
    return path_make(path, err, "%s/" FINISHED "%lld", output_dir, (long long)step);
}

bool checkpoint_folder_begin(Path *unfinished, const char *output_dir, int64_t step, Error *err) {
    return path_make(unfinished, err, "%s/" UNFINISHED "%lld", output_dir, (long long)step) &&
           folder_remove(unfinished->text, err) && folder_make(unfinished->text, err);
}

static bool flush_folder(const char *path, Error *err) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return FAIL(err, ERROR_PATH, "%s: %s", path, strerror(errno));
    bool good = fsync(folder) == 0 || errno == EINVAL; /* some file systems cannot flush a folder */
    if (!good) FAIL(err, ERROR_PATH, "%s: cannot flush: %s", path, strerror(errno));
    (void)close(folder);
    return good;
}

static bool is_ours(const char *folder) {
    Path progress;
    return path_make(&progress, NULL, "%s/progress.json", folder) && file_exists(progress.text);
}

/* Where the file system cannot exchange two names at once, a crash between the two renames leaves the checkpoints before this one. */
static bool exchange(const char *a, const char *b) {
    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0) return true;
    Path aside;
    return path_make(&aside, NULL, "%s.old", a) && folder_remove(aside.text, NULL) && rename(b, aside.text) == 0 &&
           rename(a, b) == 0 && rename(aside.text, a) == 0;
}

bool checkpoint_folder_finish(const Path *unfinished, const char *output_dir, int64_t step, Error *err) {
    Path finished;
    if (!checkpoint_path(&finished, output_dir, step, err) || !flush_folder(unfinished->text, err)) return false;
    bool stands = folder_exists(finished.text);
    if (stands && !is_ours(finished.text))
        return FAIL(err, ERROR_PATH, "%s: stands already and was not made by this program; choose another --output_dir",
                    finished.text);
    bool renamed = stands ? exchange(unfinished->text, finished.text) : rename(unfinished->text, finished.text) == 0;
    if (!renamed) return FAIL(err, ERROR_PATH, "%s: cannot be renamed: %s", unfinished->text, strerror(errno));
    return flush_folder(output_dir, err) && (!stands || folder_remove(unfinished->text, err));
}

/* ---- listing ---- */

/* The N of "checkpoint-N", or -1. */
static int64_t step_of(const char *name) {
    if (strncmp(name, FINISHED, sizeof FINISHED - 1) != 0) return -1;
    const char *digits = name + sizeof FINISHED - 1;
    size_t length = strspn(digits, "0123456789");
    return length > 0 && length < 19 && digits[length] == '\0' ? strtoll(digits, NULL, 10) : -1;
}

static int ascending(const void *a, const void *b) {
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

bool checkpoint_list(int64_t **steps, int *count, const char *output_dir, Error *err) {
    *steps = NULL;
    *count = 0;
    DIR *folder = opendir(output_dir);
    if (!folder) return errno == ENOENT || FAIL(err, ERROR_PATH, "%s: %s", output_dir, strerror(errno));
    size_t capacity = 0;
    bool good = true;
    for (struct dirent *entry; good && (good = folder_next(folder, output_dir, &entry, err)) && entry;) {
        int64_t step = step_of(entry->d_name);
        Path path;
        if (step < 0 || !path_make(&path, NULL, "%s/%s", output_dir, entry->d_name) || !is_ours(path.text)) continue;
        int64_t *grown = mem_grow(*steps, &capacity, (size_t)*count + 1, sizeof *grown, err);
        good = grown != NULL;
        if (!good) break;
        *steps = grown;
        grown[(*count)++] = step;
    }
    (void)closedir(folder);
    if (good && *count) qsort(*steps, (size_t)*count, sizeof **steps, ascending);
    if (good) return true;
    free(*steps);
    *steps = NULL;
    *count = 0;
    return false;
}

/* ---- removing ---- */

static bool remove_unfinished(const char *output_dir, Error *err) {
    DIR *folder = opendir(output_dir);
    if (!folder) return errno == ENOENT || FAIL(err, ERROR_PATH, "%s: %s", output_dir, strerror(errno));
    bool good = true;
    for (struct dirent *entry; good && (good = folder_next(folder, output_dir, &entry, err)) && entry;) {
        Path path;
        if (strncmp(entry->d_name, UNFINISHED, sizeof UNFINISHED - 1) != 0) continue;
        good = path_make(&path, err, "%s/%s", output_dir, entry->d_name) && folder_remove(path.text, err);
    }
    (void)closedir(folder);
    return good;
}

static bool was_interrupted(const char *folder) {
    Path path;
    if (!path_make(&path, NULL, "%s/progress.json", folder)) return false;
    Json *progress = json_parse_file(path.text, ERROR_DATA, NULL);
    bool interrupted = json_bool_or(json_get(progress, "interrupted"), false);
    json_free(progress);
    return interrupted;
}

/* A checkpoint loses its progress.json first, so that a removal cut short leaves no half a checkpoint. */
static bool remove_checkpoint(const char *output_dir, int64_t step, Error *err) {
    Path path, progress;
    if (!checkpoint_path(&path, output_dir, step, err) || !path_make(&progress, err, "%s/progress.json", path.text)) return false;
    if (unlink(progress.text) != 0) return FAIL(err, ERROR_PATH, "%s: cannot be removed: %s", progress.text, strerror(errno));
    return folder_remove(path.text, err);
}

bool checkpoint_tidy(const char *output_dir, int limit, int64_t newest, int64_t best, Error *err) {
    int64_t *steps = NULL;
    int count = 0, kept = 0;
    if (!remove_unfinished(output_dir, err) || !checkpoint_list(&steps, &count, output_dir, err)) return false;
    bool good = true;
    for (int i = 0; good && i < count; i++) {
        Path path;
        if (steps[i] != newest &&
            (newest == 0 || (checkpoint_path(&path, output_dir, steps[i], NULL) && was_interrupted(path.text))))
            good = remove_checkpoint(output_dir, steps[i], err);
        else
            steps[kept++] = steps[i];
    }
    int left = kept;
    for (int i = 0; good && limit > 0 && i < kept && left > limit; i++) {
        if (steps[i] == newest || steps[i] == best) continue;
        good = remove_checkpoint(output_dir, steps[i], err);
        left--;
    }
    free(steps);
    return good;
}
