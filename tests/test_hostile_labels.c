/* Labels and texts with markup, commas, quotes, line ends, terminal escapes and what a spreadsheet takes for a formula through the program: they
 * come back as they were from every file that a program reads, and as harmless text in what a person reads. */
#include "tests/check.h"

#include <termios.h>

#include "tests/program.h"

#include "common/json.h"
#include "common/utf8.h"
#include "datasets/rows.h"
#include "tests/data_files.h"
#include "tests/home.h"

enum { LABEL_COUNT = 5, ROWS = 100 };

static const char *const LABELS[LABEL_COUNT] = {"<script>alert(1)</script>", "a,b \"c\"; d", "line\nbreak", "\x1b[31mred\x07\xc2\x9b\xe2\x80\xae",
                                                "=cmd|' /C calc'!A0"};
static const char *const WORDS[LABEL_COUNT] = {"<img src=x onerror=alert(2)> sun", "moon \"quoted\", comma", "two\nlines star",
                                               "\x1b]0;title\x07 planet", "=HYPERLINK(\"http://x\") comet"};

static int make_home(void **state) {
    (void)state;
    if (home_make("labels") != 0) return -1;
    Buffer rows = {0};
    buffer_text(&rows, "text,label\n");
    for (int i = 0; i < ROWS; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s %d", WORDS[i % LABEL_COUNT], i);
        escape_csv(&rows, text, strlen(text));
        buffer_text(&rows, ",");
        escape_csv(&rows, LABELS[i % LABEL_COUNT], strlen(LABELS[i % LABEL_COUNT]));
        buffer_text(&rows, "\n");
    }
    write_bytes(at_home("rows.csv"), rows.data, rows.size);
    buffer_free(&rows);
    return 0;
}

/* ---- what a person reads ---- */

/* No control character but line ends, none of C1; none of the marks that turn a line's direction. */
static void check_harmless(const char *what, const char *text) {
    for (const char *at = text; *at; at++)
        if (((unsigned char)*at < 0x20 && *at != '\n') || *at == 0x7f) fail_msg("%s: byte %d in it: %.80s", what, *at, at);
    for (const char *at = text; (at = strchr(at, '\xc2')) != NULL; at++)
        if ((unsigned char)at[1] < 0xa0) fail_msg("%s: C1 in it: %.80s", what, at);
    if (strstr(text, "\xe2\x80\xae")) fail_msg("%s: turns the direction of writing", what);
}

static Ran run_harmless(const char *const *words) {
    char *copy[PROGRAM_WORDS_MOST] = {0};
    for (int i = 0; words[i]; i++) copy[i] = (char *)(uintptr_t)words[i];
    Ran ran = program_run_words(NULL, copy);
    if (ran.status != 0) fail_msg("%s: status %d: %s", words[1], ran.status, ran.err);
    check_harmless(words[1], ran.out);
    check_harmless(words[1], ran.err);
    return ran;
}

/* Standard output as it was written to a terminal. */
static char *shown_on_terminal(char *const *words) {
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal)) skip_all("no pseudo-terminals here");
    int side = open(ptsname(terminal), O_RDWR | O_NOCTTY), null = open("/dev/null", O_RDWR);
    struct termios plain;
    assert_true(side >= 0 && null >= 0 && tcgetattr(side, &plain) == 0);
    cfmakeraw(&plain);
    assert_int_equal(tcsetattr(side, TCSANOW, &plain), 0);
    setenv("NO_COLOR", "1", 1);
    pid_t child = program_start(words, -1, side, null);
    close(side);
    Buffer seen = {0};
    char block[4096];
    for (ssize_t got; (got = read(terminal, block, sizeof block)) > 0;) buffer_add(&seen, block, (size_t)got);
    assert_int_equal(program_wait(child), 0);
    unsetenv("NO_COLOR");
    close(terminal);
    close(null);
    assert_true(seen.size > 0 && !seen.failed);
    return seen.data;
}

/* `escaped` is in it, as text. */
static void check_terminal(const char *escaped, const char *const *words) {
    char *shown = shown_on_terminal((char *const *)(uintptr_t)words);
    check_harmless(words[1], shown);
    if (!strstr(shown, escaped)) fail_msg("%s: '%s' is not in it: %s", words[1], escaped, shown);
    free(shown);
}

#define CHECK_TERMINAL(escaped, ...) check_terminal(escaped, (const char *const[]){"twofold", __VA_ARGS__, NULL})

#define RUN_HARMLESS(...) run_harmless((const char *const[]){"twofold", __VA_ARGS__, NULL})

static void check_no_markup(const char *name) {
    char *text = text_at_home(name);
    if (strstr(text, "<script>alert") || strstr(text, "<img src=x")) fail_msg("%s holds a user's markup", name);
    free(text);
}

/* ---- what a program reads ---- */

static bool is_label(const char *text, size_t size) {
    for (int k = 0; k < LABEL_COUNT; k++)
        if (strlen(LABELS[k]) == size && memcmp(LABELS[k], text, size) == 0) return true;
    return false;
}

static void check_predictions(const char *path) {
    Error err = {0};
    DataOptions options = DATA_DEFAULTS;
    options.text_column = "text";
    options.label_column = "predicted";
    RowReader *reader = row_reader_open(path, &options, ROWS_LABELLED, &err);
    if (!reader) fail_msg("%s", err.message);
    Row row;
    int rows = 0;
    for (bool found = true; found; rows += found) {
        CHECK_OK(row_reader_next(reader, &row, &found, &err), &err);
        if (found && !is_label(row.label, row.label_size)) fail_msg("%s: '%.*s' is no label", path, (int)row.label_size, row.label);
    }
    row_reader_close(reader);
    assert_int_equal(rows, ROWS / 10);
}

static void check_labels(const Json *labels) {
    int count = 0;
    for (const Json *label = json_first(labels); label; label = json_next(label), count++)
        assert_true(is_label(json_string_or(label, ""), strlen(json_string_or(label, ""))));
    assert_int_equal(count, LABEL_COUNT);
}

static void check_labels_of(const char *path, const char *key) {
    Error err = {0};
    Json *json = json_parse_file(path, ERROR_DATA, &err);
    if (!json) fail_msg("%s", err.message);
    check_labels(json_get(json, key));
    json_free(json);
}

static void check_answer(const char *out) {
    Error err = {0};
    Json *json = json_parse(out, strlen(out), "answer", ERROR_DATA, &err);
    if (!json) fail_msg("%s", err.message);
    const char *label = json_string_or(json_get(json, "label"), "");
    assert_true(is_label(label, strlen(label)));
    json_free(json);
}

/* A program that reads the answer gets the labels' own bytes, a person at a terminal harmless ones. */
static void check_answered(const char *model, const char *text) {
    Ran ran = program_run(NULL, "predict", "--model", model, "--text", text, NULL);
    assert_int_equal(ran.status, 0);
    check_answer(ran.out);
    ran_free(&ran);
    ran = program_run(NULL, "predict", "--model", model, "--text", text, "--output_format", "csv", "--top_k", "5", NULL);
    assert_int_equal(ran.status, 0);
    for (int k = 0; k < LABEL_COUNT; k++)
        if (k != 1 && !strstr(ran.out, LABELS[k])) fail_msg("label %d is not in it: %s", k, ran.out);
    ran_free(&ran);
    CHECK_TERMINAL("\\u001B[31mred\\u0007\\u009B\\u202E", "predict", "--model", model, "--text", text, "--output_format", "csv", "--top_k", "5");
    CHECK_TERMINAL("\\u001b[31mred\\u0007\\u009B\\u202E", "predict", "--model", model, "--text", text, "--top_k", "5");
}

/* ---- tests ---- */

static void a_comparison(void **state) {
    (void)state;
    Ran ran = RUN_HARMLESS("compare", "--data", at_home("rows.csv"), "--output_dir", at_home("run"), "--entries", "dummy,tfidf-logreg");
    assert_non_null(strstr(ran.out, "tfidf-logreg"));
    ran_free(&ran);
    check_no_markup("run/report.html");
    check_no_markup("run/report.md");
    char *markdown = text_at_home("run/report.md");
    check_harmless("report.md", markdown);
    free(markdown);
    check_predictions(at_home("run/tfidf-logreg/predictions.csv"));
    check_labels_of(at_home("run/tfidf-logreg/model/twofold.json"), "labels");
}

static void a_model_that_is_trained_and_asked(void **state) {
    (void)state;
    Ran ran = RUN_HARMLESS("train", "--features", "tfidf", "--data", at_home("rows.csv"), "--output_dir", at_home("model"));
    ran_free(&ran);
    check_answered(at_home("model"), "\x1b]0;title\x07 planet 3");
    ran = program_run(NULL, "predict", "--model", at_home("model"), "--text", "title planet", NULL);
    assert_non_null(strstr(ran.out, "\"label\": \"\\u001b[31mred"));
    ran_free(&ran);
    check_answered(at_home("model"), "moon \"quoted\", comma \x1b[2J");
    ran = RUN_HARMLESS("evaluate", "--model", at_home("model"), "--data", at_home("rows.csv"));
    ran_free(&ran);
}

/* The labels stand in config.json, as those of any model from elsewhere. */
static void a_model_that_is_fine_tuned_and_asked(void **state) {
    (void)state;
    Ran ran = RUN_HARMLESS("finetune", "--model", TESTS_FOLDER "/golden/tiny-distilbert", "--data", at_home("rows.csv"), "--output_dir",
                           at_home("tuned"), "--max_steps", "2");
    ran_free(&ran);
    check_answered(at_home("tuned"), "moon \x1b[2J");
    ran = RUN_HARMLESS("evaluate", "--model", at_home("tuned"), "--data", at_home("rows.csv"));
    ran_free(&ran);
}

static void an_exploration(void **state) {
    (void)state;
    Ran ran = RUN_HARMLESS("explore", at_home("rows.csv"));
    assert_non_null(strstr(ran.out, "script"));
    ran_free(&ran);
    CHECK_TERMINAL("\\u009B\\u202E", "explore", at_home("rows.csv"));
    CHECK_TERMINAL("\\u009B\\u202E", "explore", at_home("rows.csv"), "--json");
    CHECK_TERMINAL("\\u009B\\u202E", "evaluate", "--model", at_home("model"), "--data", at_home("rows.csv"), "--json");
    CHECK_TERMINAL("\\u009B\\u202E", "tokenize", "--level", "word", "--json", "a\xc2\x9b\xe2\x80\xae");
    CHECK_TERMINAL("\"a\\u007f\\u009Fb\"", "tokenize", "--level", "word", "--json", "a\x7f\xc2\x9f" "b");
}

static void a_name_of_a_file_and_of_a_flag(void **state) {
    (void)state;
    Ran ran = program_run(NULL, "explore", "/nonexistent/\x1b[31m\n\x07", NULL);
    assert_int_equal(ran.status, 5);
    check_harmless("explore", ran.err);
    ran_free(&ran);
    ran = program_run(NULL, "explore", "--\x1b[31m", "x", NULL);
    assert_int_equal(ran.status, 2);
    check_harmless("explore", ran.err);
    ran_free(&ran);
    ran = program_run(NULL, "\x1b[31mcompare", NULL);
    assert_int_equal(ran.status, 2);
    check_harmless("twofold", ran.err);
    ran_free(&ran);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_comparison),
        cmocka_unit_test(a_model_that_is_trained_and_asked),
        cmocka_unit_test(a_model_that_is_fine_tuned_and_asked),
        cmocka_unit_test(an_exploration),
        cmocka_unit_test(a_name_of_a_file_and_of_a_flag),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
