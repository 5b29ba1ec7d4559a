#include "compare/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/utf8.h"

/* A file that is written row by row: the buffer is emptied into it before it grows large. */
static void add_row(FileWriter *file, Buffer *row) {
    buffer_text(row, "\n");
    file_writer_add(file, row->data, row->size);
    row->size = 0;
}

static bool finish_file(FileWriter *file, Buffer *row, Error *err) {
    bool ok = buffer_ok(row, err) && file_writer_commit(file, err);
    file_writer_cancel(file);
    buffer_free(row);
    return ok;
}

static void add_label(Buffer *row, char *const *labels, int label) {
    buffer_text(row, ",");
    if (label >= 0) escape_csv(row, labels[label], strlen(labels[label]));
}

static void add_number(Buffer *row, double value) {
    char text[32] = "";
    if (isfinite(value)) number_text(text, value);
    buffer_printf(row, ",%s", text);
}

/* id,text,label,predicted */
static void add_answer(Buffer *row, const Dataset *dataset, int number, const Predictions *predictions, int i,
                       char *const *labels) {
    Buffer id = {0};
    size_t size;
    dataset_add_id(&id, dataset, number);
    escape_csv(row, id.data ? id.data : "", id.size);
    buffer_text(row, ",");
    const char *text = dataset_text(dataset, number, &size);
    escape_csv(row, text, size);
    add_label(row, labels, predictions->truth ? predictions->truth[i] : NO_LABEL);
    add_label(row, labels, predictions->predicted[i]);
    if (id.failed) row->failed = true;
    buffer_free(&id);
}

static double probability_of(const Predictions *predictions, int i, int class) {
    return predictions->probabilities[(size_t)i * (size_t)predictions->classes + (size_t) class];
}

/* prob_<label> of every class */
static void add_dense_names(Buffer *row, int classes, char *const *labels) {
    for (int k = 0; k < classes; k++) {
        Buffer name = {0};
        buffer_printf(&name, "prob_%s", labels[k]);
        buffer_text(row, ",");
        escape_csv(row, name.data ? name.data : "", name.size);
        row->failed |= name.failed;
        buffer_free(&name);
    }
}

static void add_likeliest_names(Buffer *row) {
    buffer_text(row, ",score,score_label");
    for (int i = 2; i <= RESULTS_LIKELIEST; i++) buffer_printf(row, ",label_%d,score_%d", i, i);
}

/* The most probable classes but the predicted one, the lower id first among equals; in one pass over the classes. */
static void find_likeliest(int likeliest[RESULTS_LIKELIEST - 1], const Predictions *predictions, int i) {
    int found = 0;
    for (int k = 0; k < predictions->classes; k++) {
        double p = probability_of(predictions, i, k);
        if (k == predictions->predicted[i]) continue;
        if (found == RESULTS_LIKELIEST - 1 && p <= probability_of(predictions, i, likeliest[found - 1])) continue;
        int place = found < RESULTS_LIKELIEST - 1 ? found++ : found - 1;
        for (; place > 0 && p > probability_of(predictions, i, likeliest[place - 1]); place--)
            likeliest[place] = likeliest[place - 1];
        likeliest[place] = k;
    }
}

static void add_likeliest(Buffer *row, const Predictions *predictions, int i, char *const *labels) {
    int likeliest[RESULTS_LIKELIEST - 1];
    find_likeliest(likeliest, predictions, i);
    add_number(row, probability_of(predictions, i, predictions->predicted[i]));
    add_number(row, predictions->truth ? probability_of(predictions, i, predictions->truth[i]) : (double)NAN);
    for (int n = 0; n < RESULTS_LIKELIEST - 1; n++) {
        add_label(row, labels, likeliest[n]);
        add_number(row, probability_of(predictions, i, likeliest[n]));
    }
}

bool results_write_predictions(const char *path, const Dataset *dataset, Split split, const Predictions *predictions,
                               char *const *labels, Error *err) {
    FileWriter file;
    if (!file_writer_open(&file, path, err)) return false;
    bool has_scores = predictions->probabilities != NULL, is_dense = predictions->classes <= DENSE_CLASSES;
    Buffer row = {0};
    buffer_text(&row, "id,text,label,predicted");
    if (has_scores && is_dense) add_dense_names(&row, predictions->classes, labels);
    if (has_scores && !is_dense) add_likeliest_names(&row);
    add_row(&file, &row);
    for (int i = 0; i < predictions->rows; i++) {
        add_answer(&row, dataset, dataset->splits[split].rows[i], predictions, i, labels);
        for (int k = 0; has_scores && is_dense && k < predictions->classes; k++)
            add_number(&row, probability_of(predictions, i, k));
        if (has_scores && !is_dense) add_likeliest(&row, predictions, i, labels);
        add_row(&file, &row);
    }
    return finish_file(&file, &row, err);
}

typedef struct Mistake {
    double loss, prob_label, prob_predicted; /* NaN without probabilities */
    int i;
} Mistake;

static int by_loss(const void *a, const void *b) {
    const Mistake *first = a, *second = b;
    if (first->loss > second->loss) return -1;
    if (first->loss < second->loss) return 1;
    return (first->i > second->i) - (first->i < second->i);
}

static Mistake mistake_at(const Predictions *predictions, int i) {
    Mistake mistake = {(double)NAN, (double)NAN, (double)NAN, i};
    if (!predictions->probabilities) return mistake;
    const double *probabilities = predictions->probabilities + (size_t)i * (size_t)predictions->classes;
    mistake.prob_label = probabilities[predictions->truth[i]];
    mistake.prob_predicted = probabilities[predictions->predicted[i]];
    mistake.loss = -log(fmax(mistake.prob_label, 0x1p-52)); /* clipped as the log loss is */
    return mistake;
}

bool results_write_errors(const char *path, const Dataset *dataset, Split split, const Predictions *predictions,
                          char *const *labels, Error *err) {
    FileWriter file;
    Mistake *mistakes = mem_new((size_t)predictions->rows, sizeof *mistakes, err);
    if (!mistakes) return false;
    size_t count = 0;
    for (int i = 0; predictions->truth && i < predictions->rows; i++)
        if (predictions->truth[i] != predictions->predicted[i]) mistakes[count++] = mistake_at(predictions, i);
    if (predictions->probabilities) qsort(mistakes, count, sizeof *mistakes, by_loss);
    bool ok = file_writer_open(&file, path, err);
    if (ok) {
        Buffer row = {0};
        buffer_text(&row, "id,text,label,predicted,loss,prob_label,prob_predicted");
        add_row(&file, &row);
        for (size_t m = 0; m < count; m++) {
            add_answer(&row, dataset, dataset->splits[split].rows[mistakes[m].i], predictions, mistakes[m].i, labels);
            add_number(&row, mistakes[m].loss);
            add_number(&row, mistakes[m].prob_label);
            add_number(&row, mistakes[m].prob_predicted);
            add_row(&file, &row);
        }
        ok = finish_file(&file, &row, err);
    }
    mem_free(mistakes);
    return ok;
}

void results_metrics(Buffer *out, const SplitScores *scores, char *const *labels) {
    JsonWriter json = json_writer(out, 2);
    json_begin_object(&json);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        if (!scores->scores[split]) continue;
        json_write_key(&json, split_name(split));
        scores_write_json(&json, scores->scores[split], labels);
    }
    json_end_object(&json);
    buffer_text(out, "\n");
}

bool results_write_metrics(const char *path, const SplitScores *scores, char *const *labels, Error *err) {
    Buffer text = {0};
    results_metrics(&text, scores, labels);
    bool ok = file_write_buffer(path, &text, err);
    buffer_free(&text);
    return ok;
}

bool results_write_report(const char *path, const Scores *scores, char *const *labels, Error *err) {
    Buffer text = {0};
    scores_write_report(&text, scores, labels, 4);
    bool ok = file_write_buffer(path, &text, err);
    buffer_free(&text);
    return ok;
}

bool results_write_all(const char *folder, const Dataset *dataset, Split split, const Predictions *predictions,
                       const SplitScores *scores, char *const *labels, Error *err) {
    Path metrics, report, answers, errors;
    if (!folder_make(folder, err) || !path_make(&metrics, err, "%s/metrics.json", folder) ||
        !path_make(&report, err, "%s/classification_report.txt", folder) ||
        !path_make(&answers, err, "%s/predictions.csv", folder) || !path_make(&errors, err, "%s/errors.csv", folder))
        return false;
    if (scores->scores[split] && (!results_write_metrics(metrics.text, scores, labels, err) ||
                                  !results_write_report(report.text, scores->scores[split], labels, err) ||
                                  !results_write_errors(errors.text, dataset, split, predictions, labels, err)))
        return false;
    return results_write_predictions(answers.text, dataset, split, predictions, labels, err);
}
