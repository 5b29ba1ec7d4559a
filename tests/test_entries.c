/* Entries that a comparison does not train: another system's answers, and saved models. What they say is judged by what the program's own entry, whose answers
 * they are, was judged by. */
#include "comparing.h"

#include "common/json.h"

static int make_home(void **state) {
    (void)state;
    if (home_make("entries") != 0) return -1;
    put_folder("plain", 0);
    check_compare(0, "", "plain", "own", "--entries cls-logreg,tfidf-logreg,finetune");
    return 0;
}

static void put_file(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put_file(const char *name, const char *format, ...) {
    Error err = {0};
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    CHECK_OK(file_write(at_home(name), text, (size_t)size, &err), &err);
}

/* A column file from the entry's own predictions.csv, by awk: these texts hold no commas and quotes. */
static void derive(const char *name, const char *program) {
    check_command("awk -F, '%s' %s > %s", program, at_home("own/cls-logreg/predictions.csv"), at_home(name));
}

static double test_score(const char *folder, const char *entry, const char *score) {
    char name[128];
    snprintf(name, sizeof name, "%s/%s/metrics.json", folder, entry);
    Json *json = json_at_home(name);
    double value = json_number_or(json_get(json_get(json, "test"), score), (double)NAN);
    json_free(json);
    return value;
}

static const char *outside(const char *more, const char *flag, const char *name, const char *path) {
    static char words[2048];
    snprintf(words, sizeof words, "%s --%s %s=%s", more, flag, name, at_home(path));
    return words;
}

/* Our own file, its ids in another order, and a bare list of labels: the same answers, the same scores to the last digit. */
static void test_ways_to_say_it(void **state) {
    (void)state;
    derive("turned.csv",
           "NR == 1 { print \"predicted;id\" } NR > 1 { line[NR] = $4 \";\" $1 } END { for (i = NR; i > 1; i--) print line[i] }");
    derive("list.csv", "NR > 1 { print $4 }");
    derive("scored.csv", "NR == 1 { print \"id,text,label,score\" } NR > 1 { print $1 \",\" $2 \",\" $4 \",0.5\" }");
    derive("rounded.csv",
           "NR == 1 { print \"prob_calm\\tprob_glad\\tprob_sad\" } NR > 1 { printf \"%.2f\\t%.2f\\t%.2f\\n\", $5, $6, $7 }");
    check_command("gzip -k %s", at_home("list.csv"));
    char more[2048];
    snprintf(more, sizeof more,
             "--entries cls-logreg --predictions own=%s --predictions turned=%s --predictions list=%s --predictions scored=%s "
             "--predictions rounded=%s",
             at_home("own/cls-logreg/predictions.csv"), at_home("turned.csv"), at_home("list.csv.gz"), at_home("scored.csv"),
             at_home("rounded.csv"));
    Ran ran = compare("plain", "ways", more);
    check_ran(&ran, 0, "verdict");
    check_state(&ran, "own", "done      answers of ");
    assert_true(says(&ran, "by id: 20 test and 0 validation rows, with probabilities\n"));
    assert_true(says(&ran, "turned.csv by id: 20 test and 0 validation rows, without probabilities\n"));
    assert_true(says(&ran, "list.csv.gz by order: 20 test"));
    ran_free(&ran);
    static const char *const NAMES[] = {"own", "turned", "list", "scored", "rounded"};
    for (int i = 0; i < 5; i++) {
        CHECK_CLOSE(test_score("ways", NAMES[i], "accuracy"), test_score("own", "cls-logreg", "accuracy"), 0, 0);
        CHECK_CLOSE(test_score("ways", NAMES[i], "f1_macro"), test_score("own", "cls-logreg", "f1_macro"), 0, 0);
        assert_false(is_there("ways", NAMES[i], "model/README.md"));
    }
    CHECK_CLOSE(test_score("ways", "own", "log_loss"), test_score("own", "cls-logreg", "log_loss"), 0, 0);
    assert_true(isnan(test_score("ways", "turned", "log_loss")));
    CHECK_CLOSE(test_score("ways", "rounded", "log_loss"), test_score("own", "cls-logreg", "log_loss"), 0.05, 0); /* two digits */
    check_command("cmp %s %s >&2", at_home("own/cls-logreg/predictions.csv"), at_home("ways/own/predictions.csv"));
}

static const Json *find_entry(const Json *json, const char *name) {
    for (const Json *entry = json_first(json_get(json, "entries")); entry; entry = json_next(entry))
        if (strcmp(json_string_or(json_get(entry, "name"), ""), name) == 0) return entry;
    fail_msg("no entry %s", name);
    return NULL;
}

/* What is not known is null, and the pair of an entry with its own answers never differs. */
static void test_record(void **state) {
    (void)state;
    const char *more = outside("--entries cls-logreg", "predictions", "theirs", "own/cls-logreg/predictions.csv");
    check_compare(0, "", "plain", "record", more);
    check_command("cp -a %s %s", at_home("record"), at_home("record-before"));
    Ran ran =
        compare("plain", "record", outside("--entries cls-logreg", "predictions", "theirs", "own/cls-logreg/predictions.csv"));
    check_ran(&ran, 0, "verdict");
    check_state(&ran, "theirs", "recorded");
    ran_free(&ran);
    check_same_run("record-before", "record");
    Json *json = json_at_home("record/compare.json");
    const Json *theirs = find_entry(json, "theirs"), *pair = json_first(json_get(json, "pairs"));
    assert_string_equal(json_string_or(json_get(theirs, "kind"), ""), "another system's answers");
    assert_string_equal(json_string_or(json_get(theirs, "source"), ""), "predictions");
    for (const Json *cost = json_first(json_get(theirs, "costs")); cost; cost = json_next(cost)) assert_true(json_is_null(cost));
    assert_true(json_is_null(json_get(json_get(json_get(theirs, "metrics"), "validation"), "accuracy")));
    CHECK_CLOSE(json_number_or(json_get(json_get(pair, "mcnemar"), "p"), (double)NAN), 1, 0, 0);
    /* of equals the one whose price is known */
    assert_string_equal(json_string_or(json_get(json_get(json, "recommendation"), "deploy"), ""), "cls-logreg");
    json_free(json);
    check_command("sed 's/calm$/glad/;s/,calm,/,glad,/' %s | cut -d, -f1,4 > %s", at_home("own/cls-logreg/predictions.csv"),
                  at_home("changing.csv"));
    check_compare(0, "", "plain", "changing", outside("--entries cls-logreg", "predictions", "theirs", "changing.csv"));
    check_command("sed -i 's/,sad$/,glad/' %s", at_home("changing.csv"));
    check_compare(0, "theirs         read again: sha256 ", "plain", "changing",
                  outside("--entries cls-logreg", "predictions", "theirs", "changing.csv"));
}

/* Answers for all rows, in their order: then validation is scored too. */
static void test_all_rows(void **state) {
    (void)state;
    Buffer text = {0};
    buffer_text(&text, "predicted\n");
    for (int i = 0; i < 120; i++)
        buffer_printf(&text, "%s\n", LABELS[(i < 80 ? i : i < 100 ? i + 20 : i + 100) % 3]); /* put_folder's */
    Error err = {0};
    CHECK_OK(file_write(at_home("all.csv"), text.data, text.size, &err), &err);
    buffer_free(&text);
    check_compare(0, "", "plain", "all", outside("--entries cls-logreg", "predictions", "truth", "all.csv"));
    Json *json = json_at_home("all/compare.json");
    const Json *metrics = json_get(find_entry(json, "truth"), "metrics");
    CHECK_CLOSE(json_number_or(json_get(json_get(metrics, "validation"), "accuracy"), 0), 1, 0, 0);
    CHECK_CLOSE(json_number_or(json_get(json_get(metrics, "test"), "accuracy"), 0), 1, 0, 0);
    json_free(json);
}

static void test_saved_models(void **state) {
    (void)state;
    static const char *const ENTRIES[] = {"cls-logreg", "tfidf-logreg", "finetune"};
    char more[2048] = "--entries dummy", path[64];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "own/%s/model", ENTRIES[i]);
        size_t size = strlen(more);
        snprintf(more + size, sizeof more - size, " --model saved-%s=%s", ENTRIES[i], at_home(path));
    }
    Ran ran = compare("plain", "saved", more);
    check_ran(&ran, 0, "verdict");
    assert_true(says(&ran, "whether it has seen these test texts is not known here"));
    ran_free(&ran);
    for (int i = 0; i < 3; i++) {
        char name[64];
        snprintf(name, sizeof name, "saved-%s", ENTRIES[i]);
        CHECK_CLOSE(test_score("saved", name, "accuracy"), test_score("own", ENTRIES[i], "accuracy"), 0, 0);
        CHECK_CLOSE(test_score("saved", name, "log_loss"), test_score("own", ENTRIES[i], "log_loss"), 0, 0);
    }
    ran = compare("plain", "saved", more);
    check_state(&ran, "saved-finetune", "recorded");
    ran_free(&ran);
}

static double validation_accuracy(const Json *json, const char *name) {
    return json_number_or(json_get(json_get(json_get(find_entry(json, name), "metrics"), "validation"), "accuracy"), -1);
}

/* Counted, timed and joined into cascades like entries that were trained here. */
static void test_saved_models_like_others(void **state) {
    (void)state;
    static const char *const ENTRIES[] = {"cls-logreg", "finetune"};
    Json *json = json_at_home("saved/compare.json"), *own = json_at_home("own/compare.json");
    const Json *cascade = json_first(json_get(json, "cascades"));
    bool tuned = validation_accuracy(json, "saved-finetune") > validation_accuracy(json, "saved-cls-logreg");
    assert_int_equal(json_size(json_get(json, "cascades")), tuned ? 2 : 1); /* nothing dearer stands before the second */
    assert_string_equal(json_string_or(json_get(cascade, "first"), ""), "saved-tfidf-logreg");
    assert_string_equal(json_string_or(json_get(cascade, "second"), ""), tuned ? "saved-finetune" : "saved-cls-logreg");
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf(name, sizeof name, "saved-%s", ENTRIES[i]);
        const Json *costs = json_get(find_entry(json, name), "costs"), *theirs = json_get(find_entry(own, ENTRIES[i]), "costs");
        assert_int_equal(json_is_null(json_get(costs, "peak_rss_mb")), json_is_null(json_get(theirs, "peak_rss_mb")));
        CHECK_CLOSE(json_number_or(json_get(costs, "predict_mflop"), 0), json_number_or(json_get(theirs, "predict_mflop"), -1), 0,
                    1e-12);
        assert_true(json_number_or(json_get(costs, "predict_share"), 0) > 0);
        assert_true(json_number_or(json_get(costs, "matrix_gflops"), 0) > 0);
    }
    json_free(json);
    json_free(own);
}

/* A folder of int8 weights answers, and is timed, as int8, whatever the run's type is; without the instructions as the run does. */
static void test_quantised_model(void **state) {
    (void)state;
    Ran ran = program_run(NULL, "quantize", "--model", at_home("own/finetune/model"), "--output_dir", at_home("small"), NULL);
    check_ran(&ran, 0, "small");
    bool native = !says(&ran, "was not measured");
    ran_free(&ran);
    char more[1024];
    snprintf(more, sizeof more, "--entries dummy,tfidf-logreg --model small=%s", at_home("small"));
    ran = compare("plain", "quantised", more);
    check_ran(&ran, 0, "small");
    assert_true(says(&ran, ", int8") == native);
    ran_free(&ran);
    Json *json = json_at_home("quantised/compare.json");
    assert_true(json_number_or(json_get(json_get(find_entry(json, "small"), "costs"), "predict_share"), 0) > 0);
    assert_int_equal(json_size(json_get(json, "cascades")), native ? 0 : 1); /* one folder of two types is not to be had */
    json_free(json);
}

/* Classes in another order: the answers are those of the names. */
static void test_other_order(void **state) {
    (void)state;
    check_compare(0, "", "plain", "order",
                  outside("--entries dummy --label_names sad,calm,glad", "model", "saved", "own/cls-logreg/model"));
    CHECK_CLOSE(test_score("order", "saved", "accuracy"), test_score("own", "cls-logreg", "accuracy"), 0, 0);
    CHECK_CLOSE(test_score("order", "saved", "log_loss"), test_score("own", "cls-logreg", "log_loss"), 0,
                1e-15); /* the order of a sum */
}

static void test_wrong_files(void **state) {
    (void)state;
    static const struct {
        const char *text, *part;
        int status;
    } WRONG[] = {
        {"", "the file is empty", 3},
        {"id,answer\ntest.csv:2,calm\n", "no column of predictions: found id, answer; expected predicted", 3},
        {"id,label\ntest.csv:2,calm\n", "no column of predictions: found id, label", 3},
        {"id,predicted\ntest.csv:2,calm\n", "19 of 20 test rows have no answer; the first is test.csv:3", 3},
        {"id,predicted\ntest.csv:2,calm\ntest.csv:2,sad\n", "wrong.csv:3: the row of line 2 once more", 3},
        {"id,predicted\ntest.csv:2,LABEL_1\n", "wrong.csv:2: unknown label 'LABEL_1'; the labels are calm, glad, sad", 3},
        {"id,predicted\nnosuch.csv:2,calm\n",
         "wrong.csv:2: id 'nosuch.csv:2' is no row of the data; ids are file:line as in "
         "splits.csv, the first test row is test.csv:2",
         3},
        {"id,predicted\n17,calm\n", "id '17' is no row of the data", 3},
        {"id,predicted\ntest.csv:99999999999999999999,calm\n", "is no row of the data", 3},
        {"predicted\ncalm\nsad\n", "2 answers without ids, expected 20, one for each test row in order (or 120,", 3},
        {"id,predicted\ntest.csv:2\n", "wrong.csv:2: 1 fields, expected 2", 3},
        {"id,prob_calm,prob_glad\ntest.csv:2,1,0\n", "probabilities of 2 of 3 classes; prob_sad is missing", 3},
        {"id,prob_calm,prob_glad,prob_sad,prob_mad\ntest.csv:2,1,0,0,0\n", "unknown label 'mad'", 3},
        {"id,prob_calm,prob_glad,prob_sad\ntest.csv:2,0.5,0.2,x\n", "wrong.csv:2: prob_sad is 'x', expected a number from 0 to 1",
         3},
        {"id,prob_calm,prob_glad,prob_sad\ntest.csv:2,0.5,nan,0\n", "prob_glad is 'nan'", 3},
        {"id,prob_calm,prob_glad,prob_sad\ntest.csv:2,0.5,0.2,0.2\n", "wrong.csv:2: the probabilities sum to 0.9, expected 1", 3},
        {"id,label,predicted\ntest.csv:2,glad,calm\n", "label is 'glad', but that of test.csv:2 is 'sad'", 3},
        {"id,predicted\n\"test.csv:2,calm\n", "a quote opened in this row is never closed", 3},
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        put_file("wrong.csv", "%s", WRONG[i].text);
        check_compare(WRONG[i].status, WRONG[i].part, "plain", "wrong",
                      outside("--entries dummy", "predictions", "wrong", "wrong.csv"));
        if (folder_exists(at_home("wrong"))) fail_msg("%s leaves a folder behind", WRONG[i].part);
    }
}

static void test_wrong_words(void **state) {
    (void)state;
    put_file("two.csv", "text,label\nsun,a\nrain,b\nsun sun,a\nrain rain,b\nsun sun sun,a\nrain day,b\n");
    CHECK_RUN(0, "", NULL, "train", "--data", at_home("two.csv"), "--features", "tfidf", "--split", "34,33,33", "--output_dir",
              at_home("two"));
    check_compare(5, "nosuch.csv: cannot be opened", "plain", "words",
                  outside("--entries dummy", "predictions", "a", "nosuch.csv"));
    check_compare(2, "expected NAME=FILE", "plain", "words", "--entries dummy --predictions answers.csv");
    check_compare(2, "--predictions: 'a/b' is no name", "plain", "words", "--entries dummy --predictions a/b=answers.csv");
    check_compare(2, "two entries are named 'dummy'", "plain", "words",
                  outside("--entries dummy", "predictions", "dummy", "two.csv"));
    check_compare(2, "the encoder is " TINY " already; NAME=other enters", "plain", "words", "--entries dummy --model other");
    check_compare(4, "no folder of a saved model", "plain", "words", "--entries dummy --model a=nosuch");
    check_compare(4, "holds no model", "plain", "words", outside("--entries dummy", "model", "a", "plain"));
    check_compare(4, "answers with 2 labels, the data has 3", "plain", "words", outside("--entries dummy", "model", "a", "two"));
    if (folder_exists(at_home("words"))) fail_msg("a folder is left behind");
}

/* ---- report ---- */

static void check_report(int status, const char *part, const char *words) {
    Words list;
    int count = 0;
    snprintf(list.text, sizeof list.text, "twofold report %s", words);
    for (char *word = strtok(list.text, " "); word && count < PROGRAM_WORDS_MOST - 1; word = strtok(NULL, " "))
        list.list[count++] = word;
    list.list[count] = NULL;
    Ran ran = program_run_words(NULL, list.list);
    check_ran(&ran, status, part);
    ran_free(&ran);
}

static const char *folders(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *folders(const char *format, ...) {
    static char words[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    return words;
}

/* In its own folder nothing changes; in another it is the same report. */
static void test_report_again(void **state) {
    (void)state;
    const char *entries = "--entries dummy,tfidf-logreg --min_gain 0.9 --max_model_mb 0.001"; /* limits come back, too */
    check_compare(0, "", "plain", "again", outside(entries, "predictions", "theirs", "own/cls-logreg/predictions.csv"));
    check_command("cp -a %s %s", at_home("again"), at_home("again-before"));
    check_report(0, "verdict", at_home("again"));
    check_same_run("again-before", "again");
    check_report(0, "verdict", folders("%s --output_dir %s", at_home("again"), at_home("again-elsewhere")));
    static const char *const SAME[] = {"compare.json", "report.html", "report.md", "splits.csv", "theirs/predictions.csv"};
    for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++)
        check_command("cmp %s/%s %s/%s >&2", at_home("again"), SAME[i], at_home("again-elsewhere"), SAME[i]);
    /* path B's curves and the encoder are recalled too */
    check_report(0, "verdict", folders("%s --output_dir %s", at_home("own"), at_home("own-elsewhere")));
    check_command("cmp %s/figures/loss.svg %s/figures/loss.svg >&2", at_home("own"), at_home("own-elsewhere"));
    check_command("cmp %s/figures/tokens.svg %s/figures/tokens.svg >&2", at_home("own"), at_home("own-elsewhere"));
}

/* Two runs as one: what both have stands once, what has another key is named after its run. */
static void test_report_together(void **state) {
    (void)state;
    check_compare(0, "", "plain", "first", "--entries dummy,tfidf-logreg");
    check_compare(0, "", "plain", "second", "--entries dummy,tfidf-logreg,mean-logreg --C 3");
    check_report(0, "next      twofold predict --model",
                 folders("%s %s --output_dir %s", at_home("first"), at_home("second/"), at_home("both")));
    Json *json = json_at_home("both/compare.json");
    static const char *const NAMES[] = {"dummy", "tfidf-logreg", "second.tfidf-logreg", "mean-logreg"};
    int count = 0;
    for (const Json *entry = json_first(json_get(json, "entries")); entry; entry = json_next(entry), count++)
        assert_string_equal(json_string_or(json_get(entry, "name"), ""), NAMES[count]);
    assert_int_equal(count, 4);
    assert_int_equal(json_size(json_get(json, "pairs")), 6);
    json_free(json);
    CHECK_CLOSE(test_score("both", "second.tfidf-logreg", "log_loss"), test_score("second", "tfidf-logreg", "log_loss"), 0, 0);
    assert_true(is_there("both", "figures", "accuracy.svg"));
    check_report(3, "was made by 'twofold report", at_home("both"));
    check_report(2, "2 runs need --output_dir", folders("%s %s", at_home("first"), at_home("second")));
}

static void test_report_refused(void **state) {
    (void)state;
    put_rows("one.csv", 0, 120, 0);
    check_compare(0, "", "one.csv", "other", "--entries dummy");
    check_compare(0, "", "plain", "same", "--entries dummy");
    check_report(3, "other: other rows than ",
                 folders("%s %s --output_dir %s", at_home("same"), at_home("other"), at_home("refused")));
    check_report(5, "no compare.json", at_home("plain"));
    check_report(2, "report needs the folder of a finished comparison", "");
    check_command("mkdir %s && mv %s %s", at_home("moved"), at_home("one.csv"), at_home("moved"));
    check_report(5, "one.csv", at_home("other"));
    check_report(0, "verdict", folders("%s --data %s", at_home("other"), at_home("moved/one.csv")));
    put_rows("moved/one.csv", 0, 119, 0);
    check_report(3, "the rows are not those of ", folders("%s --data %s", at_home("other"), at_home("moved/one.csv")));
    if (folder_exists(at_home("refused"))) fail_msg("a folder is left behind");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_to_say_it),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_all_rows),
        cmocka_unit_test(test_saved_models),
        cmocka_unit_test(test_saved_models_like_others),
        cmocka_unit_test(test_quantised_model),
        cmocka_unit_test(test_other_order),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_wrong_words),
        cmocka_unit_test(test_report_again),
        cmocka_unit_test(test_report_together),
        cmocka_unit_test(test_report_refused),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
