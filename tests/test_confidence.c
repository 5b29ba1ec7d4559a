/* Confidence and cascades on real answers against NumPy, SciPy and scikit-learn (tests/golden/confidence.json, written by
 * make_confidence_golden.py), and what a cascade of two model folders answers. */
#include "check.h"

#include "home.h"
#include "program.h"

#include "common/file.h"
#include "common/json.h"
#include "common/memory.h"
#include "compare/confidence.h"
#include "compare/text_model.h"
#include "metrics/cascade.h"

/* ---- the golden ---- */

typedef struct Golden {
    Json *json;
    Predictions validation[2], test[2];
} Golden;

static void read_predictions(Predictions *p, const Json *truth, const Json *parts_of, int classes, double parts) {
    Error err = {0};
    int32_t rows[1000];
    int count = 0;
    for (const Json *label = json_first(truth); label; label = json_next(label)) rows[count++] = (int32_t)json_int_or(label, -1);
    CHECK_OK(predictions_make(p, count, classes, rows, true, &err), &err);
    size_t i = 0;
    for (const Json *part = json_first(parts_of); part; part = json_next(part))
        p->probabilities[i++] = json_number_or(part, (double)NAN) / parts;
    assert_int_equal(i, (size_t)count * (size_t)classes);
    predictions_choose(p);
    CHECK_OK(predictions_check(p, &err), &err);
}

static int read_golden(void **state) {
    static Golden golden;
    Error err = {0};
    golden.json = json_parse_file(TESTS_FOLDER "/golden/confidence.json", ERROR_DATA, &err);
    if (!golden.json) fail_msg("%s", err.message);
    int classes = (int)json_int_or(json_get(golden.json, "classes"), 0), i = 0;
    double parts = json_number_or(json_get(golden.json, "parts"), 0);
    const Json *truth = json_get(golden.json, "truth");
    for (const Json *entry = json_first(json_get(golden.json, "entries")); entry; entry = json_next(entry), i++) {
        read_predictions(&golden.validation[i], json_get(truth, "validation"), json_get(entry, "validation"), classes, parts);
        read_predictions(&golden.test[i], json_get(truth, "test"), json_get(entry, "test"), classes, parts);
    }
    *state = &golden;
    return 0;
}

static int free_golden(void **state) {
    Golden *golden = *state;
    for (int i = 0; i < 2; i++) {
        predictions_free(&golden->validation[i]);
        predictions_free(&golden->test[i]);
    }
    json_free(golden->json);
    return 0;
}

static void check_measures(const ConfidenceMeasures *m, const Json *json) {
    /* The judge's temperature is good to about 1e-8 of T, and so are its numbers; bins could differ if a confidence fell on an edge, none does. */
    const struct {
        const char *key;
        double value;
    } all[] = {{"mean", m->mean},         {"ece_width", m->width.ece}, {"mce_width", m->width.mce}, {"ece_mass", m->mass.ece},
               {"mce_mass", m->mass.mce}, {"log_loss", m->log_loss},   {"brier", m->brier.brier}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        CHECK_CLOSE(all[i].value, json_number_or(json_get(json, all[i].key), (double)NAN), 1e-7, 0);
    const BrierParts *b = &m->brier;
    CHECK_CLOSE(b->reliability - b->resolution + b->uncertainty + b->within, b->brier, 1e-12, 0);
}

static void test_measures(void **state) {
    const Golden *golden = *state;
    Error err = {0};
    int i = 0;
    for (const Json *entry = json_first(json_get(golden->json, "entries")); entry; entry = json_next(entry), i++) {
        Confidence *found = NULL;
        CHECK_OK(confidence_measure(&found, &golden->validation[i], &golden->test[i], NULL, &err), &err);
        assert_true(found->temperature.fitted && found->temperature.rows == golden->validation[i].rows);
        CHECK_CLOSE(found->temperature.temperature, json_number_or(json_get(entry, "temperature"), 0), 0, 1e-6);
        check_measures(&found->of[CONFIDENCE_GIVEN], json_get(entry, "given"));
        check_measures(&found->of[CONFIDENCE_CALIBRATED], json_get(entry, "calibrated"));
        for (const Json *row = json_first(json_get(entry, "coverage")); row; row = json_next(row)) {
            const Json *number = json_first(row);
            const CoveragePoint *point = &found->coverage[json_int_or(number, 1) - 1];
            CHECK_CLOSE(point->coverage, json_number_or(number = json_next(number), -1), 1e-15, 0);
            CHECK_CLOSE(point->accuracy, json_number_or(number = json_next(number), -1), 1e-15, 0);
            CHECK_CLOSE(point->threshold, json_number_or(json_next(number), -1), 0, 0);
        }
        mem_free(found);
    }
    assert_int_equal(i, 2);
}

static void test_without(void **state) {
    const Golden *golden = *state;
    Error err = {0};
    Predictions none = {0}, unsure = golden->test[0];
    Confidence *found = NULL;
    unsure.probabilities = NULL;
    CHECK_OK(confidence_measure(&found, &golden->validation[0], &unsure, NULL, &err), &err);
    assert_null(found);
    CHECK_OK(confidence_measure(&found, &none, &golden->test[0], NULL, &err), &err);
    assert_true(found && found->temperature.rows == 0 && !found->temperature.fitted);
    assert_true(found->of[CONFIDENCE_CALIBRATED].log_loss == found->of[CONFIDENCE_GIVEN].log_loss);
    mem_free(found);
}

/* ---- cascades ---- */

static void test_cascade_choice(void **state) {
    const Golden *golden = *state;
    Error err = {0};
    int cases = 0;
    for (const Json *json = json_first(json_get(golden->json, "cascade")); json; json = json_next(json), cases++) {
        CascadePoint chosen, test;
        CHECK_OK(cascade_choose(&chosen, json_number_or(json_get(json, "loss"), -1), &golden->validation[0],
                                &golden->validation[1], &err),
                 &err);
        assert_int_equal(chosen.passed, json_int_or(json_get(json, "passed"), -1));
        assert_int_equal(chosen.right, json_int_or(json_get(json, "right"), -1));
        CHECK_CLOSE(chosen.threshold, json_number_or(json_get(json, "threshold"), -1), 0, 0);
        CHECK_OK(cascade_at(&test, chosen.threshold, &golden->test[0], &golden->test[1], &err), &err);
        const Json *judged = json_first(json_get(json, "test"));
        assert_int_equal(test.passed, json_int_or(judged, -1));
        assert_int_equal(test.right, json_int_or(json_next(judged), -1));
        Predictions joined = {0};
        CHECK_OK(cascade_join(&joined, chosen.threshold, &golden->test[0], &golden->test[1], &err), &err);
        int right = 0;
        for (int row = 0; row < joined.rows; row++) right += joined.predicted[row] == joined.truth[row];
        assert_int_equal(right, test.right);
        CHECK_OK(predictions_check(&joined, &err), &err);
        predictions_free(&joined);
    }
    assert_int_equal(cases, 4);
}

static void test_cascade_curve(void **state) {
    const Golden *golden = *state;
    Error err = {0};
    CascadePoint curve[21];
    CHECK_OK(cascade_curve(curve, 20, &golden->test[0], &golden->test[1], &err), &err);
    int i = 0;
    for (const Json *json = json_first(json_get(golden->json, "curve")); json; json = json_next(json), i++) {
        assert_int_equal(curve[i].passed, json_int_or(json_first(json), -1));
        assert_int_equal(curve[i].right, json_int_or(json_next(json_first(json)), -1));
    }
    assert_int_equal(i, 21);
    assert_true(curve[0].threshold == 0 && curve[20].threshold == CASCADE_NEVER_SURE);
}

/* Equally sure rows go together, the first alone may do, and rows that do not match are refused. */
static void test_cascade_ends(void **state) {
    (void)state;
    Error err = {0};
    int32_t truth[] = {0, 0, 1, 1}, first[] = {0, 1, 1, 0}, second[] = {0, 0, 1, 1}, other[] = {0, 1, 1, 1};
    double sure[] = {0.9, 0.1, 0.4, 0.6, 0.4, 0.6, 0.8, 0.2};
    Predictions a = {.rows = 4, .classes = 2, .truth = truth, .predicted = first, .probabilities = sure},
                b = {.rows = 4, .classes = 2, .truth = truth, .predicted = second};
    CascadePoint point;
    CHECK_OK(cascade_choose(&point, 0, &a, &b, &err), &err);
    assert_true(point.passed == 3 && point.right == 4 && point.threshold == 0.9); /* the two at 0.6 are not parted */
    CHECK_OK(cascade_choose(&point, 0.25, &a, &b, &err), &err);
    assert_true(point.passed == 2 && point.right == 3 && point.threshold == 0.8);
    CHECK_OK(cascade_choose(&point, 0, &a, &a, &err), &err);
    assert_true(point.passed == 0 && point.threshold == 0);
    CHECK_OK(cascade_at(&point, CASCADE_NEVER_SURE, &a, &b, &err), &err);
    assert_true(point.passed == 4 && point.right == 4);
    CHECK_FAILS(cascade_choose(&point, 0, &b, &a, &err), &err, ERROR_DATA, "probabilities of the first");
    b.truth = other;
    CHECK_FAILS(cascade_at(&point, 0.5, &a, &b, &err), &err, ERROR_DATA, "same labelled rows");
}

/* ---- model folders ---- */

static const char *const WORDS[] = {"good", "happy", "bad", "awful", "thing", "day", "rain", "film"};

/* Words of three classes, in any order; about one in four rows says another class than its label. */
static void add_text(Buffer *out, int i) {
    uint32_t state = (uint32_t)i * 2654435761u + 12345;
    for (int word = 0; word < 2 + i % 5; word++) {
        state = state * 1664525u + 1013904223u;
        buffer_printf(out, "%s ", WORDS[((state >> 24) % 4 ? (uint32_t)i % 3 * 2 : 4) + (state >> 20) % 4 % 3]);
    }
}

static void put_rows(const char *name, int first, int count) {
    static const char *const LABELS[] = {"glad", "sad", "none"};
    Error err = {0};
    Buffer text = {0};
    buffer_text(&text, "text,label\n");
    for (int i = first; i < first + count; i++) {
        add_text(&text, i);
        buffer_printf(&text, ",%s\n", LABELS[i % 3]);
    }
    CHECK_OK(file_write(at_home(name), text.data, text.size, &err), &err);
    buffer_free(&text);
}

static void train(const char *folder, const char *features, const char *more) {
    CHECK_RUN(0, "", NULL, "train", "--features", features, "--model", TESTS_FOLDER "/golden/tiny-bert", "--train_file",
              at_home("train.csv"), "--validation_file", at_home("validation.csv"), "--test_file", at_home("test.csv"),
              "--output_dir", at_home(folder), "--classifier", more);
}

static int make_home(void **state) {
    (void)state;
    if (home_make("confidence") != 0) return -1;
    put_rows("train.csv", 0, 120);
    put_rows("validation.csv", 200, 60);
    put_rows("test.csv", 400, 60);
    train("words", "tfidf", "logreg");
    train("frozen", "encoder", "logreg");
    train("svm", "tfidf", "svm");
    return 0;
}

static TextModel *load(const char *folder, Pool *pool) {
    Error err = {0};
    TextModel *model = text_model_load(at_home(folder), 0, pool, &err);
    if (!model) fail_msg("%s", err.message);
    return model;
}

enum { TEXTS = 40 };
typedef struct Texts {
    Buffer text;
    int64_t starts[TEXTS + 1];
    TextView view;
} Texts;

static void texts_make(Texts *texts) {
    *texts = (Texts){.text = {0}};
    for (int i = 0; i < TEXTS; i++) {
        add_text(&texts->text, 1000 + i);
        texts->starts[i + 1] = (int64_t)texts->text.size;
    }
    texts->view = (TextView){.data = texts->text.data, .starts = texts->starts, .count = TEXTS};
}

static void predict(TextModel *model, const TextView *view, Predictions *out) {
    Error err = {0};
    CHECK_OK(text_model_predict(model, view, NULL, out, NULL, NULL, &err), &err);
    CHECK_OK(predictions_check(out, &err), &err);
}

static void check_row(const Predictions *a, int row, const Predictions *b, int other) {
    assert_int_equal(a->predicted[row], b->predicted[other]);
    assert_memory_equal(a->probabilities + (size_t)row * 3, b->probabilities + (size_t)other * 3, 3 * sizeof(double));
}

/* Each answer is that of one of the two, to the bit, in any company and on any number of threads; saved and loaded, the same. */
static void test_folders(void **state) {
    (void)state;
    Error err = {0};
    Texts texts;
    texts_make(&texts);
    Pool *pool = pool_new(3, &err);
    TextModel *words = load("words", NULL), *frozen = load("frozen", NULL);
    Predictions one = {0}, two = {0}, both = {0}, again = {0};
    predict(words, &texts.view, &one);
    predict(frozen, &texts.view, &two);
    double threshold = 0.6;
    CHECK_OK(text_model_save_cascade(at_home("words"), at_home("frozen"), threshold, at_home("both"), &err), &err);
    TextModel *cascade = text_model_cascade(words, frozen, threshold, &err), *loaded = load("both", pool);
    predict(cascade, &texts.view, &both);
    int passed = 0;
    for (int i = 0; i < TEXTS; i++) {
        bool sure = one.probabilities[i * 3 + one.predicted[i]] >= threshold;
        passed += !sure;
        check_row(&both, i, sure ? &one : &two, i);
        int32_t row = i;
        TextView alone = texts.view;
        alone.rows = &row;
        alone.count = 1;
        predict(loaded, &alone, &again);
        check_row(&both, i, &again, 0);
        predictions_free(&again);
    }
    assert_true(passed > 0 && passed < TEXTS);
    assert_int_equal(text_model_passed_on(cascade), passed);
    assert_int_equal(text_model_passed_on(loaded), passed);
    assert_true(text_model_is_cascade(loaded) && !text_model_is_cascade(words));
    int64_t bytes = text_model_bytes(at_home("words")) + text_model_bytes(at_home("frozen"));
    assert_true(text_model_bytes(at_home("both")) > bytes && text_model_bytes(at_home("both")) < bytes + 200);
    /* Calibrated, the same model answers each, with the same label. */
    CHECK_OK(text_model_calibrate(loaded, &err), &err);
    predict(loaded, &texts.view, &again);
    assert_memory_equal(again.predicted, both.predicted, TEXTS * sizeof *both.predicted);
    assert_memory_not_equal(again.probabilities, both.probabilities, TEXTS * 3 * sizeof(double));
    predictions_free(&again);
    predictions_free(&one);
    predictions_free(&two);
    predictions_free(&both);
    text_model_free(cascade);
    text_model_free(loaded);
    pool_free(pool);
    buffer_free(&texts.text);
}

static void test_refused(void **state) {
    (void)state;
    Error err = {0};
    CHECK_FAILS(text_model_cascade(load("svm", NULL), load("words", NULL), 0.5, &err), &err, ERROR_MODEL,
                "gives no probabilities");
    CHECK_FAILS(text_model_cascade(load("words", NULL), load("frozen", NULL), (double)NAN, &err), &err, ERROR_MODEL, "threshold");
    CHECK_OK(text_model_save_cascade(at_home("words"), at_home("words"), 0.5, at_home("twice"), &err), &err);
    CHECK_OK(folder_remove(at_home("twice/second"), &err), &err);
    if (symlink(at_home("twice"), at_home("twice/second")) != 0) fail_msg("symlink");
    CHECK_FAILS(text_model_load(at_home("twice"), 0, NULL, &err), &err, ERROR_MODEL, "a cascade within a cascade");
    const char *const files[] = {"{\"version\": 1, \"kind\": \"cascade\"}", "{\"version\": 1, \"kind\": \"cascade\", \"threshold\": -1}",
                                 "{\"version\": 1, \"kind\": \"cascade\", \"threshold\": \"x\"}"};
    CHECK_OK(text_model_save_cascade(at_home("words"), at_home("words"), 0.5, at_home("hostile"), &err), &err);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(file_write(at_home("hostile/twofold.json"), files[i], strlen(files[i]), &err), &err);
        CHECK_FAILS(text_model_load(at_home("hostile"), 0, NULL, &err), &err, ERROR_MODEL, "threshold");
    }
    const char newer[] = "{\"version\": 2, \"kind\": \"cascade\", \"threshold\": 0.5}";
    CHECK_OK(file_write(at_home("hostile/twofold.json"), newer, strlen(newer), &err), &err);
    CHECK_FAILS(text_model_load(at_home("hostile"), 0, NULL, &err), &err, ERROR_MODEL, "twofold.json: version 2, expected 1");
    CHECK_OK(file_write(at_home("hostile/twofold.json"), files[0], strlen(files[0]), &err), &err);
    CHECK_OK(folder_remove(at_home("hostile/first"), &err), &err);
    CHECK_FAILS(text_model_load(at_home("hostile"), 0, NULL, &err), &err, ERROR_MODEL, "first");
}

/* As a user has it: two folders on the command line, or one that holds both. */
static void test_commands(void **state) {
    (void)state;
    Error err = {0};
    CHECK_OK(text_model_save_cascade(at_home("words"), at_home("frozen"), 0.6, at_home("shipped"), &err), &err);
    Ran two = program_run(NULL, "predict", "--model", at_home("frozen"), "--cascade", at_home("words"), "--threshold", "0.6",
                          "--file", at_home("test.csv"), NULL);
    Ran one =
        program_run(NULL, "predict", "--model", at_home("shipped"), "--file", at_home("test.csv"), "--num_threads", "1", NULL);
    assert_int_equal(two.status, 0);
    assert_string_equal(two.out, one.out);
    assert_non_null(strstr(one.err, " of 60 texts were passed on to the second model"));
    ran_free(&two);
    ran_free(&one);
    CHECK_RUN(0, "passed on", NULL, "evaluate", "--model", at_home("shipped"), "--data", at_home("test.csv"));
    char named[256];
    snprintf(named, sizeof named, "both=%s", at_home("shipped"));
    CHECK_RUN(0, "", NULL, "compare", "--model", named, "--data", at_home("test.csv"), "--entries", "dummy", "--output_dir", at_home("compared"));
    assert_true(file_exists(at_home("compared/both/predictions.csv")));
    CHECK_RUN(2, "go together", NULL, "predict", "--model", at_home("frozen"), "--cascade", at_home("words"), "--text", "x");
    CHECK_RUN(2, "go together", NULL, "predict", "--model", at_home("frozen"), "--threshold", "0.5", "--text", "x");
    CHECK_RUN(4, "probabilities", NULL, "predict", "--model", at_home("frozen"), "--cascade", at_home("svm"), "--threshold",
              "0.5", "--text", "x");
}

int main(void) {
    const struct CMUnitTest judged[] = {
        cmocka_unit_test(test_measures),      cmocka_unit_test(test_without),      cmocka_unit_test(test_cascade_choice),
        cmocka_unit_test(test_cascade_curve), cmocka_unit_test(test_cascade_ends),
    };
    const struct CMUnitTest folders[] = {
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_commands),
    };
    int failed = cmocka_run_group_tests(judged, read_golden, free_golden);
    return cmocka_run_group_tests(folders, make_home, home_remove) + failed;
}
