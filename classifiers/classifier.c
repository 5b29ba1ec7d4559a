#include "classifiers/classifier.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "classifiers/search_c.h"
#include "common/profile.h"

static const char *const KIND_NAMES[] = {"logreg", "svm", "dummy"};
static const char *const SOLVER_NAMES[] = {"liblinear", "lbfgs"};

static bool name_find(const char *const *names, int count, const char *name, int *place) {
    for (*place = 0; *place < count; ++*place)
        if (strcmp(names[*place], name) == 0) return true;
    return false;
}

const char *classifier_kind_name(ClassifierKind kind) { return KIND_NAMES[kind]; }

const char *classifier_solver_name(ClassifierSolver solver) { return SOLVER_NAMES[solver]; }

bool classifier_kind_find(const char *name, ClassifierKind *kind) {
    int place;
    if (!name_find(KIND_NAMES, 3, name, &place)) return false;
    *kind = (ClassifierKind)place;
    return true;
}

bool classifier_solver_find(const char *name, ClassifierSolver *solver) {
    int place;
    if (!name_find(SOLVER_NAMES, 2, name, &place)) return false;
    *solver = (ClassifierSolver)place;
    return true;
}

static bool train_chosen(Classifier *classifier, const FeatureView *train, const int32_t *labels, const FeatureView *validation,
                         const int32_t *validation_labels, int classes, const ClassifierOptions *options, Pool *pool,
                         const Observer *observer, Error *err) {
    *classifier = (Classifier){.kind = options->classifier, .solver = options->solver};
    if (options->classifier == CLASSIFIER_DUMMY)
        return dummy_train(&classifier->dummy, labels, train->count, classes, options->strategy, options->seed, err);
    if (options->classifier == CLASSIFIER_SVM) classifier->solver = SOLVER_LIBLINEAR;
    if (!(options->C >= 0) || !isfinite(options->C))
        return FAIL(err, ERROR_USAGE, "C is %g, expected a positive number, or auto", options->C);
    if (!feature_view_check(train, err)) return false;
    if (options->C > 0)
        return linear_train(&classifier->linear, train, labels, classes, options, options->C, NULL, pool, observer, err);
    return search_c(&classifier->search, &classifier->linear, train, labels, validation, validation_labels, classes, options,
                    pool, observer, err);
}

bool classifier_train(Classifier *classifier, const FeatureView *train, const int32_t *labels, const FeatureView *validation,
                      const int32_t *validation_labels, int classes, const ClassifierOptions *options, Pool *pool,
                      const Observer *observer, Error *err) {
    ProfilePart before = pool_enter(pool, PROFILE_CLASSIFIER);
    bool good = train_chosen(classifier, train, labels, validation, validation_labels, classes, options, pool, observer, err);
    (void)pool_enter(pool, before);
    return good;
}

void classifier_free(Classifier *classifier) {
    linear_model_free(&classifier->linear);
    dummy_free(&classifier->dummy);
    *classifier = (Classifier){0};
}

bool classifier_predict(const Classifier *classifier, const FeatureView *view, const int32_t *truth, Pool *pool, Predictions *out,
                        Error *err) {
    if (classifier->kind == CLASSIFIER_DUMMY) return dummy_predict(&classifier->dummy, view->count, truth, out, err);
    ProfilePart before = pool_enter(pool, PROFILE_CLASSIFIER);
    bool good = linear_model_predict(&classifier->linear, view, truth, pool, out, err);
    (void)pool_enter(pool, before);
    return good;
}

int classifier_classes(const Classifier *classifier) {
    return classifier->kind == CLASSIFIER_DUMMY ? classifier->dummy.classes : classifier->linear.classes;
}

/* " of 1, 10, 100 (validation)" where C was chosen, else "". */
static void describe_search(const CSearch *search, char out[96]) {
    int length = 0;
    out[0] = '\0';
    for (int i = 0; i < search->count && length < 64; i++)
        length += snprintf(out + length, 96 - (size_t)length, "%s%g", i ? ", " : " of ", search->C[i]);
    if (search->count)
        (void)snprintf(out + length, 96 - (size_t)length, " (%s)", search->folds ? "cross-validation" : "validation");
}

void classifier_describe(const Classifier *classifier, char out[256]) {
    if (classifier->kind == CLASSIFIER_DUMMY) {
        static const char *const answers[] = {[DUMMY_MOST_FREQUENT] = "always the most frequent class",
                                              [DUMMY_PRIOR] = "always the most frequent class, with the classes' shares",
                                              [DUMMY_STRATIFIED] = "classes drawn by their shares",
                                              [DUMMY_UNIFORM] = "classes drawn evenly"};
        DummyStrategy strategy = classifier->dummy.strategy;
        snprintf(out, 256, "%s (dummy, %s)", answers[strategy], dummy_strategy_name(strategy));
        return;
    }
    static const char *const names[] = {"one-vs-rest logistic regression (liblinear)", "multinomial logistic regression (lbfgs)",
                                        "linear SVM (liblinear)"};
    const LinearModel *model = &classifier->linear;
    const char *s = model->iterations == 1 ? "" : "s";
    char how[96];
    if (model->converged)
        snprintf(how, sizeof how, "converged in %d iteration%s", model->iterations, s);
    else
        snprintf(how, sizeof how, "NOT converged after %d iteration%s (%.2g, asked for %.2g)", model->iterations, s,
                 model->gradient_norm, model->tolerance);
    char choices[96];
    describe_search(&classifier->search, choices);
    snprintf(out, 256, "%s, C %g%s%s: %s", names[model->kind], model->C, choices, model->balanced ? ", balanced" : "", how);
}
