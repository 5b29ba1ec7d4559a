/* --tune quick: what is tried, what is chosen, and that a plan repeats to the byte, however often it was stopped. */
#include "comparing.h"

#include <time.h>

#include "common/json.h"
#include "compare/tuning.h"
#include "features/extract.h"

static int make_home(void **state) {
    (void)state;
    if (home_make("tune") != 0) return -1;
    put_folder("plain", 0);
    put_folder("turned", 1);
    return 0;
}

/* compare without the settings that tuning chooses. */
static void tune_words(Words *words, const char *data, const char *folder, const char *more) {
    int count = 0;
    snprintf(words->text, sizeof words->text, "twofold compare --model %s --data %s --output_dir %s %s", TINY, at_home(data),
             at_home(folder), more);
    for (char *word = strtok(words->text, " "); word && count < PROGRAM_WORDS_MOST - 1; word = strtok(NULL, " "))
        words->list[count++] = word;
    words->list[count] = NULL;
}

static Ran tune(const char *data, const char *folder, const char *more) {
    Words words;
    tune_words(&words, data, folder, more);
    return program_run_words(NULL, words.list);
}

static void check_tune(int status, const char *part, const char *data, const char *folder, const char *more) {
    Ran ran = tune(data, folder, more);
    check_ran(&ran, status, part);
    ran_free(&ran);
}

static const char *text_of(const Json *object, const char *key) { return json_string_or(json_get(object, key), ""); }
static double number_of(const Json *object, const char *key) { return json_number_or(json_get(object, key), (double)NAN); }

static const Json *find_named(const Json *list, const char *key, const char *name) {
    for (const Json *item = json_first(list); item; item = json_next(item))
        if (strcmp(text_of(item, key), name) == 0) return item;
    fail_msg("no %s", name);
    return NULL;
}

#define ENTRIES "--tune quick --entries tfidf-logreg,cls-logreg,finetune"

/* ENTRIES, with the plan that test_plan left. */
static const char *planned(const char *more) {
    static char words[1024];
    snprintf(words, sizeof words, ENTRIES " --tune_plan %s %s", at_home("plan.json"), more);
    return words;
}

/* The choice is what whoever reads the trials would choose: of the last round the highest accuracy, then the lowest loss, then the first. */
static void check_choice(const Json *tuning, const char *name) {
    const Json *best = NULL, *chosen = find_named(json_get(tuning, "chosen"), "entry", name);
    double last = -1;
    for (const Json *trial = json_first(json_get(tuning, "trials")); trial; trial = json_next(trial)) {
        if (strcmp(text_of(trial, "entry"), name) != 0) continue;
        assert_true(json_bool_or(json_get(trial, "done"), false));
        double round = number_of(trial, "round"), accuracy = number_of(trial, "accuracy");
        const Json *tried = json_get(trial, "C_accuracy"); /* the best of them is the trial's */
        assert_true((tried != NULL) == (number_of(json_get(trial, "settings"), "C") > 0 && (strcmp(name, "tuned-logreg") != 0 || round > 0)));
        double highest = -1;
        for (const Json *value = json_first(tried); value; value = json_next(value)) highest = fmax(highest, json_number_or(value, (double)NAN));
        if (tried) CHECK_CLOSE(highest, accuracy, 0, 0);
        bool better = round > last || accuracy > number_of(best, "accuracy") ||
                      (accuracy == number_of(best, "accuracy") && number_of(trial, "loss") < number_of(best, "loss"));
        if (better) best = trial;
        last = round;
    }
    CHECK_CLOSE(number_of(chosen, "accuracy"), number_of(best, "accuracy"), 0, 0);
    static const char *const NUMBERS[] = {"ngram_max", "layer", "C", "learning_rate", "num_train_epochs"};
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
        double value = number_of(json_get(chosen, "settings"), NUMBERS[i]);
        if (!isnan(value)) CHECK_CLOSE(value, number_of(json_get(best, "settings"), NUMBERS[i]), 0, 0);
    }
}

static int count_trials(const Json *tuning, const char *name, int round) {
    int count = 0;
    for (const Json *trial = json_first(json_get(tuning, "trials")); trial; trial = json_next(trial))
        count += strcmp(text_of(trial, "entry"), name) == 0 && (int)number_of(trial, "round") == round;
    return count;
}

/* The entry was trained with what was chosen. */
static void check_entry(const Json *json, const char *name, const char *how) {
    const Json *entry = find_named(json_get(json, "entries"), "name", name);
    if (!strstr(text_of(entry, "how"), how)) fail_msg("%s: '%s' does not contain '%s'", name, text_of(entry, "how"), how);
}

static void test_plan(void **state) {
    (void)state;
    Ran ran = tune("plain", "first", ENTRIES " --tune_budget 60");
    check_ran(&ran, 0, "verdict");
    assert_true(says(&ran, "plan      tuning 1 min 0"));
    assert_true(says(&ran, "tuning         tfidf-logreg, words, pairs, C "));
    check_state(&ran, "tuned-logreg", "done");
    ran_free(&ran);
    check_command("cp %s %s", at_home("first/tune.json"), at_home("plan.json"));
    assert_false(folder_exists(at_home("first/tune")));
    Json *json = json_at_home("first/compare.json");
    const Json *tuning = json_get(json, "tuning");
    assert_int_equal(count_trials(tuning, "tfidf-logreg", 0), 3);
    assert_int_equal(count_trials(tuning, "tuned-logreg", 0), 9); /* three poolings of three layers */
    assert_int_equal(count_trials(tuning, "tuned-logreg", 1), 3);
    assert_int_equal(count_trials(tuning, "finetune", 0), 4);
    assert_int_equal(count_trials(tuning, "finetune", 1), 2);
    assert_true(count_trials(tuning, "finetune", 2) >= 2);
    static const char *const TUNED[] = {"tfidf-logreg", "tuned-logreg", "finetune"};
    for (int i = 0; i < 3; i++) check_choice(tuning, TUNED[i]);
    char how[64], number[32];
    number_text(number,
                number_of(json_get(find_named(json_get(tuning, "chosen"), "entry", "finetune"), "settings"), "learning_rate"));
    snprintf(how, sizeof how, "learning rate %s", number);
    check_entry(json, "finetune", how);
    const Json *frozen = json_get(find_named(json_get(tuning, "chosen"), "entry", "tuned-logreg"), "settings");
    snprintf(how, sizeof how, "of layer %d, ", (int)number_of(frozen, "layer"));
    check_entry(json, "tuned-logreg", how);
    number_text(number, number_of(frozen, "C"));
    snprintf(how, sizeof how, "C %s", number);
    check_entry(json, "tuned-logreg", how);
    check_entry(json, "cls-logreg", "C 1"); /* the default stands beside it */
    json_free(json);
    check_command("grep -q 'Every path had its settings chosen' %s", at_home("first/report.html"));
    check_command("grep -q 'Settings chosen on 20 validation texts' %s", at_home("first/report.md"));
}

/* The finished folder is shown again; the plan gives the same bytes on any number of threads. */
static void test_repeats(void **state) {
    (void)state;
    Ran ran = tune("plain", "first", ENTRIES " --tune_budget 60");
    check_state(&ran, "tfidf-logreg", "recorded");
    check_state(&ran, "tuned-logreg", "recorded");
    check_state(&ran, "finetune", "recorded");
    assert_true(says(&ran, "nothing to train")); /* the plan knows the choices of the run before */
    assert_null(strstr(ran.err, "tuning         tfidf"));
    ran_free(&ran);
    check_tune(0, "verdict", "plain", "again1", planned("--num_threads 1"));
    check_tune(0, "verdict", "plain", "again3", planned("--num_threads 3 --no_cache"));
    check_same_run("again1", "again3");
    check_command("for e in tfidf-logreg tuned-logreg finetune; do diff -r %s/$e/model %s/$e/model >&2 || exit 1; done",
                  at_home("first"), at_home("again1"));
}

/* No test label reaches a choice. */
static void test_test_labels(void **state) {
    (void)state;
    check_tune(0, "verdict", "turned", "turned-run", planned(""));
    Json *plain = json_at_home("again1/compare.json"), *turned = json_at_home("turned-run/compare.json");
    const Json *a = json_first(json_get(json_get(plain, "tuning"), "trials")),
               *b = json_first(json_get(json_get(turned, "tuning"), "trials"));
    for (; a && b; a = json_next(a), b = json_next(b)) {
        CHECK_CLOSE(number_of(a, "accuracy"), number_of(b, "accuracy"), 0, 0);
        CHECK_CLOSE(number_of(a, "loss"), number_of(b, "loss"), 0, 0);
    }
    assert_true(!a && !b);
    json_free(plain);
    json_free(turned);
}

static int count_done(const char *folder) {
    char name[128];
    snprintf(name, sizeof name, "%s/tune.json", folder);
    Json *json = file_exists(at_home(name)) ? json_parse_file(at_home(name), ERROR_FAILED, NULL) : NULL;
    int count = 0;
    for (const Json *trial = json_first(json_get(json, "trials")); trial; trial = json_next(trial))
        count += json_bool_or(json_get(trial, "done"), false);
    json_free(json);
    return count;
}

static void stop_after(const char *folder, int trials, int signal_number) {
    Words words;
    int null = open("/dev/null", O_RDWR);
    tune_words(&words, "plain", folder, planned(""));
    pid_t child = program_start(words.list, null, null, null);
    for (int waited = 0; waited < 60000 && count_done(folder) < trials; waited++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    kill(child, signal_number);
    close(null);
    (void)program_wait(child);
}

static void test_stopped(void **state) {
    (void)state;
    stop_after("stopped", 4, SIGKILL);
    stop_after("stopped", 11, SIGINT);
    stop_after("stopped", 14, SIGKILL);
    check_tune(0, "verdict", "plain", "stopped", planned(""));
    check_same_run("again1", "stopped");
}

static void put_text(const char *name, const char *text) {
    Error err = {0};
    CHECK_OK(file_write(at_home(name), text, strlen(text), &err), &err);
}

static void test_wrong(void **state) {
    (void)state;
    check_tune(2, "--learning_rate is what --tune quick chooses", "plain", "wrong", "--tune quick --learning_rate 1e-4");
    check_tune(2, "--C is what --tune quick chooses", "plain", "wrong", "--tune quick --C 3");
    check_tune(2, "--tune_budget and --tune_plan are of --tune quick", "plain", "wrong", "--tune_budget 3");
    check_tune(2, "quick", "plain", "wrong", "--tune slow");
    put_text("garbage.json", "{\"version\": 1, \"trials\": [{\"entry\": \"finetune\", \"round\": 7}]}");
    char words[512];
    snprintf(words, sizeof words, "--tune quick --entries dummy,finetune --tune_plan %s", at_home("garbage.json"));
    check_tune(3, "is no tune.json", "plain", "wrong1", words);
    snprintf(words, sizeof words, "--tune quick --entries dummy,finetune --tune_plan %s", at_home("plan.json"));
    check_tune(2, "plans other entries", "plain", "wrong2", words);
    check_tune(2, "none of these entries has settings to choose", "plain", "wrong3", "--tune quick --entries dummy");
    check_tune(2, "--tune_budget 0.001: a step of finetune takes", "plain", "wrong4",
               "--tune quick --entries dummy,finetune --tune_budget 0.001");
}

/* A plan cut at any place, or with any number in it changed, is refused or run: nothing else. */
static void test_damaged_plan(void **state) {
    (void)state;
    FileMap map = {0};
    Error err = {0};
    CHECK_OK(file_map(&map, at_home("plan.json"), ERROR_PATH, &err), &err);
    char words[512];
    snprintf(words, sizeof words, ENTRIES " --tune_plan %s", at_home("cut.json"));
    for (size_t size = 0; size < map.size; size += map.size / 6 + 1) {
        CHECK_OK(file_write(at_home("cut.json"), map.data, size, &err), &err);
        check_tune(3, "cut.json", "plain", "cut", words);
    }
    file_unmap(&map);
    static const char *const CHANGES[] = {"s/\"round\": 1/\"round\": 3/",
                                          "s/\"settings_of_rank\": 2/\"settings_of_rank\": 60/",
                                          "s/\"train_rows\": 80/\"train_rows\": -80/",
                                          "s/\"layer\": 2/\"layer\": -7/",
                                          "s/\"ngram_max\": 3/\"ngram_max\": 300/",
                                          "s/\"C_choices\": \\[/&1e999,/",
                                          "s/\"kind\": \"bag of words\"/\"kind\": \"bag\"/"};
    for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES; i++) {
        check_command("sed '%s' %s > %s", CHANGES[i], at_home("plan.json"), at_home("cut.json"));
        check_tune(3, "is no tune.json", "plain", "cut", words);
    }
}

/* One pass of the encoder serves all trials of a round, and so many at most. */
static void test_plan_of_a_long_round(void **state) {
    (void)state;
    static Tuning tuning;
    for (int trials = EXTRACT_MOST; trials <= EXTRACT_MOST + 1; trials++) {
        Error err = {0};
        tuning = (Tuning){.validation_rows = 10, .C = {1}, .C_count = 1, .budget_s = 1};
        for (int i = 0; i < trials; i++)
            tuning.trials[tuning.count++] = (TuningTrial){.name = "cls-logreg", .kind = ENTRY_FROZEN, .rank = -1, .rows = 10, .layer = i};
        CHECK_OK(tuning_save(&tuning, at_home("long.json"), &err), &err);
        if (trials == EXTRACT_MOST)
            CHECK_OK(tuning_load(&tuning, at_home("long.json"), &err), &err);
        else
            CHECK_FAILS(tuning_load(&tuning, at_home("long.json"), &err), &err, ERROR_DATA, "long.json: is no tune.json");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),    cmocka_unit_test(test_repeats), cmocka_unit_test(test_test_labels),
        cmocka_unit_test(test_stopped), cmocka_unit_test(test_wrong),   cmocka_unit_test(test_damaged_plan),
        cmocka_unit_test(test_plan_of_a_long_round),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
