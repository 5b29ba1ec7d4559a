/* The linear models against scikit-learn and liblinear on the same matrices (tests/golden/linear.json, made by
 * make_linear_golden.py), against themselves with other numbers of threads, and their files when these are damaged. */
#include "tests/check.h"

#include <unistd.h>

#include "classifiers/classifier.h"
#include "classifiers/lbfgs.h"
#include "classifiers/liblinear.h"
#include "classifiers/multinomial.h"
#include "classifiers/search_c.h"
#include "common/file.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/random.h"
#include "features/features.h"

static Error err;

/* ---- the goldens ---- */

typedef struct Case {
    const char *name;
    int classes, outputs;
    double C;
    bool balanced;
    Features dense;
    SparseFeatures sparse;
    FeatureView view;
    int32_t *labels;
    const Json *json;
} Case;

static double *numbers(const Json *array, int count) {
    assert_int_equal(json_size(array), count);
    double *out = mem_new((size_t)count, sizeof *out, &err);
    int i = 0;
    for (const Json *child = json_first(array); child; child = json_next(child)) out[i++] = json_number_or(child, (double)NAN);
    return out;
}

static void sparse_from_dense(SparseFeatures *out, const Features *dense) {
    int64_t entries = 0, next = 0;
    int count = dense->rows * dense->channels;
    for (int i = 0; i < count; i++) entries += dense->values[i] != 0;
    CHECK_OK(sparse_features_make(out, dense->rows, dense->channels, entries, &err), &err);
    for (int r = 0; r < dense->rows; r++) {
        for (int c = 0; c < dense->channels; c++) {
            float value = dense->values[r * dense->channels + c];
            if (value == 0) continue;
            out->indices[next] = c;
            out->values[next++] = (double)value;
        }
        out->starts[r + 1] = next;
    }
}

static Case case_load(const Json *json) {
    Case one = {.json = json,
                .name = json_string_or(json_get(json, "name"), ""),
                .C = json_number_or(json_get(json, "C"), 0),
                .classes = (int)json_int_or(json_get(json, "classes"), 0),
                .balanced = json_bool_or(json_get(json, "balanced"), false)};
    one.outputs = one.classes == 2 ? 1 : one.classes;
    int rows = (int)json_int_or(json_get(json, "rows"), 0), channels = (int)json_int_or(json_get(json, "channels"), 0);
    CHECK_OK(features_make(&one.dense, rows, channels, &err), &err);
    double *x = numbers(json_get(json, "x"), rows * channels), *labels = numbers(json_get(json, "labels"), rows);
    for (int i = 0; i < rows * channels; i++) one.dense.values[i] = (float)x[i];
    one.labels = mem_new((size_t)rows, sizeof *one.labels, &err);
    for (int i = 0; i < rows; i++) one.labels[i] = (int32_t)labels[i];
    sparse_from_dense(&one.sparse, &one.dense);
    mem_free(x);
    mem_free(labels);
    return one;
}

static void case_free(Case *one) {
    features_free(&one->dense);
    sparse_features_free(&one->sparse);
    mem_free(one->labels);
}

static FeatureView case_view(const Case *one, bool sparse) {
    return sparse ? sparse_features_view(&one->sparse) : features_view(&one->dense);
}

/* Runs `check` on every case, as dense and as sparse features: the judge's matrix is the same. */
static void for_each_case(void (*check)(const Case *, const FeatureView *)) {
    Json *json = json_parse_file(TESTS_FOLDER "/golden/linear.json", ERROR_MODEL, &err);
    if (!json) fail_msg("%s", err.message);
    int cases = 0;
    for (const Json *child = json_first(json_get(json, "cases")); child; child = json_next(child), cases++) {
        Case one = case_load(child);
        for (int sparse = 0; sparse < 2; sparse++) {
            FeatureView view = case_view(&one, sparse);
            check(&one, &view);
        }
        case_free(&one);
    }
    assert_int_equal(cases, 8);
    json_free(json);
}

/* Weights and bias against the judge's, a row an output, the bias last. */
static void check_weights(const Case *one, const char *key, const LinearModel *model, double absolute, double relative) {
    int width = model->channels + 1;
    double *judge = numbers(json_get(one->json, key), model->outputs * width);
    for (int k = 0; k < model->outputs; k++) {
        for (int c = 0; c < width; c++) {
            double ours = c < model->channels ? model->weights[k * model->channels + c] : model->bias[k];
            double expected = judge[k * width + c];
            if (!is_close(ours, expected, absolute, relative))
                fail_msg("%s, %s: output %d, channel %d is %.12g, expected %.12g", one->name, key, k, c, ours, expected);
        }
    }
    mem_free(judge);
}

static void check_probabilities(const Case *one, const char *key, const LinearModel *model, const FeatureView *view,
                                double absolute) {
    Predictions answers = {0};
    CHECK_OK(linear_model_predict(model, view, one->labels, NULL, &answers, &err), &err);
    CHECK_OK(predictions_check(&answers, &err), &err);
    double *judge = numbers(json_get(one->json, key), 5 * one->classes);
    for (int i = 0; i < 5 * one->classes; i++) CHECK_CLOSE(answers.probabilities[i], judge[i], absolute, 0);
    mem_free(judge);
    predictions_free(&answers);
}

/* liblinear stops where the value f changes by less than 1e-12 f, whatever -e asks. f is at least as curved as ½ w·w, so the
 * weights are then within sqrt(2e-12 f) of the optimum: 4e-5 where f is some hundreds, as it is here at C 100. */
static void check_logreg(const Case *one, const FeatureView *view) {
    LinearModel model = {0};
    LiblinearOptions options = {.kind = LINEAR_OVR, .C = one->C, .balanced = one->balanced, .tolerance = 1e-7};
    CHECK_OK(liblinear_train(&model, view, one->labels, one->classes, &options, NULL, NULL, &err), &err);
    check_weights(one, "logreg", &model, 5e-5, 0);
    check_probabilities(one, "logreg_probabilities", &model, view, 1e-5);
    linear_model_free(&model);
}

static void check_svm(const Case *one, const FeatureView *view) {
    LinearModel model = {0};
    LiblinearOptions options = {.kind = LINEAR_SVM, .C = one->C, .balanced = one->balanced, .tolerance = 1e-7};
    CHECK_OK(liblinear_train(&model, view, one->labels, one->classes, &options, NULL, NULL, &err), &err);
    check_weights(one, "svm", &model, 5e-5, 0);
    Predictions answers = {0};
    CHECK_OK(linear_model_predict(&model, view, NULL, NULL, &answers, &err), &err);
    assert_null(answers.probabilities);
    predictions_free(&answers);
    linear_model_free(&model);
}

/* Own solver in double: a gradient of 1e-10 leaves the weights within 1e-10 · C S of the optimum. */
static void check_multinomial(const Case *one, const FeatureView *view) {
    LinearModel model = {0};
    MultinomialOptions options = {.C = one->C, .balanced = one->balanced, .tolerance = 1e-10, .max_iterations = 10000};
    CHECK_OK(multinomial_train(&model, view, one->labels, one->classes, &options, NULL, NULL, NULL, &err), &err);
    if (!model.converged) fail_msg("%s: gradient %g after %d iterations", one->name, model.gradient_norm, model.iterations);
    check_weights(one, "multinomial", &model, 2e-6, 2e-6);
    check_probabilities(one, "multinomial_probabilities", &model, view, 1e-7);
    linear_model_free(&model);
}

static void test_logreg_matches_scikit_learn(void **state) {
    (void)state;
    for_each_case(check_logreg);
}

static void test_svm_matches_scikit_learn(void **state) {
    (void)state;
    for_each_case(check_svm);
}

static void test_multinomial_matches_scikit_learn(void **state) {
    (void)state;
    for_each_case(check_multinomial);
}

/* ---- made-up rows ---- */

typedef struct Rows {
    Features dense;
    SparseFeatures sparse;
    int32_t *labels;
    int classes;
} Rows;

static Rows rows_make(int rows, int channels, int classes, double share_of_zeros, double signal) {
    Rows out = {.classes = classes};
    CHECK_OK(features_make(&out.dense, rows, channels, &err), &err);
    out.labels = mem_new((size_t)rows, sizeof *out.labels, &err);
    Random random = random_start(7, STREAM_TEST, 1);
    for (int i = 0; i < rows; i++) {
        out.labels[i] = i < classes ? i : (int32_t)random_below(&random, (uint32_t)classes);
        for (int c = 0; c < channels; c++) {
            double value = random_normal(&random) + (c % classes == out.labels[i] ? signal : 0);
            out.dense.values[i * channels + c] = random_uniform(&random) < share_of_zeros ? 0 : (float)value;
        }
    }
    sparse_from_dense(&out.sparse, &out.dense);
    return out;
}

static void rows_free(Rows *rows) {
    features_free(&rows->dense);
    sparse_features_free(&rows->sparse);
    mem_free(rows->labels);
}

static void check_same_bytes(const LinearModel *a, const LinearModel *b) {
    assert_int_equal(a->outputs, b->outputs);
    assert_memory_equal(a->weights, b->weights, (size_t)a->outputs * (size_t)a->channels * sizeof(double));
    assert_memory_equal(a->bias, b->bias, (size_t)a->outputs * sizeof(double));
    assert_int_equal(a->iterations, b->iterations);
    assert_true(a->converged == b->converged);
}

static void check_threads(const FeatureView *view, const int32_t *labels, int classes, const ClassifierOptions *options) {
    static const int threads[] = {1, 2, 3, 8};
    Classifier first = {0};
    for (int t = 0; t < 4; t++) {
        Pool *pool = pool_new(threads[t], &err);
        Classifier classifier = {0};
        Predictions answers = {0};
        CHECK_OK(classifier_train(&classifier, view, labels, NULL, NULL, classes, options, pool, NULL, &err), &err);
        CHECK_OK(classifier_predict(&classifier, view, labels, pool, &answers, &err), &err);
        if (t) check_same_bytes(&classifier.linear, &first.linear);
        predictions_free(&answers);
        if (t)
            classifier_free(&classifier);
        else
            first = classifier;
        pool_free(pool);
    }
    classifier_free(&first);
}

static void test_same_bytes_for_any_threads(void **state) {
    (void)state;
    static const int classes[] = {2, 5};
    for (int i = 0; i < 2; i++) {
        Rows dense = rows_make(2100, 33, classes[i], 0, 0.5), sparse = rows_make(900, 5000, classes[i], 0.99, 0.5);
        FeatureView views[] = {features_view(&dense.dense), sparse_features_view(&sparse.sparse)};
        for (int v = 0; v < 2; v++) {
            const int32_t *labels = v ? sparse.labels : dense.labels;
            ClassifierOptions options = CLASSIFIER_DEFAULTS;
            check_threads(&views[v], labels, classes[i], &options);
            options.balanced = true;
            options.solver = SOLVER_LBFGS;
            check_threads(&views[v], labels, classes[i], &options);
            options.classifier = CLASSIFIER_SVM;
            check_threads(&views[v], labels, classes[i], &options);
        }
        rows_free(&dense);
        rows_free(&sparse);
    }
}

/* Rows that nothing tells apart and a C that insists: the dual does not get there in its passes, and Newton's method ends what it began. */
static void test_svm_that_is_hard(void **state) {
    (void)state;
    Rows rows = rows_make(400, 40, 3, 0.5, 0.1);
    FeatureView views[] = {features_view(&rows.dense), sparse_features_view(&rows.sparse)};
    LinearModel models[2] = {0};
    LiblinearOptions options = {.kind = LINEAR_SVM, .C = 1e4, .tolerance = 1e-5};
    for (int v = 0; v < 2; v++) {
        CHECK_OK(liblinear_train(&models[v], &views[v], rows.labels, 3, &options, NULL, NULL, &err), &err);
        assert_true(models[v].converged);
    }
    assert_true(models[1].iterations > 300); /* the dual's passes, and Newton's steps */
    for (int i = 0; i < 3 * 40; i++) CHECK_CLOSE(models[1].weights[i], models[0].weights[i], 1e-4, 0);
    for (int v = 0; v < 2; v++) linear_model_free(&models[v]);
    options.C = 0;
    CHECK_FAILS(liblinear_train(&models[0], &views[1], rows.labels, 3, &options, NULL, NULL, &err), &err, ERROR_USAGE, "C 0");
    rows_free(&rows);
}

/* ½ w·w + C Σ c_i ξ(y_i w·x_i) of one output, in a loop of its own. */
static double value_of(const LinearModel *model, int k, const FeatureView *view, const int32_t *labels, bool svm) {
    const double *w = model->weights + k * model->channels;
    double value = 0.5 * model->bias[k] * model->bias[k];
    int own = model->outputs == 1 ? 1 : k, positives = 0;
    for (int i = 0; i < view->count; i++) positives += labels[i] == own;
    double weight[2] = {model->outputs == 1 ? view->count / (2.0 * (view->count - positives)) : 1,
                        view->count / ((double)model->classes * positives)};
    for (int c = 0; c < model->channels; c++) value += 0.5 * w[c] * w[c];
    for (int i = 0; i < view->count; i++) {
        double score = model->bias[k];
        for (int c = 0; c < model->channels; c++) score += w[c] * (double)view->dense->values[i * model->channels + c];
        double z = labels[i] == own ? score : -score, loss = svm ? (z < 1 ? (1 - z) * (1 - z) : 0) : log1p(exp(-z));
        value += model->C * (model->balanced ? weight[labels[i] == own] : 1) * loss;
    }
    return value;
}

/* As an encoder's vectors are: one direction holds nearly everything, others a hundred times less, and all channels mix them. */
static Rows rows_make_lopsided(int rows, int channels, int classes) {
    Rows out = rows_make(rows, channels, classes, 0, 0.4);
    for (int i = 0; i < rows; i++) {
        float *x = out.dense.values + i * channels;
        for (int c = 0; c < channels; c++) x[c] *= c % 5 ? 0.05F : 0.5F;
        for (int c = 1; c < channels; c++) x[c] = 0.6F * x[c] + 0.8F * x[c - 1];
        for (int c = 0; c < channels; c++) x[c] += c % 3 ? 1.5F : -2;
    }
    sparse_features_free(&out.sparse);
    sparse_from_dense(&out.sparse, &out.dense);
    return out;
}

/* The judge has the same rows as sparse ones: liblinear itself for logistic regression, the dual for the SVM. Both to the same tolerance, so the same answers but where
 * two classes are level; the gradient that is left was worth up to 1e-6 of the value to liblinear's. */
static void check_against_liblinear(const Rows *rows, const LiblinearOptions *options) {
    FeatureView views[] = {features_view(&rows->dense), sparse_features_view(&rows->sparse)};
    LinearModel models[2] = {0};
    Predictions answers[2] = {0};
    for (int v = 0; v < 2; v++) {
        CHECK_OK(liblinear_train(&models[v], &views[v], rows->labels, rows->classes, options, NULL, NULL, &err), &err);
        assert_true(models[v].converged);
        assert_true(models[v].gradient_norm <= options->tolerance * (1 + 1e-6));
        CHECK_OK(linear_model_predict(&models[v], &views[0], rows->labels, NULL, &answers[v], &err), &err);
    }
    int differ = 0;
    for (int i = 0; i < views[0].count; i++) differ += answers[0].predicted[i] != answers[1].predicted[i];
    assert_true(differ <= views[0].count / 500);
    for (int k = 0; k < models[0].outputs; k++) {
        double ours = value_of(&models[0], k, &views[0], rows->labels, options->kind == LINEAR_SVM);
        double judge = value_of(&models[1], k, &views[0], rows->labels, options->kind == LINEAR_SVM);
        if (ours > judge * (1 + 1e-7)) fail_msg("output %d: value %.12g above the judge's %.12g", k, ours, judge);
        CHECK_CLOSE(ours, judge, 0, 1e-5);
    }
    for (int v = 0; v < 2; v++) {
        predictions_free(&answers[v]);
        linear_model_free(&models[v]);
    }
}

static void test_dense_rows_end_where_liblinear_does(void **state) {
    (void)state;
    for (int classes = 2; classes <= 7; classes += 5) {
        Rows rows = rows_make_lopsided(1500, 40, classes);
        for (double C = 0.01; C < 200; C *= 100)
            for (int which = 0; which < 3; which++)
                check_against_liblinear(&rows, &(LiblinearOptions){.kind = which == 2 ? LINEAR_SVM : LINEAR_OVR,
                                                                   .C = C,
                                                                   .balanced = which == 1,
                                                                   .tolerance = 1e-5});
        rows_free(&rows);
    }
}

/* What the preconditioner is for: without it both took hundreds of steps on such rows. A start near the end shortens the way. */
static void test_lopsided_rows_take_few_steps(void **state) {
    (void)state;
    Rows rows = rows_make_lopsided(1500, 40, 4);
    FeatureView view = features_view(&rows.dense);
    LinearModel many = {0}, first = {0}, again = {0};
    MultinomialOptions multinomial = {.C = 10, .tolerance = 1e-6, .max_iterations = 1000};
    CHECK_OK(multinomial_train(&many, &view, rows.labels, 4, &multinomial, NULL, NULL, NULL, &err), &err);
    assert_true(many.converged);
    if (many.iterations > 60) fail_msg("%d iterations", many.iterations);
    LiblinearOptions options = {.kind = LINEAR_OVR, .C = 10, .tolerance = 1e-6};
    CHECK_OK(liblinear_train(&first, &view, rows.labels, 4, &options, NULL, NULL, &err), &err);
    if (first.iterations > 15) fail_msg("%d steps", first.iterations);
    options.C = 12;
    CHECK_OK(liblinear_train(&again, &view, rows.labels, 4, &options, &first, NULL, &err), &err);
    assert_true(again.converged && again.iterations < first.iterations);
    linear_model_free(&many);
    linear_model_free(&first);
    linear_model_free(&again);
    rows_free(&rows);
}

/* What a training does with a wish to stop: the questions, in their order. */
typedef struct Asked {
    char order[16];
    bool wished;
} Asked;

static bool note_question(void *context, char which) {
    Asked *asked = context;
    size_t used = strlen(asked->order);
    if (used + 1 < sizeof asked->order) asked->order[used] = which;
    return asked->wished;
}

static bool on_stop(void *context) { return note_question(context, 's'); }
static bool on_stop_asking(void *context) { return note_question(context, 'n'); }

/* liblinear is not asked: before it nobody asks any more, so that a program may end at once; behind it wishes are heard again. */
static void test_nobody_asks_while_liblinear_works(void **state) {
    (void)state;
    Rows rows = rows_make_lopsided(200, 10, 3);
    FeatureView view = features_view(&rows.dense);
    for (int svm = 0; svm < 2; svm++) {
        Asked asked = {{0}, false};
        Observer observer = {.context = &asked, .stop = on_stop, .stop_asking = on_stop_asking};
        ClassifierOptions options = CLASSIFIER_DEFAULTS;
        LinearModel model = {0};
        options.classifier = svm ? CLASSIFIER_SVM : CLASSIFIER_LOGREG;
        CHECK_OK(linear_train(&model, &view, rows.labels, 3, &options, 1, NULL, NULL, &observer, &err), &err);
        assert_string_equal(asked.order, "ns");
        linear_model_free(&model);
        asked.wished = true;
        CHECK_FAILS(linear_train(&model, &view, rows.labels, 3, &options, 1, NULL, NULL, &observer, &err), &err, ERROR_INTERRUPTED, "stopped before training");
        assert_string_equal(asked.order, "nsn");
    }
    rows_free(&rows);
}

/* A view of some rows trains what a matrix of exactly these rows trains. */
static void test_view_of_rows(void **state) {
    (void)state;
    Rows all = rows_make(300, 12, 3, 0, 0.7);
    int32_t places[150], labels[150];
    Features half;
    CHECK_OK(features_make(&half, 150, 12, &err), &err);
    for (int i = 0; i < 150; i++) {
        places[i] = 299 - 2 * i;
        labels[i] = all.labels[places[i]];
        memcpy(half.values + i * 12, all.dense.values + places[i] * 12, 12 * sizeof(float));
    }
    FeatureView some = features_view_rows(&all.dense, places, 150), whole = features_view(&half);
    for (int solver = 0; solver < 2; solver++) {
        ClassifierOptions options = CLASSIFIER_DEFAULTS;
        options.solver = solver ? SOLVER_LBFGS : SOLVER_LIBLINEAR;
        Classifier a = {0}, b = {0};
        CHECK_OK(classifier_train(&a, &some, labels, NULL, NULL, 3, &options, NULL, NULL, &err), &err);
        CHECK_OK(classifier_train(&b, &whole, labels, NULL, NULL, 3, &options, NULL, NULL, &err), &err);
        check_same_bytes(&a.linear, &b.linear);
        classifier_free(&a);
        classifier_free(&b);
    }
    features_free(&half);
    rows_free(&all);
}

/* ---- convergence, starts, the choice of C ---- */

static void test_convergence_is_said(void **state) {
    (void)state;
    Rows rows = rows_make(400, 10, 3, 0, 0.3);
    FeatureView view = features_view(&rows.dense);
    ClassifierOptions options = CLASSIFIER_DEFAULTS;
    options.solver = SOLVER_LBFGS;
    options.max_iterations = 2;
    Classifier classifier = {0};
    char line[256];
    CHECK_OK(classifier_train(&classifier, &view, rows.labels, NULL, NULL, 3, &options, NULL, NULL, &err), &err);
    assert_false(classifier.linear.converged);
    assert_int_equal(classifier.linear.iterations, 2);
    classifier_describe(&classifier, line);
    assert_non_null(strstr(line, "NOT converged after 2 iterations"));
    classifier_free(&classifier);

    /* Tighter than double precision allows: liblinear gives up, and that shows. */
    options = (ClassifierOptions)CLASSIFIER_DEFAULTS;
    options.tolerance = 1e-30;
    CHECK_OK(classifier_train(&classifier, &view, rows.labels, NULL, NULL, 3, &options, NULL, NULL, &err), &err);
    assert_false(classifier.linear.converged);
    classifier_free(&classifier);
    options.tolerance = 1e-4;
    CHECK_OK(classifier_train(&classifier, &view, rows.labels, NULL, NULL, 3, &options, NULL, NULL, &err), &err);
    assert_true(classifier.linear.converged);
    assert_in_range(classifier.linear.iterations, 1, 50);
    classifier_free(&classifier);
    rows_free(&rows);
}

static void test_start_leads_to_the_same_optimum(void **state) {
    (void)state;
    Rows rows = rows_make(500, 20, 4, 0, 0.4);
    FeatureView view = features_view(&rows.dense);
    for (int solver = 0; solver < 2; solver++) {
        LinearModel cold = {0}, near = {0}, warm = {0};
        MultinomialOptions lbfgs = {.C = 1, .tolerance = 1e-8, .max_iterations = 1000};
        LiblinearOptions ovr = {.kind = LINEAR_OVR, .C = 1, .tolerance = 1e-6};
        if (solver) {
            CHECK_OK(multinomial_train(&near, &view, rows.labels, 4, &lbfgs, NULL, NULL, NULL, &err), &err);
            lbfgs.C = 1.5;
            CHECK_OK(multinomial_train(&cold, &view, rows.labels, 4, &lbfgs, NULL, NULL, NULL, &err), &err);
            CHECK_OK(multinomial_train(&warm, &view, rows.labels, 4, &lbfgs, &near, NULL, NULL, &err), &err);
        } else {
            CHECK_OK(liblinear_train(&near, &view, rows.labels, 4, &ovr, NULL, NULL, &err), &err);
            ovr.C = 1.5;
            CHECK_OK(liblinear_train(&cold, &view, rows.labels, 4, &ovr, NULL, NULL, &err), &err);
            CHECK_OK(liblinear_train(&warm, &view, rows.labels, 4, &ovr, &near, NULL, &err), &err);
        }
        for (int i = 0; i < 4 * 20; i++) CHECK_CLOSE(warm.weights[i], cold.weights[i], 1e-5, 1e-5);
        linear_model_free(&cold);
        linear_model_free(&near);
        linear_model_free(&warm);
    }
    rows_free(&rows);
}

static void test_C_is_chosen_on_rows_held_out(void **state) {
    (void)state;
    Rows rows = rows_make(260, 60, 3, 0, 0.35);
    int32_t places[260];
    for (int i = 0; i < 260; i++) places[i] = i;
    FeatureView train = features_view_rows(&rows.dense, places, 130),
                validation = features_view_rows(&rows.dense, places + 130, 130);
    ClassifierOptions options = CLASSIFIER_DEFAULTS;
    options.C = 0;
    options.C_count = 4;
    memcpy(options.C_choices, (double[]){100, 0.001, 1, 0.01}, 4 * sizeof(double));
    for (int mode = 0; mode < 3; mode++) {
        options.solver = mode == 1 ? SOLVER_LBFGS : SOLVER_LIBLINEAR;
        Classifier classifier = {0}, again = {0};
        CHECK_OK(classifier_train(&classifier, &train, rows.labels, mode < 2 ? &validation : NULL, rows.labels + 130, 3, &options,
                                  NULL, NULL, &err),
                 &err);
        const CSearch *search = &classifier.search;
        assert_int_equal(search->count, 4);
        assert_int_equal(search->folds, mode < 2 ? 0 : 5);
        double most = -1, chosen = 0;
        for (int i = 0; i < 4; i++) {
            if (i) assert_true(search->C[i] > search->C[i - 1]);
            if (search->accuracy[i] > most) {
                most = search->accuracy[i];
                chosen = search->C[i];
            }
        }
        assert_true(search->best == chosen && classifier.linear.C == chosen);
        CHECK_OK(classifier_train(&again, &train, rows.labels, mode < 2 ? &validation : NULL, rows.labels + 130, 3, &options,
                                  NULL, NULL, &err),
                 &err);
        check_same_bytes(&classifier.linear, &again.linear);
        classifier_free(&classifier);
        classifier_free(&again);
    }
    rows_free(&rows);
}

/* Two choices that answer alike: the smaller stands. And a class of one row does not break the folds. */
static void test_ties_take_the_smallest_C(void **state) {
    (void)state;
    Rows rows = rows_make(90, 4, 2, 0, 8);
    for (int i = 0; i < 90; i++) rows.labels[i] = i == 40 ? 2 : rows.labels[i];
    FeatureView view = features_view(&rows.dense);
    ClassifierOptions options = CLASSIFIER_DEFAULTS;
    options.C = 0;
    options.C_count = 3;
    memcpy(options.C_choices, (double[]){3, 1, 2}, 3 * sizeof(double));
    Classifier classifier = {0};
    CHECK_OK(classifier_train(&classifier, &view, rows.labels, NULL, NULL, 3, &options, NULL, NULL, &err), &err);
    assert_true(classifier.search.accuracy[0] == classifier.search.accuracy[2]);
    assert_true(classifier.search.best == 1);
    classifier_free(&classifier);
    rows_free(&rows);
}

static void test_refusals(void **state) {
    (void)state;
    Rows rows = rows_make(20, 3, 2, 0, 1);
    FeatureView view = features_view(&rows.dense);
    ClassifierOptions options = CLASSIFIER_DEFAULTS;
    Classifier c = {0};
    CHECK_FAILS(classifier_train(&c, &view, rows.labels, NULL, NULL, 3, &options, NULL, NULL, &err), &err, ERROR_DATA,
                "class 2 of 3 has no row");
    options.solver = SOLVER_LBFGS;
    CHECK_FAILS(classifier_train(&c, &view, rows.labels, NULL, NULL, 1, &options, NULL, NULL, &err), &err, ERROR_DATA,
                "two classes");
    options.C = -1;
    CHECK_FAILS(classifier_train(&c, &view, rows.labels, NULL, NULL, 2, &options, NULL, NULL, &err), &err, ERROR_USAGE,
                "C is -1");
    options.C = 1;
    rows.dense.values[7] = NAN;
    CHECK_FAILS(classifier_train(&c, &view, rows.labels, NULL, NULL, 2, &options, NULL, NULL, &err), &err, ERROR_DATA,
                "row 2, channel 1");
    rows_free(&rows);
}

/* ---- probabilities, dummy ---- */

static void test_far_scores(void **state) {
    (void)state;
    LinearModel model = {0};
    CHECK_OK(linear_model_make(&model, LINEAR_OVR, 3, 1, &err), &err);
    model.bias[0] = -2000;
    model.bias[1] = -2001;
    model.bias[2] = -5000;
    Features one;
    CHECK_OK(features_make(&one, 1, 1, &err), &err);
    FeatureView view = features_view(&one);
    Predictions answers = {0};
    CHECK_OK(linear_model_predict(&model, &view, NULL, NULL, &answers, &err), &err);
    CHECK_OK(predictions_check(&answers, &err), &err);
    CHECK_CLOSE(answers.probabilities[0], 1 / (1 + exp(-1)), 1e-12, 0);
    predictions_free(&answers);
    model.channels = 2;
    CHECK_FAILS(linear_model_predict(&model, &view, NULL, NULL, &answers, &err), &err, ERROR_MODEL, "expects 2");
    features_free(&one);
    linear_model_free(&model);
}

static void test_dummy(void **state) {
    (void)state;
    enum { ROWS = 20000 };
    static int32_t labels[ROWS];
    for (int i = 0; i < ROWS; i++) labels[i] = i % 10 < 6 ? 1 : i % 10 < 9 ? 2 : 0; /* 10 %, 60 %, 30 % */
    static const double shares[4][3] = {{0, 1, 0}, {0, 1, 0}, {0.1, 0.6, 0.3}, {1 / 3.0, 1 / 3.0, 1 / 3.0}};
    static const double first_row[4][3] = {{0, 1, 0}, {0.1, 0.6, 0.3}, {-1, -1, -1}, {1 / 3.0, 1 / 3.0, 1 / 3.0}};
    for (int s = 0; s < 4; s++) {
        Dummy dummy = {0};
        Predictions answers = {0};
        CHECK_OK(dummy_train(&dummy, labels, ROWS, 3, (DummyStrategy)s, 42, &err), &err);
        CHECK_OK(dummy_predict(&dummy, ROWS, labels, &answers, &err), &err);
        CHECK_OK(predictions_check(&answers, &err), &err);
        int counts[3] = {0};
        for (int i = 0; i < ROWS; i++) counts[answers.predicted[i]]++;
        /* Five deviations of a binomial share of 20,000 draws are 0.018. */
        for (int k = 0; k < 3; k++) CHECK_CLOSE(counts[k] / (double)ROWS, shares[s][k], 0.018, 0);
        for (int k = 0; k < 3; k++) {
            double expected = s == DUMMY_STRATIFIED ? answers.predicted[0] == k : first_row[s][k];
            CHECK_CLOSE(answers.probabilities[k], expected, 1e-15, 0);
        }
        DummyStrategy found;
        assert_true(dummy_strategy_find(dummy_strategy_name((DummyStrategy)s), &found) && (int)found == s);
        predictions_free(&answers);
        dummy_free(&dummy);
    }
}

/* ---- files ---- */

static char folder[] = "/tmp/twofold-linear-XXXXXX";

static int folder_new(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int folder_gone(void **state) {
    (void)state;
    return folder_remove(folder, &err) ? 0 : -1;
}

static void check_round_trip(const ClassifierOptions *options, const FeatureView *view, const Rows *rows) {
    Classifier saved = {0}, loaded = {0};
    CHECK_OK(classifier_train(&saved, view, rows->labels, NULL, NULL, rows->classes, options, NULL, NULL, &err), &err);
    CHECK_OK(classifier_save(&saved, folder, &err), &err);
    CHECK_OK(classifier_load(&loaded, folder, &err), &err);
    assert_int_equal(loaded.kind, saved.kind);
    assert_int_equal(classifier_classes(&loaded), rows->classes);
    Predictions a = {0}, b = {0};
    CHECK_OK(classifier_predict(&saved, view, NULL, NULL, &a, &err), &err);
    CHECK_OK(classifier_predict(&loaded, view, NULL, NULL, &b, &err), &err);
    assert_memory_equal(a.predicted, b.predicted, (size_t)a.rows * sizeof *a.predicted);
    if (a.probabilities)
        assert_memory_equal(a.probabilities, b.probabilities, (size_t)a.rows * (size_t)a.classes * sizeof(double));
    if (saved.kind != CLASSIFIER_DUMMY) check_same_bytes(&saved.linear, &loaded.linear);
    predictions_free(&a);
    predictions_free(&b);
    classifier_free(&saved);
    classifier_free(&loaded);
}

/* The file cut at every byte but behind the last bracket, where nothing is lost. */
static void check_truncations(const char *name) {
    Path path;
    FileMap map;
    CHECK_OK(path_make(&path, &err, "%s/%s", folder, name), &err);
    CHECK_OK(file_map(&map, path.text, ERROR_MODEL, &err), &err);
    char *whole = mem_copy_text((const char *)map.data, map.size, &err);
    size_t size = map.size;
    file_unmap(&map);
    for (size_t cut = 0; cut + 1 < size; cut++) {
        CHECK_OK(file_write(path.text, whole, cut, &err), &err);
        Classifier classifier;
        if (classifier_load(&classifier, folder, &err)) fail_msg("%s cut at %zu of %zu was read", name, cut, size);
        if (err.kind != ERROR_MODEL) fail_msg("%s cut at %zu: kind %d: %s", name, cut, (int)err.kind, err.message);
        err = (Error){0};
    }
    CHECK_OK(file_write(path.text, whole, size, &err), &err);
    free(whole);
}

static void settings_write(const char *text) {
    Path path;
    CHECK_OK(path_make(&path, &err, "%s/classifier.json", folder), &err);
    CHECK_OK(file_write(path.text, text, strlen(text), &err), &err);
}

static void test_files(void **state) {
    (void)state;
    Rows two = rows_make(40, 3, 2, 0, 1), four = rows_make(60, 4, 4, 0, 1);
    for (int i = 0; i < 2; i++) {
        const Rows *rows = i ? &four : &two;
        FeatureView view = features_view(&rows->dense);
        ClassifierOptions options = CLASSIFIER_DEFAULTS;
        for (int kind = CLASSIFIER_DUMMY; kind >= 0; kind--) {
            options.classifier = (ClassifierKind)kind;
            check_round_trip(&options, &view, rows);
            if (kind != CLASSIFIER_LOGREG) continue;
            options.solver = SOLVER_LBFGS;
            options.C = 0;
            check_round_trip(&options, &view, rows);
        }
    }
    check_truncations("classifier.json");
    check_truncations("classifier.safetensors");
    Classifier classifier;
    static const struct {
        const char *settings, *said;
    } hostile[] = {
        {"{}", "expected 'twofold classifier'"},
        {"[]", "expected 'twofold classifier'"},
        {"{\"format\":\"twofold classifier\",\"version\":9}", "version 9"},
        {"{\"format\":\"twofold classifier\",\"version\":1,\"classifier\":\"tree\"}", "'tree'"},
        {"{\"format\":\"twofold classifier\",\"version\":1,\"classifier\":\"logreg\",\"classes\":1}", "1 classes"},
        {"{\"format\":\"twofold classifier\",\"version\":1,\"classifier\":\"logreg\",\"classes\":1e300}", "-1 classes"},
        {"{\"format\":\"twofold "
         "classifier\",\"version\":1,\"classifier\":\"svm\",\"solver\":\"liblinear\",\"classes\":2147483647,"
         "\"channels\":2147483647}",
         "asks for 2147483647 outputs"},
        {"{\"format\":\"twofold classifier\",\"version\":1,\"classifier\":\"logreg\",\"solver\":\"lbfgs\",\"classes\":4,"
         "\"channels\":2000000000}",
         "expected [4, 2000000000]"},
        {"{\"format\":\"twofold classifier\",\"version\":1,\"classifier\":\"logreg\",\"solver\":\"sgd\",\"classes\":4}", "'sgd'"},
        {"{\"format\":\"twofold "
         "classifier\",\"version\":1,\"classifier\":\"dummy\",\"strategy\":\"prior\",\"seed\":1,\"classes\":4}",
         "no tensor 'prior'"},
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        settings_write(hostile[i].settings);
        CHECK_FAILS(classifier_load(&classifier, folder, &err), &err, ERROR_MODEL, hostile[i].said);
    }
    rows_free(&two);
    rows_free(&four);
}

static void test_liblinear_text(void **state) {
    (void)state;
    LinearModel model = {0};
    CHECK_OK(linear_model_make(&model, LINEAR_OVR, 2, 2, &err), &err);
    model.weights[0] = 0.1;
    model.weights[1] = -2;
    model.bias[0] = 1e-20;
    Path path;
    FileMap map;
    CHECK_OK(path_make(&path, &err, "%s/liblinear.model", folder), &err);
    CHECK_OK(linear_model_write_liblinear(&model, path.text, &err), &err);
    CHECK_OK(file_map(&map, path.text, ERROR_MODEL, &err), &err);
    static const char expected[] = "solver_type L2R_LR\nnr_class 2\nlabel 1 0\nnr_feature 2\nbias 1\nw\n0.1 \n-2 \n1e-20 \n";
    assert_int_equal(map.size, sizeof expected - 1);
    assert_memory_equal(map.data, expected, map.size);
    file_unmap(&map);
    linear_model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logreg_matches_scikit_learn),
        cmocka_unit_test(test_svm_matches_scikit_learn),
        cmocka_unit_test(test_svm_that_is_hard),
        cmocka_unit_test(test_multinomial_matches_scikit_learn),
        cmocka_unit_test(test_same_bytes_for_any_threads),
        cmocka_unit_test(test_nobody_asks_while_liblinear_works),
        cmocka_unit_test(test_dense_rows_end_where_liblinear_does),
        cmocka_unit_test(test_lopsided_rows_take_few_steps),
        cmocka_unit_test(test_view_of_rows),
        cmocka_unit_test(test_convergence_is_said),
        cmocka_unit_test(test_start_leads_to_the_same_optimum),
        cmocka_unit_test(test_C_is_chosen_on_rows_held_out),
        cmocka_unit_test(test_ties_take_the_smallest_C),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_far_scores),
        cmocka_unit_test(test_dummy),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_liblinear_text),
    };
    return cmocka_run_group_tests(tests, folder_new, folder_gone);
}
