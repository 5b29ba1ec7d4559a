/* `twofold report` of several runs: nothing that is so of one run is said of another, whichever comes first. */
#include "comparing.h"

#include "common/json.h"
#include "schema_check.h"

#define BERT TESTS_FOLDER "/golden/tiny-bert"

static void run_words(int status, const char *part, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void run_words(int status, const char *part, const char *format, ...) {
    Words words;
    int count = 0;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words.text, sizeof words.text, format, arguments);
    va_end(arguments);
    for (char *word = strtok(words.text, " "); word && count < PROGRAM_WORDS_MOST - 1; word = strtok(NULL, " "))
        words.list[count++] = word;
    words.list[count] = NULL;
    Ran ran = program_run_words(NULL, words.list);
    check_ran(&ran, status, part);
    ran_free(&ran);
}

/* compare with nothing but these words: what --tune chooses cannot be given. */
static void make_run(const char *folder, const char *model, const char *more) {
    run_words(0, "verdict", "twofold compare --model %s --data %s --output_dir %s %s", model, at_home("plain"), at_home(folder), more);
}

static int make_home(void **state) {
    (void)state;
    if (home_make("together") != 0) return -1;
    put_folder("plain", 0);
    make_run("defaults", TINY, "--entries dummy,tfidf-logreg,cls-logreg --C 3 --no_maps --label_folds 0");
    make_run("tuned", TINY, "--entries dummy,tfidf-logreg,cls-logreg --tune quick --learning_curve 0.25,0.5,0.75,1 --no_cache");
    make_run("tuned-too", BERT, "--entries tfidf-logreg,cls-logreg --tune quick --learning_curve 0.5,1 --label_folds 3 --seed 7 --no_cache");
    return 0;
}

static void together(const char *folder, const char *first, const char *second, const char *more) {
    run_words(0, "verdict", "twofold report %s %s --output_dir %s %s", at_home(first), at_home(second), at_home(folder), more);
}

static char *text_in(const char *folder, const char *file) {
    char name[256];
    snprintf(name, sizeof name, "%s/%s", folder, file);
    return text_at_home(name);
}

/* `part` names a run by @, its folder following. */
static void check_file(const char *folder, const char *file, bool says_it, const char *part, const char *run) {
    char *text = text_in(folder, file), wanted[1024];
    const char *at = strchr(part, '@');
    if (at)
        snprintf(wanted, sizeof wanted, "%.*s%s%s", (int)(at - part), part, at_home(run), at + 1);
    else
        snprintf(wanted, sizeof wanted, "%s", part);
    if ((strstr(text, wanted) != NULL) != says_it) fail_msg("%s/%s %s '%s'", folder, file, says_it ? "does not say" : "says", wanted);
    free(text);
}

#define SAYS(folder, file, part, run) check_file(folder, file, true, part, run)
#define SAYS_NOT(folder, file, part) check_file(folder, file, false, part, NULL)

/* What must hold of any: the schema, and that every file the page links is there. */
static void check_whole(const char *folder) {
    Error err = {0};
    char name[64];
    snprintf(name, sizeof name, "%s/compare.json", folder);
    Json *schema = json_parse_file(TESTS_FOLDER "/../docs/compare.schema.json", ERROR_DATA, &err), *record = json_at_home(name);
    CHECK_OK(schema, &err);
    const char *problem = schema_check(schema, record);
    if (problem) fail_msg("%s: %s", name, problem);
    json_free(schema);
    json_free(record);
    char *page = text_in(folder, "report.html");
    for (const char *at = strstr(page, "href=\""); at; at = strstr(at + 1, "href=\"")) {
        char target[128], place[160];
        snprintf(target, sizeof target, "%.*s", (int)strcspn(at + 6, "\""), at + 6);
        snprintf(place, sizeof place, "id=\"%s\"", target + 1);
        if (target[0] == '#' ? !strstr(page, place) : !is_there(folder, ".", target)) fail_msg("%s: a link to %s leads nowhere", folder, target);
    }
    free(page);
}

static const Json *run_of(const Json *record, int number) {
    const Json *run = json_first(json_get(record, "runs"));
    while (number-- > 0) run = json_next(run);
    return run;
}

static const char *text_of(const Json *object, const char *key) { return json_string_or(json_get(object, key), ""); }

/* Only one of two has it, in either order: it is shown, under the names that its entries have here, and said to be that run's. */
static void check_one_tuned(const char *folder, const char *first, const char *second, const char *name) {
    char record_name[64];
    together(folder, first, second, "");
    check_whole(folder);
    SAYS_NOT(folder, "report.html", "Every path had its settings chosen");
    SAYS_NOT(folder, "report.html", "<h2>The settings are defaults");
    SAYS_NOT(folder, "report.md", "The settings are defaults, or were given; ");
    SAYS(folder, "report.html", "<h2>1 of 2 runs had their settings chosen on the validation texts</h2>", NULL);
    SAYS(folder, "report.html", "@</bdi>: settings are defaults, or were given", "defaults");
    SAYS(folder, "report.html", "@</bdi>: settings were chosen on the validation texts", "tuned");
    SAYS(folder, "report.html", "its own report is @/report.html", "tuned");
    SAYS(folder, "report.html", "This is the choice of settings of @. None was made in", "tuned");
    SAYS(folder, "report.html", "This is the learning curve of @. None was made in", "tuned");
    SAYS(folder, "report.html", "This is the map of the test texts of @. None was made in", "tuned");
    SAYS(folder, "report.md", "settings are defaults, or were given: none was chosen for this data; its own report is @/report.html", "defaults");
    SAYS(folder, "report.md", "This is the learning curve of @. None was made in", "tuned");
    snprintf(record_name, sizeof record_name, "%s/compare.json", folder);
    Json *record = json_at_home(record_name);
    const Json *curves = json_get(json_get(record, "learning_curve"), "entries"), *curve = json_first(curves);
    assert_int_equal(json_size(curves), 4);
    while (curve && strcmp(text_of(curve, "entry"), name) != 0) curve = json_next(curve);
    if (!curve) fail_msg("%s: no learning curve of %s", folder, name);
    assert_string_equal(text_of(json_first(json_get(json_get(record, "tuning"), "trials")), "entry"), name);
    json_free(record);
    check_command("cmp %s/tune.json %s/tune.json", at_home("tuned"), at_home(folder));
}

static void test_one_has_it(void **state) {
    (void)state;
    check_one_tuned("one-a", "defaults", "tuned", "tuned.tfidf-logreg");
    check_one_tuned("two-a", "tuned", "defaults", "tfidf-logreg");
    Json *record = json_at_home("one-a/compare.json");
    assert_false(json_bool_or(json_get(run_of(record, 0), "tuned"), true));
    assert_true(json_bool_or(json_get(run_of(record, 1), "tuned"), false));
    assert_string_equal(text_of(json_get(run_of(record, 1), "entries"), "tuned.tfidf-logreg"), "tfidf-logreg");
    assert_string_equal(text_of(json_get(record, "model"), "sha256"), text_of(json_get(run_of(record, 1), "model"), "sha256"));
    json_free(record);
}

/* Both have their own: neither is shown as if it were of both, and each is named. Their encoders differ: each is listed. */
static void test_each_its_own(void **state) {
    (void)state;
    together("each", "tuned", "tuned-too", "");
    check_whole("each");
    SAYS_NOT("each", "report.html", "Every path had its settings chosen");
    SAYS("each", "report.html", "<h2>2 of 2 runs had their settings chosen on the validation texts</h2>", NULL);
    SAYS("each", "report.html", "its own report is @/report.html", "tuned-too");
    SAYS("each", "report.html", "A learning curve, each its own, was made in @ and ", "tuned");
    SAYS("each", "report.html", "A map of the test texts, each its own, was made in @ and ", "tuned");
    SAYS("each", "report.html", "A search for label errors, each its own, was made in @ (", "tuned");
    SAYS("each", "report.md", "A learning curve, each its own, was made in @ and ", "tuned");
    SAYS("each", "report.md", "A search for label errors, each its own, was made in @ (", "tuned");
    Json *record = json_at_home("each/compare.json");
    assert_true(json_is_null(json_get(record, "tuning")) && json_is_null(json_get(record, "learning_curve")));
    assert_true(json_is_null(json_get(record, "model")) && json_is_null(json_get(record, "maps")));
    assert_true(json_is_null(json_get(json_get(json_get(record, "data"), "audit"), "label_errors")));
    assert_int_equal(json_size(json_get(record, "runs")), 2);
    static const char *const RUNS[] = {"tuned", "tuned-too"}, *const MODELS[] = {TINY, BERT};
    for (int i = 0; i < 2; i++) {
        char name[64], shown[512];
        const Json *run = run_of(record, i);
        snprintf(name, sizeof name, "%s/compare.json", RUNS[i]);
        Json *own = json_at_home(name);
        assert_string_equal(text_of(run, "folder"), at_home(RUNS[i]));
        assert_string_equal(text_of(run, "command"), text_of(own, "command"));
        assert_string_equal(text_of(run, "dtype"), "float32");
        assert_int_equal(json_int_or(json_get(run, "seed"), 0), i ? 7 : 42);
        assert_string_equal(text_of(json_get(run, "model"), "path"), MODELS[i]);
        assert_string_equal(text_of(json_get(run, "model"), "sha256"), text_of(json_get(own, "model"), "sha256"));
        snprintf(shown, sizeof shown, "<dt>sha256 of its weights</dt><dd><bdi>%s", text_of(json_get(own, "model"), "sha256"));
        SAYS("each", "report.html", shown, NULL);
        SAYS("each", "report.md", text_of(json_get(own, "model"), "sha256"), NULL);
        SAYS("each", "report.html", "<h3>Run <bdi>@</bdi></h3>", RUNS[i]);
        json_free(own);
    }
    json_free(record);
}

/* A copy of a run has the very same: it is shown, as that of both. */
static void test_the_same(void **state) {
    (void)state;
    check_command("cp -a %s %s", at_home("tuned"), at_home("copy"));
    together("same", "tuned", "copy", "");
    check_whole("same");
    SAYS("same", "report.html", "This is the learning curve of @ and ", "tuned");
    SAYS("same", "report.html", "copy, the same in each.", NULL);
    Json *record = json_at_home("same/compare.json"), *own = json_at_home("tuned/compare.json");
    assert_int_equal(json_size(json_get(record, "entries")), json_size(json_get(own, "entries")));
    assert_false(json_is_null(json_get(record, "tuning")));
    assert_string_equal(text_of(json_get(record, "model"), "sha256"), text_of(json_get(own, "model"), "sha256"));
    json_free(record);
    json_free(own);
}

static void test_environment(void **state) {
    (void)state;
    together("one-b", "defaults", "tuned", "");
    SAYS_NOT("one-b", "report.html", "href=\"env.json\"");
    SAYS_NOT("one-b", "report.html", "on the machine that env.json names");
    SAYS_NOT("one-b", "report.html", "Measured on this machine, in this run");
    SAYS("one-b", "report.html", "env.json in each run's folder (<bdi>@</bdi>", "defaults");
    SAYS_NOT("one-b", "report.html", "their times do not compare");
    SAYS_NOT("one-b", "report.md", "their times do not compare");
    check_command("cp -a %s %s && sed -i 's/\"processor\": \"[^\"]*\"/\"processor\": \"Abacus <9000>\"/' %s", at_home("tuned"), at_home("elsewhere"),
                  at_home("elsewhere/env.json"));
    run_words(0, "on Abacus <9000>: their times do not compare", "twofold report %s %s --output_dir %s", at_home("defaults"),
              at_home("elsewhere"), at_home("machines"));
    check_whole("machines");
    SAYS("machines", "report.html", "<p class=\"warning measured\">@ was measured on ", "defaults");
    SAYS("machines", "report.html", "@ on Abacus &lt;9000&gt;: their times do not compare.</p>", "elsewhere");
    SAYS("machines", "report.md", "on Abacus &lt;9000&gt;: their times do not compare.", NULL);
}

static double limit_of(const char *folder, const char *limit) {
    char name[64];
    snprintf(name, sizeof name, "%s/compare.json", folder);
    Json *record = json_at_home(name);
    double value = json_number_or(json_get(json_get(json_get(record, "recommendation"), "limits"), limit), 0);
    json_free(record);
    return value;
}

static void test_limits(void **state) {
    (void)state;
    make_run("small", TINY, "--entries dummy,tfidf-logreg --max_model_mb 0.0001 --min_gain 0.5 --max_memory_mb 900");
    make_run("large", TINY, "--entries dummy,tfidf-logreg --max_model_mb 50 --min_gain 0.5 --max_memory_mb 900 --C 3");
    char first[128], second[128], sentence[1024];
    snprintf(first, sizeof first, "%s", at_home("small"));
    snprintf(second, sizeof second, "%s", at_home("large"));
    snprintf(sentence, sizeof sentence, "--max_model_mb was 0.0001 in %s and 50 in %s: give report the --max_model_mb that holds", first, second);
    run_words(2, sentence, "twofold report %s %s --output_dir %s", first, second, at_home("limits"));
    snprintf(sentence, sizeof sentence, "--max_model_mb was none in %s and 50 in %s", at_home("defaults"), second);
    run_words(2, sentence, "twofold report %s %s --output_dir %s --min_gain 0 --max_memory_mb 9", at_home("defaults"), second, at_home("limits"));
    if (folder_exists(at_home("limits"))) fail_msg("a folder is left behind");
    together("limits", "small", "large", "--max_model_mb 40");
    check_whole("limits");
    CHECK_CLOSE(limit_of("limits", "max_model_mb"), 40, 0, 0);
    CHECK_CLOSE(limit_of("limits", "min_gain"), 0.5, 0, 0);
    CHECK_CLOSE(limit_of("limits", "max_memory_mb"), 900, 0, 0);
    SAYS("limits", "report.md", "large --max_model_mb 40 --output_dir DIR", NULL);
    /* of one run, whose command has them from then on */
    run_words(0, "verdict", "twofold report %s --output_dir %s --max_latency_ms 7 --min_gain 0 --max_model_mb 30", first, at_home("relaxed"));
    run_words(0, "verdict", "twofold report %s --output_dir %s", first, at_home("again"));
    check_command("cmp %s/report.html %s/report.html && cmp %s/compare.json %s/compare.json >&2", first, at_home("again"), first, at_home("again"));
    SAYS("relaxed", "compare.json", "--min_gain 0 --max_latency_ms 7 --max_memory_mb 900 --max_model_mb 30 --output_dir DIR", NULL);
    CHECK_CLOSE(limit_of("relaxed", "max_latency_ms"), 7, 0, 0);
    CHECK_CLOSE(limit_of("relaxed", "min_gain"), 0, 0, 0);
    CHECK_CLOSE(limit_of("relaxed", "max_model_mb"), 30, 0, 0);
    run_words(2, "--min_gain", "twofold report %s --min_gain 2", first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_has_it), cmocka_unit_test(test_each_its_own), cmocka_unit_test(test_the_same),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
