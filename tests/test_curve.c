/* --learning_curve: every entry on nested parts of the training rows, to the same bytes however often it was stopped. */
#include "comparing.h"

#include "common/json.h"

static int make_home(void **state) {
    (void)state;
    if (home_make("curve") != 0) return -1;
    put_folder("plain", 0);
    return 0;
}

#define CURVE "--entries tfidf-logreg,cls-logreg,finetune --learning_curve 1,0.25,0.5,0.1"

static void test_points(void **state) {
    (void)state;
    Ran ran = compare("plain", "first", CURVE " --num_threads 1");
    check_ran(&ran, 0, "verdict");
    assert_true(says(&ran, "learning curve finetune, 20 texts: test accuracy "));
    ran_free(&ran);
    assert_false(folder_exists(at_home("first/curve")));
    assert_true(is_there("first", "figures", "learning_curve.svg") && is_there("first", "figures", "learning_curve.png"));
    static const int ROWS[] = {8, 20, 40, 80};
    Json *json = json_at_home("first/compare.json");
    const Json *curve = json_get(json, "learning_curve"), *result = json_first(json_get(json, "entries"));
    int entries = 0;
    for (const Json *entry = json_first(json_get(curve, "entries")); entry;
         entry = json_next(entry), result = json_next(result), entries++) {
        int point_number = 0;
        double last = 0;
        for (const Json *point = json_first(json_get(entry, "points")); point; point = json_next(point)) {
            assert_int_equal(json_int_or(json_get(point, "train_rows"), 0), ROWS[point_number++]);
            last = json_number_or(json_get(point, "accuracy"), (double)NAN);
        }
        assert_int_equal(point_number, 4);
        /* the whole is the entry itself */
        CHECK_CLOSE(last, json_number_or(json_get(json_get(json_get(result, "metrics"), "test"), "accuracy"), (double)NAN), 0,
                    1e-15);
    }
    assert_int_equal(entries, 3);
    json_free(json);
    check_command("grep -q 'id=\"curve\"' %s", at_home("first/report.html"));
}

/* A part is what the same training on a file of these rows gives: features made once for all rows do not matter. */
static void test_repeats(void **state) {
    (void)state;
    check_compare(0, "verdict", "plain", "again", CURVE " --num_threads 3 --no_cache");
    check_same_run("first", "again");
    Ran ran = compare("plain", "again", CURVE " --num_threads 3 --no_cache");
    check_ran(&ran, 0, "verdict");
    assert_false(says(&ran, "learning curve finetune"));
    ran_free(&ran);
    check_same_run("first", "again");
    /* one more share: only its points are made */
    ran = compare("plain", "again", "--entries tfidf-logreg,cls-logreg,finetune --learning_curve 0.1,0.25,0.5,0.75");
    check_ran(&ran, 0, "learning curve finetune, 60 texts");
    assert_false(says(&ran, "learning curve finetune, 20 texts"));
    ran_free(&ran);
    /* other settings: made anew */
    check_compare(0, "learning curve cls-logreg, 20 texts", "plain", "again", CURVE " --C 3");
}

static void test_wrong(void **state) {
    (void)state;
    check_compare(2, "expected shares above 0 and up to 1", "plain", "wrong", "--learning_curve 0.1,2");
    check_compare(2, "expected shares above 0 and up to 1", "plain", "wrong", "--learning_curve 0,1");
    check_compare(2, "expected shares above 0 and up to 1", "plain", "wrong", "--learning_curve 0.1;0.5");
    check_compare(2, "expected a share below 1 too", "plain", "wrong", "--learning_curve 1");
    check_compare(0, "verdict", "plain", "few", "--entries dummy --learning_curve 0.5,1");
    check_command("grep -q 'fewer than four sizes' %s", at_home("few/report.md"));
    if (folder_exists(at_home("wrong"))) fail_msg("a folder is left behind");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_points), cmocka_unit_test(test_repeats),
                                       cmocka_unit_test(test_wrong)};
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
