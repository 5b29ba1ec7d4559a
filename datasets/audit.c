#include "datasets/audit.h"

#include <string.h>

#include "common/utf8.h"
#include "datasets/split.h"

/* What is needed to go through the rows text by text. */
typedef struct Survey {
    uint8_t *split; /* (rows): Split, or SPLIT_COUNT for a row in none */
    int *begins;    /* (rows + 2): where the rows of a text begin in `ordered`, by the text's first row */
    int *ordered;   /* (rows): rows of equal text side by side, ascending */
    int *stamps;    /* (SPLIT_COUNT, classes): the last text that had this label in this split, + 1 */
} Survey;

static void survey_free(Survey *survey) {
    mem_free(survey->split);
    mem_free(survey->begins);
    mem_free(survey->ordered);
    mem_free(survey->stamps);
}

static bool survey_make(Survey *survey, const Dataset *dataset, const int32_t *first, Error *err) {
    size_t rows = (size_t)dataset->rows;
    *survey = (Survey){.split = mem_new(rows, 1, err), .begins = mem_new(rows + 2, sizeof(int), err)};
    survey->ordered = mem_new(rows, sizeof(int), err);
    survey->stamps = mem_new((size_t)(dataset->classes + 1) * SPLIT_COUNT, sizeof(int), err);
    if (!survey->split || !survey->begins || !survey->ordered || !survey->stamps) return false;
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

/* The stamp of a row's label in a split; unlabelled rows share a place of their own. */
static int *stamp_of(const Survey *survey, const Dataset *dataset, int row, int split) {
    int label = dataset->labels[row] == NO_LABEL ? dataset->classes : dataset->labels[row];
    return &survey->stamps[split * (dataset->classes + 1) + label];
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
            audit->flags[row] |= (uint8_t)(b < a ? AUDIT_LEAK : AUDIT_LEAKED);
        }
    }
}

bool audit_run(Audit *audit, const Dataset *dataset, Error *err) {
    Survey survey = {0};
    audit->flags = mem_new((size_t)dataset->rows, 1, err);
    audit->first = mem_new((size_t)dataset->rows, sizeof *audit->first, err);
    bool ok = audit->flags && audit->first && split_group_texts(dataset, audit->first, err) &&
              survey_make(&survey, dataset, audit->first, err);
    for (int row = 0; ok && row < dataset->rows; row++) {
        int begin = survey.begins[row], count = survey.begins[row + 1] - begin;
        if (count > 1) audit_text(audit, dataset, &survey, survey.ordered + begin, count);
        if (survey.split[row] != SPLIT_COUNT) audit->empty[survey.split[row]] += dataset->starts[row] == dataset->starts[row + 1];
    }
    survey_free(&survey);
    return ok;
}

void audit_free(Audit *audit) {
    mem_free(audit->flags);
    mem_free(audit->first);
    *audit = (Audit){0};
}

static void add_row(Buffer *out, const Dataset *dataset, int row, const uint8_t *split) {
    Buffer id = {0};
    dataset_add_id(&id, dataset, row);
    if (id.data) escape_csv(out, id.data, id.size);
    buffer_free(&id);
    buffer_printf(out, ",%s,", split_name((Split)split[row]));
    if (dataset->labels[row] != NO_LABEL)
        escape_csv(out, dataset->class_names[dataset->labels[row]], strlen(dataset->class_names[dataset->labels[row]]));
}

/* Of one text: in each split its first row, and its first row with another label than that; -1 where there is none. */
typedef struct TextFacts {
    int first[SPLIT_COUNT], different[SPLIT_COUNT];
} TextFacts;

static TextFacts text_facts(const Dataset *dataset, const Survey *survey, const int *rows, int count) {
    TextFacts facts = {{-1, -1, -1}, {-1, -1, -1}};
    for (int i = 0; i < count; i++) {
        int split = survey->split[rows[i]], *first = &facts.first[split], *different = &facts.different[split];
        if (*first < 0) *first = rows[i];
        if (*different < 0 && dataset->labels[rows[i]] != dataset->labels[*first]) *different = rows[i];
    }
    return facts;
}

static void add_problem(Buffer *out, const Dataset *dataset, const Survey *survey, const char *name, int row, int other) {
    size_t size;
    const char *text = dataset_text(dataset, row, &size);
    buffer_printf(out, "%s,", name);
    add_row(out, dataset, row, survey->split);
    buffer_text(out, ",");
    add_row(out, dataset, other, survey->split);
    buffer_text(out, ",");
    escape_csv(out, text, size);
    buffer_text(out, "\n");
}

static void add_problems(Buffer *out, const Audit *audit, const Dataset *dataset, const Survey *survey, const TextFacts *facts,
                         int row) {
    int split = survey->split[row], earlier = SPLIT_TRAIN;
    int first = facts->first[split], same_label = dataset->labels[row] == dataset->labels[first];
    if (audit->flags[row] & AUDIT_DUPLICATE) add_problem(out, dataset, survey, "duplicate", row, first);
    if (audit->flags[row] & AUDIT_CONFLICT)
        add_problem(out, dataset, survey, "conflict", row, same_label ? facts->different[split] : first);
    while (earlier < split && facts->first[earlier] < 0) earlier++;
    if (audit->flags[row] & AUDIT_LEAK) add_problem(out, dataset, survey, "leak", row, facts->first[earlier]);
}

bool audit_write_csv(const Audit *audit, const Dataset *dataset, const char *path, Error *err) {
    FileWriter writer = {0};
    Survey survey = {0};
    Buffer lines = {0};
    if (!file_writer_open(&writer, path, err)) return false;
    bool ok = survey_make(&survey, dataset, audit->first, err);
    file_writer_printf(&writer, "problem,id,split,label,other_id,other_split,other_label,text\n");
    for (int text = 0; ok && text < dataset->rows; text++) {
        const int *rows = survey.ordered + survey.begins[text];
        int count = survey.begins[text + 1] - survey.begins[text];
        if (count < 2) continue;
        TextFacts facts = text_facts(dataset, &survey, rows, count);
        for (int i = 0; i < count; i++) {
            lines.size = 0;
            add_problems(&lines, audit, dataset, &survey, &facts, rows[i]);
            file_writer_add(&writer, lines.data, lines.size);
        }
    }
    ok = ok && buffer_ok(&lines, err) && file_writer_commit(&writer, err);
    file_writer_cancel(&writer);
    survey_free(&survey);
    buffer_free(&lines);
    return ok;
}
