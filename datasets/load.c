#include "datasets/load.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/utf8.h"
#include "datasets/files.h"
#include "datasets/labels.h"
#include "datasets/rows.h"
#include "datasets/split.h"

/* Shares of the rows of a training file when only its validation rows are to be cut. */
static const double validation_shares[SPLIT_COUNT] = {0.9, 0.1, 0};

/* A Dataset in the making. */
typedef struct Loader {
    Dataset *dataset;
    const DataOptions *options;
    DataOptions reading; /* the options, and what the first file taught */
    const Observer *observer;
    DataUse use;
    DataFiles files;
    LabelTable labels;
    Buffer text;
    size_t starts_capacity, labels_capacity, file_capacity, line_capacity;
    Buffer detected;
    const char *like_before; /* the description of the file before, to be said once */
    size_t like_before_at;
    int ends[SPLIT_COUNT];   /* rows read when a split's file ended; splits lie one behind the other */
    int32_t *first;          /* of equal texts; made when needed */
} Loader;

static void loader_free(Loader *loader) {
    label_table_free(&loader->labels);
    buffer_free(&loader->text);
    buffer_free(&loader->detected);
    mem_free(loader->first);
}

/* ---- reading ---- */

static bool grow_rows(Loader *loader, Error *err) {
    Dataset *dataset = loader->dataset;
    size_t needed = (size_t)dataset->rows + 1;
    int64_t *starts = mem_grow(dataset->starts, &loader->starts_capacity, needed + 1, sizeof *starts, err);
    if (starts) dataset->starts = starts;
    int32_t *labels = starts ? mem_grow(dataset->labels, &loader->labels_capacity, needed, sizeof *labels, err) : NULL;
    if (labels) dataset->labels = labels;
    int32_t *file = labels ? mem_grow(dataset->file, &loader->file_capacity, needed, sizeof *file, err) : NULL;
    if (file) dataset->file = file;
    int64_t *line = file ? mem_grow(dataset->line, &loader->line_capacity, needed, sizeof *line, err) : NULL;
    if (line) dataset->line = line;
    return line != NULL;
}

static bool add_row(Loader *loader, const Row *row, const char *path, Error *err) {
    Dataset *dataset = loader->dataset;
    if (dataset->rows == INT_MAX / 2) return FAIL(err, ERROR_DATA, "%s: more than %d rows", path, INT_MAX / 2);
    if (!grow_rows(loader, err)) return false;
    dataset->starts[dataset->rows] = (int64_t)loader->text.size;
    buffer_add(&loader->text, row->text, row->text_size);
    if (!buffer_ok(&loader->text, err)) return false;
    dataset->starts[dataset->rows + 1] = (int64_t)loader->text.size;
    dataset->labels[dataset->rows] = NO_LABEL;
    dataset->file[dataset->rows] = dataset->files - 1;
    dataset->line[dataset->rows] = row->line;
    if (row->label && !label_table_add(&loader->labels, row->label, row->label_size, dataset->rows, &dataset->labels[dataset->rows], err))
        return error_prefix(err, "%s:%" PRId64, path, row->line);
    dataset->rows++;
    return true;
}

static bool report_progress(const Loader *loader, const RowReader *reader, const char *name, Error *err) {
    int64_t bytes, total;
    char task[64];
    row_reader_progress(reader, &bytes, &total);
    (void)snprintf(task, sizeof task, "reading %.50s", name);
    observer_progress(loader->observer, task, bytes / 1000000, total < 0 ? 0 : total / 1000000, "MB", "");
    if (observer_stop(loader->observer)) return FAIL(err, ERROR_INTERRUPTED, "stopped while reading %s", name);
    return true;
}

static bool read_rows(Loader *loader, RowReader *reader, const char *path, Error *err) {
    enum { ROWS_BETWEEN_REPORTS = 1 << 14 };
    int before = loader->dataset->rows;
    Row row;
    for (bool found = true; found;) {
        if (!row_reader_next(reader, &row, &found, err)) return false;
        if (found && !add_row(loader, &row, path, err)) return false;
        if (loader->dataset->rows % ROWS_BETWEEN_REPORTS == 0 && !report_progress(loader, reader, path_base(path), err)) return false;
    }
    if (loader->dataset->rows > before) return true;
    return FAIL(err, ERROR_DATA, "%s: a header and no rows behind it", path);
}

/* "CSV with ','…" once when all files are alike, else with the file's name in front. */
static void describe_file(Loader *loader, const char *name, const char *detected) {
    Buffer *out = &loader->detected;
    if (out->size && strcmp(out->data + loader->like_before_at, detected) == 0) return;
    buffer_printf(out, "%s%s%s", out->size ? "; " : "", out->size ? name : "", out->size ? ": " : "");
    loader->like_before_at = out->size;
    buffer_text(out, detected);
}

static bool read_file(Loader *loader, Split split, Error *err) {
    Dataset *dataset = loader->dataset;
    const char *path = loader->files.paths[split].text;
    Buffer name = {0};
    RowReader *reader = row_reader_open(path, &loader->reading, loader->use == DATA_MAYBE_UNLABELLED ? ROWS_MAYBE_LABELLED : ROWS_LABELLED, err);
    if (!reader) return false;
    utf8_replace(&name, loader->files.names[split].text, strlen(loader->files.names[split].text));
    describe_file(loader, path_base(path), row_reader_detected(reader));
    int label = row_reader_guessed_label(reader);
    if (label >= 0) {
        loader->reading.text_column = label == 1 ? "1" : "2";
        loader->reading.label_column = label == 1 ? "2" : "1";
    }
    bool ok = buffer_ok(&name, err) && buffer_ok(&loader->detected, err);
    if (ok)
        dataset->file_names[dataset->files++] = name.data; /* now the Dataset's */
    else
        buffer_free(&name);
    ok = ok && read_rows(loader, reader, path, err);
    row_reader_close(reader);
    return ok;
}

static bool read_files(Loader *loader, Error *err) {
    Dataset *dataset = loader->dataset;
    dataset->file_names = calloc(SPLIT_COUNT, sizeof *dataset->file_names);
    if (!dataset->file_names) return FAIL(err, ERROR_FAILED, "out of memory");
    for (int split = 0; split < SPLIT_COUNT; split++) {
        if (loader->files.given[split] && !read_file(loader, (Split)split, err)) return false;
        loader->ends[split] = dataset->rows;
    }
    return true;
}

/* Gives back what doubling took too much, and the Dataset its text. */
static void settle_memory(Loader *loader) {
    Dataset *dataset = loader->dataset;
    size_t rows = (size_t)dataset->rows;
    struct {
        void **block;
        size_t bytes;
    } blocks[] = {{(void **)&loader->text.data, loader->text.size + 1},
                  {(void **)&dataset->starts, (rows + 1) * sizeof(int64_t)},
                  {(void **)&dataset->labels, rows * sizeof(int32_t)},
                  {(void **)&dataset->file, rows * sizeof(int32_t)},
                  {(void **)&dataset->line, rows * sizeof(int64_t)}};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        void *smaller = realloc(*blocks[i].block, blocks[i].bytes);
        if (smaller) *blocks[i].block = smaller;
    }
    dataset->text = loader->text.data;
    loader->text = (Buffer){0};
    dataset->detected = loader->detected.data;
    loader->detected = (Buffer){0};
}

/* ---- classes ---- */

static bool fail_unlisted(const Loader *loader, int label, const char *const *names, int classes, Error *err) {
    const Dataset *dataset = loader->dataset;
    int row = loader->labels.first_rows[label];
    Buffer list = {0};
    for (int k = 0; k < classes; k++) {
        if (list.size > 200) {
            buffer_printf(&list, " and %d more", classes - k);
            break;
        }
        buffer_printf(&list, "%s%s", k ? ", " : "", names[k]);
    }
    (void)FAIL(err, ERROR_DATA, "%s:%" PRId64 ": label '%s' is not among %s: %s", dataset->file_names[dataset->file[row]], dataset->line[row],
               label_table_name(&loader->labels, label), loader->options->class_count ? "the model's classes" : "--label_names", list.data ? list.data : "");
    buffer_free(&list);
    return false;
}

static bool name_classes(Loader *loader, Error *err) {
    Dataset *dataset = loader->dataset;
    int count = loader->labels.count;
    int32_t *class_of = mem_new((size_t)count, sizeof *class_of, err);
    bool ok = class_of && labels_resolve(&loader->labels, loader->options, &dataset->class_names, &dataset->classes, class_of, err);
    for (int i = 0; ok && i < count; i++)
        if (class_of[i] < 0) ok = fail_unlisted(loader, i, (const char *const *)dataset->class_names, dataset->classes, err);
    for (int row = 0; ok && row < dataset->rows; row++)
        if (dataset->labels[row] != NO_LABEL) dataset->labels[row] = class_of[dataset->labels[row]];
    mem_free(class_of);
    return ok;
}

/* ---- splits ---- */

static bool list_rows(RowList *list, int begin, int end, Error *err) {
    list->rows = malloc(((size_t)(end - begin) + 1) * sizeof *list->rows);
    if (!list->rows) return FAIL(err, ERROR_FAILED, "out of memory for %d row numbers", end - begin);
    list->count = end - begin;
    for (int i = 0; i < list->count; i++) list->rows[i] = begin + i;
    return true;
}

static bool list_given_splits(Loader *loader, Error *err) {
    for (int split = 0, begin = 0; split < SPLIT_COUNT; begin = loader->ends[split++])
        if (!list_rows(&loader->dataset->splits[split], begin, loader->ends[split], err)) return false;
    return true;
}

static void swap_lists(RowList *a, RowList *b) {
    RowList kept = *a;
    *a = *b;
    *b = kept;
}

/* "'x' (1 row), 'y' (2 rows)" for the rare classes; *count of them. */
static void list_rare(Buffer *list, const Dataset *dataset, const int *texts, int needed, int *count) {
    *count = 0;
    for (int k = 0; k < dataset->classes; k++) {
        if (texts[k] >= needed || texts[k] == 0) continue;
        if (++*count <= 10) buffer_printf(list, "%s'%s' (%d)", *count > 1 ? ", " : "", dataset->class_names[k], texts[k]);
    }
    if (*count > 10) buffer_printf(list, " and %d more", *count - 10);
}

/* Takes the classes with fewer than `needed` texts out of the lists and out of the names. */
static bool leave_out_rare(Dataset *dataset, const int *texts, int needed, Error *err) {
    int32_t *new_id = mem_new((size_t)dataset->classes, sizeof *new_id, err);
    if (!new_id) return false;
    int kept = 0;
    for (int k = 0; k < dataset->classes; k++) {
        bool rare = texts[k] > 0 && texts[k] < needed;
        new_id[k] = rare ? NO_LABEL : kept;
        if (rare)
            free(dataset->class_names[k]);
        else
            dataset->class_names[kept++] = dataset->class_names[k];
    }
    dataset->classes = kept;
    for (int row = 0; row < dataset->rows; row++)
        if (dataset->labels[row] != NO_LABEL) dataset->labels[row] = new_id[dataset->labels[row]];
    for (int split = 0; split < SPLIT_COUNT; split++) {
        RowList *list = &dataset->splits[split];
        int count = 0;
        for (int i = 0; i < list->count; i++)
            if (dataset->labels[list->rows[i]] != NO_LABEL) list->rows[count++] = list->rows[i];
        list->count = count;
    }
    mem_free(new_id);
    return true;
}

static bool handle_rare(Loader *loader, const int *texts, int needed, Error *err) {
    Buffer list = {0};
    int rare, before = loader->dataset->splits[SPLIT_TRAIN].count;
    list_rare(&list, loader->dataset, texts, needed, &rare);
    bool ok = buffer_ok(&list, err);
    if (ok && rare && !loader->options->drop_rare)
        ok = FAIL(err, ERROR_DATA, "%s: %d class%s too rare to split, with fewer than %d different texts: %s; --drop_rare leaves %s out",
                  loader->files.paths[SPLIT_TRAIN].text, rare, rare > 1 ? "es are" : " is", needed, list.data, rare > 1 ? "them" : "it");
    if (ok && rare) {
        ok = leave_out_rare(loader->dataset, texts, needed, err);
        observer_note(loader->observer, "left out as too rare to split (different texts): %s; %d rows", list.data,
                      before - loader->dataset->splits[SPLIT_TRAIN].count);
    }
    buffer_free(&list);
    return ok;
}

/* Cuts the training rows by shares; those who go elsewhere fill the (empty) other lists. */
static bool cut_train(Loader *loader, const double shares[SPLIT_COUNT], Error *err) {
    Dataset *dataset = loader->dataset;
    int needed = 0;
    for (int split = 0; split < SPLIT_COUNT; split++) needed += shares[split] > 0;
    RowList *train = &dataset->splits[SPLIT_TRAIN];
    uint8_t *side = mem_new((size_t)dataset->rows, 1, err);
    int *texts = mem_new((size_t)dataset->classes, sizeof *texts, err);
    SplitTask task = {.rows = train, .labels = dataset->labels, .first = loader->first, .classes = dataset->classes, .seed = loader->options->seed};
    memcpy(task.shares, shares, sizeof task.shares);
    bool ok = side && texts && split_count_texts(&task, texts, err) && handle_rare(loader, texts, needed, err);
    task.classes = dataset->classes;
    ok = ok && split_stratify(&task, side, err);
    for (int split = SPLIT_VALIDATION; ok && split < SPLIT_COUNT; split++)
        if (shares[split] > 0) {
            free(dataset->splits[split].rows);
            ok = list_rows(&dataset->splits[split], 0, train->count, err);
            dataset->splits[split].count = 0;
        }
    int kept = 0;
    for (int i = 0; ok && i < train->count; i++) {
        RowList *list = &dataset->splits[side[train->rows[i]]];
        list->rows[list == train ? kept++ : list->count++] = train->rows[i];
    }
    if (ok) train->count = kept;
    mem_free(side);
    mem_free(texts);
    return ok;
}

static bool split_single_file(Loader *loader, Error *err) {
    double shares[SPLIT_COUNT];
    char counts[SPLIT_COUNT][32];
    const Dataset *dataset = loader->dataset;
    if (!split_parse_shares(shares, loader->options->split ? loader->options->split : "80,10,10", err) || !cut_train(loader, shares, err)) return false;
    for (int split = 0; split < SPLIT_COUNT; split++) count_text(counts[split], dataset->splits[split].count);
    observer_note(loader->observer, "%s is split here: %s train, %s validation, %s test rows (by class, seed %" PRIu64 ", equal texts on one side)",
                  dataset->file_names[0], counts[0], counts[1], counts[2], loader->options->seed);
    return true;
}

static bool cut_validation(Loader *loader, Error *err) {
    char cut[32], all[32];
    count_text(all, loader->dataset->splits[SPLIT_TRAIN].count);
    if (!cut_train(loader, validation_shares, err)) return false;
    count_text(cut, loader->dataset->splits[SPLIT_VALIDATION].count);
    observer_note(loader->observer, "no validation file: %s of the %s rows of %s validate (10 %%, by class, seed %" PRIu64 ", equal texts on one side)",
                  cut, all, loader->dataset->file_names[0], loader->options->seed);
    return true;
}

static bool make_training_splits(Loader *loader, Error *err) {
    Dataset *dataset = loader->dataset;
    const bool *given = loader->files.given;
    if (!given[SPLIT_TRAIN]) {
        Split found = given[SPLIT_TEST] ? SPLIT_TEST : SPLIT_VALIDATION;
        return FAIL(err, ERROR_DATA, "%s: no training rows: found %s, but no train.* beside it (--train_file)",
                    loader->options->data ? loader->options->data : loader->files.paths[found].text, loader->files.names[found].text);
    }
    if (given[SPLIT_VALIDATION] && given[SPLIT_TEST]) return true;
    loader->first = mem_new((size_t)dataset->rows, sizeof *loader->first, err);
    if (!loader->first || !split_group_texts(dataset, loader->first, err)) return false;
    if (!given[SPLIT_VALIDATION] && !given[SPLIT_TEST]) return split_single_file(loader, err);
    if (given[SPLIT_VALIDATION]) {
        swap_lists(&dataset->splits[SPLIT_VALIDATION], &dataset->splits[SPLIT_TEST]);
        observer_note(loader->observer, "no test file: the rows of %s test, and others are cut from %s to validate", dataset->file_names[1],
                      dataset->file_names[0]);
    }
    return cut_validation(loader, err);
}

/* ---- what must hold for training ---- */

static bool check_training(const Loader *loader, Error *err) {
    const Dataset *dataset = loader->dataset;
    const char *path = loader->files.paths[SPLIT_TRAIN].text;
    int64_t *counts = mem_new((size_t)dataset->classes + 1, sizeof *counts, err);
    if (!counts) return false;
    dataset_count_classes(dataset, SPLIT_TRAIN, counts);
    int present = 0, missing = -1;
    for (int k = 0; k < dataset->classes; k++) {
        present += counts[k] > 0;
        if (!counts[k] && missing < 0) missing = k;
    }
    bool ok = present > 1 || FAIL(err, ERROR_DATA, "%s: a single class%s%s%s, expected two or more", path, dataset->classes == 1 ? " ('" : "",
                                  dataset->classes == 1 ? dataset->class_names[0] : "", dataset->classes == 1 ? "')" : "");
    for (int split = SPLIT_VALIDATION; ok && split < SPLIT_COUNT; split++) {
        const RowList *list = &dataset->splits[split];
        if (!list->count) ok = FAIL(err, ERROR_DATA, "%s: no %s rows", path, split_name((Split)split));
        for (int i = 0; ok && i < list->count; i++) {
            int row = list->rows[i], label = dataset->labels[row];
            if (!counts[label])
                ok = FAIL(err, ERROR_DATA, "%s:%" PRId64 ": label '%s' is unseen in training: no row of %s has it", dataset->file_names[dataset->file[row]],
                          dataset->line[row], dataset->class_names[label], dataset->file_names[0]);
        }
    }
    if (ok && missing >= 0) ok = FAIL(err, ERROR_DATA, "%s: no row of class '%s', which --label_names lists", path, dataset->class_names[missing]);
    mem_free(counts);
    return ok;
}

static bool sample_splits(Loader *loader, Error *err) {
    Dataset *dataset = loader->dataset;
    const DataOptions *options = loader->options;
    const int64_t most[SPLIT_COUNT] = {options->max_train_samples, options->max_eval_samples, options->max_predict_samples};
    for (int split = 0; split < SPLIT_COUNT; split++) {
        RowList *list = &dataset->splits[split];
        char before[32], after[32];
        if (most[split] <= 0 || most[split] >= list->count) continue;
        count_text(before, list->count);
        if (!split_sample(list, dataset->labels, dataset->classes, (int)most[split], options->seed, (Split)split, err)) return false;
        count_text(after, list->count);
        observer_note(loader->observer, "%s of the %s %s rows are used, drawn by class (seed %" PRIu64 ")", after, before, split_name((Split)split),
                      options->seed);
    }
    return true;
}

static void note_empty_texts(const Loader *loader) {
    const Dataset *dataset = loader->dataset;
    int empty = 0, first = -1;
    for (int row = 0; row < dataset->rows; row++)
        if (dataset->starts[row] == dataset->starts[row + 1] && empty++ == 0) first = row;
    if (empty)
        observer_note(loader->observer, "%d row%s an empty text, the first at %s:%" PRId64, empty, empty > 1 ? "s have" : " has",
                      dataset->file_names[dataset->file[first]], dataset->line[first]);
}

static bool arrange(Loader *loader, Error *err) {
    Dataset *dataset = loader->dataset;
    if (loader->use == DATA_FOR_TRAINING) return make_training_splits(loader, err) && check_training(loader, err) && sample_splits(loader, err);
    dataset->whole = loader->files.single;
    if (dataset->whole) swap_lists(&dataset->splits[SPLIT_TRAIN], &dataset->splits[SPLIT_TEST]);
    return true;
}

bool dataset_load(Dataset *dataset, const DataOptions *options, DataUse use, const Observer *observer, Error *err) {
    Loader loader = {.dataset = dataset, .options = options, .reading = *options, .observer = observer, .use = use};
    double shares[SPLIT_COUNT];
    bool ok = (!options->split || split_parse_shares(shares, options->split, err)) && data_files_find(&loader.files, options, err) &&
              read_files(&loader, err);
    if (ok) settle_memory(&loader);
    ok = ok && name_classes(&loader, err) && list_given_splits(&loader, err) && arrange(&loader, err);
    if (ok) note_empty_texts(&loader);
    loader_free(&loader);
    return ok;
}
