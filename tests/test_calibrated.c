/* The temperature in a model folder: what train and finetune store, what --calibrated makes of it, and what is refused. */
#include "check.h"

#include "home.h"
#include "program.h"

#include "common/file.h"
#include "common/json.h"
#include "compare/calibration_file.h"

#define TINY TESTS_FOLDER "/golden/tiny-bert"

/* Rows of two classes whose words tell three of four rows rightly: probabilities that are neither sure nor even. */
static void put_rows(const char *name, int first, int count) {
    Error err = {0};
    Buffer text = {0};
    buffer_text(&text, "text,label\n");
    for (int i = first; i < first + count; i++) {
        uint32_t mixed = (uint32_t)i * 2654435761u >> 16;
        bool glad = i % 2 == 0, misleading = mixed % 4 == 0;
        buffer_printf(&text, "%s thing %u,%s\n", glad != misleading ? "good happy" : "bad awful", mixed % 7,
                      glad ? "pos" : "neg");
    }
    CHECK_OK(file_write(at_home(name), text.data, text.size, &err), &err);
    buffer_free(&text);
}

static int make_home(void **state) {
    (void)state;
    if (home_make("calibrated") != 0) return -1;
    put_rows("train.csv", 0, 120);
    put_rows("validation.csv", 200, 60);
    put_rows("test.csv", 400, 40);
    CHECK_RUN(0, "", NULL, "train", "--features", "tfidf", "--train_file", at_home("train.csv"), "--validation_file",
              at_home("validation.csv"), "--test_file", at_home("test.csv"), "--output_dir", at_home("words"));
    return 0;
}

static double stored_temperature(const char *folder) {
    Error err = {0};
    StoredCalibration stored;
    CHECK_OK(calibration_load(&stored, at_home(folder), &err), &err);
    assert_true(stored.fitted && stored.rows == 60 && stored.loss_after < stored.loss_before);
    return stored.temperature;
}

/* "score" of the first line, which is that of the likelier class of two. */
static double first_score(const char *out) {
    const char *score = strstr(out, "\"score\": ");
    assert_non_null(score);
    return strtod(score + strlen("\"score\": "), NULL);
}

/* p at temperature T of two classes: the logit divided. */
static double at_temperature(double p, double T) { return 1 / (1 + exp(-log(p / (1 - p)) / T)); }

static void test_predict(void **state) {
    (void)state;
    double T = stored_temperature("words");
    assert_true(fabs(T - 1) > 1e-3);
    static const char *const TEXTS[] = {"a good happy day", "bad awful", "nothing known", "good bad"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        Ran given = program_run(NULL, "predict", "--model", at_home("words"), "--text", TEXTS[i], NULL);
        Ran calibrated = program_run(NULL, "predict", "--model", at_home("words"), "--text", TEXTS[i], "--calibrated", NULL);
        assert_int_equal(given.status, 0);
        assert_int_equal(calibrated.status, 0);
        CHECK_CLOSE(first_score(calibrated.out), at_temperature(first_score(given.out), T), 1e-12, 0);
        const char *label = strstr(given.out, "\"label\""), *end = strchr(label, ',');
        char part[64];
        snprintf(part, sizeof part, "%.*s", (int)(end - label), label);
        assert_non_null(strstr(calibrated.out, part));
        assert_non_null(strstr(calibrated.err, "probabilities at temperature "));
        assert_null(strstr(given.err, "temperature"));
        ran_free(&given);
        ran_free(&calibrated);
    }
}

static double evaluated_loss(const char *calibrated) {
    Ran ran = program_run(NULL, "evaluate", "--model", at_home("words"), "--data", at_home("validation.csv"), "--json",
                          "--calibrated", calibrated, NULL);
    if (ran.status != 0) fail_msg("%s", ran.err);
    const char *loss = strstr(ran.out, "\"log_loss\": ");
    assert_non_null(loss);
    double value = strtod(loss + strlen("\"log_loss\": "), NULL);
    ran_free(&ran);
    return value;
}

/* On the rows it was fitted on, the loss is the one that was written down. */
static void test_evaluate(void **state) {
    (void)state;
    Error err = {0};
    StoredCalibration stored;
    CHECK_OK(calibration_load(&stored, at_home("words"), &err), &err);
    CHECK_CLOSE(evaluated_loss("false"), stored.loss_before, 1e-12, 0);
    CHECK_CLOSE(evaluated_loss("true"), stored.loss_after, 1e-12, 0);
}

/* A fine-tuned folder stays what transformers wrote, with one file more. */
static void test_finetune(void **state) {
    (void)state;
    CHECK_RUN(0, "", NULL, "finetune", "--model", TINY, "--train_file", at_home("train.csv"), "--validation_file",
              at_home("validation.csv"), "--test_file", at_home("test.csv"), "--output_dir", at_home("tuned"), "--epochs", "1",
              "--learning_rate", "1e-3");
    assert_true(file_exists(at_home("tuned/calibration.json")));
    CHECK_RUN(0, "probabilities at temperature", NULL, "predict", "--model", at_home("tuned"), "--text", "good", "--calibrated");
}

/* An SVM has nothing to calibrate; written over another model, it takes the old temperature away. */
static void test_without_probabilities(void **state) {
    (void)state;
    const char *const kinds[] = {"logreg", "svm"};
    for (int i = 0; i < 2; i++) {
        CHECK_RUN(0, "", NULL, "train", "--features", "tfidf", "--classifier", kinds[i], "--train_file", at_home("train.csv"),
                  "--validation_file", at_home("validation.csv"), "--test_file", at_home("test.csv"), "--output_dir",
                  at_home("svm"));
        assert_true(file_exists(at_home("svm/calibration.json")) == (i == 0));
    }
    CHECK_RUN(4, "gives no probabilities", NULL, "predict", "--model", at_home("svm"), "--text", "good", "--calibrated");
}

static void check_file(const char *text, const char *part) {
    Error err = {0};
    StoredCalibration stored;
    CHECK_OK(file_write(at_home("calibration.json"), text, strlen(text), &err), &err);
    CHECK_FAILS(calibration_load(&stored, home, &err), &err, ERROR_MODEL, part);
}

static void test_files(void **state) {
    (void)state;
    Error err = {0};
    StoredCalibration stored = {.temperature = 1.25, .fitted = true, .rows = 7, .loss_before = 2, .loss_after = 1.5}, read;
    CHECK_FAILS(calibration_load(&read, home, &err), &err, ERROR_MODEL, "no calibration.json");
    CHECK_OK(calibration_save(&stored, home, &err), &err);
    CHECK_OK(calibration_load(&read, home, &err), &err);
    assert_memory_equal(&read.loss_before, &stored.loss_before, 2 * sizeof(double));
    assert_true(read.temperature == 1.25 && read.fitted && read.rows == 7);
    check_file("{\"temperature\": 0}", "not above 0");
    check_file("{\"temperature\": -1}", "not above 0");
    check_file("{\"temperature\": \"1\"}", "no number");
    check_file("{\"temperature\": 1, \"rows\": -1}", "fitted on -1 rows");
    check_file("{\"temperature\": 1, \"rows\": 1099511627776}", "fitted on 1099511627776 rows");
    check_file("{}", "no number");
    check_file("[]", "no number");
    check_file("{\"temperature\": 1", "calibration.json");
    check_file("", "calibration.json");
    stored.rows = 0;
    CHECK_OK(calibration_save(&stored, home, &err), &err);
    assert_false(file_exists(at_home("calibration.json")));
    CHECK_OK(calibration_save(&stored, home, &err), &err);
}

/* All right, or all alike: no temperature, and none is made up. */
static void test_nothing_to_fit(void **state) {
    (void)state;
    Error err = {0};
    int32_t truth[] = {0, 1, 0, 1}, predicted[] = {0, 1, 0, 1};
    double sure[] = {0.9, 0.1, 0.2, 0.8, 0.7, 0.3, 0.4, 0.6}, alike[] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    Predictions p = {.rows = 4, .classes = 2, .truth = truth, .predicted = predicted, .probabilities = sure};
    StoredCalibration fit;
    CHECK_OK(calibration_fit(&fit, &p, NULL, &err), &err);
    assert_true(!fit.fitted && fit.temperature == 1 && fit.rows == 4);
    p.probabilities = alike;
    CHECK_OK(calibration_fit(&fit, &p, NULL, &err), &err);
    assert_true(!fit.fitted && fit.temperature == 1);
    p.probabilities = NULL;
    CHECK_OK(calibration_fit(&fit, &p, NULL, &err), &err);
    assert_int_equal(fit.rows, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),    cmocka_unit_test(test_nothing_to_fit), cmocka_unit_test(test_predict),
        cmocka_unit_test(test_evaluate), cmocka_unit_test(test_finetune),       cmocka_unit_test(test_without_probabilities),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
