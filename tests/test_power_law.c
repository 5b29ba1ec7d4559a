/* Power laws through learning curves, against scipy.optimize.curve_fit (tests/golden/make_power_law_golden.py). */
#include "check.h"

#include "common/json.h"
#include "metrics/power_law.h"

static int read_points(LearningPoint *points, const Json *item) {
    int count = 0;
    const Json *wrong = json_first(json_get(item, "wrong"));
    for (const Json *n = json_first(json_get(item, "n")); n; n = json_next(n), wrong = json_next(wrong))
        points[count++] = (LearningPoint){
            .n = json_number_or(n, 0), .wrong = json_int_or(wrong, -1), .asked = json_int_or(json_get(item, "asked"), 0)};
    return count;
}

static double number_of(const Json *object, const char *key) { return json_number_or(json_get(object, key), (double)NAN); }

/* The optimum is flat along a valley of floor, scale and power: what is judged is its height, and what it says of errors. */
static void test_golden(void **state) {
    (void)state;
    Error err = {0};
    Json *golden = json_parse_file(TESTS_FOLDER "/golden/power_law.json", ERROR_FAILED, &err);
    if (!golden) fail_msg("%s", err.message);
    int cases = 0;
    for (const Json *item = json_first(json_get(golden, "cases")); item; item = json_next(item), cases++) {
        LearningPoint points[LEARNING_POINTS_MOST];
        PowerLaw law;
        int count = read_points(points, item);
        CHECK_OK(power_law_fit(&law, points, count, &err), &err);
        CHECK_CLOSE(law.chi2, number_of(item, "chi2"), 1e-5, 1e-6);
        CHECK_CLOSE(law.p, number_of(item, "p"), 1e-5, 1e-6);
        CHECK_CLOSE(power_law_error(&law, points[count - 1].n), number_of(item, "error_at_end"), 1e-5, 0);
        CHECK_CLOSE(power_law_error(&law, 2 * points[count - 1].n), number_of(item, "error_at_twice"), 1e-4, 0);
    }
    assert_int_equal(cases, 6);
    json_free(golden);
}

static void test_draws(void **state) {
    (void)state;
    Error err = {0};
    const LearningPoint points[] = {{1600, 378, 2000}, {4000, 297, 2000}, {8000, 253, 2000}, {16000, 215, 2000}};
    static PowerLaw a[LEARNING_DRAWS], b[LEARNING_DRAWS], c[LEARNING_DRAWS];
    CHECK_OK(power_law_draw(a, points, 4, 42, 0, &err) && power_law_draw(b, points, 4, 42, 0, &err) &&
                 power_law_draw(c, points, 4, 42, 1, &err),
             &err);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
    double sum = 0, squares = 0;
    for (int i = 0; i < LEARNING_DRAWS; i++) {
        double error = power_law_error(&a[i], 16000);
        sum += error;
        squares += error * error;
    }
    double mean = sum / LEARNING_DRAWS, deviation = sqrt(squares / LEARNING_DRAWS - mean * mean);
    CHECK_CLOSE(mean, 0.1077, 0.002, 0);
    CHECK_CLOSE(deviation, sqrt(0.1075 * 0.8925 / 2000), 0.0015, 0); /* about that of the last point */
}

static void test_refused(void **state) {
    (void)state;
    Error err = {0};
    PowerLaw law;
    const LearningPoint three[] = {{10, 3, 10}, {20, 2, 10}, {40, 1, 10}, {40, 2, 10}};
    CHECK_FAILS(power_law_fit(&law, three, 4, &err), &err, ERROR_DATA, "3 different sizes, expected at least 4");
    const LearningPoint wrong[] = {{10, 3, 10}, {20, 2, 10}, {40, 11, 10}, {80, 1, 10}};
    CHECK_FAILS(power_law_fit(&law, wrong, 4, &err), &err, ERROR_DATA, "point 2 of a learning curve");
    /* points that rise and fall far beyond their errors */
    const LearningPoint poor[] = {{100, 500, 1000}, {200, 100, 1000}, {400, 500, 1000}, {800, 100, 1000}};
    CHECK_OK(power_law_fit(&law, poor, 4, &err), &err);
    assert_true(law.p < 1e-6);
    /* an error that grows: nothing is promised */
    const LearningPoint rising[] = {{100, 100, 1000}, {200, 110, 1000}, {400, 120, 1000}, {800, 130, 1000}};
    CHECK_OK(power_law_fit(&law, rising, 4, &err), &err);
    CHECK_CLOSE(law.scale, 0, 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_draws),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
