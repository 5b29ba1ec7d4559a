#include "datasets/load.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "datasets/arrange.h"
#include "datasets/files.h"
#include "datasets/labels.h"
#include "datasets/rows.h"
#include "datasets/split.h"

/* A Dataset in the making. */
typedef struct Loader {
    Dataset *dataset;
    const DataOptions *options;
    DataOptions reading; /* the options, and what the first file taught */
    const Observer *observer;
    DataUse use;
    DataFiles files;
    LabelTable labels;
    LabelTable slices; /* values of --slice_column */
    Buffer text;
    size_t starts_capacity, labels_capacity, file_capacity, line_capacity, slices_capacity;
    Buffer detected;
    const char *like_before; /* the description of the file before, to be said once */
    size_t like_before_at;
    int ends[SPLIT_COUNT]; /* rows read when a split's file ended; splits lie one behind the other */
} Loader;

static void loader_free(Loader *loader) {
    label_table_free(&loader->labels);
    label_table_free(&loader->slices);
    buffer_free(&loader->text);
    buffer_free(&loader->detected);
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

/* A value may hold a NUL, where it ends for us. */
static bool add_slice(Loader *loader, const Row *row, const char *path, Error *err) {
    Dataset *dataset = loader->dataset;
    if (!row->slice) return true;
    int32_t *slices = mem_grow(dataset->slices, &loader->slices_capacity, (size_t)dataset->rows + 1, sizeof *slices, err);
    if (!slices) return false;
    dataset->slices = slices;
    if (label_table_add(&loader->slices, row->slice, strnlen(row->slice, row->slice_size), dataset->rows,
                        &dataset->slices[dataset->rows], NULL))
        return true;
    return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": more than %d different values of --slice_column '%s', which cut rows too fine", path,
                row->line, MOST_CLASSES, loader->options->slice_column);
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
    if (row->label &&
        !label_table_add(&loader->labels, row->label, row->label_size, dataset->rows, &dataset->labels[dataset->rows], err))
        return error_prefix(err, "%s:%" PRId64, path, row->line);
    if (!add_slice(loader, row, path, err)) return false;
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
    enum { ROWS_BETWEEN_REPORTS = 1 << 15 };
    int begin = loader->dataset->rows;
    Row row;
    for (bool found = true; found;) {
        if (!row_reader_next(reader, &row, &found, err)) return false;
        if (found && !add_row(loader, &row, path, err)) return false;
        int rows = loader->dataset->rows - begin;
        bool is_long = rows >= ROWS_BETWEEN_REPORTS;
        if (is_long && (!found || rows % ROWS_BETWEEN_REPORTS == 0) && !report_progress(loader, reader, path_base(path), err))
            return false;
    }
    if (loader->dataset->rows > begin) return true;
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
    RowReader *reader =
        row_reader_open(path, &loader->reading, loader->use == DATA_MAYBE_UNLABELLED ? ROWS_MAYBE_LABELLED : ROWS_LABELLED, err);
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

/* Gives back what doubling took too much. */
static void *shrink(void *block, size_t bytes) {
    void *smaller = realloc(block, bytes);
    return smaller ? smaller : block;
}

static void settle_memory(Loader *loader) {
    Dataset *dataset = loader->dataset;
    size_t rows = (size_t)dataset->rows;
    dataset->text = shrink(loader->text.data, loader->text.size + 1);
    dataset->starts = shrink(dataset->starts, (rows + 1) * sizeof *dataset->starts);
    dataset->labels = shrink(dataset->labels, rows * sizeof *dataset->labels);
    dataset->file = shrink(dataset->file, rows * sizeof *dataset->file);
    dataset->line = shrink(dataset->line, rows * sizeof *dataset->line);
    dataset->detected = loader->detected.data;
    loader->text = loader->detected = (Buffer){0};
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
    (void)FAIL(err, ERROR_DATA, "%s:%" PRId64 ": label '%s' is not among %s: %s", dataset->file_names[dataset->file[row]],
               dataset->line[row], label_table_name(&loader->labels, label),
               loader->options->class_count ? "the model's classes" : "--label_names", list.data ? list.data : "");
    buffer_free(&list);
    return false;
}

static bool name_classes(Loader *loader, Error *err) {
    Dataset *dataset = loader->dataset;
    int count = loader->labels.count;
    int32_t *class_of = mem_new((size_t)count, sizeof *class_of, err);
    bool ok =
        class_of && labels_resolve(&loader->labels, loader->options, &dataset->class_names, &dataset->classes, class_of, err);
    for (int i = 0; ok && i < count; i++)
        if (class_of[i] < 0) ok = fail_unlisted(loader, i, (const char *const *)dataset->class_names, dataset->classes, err);
    for (int row = 0; ok && row < dataset->rows; row++)
        if (dataset->labels[row] != NO_LABEL) dataset->labels[row] = class_of[dataset->labels[row]];
    mem_free(class_of);
    return ok;
}

static bool name_slices(Loader *loader, Error *err) {
    Dataset *dataset = loader->dataset;
    const char *column = loader->options->slice_column;
    if (!dataset->slices) return true;
    dataset->slice_column = mem_copy_text(column, strlen(column), err);
    dataset->slice_names = calloc((size_t)loader->slices.count + 1, sizeof *dataset->slice_names);
    if (!dataset->slice_column || !dataset->slice_names) return FAIL(err, ERROR_FAILED, "out of memory");
    for (; dataset->slice_count < loader->slices.count; dataset->slice_count++) {
        const char *name = label_table_name(&loader->slices, dataset->slice_count);
        dataset->slice_names[dataset->slice_count] = mem_copy_text(name, strlen(name), err);
        if (!dataset->slice_names[dataset->slice_count]) return false;
    }
    return true;
}

/* ---- splits ---- */

static bool list_given_splits(Loader *loader, Error *err) {
    for (int split = 0, begin = 0; split < SPLIT_COUNT; begin = loader->ends[split++])
        if (!row_list_make(&loader->dataset->splits[split], begin, loader->ends[split], err)) return false;
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

/* Nothing is cut; the rows of one file are "these rows". */
static void leave_as_given(Dataset *dataset, bool single) {
    dataset->whole = single;
    if (!single) return;
    RowList none = dataset->splits[SPLIT_TEST];
    dataset->splits[SPLIT_TEST] = dataset->splits[SPLIT_TRAIN];
    dataset->splits[SPLIT_TRAIN] = none;
}

bool dataset_load(Dataset *dataset, const DataOptions *options, DataUse use, const Observer *observer, Error *err) {
    Loader loader = {.dataset = dataset, .options = options, .reading = *options, .observer = observer, .use = use};
    double shares[SPLIT_COUNT];
    bool ok = (!options->split || split_parse_shares(shares, options->split, err)) &&
              data_files_find(&loader.files, options, err) && read_files(&loader, err);
    if (ok) settle_memory(&loader);
    ok = ok && name_classes(&loader, err) && name_slices(&loader, err) && list_given_splits(&loader, err);
    if (ok && use == DATA_FOR_TRAINING) ok = dataset_arrange(dataset, &loader.files, options, observer, err);
    if (ok && use != DATA_FOR_TRAINING) leave_as_given(dataset, loader.files.single);
    if (ok) note_empty_texts(&loader);
    loader_free(&loader);
    return ok;
}
