#include "classifiers/search_c.h"

#include <math.h>
#include <string.h>

#include "classifiers/liblinear.h"
#include "classifiers/multinomial.h"
#include "common/memory.h"
#include "common/random.h"

bool linear_train(LinearModel *model, const FeatureView *train, const int32_t *labels, int classes,
                  const ClassifierOptions *options, double C, const LinearModel *start, Pool *pool, const Observer *observer,
                  Error *err) {
    double tolerance = options->tolerance > 0 ? options->tolerance : 1e-4;
    if (options->classifier == CLASSIFIER_LOGREG && options->solver == SOLVER_LBFGS) {
        MultinomialOptions multinomial = {
            .C = C, .balanced = options->balanced, .tolerance = tolerance, .max_iterations = options->max_iterations};
        return multinomial_train(model, train, labels, classes, &multinomial, start, pool, observer, err);
    }
    LiblinearOptions liblinear = {.kind = options->classifier == CLASSIFIER_SVM ? LINEAR_SVM : LINEAR_OVR,
                                  .C = C,
                                  .balanced = options->balanced,
                                  .tolerance = tolerance};
    /* Minutes on many rows, and liblinear cannot be told to stop: until it is done a wish ends the process. */
    if (observer_stop_asking(observer)) return FAIL(err, ERROR_INTERRUPTED, "stopped before training");
    bool good = liblinear_train(model, train, labels, classes, &liblinear, start, pool, err);
    (void)observer_stop(observer);
    return good;
}

static bool choices_sort(CSearch *search, const ClassifierOptions *options, Error *err) {
    *search = (CSearch){.count = options->C_count};
    if (options->C_count < 1 || options->C_count > C_CHOICES_MAX)
        return FAIL(err, ERROR_USAGE, "%d values of C to choose from, expected 1 to %d", options->C_count, C_CHOICES_MAX);
    for (int i = 0; i < search->count; i++) {
        double C = options->C_choices[i];
        if (!(C > 0) || !isfinite(C)) return FAIL(err, ERROR_USAGE, "C is %g, expected a positive number", C);
        int place = i;
        for (; place > 0 && search->C[place - 1] > C; place--) search->C[place] = search->C[place - 1];
        search->C[place] = C;
    }
    return true;
}

/* How many of the view's rows the model answers as the labels say. */
static bool count_right(const LinearModel *model, const FeatureView *view, const int32_t *labels, Pool *pool, int64_t *right,
                        Error *err) {
    Predictions predictions = {0};
    if (!linear_model_predict(model, view, NULL, pool, &predictions, err)) return false;
    for (int i = 0; i < view->count; i++) *right += predictions.predicted[i] == labels[i];
    predictions_free(&predictions);
    return true;
}

static bool model_copy(LinearModel *to, const LinearModel *from, Error *err) {
    LinearModel copy = *from, room;
    if (!linear_model_make(&room, from->kind, from->classes, from->channels, err)) return false;
    copy.weights = room.weights;
    copy.bias = room.bias;
    memcpy(copy.weights, from->weights, (size_t)from->outputs * (size_t)from->channels * sizeof(double));
    memcpy(copy.bias, from->bias, (size_t)from->outputs * sizeof(double));
    linear_model_free(to);
    *to = copy;
    return true;
}

/* What is trained on, and what is asked about. */
typedef struct Trial {
    FeatureView train, held_out;
    const int32_t *labels, *held_out_labels;
    int classes;
    const ClassifierOptions *options;
    Pool *pool;
    const Observer *observer;
} Trial;

/* right[i] grows by the right answers of choice i; *best (may be NULL) becomes the model of the first choice that has most. */
static bool trial_run(const Trial *trial, const CSearch *search, int64_t *right, LinearModel *best, Error *err) {
    LinearModel before = {0};
    int64_t most = -1;
    bool good = true;
    for (int i = 0; good && i < search->count; i++) {
        LinearModel model = {0};
        int64_t now = 0;
        good = linear_train(&model, &trial->train, trial->labels, trial->classes, trial->options, search->C[i],
                            i ? &before : NULL, trial->pool, trial->observer, err) &&
               count_right(&model, &trial->held_out, trial->held_out_labels, trial->pool, &now, err);
        if (good && best && now > most) good = model_copy(best, &model, err);
        if (now > most) most = now;
        right[i] += now;
        linear_model_free(&before);
        before = model;
        if (good && observer_stop(trial->observer)) good = FAIL(err, ERROR_INTERRUPTED, "stopped while choosing C");
    }
    linear_model_free(&before);
    return good;
}

/* The fold of each row of train, -1 for a row that is the only one of its class. Each class is dealt out in turn. */
static bool folds_deal(int *fold, const int32_t *labels, int rows, int classes, int folds, uint64_t seed, Error *err) {
    int64_t *counts = mem_new((size_t)classes, sizeof *counts, err);
    int *order = mem_new((size_t)rows, sizeof *order, err);
    int *starts = mem_new((size_t)classes + 1, sizeof *starts, err);
    bool good = counts && order && starts && class_counts(counts, labels, rows, classes, err);
    if (good) {
        for (int k = 0; k < classes; k++) starts[k + 1] = starts[k] + (int)counts[k];
        for (int i = 0; i < rows; i++) order[starts[labels[i]]++] = i; /* starts now holds the ends */
        int next = 0;
        for (int k = 0; k < classes; k++) {
            Random random = random_start(seed, STREAM_FOLDS, (uint32_t)k);
            int count = (int)counts[k], *members = order + starts[k] - count;
            random_shuffle(&random, members, count);
            for (int i = 0; i < count; i++) fold[members[i]] = count == 1 ? -1 : next++ % folds;
        }
    }
    mem_free(counts);
    mem_free(order);
    mem_free(starts);
    return good;
}

/* Splits the rows of train into those of fold `held` and the others. rows and labels_out (train->count) take the others first. */
static Trial fold_trial(const FeatureView *train, const int32_t *labels, const int *fold, int held, int32_t *rows,
                        int32_t *labels_out) {
    int others = 0, all = 0;
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < train->count; i++) {
            if ((fold[i] == held) != part) continue;
            rows[all] = feature_view_row(train, i);
            labels_out[all++] = labels[i];
        }
        if (!part) others = all;
    }
    Trial trial = {.train = *train, .held_out = *train, .labels = labels_out, .held_out_labels = labels_out + others};
    trial.train.rows = rows;
    trial.train.count = others;
    trial.held_out.rows = rows + others;
    trial.held_out.count = all - others;
    return trial;
}

/* right[i] grows by the right answers of choice i over all folds; *asked becomes how many were asked. */
static bool folds_run(const CSearch *search, const Trial *whole, int64_t *right, int64_t *asked, Error *err) {
    int rows = whole->train.count;
    int *fold = mem_new((size_t)rows, sizeof *fold, err);
    int32_t *places = mem_new((size_t)rows, sizeof *places, err);
    int32_t *labels = mem_new((size_t)rows, sizeof *labels, err);
    bool good = fold && places && labels &&
                folds_deal(fold, whole->labels, rows, whole->classes, search->folds, whole->options->seed, err);
    for (int held = 0; good && held < search->folds; held++) {
        Trial trial = fold_trial(&whole->train, whole->labels, fold, held, places, labels);
        trial.classes = whole->classes;
        trial.options = whole->options;
        trial.pool = whole->pool;
        trial.observer = whole->observer;
        *asked += trial.held_out.count;
        good = trial_run(&trial, search, right, NULL, err);
        observer_progress(whole->observer, "choosing C", held + 1, search->folds, "folds", "");
    }
    mem_free(fold);
    mem_free(places);
    mem_free(labels);
    return good;
}

static void choose(CSearch *search, const int64_t *right, int64_t asked) {
    int best = 0;
    for (int i = 0; i < search->count; i++) {
        search->accuracy[i] = asked ? (double)right[i] / (double)asked : 0;
        if (right[i] > right[best]) best = i;
    }
    search->best = search->C[best];
}

bool search_c(CSearch *search, LinearModel *best, const FeatureView *train, const int32_t *labels, const FeatureView *validation,
              const int32_t *validation_labels, int classes, const ClassifierOptions *options, Pool *pool,
              const Observer *observer, Error *err) {
    if (!choices_sort(search, options, err)) return false;
    int64_t right[C_CHOICES_MAX] = {0}, asked = 0;
    Trial whole = {.train = *train, .labels = labels, .classes = classes, .options = options, .pool = pool, .observer = observer};
    if (validation && validation->count > 0) {
        whole.held_out = *validation;
        whole.held_out_labels = validation_labels;
        if (!trial_run(&whole, search, right, best, err)) {
            linear_model_free(best);
            return false;
        }
        choose(search, right, validation->count);
        return true;
    }
    search->folds = options->folds;
    if (options->folds < 2) return FAIL(err, ERROR_USAGE, "%d folds to choose C over, expected 2 or more", options->folds);
    if (!folds_run(search, &whole, right, &asked, err)) return false;
    choose(search, right, asked);
    return linear_train(best, train, labels, classes, options, search->best, NULL, pool, observer, err);
}
