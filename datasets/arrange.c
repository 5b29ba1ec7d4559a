#include "datasets/arrange.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "datasets/audit.h"
#include "datasets/split.h"

/* Shares of the rows of a training file when only its validation rows are to be cut. */
static const double validation_shares[SPLIT_COUNT] = {0.9, 0.1, 0};

typedef struct Arranger {
    Dataset *dataset;
    const DataOptions *options;
    const Observer *observer;
    const DataFiles *files;
    int32_t *first; /* (rows): the first row with the same text */
} Arranger;

bool row_list_make(RowList *list, int begin, int end, Error *err) {
    list->rows = malloc(((size_t)(end - begin) + 1) * sizeof *list->rows);
    if (!list->rows) return FAIL(err, ERROR_FAILED, "out of memory for %d row numbers", end - begin);
    list->count = end - begin;
    for (int i = 0; i < list->count; i++) list->rows[i] = begin + i;
    return true;
}

/* ---- cutting ---- */

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

static bool handle_rare(Arranger *arranger, const int *texts, int needed, Error *err) {
    Buffer list = {0};
    int rare, before = arranger->dataset->splits[SPLIT_TRAIN].count;
    list_rare(&list, arranger->dataset, texts, needed, &rare);
    bool ok = buffer_ok(&list, err);
    if (ok && rare && !arranger->options->drop_rare)
        ok = FAIL(err, ERROR_DATA,
                  "%s: %d class%s too rare to split, with fewer than %d different texts: %s; --drop_rare leaves %s out",
                  arranger->files->paths[SPLIT_TRAIN].text, rare, rare > 1 ? "es are" : " is", needed, list.data,
                  rare > 1 ? "them" : "it");
    if (ok && rare) {
        ok = leave_out_rare(arranger->dataset, texts, needed, err);
        observer_note(arranger->observer, "left out as too rare to split (different texts): %s; %d rows", list.data,
                      before - arranger->dataset->splits[SPLIT_TRAIN].count);
    }
    buffer_free(&list);
    return ok;
}

/* Cuts the training rows by shares; those who go elsewhere fill the (empty) other lists. */
static bool cut_train(Arranger *arranger, const double shares[SPLIT_COUNT], Error *err) {
    Dataset *dataset = arranger->dataset;
    int needed = 0;
    for (int split = 0; split < SPLIT_COUNT; split++) needed += shares[split] > 0;
    RowList *train = &dataset->splits[SPLIT_TRAIN];
    uint8_t *side = mem_new((size_t)dataset->rows, 1, err);
    int *texts = mem_new((size_t)dataset->classes, sizeof *texts, err);
    SplitTask task = {.rows = train,
                      .labels = dataset->labels,
                      .first = arranger->first,
                      .classes = dataset->classes,
                      .seed = arranger->options->seed};
    memcpy(task.shares, shares, sizeof task.shares);
    bool ok = side && texts && split_count_texts(&task, texts, err) && handle_rare(arranger, texts, needed, err);
    task.classes = dataset->classes;
    ok = ok && split_stratify(&task, side, err);
    for (int split = SPLIT_VALIDATION; ok && split < SPLIT_COUNT; split++)
        if (shares[split] > 0) {
            free(dataset->splits[split].rows);
            ok = row_list_make(&dataset->splits[split], 0, train->count, err);
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

static bool split_single_file(Arranger *arranger, Error *err) {
    double shares[SPLIT_COUNT];
    char counts[SPLIT_COUNT][32];
    const Dataset *dataset = arranger->dataset;
    if (!split_parse_shares(shares, arranger->options->split ? arranger->options->split : "80,10,10", err) ||
        !cut_train(arranger, shares, err))
        return false;
    for (int split = 0; split < SPLIT_COUNT; split++) count_text(counts[split], dataset->splits[split].count);
    observer_note(arranger->observer,
                  "%s is split here: %s train, %s validation, %s test rows (by class, seed %" PRIu64 ", equal texts on one side)",
                  dataset->file_names[0], counts[0], counts[1], counts[2], arranger->options->seed);
    return true;
}

static bool cut_validation(Arranger *arranger, Error *err) {
    char cut[32], all[32];
    count_text(all, arranger->dataset->splits[SPLIT_TRAIN].count);
    if (!cut_train(arranger, validation_shares, err)) return false;
    count_text(cut, arranger->dataset->splits[SPLIT_VALIDATION].count);
    observer_note(arranger->observer,
                  "no validation file: %s of the %s rows of %s validate (10 %%, by class, seed %" PRIu64
                  ", equal texts on one side)",
                  cut, all, arranger->dataset->file_names[0], arranger->options->seed);
    return true;
}

/* The splits that are not given are cut from train. */
static bool make_missing_splits(Arranger *arranger, Error *err) {
    Dataset *dataset = arranger->dataset;
    const bool *given = arranger->files->given;
    if (!given[SPLIT_TRAIN]) {
        Split found = given[SPLIT_TEST] ? SPLIT_TEST : SPLIT_VALIDATION;
        return FAIL(err, ERROR_DATA, "%s: no training rows: found %s, but no train.* beside it (--train_file)",
                    arranger->options->data ? arranger->options->data : arranger->files->paths[found].text,
                    arranger->files->names[found].text);
    }
    if (given[SPLIT_VALIDATION] && given[SPLIT_TEST]) return true;
    if (!given[SPLIT_VALIDATION] && !given[SPLIT_TEST]) return split_single_file(arranger, err);
    if (given[SPLIT_VALIDATION]) {
        RowList none = dataset->splits[SPLIT_TEST];
        dataset->splits[SPLIT_TEST] = dataset->splits[SPLIT_VALIDATION];
        dataset->splits[SPLIT_VALIDATION] = none;
        observer_note(arranger->observer, "no test file: the rows of %s test, and others are cut from %s to validate",
                      dataset->file_names[1], dataset->file_names[0]);
    }
    return cut_validation(arranger, err);
}

/* ---- leaks ---- */

/* Training rows whose text also stands in a later split leave, when the user says so: equal but for case, Unicode form, spaces and
 * punctuation, or also near (datasets/near.h). */
static bool drop_leaks(Arranger *arranger, Error *err) {
    Dataset *dataset = arranger->dataset;
    const char *choice = arranger->options->drop_leaks;
    if (!choice || strcmp(choice, "none") == 0) return true;
    bool near = strcmp(choice, "near") == 0;
    if (!near && strcmp(choice, "train") != 0)
        return FAIL(err, ERROR_USAGE, "--drop_leaks '%s': expected none, train or near", choice);
    Audit audit = {0};
    if (!audit_run(&audit, dataset, err) || !audit_compare(&audit, dataset, NULL, err)) {
        audit_free(&audit);
        return false;
    }
    int leaked = AUDIT_LEAKED | AUDIT_NORMALIZED_LEAKED | (near ? AUDIT_NEAR_LEAKED : 0);
    RowList *train = &dataset->splits[SPLIT_TRAIN];
    int kept = 0, before = train->count;
    for (int i = 0; i < before; i++)
        if (!(audit.flags[train->rows[i]] & leaked)) train->rows[kept++] = train->rows[i];
    train->count = kept;
    dataset->leaks_dropped = before - kept;
    audit_free(&audit);
    if (kept < before)
        observer_note(arranger->observer, "%d training row%s left out, whose text also stands in validation or test%s", before - kept,
                      before - kept > 1 ? "s are" : " is", near ? ", or nearly so" : "");
    return true;
}

/* ---- what must hold for training ---- */

static bool check_training(const Arranger *arranger, Error *err) {
    const Dataset *dataset = arranger->dataset;
    const char *path = arranger->files->paths[SPLIT_TRAIN].text;
    int64_t *counts = mem_new((size_t)dataset->classes + 1, sizeof *counts, err);
    if (!counts) return false;
    dataset_count_classes(dataset, SPLIT_TRAIN, counts);
    int present = 0, missing = -1;
    for (int k = 0; k < dataset->classes; k++) {
        present += counts[k] > 0;
        if (!counts[k] && missing < 0) missing = k;
    }
    bool ok = present > 1 ||
              FAIL(err, ERROR_DATA, "%s: a single class%s%s%s, expected two or more", path, dataset->classes == 1 ? " ('" : "",
                   dataset->classes == 1 ? dataset->class_names[0] : "", dataset->classes == 1 ? "')" : "");
    for (int split = SPLIT_VALIDATION; ok && split < SPLIT_COUNT; split++) {
        const RowList *list = &dataset->splits[split];
        if (!list->count) ok = FAIL(err, ERROR_DATA, "%s: no %s rows", path, split_name((Split)split));
        for (int i = 0; ok && i < list->count; i++) {
            int row = list->rows[i], label = dataset->labels[row];
            if (!counts[label])
                ok = FAIL(err, ERROR_DATA, "%s:%" PRId64 ": label '%s' is unseen in training: no row of %s has it",
                          dataset->file_names[dataset->file[row]], dataset->line[row], dataset->class_names[label],
                          dataset->file_names[0]);
        }
    }
    if (ok && missing >= 0)
        ok = FAIL(err, ERROR_DATA, "%s: no row of class '%s', which --label_names lists", path, dataset->class_names[missing]);
    mem_free(counts);
    return ok;
}

static bool sample_splits(Arranger *arranger, Error *err) {
    Dataset *dataset = arranger->dataset;
    const DataOptions *options = arranger->options;
    const int64_t most[SPLIT_COUNT] = {options->max_train_samples, options->max_eval_samples, options->max_predict_samples};
    for (int split = 0; split < SPLIT_COUNT; split++) {
        RowList *list = &dataset->splits[split];
        char before[32], after[32];
        if (most[split] <= 0 || most[split] >= list->count) continue;
        count_text(before, list->count);
        if (!split_sample(list, dataset->labels, dataset->classes, (int)most[split], options->seed, (Split)split, err))
            return false;
        count_text(after, list->count);
        observer_note(arranger->observer, "%s of the %s %s rows are used, drawn by class (seed %" PRIu64 ")", after, before,
                      split_name((Split)split), options->seed);
    }
    return true;
}

bool dataset_arrange(Dataset *dataset, const DataFiles *files, const DataOptions *options, const Observer *observer, Error *err) {
    Arranger arranger = {dataset, options, observer, files, mem_new((size_t)dataset->rows, sizeof(int32_t), err)};
    bool ok = arranger.first && split_group_texts(dataset, arranger.first, err) && make_missing_splits(&arranger, err) &&
              drop_leaks(&arranger, err) && check_training(&arranger, err) && sample_splits(&arranger, err);
    mem_free(arranger.first);
    return ok;
}
