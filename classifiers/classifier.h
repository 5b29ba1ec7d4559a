/* What stands on the features, whichever it is: train, choose C, predict, save, load.
 *
 *   Classifier classifier = {0};
 *   bool ok = classifier_train(&classifier, &train, train_labels, NULL, NULL, classes, &options, pool, NULL, err)
 *          && classifier_predict(&classifier, &test, test_labels, pool, &predictions, err)
 *          && classifier_save(&classifier, "runs/cls-logreg/model", err);
 *   classifier_free(&classifier); */
#ifndef TWOFOLD_CLASSIFIERS_CLASSIFIER_H
#define TWOFOLD_CLASSIFIERS_CLASSIFIER_H

#include <stdint.h>

#include "classifiers/dummy.h"
#include "classifiers/linear_model.h"
#include "common/error.h"
#include "common/observer.h"
#include "common/parallel.h"
#include "features/features.h"
#include "metrics/predictions.h"

#pragma GCC visibility push(default)

typedef enum ClassifierKind { CLASSIFIER_LOGREG, CLASSIFIER_SVM, CLASSIFIER_DUMMY } ClassifierKind;

typedef enum ClassifierSolver { SOLVER_LIBLINEAR, SOLVER_LBFGS } ClassifierSolver;

enum { C_CHOICES_MAX = 32 };

typedef struct ClassifierOptions {
    ClassifierKind classifier;
    ClassifierSolver solver; /* of logreg; the SVM is liblinear's */
    double C;                /* inverse strength of regularisation; 0: the best of C_choices ("auto") */
    double C_choices[C_CHOICES_MAX];
    int C_count;
    bool balanced;      /* class_weight "balanced" */
    double tolerance;   /* in the solver's own measure; 0: 1e-4, what scikit-learn's are */
    int max_iterations; /* of lbfgs; liblinear's own limit is 1,000 */
    int folds;          /* of the choice of C where there are no validation rows */
    DummyStrategy strategy;
    uint64_t seed; /* of the folds and the dummy's draws */
} ClassifierOptions;

#define CLASSIFIER_DEFAULTS \
    { \
        .classifier = CLASSIFIER_LOGREG, .solver = SOLVER_LIBLINEAR, .C = 1, .C_choices = {1, 10, 100}, .C_count = 3, \
        .tolerance = 1e-4, .max_iterations = 1000, .folds = 5, .strategy = DUMMY_PRIOR, .seed = 42 \
    }

/* How C was chosen: the accuracy of each choice, on validation rows or over the folds. count 0: C was given. */
typedef struct CSearch {
    int count;
    double C[C_CHOICES_MAX];
    double accuracy[C_CHOICES_MAX];
    double best;
    int folds; /* 0: on validation rows */
} CSearch;

typedef struct Classifier {
    ClassifierKind kind;
    ClassifierSolver solver;
    LinearModel linear; /* of logreg and svm */
    Dummy dummy;
    CSearch search;
} Classifier;

/* labels (train->count) are class ids in 0 … classes-1, and each class has a row. `validation` with its labels is only read to
 * choose C (NULL: by stratified folds of train). Whether it converged stands in classifier->linear.converged. */
MUST_CHECK bool classifier_train(Classifier *classifier, const FeatureView *train, const int32_t *labels,
                                 const FeatureView *validation, const int32_t *validation_labels, int classes,
                                 const ClassifierOptions *options, Pool *pool, const Observer *observer, Error *err);
void classifier_free(Classifier *classifier); /* takes a zeroed one, and leaves a zeroed one */

/* truth (view->count) may be NULL. The dummy reads view->count only. */
MUST_CHECK bool classifier_predict(const Classifier *classifier, const FeatureView *view, const int32_t *truth, Pool *pool,
                                   Predictions *out, Error *err);

int classifier_classes(const Classifier *classifier);

/* Into and from a model folder (docs/FORMATS.md): classifier.json (what it is and how it was trained), classifier.safetensors (`weight`,
 * `bias` of a linear one, `prior` of a dummy; float64), and for logreg and svm liblinear.model, which is written and never read. */
MUST_CHECK bool classifier_save(const Classifier *classifier, const char *folder, Error *err);
MUST_CHECK bool classifier_load(Classifier *classifier, const char *folder, Error *err);

/* One line for a log: "liblinear logistic regression, C 10, balanced: converged in 9 iterations". */
void classifier_describe(const Classifier *classifier, char out[256]);

/* Names as the flags have them: "logreg", "svm", "dummy"; "liblinear", "lbfgs". */
const char *classifier_kind_name(ClassifierKind kind);
bool classifier_kind_find(const char *name, ClassifierKind *kind);
const char *classifier_solver_name(ClassifierSolver solver);
bool classifier_solver_find(const char *name, ClassifierSolver *solver);

#pragma GCC visibility pop
#endif
