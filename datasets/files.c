#include "datasets/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The split that a file name stands for, or -1. */
static int split_of_name(const char *name) {
    static const struct {
        const char *stem;
        Split split;
    } stems[] = {{"train", SPLIT_TRAIN},
                 {"validation", SPLIT_VALIDATION},
                 {"val", SPLIT_VALIDATION},
                 {"dev", SPLIT_VALIDATION},
                 {"test", SPLIT_TEST}};
    static const char *const endings[] = {"", ".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json"};
    size_t size = strlen(name);
    if (size > 3 && strcasecmp(name + size - 3, ".gz") == 0) size -= 3;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
        for (size_t j = 0; j < sizeof endings / sizeof *endings; j++) {
            size_t stem = strlen(stems[i].stem), ending = strlen(endings[j]);
            if (stem + ending == size && strncasecmp(name, stems[i].stem, stem) == 0 &&
                strncasecmp(name + stem, endings[j], ending) == 0)
                return (int)stems[i].split;
        }
    return -1;
}

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static int by_bytes(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static bool fail_nothing_found(const char *folder, struct dirent *const *entries, int count, Error *err) {
    Buffer list = {0};
    const char *hint = "";
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name, *ending = strrchr(name, '.');
        if (list.size < 200) buffer_printf(&list, "%s%s", list.size ? ", " : "", name);
        if (ending &&
            (strcmp(ending, ".arrow") == 0 || strcmp(ending, ".parquet") == 0 || strcmp(name, "dataset_dict.json") == 0))
            hint = "; Arrow and Parquet are not read: write them as CSV or JSONL (Dataset.to_csv, to_json)";
    }
    (void)FAIL(err, ERROR_DATA,
               "%s: no data files: looked for train.*, validation.* (or val.*, dev.*) and test.* ending in csv, tsv, txt or "
               "jsonl, with or without .gz; "
               "found %s%s",
               folder, list.size ? list.data : "nothing", hint);
    buffer_free(&list);
    return false;
}

static bool take_entry(DataFiles *files, const char *folder, const char *name, Error *err) {
    Path path;
    int split = split_of_name(name);
    if (split < 0) return true;
    size_t length = strlen(folder);
    if (!path_make(&path, err, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name)) return false;
    if (folder_exists(path.text) && !file_exists(path.text)) return true; /* what cannot be looked at is both, and not left out */
    if (files->given[split])
        return FAIL(err, ERROR_DATA,
                    "%s: both %s and %s could be the %s rows; name the files with --train_file, --validation_file, --test_file",
                    folder, files->names[split].text, name, split_name((Split)split));
    files->given[split] = true;
    files->paths[split] = path;
    return path_make(&files->names[split], err, "%s", name);
}

static bool find_in_folder(DataFiles *files, const char *folder, Error *err) {
    struct dirent **entries;
    int count = scandir(folder, &entries, visible, by_bytes);
    if (count < 0) return FAIL(err, ERROR_PATH, "%s: cannot be read: %s", folder, strerror(errno));
    bool ok = true, any = false;
    for (int i = 0; i < count && ok; i++) ok = take_entry(files, folder, entries[i]->d_name, err);
    for (int split = 0; split < SPLIT_COUNT; split++) any |= files->given[split];
    if (ok && !any) ok = fail_nothing_found(folder, entries, count, err);
    for (int i = 0; i < count; i++) free(entries[i]);
    free(entries);
    return ok;
}

/* Base names are the ids' files, unless two are alike. */
static bool name_files(DataFiles *files, Error *err) {
    for (int i = 0; i < SPLIT_COUNT; i++) {
        bool alike = false;
        if (!files->given[i]) continue;
        for (int j = 0; j < SPLIT_COUNT; j++)
            alike |= j != i && files->given[j] && strcmp(path_base(files->paths[i].text), path_base(files->paths[j].text)) == 0;
        if (!path_make(&files->names[i], err, "%s", alike ? files->paths[i].text : path_base(files->paths[i].text))) return false;
    }
    return true;
}

bool data_files_find(DataFiles *files, const DataOptions *options, Error *err) {
    const char *const named[SPLIT_COUNT] = {options->train_file, options->validation_file, options->test_file};
    bool any = false;
    memset(files, 0, sizeof *files);
    for (int split = 0; split < SPLIT_COUNT; split++) {
        if (!named[split]) continue;
        any = files->given[split] = true;
        if (!path_make(&files->paths[split], err, "%s", named[split])) return false;
    }
    if (any && options->data)
        return FAIL(err, ERROR_USAGE, "--data and --train_file, --validation_file, --test_file exclude each other");
    if (!any && !options->data)
        return FAIL(err, ERROR_USAGE, "no data: give a file or a folder with --data, or files with --train_file …");
    if (options->data && folder_exists(options->data)) return find_in_folder(files, options->data, err);
    if (options->data) {
        files->single = files->given[SPLIT_TRAIN] = true;
        if (!path_make(&files->paths[SPLIT_TRAIN], err, "%s", options->data)) return false;
    }
    return name_files(files, err);
}
