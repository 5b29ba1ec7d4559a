/* Intervals, tests and calibration against SciPy, scikit-learn and statsmodels (tests/golden/statistics.json, written by
 * make_statistics_golden.py), and what they do not cover: threads, edges, speed. */
#include "tests/check.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/json.h"
#include "common/memory.h"
#include "metrics/bootstrap.h"
#include "metrics/scores.h"

/* Sums of at most some hundred terms in another order than the judge's. */
static const double TOLERANCE = 1e-11;

enum { ENTRIES_MAX = 6 };

static Json *golden;

/* ---- the same answers as make_statistics_golden.py draws ---- */

typedef struct Draws {
    uint64_t state;
} Draws;

static int draw_below(Draws *draws, int bound) {
    draws->state = draws->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((draws->state >> 33) % (uint64_t)bound);
}

typedef struct Entries {
    int count;
    Predictions all[ENTRIES_MAX];
    const Predictions *list[ENTRIES_MAX];
} Entries;

static void row_draw(Predictions *p, Draws *draws, int entry, int row, int truth) {
    int weights[16], sum = 0;
    for (int c = 0; c < p->classes; c++) weights[c] = 1 + draw_below(draws, 8);
    weights[truth] += draw_below(draws, 8 + 6 * entry);
    for (int c = 0; c < p->classes; c++) sum += weights[c];
    double *out = p->probabilities + (size_t)row * (size_t)p->classes;
    for (int c = 0; c < p->classes; c++) out[c] = (double)weights[c] / sum;
    p->truth[row] = truth;
    p->predicted[row] = argmax(out, p->classes);
}

static void entries_draw(Entries *entries, int seed, int rows, int classes, int count) {
    Error err = {0};
    int32_t *truth = calloc((size_t)rows, sizeof *truth);
    entries->count = count;
    for (int e = 0; e < count; e++) {
        CHECK_OK(predictions_make(&entries->all[e], rows, classes, truth, true, &err), &err);
        entries->list[e] = &entries->all[e];
    }
    free(truth);
    Draws draws = {(uint64_t)seed};
    for (int row = 0; row < rows; row++) {
        int class = draw_below(&draws, classes);
        for (int e = 0; e < count; e++) row_draw(&entries->all[e], &draws, e, row, class);
    }
}

static void entries_free(Entries *entries) {
    for (int e = 0; e < entries->count; e++) predictions_free(&entries->all[e]);
}

static int int_of(const Json *json, const char *name) { return (int)json_int_or(json_get(json, name), -1); }

/* The next item of a list that is read from left to right. */
static const Json *item_take(const Json **at) {
    const Json *item = *at;
    assert_non_null(item);
    *at = json_next(item);
    return item;
}

static void number_check(const char *what, double found, const Json **at, double tolerance) {
    const Json *expected = item_take(at);
    if (json_is_null(expected) ? isnan(found) : is_close(found, json_number_or(expected, nan("")), tolerance, tolerance)) return;
    fail_msg("%s is %.17g, expected %.17g", what, found, json_number_or(expected, nan("")));
}

static CoreScore score_find(const char *name) {
    for (int s = 0; s < CORE_COUNT; s++)
        if (strcmp(CORE_SCORES[s], name) == 0) return (CoreScore)s;
    fail_msg("no score %s", name);
    return CORE_COUNT;
}

static void estimate_make(BootstrapEstimate *out, const Bootstrap *b, CoreScore score, int entry, int against,
                          BootstrapMethod method) {
    Error err = {0};
    CHECK_OK(against < 0 ? bootstrap_score(out, b, score, entry, method, 0.95, &err)
                         : bootstrap_difference(out, b, score, entry, against, method, 0.95, &err),
             &err);
}

static void bootstrap_is_scipys(void **state) {
    (void)state;
    for (const Json *json = json_first(json_get(golden, "bootstrap")); json; json = json_next(json)) {
        Entries entries;
        Error err = {0};
        entries_draw(&entries, int_of(json, "seed"), int_of(json, "rows"), int_of(json, "classes"), int_of(json, "entries"));
        Bootstrap *b =
            bootstrap_new(entries.list, entries.count, int_of(json, "resamples"), (uint64_t)int_of(json, "seed"), NULL, &err);
        CHECK_OK(b, &err);
        for (const Json *line = json_first(json_get(json, "estimates")); line; line = json_next(line)) {
            const Json *at = json_first(line);
            CoreScore score = score_find(json_string_or(item_take(&at), ""));
            int entry = (int)json_int_or(item_take(&at), -2), against = (int)json_int_or(item_take(&at), -2);
            BootstrapEstimate bca, percentile;
            estimate_make(&bca, b, score, entry, against, BOOTSTRAP_BCA);
            estimate_make(&percentile, b, score, entry, against, BOOTSTRAP_PERCENTILE);
            number_check(CORE_SCORES[score], bca.value, &at, TOLERANCE);
            number_check("standard error", bca.standard_error, &at, TOLERANCE);
            number_check("BCa's lower end", bca.interval.low, &at, TOLERANCE);
            number_check("BCa's upper end", bca.interval.high, &at, TOLERANCE);
            number_check("the lower percentile", percentile.interval.low, &at, TOLERANCE);
            number_check("the upper percentile", percentile.interval.high, &at, TOLERANCE);
        }
        bootstrap_free(b);
        entries_free(&entries);
    }
}

static void values_are_those_of_scores(void **state) {
    (void)state;
    Entries entries;
    Error err = {0};
    entries_draw(&entries, 11, 500, 4, 2);
    Bootstrap *b = bootstrap_new(entries.list, 2, 10, 1, NULL, &err);
    CHECK_OK(b, &err);
    for (int e = 0; e < 2; e++) {
        Scores scores;
        CHECK_OK(scores_compute(&scores, entries.list[e], NULL, &err), &err);
        for (int s = 0; s < CORE_COUNT; s++) {
            BootstrapEstimate estimate;
            estimate_make(&estimate, b, (CoreScore)s, e, -1, BOOTSTRAP_PERCENTILE);
            CHECK_CLOSE(estimate.value, score_value(&scores, score_field_find(CORE_SCORES[s])), 1e-13, 0);
        }
        scores_free(&scores);
    }
    bootstrap_free(b);
    entries_free(&entries);
}

static void resamples_are_the_same_for_any_threads_and_entries(void **state) {
    (void)state;
    Entries entries;
    Error err = {0};
    entries_draw(&entries, 12, 700, 5, 3);
    Pool *pool = pool_new(3, &err);
    CHECK_OK(pool, &err);
    const Predictions *last[] = {entries.list[2]};
    Bootstrap *one = bootstrap_new(entries.list, 3, 200, 9, NULL, &err),
              *three = bootstrap_new(entries.list, 3, 200, 9, pool, &err);
    Bootstrap *alone = bootstrap_new(last, 1, 200, 9, pool, &err);
    CHECK_OK(one && three && alone, &err);
    for (int s = 0; s < CORE_COUNT; s++) {
        const double *expected = bootstrap_replicates(one, (CoreScore)s, 2);
        assert_memory_equal(bootstrap_replicates(three, (CoreScore)s, 2), expected, 200 * sizeof *expected);
        assert_memory_equal(bootstrap_replicates(alone, (CoreScore)s, 0), expected, 200 * sizeof *expected);
    }
    bootstrap_free(one);
    bootstrap_free(three);
    bootstrap_free(alone);
    pool_free(pool);
    entries_free(&entries);
}

static void what_has_no_spread_has_no_width(void **state) {
    (void)state;
    Entries entries;
    Error err = {0};
    entries_draw(&entries, 13, 50, 3, 2);
    memcpy(entries.all[0].predicted, entries.all[0].truth, 50 * sizeof(int32_t));
    mem_free(entries.all[1].probabilities);
    entries.all[1].probabilities = NULL;
    Bootstrap *b = bootstrap_new(entries.list, 2, 100, 1, NULL, &err);
    CHECK_OK(b, &err);
    BootstrapEstimate estimate;
    estimate_make(&estimate, b, CORE_ACCURACY, 0, -1, BOOTSTRAP_BCA);
    assert_true(estimate.interval.low == 1 && estimate.interval.high == 1 && estimate.standard_error == 0);
    estimate_make(&estimate, b, CORE_F1_MACRO, 0, 0, BOOTSTRAP_BCA);
    assert_true(estimate.value == 0 && estimate.interval.low == 0 && estimate.interval.high == 0);
    estimate_make(&estimate, b, CORE_LOG_LOSS, 0, 1, BOOTSTRAP_BCA);
    assert_true(isnan(estimate.value) && isnan(estimate.interval.low) && estimate.resamples == 0);
    assert_null(bootstrap_replicates(b, CORE_BRIER, 1));
    bootstrap_free(b);
    entries.all[1].truth[3] ^= 1;
    CHECK_FAILS(bootstrap_new(entries.list, 2, 100, 1, NULL, &err), &err, ERROR_DATA, "do not stand on the same rows");
    entries_free(&entries);

    entries_draw(&entries, 14, 1, 2, 1); /* one row: no kappa, no jackknife */
    CHECK_OK(b = bootstrap_new(entries.list, 1, 100, 1, NULL, &err), &err);
    for (int s = 0; s < CORE_COUNT; s++) estimate_make(&estimate, b, (CoreScore)s, 0, -1, BOOTSTRAP_BCA);
    assert_true(estimate.interval.low == estimate.value);
    bootstrap_free(b);
    entries_free(&entries);
}

/* The size the program promises to draw in a few seconds; judged by eye, since test machines are shared. */
static void six_entries_are_drawn_quickly(void **state) {
    (void)state;
    Entries entries;
    Error err = {0};
    entries_draw(&entries, 15, 20000, 6, 6);
    Pool *pool = pool_new(2, &err);
    CHECK_OK(pool, &err);
    double start = clock_wall_s(), cpu = clock_cpu_s();
    Bootstrap *b = bootstrap_new(entries.list, 6, BOOTSTRAP_RESAMPLES, 1, pool, &err);
    CHECK_OK(b, &err);
    BootstrapEstimate estimate;
    for (int s = 0; s < CORE_COUNT; s++)
        for (int a = 0; a < 6; a++)
            for (int against = -1; against < a; against++) estimate_make(&estimate, b, (CoreScore)s, a, against, BOOTSTRAP_BCA);
    print_message("6 entries of 20,000 rows, 10,000 resamples, 168 intervals: %.2f s, %.2f s of CPU\n", clock_wall_s() - start,
                  clock_cpu_s() - cpu);
    bootstrap_free(b);
    pool_free(pool);
    entries_free(&entries);
}

int main(void) {
    Error err = {0};
    golden = json_parse_file(TESTS_FOLDER "/golden/statistics.json", ERROR_PATH, &err);
    if (!golden) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bootstrap_is_scipys),
        cmocka_unit_test(values_are_those_of_scores),
        cmocka_unit_test(resamples_are_the_same_for_any_threads_and_entries),
        cmocka_unit_test(what_has_no_spread_has_no_width),
        cmocka_unit_test(six_entries_are_drawn_quickly),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_free(golden);
    return failed;
}
