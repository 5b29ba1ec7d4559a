/* Intervals, tests and calibration against SciPy, scikit-learn and statsmodels (tests/golden/statistics.json, written by
 * make_statistics_golden.py), and what they do not cover: threads, edges, speed. */
#include "tests/check.h"

#include "common/clock.h"
#include "common/file.h"
#include "common/json.h"
#include "common/memory.h"
#include "metrics/bootstrap.h"
#include "metrics/calibration.h"
#include "metrics/delong.h"
#include "metrics/multiple.h"
#include "metrics/paired_tests.h"
#include "metrics/permutation.h"
#include "metrics/scores.h"
#include "metrics/variance.h"

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

static void permutations_near_all_swaps(void **state) {
    (void)state;
    enum { PERMUTATIONS = 20000 };
    Error err = {0};
    Pool *pool = pool_new(3, &err);
    CHECK_OK(pool, &err);
    for (const Json *json = json_first(json_get(golden, "permutation")); json; json = json_next(json)) {
        Entries entries;
        entries_draw(&entries, int_of(json, "seed"), int_of(json, "rows"), int_of(json, "classes"), 2);
        double p[CORE_COUNT], alone[CORE_COUNT];
        CHECK_OK(permutation_test(p, entries.list[0], entries.list[1], PERMUTATIONS, 3, pool, &err), &err);
        CHECK_OK(permutation_test(alone, entries.list[0], entries.list[1], PERMUTATIONS, 3, NULL, &err), &err);
        assert_memory_equal(p, alone, sizeof p);
        for (int s = 0; s < CORE_COUNT; s++) {
            double expected = json_number_or(json_get(json, CORE_SCORES[s]), nan(""));
            /* Five standard errors of the share of 20,000 draws. */
            double off = 5 * sqrt(expected * (1 - expected) / PERMUTATIONS) + 1.0 / PERMUTATIONS;
            if (!is_close(p[s], expected, off, 0)) fail_msg("%s: p is %g, expected %g", CORE_SCORES[s], p[s], expected);
        }
        CHECK_OK(permutation_test(p, entries.list[0], entries.list[0], 100, 3, pool, &err), &err);
        for (int s = 0; s < CORE_COUNT; s++) assert_true(p[s] == 1);
        entries_free(&entries);
    }
    pool_free(pool);
}

/* Nearly all of a's answers are right and b's are not: no swap is as uneven, and p is the smallest there is. */
static void permutation_at_the_end(void **state) {
    (void)state;
    Error err = {0};
    Entries entries;
    entries_draw(&entries, 23, 400, 3, 2);
    for (int row = 0; row < 400; row++) {
        entries.all[0].predicted[row] = entries.all[0].truth[row];
        entries.all[1].predicted[row] = (entries.all[0].truth[row] + (row % 2)) % 3;
    }
    mem_free(entries.all[1].probabilities);
    entries.all[1].probabilities = NULL;
    double p[CORE_COUNT];
    CHECK_OK(permutation_test(p, entries.list[0], entries.list[1], 999, 3, NULL, &err), &err);
    for (int s = 0; s < TALLY_SCORES; s++) CHECK_CLOSE(p[s], 0.001, 1e-15, 0);
    assert_true(isnan(p[CORE_LOG_LOSS]) && isnan(p[CORE_BRIER]));
    entries.all[1].rows = 399;
    CHECK_FAILS(permutation_test(p, entries.list[0], entries.list[1], 9, 3, NULL, &err), &err, ERROR_DATA, "same rows");
    entries_free(&entries);
}

static void delong_check(const Entries *entries, int class, const Json *line, bool with_p) {
    Error err = {0};
    DelongAuc a, b, difference;
    CHECK_OK(delong_auc(&a, entries->list[0], class, 0.95, &err), &err);
    CHECK_OK(delong_auc(&b, entries->list[1], class, 0.95, &err), &err);
    CHECK_OK(delong_difference(&difference, entries->list[0], entries->list[1], class, 0.95, &err), &err);
    const Json *at = json_first(line);
    number_check("AUC of a", a.value, &at, TOLERANCE);
    number_check("AUC of b", b.value, &at, TOLERANCE);
    number_check("standard error of a", a.standard_error, &at, TOLERANCE);
    number_check("standard error of b", b.standard_error, &at, TOLERANCE);
    number_check("standard error of the difference", difference.standard_error, &at, TOLERANCE);
    if (with_p) number_check("log10 p", difference.log10_p, &at, 1e-10);
    CHECK_CLOSE(difference.value, a.value - b.value, 1e-14, 0);
    CHECK_CLOSE(a.interval.low, a.value - 1.959963984540054 * a.standard_error, 1e-12, 0);
    assert_true(b.interval.high <= 1 && b.interval.high >= b.value);
}

static void auc_varies_as_all_pairs_say(void **state) {
    (void)state;
    for (const Json *json = json_first(json_get(golden, "delong")); json; json = json_next(json)) {
        Entries entries;
        entries_draw(&entries, int_of(json, "seed"), int_of(json, "rows"), int_of(json, "classes"), 2);
        int class = 0;
        for (const Json *line = json_first(json_get(json, "per_class")); line; line = json_next(line))
            delong_check(&entries, class ++, line, true);
        delong_check(&entries, DELONG_MACRO, json_get(json, "macro"), false);
        Error err = {0};
        DelongAuc weighted;
        Scores scores;
        CHECK_OK(scores_compute(&scores, entries.list[1], NULL, &err), &err);
        CHECK_OK(delong_auc(&weighted, entries.list[1], DELONG_WEIGHTED, 0.95, &err), &err);
        CHECK_CLOSE(weighted.value, scores.roc_auc_ovr_weighted, 1e-12, 0);
        scores_free(&scores);
        entries_free(&entries);
    }
}

static void auc_of_nothing_is_unknown(void **state) {
    (void)state;
    Error err = {0};
    Entries entries;
    DelongAuc auc;
    entries_draw(&entries, 34, 20, 3, 2);
    CHECK_OK(delong_difference(&auc, entries.list[0], entries.list[0], 0, 0.95, &err), &err);
    assert_true(auc.value == 0 && auc.log10_p == 0);
    for (int e = 0; e < 2; e++)
        for (int row = 0; row < 20; row++) entries.all[e].truth[row] = row == 0;
    CHECK_OK(delong_auc(&auc, entries.list[0], 2, 0.95, &err), &err); /* no row of class 2 */
    assert_true(isnan(auc.value) && isnan(auc.interval.low));
    CHECK_OK(delong_auc(&auc, entries.list[0], 1, 0.95, &err), &err); /* one row of class 1 */
    assert_true(!isnan(auc.value) && isnan(auc.standard_error) && isnan(auc.interval.low));
    entries.all[1].truth[5] = 2;
    CHECK_FAILS(delong_difference(&auc, entries.list[0], entries.list[1], 1, 0.95, &err), &err, ERROR_DATA, "same rows");
    mem_free(entries.all[0].probabilities);
    entries.all[0].probabilities = NULL;
    CHECK_OK(delong_auc(&auc, entries.list[0], DELONG_MACRO, 0.95, &err), &err);
    assert_true(isnan(auc.value));
    entries_free(&entries);
}

static void rows_needed_are_connors(void **state) {
    (void)state;
    for (const Json *line = json_first(json_get(golden, "rows_needed")); line; line = json_next(line)) {
        const Json *at = json_first(line);
        int64_t only_a = json_int_or(item_take(&at), 0), only_b = json_int_or(item_take(&at), 0),
                rows = json_int_or(item_take(&at), 0);
        double alpha = json_number_or(item_take(&at), 0), power = json_number_or(item_take(&at), 0);
        number_check("rows needed", mcnemar_rows_needed(only_a, only_b, rows, alpha, power), &at, 0);
    }
    assert_true(isinf(mcnemar_rows_needed(7, 7, 100, 0.05, 0.8)) && isnan(mcnemar_rows_needed(0, 0, 0, 0.05, 0.8)));
}

static void holm_is_statsmodels(void **state) {
    (void)state;
    Error err = {0};
    for (const Json *line = json_first(json_get(golden, "holm")); line; line = json_next(line)) {
        double log10_p[8], adjusted[8];
        int count = 0;
        for (const Json *p = json_first(json_first(line)); p; p = json_next(p))
            log10_p[count++] = log10(json_number_or(p, nan("")));
        log10_p[count] = nan(""); /* counts for nothing */
        CHECK_OK(holm_adjust(adjusted, log10_p, count + 1, &err), &err);
        assert_true(isnan(adjusted[count]));
        const Json *at = json_first(json_next(json_first(line)));
        for (int i = 0; i < count; i++) number_check("adjusted p", adjusted[i], &at, 1e-13);
    }
    double tiny[2] = {-40000, -HUGE_VAL};
    CHECK_OK(holm_adjust(tiny, tiny, 2, &err), &err);
    assert_true(tiny[0] == -40000 && isinf(tiny[1]));
}

static void variance_is_statsmodels(void **state) {
    (void)state;
    Error err = {0};
    Json *cases = json_parse_file(TESTS_FOLDER "/golden/variance.json", ERROR_PATH, &err);
    CHECK_OK(cases, &err);
    for (const Json *json = json_first(cases); json; json = json_next(json)) {
        double values[512];
        int count = 0;
        for (const Json *value = json_first(json_get(json, "values")); value; value = json_next(value))
            values[count++] = json_number_or(value, nan(""));
        VarianceParts parts;
        CHECK_OK(variance_split(&parts, values, int_of(json, "runs"), int_of(json, "rows"), &err), &err);
        const Json *at = json_first(json_get(json, "parts"));
        number_check("seed", parts.seed, &at, TOLERANCE);
        number_check("rows", parts.rows, &at, TOLERANCE);
        number_check("both", parts.both, &at, TOLERANCE);
        CHECK_OK(variance_split(&parts, values, 1, count, &err), &err);
        assert_true(isnan(parts.seed) && isnan(parts.rows) && isnan(parts.both));
    }
    json_free(cases);
}

static void reliability_check(const Json *json, const Predictions *p, CalibrationBinning binning) {
    Error err = {0};
    Reliability found;
    CHECK_OK(reliability_measure(&found, p, binning, &err), &err);
    CHECK_CLOSE(found.ece, json_number_or(json_get(json, "ece"), nan("")), TOLERANCE, 0);
    CHECK_CLOSE(found.mce, json_number_or(json_get(json, "mce"), nan("")), TOLERANCE, 0);
    const Json *rows = json_first(json_get(json, "rows")), *accuracy = json_first(json_get(json, "accuracy"));
    const Json *confidence = json_first(json_get(json, "confidence")); /* of the bins that are not empty */
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        number_check("rows of a bin", (double)found.bins[i].rows, &rows, 0);
        if (!found.bins[i].rows) continue;
        number_check("accuracy of a bin", found.bins[i].accuracy, &accuracy, TOLERANCE);
        number_check("confidence of a bin", found.bins[i].confidence, &confidence, TOLERANCE);
    }
}

static void brier_check(const Json *json, const Predictions *p) {
    Error err = {0};
    BrierParts parts;
    CHECK_OK(brier_decompose(&parts, p, &err), &err);
    const Json *at = json_first(json_get(json, "brier"));
    number_check("Brier", parts.brier, &at, TOLERANCE);
    number_check("reliability", parts.reliability, &at, TOLERANCE);
    number_check("resolution", parts.resolution, &at, TOLERANCE);
    number_check("uncertainty", parts.uncertainty, &at, TOLERANCE);
    number_check("within", parts.within, &at, TOLERANCE);
}

static void temperature_check(const Json *json, Predictions *p) {
    Error err = {0};
    Temperature found, again;
    Pool *pool = pool_new(3, &err);
    CHECK_OK(pool, &err);
    CHECK_OK(temperature_fit(&found, p, pool, &err), &err);
    CHECK_OK(temperature_fit(&again, p, NULL, &err), &err);
    pool_free(pool);
    assert_true(found.temperature == again.temperature && found.loss_after == again.loss_after && !found.at_limit);
    const Json *at = json_first(json_get(json, "temperature"));
    number_check("temperature", found.temperature, &at, 1e-10);
    number_check("loss before", found.loss_before, &at, TOLERANCE);
    number_check("loss after", found.loss_after, &at, TOLERANCE);
    temperature_apply(p, found.temperature);
    for (int c = 0; c < p->classes; c++) number_check("p of the first row", p->probabilities[c], &at, 1e-10);
    CHECK_OK(predictions_check(p, &err), &err);
    CHECK_OK(temperature_fit(&again, p, NULL, &err), &err);
    CHECK_CLOSE(again.temperature, 1, 1e-9, 0); /* what is left to correct */
}

static void calibration_is_the_judges(void **state) {
    (void)state;
    for (const Json *json = json_first(json_get(golden, "calibration")); json; json = json_next(json)) {
        Entries entries;
        Error err = {0};
        entries_draw(&entries, int_of(json, "seed"), int_of(json, "rows"), int_of(json, "classes"), 2);
        Predictions *p = &entries.all[1];
        reliability_check(json_get(json, "width"), p, BINS_EQUAL_WIDTH);
        reliability_check(json_get(json, "mass"), p, BINS_EQUAL_MASS);
        brier_check(json, p);
        CoveragePoint points[10];
        CHECK_OK(coverage_curve(points, 10, p, &err), &err);
        const Json *line = json_first(json_get(json, "coverage"));
        for (int i = 0; i < 10; i++) {
            const Json *at = json_first(item_take(&line));
            number_check("coverage", points[i].coverage, &at, TOLERANCE);
            number_check("accuracy at that coverage", points[i].accuracy, &at, TOLERANCE);
            number_check("threshold", points[i].threshold, &at, TOLERANCE);
        }
        temperature_check(json, p);
        entries_free(&entries);
    }
}

/* Rows 0 … n-1 of two classes, the same answer and the same p for all of them. */
static void constant_make(Predictions *p, int rows, double second) {
    Error err = {0};
    int32_t truth[32] = {0};
    CHECK_OK(predictions_make(p, rows, 2, truth, true, &err), &err);
    for (int row = 0; row < rows; row++) p->probabilities[2 * row] = 1 - second, p->probabilities[2 * row + 1] = second;
    predictions_choose(p);
}

static void calibration_at_the_ends(void **state) {
    (void)state;
    Error err = {0};
    const double seconds[] = {0, 1, 0.5, 0.25}; /* sure and right, sure and wrong, undecided, always right */
    for (int i = 0; i < 4; i++) {
        Predictions p;
        constant_make(&p, 20, seconds[i]);
        Temperature found;
        CHECK_OK(temperature_fit(&found, &p, NULL, &err), &err);
        assert_true(found.at_limit && found.temperature >= 0.01 - 1e-12 && found.temperature <= 100 + 1e-12);
        assert_true(found.loss_after <= found.loss_before);
        Reliability reliability;
        CHECK_OK(reliability_measure(&reliability, &p, BINS_EQUAL_MASS, &err), &err);
        assert_int_equal(reliability.bins[0].rows, 20); /* equal confidences stay together */
        CHECK_CLOSE(reliability.ece, i == 0 ? 0 : i == 1 ? 1 : i == 2 ? 0.5 : 0.25, 1e-15, 0);
        CoveragePoint points[3];
        CHECK_OK(coverage_curve(points, 3, &p, &err), &err);
        assert_true(points[0].coverage == 1 && points[0].accuracy == (i != 1));
        temperature_apply(&p, found.temperature);
        CHECK_OK(predictions_check(&p, &err), &err);
        predictions_free(&p);
    }
    Predictions bare = {.rows = 0, .classes = 2};
    Reliability reliability;
    CHECK_FAILS(reliability_measure(&reliability, &bare, BINS_EQUAL_WIDTH, &err), &err, ERROR_DATA, "needs rows with labels");
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
        cmocka_unit_test(permutations_near_all_swaps),
        cmocka_unit_test(permutation_at_the_end),
        cmocka_unit_test(auc_varies_as_all_pairs_say),
        cmocka_unit_test(auc_of_nothing_is_unknown),
        cmocka_unit_test(rows_needed_are_connors),
        cmocka_unit_test(holm_is_statsmodels),
        cmocka_unit_test(variance_is_statsmodels),
        cmocka_unit_test(calibration_is_the_judges),
        cmocka_unit_test(calibration_at_the_ends),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_free(golden);
    return failed;
}
