/* What compare/ says about certainty, on answers that three entries of a real comparison gave to 300 texts of the emotion data set
 * (tests/golden/real_answers.json), against SciPy, scikit-learn and statsmodels (real_statistics.json, by make_real_golden.py); and on made ones what
 * these do not cover: leaks, threads, entries that never differ, entries without probabilities, speed. */
#include "tests/check.h"

#include "common/clock.h"
#include "common/random.h"
#include "compare/statistics.h"
#include "metrics/bootstrap.h"

enum { ENTRIES_MOST = 6 };

static Json *answers, *golden;

/* ---- comparisons ---- */

typedef struct Made {
    Dataset dataset;
    Comparison comparison;
    EntryResult entries[ENTRIES_MOST];
    char *names[16];
} Made;

static void made_begin(Made *made, int rows, int classes) {
    Error err = {0};
    *made = (Made){.comparison = {.seed = 42}};
    made->dataset.classes = classes;
    made->dataset.class_names = made->names;
    RowList *test = &made->dataset.splits[SPLIT_TEST];
    CHECK_OK(test->rows = mem_new((size_t)rows, sizeof *test->rows, &err), &err);
    CHECK_OK(made->comparison.audit.flags = mem_new((size_t)rows, sizeof *made->comparison.audit.flags, &err), &err);
    for (int i = 0; i < rows; i++) test->rows[test->count++] = i;
    made->comparison.dataset = &made->dataset;
    made->comparison.entries = made->entries;
}

static Predictions *made_add(Made *made, const char *name, const int32_t *truth, bool sure) {
    Error err = {0};
    EntryResult *entry = &made->entries[made->comparison.entry_count++];
    *entry = (EntryResult){.name = name, .kind = ENTRY_FROZEN};
    CHECK_OK(predictions_make(&entry->predictions[SPLIT_TEST], made->dataset.splits[SPLIT_TEST].count, made->dataset.classes,
                              truth, sure, &err),
             &err);
    return &entry->predictions[SPLIT_TEST];
}

static void made_judge(Made *made, int resamples, Pool *pool) {
    Error err = {0};
    Comparison *c = &made->comparison;
    for (int i = 0; i < c->entry_count; i++) {
        CHECK_OK(predictions_check(&c->entries[i].predictions[SPLIT_TEST], &err), &err);
        CHECK_OK(scores_compute(&c->entries[i].scores[SPLIT_TEST], &c->entries[i].predictions[SPLIT_TEST], pool, &err), &err);
    }
    CHECK_OK(statistics_pairs(c, &err) && statistics_intervals(c, resamples, pool, &err), &err);
}

static void made_free(Made *made) {
    mem_free(made->dataset.splits[SPLIT_TEST].rows);
    for (int i = 0; i < made->comparison.entry_count; i++) {
        predictions_free(&made->entries[i].predictions[SPLIT_TEST]);
        scores_free(&made->entries[i].scores[SPLIT_TEST]);
        score_intervals_free(&made->entries[i].intervals);
    }
    mem_free(made->comparison.pairs);
    mem_free(made->comparison.audit.flags);
}

static void made_real(Made *made, int resamples, Pool *pool) {
    const Json *truth = json_get(answers, "truth"), *labels = json_get(answers, "classes");
    int rows = (int)json_size(truth), classes = (int)json_size(labels), i = 0;
    int32_t *ids = calloc((size_t)rows, sizeof *ids);
    for (const Json *id = json_first(truth); id; id = json_next(id)) ids[i++] = (int32_t)json_int_or(id, -1);
    made_begin(made, rows, classes);
    for (const Json *entry = json_first(json_get(answers, "entries")); entry; entry = json_next(entry)) {
        Predictions *p = made_add(made, json_key(entry), ids, true);
        i = 0;
        for (const Json *share = json_first(entry); share; share = json_next(share))
            p->probabilities[i++] = json_number_or(share, nan("")) / 10000;
        predictions_choose(p);
    }
    free(ids);
    made_judge(made, resamples, pool);
}

/* ---- against the judges ---- */

static double next_number(const Json **at) {
    assert_non_null(*at);
    double value = json_number_or(*at, nan(""));
    *at = json_next(*at);
    return value;
}

static void check_interval(const char *what, Interval found, const Json **at) {
    double low = next_number(at), high = next_number(at);
    /* sums of 300 to 6,000 terms in another order */
    if (!is_close(found.low, low, 1e-9, 0) || !is_close(found.high, high, 1e-9, 0))
        fail_msg("%s: [%.17g, %.17g], expected [%.17g, %.17g]", what, found.low, found.high, low, high);
}

static void check_entry(const ScoreIntervals *found, const Json *json) {
    const Json *at = json_first(json_get(json, "accuracy"));
    check_interval("accuracy", score_interval(found, "accuracy"), &at);
    at = json_first(json_get(json, "accuracy"));
    check_interval("recall_weighted", score_interval(found, "recall_weighted"), &at);
    at = json_first(json_get(json, "top_2"));
    check_interval("top 2", found->top_k_accuracy[0], &at);
    for (const Json *score = json_first(json_get(json, "bca")); score; score = json_next(score)) {
        at = json_first(score);
        check_interval(json_key(score), score_interval(found, json_key(score)), &at);
    }
    at = json_first(json_get(json_get(json, "bca"), "balanced_accuracy"));
    check_interval("recall_macro", score_interval(found, "recall_macro"), &at);
    const Json *aucs = json_first(json_get(json, "auc"));
    int c = 0;
    for (const Json *class = json_first(json_get(json, "per_class")); class; class = json_next(class), c++) {
        at = json_first(class);
        check_interval("precision", found->per_class[c].precision, &at);
        check_interval("recall", found->per_class[c].recall, &at);
        check_interval("F1", found->per_class[c].f1, &at);
        at = json_first(aucs);
        check_interval("AUC", found->per_class[c].roc_auc, &at);
        aucs = json_next(aucs);
    }
    assert_int_equal(c, found->classes);
    at = json_first(aucs);
    check_interval("macro AUC", score_interval(found, "roc_auc_ovr_macro"), &at);
    at = json_first(json_next(aucs));
    check_interval("weighted AUC", score_interval(found, "roc_auc_ovr_weighted"), &at);
}

static void check_pair(const PairResult *pair, const Json *json, int resamples) {
    CHECK_CLOSE(pair->mcnemar.p, json_number_or(json_get(json, "p"), nan("")), 0, 1e-11);
    CHECK_CLOSE(pair->mcnemar.mid_p, json_number_or(json_get(json, "mid_p"), nan("")), 0, 1e-11);
    CHECK_CLOSE(pow(10, pair->log10_holm), json_number_or(json_get(json, "holm"), nan("")), 0, 1e-11);
    CHECK_CLOSE(pair->clean.rows_needed, json_number_or(json_get(json, "rows_needed"), nan("")), 0, 0);
    assert_memory_equal(&pair->clean.counts, &pair->counts, sizeof pair->counts); /* nothing is leaked */
    int s = 0;
    for (const Json *line = json_first(json_get(json, "differences")); line; line = json_next(line), s++) {
        const Json *at = json_first(line);
        const PairDifference *found = &pair->differences[s];
        CHECK_CLOSE(found->value, next_number(&at), 1e-12, 0);
        check_interval(PAIR_SCORE_NAMES[s], found->interval, &at);
        CHECK_CLOSE(found->standard_error, next_number(&at), 1e-10, 0);
        /* The judge drew at least 999 permutations, and so did we: five standard errors of both, and what the smallest possible p differs by. */
        double p = next_number(&at), off = 5 * sqrt(2 * p * (1 - p) / 999) + 2.0 / resamples;
        if (!is_close(found->permutation_p, p, off, 0))
            fail_msg("%s: p is %g, expected %g", PAIR_SCORE_NAMES[s], found->permutation_p, p);
    }
    assert_int_equal(s, PAIR_SCORES);
}

static void real_answers_as_the_judges_say(void **state) {
    (void)state;
    Made made;
    int resamples = (int)json_int_or(json_get(golden, "resamples"), 0), i = 0;
    made_real(&made, resamples, NULL);
    assert_int_equal(made.comparison.seed, json_int_or(json_get(golden, "seed"), 0));
    for (const Json *entry = json_first(json_get(golden, "entries")); entry; entry = json_next(entry))
        check_entry(&made.entries[i++].intervals, entry);
    assert_int_equal(i, made.comparison.entry_count);
    i = 0;
    for (const Json *pair = json_first(json_get(golden, "pairs")); pair; pair = json_next(pair))
        check_pair(&made.comparison.pairs[i++], pair, resamples);
    assert_int_equal(i, made.comparison.pair_count);
    made_free(&made);
}

/* ---- what the judges do not cover ---- */

static void any_threads_give_the_same(void **state) {
    (void)state;
    Error err = {0};
    Made one, three;
    Pool *pool = pool_new(3, &err);
    CHECK_OK(pool, &err);
    made_real(&one, 300, NULL);
    made_real(&three, 300, pool);
    for (int i = 0; i < one.comparison.entry_count; i++) {
        const ScoreIntervals *a = &one.entries[i].intervals, *b = &three.entries[i].intervals;
        assert_memory_equal(a->fields, b->fields, (size_t)SCORE_FIELD_COUNT * sizeof *a->fields);
        assert_memory_equal(a->per_class, b->per_class, (size_t)a->classes * sizeof *a->per_class);
    }
    assert_memory_equal(one.comparison.pairs, three.comparison.pairs,
                        (size_t)one.comparison.pair_count * sizeof *one.comparison.pairs);
    made_free(&one);
    made_free(&three);
    pool_free(pool);
}

/* Ten rows of two classes; `right` has a '1' for each row that is answered rightly. */
static Predictions *add_pattern(Made *made, const char *name, const char *right, bool sure) {
    int32_t truth[10] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    Predictions *p = made_add(made, name, truth, sure);
    for (int row = 0; row < 10; row++) {
        p->predicted[row] = right[row] == '1' ? truth[row] : !truth[row];
        for (int k = 0; sure && k < 2; k++) p->probabilities[2 * row + k] = k == p->predicted[row] ? 0.75 : 0.25;
    }
    return p;
}

static void entries_that_never_differ(void **state) {
    (void)state;
    Made made;
    made_begin(&made, 10, 2);
    add_pattern(&made, "a", "1111111100", true);
    add_pattern(&made, "b", "1111111100", true);
    made_judge(&made, 100, NULL);
    const PairResult *pair = &made.comparison.pairs[0];
    assert_true(pair->mcnemar.p == 1 && pair->mcnemar.mid_p == 1 && pair->log10_holm == 0 && isinf(pair->clean.rows_needed));
    assert_true(pair->clean.least_visible > 0.6 && pair->clean.least_visible < 0.62); /* of ten rows six must differ */
    for (int s = 0; s < PAIR_SCORES; s++) {
        const PairDifference *d = &pair->differences[s];
        assert_true(d->value == 0 && d->interval.low == 0 && d->interval.high == 0 && d->permutation_p == 1);
    }
    made_free(&made);
}

static void without_probabilities_or_leaked_rows(void **state) {
    (void)state;
    Made made;
    made_begin(&made, 10, 2);
    add_pattern(&made, "a", "0000111100", true);
    add_pattern(&made, "b", "1111111100", false);
    for (int row = 0; row < 4; row++) made.comparison.audit.flags[row] = AUDIT_LEAK;
    made_judge(&made, 100, NULL);
    const PairResult *pair = &made.comparison.pairs[0];
    assert_true(isnan(pair->differences[PAIR_LOG_LOSS].value) && isnan(pair->differences[PAIR_LOG_LOSS].permutation_p));
    assert_true(isnan(score_interval(&made.entries[1].intervals, "log_loss").low));
    assert_true(isnan(score_interval(&made.entries[1].intervals, "roc_auc_ovr_macro").low));
    assert_true(!isnan(score_interval(&made.entries[0].intervals, "log_loss").low));
    assert_int_equal(pair->counts.only_b, 4);
    assert_int_equal(pair->clean.counts.only_b, 0);
    assert_int_equal(pair->clean.counts.both, 4);
    CHECK_CLOSE(pair->mcnemar.p, 0.125, 1e-14, 0);
    assert_true(pair->clean.mcnemar.p == 1);
    assert_int_equal(made.comparison.test_rows_clean, 6);
    CHECK_CLOSE(made.entries[1].clean_accuracy, 4.0 / 6, 1e-15, 0);
    made_free(&made);
}

/* A class that the test rows do not have. */
static void class_without_rows(void **state) {
    (void)state;
    Made made;
    int32_t truth[12] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    made_begin(&made, 12, 3);
    Predictions *p = made_add(&made, "a", truth, true);
    for (int row = 0; row < 12; row++)
        for (int k = 0; k < 3; k++)
            p->probabilities[3 * row + k] = k == (row % 5 ? truth[row] : 1) ? 0.5 + row / 100.0 : 0.25 - row / 200.0;
    predictions_choose(p);
    made_judge(&made, 100, NULL);
    const ScoreIntervals *found = &made.entries[0].intervals;
    assert_true(isnan(found->per_class[2].recall.low) && isnan(found->per_class[2].f1.low) &&
                isnan(found->per_class[2].roc_auc.low));
    assert_true(!isnan(score_interval(found, "roc_auc_ovr_macro").low) && !isnan(score_interval(found, "balanced_accuracy").low));
    made_free(&made);
}

/* Connor's formula and its inverse agree: what is just visible needs just these rows. */
static void least_visible_inverts_rows_needed(void **state) {
    (void)state;
    Error err = {0};
    PairResult pair = {.clean.counts = {900, 60, 40, 1000}};
    pair.counts = pair.clean.counts;
    CHECK_OK(statistics_test(&pair, 1, &err), &err);
    double d = pair.clean.least_visible, share = 0.05;
    double root = (1.959963984540054 * sqrt(share) + 0.8416212335729143 * sqrt(share - d * d)) / d;
    CHECK_CLOSE(root * root, 2000, 1e-6, 0);
    assert_true(d > 0.0139 && d < 0.0141);
    /* Few rows that differ: as many as the difference must, and 2 of 3, or all, to one side show nothing among 70. */
    static const int64_t FEW[][2] = {{3, 0}, {2, 1}, {0, 0}, {1, 0}};
    for (size_t i = 0; i < sizeof FEW / sizeof *FEW; i++) {
        int64_t a = FEW[i][0], b = FEW[i][1];
        pair = (PairResult){.clean.counts = {.both = 40, .only_a = a, .only_b = b, .neither = 30 - a - b}};
        CHECK_OK(statistics_test(&pair, 1, &err), &err);
        d = pair.clean.least_visible;
        root = (1.959963984540054 * sqrt(d) + 0.8416212335729143 * sqrt(d - d * d)) / d;
        CHECK_CLOSE(root * root, 70, 1e-6, 0);
        assert_true(d > 0.1 && d < 0.11 && d > (double)(a - b) / 70);
        if (a > b) assert_true(pair.clean.rows_needed > 70);
    }
    assert_int_equal(statistics_permutations(15, 20000), 10000);
    assert_int_equal(statistics_permutations(15, 200000), 3333);
    assert_int_equal(statistics_permutations(500, 20000000), STATISTICS_PERMUTATIONS_LEAST);
}

/* What the program promises to do in 5 s on two cores; judged by eye, since test machines are shared. */
static void six_entries_of_20000_rows(void **state) {
    (void)state;
    enum { ROWS = 20000, CLASSES = 6 };
    Error err = {0};
    Made made;
    Pool *pool = pool_new(2, &err);
    CHECK_OK(pool, &err);
    made_begin(&made, ROWS, CLASSES);
    int32_t *truth = calloc(ROWS, sizeof *truth);
    Random random = random_start(3, STREAM_TEST, 0);
    for (int row = 0; row < ROWS; row++) truth[row] = (int32_t)random_below(&random, CLASSES);
    for (int e = 0; e < ENTRIES_MOST; e++) {
        Predictions *p = made_add(&made, "entry", truth, true);
        for (int row = 0; row < ROWS; row++) {
            double logits[CLASSES];
            for (int k = 0; k < CLASSES; k++) logits[k] = 3 * random_uniform(&random) + (k == truth[row] ? 1 + 0.3 * e : 0);
            predictions_put_logits(p, row, logits);
        }
    }
    double start = clock_wall_s(), cpu = clock_cpu_s();
    made_judge(&made, BOOTSTRAP_RESAMPLES, pool);
    print_message("6 entries of 20,000 rows: 102 intervals, 15 pairs, 10,000 resamples and permutations: %.2f s, %.2f s of CPU\n",
                  clock_wall_s() - start, clock_cpu_s() - cpu);
    free(truth);
    made_free(&made);
    pool_free(pool);
}

int main(void) {
    Error err = {0};
    answers = json_parse_file(TESTS_FOLDER "/golden/real_answers.json", ERROR_PATH, &err);
    golden = answers ? json_parse_file(TESTS_FOLDER "/golden/real_statistics.json", ERROR_PATH, &err) : NULL;
    if (!golden) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_answers_as_the_judges_say),
        cmocka_unit_test(any_threads_give_the_same),
        cmocka_unit_test(entries_that_never_differ),
        cmocka_unit_test(without_probabilities_or_leaked_rows),
        cmocka_unit_test(class_without_rows),
        cmocka_unit_test(least_visible_inverts_rows_needed),
        cmocka_unit_test(six_entries_of_20000_rows),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_free(answers);
    json_free(golden);
    return failed;
}
