/* audit.csv */
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"
#include "datasets/audit_inside.h"

/* Lines are written when their row is done, so that none of a file's length stands in memory. */
static void flush(FileWriter *writer, Buffer *lines) {
    file_writer_add(writer, lines->data, lines->size);
    lines->size = 0;
}

static bool same_text(const Dataset *dataset, int a, int b) {
    size_t a_size, b_size;
    const char *a_text = dataset_text(dataset, a, &a_size), *b_text = dataset_text(dataset, b, &b_size);
    return a_size == b_size && memcmp(a_text, b_text, a_size) == 0;
}

static void add_row(Buffer *out, const Dataset *dataset, int row, const uint8_t *split) {
    Buffer id = {0};
    dataset_add_id(&id, dataset, row);
    if (id.data) escape_csv(out, id.data, id.size);
    out->failed |= id.failed;
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

static void add_text(Buffer *out, const Dataset *dataset, int row) {
    size_t size;
    const char *text = dataset_text(dataset, row, &size);
    buffer_text(out, ",");
    escape_csv(out, text, size);
}

/* A score of 1 is that of equal texts, which are written once. */
static void add_problem(Buffer *out, const Dataset *dataset, const Survey *survey, const char *name, int row, int other,
                        double score) {
    char number[32];
    number_text(number, score);
    buffer_printf(out, "%s,", name);
    add_row(out, dataset, row, survey->split);
    buffer_text(out, ",");
    add_row(out, dataset, other, survey->split);
    add_text(out, dataset, row);
    if (same_text(dataset, row, other))
        buffer_text(out, ",");
    else
        add_text(out, dataset, other);
    buffer_printf(out, ",%s\n", number);
}

static void add_problems(Buffer *out, const Audit *audit, const Dataset *dataset, const Survey *survey, const TextFacts *facts,
                         int row) {
    int split = survey->split[row], earlier = SPLIT_TRAIN;
    int first = facts->first[split], same_label = dataset->labels[row] == dataset->labels[first];
    if (audit->flags[row] & AUDIT_DUPLICATE) add_problem(out, dataset, survey, "duplicate", row, first, 1);
    if (audit->flags[row] & AUDIT_CONFLICT)
        add_problem(out, dataset, survey, "conflict", row, same_label ? facts->different[split] : first, 1);
    while (earlier < split && facts->first[earlier] < 0) earlier++;
    if (audit->flags[row] & AUDIT_LEAK) add_problem(out, dataset, survey, "leak", row, facts->first[earlier], 1);
}

static void write_equal(FileWriter *writer, Buffer *lines, const Audit *audit, const Dataset *dataset, const Survey *survey) {
    for (int text = 0; text < dataset->rows; text++) {
        const int *rows = survey->ordered + survey->begins[text];
        int count = survey->begins[text + 1] - survey->begins[text];
        if (count < 2) continue;
        TextFacts facts = text_facts(dataset, survey, rows, count);
        for (int i = 0; i < count; i++) add_problems(lines, audit, dataset, survey, &facts, rows[i]);
        flush(writer, lines);
    }
}

static void write_normalized(FileWriter *writer, Buffer *lines, const Audit *audit, const Dataset *dataset, const Survey *survey) {
    for (int row = 0; row < dataset->rows; row++) {
        if (!(audit->flags[row] & (AUDIT_NORMALIZED_DUPLICATE | AUDIT_NORMALIZED_LEAK))) continue;
        const int32_t *leads = audit->leads + (size_t)audit->form[row] * SPLIT_COUNT;
        int split = survey->split[row], earlier = SPLIT_TRAIN;
        if (audit->flags[row] & AUDIT_NORMALIZED_DUPLICATE)
            add_problem(lines, dataset, survey, "normalized_duplicate", row, leads[split], 1);
        while (earlier < split && (leads[earlier] < 0 || same_text(dataset, row, leads[earlier]))) earlier++;
        if (audit->flags[row] & AUDIT_NORMALIZED_LEAK && earlier < split)
            add_problem(lines, dataset, survey, "normalized_leak", row, leads[earlier], 1);
        flush(writer, lines);
    }
}

/* Every pair, once for each two splits that have it, by their first rows; the row is that of the later split. */
static void write_near(FileWriter *writer, Buffer *lines, const Audit *audit, const Dataset *dataset, const Survey *survey) {
    for (int64_t i = 0; i < audit->pairs.count; i++) {
        const NearPair *pair = &audit->pairs.pairs[i];
        const int32_t *x = audit->leads + (size_t)pair->later * SPLIT_COUNT, *y = audit->leads + (size_t)pair->earlier * SPLIT_COUNT;
        double score = (double)pair->shared / pair->all;
        for (int a = 0; a < SPLIT_COUNT; a++)
            for (int b = 0; b < SPLIT_COUNT; b++) {
                if (x[a] < 0 || y[b] < 0) continue;
                bool swap = a < b || (a == b && x[a] < y[b]);
                add_problem(lines, dataset, survey, a == b ? "near_duplicate" : "near_leak", swap ? y[b] : x[a],
                            swap ? x[a] : y[b], score);
            }
        flush(writer, lines);
    }
}

static void write_suspects(FileWriter *writer, Buffer *lines, const Audit *audit, const Dataset *dataset, const Survey *survey) {
    for (int i = 0; i < audit->suspect_count; i++) {
        const AuditSuspect *suspect = &audit->suspects[i];
        const char *suggested = dataset->class_names[suspect->suggested];
        char number[32];
        number_text(number, suspect->score);
        buffer_text(lines, "label_error,");
        add_row(lines, dataset, suspect->row, survey->split);
        buffer_text(lines, ",,,");
        escape_csv(lines, suggested, strlen(suggested));
        add_text(lines, dataset, suspect->row);
        buffer_printf(lines, ",,%s\n", number);
        flush(writer, lines);
    }
}

bool audit_write_csv(const Audit *audit, const Dataset *dataset, const char *path, Error *err) {
    FileWriter writer = {0};
    Survey survey = {0};
    Buffer lines = {0};
    if (!file_writer_open(&writer, path, err)) return false;
    bool ok = survey_make(&survey, dataset, audit->first, err);
    file_writer_printf(&writer, "problem,id,split,label,other_id,other_split,other_label,text,other_text,score\n");
    if (ok) write_equal(&writer, &lines, audit, dataset, &survey);
    if (ok && audit->compared) {
        write_normalized(&writer, &lines, audit, dataset, &survey);
        write_near(&writer, &lines, audit, dataset, &survey);
    }
    if (ok) write_suspects(&writer, &lines, audit, dataset, &survey);
    ok = ok && buffer_ok(&lines, err) && file_writer_commit(&writer, err);
    file_writer_cancel(&writer);
    survey_free(&survey);
    buffer_free(&lines);
    return ok;
}
