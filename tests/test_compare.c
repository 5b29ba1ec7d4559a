/* twofold compare end to end, on 120 rows of three classes and a tiny random encoder: what it writes, what a second run takes over and what
 * it trains again, and that neither threads, nor an interruption, nor a test label leave a trace in what was trained. */
#include "check.h"

#include "comparing.h"

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

#include "common/json.h"

static int make_home(void **state) {
    (void)state;
    if (home_make("compare") != 0) return -1;
    put_rows("one.csv", 0, 120, 0);
    put_rows("other.csv", 1000, 120, 0);
    put_folder("plain", 0);
    put_folder("turned", 1);
    return 0;
}

static const char *const ENTRIES[] = {"dummy", "tfidf-logreg", "cls-logreg", "mean-logreg", "finetune"};
enum { ENTRY_COUNT = 5, FINETUNE = 4 };

/* ---- tests ---- */

/* The contract of a run folder. */
static void test_files(void **state) {
    (void)state;
    Ran ran = compare("one.csv", "files", "--num_threads 2");
    check_ran(&ran, 0, "verdict   The test set is too small to decide"); /* 12 texts */
    assert_non_null(strstr(ran.err, "plan "));
    static const char *const FILES[] = {
        "metrics.json",         "classification_report.txt", "predictions.csv", "errors.csv",
        "confusion_matrix.png", "confusion_matrix.svg",      "entry.json",      "model/README.md"};
    for (int i = 0; i < ENTRY_COUNT; i++) {
        check_state(&ran, ENTRIES[i], "done");
        for (size_t f = 0; f < sizeof FILES / sizeof *FILES; f++)
            if (!is_there("files", ENTRIES[i], FILES[f])) fail_msg("%s/%s is missing", ENTRIES[i], FILES[f]);
        assert_true(i == FINETUNE || is_there("files", ENTRIES[i], "model/twofold.json"));
    }
    static const char *const TRAINED[] = {"trainer_state.json",      "all_results.json", "model/config.json",
                                          "model/model.safetensors", "model/vocab.txt",  "model/tokenizer.json"};
    for (size_t f = 0; f < sizeof TRAINED / sizeof *TRAINED; f++) assert_true(is_there("files", "finetune", TRAINED[f]));
    static const char *const WHOLE[] = {"env.json", "splits.csv", "audit.csv", "label_errors.json", "differences.csv", "compare.json", "report.html", "report.md",
                                        "maps/maps.json", "maps/maps.csv", "maps/coordinates.npy", "figures/map_frozen_umap.svg",
                                        "figures/map_fine_tuned_pca_classes.png"};
    for (size_t f = 0; f < sizeof WHOLE / sizeof *WHOLE; f++) assert_true(is_there("files", ".", WHOLE[f]));
    ran_free(&ran);
}

/* What a model folder answers is what the comparison recorded. */
static void test_models_answer(void **state) {
    (void)state;
    check_compare(0, "", "plain", "models", "");
    for (int i = 0; i < ENTRY_COUNT; i++) {
        char model[64], metrics[64], name[64];
        snprintf(model, sizeof model, "models/%s/model", ENTRIES[i]);
        snprintf(name, sizeof name, "evaluated-%s", ENTRIES[i]);
        snprintf(metrics, sizeof metrics, "models/%s/predictions.csv", ENTRIES[i]);
        CHECK_RUN(0, "", NULL, "evaluate", "--model", at_home(model), "--data", at_home("plain"), "--output_dir", at_home(name));
        check_command("cmp %s %s/predictions.csv >&2", at_home(metrics), at_home(name));
    }
}

static void test_second_run_trains_nothing(void **state) {
    (void)state;
    check_compare(0, "", "one.csv", "twice", "");
    check_command("cp -a %s %s", at_home("twice"), at_home("twice-before"));
    Ran ran = compare("one.csv", "twice", "");
    check_ran(&ran, 0, "verdict");
    for (int i = 0; i < ENTRY_COUNT; i++) check_state(&ran, ENTRIES[i], "recorded");
    assert_null(strstr(ran.err, "epoch 1 of"));
    assert_null(strstr(ran.err, "features  "));
    assert_null(strstr(ran.err, "maps  "));
    ran_free(&ran);
    check_same_run("twice-before", "twice");
    /* but for env.json, which has today's times, nothing was touched that measures */
    check_command("cd %s && for f in */entry.json; do cmp $f ../twice-before/$f >&2 || exit 1; done", at_home("twice"));
}

/* Fresh runs in different folders, on 1, 2 and 3 threads, with and without the cache that the first one left. */
static void test_same_bytes(void **state) {
    (void)state;
    check_compare(0, "", "one.csv", "threads1", "--num_threads 1");
    check_compare(0, "", "one.csv", "threads2", "--num_threads 2 --no_cache");
    check_compare(0, "", "one.csv", "threads3", "--num_threads 3");
    check_same_run("threads1", "threads2");
    check_same_run("threads1", "threads3");
}

static void test_changed_option(void **state) {
    (void)state;
    check_compare(0, "", "one.csv", "changed", "");
    Ran ran = compare("one.csv", "changed", "--C 3");
    check_ran(&ran, 0, "cls-logreg");
    check_state(&ran, "dummy", "recorded");
    check_state(&ran, "tfidf-logreg", "done");
    check_state(&ran, "cls-logreg", "done");
    check_state(&ran, "mean-logreg", "done");
    check_state(&ran, "finetune", "recorded");
    assert_true(says(&ran, "cls-logreg     trained again: C 3, was 1\n"));
    assert_true(says(&ran, "mean-logreg    trained again: C 3, was 1\n"));
    assert_true(says(&ran, "tfidf-logreg   trained again: C 3, was auto\n"));
    ran_free(&ran);
    check_compare(0, "", "one.csv", "changed-fresh", "--C 3");
    check_same_run("changed", "changed-fresh");

    ran = compare("one.csv", "changed", "--C 3 --weight_decay 0.5");
    for (int i = 0; i < FINETUNE; i++) check_state(&ran, ENTRIES[i], "recorded");
    check_state(&ran, "finetune", "done");
    assert_true(says(&ran, "finetune       trained again: weight_decay 0.5, was 0\n"));
    ran_free(&ran);
    check_compare(0, "", "one.csv", "changed-fresh", "--C 3 --weight_decay 0.5");
    check_same_run("changed", "changed-fresh");
}

/* A record or its answers that were cut short count as none. */
static void test_damaged_record(void **state) {
    (void)state;
    const char *entries = "--entries dummy,cls-logreg";
    check_compare(0, "", "one.csv", "damaged", entries);
    check_command("cp -a %s %s", at_home("damaged"), at_home("damaged-before"));
    check_command("cd %s && truncate -s 100 cls-logreg/answers.safetensors && truncate -s 100 dummy/entry.json",
                  at_home("damaged"));
    Ran ran = compare("one.csv", "damaged", entries);
    check_state(&ran, "dummy", "done");
    check_state(&ran, "cls-logreg", "done");
    assert_true(says(&ran, "damaged"));
    ran_free(&ran);
    check_same_run("damaged-before", "damaged");
}

static int maps_on_record(const char *folder) {
    Error err = {0};
    char path[256];
    snprintf(path, sizeof path, "%s/compare.json", at_home(folder));
    Json *json = json_parse_file(path, ERROR_FAILED, &err);
    if (!json) fail_msg("%s", err.message);
    const Json *maps = json_get(json, "maps");
    int made = json_is_null(maps) ? 0 : !json_is_null(json_get(maps, "frozen")) + !json_is_null(json_get(maps, "fine_tuned"));
    json_free(json);
    return made;
}

/* Drawn where there is an encoder, made again when damaged or asked for otherwise, gone when not wanted. */
static void test_maps(void **state) {
    (void)state;
    const char *entries = "--entries dummy,cls-logreg";
    check_compare(0, "", "one.csv", "mapped", entries);
    assert_int_equal(maps_on_record("mapped"), 1);
    check_command("cp -a %s %s", at_home("mapped"), at_home("mapped-before"));
    check_command("cd %s && truncate -s 100 maps/coordinates.npy", at_home("mapped"));
    Ran ran = compare("one.csv", "mapped", entries);
    check_ran(&ran, 0, "verdict");
    assert_non_null(strstr(ran.err, "maps  "));
    ran_free(&ran);
    check_same_run("mapped-before", "mapped");
    ran = compare("one.csv", "mapped", "--entries dummy,cls-logreg --n_neighbors 4");
    check_state(&ran, "cls-logreg", "recorded");
    assert_non_null(strstr(ran.err, "maps  "));
    ran_free(&ran);
    check_compare(0, "", "one.csv", "mapped", "--entries dummy,cls-logreg --no_maps");
    assert_int_equal(maps_on_record("mapped"), 0);
    assert_false(is_there("mapped", "maps", "maps.json"));
}

static void test_other_data(void **state) {
    (void)state;
    const char *entries = "--entries dummy,tfidf-logreg";
    check_compare(0, "", "one.csv", "refused", entries);
    check_compare(2, "holds a run on other data", "other.csv", "refused", entries);
    check_compare(2, "holds a run on other data", "one.csv", "refused", "--entries dummy --split 60,20,20");
    check_compare(0, "Deploy", "other.csv", "refused", "--entries dummy,tfidf-logreg --overwrite_output_dir");
    check_compare(0, "", "other.csv", "refused-fresh", entries);
    check_same_run("refused", "refused-fresh");
    check_command("mkdir %s && touch %s/mine.txt", at_home("mine"), at_home("mine"));
    check_compare(2, "holds something else", "one.csv", "mine", entries);
}

static void test_failing_entry(void **state) {
    (void)state;
    const char *failing = "--entries dummy,cls-logreg --entry bare=tfidf:min_df=1000 --entry deep=encoder:layer=9 --entry "
                          "cold=finetune:freeze_layers=9";
    Ran ran = compare("one.csv", "failing", failing);
    check_ran(&ran, 0, "verdict");
    check_state(&ran, "dummy", "done");
    check_state(&ran, "cls-logreg", "done");
    check_state(&ran, "bare", "failed");
    check_state(&ran, "deep", "failed");
    check_state(&ran, "cold", "failed");
    assert_non_null(strstr(ran.out, "failed: "));
    ran_free(&ran);
    /* shown again they are there, with why */
    check_command("cp -a %s %s", at_home("failing"), at_home("failing-before"));
    char program[] = "twofold", command[] = "report", folder[512];
    (void)snprintf(folder, sizeof folder, "%s", at_home("failing"));
    ran = program_run_words(NULL, (char *[]){program, command, folder, NULL});
    check_ran(&ran, 0, "verdict");
    check_state(&ran, "cls-logreg", "recorded");
    check_state(&ran, "bare", "failed");
    check_state(&ran, "cold", "failed");
    ran_free(&ran);
    check_same_run("failing-before", "failing");
    check_compare(1, "every entry failed; bare: ", "one.csv", "all-failing",
                  "--entry bare=tfidf:min_df=1000 --entry deep=encoder:layer=9");
    /* the failed ones are tried again when they are asked for again */
    check_compare(0, "bare", "one.csv", "all-failing", "--entry bare=tfidf:min_df=1");
}

/* Nothing that is trained may know a test label: with every one of them changed, all model folders stay as they are. */
static void test_test_labels(void **state) {
    (void)state;
    check_compare(0, "", "plain", "labels-plain", "--C auto");
    check_compare(0, "", "turned", "labels-turned", "--C auto");
    check_command("! cmp -s %s %s", at_home("labels-plain/cls-logreg/metrics.json"),
                  at_home("labels-turned/cls-logreg/metrics.json"));
    for (int i = 0; i < ENTRY_COUNT; i++) {
        char plain[64], turned[64];
        snprintf(plain, sizeof plain, "labels-plain/%s/model", ENTRIES[i]);
        snprintf(turned, sizeof turned, "labels-turned/%s/model", ENTRIES[i]);
        check_command("diff -r %s %s >&2", at_home(plain), at_home(turned));
    }
}

static void test_own_entries(void **state) {
    (void)state;
    Ran ran = compare(
        "one.csv", "own",
        "--entries dummy --entry svm=encoder:classifier=svm,pooling=max,layer=1 --entry bigrams=tfidf-logreg:ngram_max=2,C=3 "
        "--entry a.rather-long_name.of-an-entry=mean-logreg --entry short=finetune:max_steps=3");
    check_ran(&ran, 0, "verdict");
    check_state(&ran, "svm", "done      maximum over the tokens of layer 1, linear SVM (liblinear)");
    check_state(&ran, "bigrams", "done      ");
    assert_true(is_there("own", "a.rather-long_name.of-an-entry", "metrics.json"));
    /* an SVM has no probabilities: no such columns, null for what needs them */
    Error err = {0};
    Json *metrics = json_parse_file(at_home("own/svm/metrics.json"), ERROR_FAILED, &err);
    if (!metrics) fail_msg("%s", err.message);
    assert_true(json_is_null(json_get(json_get(metrics, "test"), "log_loss")));
    json_free(metrics);
    /* the table stays one under long names */
    const char *heading = strstr(ran.out, "test accuracy"), *long_row = strstr(ran.out, "a.rather-long_name.of-an-entry  ");
    assert_true(heading && long_row);
    ran_free(&ran);
}

/* Fine-tuning repeated: the first run is the one that stands alone, to the byte; what is there is not trained again; any threads give the same. */
static void test_seeds(void **state) {
    (void)state;
    const char *two = "--entries cls-logreg,finetune --seeds 3 --num_threads 1";
    check_compare(0, "verdict", "one.csv", "seeds-none", "--entries cls-logreg,finetune");
    check_compare(0, "verdict", "one.csv", "seeds", "--entries cls-logreg,finetune --num_threads 2");
    check_same_run("seeds-none", "seeds");
    Ran ran = compare("one.csv", "seeds", two);
    check_ran(&ran, 0, "finetune       seed 44, run 3 of 3");
    check_state(&ran, "finetune", "recorded");
    ran_free(&ran);
    check_command("cmp %s %s", at_home("seeds-none/finetune/predictions.csv"), at_home("seeds/finetune/predictions.csv"));
    assert_true(is_there("seeds", "finetune/seeds/43", "entry.json") && is_there("seeds", "finetune/seeds/44/model", "config.json"));
    assert_false(is_there("seeds-none", "finetune", "seeds.json"));
    ran = compare("one.csv", "seeds", two);
    check_ran(&ran, 0, "nothing to train");
    ran_free(&ran);
    check_compare(0, "verdict", "one.csv", "seeds-again", "--entries cls-logreg,finetune --seeds 3 --num_threads 3");
    check_same_run("seeds", "seeds-again");
    Error err = {0};
    Json *json = json_parse_file(at_home("seeds/compare.json"), ERROR_FAILED, &err), *same;
    CHECK_OK(json, &err);
    const Json *entry = json_next(json_first(json_get(json, "entries"))), *seeds = json_get(entry, "seeds");
    const Json *runs = json_get(seeds, "runs"), *accuracy = json_get(json_get(seeds, "test"), "accuracy");
    assert_int_equal(json_size(runs), 3);
    double sum = 0;
    int64_t seed = 42;
    for (const Json *run = json_first(runs); run; run = json_next(run), seed++) {
        assert_int_equal(json_int_or(json_get(run, "seed"), 0), seed);
        sum += json_number_or(json_get(json_get(run, "test"), "accuracy"), nan(""));
    }
    CHECK_CLOSE(json_number_or(json_get(accuracy, "mean"), nan("")), sum / 3, 1e-12, 0);
    CHECK_CLOSE(json_number_or(json_get(json_get(json_first(runs), "test"), "accuracy"), nan("")),
                json_number_or(json_get(json_get(json_get(entry, "metrics"), "test"), "accuracy"), nan("")), 0, 0);
    /* a run with another seed is what --seed gives, on the same split */
    same = json_parse_file(at_home("seeds/finetune/seeds/43/entry.json"), ERROR_FAILED, &err);
    CHECK_OK(same, &err);
    assert_non_null(strstr(json_string_or(json_get(same, "key"), ""), "\"seed\": 43"));
    json_free(same);
    json_free(json);
}

static void test_wrong_entries(void **state) {
    (void)state;
    static const struct {
        const char *more, *part;
    } WRONG[] = {
        {"--entries nosuch", "no entry 'nosuch'; there are dummy"},
        {"--entries dummy,dummy", "two entries are named 'dummy'"},
        {"--entry dummy=tfidf --entries dummy", "two entries are named 'dummy'"},
        {"--entry twice=tfidf --entry twice=encoder", "two entries are named 'twice'"},
        {"--entry nothing", "expected NAME=KIND:flag=value"},
        {"--entry a/b=tfidf", "is no name"},
        {"--entry ..=tfidf", "is no name"},
        {"--entry =tfidf", "is no name"},
        {"--entry figures=tfidf", "is no name"},
        {"--entry maps=tfidf", "is no name"},
        {"--entry report.html=tfidf", "is no name"},
        {"--entry a=bert", "no entry 'bert'"},
        {"--entry a=tfidf:nosuch=3", "nosuch"},
        {"--entry a=tfidf:C=-3", "C"},
        {"--entry a=tfidf:C", "C"},
        {"--entry a=finetune:learning_rate=1e30", "learning_rate"},
        {"--pooling mean", "--pooling is what tells entries apart"},
        {"--entries", "--entries"},
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        check_compare(2, WRONG[i].part, "one.csv", "wrong", WRONG[i].more);
        if (folder_exists(at_home("wrong"))) fail_msg("%s leaves a folder behind", WRONG[i].more);
    }
}

static void test_without_encoder(void **state) {
    (void)state;
    CHECK_RUN(0, "dummy", NULL, "compare", "--data", at_home("one.csv"), "--output_dir", at_home("without"), "--entries",
              "dummy,tfidf-logreg");
    CHECK_RUN(2, "needs --model", NULL, "compare", "--data", at_home("one.csv"), "--output_dir", at_home("without2"));
}

/* ---- stopping ---- */

static bool has_checkpoint(const char *folder) {
    DIR *entries = opendir(at_home(folder));
    bool found = false;
    for (const struct dirent *entry = entries ? readdir(entries) : NULL; entry && !found; entry = readdir(entries))
        found = strncmp(entry->d_name, "checkpoint-", 11) == 0;
    if (entries) (void)closedir(entries);
    return found;
}

/* Starts the command and sends it a signal as soon as the fine-tuning has left something; its exit status. */
static int stop_when_training(const char *folder, const char *more, int signal_number) {
    Words words;
    char trained[64];
    int null = open("/dev/null", O_RDWR);
    snprintf(trained, sizeof trained, "%s/finetune", folder);
    make_words(&words, "one.csv", folder, more);
    bool before = has_checkpoint(trained);
    pid_t child = program_start(words.list, null, null, null);
    for (int waited = 0; waited < 30000 && (before ? waited < 40 : !has_checkpoint(trained)); waited++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    kill(child, signal_number);
    close(null);
    return program_wait(child);
}

static void check_stopped(int signal_number, int status) {
    const char *more = "--epochs 12 --save_strategy steps --save_steps 20 --eval_strategy steps --eval_steps 20 --entries "
                       "dummy,cls-logreg,finetune";
    char folder[32], never[32];
    snprintf(folder, sizeof folder, "stopped%d", signal_number);
    snprintf(never, sizeof never, "never-stopped%d", signal_number);
    int first = stop_when_training(folder, more, signal_number);
    if (first != status) fail_msg("status %d, expected %d", first, status);
    assert_false(is_there(folder, "finetune", "entry.json"));
    (void)stop_when_training(folder, more, signal_number); /* may have come too late, which is fine too */
    Ran ran = compare("one.csv", folder, more);
    check_ran(&ran, 0, "verdict");
    check_state(&ran, "cls-logreg", "recorded");
    ran_free(&ran);
    check_compare(0, "", "one.csv", never, more);
    check_same_run(folder, never);
}

static void test_interrupted(void **state) {
    (void)state;
    check_stopped(SIGINT, 130);
}

static void test_terminated(void **state) {
    (void)state;
    check_stopped(SIGTERM, 143);
}

static void test_killed(void **state) {
    (void)state;
    check_stopped(SIGKILL, 137);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_models_answer),
        cmocka_unit_test(test_second_run_trains_nothing),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_changed_option),
        cmocka_unit_test(test_damaged_record),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_other_data),
        cmocka_unit_test(test_failing_entry),
        cmocka_unit_test(test_test_labels),
        cmocka_unit_test(test_own_entries),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_wrong_entries),
        cmocka_unit_test(test_without_encoder),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_terminated),
        cmocka_unit_test(test_killed),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
