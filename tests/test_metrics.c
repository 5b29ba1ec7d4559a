/* metrics/ against scikit-learn, SciPy and mpmath (tests/golden/metrics.json, written by make_metrics_golden.py), and what they
 * do not cover: hostile answers, many classes, threads, text for people. */
#include "tests/check.h"

#include "common/file.h"
#include "common/json.h"
#include "common/random.h"
#include "metrics/intervals.h"
#include "metrics/paired_tests.h"
#include "metrics/predictions.h"
#include "metrics/scores.h"

/* Scores are sums and quotients of at most a few thousand terms in another order than the judge's: some 1e-14 apart. A wrong
 * definition is wrong in the first digits. */
static const double TOLERANCE = 1e-12;

static Json *golden;
static char *labels[77];

/* ---- the same answers as make_metrics_golden.py draws ---- */

typedef struct Draws {
    uint64_t state;
} Draws;

static int draw_below(Draws *draws, int bound) {
    draws->state = draws->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((draws->state >> 33) % (uint64_t)bound);
}

static void draw_row(Predictions *p, Draws *draws, const char *kind, int row) {
    int classes = p->classes, weights[77], sum = 0;
    bool short_truth = !strcmp(kind, "rowless_last") || !strcmp(kind, "absent_last");
    int truth = draw_below(draws, short_truth ? classes - 1 : classes);
    if (!strcmp(kind, "one_class")) truth = 1;
    for (int c = 0; c < classes; c++) weights[c] = draw_below(draws, 8);
    weights[truth] += draw_below(draws, 8);
    if (!strcmp(kind, "unanswered_last") || !strcmp(kind, "absent_last")) weights[classes - 1] = 0;
    for (int c = 0; c < classes; c++) {
        if (!strcmp(kind, "perfect")) weights[c] = c == truth;
        if (!strcmp(kind, "constant")) weights[c] = c * 7 % 5 + 1;
        if (!strcmp(kind, "uniform")) weights[c] = 1;
        sum += weights[c];
    }
    if (sum == 0) sum = weights[0] = 1;
    double *out = p->probabilities + (size_t)row * (size_t)classes;
    for (int c = 0; c < classes; c++) out[c] = (double)weights[c] / sum;
    p->truth[row] = truth;
    p->predicted[row] = !strcmp(kind, "stray") ? draw_below(draws, classes) : argmax(out, classes);
}

static void draw_case(Predictions *p, const Json *json) {
    Error err = {0};
    int rows = (int)json_int_or(json_get(json, "rows"), 0), classes = (int)json_int_or(json_get(json, "classes"), 0);
    int32_t *truth = calloc((size_t)rows, sizeof *truth);
    CHECK_OK(predictions_make(p, rows, classes, truth, true, &err), &err);
    free(truth);
    Draws draws = {(uint64_t)json_int_or(json_get(json, "seed"), 0)};
    for (int row = 0; row < rows; row++) draw_row(p, &draws, json_string_or(json_get(json, "kind"), ""), row);
    CHECK_OK(predictions_check(p, &err), &err);
}

static void check_number(const Json *json, double found, const char *what, const Json *expected, int at) {
    if (json_is_null(expected) ? isnan(found) : is_close(found, json_number_or(expected, nan("")), TOLERANCE, TOLERANCE)) return;
    fail_msg("%s, seed %g, %g classes: %s %d is %.17g, expected %.17g", json_string_or(json_get(json, "kind"), "?"),
             json_number_or(json_get(json, "seed"), -1), json_number_or(json_get(json, "classes"), -1), what, at, found,
             json_number_or(expected, nan("")));
}

static void check_per_class(const Json *json, const Scores *s) {
    const Json *precision = json_first(json_get(json, "precision")), *recall = json_first(json_get(json, "recall"));
    const Json *f1 = json_first(json_get(json, "f1")), *auc = json_first(json_get(json, "roc_auc"));
    for (int c = 0; c < s->classes; c++) {
        assert_non_null(auc);
        check_number(json, s->per_class[c].precision, "precision", precision, c);
        check_number(json, s->per_class[c].recall, "recall", recall, c);
        check_number(json, s->per_class[c].f1, "f1", f1, c);
        check_number(json, s->per_class[c].roc_auc, "roc_auc", auc, c);
        precision = json_next(precision), recall = json_next(recall), f1 = json_next(f1), auc = json_next(auc);
    }
}

static void check_matrix(const Json *json, const char *key, const Scores *s, int by) {
    if (!json_get(json, key)) return;
    int t = 0;
    for (const Json *line = json_first(json_get(json, key)); line; line = json_next(line), t++) {
        int p = 0;
        for (const Json *cell = json_first(line); cell; cell = json_next(cell), p++)
            check_number(json,
                         by < 0 ? (double)confusion_count(&s->confusion, t, p)
                                : confusion_share(&s->confusion, t, p, (ConfusionNormalize)by),
                         key, cell, t * s->classes + p);
        assert_int_equal(p, s->classes);
    }
    assert_int_equal(t, s->classes);
}

static void check_report(const Json *json, const char *key, const Scores *s, int digits) {
    Buffer text = {0};
    scores_write_report(&text, s, labels, digits);
    assert_string_equal(text.data, json_string_or(json_get(json, key), ""));
    buffer_free(&text);
}

static void scores_equal_scikit_learn(void **state) {
    (void)state;
    int cases = 0;
    for (const Json *json = json_first(json_get(golden, "scores")); json; json = json_next(json), cases++) {
        Error err = {0};
        Predictions p;
        Scores s;
        draw_case(&p, json);
        CHECK_OK(scores_compute(&s, &p, NULL, &err), &err);
        for (int i = 0; i < SCORE_FIELD_COUNT; i++) {
            const Json *expected = json_get(json, SCORE_FIELDS[i].name);
            assert_non_null(expected);
            check_number(json, score_value(&s, &SCORE_FIELDS[i]), SCORE_FIELDS[i].name, expected, 0);
        }
        for (int i = 0; i < TOP_K_COUNT; i++) {
            char key[16];
            snprintf(key, sizeof key, "%d", TOP_K[i]);
            check_number(json, s.top_k_accuracy[i], "top k", json_get(json_get(json, "top_k"), key), TOP_K[i]);
        }
        check_per_class(json, &s);
        check_matrix(json, "counts", &s, -1);
        check_matrix(json, "by_true", &s, CONFUSION_BY_TRUE);
        check_matrix(json, "by_predicted", &s, CONFUSION_BY_PREDICTED);
        check_matrix(json, "by_all", &s, CONFUSION_BY_ALL);
        check_report(json, "report_2", &s, 2);
        check_report(json, "report_4", &s, 4);
        scores_free(&s);
        predictions_free(&p);
    }
    assert_int_equal(cases, 33);
}

/* ---- what the judge does not cover ---- */

static void no_probabilities_gives_null(void **state) {
    (void)state;
    Error err = {0};
    Predictions p;
    Scores s;
    CHECK_OK(predictions_make(&p, 4, 3, (int32_t[]){0, 1, 1, 0}, false, &err), &err);
    memcpy(p.predicted, (int32_t[]){0, 1, 0, 0}, 4 * sizeof(int32_t));
    CHECK_OK(scores_compute(&s, &p, NULL, &err), &err);
    CHECK_CLOSE(s.accuracy, 0.75, 0, 0);
    for (int i = 0; i < SCORE_FIELD_COUNT; i++)
        assert_int_equal(isnan(score_value(&s, &SCORE_FIELDS[i])), SCORE_FIELDS[i].needs_probabilities);
    Buffer out = {0};
    JsonWriter writer = json_writer(&out, 0);
    scores_write_json(&writer, &s, (char *[]){(char[]){"a"}, (char[]){"b"}, (char[]){"c"}});
    Json *json = json_parse(out.data, out.size, "scores", ERROR_FAILED, &err);
    CHECK_OK(json != NULL, &err);
    assert_true(json_is_null(json_get(json, "log_loss")));
    assert_non_null(json_get(json, "log_loss"));
    assert_true(json_is_null(json_get(json_get(json, "top_k_accuracy"), "2")));
    CHECK_CLOSE(json_number_or(json_get(json_get(json_get(json, "per_class"), "b"), "recall"), -1), 0.5, 0, 0);
    assert_true(json_is_null(json_get(json_get(json_get(json, "per_class"), "c"), "f1")));
    assert_int_equal(json_int_or(json_first(json_get(json, "confusion_matrix"))
                                     ? json_first(json_first(json_get(json, "confusion_matrix")))
                                     : NULL,
                                 -1),
                     2);
    json_free(json);
    buffer_free(&out);
    scores_free(&s);
    predictions_free(&p);
}

static void no_rows_or_no_truth(void **state) {
    (void)state;
    Error err = {0};
    Predictions p;
    Scores s;
    CHECK_OK(predictions_make(&p, 0, 2, (int32_t[]){0}, true, &err), &err);
    CHECK_OK(scores_compute(&s, &p, NULL, &err), &err);
    for (int i = 0; i < SCORE_FIELD_COUNT; i++) assert_true(isnan(score_value(&s, &SCORE_FIELDS[i])));
    Buffer out = {0};
    scores_write_report(&out, &s, labels, 2);
    scores_write_notes(&out, &s, labels);
    assert_non_null(strstr(out.data, "no rows"));
    buffer_free(&out);
    scores_free(&s);
    predictions_free(&p);
    CHECK_OK(predictions_make(&p, 1, 2, NULL, false, &err), &err);
    CHECK_FAILS(scores_compute(&s, &p, NULL, &err), &err, ERROR_DATA, "no labels");
    predictions_free(&p);
}

static void notes_name_the_classes(void **state) {
    (void)state;
    Error err = {0};
    Predictions p;
    Scores s;
    CHECK_OK(predictions_make(&p, 3, 12, (int32_t[]){0, 0, 1}, false, &err), &err);
    memcpy(p.predicted, (int32_t[]){0, 2, 2}, 3 * sizeof(int32_t));
    CHECK_OK(scores_compute(&s, &p, NULL, &err), &err);
    Buffer out = {0};
    scores_write_notes(&out, &s, labels);
    assert_string_equal(
        out.data,
        "9 classes (a label that is much longer than the heading of the last line, class 4, class 5, class 6, class 7, …) "
        "with no rows here and never answered: left out of every mean\n"
        "1 class (class 2) with no rows here: no recall and no AUC, left out of their means\n"
        "1 class (größer als 大きい) never answered: precision counted as 0\n");
    CHECK_CLOSE(s.recall_macro, 0.25, 0, 0);
    CHECK_CLOSE(s.f1_macro, 2.0 / 9, 1e-15, 0); /* 2/3, 0, 0 */
    buffer_free(&out);
    scores_free(&s);
    predictions_free(&p);
}

static void answers_are_checked(void **state) {
    (void)state;
    Error err = {0};
    Predictions p;
    CHECK_OK(predictions_make(&p, 2, 2, (int32_t[]){0, 1}, true, &err), &err);
    CHECK_FAILS(predictions_check(&p, &err), &err, ERROR_DATA, "row 0: probabilities sum to 0, expected 1");
    predictions_put_logits(&p, 0, (double[]){1000, 1000});
    predictions_put_logits(&p, 1, (double[]){-1000, 1000});
    CHECK_OK(predictions_check(&p, &err), &err);
    assert_int_equal(p.predicted[0], 0);
    assert_int_equal(p.predicted[1], 1);
    CHECK_CLOSE(p.probabilities[0], 0.5, 0, 0);
    p.predicted[1] = 2;
    CHECK_FAILS(predictions_check(&p, &err), &err, ERROR_DATA, "row 1: predicted class is 2, expected 0 to 1");
    predictions_choose(&p);
    p.truth[0] = -1;
    CHECK_FAILS(predictions_check(&p, &err), &err, ERROR_DATA, "row 0: true class is -1");
    p.truth[0] = 0;
    predictions_put_logits(&p, 1, (double[]){nan(""), 0});
    CHECK_FAILS(predictions_check(&p, &err), &err, ERROR_DATA, "probability of class 0 is");
    predictions_free(&p);
}

/* A large set with ties: the same bytes for any number of threads, and in seconds, not hours. */
static void threads_change_nothing(void **state) {
    (void)state;
    enum { ROWS = 20000, CLASSES = 300 };
    Error err = {0};
    Predictions p;
    CHECK_OK(predictions_make(&p, ROWS, CLASSES, NULL, true, &err), &err);
    p.truth = mem_new(ROWS, sizeof *p.truth, &err);
    assert_non_null(p.truth);
    Random random = random_start(1, STREAM_TEST, 0);
    for (int row = 0; row < ROWS; row++) {
        double logits[CLASSES];
        p.truth[row] = (int32_t)random_below(&random, CLASSES - 1);
        for (int c = 0; c < CLASSES; c++) logits[c] = random_below(&random, 9) + (c == p.truth[row] ? 3 : 0);
        predictions_put_logits(&p, row, logits);
    }
    Buffer first = {0};
    for (int threads = 1; threads <= 8; threads = threads < 3 ? threads + 1 : threads + 5) {
        Pool *pool = pool_new(threads, &err);
        CHECK_OK(pool != NULL, &err);
        Scores s;
        CHECK_OK(scores_compute(&s, &p, pool, &err), &err);
        Buffer out = {0};
        for (int i = 0; i < SCORE_FIELD_COUNT; i++)
            buffer_add(&out, &(double){score_value(&s, &SCORE_FIELDS[i])}, sizeof(double));
        buffer_add(&out, s.per_class, CLASSES * sizeof *s.per_class);
        if (threads == 1) buffer_add(&first, out.data, out.size);
        assert_int_equal(out.size, first.size);
        assert_memory_equal(out.data, first.data, first.size);
        buffer_free(&out);
        scores_free(&s);
        pool_free(pool);
    }
    buffer_free(&first);
    predictions_free(&p);
}

static void a_million_rows_of_ten_thousand_classes(void **state) {
    (void)state;
    enum { ROWS = 1000000, CLASSES = 10000 };
    Error err = {0};
    Predictions p;
    Scores s;
    CHECK_OK(predictions_make(&p, ROWS, CLASSES, NULL, false, &err), &err);
    p.truth = mem_new(ROWS, sizeof *p.truth, &err);
    assert_non_null(p.truth);
    for (int row = 0; row < ROWS; row++) {
        p.truth[row] = row % CLASSES;
        p.predicted[row] = row % 4 ? row % CLASSES : (row / CLASSES) % CLASSES;
    }
    CHECK_OK(scores_compute(&s, &p, NULL, &err), &err);
    int64_t hits = 0, cells = s.confusion.starts[CLASSES];
    for (int row = 0; row < ROWS; row++) hits += p.truth[row] == p.predicted[row];
    CHECK_CLOSE(s.accuracy, (double)hits / ROWS, 1e-15, 0);
    assert_int_equal(confusion_count(&s.confusion, 4, 7), 1);
    assert_int_equal(confusion_count(&s.confusion, 1, 1), 100);
    Buffer out = {0};
    JsonWriter writer = json_writer(&out, 0);
    static char name[] = "x";
    char **names = calloc(CLASSES, sizeof *names);
    for (int c = 0; c < CLASSES; c++) names[c] = name;
    scores_write_json(&writer, &s, names);
    assert_non_null(strstr(out.data, "\"confusion_matrix\": null, \"confusion_cells\": [[0, 0, "));
    assert_true(cells < ROWS);
    free(names);
    buffer_free(&out);
    scores_free(&s);
    predictions_free(&p);
}

/* ---- intervals and tests ---- */

static double item(const Json *array, int at) {
    const Json *json = json_first(array);
    while (at--) json = json_next(json);
    return json_number_or(json, nan(""));
}

static void intervals_equal_scipy(void **state) {
    (void)state;
    for (const Json *json = json_first(json_get(golden, "wilson")); json; json = json_next(json)) {
        Interval interval = wilson_interval((int64_t)item(json, 0), (int64_t)item(json, 1), item(json, 2));
        CHECK_CLOSE(interval.low, item(json, 3), 1e-15, TOLERANCE);
        CHECK_CLOSE(interval.high, item(json, 4), 1e-15, TOLERANCE);
    }
    /* A quantile's relative error is the condition of the tail, about 1, times a few roundings of erfc. */
    for (const Json *json = json_first(json_get(golden, "normal")); json; json = json_next(json))
        CHECK_CLOSE(normal_quantile(item(json, 0)), item(json, 1), 1e-15, TOLERANCE);
    assert_true(isnan(wilson_interval(0, 0, 0.95).low));
    assert_true(isnan(normal_quantile(1.5)));
}

static void mcnemar_equals_sixty_digits(void **state) {
    (void)state;
    for (const Json *json = json_first(json_get(golden, "mcnemar")); json; json = json_next(json)) {
        int64_t b = (int64_t)item(json, 0), c = (int64_t)item(json, 1);
        McNemar test = mcnemar_exact(b, c), mirrored = mcnemar_exact(c, b);
        CHECK_CLOSE(test.log10_p, item(json, 2), TOLERANCE, TOLERANCE);
        CHECK_CLOSE(test.log10_mid_p, item(json, 3), TOLERANCE, TOLERANCE);
        CHECK_CLOSE(test.p, pow(10, item(json, 2)), 1e-300, 1e-10);
        CHECK_CLOSE(test.mid_p, pow(10, item(json, 3)), 1e-300, 1e-10);
        CHECK_CLOSE(mirrored.log10_p, test.log10_p, 0, 0);
        assert_true(test.mid_p <= test.p && test.p <= 1);
    }
    McNemar none = mcnemar_exact(0, 0);
    CHECK_CLOSE(none.p, 1, 0, 0);
    CHECK_CLOSE(none.mid_p, 1, 0, 0);
    assert_true(isfinite(mcnemar_exact(0, INT64_C(2000000000)).log10_p));
}

static void p_values_read_well(void **state) {
    (void)state;
    static const struct {
        double log10_p;
        const char *text;
    } CASES[] = {{0, "p = 1.00"},    {-0.2, "p = 0.63"}, {-1.9, "p = 0.013"},  {-2.5, "p = 0.0032"}, {-3.2, "p = 6e-4"},
                 {-8.5, "p = 3e-9"}, {-99, "p = 1e-99"}, {-99.1, "p < 1e-99"}, {-1e9, "p < 1e-99"},  {-3.0001, "p = 1e-3"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char text[32];
        p_value_text(text, CASES[i].log10_p);
        assert_string_equal(text, CASES[i].text);
    }
}

static void pairs_are_counted(void **state) {
    (void)state;
    Error err = {0};
    Predictions a, b;
    CHECK_OK(predictions_make(&a, 5, 3, (int32_t[]){0, 1, 2, 0, 1}, false, &err), &err);
    CHECK_OK(predictions_make(&b, 5, 3, (int32_t[]){0, 1, 2, 0, 1}, false, &err), &err);
    memcpy(a.predicted, (int32_t[]){0, 1, 2, 1, 1}, 5 * sizeof(int32_t));
    memcpy(b.predicted, (int32_t[]){0, 0, 0, 2, 1}, 5 * sizeof(int32_t));
    PairedCounts counts;
    CHECK_OK(paired_count(&counts, &a, &b, &err), &err);
    assert_int_equal(counts.both, 2);
    assert_int_equal(counts.only_a, 2);
    assert_int_equal(counts.only_b, 0);
    assert_int_equal(counts.neither, 1);
    b.truth[3] = 1;
    CHECK_FAILS(paired_count(&counts, &a, &b, &err), &err, ERROR_DATA, "row 3: true class 0 in one entry, 1 in the other");
    b.rows = 4;
    CHECK_FAILS(paired_count(&counts, &a, &b, &err), &err, ERROR_DATA, "answers to 5 rows cannot be paired with answers to 4");
    predictions_free(&a);
    predictions_free(&b);
}

int main(void) {
    Error err = {0};
    golden = json_parse_file(TESTS_FOLDER "/golden/metrics.json", ERROR_PATH, &err);
    if (!golden) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    int count = 0;
    for (const Json *label = json_first(json_get(golden, "labels")); label && count < 77; label = json_next(label)) {
        const char *text = json_string_or(label, "");
        labels[count++] = mem_copy_text(text, strlen(text), &err);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_equal_scikit_learn),
        cmocka_unit_test(no_probabilities_gives_null),
        cmocka_unit_test(no_rows_or_no_truth),
        cmocka_unit_test(notes_name_the_classes),
        cmocka_unit_test(answers_are_checked),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_million_rows_of_ten_thousand_classes),
        cmocka_unit_test(intervals_equal_scipy),
        cmocka_unit_test(mcnemar_equals_sixty_digits),
        cmocka_unit_test(p_values_read_well),
        cmocka_unit_test(pairs_are_counted),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    while (count) free(labels[--count]);
    json_free(golden);
    return failed;
}
