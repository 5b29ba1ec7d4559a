#include "compare/label_audit.h"

#include <string.h>

#include "common/random.h"
#include "metrics/label_errors.h"

enum { IN_NO_FOLD = -1 };

/* The rows by their place in the matrix of features. */
typedef struct Judging {
    const LabelAudit *options;
    const Audit *audit;
    int rows, classes;
    int32_t *row;      /* (rows): row number in the dataset */
    int32_t *places;   /* (rows): 0, 1, 2 …; in folds first, then judged by the model of all of these */
    int32_t *labels;   /* (rows) */
    int32_t *fold;     /* (rows): IN_NO_FOLD for rows only trained on, and behind `folded` */
    int folded;        /* so many rows at the front are cut into folds */
    double *probabilities; /* (rows, classes) */
    uint8_t *judged;   /* (rows) */
    int32_t *some, *some_labels; /* (rows): one model's rows */
} Judging;

static void judging_free(Judging *j) {
    mem_free(j->row);
    mem_free(j->places);
    mem_free(j->labels);
    mem_free(j->fold);
    mem_free(j->probabilities);
    mem_free(j->judged);
    mem_free(j->some);
    mem_free(j->some_labels);
}

static bool judging_make(Judging *j, const Audit *audit, const LabelAudit *options, Error *err) {
    const Dataset *dataset = options->dataset;
    *j = (Judging){.options = options, .audit = audit, .classes = dataset->classes};
    for (int split = 0; split < SPLIT_COUNT; split++) j->rows += dataset->splits[split].count;
    size_t rows = (size_t)j->rows;
    j->row = mem_new(rows, sizeof *j->row, err);
    j->places = mem_new(rows, sizeof *j->places, err);
    j->labels = mem_new(rows, sizeof *j->labels, err);
    j->fold = mem_new(rows, sizeof *j->fold, err);
    j->probabilities = mem_new(rows * (size_t)j->classes, sizeof *j->probabilities, err);
    j->judged = mem_new(rows, 1, err);
    j->some = mem_new(rows, sizeof *j->some, err);
    j->some_labels = mem_new(rows, sizeof *j->some_labels, err);
    if (!j->row || !j->places || !j->labels || !j->fold || !j->probabilities || !j->judged || !j->some || !j->some_labels) return false;
    int at = 0;
    for (int split = 0; split < SPLIT_COUNT; split++)
        for (int i = 0; i < dataset->splits[split].count; i++, at++) {
            j->row[at] = dataset->splits[split].rows[i];
            j->places[at] = at;
            j->labels[at] = dataset->labels[j->row[at]];
        }
    j->folded = dataset->splits[SPLIT_TRAIN].count ? dataset->splits[SPLIT_TRAIN].count : j->rows;
    return true;
}

/* ---- folds ---- */

/* Deals the texts of each class to the folds in a drawn order, going on where the class before stopped, so that folds and classes in them are
 * even. A text's class is that of its first row. */
static bool deal_folds(Judging *j, Error *err) {
    size_t forms = (size_t)j->audit->forms;
    int32_t *fold_of = mem_new(forms, sizeof *fold_of, err), *first = mem_new(forms, sizeof *first, err);
    int *begins = mem_new((size_t)j->classes + 2, sizeof *begins, err), *ordered = mem_new(forms, sizeof *ordered, err);
    bool ok = fold_of && first && begins && ordered;
    for (int i = 0; ok && i < j->folded; i++) {
        int form = j->audit->form[j->row[i]];
        if (first[form]) continue;
        first[form] = i + 1;
        begins[j->labels[i] + 2]++;
    }
    for (int k = 0; ok && k < j->classes; k++) begins[k + 1] += begins[k];
    for (int i = 0; ok && i < j->folded; i++) {
        int form = j->audit->form[j->row[i]];
        if (first[form] == i + 1) ordered[begins[j->labels[i] + 1]++] = form;
    }
    for (int k = 0, next = 0; ok && k < j->classes; k++) {
        int *texts = ordered + begins[k], count = begins[k + 1] - begins[k];
        Random random = random_start(j->options->seed, STREAM_FOLDS, 0x40000000u | (uint32_t)k);
        random_shuffle(&random, texts, count);
        for (int i = 0; i < count; i++) fold_of[texts[i]] = count > 1 ? next++ % j->options->folds : IN_NO_FOLD;
    }
    for (int i = 0; ok && i < j->folded; i++) j->fold[i] = fold_of[j->audit->form[j->row[i]]];
    for (int i = j->folded; ok && i < j->rows; i++) j->fold[i] = IN_NO_FOLD;
    mem_free(fold_of);
    mem_free(first);
    mem_free(begins);
    mem_free(ordered);
    return ok;
}

/* ---- one model ---- */

/* A class's rows may all be labelled with it and yet all lie in one fold (a text with several labels): then the model of the others does not know
 * the class. `known` gives its place among the classes of the model. Returns how many these are. */
static int list_training(Judging *j, int left_out, int32_t *known, int *count) {
    int classes = 0;
    *count = 0;
    memset(known, -1, (size_t)j->classes * sizeof *known);
    for (int i = 0; i < j->folded; i++)
        if (j->fold[i] == IN_NO_FOLD || j->fold[i] != left_out) known[j->labels[i]] = 0;
    for (int k = 0; k < j->classes; k++)
        if (known[k] == 0) known[k] = classes++;
    for (int i = 0; i < j->folded; i++)
        if (j->fold[i] == IN_NO_FOLD || j->fold[i] != left_out) {
            j->some[*count] = j->places[i];
            j->some_labels[(*count)++] = known[j->labels[i]];
        }
    return classes;
}

static void keep_answers(Judging *j, const Predictions *p, const int32_t *places, const int32_t *known) {
    for (int i = 0; i < p->rows; i++) {
        double *own = j->probabilities + (size_t)places[i] * (size_t)j->classes;
        for (int k = 0; k < j->classes; k++)
            own[k] = known[k] < 0 ? 0 : p->probabilities[(size_t)i * (size_t)p->classes + (size_t)known[k]];
        j->judged[places[i]] = 1;
    }
}

/* Trains without a fold and judges its rows; left_out IN_NO_FOLD: trains on all that are in folds and judges the rows behind. */
static bool judge(Judging *j, int left_out, const Observer *observer, Error *err) {
    const LabelAudit *options = j->options;
    Classifier classifier = {0};
    Predictions answers = {0};
    int count, asked = 0;
    int32_t *known = mem_new((size_t)j->classes, sizeof *known, err);
    if (!known) return false;
    int classes = list_training(j, left_out, known, &count);
    bool ok = true;
    if (classes > 1) {
        FeatureView view = features_view_rows(options->features, j->some, count);
        ok = classifier_train(&classifier, &view, j->some_labels, NULL, NULL, classes, &options->classifier, options->pool, observer,
                              err);
        for (int i = left_out == IN_NO_FOLD ? j->folded : 0; ok && i < (left_out == IN_NO_FOLD ? j->rows : j->folded); i++)
            if (left_out == IN_NO_FOLD || j->fold[i] == left_out) j->some[asked++] = j->places[i];
        FeatureView rest = features_view_rows(options->features, j->some, asked);
        ok = ok && (!asked || classifier_predict(&classifier, &rest, NULL, options->pool, &answers, err));
        if (ok && asked) keep_answers(j, &answers, j->some, known);
    }
    classifier_free(&classifier);
    predictions_free(&answers);
    mem_free(known);
    return ok;
}

/* ---- all of it ---- */

static bool find_suspects(Judging *j, Audit *audit, Error *err) {
    Predictions judged = {0};
    LabelError *errors = NULL;
    int count = 0, found = 0;
    for (int i = 0; i < j->rows; i++)
        if (j->judged[i]) {
            j->some[count] = j->places[i];
            j->some_labels[count++] = j->labels[i];
        }
    bool ok = predictions_make(&judged, count, j->classes, j->some_labels, true, err);
    for (int i = 0; ok && i < count; i++)
        memcpy(judged.probabilities + (size_t)i * (size_t)j->classes, j->probabilities + (size_t)j->some[i] * (size_t)j->classes,
               (size_t)j->classes * sizeof(double));
    ok = ok && label_errors_find(&errors, &found, &judged, err);
    audit->suspects = ok ? mem_new((size_t)found, sizeof *audit->suspects, err) : NULL;
    ok = audit->suspects != NULL;
    for (int i = 0; ok && i < found; i++)
        audit->suspects[i] = (AuditSuspect){j->row[j->some[errors[i].row]], errors[i].suggested, errors[i].score};
    if (ok) audit->suspect_count = found;
    mem_free(errors);
    predictions_free(&judged);
    return ok;
}

bool label_audit_run(Audit *audit, const LabelAudit *given, const Observer *observer, Error *err) {
    LabelAudit options = *given;
    Judging j;
    options.classifier.classifier = CLASSIFIER_LOGREG;
    if (!(options.classifier.C > 0)) options.classifier.C = 1;
    bool ok = judging_make(&j, audit, &options, err) && deal_folds(&j, err);
    for (int fold = 0; ok && fold < options.folds; fold++) {
        observer_progress(observer, "label errors", fold, options.folds, "models", "");
        ok = (!observer_stop(observer) || FAIL(err, ERROR_INTERRUPTED, "stopped while looking for label errors")) &&
             judge(&j, fold, observer, err);
    }
    ok = ok && (j.folded == j.rows || judge(&j, IN_NO_FOLD, observer, err)) && find_suspects(&j, audit, err);
    judging_free(&j);
    return ok;
}
