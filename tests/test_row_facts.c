/* What is said about single rows and words: label errors against cleanlab, marking words against numpy. */
#include "tests/check.h"

#include "common/json.h"
#include "common/memory.h"
#include "metrics/label_errors.h"
#include "metrics/log_odds.h"

#define GOLDEN TESTS_FOLDER "/golden/"

static Json *golden_of(const char *path) {
    Error err = {0};
    Json *golden = json_parse_file(path, ERROR_DATA, &err);
    CHECK_OK(golden, &err);
    return golden;
}

static void check_case(const Json *json) {
    Error err = {0};
    Predictions p = {0};
    LabelError *errors;
    int count, rows = json_size(json_get(json, "labels")), classes = (int)json_int_or(json_get(json, "classes"), 0), i = 0;
    int32_t *labels = calloc((size_t)rows, sizeof *labels);
    for (const Json *label = json_first(json_get(json, "labels")); label; label = json_next(label))
        labels[i++] = (int32_t)json_int_or(label, -1);
    CHECK_OK(predictions_make(&p, rows, classes, labels, true, &err), &err);
    i = 0;
    for (const Json *value = json_first(json_get(json, "probabilities")); value; value = json_next(value))
        p.probabilities[i++] = (double)json_int_or(value, -1) / 10000;
    assert_int_equal(i, rows * classes);
    predictions_choose(&p);
    CHECK_OK(label_errors_find(&errors, &count, &p, &err), &err);
    assert_int_equal(count, json_size(json_get(json, "issues")));
    i = 0;
    for (const Json *issue = json_first(json_get(json, "issues")); issue; issue = json_next(issue), i++) {
        const Json *row = json_first(issue), *suggested = json_next(row), *score = json_next(suggested);
        assert_int_equal(errors[i].row, json_int_or(row, -1));
        assert_int_equal(errors[i].suggested, json_int_or(suggested, -1));
        CHECK_CLOSE(errors[i].score, json_number_or(score, -1), 1e-12, 0);
    }
    mem_free(errors);
    predictions_free(&p);
    free(labels);
}

static void suspects_are_cleanlabs(void **state) {
    (void)state;
    Json *golden = golden_of(GOLDEN "label_errors.json");
    int cases = 0;
    for (const Json *json = json_first(golden); json; json = json_next(json), cases++) check_case(json);
    assert_int_equal(cases, 4);
    json_free(golden);
}

static void answers_alone_suspect_nothing(void **state) {
    (void)state;
    Error err = {0};
    Predictions p = {0};
    LabelError *errors;
    int count;
    CHECK_OK(predictions_make(&p, 2, 2, (int32_t[]){0, 1}, false, &err), &err);
    CHECK_FAILS(label_errors_find(&errors, &count, &p, &err), &err, ERROR_DATA, "need labels and probabilities");
    predictions_free(&p);
}

static void marks_are_numpys(void **state) {
    (void)state;
    Json *golden = golden_of(GOLDEN "log_odds.json");
    int cases = 0;
    for (const Json *json = json_first(golden); json; json = json_next(json), cases++) {
        enum { WORDS = 60 };
        int64_t a[WORDS], b[WORDS];
        double z[WORDS];
        const Json *in_a = json_first(json_get(json, "a")), *in_b = json_first(json_get(json, "b"));
        for (int w = 0; w < WORDS; w++, in_a = json_next(in_a), in_b = json_next(in_b)) {
            a[w] = json_int_or(in_a, -1);
            b[w] = json_int_or(in_b, -1);
        }
        log_odds_z(z, a, b, WORDS, json_number_or(json_get(json, "prior_size"), 0));
        const Json *expected = json_first(json_get(json, "z"));
        for (int w = 0; w < WORDS; w++, expected = json_next(expected))
            CHECK_CLOSE(z[w], json_number_or(expected, (double)NAN), 1e-12, 1e-10); /* the same sums in another order */
    }
    assert_int_equal(cases, 3);
    json_free(golden);
}

static void words_without_a_rest_have_no_mark(void **state) {
    (void)state;
    double z[2];
    log_odds_z(z, (int64_t[]){3, 0}, (int64_t[]){2, 0}, 2, 10);
    assert_true(isnan(z[0])); /* all there is */
    assert_true(isnan(z[1])); /* in neither */
    log_odds_z(z, (int64_t[]){0, 0}, (int64_t[]){0, 0}, 2, 10);
    assert_true(isnan(z[0]));
    log_odds_z(z, (int64_t[]){5, 1}, (int64_t[]){1, 5}, 2, 10);
    CHECK_CLOSE(z[0], -z[1], 1e-12, 0);
    assert_true(z[0] > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suspects_are_cleanlabs),
        cmocka_unit_test(answers_alone_suspect_nothing),
        cmocka_unit_test(marks_are_numpys),
        cmocka_unit_test(words_without_a_rest_have_no_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
