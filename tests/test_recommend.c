/* Verdicts on comparisons made up for them: which entry is named, and what the sentences say about it. */
#include "check.h"

#include "compare/recommend.h"
#include "compare/statistics.h"

/* An entry that answers the test rows [from, to) rightly, [also_from, also_to) as well, and no others. */
typedef struct Made {
    const char *name;
    EntryKind kind;
    int from, to;
    bool failed;
    int also_from, also_to;
} Made;

/* A comparison of some entries on `rows` test rows, of which [leaked_from, leaked_to) are leaked. */
typedef struct Wish {
    const Made *made;
    int count, rows;
    int leaked_from, leaked_to;
    Limits limits;
} Wish;

enum { MOST = 8 };

static bool is_right(const Made *made, int row) {
    return (row >= made->from && row < made->to) || (row >= made->also_from && row < made->also_to);
}

static void count_rows(PairResult *pair, const Wish *wish) {
    for (int row = 0; row < wish->rows; row++) {
        bool a = is_right(&wish->made[pair->a], row), b = is_right(&wish->made[pair->b], row);
        PairedCounts *counts[] = {&pair->counts, &pair->clean.counts};
        for (int clean = 0; clean < 2; clean++) {
            if (clean && row >= wish->leaked_from && row < wish->leaked_to) continue;
            (*(a ? (b ? &counts[clean]->both : &counts[clean]->only_a)
                 : (b ? &counts[clean]->only_b : &counts[clean]->neither)))++;
        }
    }
}

static double share_right(const Wish *wish, int entry, bool clean) {
    int right = 0, rows = 0;
    for (int row = 0; row < wish->rows; row++) {
        if (clean && row >= wish->leaked_from && row < wish->leaked_to) continue;
        right += is_right(&wish->made[entry], row);
        rows++;
    }
    return rows ? (double)right / rows : (double)NAN;
}

static Comparison make(const Wish *wish) {
    static EntryResult entries[MOST];
    static PairResult pairs[MOST * MOST];
    static Dataset dataset;
    Error err = {0};
    dataset.splits[SPLIT_TEST].count = wish->rows;
    Comparison c = {.dataset = &dataset, .entries = entries, .entry_count = wish->count, .pairs = pairs, .limits = wish->limits};
    c.test_rows_clean = wish->rows - (wish->leaked_to - wish->leaked_from);
    for (int i = 0; i < wish->count; i++) {
        const Made *made = &wish->made[i];
        entries[i] = (EntryResult){.name = made->name, .kind = made->kind, .status = made->failed ? ENTRY_FAILED : ENTRY_DONE};
        entries[i].scores[SPLIT_TEST] =
            (Scores){.rows = wish->rows, .accuracy = share_right(wish, i, false), .log_loss = (double)NAN};
        entries[i].clean_accuracy = share_right(wish, i, true);
        entries[i].costs = (EntryCosts){.predict_ms_p95 = 0.1 * (made->kind + 1) * (made->kind + 1),
                                        .peak_rss_mb = 100 * (made->kind + 1),
                                        .model_mb = made->kind < ENTRY_FROZEN ? 2 : 90};
    }
    for (int a = 0; a < wish->count; a++)
        for (int b = a + 1; b < wish->count; b++) {
            if (wish->made[a].failed || wish->made[b].failed) continue;
            PairResult *pair = &pairs[c.pair_count++];
            *pair = (PairResult){.a = a, .b = b};
            count_rows(pair, wish);
        }
    CHECK_OK(statistics_test(pairs, c.pair_count, &err), &err);
    return c;
}

static void check_says(const Buffer *text, const char *part) {
    if (!text->data || !strstr(text->data, part)) fail_msg("'%s' does not say '%s'", text->data ? text->data : "", part);
}

/* The verdict on some entries: the entry to deploy and the runner-up (-1: none), parts of the sentence, and of the question (NULL: no such sentence). */
typedef struct Expected {
    Verdict verdict;
    int deploy, runner_up;
    const char *sentence[4];
    const char *question;
    bool frozen_enough;
} Expected;

static const char *const VERDICTS[] = {"none", "deploy", "undecided"};

static void check(const Wish *wish, const Expected *expected) {
    Error err = {0};
    Comparison c = make(wish);
    CHECK_OK(recommend(&c, &err), &err);
    Recommendation *r = &c.recommendation;
    if (getenv("TWOFOLD_SAY")) printf("%s\n%s\n\n", r->sentence.data, r->question.data ? r->question.data : "");
    if (r->verdict != expected->verdict || r->deploy != expected->deploy || r->runner_up != expected->runner_up)
        fail_msg("%s: %d before %d, expected %s: %d before %d: %s", VERDICTS[r->verdict], r->deploy, r->runner_up,
                 VERDICTS[expected->verdict], expected->deploy, expected->runner_up, r->sentence.data);
    for (int i = 0; i < 4 && expected->sentence[i]; i++) check_says(&r->sentence, expected->sentence[i]);
    assert_int_equal(r->frozen_enough, expected->frozen_enough);
    if (expected->question)
        check_says(&r->question, expected->question);
    else
        assert_int_equal(r->question.size, 0);
    assert_true(r->sentence.size > 0 && r->sentence.data[r->sentence.size - 1] == '.');
    assert_null(strstr(r->sentence.data, "nan"));
    buffer_free(&r->sentence);
    buffer_free(&r->question);
}

/* ---- which entry ---- */

static void test_finetune_is_better(void **state) {
    (void)state;
    const Made made[] = {{"dummy", ENTRY_DUMMY, 0, 70, false, 0, 0},
                         {"tfidf-logreg", ENTRY_WORDS, 0, 130, false, 0, 0},
                         {"cls-logreg", ENTRY_FROZEN, 0, 140, false, 0, 0},
                         {"finetune", ENTRY_FINETUNE, 0, 180, false, 0, 0}};
    check(&(Wish){.made = made, .count = 4, .rows = 200},
          &(Expected){
              VERDICT_DEPLOY,
              3,
              2,
              {"Deploy finetune. It answers 40 more of 200 test texts rightly than cls-logreg (+20.0 points; exact McNemar, p "
               "= 4e-12 corrected for 6 pairs).",
               "Runner-up: cls-logreg.", "if 25.0 points of accuracy do not matter"},
              "A frozen encoder is not enough here: fine-tuning gains 20.0 points over cls-logreg",
              false});
}

static void test_equal_paths(void **state) {
    (void)state;
    const Made made[] = {{"finetune", ENTRY_FINETUNE, 0, 1500, false, 0, 0}, {"cls-logreg", ENTRY_FROZEN, 0, 1500, false, 0, 0}};
    check(&(Wish){.made = made, .count = 2, .rows = 2000},
          &(Expected){VERDICT_DEPLOY,
                      1,
                      0,
                      {"Deploy cls-logreg. It answers as many of 2,000 test texts rightly as finetune (exact McNemar, p = 1.00)",
                       "it is the cheaper kind to run", "Runner-up: finetune."},
                      "cannot be told apart on these test texts (+0.0 points, p = 1.00)",
                      true});
}

/* B is right on 30 texts that A misses, A on 20 that B misses: p = 0.2, and 50 of 2,000 rows would have shown 1.4 points. */
static void test_better_but_not_significantly(void **state) {
    (void)state;
    const Made made[] = {{"tfidf-logreg", ENTRY_WORDS, 0, 1000, false, 0, 0},
                         {"mean-logreg", ENTRY_FROZEN, 0, 1700, false, 0, 0},
                         {"finetune", ENTRY_FINETUNE, 20, 1730, false, 0, 0}};
    check(&(Wish){.made = made, .count = 3, .rows = 2000},
          &(Expected){
              VERDICT_DEPLOY,
              1,
              2,
              {"Deploy mean-logreg. It answers 10 fewer of 2,000 test texts rightly than finetune (-0.5 points; exact McNemar, p "
               "= 0.20 corrected for 3 pairs): no difference that this test set can show, and it is the cheaper kind to run.",
               "Runner-up: finetune.", "About 10,467 ", "test texts would show whether a lead of 0.5 points is real."},
              "mean-logreg and fine-tuning cannot be told apart on these test texts (+0.5 points, p = 0.20)",
              true});
}

static void test_better_and_over_the_latency_limit(void **state) {
    (void)state;
    const Made made[] = {{"tfidf-logreg", ENTRY_WORDS, 0, 1200, false, 0, 0},
                         {"cls-logreg", ENTRY_FROZEN, 0, 1500, false, 0, 0},
                         {"finetune", ENTRY_FINETUNE, 0, 1800, false, 0, 0}};
    check(&(Wish){.made = made, .count = 3, .rows = 2000, .limits = {.max_latency_ms = 1}},
          &(Expected){VERDICT_DEPLOY,
                      1,
                      0,
                      {"Deploy cls-logreg. It answers 300 more of 2,000 test texts rightly than tfidf-logreg",
                       "finetune is better by 15.0 points but over --max_latency_ms: a higher limit would change the choice.",
                       "Runner-up: tfidf-logreg."},
                      "A frozen encoder is not enough here",
                      false});
    const Made two[] = {{"cls-logreg", ENTRY_FROZEN, 0, 1500, false, 0, 0}, {"finetune", ENTRY_FINETUNE, 0, 1800, false, 0, 0}};
    check(
        &(Wish){.made = two, .count = 2, .rows = 2000, .limits = {.max_latency_ms = 1}},
        &(Expected){VERDICT_DEPLOY,
                    0,
                    1,
                    {"Deploy cls-logreg.", "finetune is better by 15.0 points but over --max_latency_ms", "Runner-up: finetune."},
                    "not enough",
                    false});
    check(&(Wish){.made = two, .count = 2, .rows = 2000, .limits = {.max_latency_ms = 1.6}},
          &(Expected){VERDICT_DEPLOY, 1, 0, {"Deploy finetune."}, "not", false});
    check(&(Wish){.made = two, .count = 2, .rows = 2000, .limits = {.max_memory_mb = 350}},
          &(Expected){VERDICT_DEPLOY, 0, 1, {"but over --max_memory_mb"}, "not enough", false});
    check(&(Wish){.made = made, .count = 3, .rows = 2000, .limits = {.max_model_mb = 50}},
          &(Expected){VERDICT_DEPLOY,
                      0,
                      2,
                      {"Deploy tfidf-logreg.", "finetune is better by 30.0 points but over --max_model_mb",
                       "cls-logreg is better by 15.0 points but over --max_model_mb"},
                      "not enough",
                      false});
    check(&(Wish){.made = two, .count = 2, .rows = 2000, .limits = {.max_model_mb = 50}},
          &(Expected){VERDICT_NONE,
                      -1,
                      -1,
                      {"Deploy none of these: no entry is within the limits. cls-logreg is over --max_model_mb. "
                       "finetune is over --max_model_mb. The most accurate is finetune"},
                      "not enough",
                      false});
}

static void test_words_are_best(void **state) {
    (void)state;
    const Made made[] = {{"tfidf-logreg", ENTRY_WORDS, 0, 190, false, 0, 0},
                         {"cls-logreg", ENTRY_FROZEN, 0, 120, false, 0, 0},
                         {"finetune", ENTRY_FINETUNE, 0, 150, false, 0, 0}};
    check(&(Wish){.made = made, .count = 3, .rows = 200},
          &(Expected){VERDICT_DEPLOY,
                      0,
                      2,
                      {"Deploy tfidf-logreg. It answers 40 more", "Runner-up: finetune."},
                      "Even words alone do better than the frozen",
                      false});
}

/* 9 of 10 rows against 7 of 10 that differ, on 40 texts: nobody can say, and that is said first. */
static void test_a_test_set_too_small(void **state) {
    (void)state;
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 30, false, 0, 0}, {"finetune", ENTRY_FINETUNE, 3, 36, false, 0, 0}};
    check(&(Wish){.made = made, .count = 2, .rows = 40},
          &(Expected){VERDICT_UNDECIDED,
                      -1,
                      1,
                      {"The test set is too small to decide: with 40 test texts only a difference of 20.4 points or more between "
                       "finetune and cls-logreg would show. Undecided: finetune answers 3 more of 40 test texts rightly",
                       "test texts would show whether a lead of 7.5 points is real.",
                       "Until there are more, cls-logreg is the cheaper kind to run and finetune the runner-up."},
                      "this test set is too small to say",
                      false});
    Error err = {0};
    Comparison c = make(&(Wish){.made = made, .count = 2, .rows = 40});
    CHECK_OK(recommend(&c, &err), &err);
    assert_int_equal(strncmp(c.recommendation.sentence.data, "The test set is too small", 25), 0);
    assert_int_equal(c.recommendation.leaning, 0);
    assert_false(c.recommendation.frozen_answered);
    buffer_free(&c.recommendation.sentence);
    buffer_free(&c.recommendation.question);
    const Made chance[] = {{"dummy", ENTRY_DUMMY, 0, 20, false, 0, 0}, {"finetune", ENTRY_FINETUNE, 3, 26, false, 0, 0}};
    check(&(Wish){.made = chance, .count = 2, .rows = 40},
          &(Expected){
              VERDICT_UNDECIDED, -1, -1, {"The test set is too small to decide", "finetune answers 3 more of 40"}, NULL, false});
}

/* All that B is better by stands in training too. */
static void test_a_gain_that_vanishes_without_the_leaks(void **state) {
    (void)state;
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 1600, false, 0, 0},
                         {"finetune", ENTRY_FINETUNE, 10, 1610, .also_from = 1900, .also_to = 2000}};
    check(&(Wish){.made = made, .count = 2, .rows = 2000},
          &(Expected){VERDICT_DEPLOY, 1, 0, {"Deploy finetune. It answers 100 more of 2,000"}, "gains 5.0 points", false});
    check(&(Wish){.made = made, .count = 2, .rows = 2000, .leaked_from = 1900, .leaked_to = 2000},
          &(Expected){VERDICT_DEPLOY,
                      0,
                      1,
                      {"Deploy cls-logreg. It answers as many of 1,900 test texts rightly as finetune",
                       "100 test texts that also stand in training or validation are not counted; with them finetune would look "
                       "better, and that gain vanishes without them."},
                      "cannot be told apart",
                      true});
    check(&(Wish){.made = made, .count = 2, .rows = 2000, .leaked_from = 0, .leaked_to = 2000},
          &(Expected){
              VERDICT_UNDECIDED, -1, -1, {"Undecided: every test text also stands in training or validation"}, NULL, false});
}

static void test_failed_entries(void **state) {
    (void)state;
    const Made made[] = {{"dummy", ENTRY_DUMMY, 0, 70, false, 0, 0},
                         {"cls-logreg", ENTRY_FROZEN, 0, 150, false, 0, 0},
                         {"finetune", ENTRY_FINETUNE, 0, 200, true, 0, 0}};
    check(&(Wish){.made = made, .count = 3, .rows = 200},
          &(Expected){VERDICT_DEPLOY,
                      1,
                      -1,
                      {"Deploy cls-logreg. It answers 80 more of 200 test texts rightly than dummy",
                       "finetune failed and was not compared: once it runs, the choice may change."},
                      NULL,
                      false});
    const Made none[] = {{"dummy", ENTRY_DUMMY, 0, 70, true, 0, 0}, {"finetune", ENTRY_FINETUNE, 0, 200, true, 0, 0}};
    check(&(Wish){.made = none, .count = 2, .rows = 200},
          &(Expected){VERDICT_NONE, -1, -1, {"Nothing to recommend: no entry finished."}, NULL, false});
}

static void test_only_one_entry(void **state) {
    (void)state;
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 150, false, 0, 0}};
    check(&(Wish){.made = made, .count = 1, .rows = 200},
          &(Expected){
              VERDICT_DEPLOY,
              0,
              -1,
              {"Deploy cls-logreg. It is the only entry that finished, so that nothing says whether another would be better: "
               "its test accuracy is 0.750 (95 % interval 0.686 to 0.805)."},
              NULL,
              false});
}

/* ---- more of the rules ---- */

static void test_frozen_is_better(void **state) {
    (void)state;
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 120, false, 0, 0},
                         {"mean-logreg", ENTRY_FROZEN, 0, 160, false, 0, 0},
                         {"finetune", ENTRY_FINETUNE, 0, 130, false, 0, 0}};
    check(&(Wish){.made = made, .count = 3, .rows = 200},
          &(Expected){VERDICT_DEPLOY,
                      1,
                      2,
                      {"Deploy mean-logreg. It answers 30 more"},
                      "A frozen encoder is enough here: mean-logreg is 15.0 points better than fine-tuning",
                      true});
}

/* Significant, but less than the user asks of what costs more. */
static void test_a_gain_below_what_is_asked(void **state) {
    (void)state;
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 1700, false, 0, 0}, {"finetune", ENTRY_FINETUNE, 0, 1720, false, 0, 0}};
    check(&(Wish){.made = made, .count = 2, .rows = 2000},
          &(Expected){VERDICT_DEPLOY, 1, 0, {"Deploy finetune."}, "not enough", false});
    check(&(Wish){.made = made, .count = 2, .rows = 2000, .limits = {.min_gain = 0.01}},
          &(Expected){VERDICT_DEPLOY, 1, 0, {"Deploy finetune."}, "not enough", false});
    check(&(Wish){.made = made, .count = 2, .rows = 2000, .limits = {.min_gain = 0.02}},
          &(Expected){VERDICT_DEPLOY,
                      0,
                      1,
                      {"Deploy cls-logreg. It answers 20 fewer of 2,000", "less than --min_gain asks of what costs more",
                       "With a --min_gain of at most 0.0100 it would be finetune."},
                      "fine-tuning gains 1.0 points over cls-logreg (p = 2e-6), less than --min_gain.",
                      true});
}

/* Two of one kind that cannot be told apart: the more accurate, and no sale of it as a finding; no cheaper one is at stake, so that it is decided. */
static void test_kin_without_certainty(void **state) {
    (void)state;
    const Made kin[] = {{"cls-logreg", ENTRY_FROZEN, 0, 150, false, 0, 0}, {"mean-logreg", ENTRY_FROZEN, 0, 153, false, 0, 0}};
    check(&(Wish){.made = kin, .count = 2, .rows = 200},
          &(Expected){VERDICT_DEPLOY,
                      1,
                      0,
                      {"than cls-logreg (+1.5 points; exact McNemar, p = 0.25): no difference that this test set can show."},
                      NULL,
                      false});
}

/* An exact p of 0.04 does not stand Holm's correction for three pairs. */
static void test_many_pairs(void **state) {
    (void)state;
    const Made made[] = {{"tfidf-logreg", ENTRY_WORDS, 0, 1700, false, 0, 0},
                         {"cls-logreg", ENTRY_FROZEN, 7, 1718, false, 0, 0},
                         {"finetune", ENTRY_FINETUNE, 8, 1718, false, 0, 0}};
    Wish two = {.made = made, .count = 2, .rows = 2000}, three = {.made = made, .count = 3, .rows = 2000};
    check(&two, &(Expected){VERDICT_DEPLOY, 1, 0, {"Deploy cls-logreg."}, NULL, false});
    check(&three,
          &(Expected){VERDICT_DEPLOY, 0, 1, {"Deploy tfidf-logreg.", "corrected for 3 pairs"}, "cannot be told apart", true});
}

/* A fine-tuning that was cut short is no evidence against fine-tuning. */
static void test_still_learning(void **state) {
    (void)state;
    Error err = {0};
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 160, false, 0, 0}, {"finetune", ENTRY_FINETUNE, 0, 130, false, 0, 0}};
    for (int still = 0; still < 2; still++) {
        FinetuneEvaluation evaluations[] = {{.step = 10, .accuracy = 0.5}, {.step = 20, .accuracy = still ? 0.65 : 0.505}};
        Comparison c = make(&(Wish){.made = made, .count = 2, .rows = 200});
        c.entries[1].training = (FinetuneResult){.evaluations = evaluations, .evaluation_count = 2, .best_step = 20};
        CHECK_OK(recommend(&c, &err), &err);
        check_says(&c.recommendation.question, "A frozen encoder is enough here");
        assert_int_equal(strstr(c.recommendation.question.data, "still getting better") != NULL, still);
        buffer_free(&c.recommendation.sentence);
        buffer_free(&c.recommendation.question);
    }
}

/* An entry that looks at no text is never the advice. */
static void test_nothing_beats_the_dummy(void **state) {
    (void)state;
    const Made made[] = {{"dummy", ENTRY_DUMMY, 0, 1000, false, 0, 0}, {"cls-logreg", ENTRY_FROZEN, 0, 1003, false, 0, 0}};
    check(&(Wish){.made = made, .count = 2, .rows = 2000},
          &(Expected){
              VERDICT_NONE,
              -1,
              -1,
              {"Deploy none of these: the best, cls-logreg, answers 3 more of 2,000 test texts rightly than dummy (+0.1 points; "
               "exact McNemar, p = 0.25), which looks at no text."},
              NULL,
              false});
    check(&(Wish){.made = made, .count = 1, .rows = 2000},
          &(Expected){VERDICT_NONE, -1, -1, {"Nothing to recommend: only dummy finished, which looks at no text."}, NULL, false});
    const Made worse[] = {{"dummy", ENTRY_DUMMY, 0, 100, false, 0, 0}, {"finetune", ENTRY_FINETUNE, 0, 60, false, 0, 0}};
    check(&(Wish){.made = worse, .count = 2, .rows = 200},
          &(Expected){VERDICT_NONE, -1, -1, {"the best, finetune, answers 40 fewer"}, NULL, false});
}

static void test_probabilities_that_mislead(void **state) {
    (void)state;
    Error err = {0};
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 150, false, 0, 0}};
    Comparison c = make(&(Wish){.made = made, .count = 1, .rows = 200});
    static Confidence confidence;
    confidence = (Confidence){.accuracy = 0.75};
    confidence.of[CONFIDENCE_GIVEN] = (ConfidenceMeasures){.mean = 0.93, .width = {.ece = 0.18}};
    c.entries[0].confidence = &confidence;
    CHECK_OK(recommend(&c, &err), &err);
    check_says(&c.recommendation.sentence, "Its probabilities are too sure (ECE 0.18)");
    buffer_free(&c.recommendation.sentence);
    buffer_free(&c.recommendation.question);
}

/* Without limits on latency and memory no measured figure moves a byte. */
static void test_no_measured_figure_matters(void **state) {
    (void)state;
    Error err = {0};
    const Made made[] = {{"dummy", ENTRY_DUMMY, 0, 70, false, 0, 0},
                         {"tfidf-logreg", ENTRY_WORDS, 0, 130, false, 0, 0},
                         {"cls-logreg", ENTRY_FROZEN, 5, 180, false, 0, 0},
                         {"finetune", ENTRY_FINETUNE, 0, 178, false, 0, 0}};
    Recommendation kept = {0};
    for (int turn = 0; turn < 4; turn++) {
        Comparison c = make(&(Wish){.made = made, .count = 4, .rows = 200, .limits = {.min_gain = 0.01, .max_model_mb = 1000}});
        for (int i = 0; i < 4; i++) {
            EntryCosts *costs = &c.entries[i].costs;
            double figure = turn == 0 ? 0 : turn == 1 ? 1e9 / (i + 1) : turn == 2 ? (double)NAN : 0.001 * i;
            *costs = (EntryCosts){.train_s = figure,
                                  .train_cpu_s = figure,
                                  .predict_ms_p50 = figure,
                                  .predict_ms_p95 = figure,
                                  .predict_ms_p99 = figure,
                                  .texts_per_s = figure,
                                  .predict_cpu_ms = figure,
                                  .load_s = figure,
                                  .startup_s = figure,
                                  .peak_rss_mb = figure,
                                  .model_mb = costs->model_mb,
                                  .predict_mflop = figure,
                                  .train_tflop = figure,
                                  .predict_share = figure,
                                  .train_share = figure,
                                  .matrix_gflops = figure};
        }
        CHECK_OK(recommend(&c, &err), &err);
        Recommendation *r = &c.recommendation;
        if (turn) {
            assert_true(r->verdict == kept.verdict && r->deploy == kept.deploy && r->runner_up == kept.runner_up);
            assert_string_equal(r->sentence.data, kept.sentence.data);
            assert_string_equal(r->question.data, kept.question.data);
            buffer_free(&r->sentence);
            buffer_free(&r->question);
        } else
            kept = *r;
    }
    buffer_free(&kept.sentence);
    buffer_free(&kept.question);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finetune_is_better),
        cmocka_unit_test(test_equal_paths),
        cmocka_unit_test(test_better_but_not_significantly),
        cmocka_unit_test(test_better_and_over_the_latency_limit),
        cmocka_unit_test(test_words_are_best),
        cmocka_unit_test(test_a_test_set_too_small),
        cmocka_unit_test(test_a_gain_that_vanishes_without_the_leaks),
        cmocka_unit_test(test_failed_entries),
        cmocka_unit_test(test_only_one_entry),
        cmocka_unit_test(test_frozen_is_better),
        cmocka_unit_test(test_a_gain_below_what_is_asked),
        cmocka_unit_test(test_kin_without_certainty),
        cmocka_unit_test(test_many_pairs),
        cmocka_unit_test(test_nothing_beats_the_dummy),
        cmocka_unit_test(test_probabilities_that_mislead),
        cmocka_unit_test(test_no_measured_figure_matters),
        cmocka_unit_test(test_still_learning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
