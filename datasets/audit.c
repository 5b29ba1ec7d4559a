#include "datasets/audit.h"

#include <math.h>
#include <string.h>

#include "datasets/audit_inside.h"
#include "datasets/split.h"

void survey_free(Survey *survey) {
    mem_free(survey->split);
    mem_free(survey->begins);
    mem_free(survey->ordered);
    mem_free(survey->stamps);
    mem_free(survey->counts);
}

bool survey_make(Survey *survey, const Dataset *dataset, const int32_t *first, Error *err) {
    size_t rows = (size_t)dataset->rows;
    *survey = (Survey){.split = mem_new(rows, 1, err), .begins = mem_new(rows + 2, sizeof(int), err)};
    survey->ordered = mem_new(rows, sizeof(int), err);
    survey->stamps = mem_new((size_t)(dataset->classes + 1) * SPLIT_COUNT, sizeof(int), err);
    survey->counts = mem_new((size_t)(dataset->classes + 1) * SPLIT_COUNT, sizeof(int), err);
    if (!survey->counts || !survey->split || !survey->begins || !survey->ordered || !survey->stamps) return false;
    memset(survey->split, SPLIT_COUNT, rows);
    for (int split = 0; split < SPLIT_COUNT; split++)
        for (int i = 0; i < dataset->splits[split].count; i++) survey->split[dataset->splits[split].rows[i]] = (uint8_t)split;
    for (int row = 0; row < dataset->rows; row++)
        if (survey->split[row] != SPLIT_COUNT) survey->begins[first[row] + 2]++;
    for (int row = 0; row < dataset->rows; row++) survey->begins[row + 1] += survey->begins[row];
    for (int row = 0; row < dataset->rows; row++)
        if (survey->split[row] != SPLIT_COUNT) survey->ordered[survey->begins[first[row] + 1]++] = row;
    return true;
}

/* Where a row's label has its place in a split; unlabelled rows share one of their own. */
static int place_of(const Dataset *dataset, int row, int split) {
    int label = dataset->labels[row] == NO_LABEL ? dataset->classes : dataset->labels[row];
    return split * (dataset->classes + 1) + label;
}

static int *stamp_of(const Survey *survey, const Dataset *dataset, int row, int split) {
    return &survey->stamps[place_of(dataset, row, split)];
}

/* Rows of the most frequent label in each split. Uses `counts` and leaves it zero. */
static void count_right_at_most(Audit *audit, const Dataset *dataset, const Survey *survey, const int *rows, int count) {
    int most[SPLIT_COUNT] = {0};
    for (int i = 0; i < count; i++) {
        int split = survey->split[rows[i]], rows_of_label = ++survey->counts[place_of(dataset, rows[i], split)];
        if (rows_of_label > most[split]) most[split] = rows_of_label;
    }
    for (int i = 0; i < count; i++) survey->counts[place_of(dataset, rows[i], survey->split[rows[i]])] = 0;
    for (int split = 0; split < SPLIT_COUNT; split++) audit->right_at_most[split] += most[split];
}

/* All rows of one text, two or more. */
static void audit_text(Audit *audit, const Dataset *dataset, const Survey *survey, const int *rows, int count) {
    int text = audit->first[rows[0]] + 1, present[SPLIT_COUNT] = {0}, labels[SPLIT_COUNT] = {0};
    bool several = false;
    for (int i = 0; i < count; i++) {
        int split = survey->split[rows[i]], *stamp = stamp_of(survey, dataset, rows[i], split);
        if (present[split]++) audit->flags[rows[i]] |= AUDIT_DUPLICATE;
        labels[split] += *stamp != text;
        *stamp = text;
        several |= dataset->labels[rows[i]] != dataset->labels[rows[0]];
    }
    audit->conflict_texts += several;
    count_right_at_most(audit, dataset, survey, rows, count);
    for (int split = 0; split < SPLIT_COUNT; split++) {
        if (present[split]) audit->duplicates[split] += present[split] - 1;
        audit->conflicts[split] += labels[split] > 1;
    }
    for (int i = 0; i < count; i++) {
        int row = rows[i], a = survey->split[row];
        if (labels[a] > 1) audit->flags[row] |= AUDIT_CONFLICT;
        for (int b = 0; b < SPLIT_COUNT; b++) {
            if (b == a || !present[b]) continue;
            audit->leaks[a][b]++;
            audit->leaks_otherwise[a][b] += *stamp_of(survey, dataset, row, b) != text;
            audit->flags[row] |= (uint16_t)(b < a ? AUDIT_LEAK : AUDIT_LEAKED);
        }
    }
}

bool audit_run(Audit *audit, const Dataset *dataset, Error *err) {
    Survey survey = {0};
    audit->suspect_count = -1;
    audit->flags = mem_new((size_t)dataset->rows, sizeof *audit->flags, err);
    audit->first = mem_new((size_t)dataset->rows, sizeof *audit->first, err);
    bool ok = audit->flags && audit->first && split_group_texts(dataset, audit->first, err) &&
              survey_make(&survey, dataset, audit->first, err);
    for (int row = 0; ok && row < dataset->rows; row++) {
        int begin = survey.begins[row], count = survey.begins[row + 1] - begin;
        if (count == 1) audit->right_at_most[survey.split[survey.ordered[begin]]]++;
        if (count > 1) audit_text(audit, dataset, &survey, survey.ordered + begin, count);
        if (survey.split[row] != SPLIT_COUNT) audit->empty[survey.split[row]] += dataset->starts[row] == dataset->starts[row + 1];
    }
    survey_free(&survey);
    return ok;
}

void audit_free(Audit *audit) {
    mem_free(audit->flags);
    mem_free(audit->first);
    mem_free(audit->form);
    mem_free(audit->leads);
    mem_free(audit->suspects);
    near_pairs_free(&audit->pairs);
    *audit = (Audit){0};
}


double audit_ceiling(const Audit *audit, const Dataset *dataset, Split split) {
    int rows = dataset->splits[split].count;
    return rows ? (double)audit->right_at_most[split] / rows : (double)NAN;
}
