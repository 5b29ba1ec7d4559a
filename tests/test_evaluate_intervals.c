/* How sure an evaluation's scores are: what evaluate prints and writes, beside a metrics.json that stays as it is. The intervals themselves have their
 * judges in test_statistics. */
#include "tests/check.h"

#include "metrics/intervals.h"
#include "tests/home.h"
#include "tests/program.h"

static Interval pair(const Json *json) {
    return (Interval){json_number_or(json_first(json), (double)NAN),
                      json_number_or(json_next(json_first(json)), (double)NAN)};
}

/* Wilson's interval of the accuracy, every score within its own, and the line that says so. */
static void check_evaluation(const char *model, bool has_probabilities) {
    Ran ran = program_run(NULL, "evaluate", "--model", at_home(model), "--data", at_home("test.csv"), "--output_dir", at_home("out"), NULL);
    if (ran.status != 0) fail_msg("%s", ran.err);
    Json *metrics = json_at_home("out/metrics.json"), *intervals = json_at_home("out/intervals.json");
    const Json *scores = json_get(metrics, "test"), *ranges = json_get(intervals, "test");
    if (!scores) scores = json_get(metrics, "train");
    if (!ranges) ranges = json_get(intervals, "train");
    assert_true(json_number_or(json_get(intervals, "confidence"), 0) == 0.95);
    assert_int_equal(json_int_or(json_get(intervals, "resamples"), 0), 10000);
    double accuracy = json_number_or(json_get(scores, "accuracy"), (double)NAN);
    Interval found = pair(json_get(ranges, "accuracy")), wilson = wilson_interval((int64_t)(accuracy * 120 + 0.5), 120, 0.95);
    CHECK_CLOSE(found.low, wilson.low, 1e-12, 0);
    CHECK_CLOSE(found.high, wilson.high, 1e-12, 0);
    static const char *const NAMES[] = {"balanced_accuracy", "f1_macro", "f1_weighted", "mcc"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        double score = json_number_or(json_get(scores, NAMES[i]), (double)NAN);
        Interval range = pair(json_get(ranges, NAMES[i]));
        if (!(range.low < score && score < range.high)) fail_msg("%s: %g in [%g, %g]", NAMES[i], score, range.low, range.high);
    }
    char line[96];
    snprintf(line, sizeof line, "95 %% intervals  accuracy %.4f to %.4f, balanced ", wilson.low, wilson.high);
    if (!strstr(ran.out, line)) fail_msg("no '%s' in: %s", line, ran.out);
    assert_int_equal(strstr(ran.out, ", log loss ") != NULL, has_probabilities);
    assert_null(json_get(scores, "confidence"));
    json_free(metrics);
    json_free(intervals);
    ran_free(&ran);
}

static void test_with_probabilities(void **state) {
    (void)state;
    CHECK_RUN(0, "trained", NULL, "train", "--features", "tfidf", "--C", "1", "--data", at_home("rows.csv"), "--output_dir", at_home("bag"));
    check_evaluation("bag", true);
    CHECK_RUN(0, "", NULL, "evaluate", "--model", at_home("bag"), "--data", at_home("test.csv"), "--json");
}

static void test_without(void **state) {
    (void)state;
    CHECK_RUN(0, "trained", NULL, "train", "--features", "tfidf", "--C", "1", "--classifier", "svm", "--data", at_home("rows.csv"), "--output_dir",
              at_home("svm"));
    check_evaluation("svm", false);
}

/* Words that tell the class three times of four. */
static bool write_rows(const char *name, int rows) {
    FILE *file = fopen(at_home(name), "w");
    if (!file) return false;
    fprintf(file, "text,label\n");
    for (int r = 0; r < rows; r++) fprintf(file, "the %s film %d,%s\n", (r % 2) ^ (r % 8 == 3) ? "good sun" : "bad rain", r, r % 2 ? "glad" : "sad");
    return fclose(file) == 0;
}

static int make_home(void **state) {
    (void)state;
    return home_make("sure") == 0 && write_rows("rows.csv", 400) && write_rows("test.csv", 120) ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_probabilities),
        cmocka_unit_test(test_without),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
