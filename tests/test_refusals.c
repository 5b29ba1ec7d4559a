/* What the program refuses, each with its own sentence and exit status: command lines that contradict themselves, rows that do not serve, folders that are
 * no whole model. */
#include "tests/check.h"

#include <sys/stat.h>

#include "tests/home.h"
#include "tests/program.h"

#include "tests/data_files.h"

typedef struct Refusal {
    int status;
    const char *words; /* split at spaces; '@' is the test's folder */
    const char *sentence;
} Refusal;

#define TINY TESTS_FOLDER "/golden/tiny-distilbert"

static void add_words(Buffer *out, const char *words) {
    for (const char *at = words; *at; at++)
        if (*at == '@')
            buffer_text(out, home);
        else
            buffer_add(out, at, 1);
    buffer_add(out, "", 1);
}

static void check_refusal(const Refusal *refusal) {
    Buffer text = {0};
    char *words[PROGRAM_WORDS_MOST] = {(char[]){"twofold"}};
    int count = 1;
    add_words(&text, refusal->words);
    for (char *word = strtok(text.data, " "); word && count < PROGRAM_WORDS_MOST - 1; word = strtok(NULL, " ")) words[count++] = word;
    Ran ran = program_run_words(NULL, words);
    if (ran.status != refusal->status || !strstr(ran.err, refusal->sentence))
        fail_msg("%s: status %d, expected %d with '%s'; stderr: %s", refusal->words, ran.status, refusal->status, refusal->sentence, ran.err);
    ran_free(&ran);
    buffer_free(&text);
}

#define CHECK_REFUSALS(list) \
    for (size_t i = 0; i < sizeof(list) / sizeof *(list); i++) check_refusal(&(list)[i])

static void write_rows(const char *name, int count) {
    Buffer rows = {0};
    buffer_text(&rows, "text,label,part\n");
    for (int i = 0; i < count; i++) buffer_printf(&rows, "the %s film %d,%s,p%d\n", i % 2 ? "good" : "bad", i, i % 2 ? "glad" : "sad", i);
    write_bytes(at_home(name), rows.data, rows.size);
    buffer_free(&rows);
}

/* Two finished comparisons, as far as report looks at them before their rows. */
static void write_run(const char *name, const char *entry) {
    Error err = {0};
    Buffer text = {0};
    char path[96];
    CHECK_OK(folder_make(at_home(name), &err), &err);
    buffer_printf(&text,
                  "{\"command\": \"twofold compare --data rows.csv\", \"data\": {\"sha256\": \"%064d\"}, \"entries\": [{\"name\": \"%s\","
                  " \"kind\": \"dummy\", \"source\": \"trained\", \"status\": \"done\"}]}\n",
                  0, entry);
    snprintf(path, sizeof path, "%s/compare.json", name);
    write_bytes(at_home(path), text.data, text.size);
    buffer_free(&text);
}

static int make_files(void **state) {
    (void)state;
    if (home_make("refusals") != 0) return -1;
    write_rows("rows.csv", 60);
    write_text(at_home("unlabelled.csv"), "text,label\nfirst,sad\nsecond,\nthird,glad\n");
    write_text(at_home("utf16.csv"), "\xff\xfet");
    write_text(at_home("empty.csv"), "text,label\n");
    write_run("first", "dummy");
    write_run("second", "other");
    CHECK_RUN(0, "", NULL, "train", "--classifier", "dummy", "--data", at_home("rows.csv"), "--output_dir", at_home("dummy"));
    CHECK_RUN(0, "", NULL, "train", "--features", "tfidf", "--data", at_home("rows.csv"), "--output_dir", at_home("words"));
    return 0;
}

static void command_lines(void **state) {
    (void)state;
    static const Refusal REFUSALS[] = {
        {2, "compare --data @/rows.csv --output_dir @/out --entry svm", "expected NAME=KIND:flag=value"},
        {2, "compare --data @/rows.csv --output_dir @/out --entry figures=tfidf", "'figures' is no name; letters, digits"},
        {2, "compare --data @/rows.csv --output_dir @/out --predictions rules", "--predictions rules: expected NAME=FILE"},
        {2, "compare --data @/rows.csv --output_dir @/out --predictions ../x=@/rows.csv", "'../x' is no name"},
        {2, "compare --data @/rows.csv --output_dir @/out --entries dummy,tfidf-logreg --learning_curve "
            ".01,.02,.03,.04,.05,.06,.07,.08,.09,.1,.11,.12,.13,.14,.15,.16",
         "more than 15 shares"},
        {2, "explore @/rows.csv --data @/rows.csv", "give one"},
        {2, "predict --model @/dummy text", "found 'text', expected -"},
        {2, "evaluate --model @/dummy --cascade @/words --data @/rows.csv", "--cascade and --threshold go together"},
        {2, "tokenize --model " TINY " one --file @/rows.csv", "tokenize takes texts or --file, found both: 'one'"},
        {2, "tokenize --model " TINY, "tokenize needs a text, --file F, or -"},
        {2, "train --data @/rows.csv --output_dir @/out", "train needs --model"},
        {2, "train --features tfidf --ngram_min 3 --ngram_max 2 --data @/rows.csv --output_dir @/out", "--ngram_min 3 is more than --ngram_max 2"},
        {2, "train --features tfidf --classifier svm --solver lbfgs --data @/rows.csv --output_dir @/out", "--solver lbfgs is of logistic regression"},
        {2, "finetune --model " TINY " --data @/rows.csv --output_dir @/out --eval_strategy no --early_stopping_patience 2",
         "--early_stopping_patience needs evaluations"},
        {2, "finetune --model " TINY " --data @/rows.csv --output_dir @/out --metric_for_best_model beauty", "--metric_for_best_model is 'beauty'"},
        {2, "report @/first @/second", "2 runs need --output_dir"},
    };
    CHECK_REFUSALS(REFUSALS);
    assert_false(folder_exists(at_home("out")));
}

static void rows(void **state) {
    (void)state;
    static const Refusal REFUSALS[] = {
        {2, "explore @/rows.csv --sep ab", "--sep 'ab': expected one character"},
        {2, "explore @/rows.csv --encoding utf-16", "utf-8 or latin1"},
        {3, "explore @/utf16.csv", "UTF-16"},
        {3, "evaluate --model @/dummy --data @/unlabelled.csv", "unlabelled.csv:3: the label is empty"},
        {3, "train --features tfidf --min_df 1000 --data @/rows.csv --output_dir @/out", "no term stands in 1000 to"},
    };
    CHECK_REFUSALS(REFUSALS);
}

/* ---- twofold.json ---- */

/* Writes the bag of words' twofold.json with `from` turned to `to`, and checks that predict says so. */
static void check_described(const char *from, const char *to, const char *sentence) {
    Buffer changed = {0};
    char *text = text_at_home("words/twofold.json"), *at = strstr(text, from);
    if (!at) fail_msg("no %s in twofold.json: %s", from, text);
    buffer_add(&changed, text, (size_t)(at - text));
    buffer_text(&changed, to);
    buffer_text(&changed, at + strlen(from));
    write_bytes(at_home("words/twofold.json"), changed.data, changed.size);
    const Refusal refusal = {4, "predict --model @/words --text x", sentence};
    check_refusal(&refusal);
    write_text(at_home("words/twofold.json"), text);
    buffer_free(&changed);
    free(text);
}

static void folders(void **state) {
    (void)state;
    check_described("\"tfidf\"", "\"oracle\"", "kind is 'oracle', expected dummy, tfidf, encoder or cascade");
    check_described("\"tfidf\"", "\"encoder\"", "pooling is ''");
    check_described("\"glad\",", "\"glad\", \"new\",", "the classifier has 2 classes, twofold.json names 3");
    check_described("\"glad\",", "", "labels");
    check_described("\"version\": 1", "\"version\": 2", "twofold.json: version 2, expected 1");
    check_described("\"version\": 1", "\"version\": 1.5", "twofold.json: version 1.5, expected 1");
    check_described("\"version\": 1,", "", "twofold.json: version 0, expected 1");
    check_described("\"glad\"", "\"sad\"", "twofold.json: label 'sad' stands twice");
    check_described("\"glad\"", "\"glad\\u0000der\"", "twofold.json: 'glad' goes on behind a U+0000");
    assert_int_equal(mkdir(at_home("piped"), 0700), 0);
    assert_int_equal(mkfifo(at_home("piped/twofold.json"), 0600), 0);
    static const Refusal REFUSALS[] = {
        {4, "predict --model @/piped --text x", "/piped/twofold.json: not a regular file"},
        {4, "train --model @/words --data @/rows.csv --output_dir @/out", "/words: a saved model that has no encoder of its own"},
        {4, "features --model @/words --data @/rows.csv --output_dir @/out", "expected an encoder's folder: config.json"},
        {4, "predict --model " TESTS_FOLDER "/golden/tiny-bert-bare --text x", "an encoder without a classifier; `twofold train` puts one on top"},
    };
    CHECK_REFUSALS(REFUSALS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_lines),
        cmocka_unit_test(rows),
        cmocka_unit_test(folders),
    };
    return cmocka_run_group_tests(tests, make_files, home_remove);
}
