#include "compare/answers_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "datasets/reader_csv.h"

enum { NO_COLUMN = -1, NO_ROW = -1 };

static const double ROUNDING = 0.02; /* how far a sum of rounded probabilities may be from 1 */

/* One line's answer. */
typedef struct Answer {
    int32_t row;       /* of the data; NO_ROW where the file has no ids */
    int32_t predicted; /* class */
    int32_t truth;     /* class, or NO_LABEL where the file does not say */
    int64_t line;
} Answer;

typedef struct ClassName {
    const char *name;
    int number;
} ClassName;

typedef struct Reading {
    const char *path;
    const Dataset *dataset;
    Input input;
    CsvStyle style;
    Record record;
    int id, predicted, label; /* columns */
    int *probability;         /* (classes) columns; NULL without */
    int columns;
    ClassName *names; /* (classes), by name */
    Answer *answers;
    size_t count, capacity;
    double *probabilities; /* (count, classes) */
    size_t probabilities_capacity;
    int64_t rescaled; /* rows whose probabilities summed to 1 only about */
} Reading;

static void reading_free(Reading *reading) {
    input_close(&reading->input);
    record_free(&reading->record);
    mem_free(reading->probability);
    mem_free(reading->names);
    free(reading->answers);
    free(reading->probabilities);
}

/* ---- classes by name ---- */

static bool same_text(const char *text, size_t size, const char *name) {
    return strlen(name) == size && memcmp(text, name, size) == 0;
}

static int by_name(const void *a, const void *b) { return strcmp(((const ClassName *)a)->name, ((const ClassName *)b)->name); }

static bool sort_names(Reading *reading, Error *err) {
    size_t classes = (size_t)reading->dataset->classes;
    reading->names = mem_new(classes, sizeof *reading->names, err);
    if (!reading->names) return false;
    for (size_t k = 0; k < classes; k++) reading->names[k] = (ClassName){reading->dataset->class_names[k], (int)k};
    qsort(reading->names, classes, sizeof *reading->names, by_name);
    return true;
}

/* The class of that name, or NO_LABEL. */
static int find_class(const Reading *reading, const char *text, size_t size) {
    int low = 0, high = reading->dataset->classes - 1;
    while (low <= high) {
        int middle = low + (high - low) / 2;
        const char *name = reading->names[middle].name;
        size_t length = strlen(name);
        int order = memcmp(text, name, size < length ? size : length);
        if (order == 0) order = (size > length) - (size < length);
        if (order == 0) return reading->names[middle].number;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return NO_LABEL;
}

/* "the labels are a, b, c" with at most a dozen of them */
static bool fail_unknown_label(const Reading *reading, const char *text, size_t size, Error *err) {
    const Dataset *dataset = reading->dataset;
    Buffer names = {0};
    for (int k = 0; k < dataset->classes && k < 12; k++) buffer_printf(&names, "%s%.40s", k ? ", " : "", dataset->class_names[k]);
    if (dataset->classes > 12) buffer_printf(&names, " and %d more", dataset->classes - 12);
    FAIL(err, ERROR_DATA, "%s:%lld: unknown label '%.*s'; the labels are %s", reading->path, (long long)reading->record.line,
         (int)(size < 60 ? size : 60), text, names.data ? names.data : "");
    buffer_free(&names);
    return false;
}

/* ---- columns ---- */

/* The separator that the first line has, outside of quotes. */
static char find_separator(const char *begin, const char *end) {
    bool quoted = false, comma = false, semicolon = false;
    for (const char *c = begin; c < end && *c != '\n' && *c != '\r'; c++) {
        if (*c == '"') quoted = !quoted;
        if (quoted) continue;
        if (*c == '\t') return '\t';
        comma |= *c == ',';
        semicolon |= *c == ';';
    }
    return semicolon && !comma ? ';' : ',';
}

static int find_column(const Record *record, const char *name) {
    for (int i = 0; i < record->fields; i++) {
        size_t size;
        const char *field = record_field(record, i, &size);
        if (same_text(field, size, name)) return i;
    }
    return NO_COLUMN;
}

static bool fail_without_predictions(const Reading *reading, Error *err) {
    Buffer names = {0};
    for (int i = 0; i < reading->record.fields && i < 20; i++) {
        size_t size;
        const char *field = record_field(&reading->record, i, &size);
        buffer_printf(&names, "%s%.*s", i ? ", " : "", (int)(size < 40 ? size : 40), field);
    }
    FAIL(
        err, ERROR_DATA,
        "%s:%lld: no column of predictions: found %s; expected predicted, and id or one line a test row, and prob_LABEL for each "
        "class or for none",
        reading->path, (long long)reading->record.line, names.data ? names.data : "nothing");
    buffer_free(&names);
    return false;
}

/* All classes have a column prob_LABEL, or none has. */
static bool find_probabilities(Reading *reading, Error *err) {
    const Record *record = &reading->record;
    const Dataset *dataset = reading->dataset;
    int *columns = mem_new((size_t)dataset->classes, sizeof *columns, err), found = 0;
    reading->probability = columns;
    if (!columns) return false;
    for (int k = 0; k < dataset->classes; k++) columns[k] = NO_COLUMN;
    for (int i = 0; i < record->fields; i++) {
        size_t size;
        const char *field = record_field(record, i, &size);
        if (size < 5 || memcmp(field, "prob_", 5) != 0) continue;
        int k = find_class(reading, field + 5, size - 5);
        if (k == NO_LABEL) return fail_unknown_label(reading, field + 5, size - 5, err);
        if (columns[k] != NO_COLUMN)
            return FAIL(err, ERROR_DATA, "%s:%lld: two columns prob_%s", reading->path, (long long)record->line,
                        dataset->class_names[k]);
        columns[k] = i;
        found++;
    }
    for (int k = 0; k < dataset->classes && found; k++)
        if (columns[k] == NO_COLUMN)
            return FAIL(err, ERROR_DATA, "%s:%lld: probabilities of %d of %d classes; prob_%s is missing", reading->path,
                        (long long)record->line, found, dataset->classes, dataset->class_names[k]);
    if (found) return true;
    mem_free(columns);
    reading->probability = NULL;
    return true;
}

/* Reads the first line. *is_answer: it has no names, and is itself the first label of a list. */
static bool read_names(Reading *reading, bool *is_answer, Error *err) {
    static const char *const NAMES[] = {"predicted", "prediction", "predicted_label", "pred"};
    bool found;
    if (!input_peek(&reading->input, 1, err)) return false;
    reading->style = (CsvStyle){.separator = find_separator(reading->input.at, reading->input.end), .quotes = true};
    if (!csv_read(&reading->input, reading->style, &reading->record, &found, err)) return false;
    if (!found) return FAIL(err, ERROR_DATA, "%s: the file is empty", reading->path);
    const Record *record = &reading->record;
    reading->columns = record->fields;
    reading->predicted = reading->label = NO_COLUMN;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES && reading->predicted == NO_COLUMN; i++)
        reading->predicted = find_column(record, NAMES[i]);
    reading->id = find_column(record, "id");
    int label = find_column(record, "label");
    if (reading->predicted == NO_COLUMN && find_column(record, "score") != NO_COLUMN)
        reading->predicted = label;
    else
        reading->label = label;
    if (!find_probabilities(reading, err)) return false;
    *is_answer = false;
    if (reading->predicted != NO_COLUMN || reading->probability) return true;
    size_t size;
    const char *field = record_field(record, 0, &size);
    *is_answer = record->fields == 1 && find_class(reading, field, size) != NO_LABEL;
    if (*is_answer || (record->fields == 1 && reading->label == 0)) reading->predicted = 0;
    if (reading->predicted == NO_COLUMN) return fail_without_predictions(reading, err);
    reading->label = NO_COLUMN;
    return true;
}

/* ---- lines ---- */

/* The row of an id "file:line", or NO_ROW. Rows lie in the order of their files and lines. */
static int find_row(const Dataset *dataset, const char *id, size_t size) {
    size_t colon = size;
    while (colon > 0 && id[colon - 1] != ':') colon--;
    if (colon == 0 || colon == size || size - colon > 18) return NO_ROW;
    int64_t line = 0;
    for (size_t i = colon; i < size; i++) {
        if (id[i] < '0' || id[i] > '9') return NO_ROW;
        line = line * 10 + (id[i] - '0');
    }
    int file = 0;
    while (file < dataset->files && !same_text(id, colon - 1, dataset->file_names[file])) file++;
    int low = 0, high = dataset->rows - 1;
    while (low <= high) {
        int middle = low + (high - low) / 2;
        if (dataset->file[middle] == file && dataset->line[middle] == line) return middle;
        if (dataset->file[middle] < file || (dataset->file[middle] == file && dataset->line[middle] < line))
            low = middle + 1;
        else
            high = middle - 1;
    }
    return NO_ROW;
}

static bool read_label(const Reading *reading, int column, int32_t *label, Error *err) {
    size_t size;
    const char *field = record_field(&reading->record, column, &size);
    *label = find_class(reading, field, size);
    return *label != NO_LABEL || fail_unknown_label(reading, field, size, err);
}

static bool read_number(const Reading *reading, int k, double *value, Error *err) {
    char text[64], *end = text;
    size_t size;
    const char *field = record_field(&reading->record, reading->probability[k], &size);
    if (size < sizeof text) {
        memcpy(text, field, size);
        text[size] = '\0';
        *value = strtod(text, &end);
    }
    if (end > text && *end == '\0' && *value >= 0 && *value <= 1) return true;
    return FAIL(err, ERROR_DATA, "%s:%lld: prob_%s is '%.*s', expected a number from 0 to 1", reading->path,
                (long long)reading->record.line, reading->dataset->class_names[k], (int)(size < 40 ? size : 40), field);
}

/* Room for one more answer, and its probabilities. */
static bool make_room(Reading *reading, Error *err) {
    size_t K = (size_t)reading->dataset->classes;
    void *answers = mem_grow(reading->answers, &reading->capacity, reading->count + 1, sizeof(Answer), err);
    if (!answers) return false;
    reading->answers = answers;
    if (!reading->probability) return true;
    void *probabilities =
        mem_grow(reading->probabilities, &reading->probabilities_capacity, (reading->count + 1) * K, sizeof(double), err);
    if (probabilities) reading->probabilities = probabilities;
    return probabilities != NULL;
}

static bool read_probabilities(Reading *reading, double *row, Error *err) {
    int K = reading->dataset->classes;
    double sum = 0;
    for (int k = 0; k < K; k++) {
        if (!read_number(reading, k, &row[k], err)) return false;
        sum += row[k];
    }
    if (fabs(sum - 1) > ROUNDING)
        return FAIL(err, ERROR_DATA, "%s:%lld: the probabilities sum to %.6g, expected 1", reading->path,
                    (long long)reading->record.line, sum);
    if (fabs(sum - 1) <= 1e-6) return true; /* as predictions_check has it */
    reading->rescaled++;
    for (int k = 0; k < K; k++) row[k] /= sum;
    return true;
}

static bool fail_unknown_id(const Reading *reading, const char *id, size_t size, Error *err) {
    Buffer example = {0};
    dataset_add_id(&example, reading->dataset, reading->dataset->splits[SPLIT_TEST].rows[0]);
    FAIL(err, ERROR_DATA,
         "%s:%lld: id '%.*s' is no row of the data; ids are file:line as in splits.csv, the first test row is %s", reading->path,
         (long long)reading->record.line, (int)(size < 80 ? size : 80), id, example.data ? example.data : "");
    buffer_free(&example);
    return false;
}

static bool read_answer(Reading *reading, Error *err) {
    const Record *record = &reading->record;
    if (record->fields != reading->columns)
        return FAIL(err, ERROR_DATA, "%s:%lld: %d fields, expected %d", reading->path, (long long)record->line, record->fields,
                    reading->columns);
    if (!make_room(reading, err)) return false;
    Answer *answer = &reading->answers[reading->count];
    *answer = (Answer){.row = NO_ROW, .truth = NO_LABEL, .line = record->line};
    if (reading->id != NO_COLUMN) {
        size_t size;
        const char *id = record_field(record, reading->id, &size);
        answer->row = find_row(reading->dataset, id, size);
        if (answer->row == NO_ROW) return fail_unknown_id(reading, id, size, err);
    }
    if (reading->predicted != NO_COLUMN && !read_label(reading, reading->predicted, &answer->predicted, err)) return false;
    if (reading->label != NO_COLUMN && !read_label(reading, reading->label, &answer->truth, err)) return false;
    if (reading->probability) {
        double *row = reading->probabilities + reading->count * (size_t)reading->dataset->classes;
        if (!read_probabilities(reading, row, err)) return false;
        if (reading->predicted == NO_COLUMN) answer->predicted = argmax(row, reading->dataset->classes);
    }
    reading->count++;
    return true;
}

static bool read_answers(Reading *reading, Error *err) {
    bool found = true, is_answer = false;
    if (!read_names(reading, &is_answer, err)) return false;
    if (is_answer && !read_answer(reading, err)) return false;
    while (found) {
        if (!csv_read(&reading->input, reading->style, &reading->record, &found, err)) return false;
        if (found && !read_answer(reading, err)) return false;
    }
    return true;
}

/* ---- rows ---- */

/* Without ids: the test rows in their order, or all rows of the data. */
static bool number_rows(Reading *reading, Error *err) {
    const Dataset *dataset = reading->dataset;
    const RowList *test = &dataset->splits[SPLIT_TEST];
    bool all = reading->count == (size_t)dataset->rows;
    if (reading->count != (size_t)test->count && !all)
        return FAIL(
            err, ERROR_DATA,
            "%s: %zu answers without ids, expected %d, one for each test row in order (or %d, one for each row of the data)",
            reading->path, reading->count, test->count, dataset->rows);
    for (size_t i = 0; i < reading->count; i++) reading->answers[i].row = all ? (int32_t)i : test->rows[i];
    return true;
}

static bool check_truth(const Reading *reading, Error *err) {
    const Dataset *dataset = reading->dataset;
    for (size_t i = 0; i < reading->count; i++) {
        const Answer *answer = &reading->answers[i];
        int label = dataset->labels[answer->row];
        if (answer->truth == NO_LABEL || answer->truth == label) continue;
        Buffer id = {0};
        dataset_add_id(&id, dataset, answer->row);
        FAIL(err, ERROR_DATA, "%s:%lld: label is '%s', but that of %s is '%s': answers to other rows, or to other labels",
             reading->path, (long long)answer->line, dataset->class_names[answer->truth], id.data ? id.data : "",
             label >= 0 ? dataset->class_names[label] : "");
        buffer_free(&id);
        return false;
    }
    return true;
}

/* answer_of[row]: number of the answer + 1, or 0. */
static bool match_rows(const Reading *reading, int *answer_of, Error *err) {
    for (size_t i = 0; i < reading->count; i++) {
        int *place = &answer_of[reading->answers[i].row];
        if (*place)
            return FAIL(err, ERROR_DATA, "%s:%lld: the row of line %lld once more", reading->path,
                        (long long)reading->answers[i].line, (long long)reading->answers[*place - 1].line);
        *place = (int)i + 1;
    }
    return true;
}

/* Rows of the split without an answer; *first is the first of them. */
static int count_missing(const int *answer_of, const RowList *rows, int *first) {
    int missing = 0;
    for (int i = 0; i < rows->count; i++) {
        if (answer_of[rows->rows[i]]) continue;
        if (!missing++) *first = rows->rows[i];
    }
    return missing;
}

static bool fill(Predictions *out, const Reading *reading, const int *answer_of, const RowList *rows, Error *err) {
    const Dataset *dataset = reading->dataset;
    size_t K = (size_t)dataset->classes;
    if (!predictions_make(out, rows->count, dataset->classes, NULL, reading->probability != NULL, err)) return false;
    out->truth = mem_new((size_t)rows->count, sizeof *out->truth, err);
    if (!out->truth) return false;
    for (int i = 0; i < rows->count; i++) {
        size_t answer = (size_t)answer_of[rows->rows[i]] - 1;
        out->truth[i] = dataset->labels[rows->rows[i]];
        out->predicted[i] = reading->answers[answer].predicted;
        if (reading->probability)
            memcpy(out->probabilities + (size_t)i * K, reading->probabilities + answer * K, K * sizeof(double));
    }
    return predictions_check(out, err) || error_prefix(err, "%s", reading->path);
}

static bool hand_over(Predictions predictions[SPLIT_COUNT], const Reading *reading, const int *answer_of, Error *err) {
    const Dataset *dataset = reading->dataset;
    int first = 0, missing = count_missing(answer_of, &dataset->splits[SPLIT_TEST], &first);
    if (missing) {
        Buffer id = {0};
        dataset_add_id(&id, dataset, first);
        FAIL(err, ERROR_DATA, "%s: %d of %d test rows have no answer; the first is %s", reading->path, missing,
             dataset->splits[SPLIT_TEST].count, id.data ? id.data : "");
        buffer_free(&id);
        return false;
    }
    const RowList *validation = &dataset->splits[SPLIT_VALIDATION], none = {0};
    bool answered = count_missing(answer_of, validation, &first) == 0;
    return fill(&predictions[SPLIT_TEST], reading, answer_of, &dataset->splits[SPLIT_TEST], err) &&
           fill(&predictions[SPLIT_VALIDATION], reading, answer_of, answered ? validation : &none, err);
}

static void describe(char how[512], const Reading *reading, const Predictions predictions[SPLIT_COUNT]) {
    char test[32], validation[32], rescaled[96] = "", count[32];
    count_text(test, predictions[SPLIT_TEST].rows);
    count_text(validation, predictions[SPLIT_VALIDATION].rows);
    count_text(count, reading->rescaled);
    if (reading->rescaled)
        (void)snprintf(rescaled, sizeof rescaled, "; rounded probabilities of %s line%s divided by their sum", count,
                       reading->rescaled == 1 ? "" : "s");
    (void)snprintf(how, 512, "answers of %.200s by %s: %s test and %s validation rows, with%s probabilities%s", reading->path,
                   reading->id != NO_COLUMN ? "id" : "order", test, validation, reading->probability ? "" : "out", rescaled);
}

bool answers_file_read(Predictions predictions[SPLIT_COUNT], char how[512], const char *path, const Dataset *dataset,
                       Error *err) {
    Reading reading = {.path = path, .dataset = dataset};
    int *answer_of = mem_new((size_t)dataset->rows, sizeof *answer_of, err);
    bool good = answer_of && sort_names(&reading, err) && input_open(&reading.input, path, err) && read_answers(&reading, err) &&
                (reading.id != NO_COLUMN || number_rows(&reading, err)) && match_rows(&reading, answer_of, err) &&
                check_truth(&reading, err) && hand_over(predictions, &reading, answer_of, err);
    if (good) describe(how, &reading, predictions);
    mem_free(answer_of);
    reading_free(&reading);
    return good;
}
