/* Verdicts on comparisons made up for them: which entry is named, and what the sentences say about it. */
#include "check.h"

#include "compare/recommend.h"

/* An entry that answers rows [from, to) of the test rows rightly; rightly answered rows overlap as the ranges do. */
typedef struct Made {
    const char *name;
    EntryKind kind;
    int from, to;
    bool failed;
} Made;

enum { ROWS = 200, MOST = 8 };

static int overlap(const Made *a, const Made *b) {
    int from = a->from > b->from ? a->from : b->from, to = a->to < b->to ? a->to : b->to;
    return to > from ? to - from : 0;
}

static Comparison make(const Made *made, int count) {
    static EntryResult entries[MOST];
    static PairResult pairs[MOST * MOST];
    Comparison c = {.entries = entries, .entry_count = count, .pairs = pairs};
    for (int i = 0; i < count; i++) {
        entries[i] =
            (EntryResult){.name = made[i].name, .kind = made[i].kind, .status = made[i].failed ? ENTRY_FAILED : ENTRY_DONE};
        entries[i].scores[SPLIT_TEST] = (Scores){.rows = ROWS, .accuracy = (made[i].to - made[i].from) / (double)ROWS};
    }
    for (int a = 0; a < count; a++)
        for (int b = a + 1; b < count; b++) {
            if (made[a].failed || made[b].failed) continue;
            int both = overlap(&made[a], &made[b]);
            PairResult *pair = &pairs[c.pair_count++];
            *pair = (PairResult){.a = a, .b = b};
            pair->counts.both = both;
            pair->counts.only_a = made[a].to - made[a].from - both;
            pair->counts.only_b = made[b].to - made[b].from - both;
            pair->mcnemar = mcnemar_exact(pair->counts.only_a, pair->counts.only_b);
        }
    return c;
}

static void check_says(const Buffer *text, const char *part) {
    if (!text->data || !strstr(text->data, part)) fail_msg("'%s' does not say '%s'", text->data ? text->data : "", part);
}

/* The verdict on some entries: the entry to deploy and the runner-up (-1: none), a part of each sentence (NULL: no such sentence). */
typedef struct Expected {
    int deploy, runner_up;
    const char *sentence, *question;
    bool frozen_enough;
} Expected;

static void check(const Made *made, int count, const Expected *expected) {
    Error err = {0};
    Comparison c = make(made, count);
    CHECK_OK(recommend(&c, &err), &err);
    Recommendation *r = &c.recommendation;
    if (r->deploy != expected->deploy || r->runner_up != expected->runner_up)
        fail_msg("deploy %d before %d, expected %d before %d: %s", r->deploy, r->runner_up, expected->deploy, expected->runner_up,
                 r->sentence.data);
    check_says(&r->sentence, expected->sentence);
    assert_int_equal(r->frozen_answered, expected->question != NULL);
    assert_int_equal(r->frozen_enough, expected->frozen_enough);
    if (expected->question)
        check_says(&r->question, expected->question);
    else
        assert_int_equal(r->question.size, 0);
    assert_true(r->sentence.size > 0 && r->sentence.data[r->sentence.size - 1] == '.');
    buffer_free(&r->sentence);
    buffer_free(&r->question);
}

static void test_finetune_is_better(void **state) {
    (void)state;
    const Made made[] = {{"dummy", ENTRY_DUMMY, 0, 70, false},
                         {"tfidf-logreg", ENTRY_WORDS, 0, 130, false},
                         {"cls-logreg", ENTRY_FROZEN, 0, 140, false},
                         {"finetune", ENTRY_FINETUNE, 0, 180, false}};
    check(made, 4,
          &(Expected){3, 2,
                      "Deploy finetune. It answers 40 more of 200 test texts rightly than cls-logreg (exact McNemar, p = 2e-12).",
                      "A frozen encoder is not enough here: fine-tuning gains 20.0 points over cls-logreg", false});
    check(made, 4, &(Expected){3, 2, "if 25.0 points of accuracy do not matter", "not enough", false});
}

/* 4 rows only the frozen encoder has, 10 only the fine-tuned one: p = 0.18. */
static void test_finetune_cannot_be_told_apart(void **state) {
    (void)state;
    const Made made[] = {{"tfidf-logreg", ENTRY_WORDS, 0, 100, false},
                         {"mean-logreg", ENTRY_FROZEN, 0, 170, false},
                         {"finetune", ENTRY_FINETUNE, 4, 180, false}};
    check(made, 3,
          &(Expected){1, 2,
                      "Deploy mean-logreg. It answers 6 fewer of 200 test texts rightly than finetune (exact McNemar, p = 0.18): "
                      "no difference that this test set can show, and it is the cheaper kind to run.",
                      "mean-logreg and fine-tuning cannot be told apart on these test texts (+3.0 points, p = 0.18)", true});
}

static void test_equal_paths(void **state) {
    (void)state;
    const Made made[] = {{"finetune", ENTRY_FINETUNE, 0, 150, false}, {"cls-logreg", ENTRY_FROZEN, 0, 150, false}};
    check(made, 2,
          &(Expected){1, 0, "It answers as many of 200 test texts rightly as finetune (exact McNemar, p = 1.00)",
                      "cannot be told apart on these test texts (+0.0 points, p = 1.00)", true});
}

static void test_frozen_is_better(void **state) {
    (void)state;
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 120, false},
                         {"mean-logreg", ENTRY_FROZEN, 0, 160, false},
                         {"finetune", ENTRY_FINETUNE, 0, 130, false}};
    check(made, 3,
          &(Expected){1, 2, "Deploy mean-logreg. It answers 30 more",
                      "A frozen encoder is enough here: mean-logreg is 15.0 points better than fine-tuning", true});
}

static void test_words_are_best(void **state) {
    (void)state;
    const Made made[] = {{"tfidf-logreg", ENTRY_WORDS, 0, 190, false},
                         {"cls-logreg", ENTRY_FROZEN, 0, 120, false},
                         {"finetune", ENTRY_FINETUNE, 0, 150, false}};
    check(made, 3,
          &(Expected){0, 2, "Deploy tfidf-logreg. It answers 40 more", "Even words alone do better than the frozen", false});
}

/* The best by three rows that chance may have given: the sentence must not sell that as a finding. */
static void test_best_without_certainty(void **state) {
    (void)state;
    const Made made[] = {{"tfidf-logreg", ENTRY_WORDS, 0, 153, false},
                         {"cls-logreg", ENTRY_FROZEN, 3, 153, false},
                         {"max-logreg", ENTRY_FROZEN, 0, 100, false}};
    check(made, 3,
          &(Expected){0, 1,
                      "3 more of 200 test texts rightly than cls-logreg (exact McNemar, p = 0.25): no difference that this test "
                      "set can show, and it is the cheaper kind to run.",
                      NULL, false});
    const Made kin[] = {{"cls-logreg", ENTRY_FROZEN, 0, 150, false}, {"mean-logreg", ENTRY_FROZEN, 0, 153, false}};
    check(
        kin, 2,
        &(Expected){1, 0, "than cls-logreg (exact McNemar, p = 0.25): no difference that this test set can show.", NULL, false});
}

static void test_a_single_entry(void **state) {
    (void)state;
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 150, false}};
    check(made, 1, &(Expected){0, -1, "Deploy cls-logreg.", NULL, false});
}

static void test_failed_entries(void **state) {
    (void)state;
    const Made made[] = {{"dummy", ENTRY_DUMMY, 0, 70, false},
                         {"cls-logreg", ENTRY_FROZEN, 0, 150, false},
                         {"finetune", ENTRY_FINETUNE, 0, 200, true}};
    check(made, 3, &(Expected){1, -1, "Deploy cls-logreg. It answers 80 more of 200 test texts rightly than dummy", NULL, false});
    const Made none[] = {{"dummy", ENTRY_DUMMY, 0, 70, true}, {"finetune", ENTRY_FINETUNE, 0, 200, true}};
    check(none, 2, &(Expected){-1, -1, "Nothing to recommend: no entry finished.", NULL, false});
}

/* A fine-tuning that was cut short is no evidence against fine-tuning. */
static void test_still_learning(void **state) {
    (void)state;
    Error err = {0};
    const Made made[] = {{"cls-logreg", ENTRY_FROZEN, 0, 160, false}, {"finetune", ENTRY_FINETUNE, 0, 130, false}};
    for (int still = 0; still < 2; still++) {
        FinetuneEvaluation evaluations[] = {{.step = 10, .accuracy = 0.5}, {.step = 20, .accuracy = still ? 0.65 : 0.505}};
        Comparison c = make(made, 2);
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
    const Made made[] = {{"dummy", ENTRY_DUMMY, 0, 100, false}, {"cls-logreg", ENTRY_FROZEN, 0, 103, false}};
    check(made, 2,
          &(Expected){-1, -1,
                      "Deploy none of these: the best, cls-logreg, answers 3 more of 200 test texts rightly than dummy (exact "
                      "McNemar, p = 0.25), which looks at no text.",
                      NULL, false});
    check(made, 1, &(Expected){-1, -1, "Nothing to recommend: only dummy finished, which looks at no text.", NULL, false});
    const Made worse[] = {{"dummy", ENTRY_DUMMY, 0, 100, false}, {"finetune", ENTRY_FINETUNE, 0, 60, false}};
    check(worse, 2, &(Expected){-1, -1, "the best, finetune, answers 40 fewer", NULL, false});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finetune_is_better),
        cmocka_unit_test(test_finetune_cannot_be_told_apart),
        cmocka_unit_test(test_equal_paths),
        cmocka_unit_test(test_frozen_is_better),
        cmocka_unit_test(test_words_are_best),
        cmocka_unit_test(test_best_without_certainty),
        cmocka_unit_test(test_a_single_entry),
        cmocka_unit_test(test_failed_entries),
        cmocka_unit_test(test_nothing_beats_the_dummy),
        cmocka_unit_test(test_still_learning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
