/* The commands end to end on a tiny random encoder: what they write, what they print, what they refuse and with which status.
 * Whether the numbers are right is tested where they are made. */
#include "check.h"

#include "home.h"
#include "program.h"

#include <sys/stat.h>

#include "common/file.h"
#include "common/json.h"
#include "common/sha256.h"
#include "features/npy.h"

#define TINY TESTS_FOLDER "/golden/tiny-bert"

static void put(const char *name, const char *text, size_t size) {
    Error err = {0};
    char *path = at_home(name), *slash = strrchr(path, '/');
    *slash = '\0';
    CHECK_OK(folder_make(path, &err), &err);
    *slash = '/';
    CHECK_OK(file_write(path, text, size, &err), &err);
}

/* Rows of two classes that a bag of words tells apart: "nice good 3" and "bad awful 4". */
static void put_rows(const char *name, int first, int count) {
    Buffer text = {0};
    buffer_text(&text, "text,label\n");
    for (int i = first; i < first + count; i++) {
        if (i % 2)
            buffer_printf(&text, "\"nice, good %d\",pos\n", i);
        else
            buffer_printf(&text, "bad awful %d,neg\n", i);
    }
    put(name, text.data, text.size);
    buffer_free(&text);
}

static bool exists(const char *name) { return file_exists(at_home(name)); }

static int make_home(void **state) {
    (void)state;
    if (home_make("commands") != 0) return -1;
    put_rows("one.csv", 0, 60);
    put_rows("folder/train.csv", 0, 40);
    put_rows("folder/test.csv", 100, 10);
    put_rows("folder/validation.csv", 200, 12);
    return 0;
}

/* ---- features ---- */

static void check_shape(const char *name, int rows, int channels) {
    Error err = {0};
    Features features = {0};
    CHECK_OK(npy_read_features(&features, at_home(name), &err), &err);
    assert_int_equal(features.rows, rows);
    assert_int_equal(features.channels, channels);
    features_free(&features);
}

static void test_features(void **state) {
    (void)state;
    Error err = {0};
    CHECK_RUN(0, "60 rows", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("f1"));
    Json *json = json_at_home("f1/features.json");
    int channels = (int)json_int_or(json_get(json, "channels"), 0);
    assert_string_equal(json_string_or(json_get(json, "pooling"), ""), "cls");
    json_free(json);
    check_shape("f1/features.npy", 60, channels);
    int64_t *labels, count;
    CHECK_OK(npy_read_int64(&labels, &count, at_home("f1/labels.npy"), &err), &err);
    assert_int_equal(count, 60);
    assert_true(labels[0] == 0 && labels[1] == 1);
    mem_free(labels);
    FileMap ids;
    CHECK_OK(file_map(&ids, at_home("f1/ids.csv"), ERROR_PATH, &err), &err);
    assert_memory_equal(ids.data, "id,label\none.csv:2,neg\none.csv:3,pos\n", 37);
    file_unmap(&ids);

    CHECK_RUN(0, "", NULL, "features", "--model", TINY, "--data", at_home("folder"), "--output_dir", at_home("f2"), "--pooling",
              "mean", "--layer", "1", "--normalize");
    check_shape("f2/train.npy", 40, channels);
    check_shape("f2/validation.npy", 12, channels);
    check_shape("f2/test.npy", 10, channels);
    assert_true(exists("f2/test_labels.npy") && exists("f2/test_ids.csv"));

    CHECK_RUN(0, "", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("f3"),
              "--output_format", "libsvm");
    CHECK_RUN(0, "", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("f3"),
              "--output_format", "csv");
    assert_true(exists("f3/features.libsvm") && exists("f3/features.csv") && exists("f3/ids.csv"));
    CHECK_RUN(2, "expected -", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("f3"),
              "--layer", "99");
}

/* Coordinates alone: all splits on one map, the same with the same seed. */
static void test_features_map(void **state) {
    (void)state;
    CHECK_RUN(0, "60 rows of 2 coordinates", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir",
              at_home("m1"), "--map", "umap", "--n_neighbors", "5", "--min_dist", "0.2", "--metric", "euclidean");
    check_shape("m1/map.npy", 60, 2);
    assert_false(exists("m1/features.npy") || exists("m1/ids.csv"));
    Error err = {0};
    FileMap table;
    CHECK_OK(file_map(&table, at_home("m1/map.csv"), ERROR_PATH, &err), &err);
    assert_memory_equal(table.data, "id,label,x,y\none.csv:2,neg,", 27);
    file_unmap(&table);
    Json *json = json_at_home("m1/features.json");
    const Json *map = json_get(json, "map");
    assert_string_equal(json_string_or(json_get(map, "method"), ""), "UMAP");
    assert_string_equal(json_string_or(json_get(map, "metric"), ""), "euclidean");
    assert_int_equal(json_int_or(json_get(map, "n_neighbors"), 0), 5);
    json_free(json);

    CHECK_RUN(0, "learned from 20 rows", NULL, "features", "--model", TINY, "--data", at_home("folder"), "--output_dir", at_home("m2"),
              "--map", "umap", "--map_rows", "20");
    CHECK_RUN(0, "", NULL, "features", "--model", TINY, "--data", at_home("folder"), "--output_dir", at_home("m3"), "--map", "pca",
              "--map_scale", "none");
    check_shape("m2/train_map.npy", 40, 2);
    check_shape("m3/test_map.npy", 10, 2);
    assert_true(exists("m2/validation_map.csv") && exists("m3/train_map.csv"));
    CHECK_RUN(2, "--output_format is for vectors", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir",
              at_home("m4"), "--map", "pca", "--output_format", "csv");
}

/* What the cache gives back is what was made, and a spoiled one is made again. */
static void test_cache(void **state) {
    (void)state;
    Error err = {0};
    char *made = at_home("cached1/features.npy"), *again = at_home("cached2/features.npy"),
         *without = at_home("cached3/features.npy");
    CHECK_RUN(0, "", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("cached1"),
              "--cache_dir", at_home("kept"), "--pooling", "max");
    assert_true(folder_exists(at_home("kept/features")));
    CHECK_RUN(0, "", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("cached2"),
              "--cache_dir", at_home("kept"), "--pooling", "max", "--num_threads", "3");
    CHECK_RUN(0, "", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("cached3"),
              "--no_cache", "--pooling", "max", "--num_threads", "1");
    Sha256Hex sums[3];
    assert_true(sha256_file(&sums[0], made, &err) && sha256_file(&sums[1], again, &err) && sha256_file(&sums[2], without, &err));
    assert_string_equal(sums[0].text, sums[1].text);
    assert_string_equal(sums[0].text, sums[2].text);
    char command[512];
    snprintf(command, sizeof command, "for f in %s/features/*; do echo spoiled > \"$f\"; done", at_home("kept"));
    assert_int_equal(system(command), 0);
    CHECK_RUN(0, "", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("cached2"),
              "--cache_dir", at_home("kept"), "--pooling", "max");
    assert_true(sha256_file(&sums[1], again, &err));
    assert_string_equal(sums[0].text, sums[1].text);
    /* a cache that cannot be written is no failure */
    CHECK_RUN(0, "", NULL, "features", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("cached2"),
              "--cache_dir", "/proc/no/such");
}

/* ---- train, evaluate, predict ---- */

static void test_bag_of_words(void **state) {
    (void)state;
    CHECK_RUN(0, "twofold predict --model", NULL, "train", "--features", "tfidf", "--data", at_home("folder"), "--output_dir",
              at_home("bag"));
    Json *json = json_at_home("bag/metrics.json");
    assert_true(json_number_or(json_get(json_get(json, "test"), "accuracy"), 0) == 1);
    assert_true(json_number_or(json_get(json_get(json, "validation"), "rows"), 0) == 12);
    json_free(json);
    assert_true(exists("bag/README.md") && exists("bag/predictions.csv") && exists("bag/errors.csv") &&
                exists("bag/classification_report.txt"));

    Ran ran = program_run(NULL, "evaluate", "--model", at_home("bag"), "--data", at_home("one.csv"), "--quiet", NULL);
    assert_int_equal(ran.status, 0);
    assert_string_equal(ran.err, "");
    assert_non_null(strstr(ran.out, "\ntest               60     1.0000     1.0000"));
    assert_non_null(strstr(ran.out, "weighted avg     1.0000    1.0000    1.0000        60"));
    ran_free(&ran);
}

static void check_answer(const char *line, const char *id, const char *text, const char *label) {
    Error err = {0};
    Json *json = json_parse(line, strcspn(line, "\n"), "stdout", ERROR_FAILED, &err);
    if (!json) fail_msg("%s: %s", line, err.message);
    assert_string_equal(json_string_or(json_get(json, "id"), ""), id);
    assert_string_equal(json_string_or(json_get(json, "text"), ""), text);
    assert_string_equal(json_string_or(json_get(json, "label"), ""), label);
    assert_true(json_number_or(json_get(json, "score"), 0) > 0.5);
    json_free(json);
}

static void test_predict(void **state) {
    (void)state;
    Ran ran = program_run(NULL, "predict", "--model", at_home("bag"), "--text", "good nice", "--top_k", "5", NULL);
    assert_int_equal(ran.status, 0);
    check_answer(ran.out, "text:1", "good nice", "pos");
    assert_non_null(strstr(ran.out, "\"scores\": [{\"label\": \"pos\", \"score\": "));
    assert_non_null(strstr(ran.out, "}, {\"label\": \"neg\", \"score\": "));
    ran_free(&ran);

    ran = program_run("awful\r\ngood \xff\n\nnice", "predict", "--model", at_home("bag"), "-", NULL);
    assert_int_equal(ran.status, 0);
    check_answer(ran.out, "stdin:1", "awful", "neg");
    const char *second = strchr(ran.out, '\n') + 1;
    check_answer(second, "stdin:2", "good \xef\xbf\xbd", "pos");
    const char *fourth = strchr(strchr(second, '\n') + 1, '\n') + 1;
    check_answer(fourth, "stdin:4", "nice", "pos");
    assert_non_null(strstr(ran.err, "invalid UTF-8 was replaced by U+FFFD at 1 place, in 1 text\n"));
    ran_free(&ran);

    put("texts.txt", "bad, awful\n", 11);
    ran = program_run(NULL, "predict", "--model", at_home("bag"), "--file", at_home("texts.txt"), "--output_format", "csv",
                      "--quiet", NULL);
    assert_memory_equal(ran.out, "id,text,label,score\ntexts.txt:1,\"bad, awful\",neg,0.", 51);
    assert_string_equal(ran.err, "");
    ran_free(&ran);
    ran = program_run(NULL, "predict", "--model", at_home("bag"), "--file", at_home("one.csv"), NULL);
    check_answer(ran.out, "one.csv:2", "bad awful 0", "neg");
    ran_free(&ran);
    put("broken.csv", "text\ngood \xff\nawful\n", 19);
    ran = program_run(NULL, "predict", "--model", at_home("bag"), "--file", at_home("broken.csv"), NULL);
    assert_int_equal(ran.status, 0);
    check_answer(ran.out, "broken.csv:2", "good \xef\xbf\xbd", "pos");
    check_answer(strchr(ran.out, '\n') + 1, "broken.csv:3", "awful", "neg");
    assert_non_null(strstr(ran.err, "invalid UTF-8 was replaced by U+FFFD at 1 place, in 1 text\n"));
    ran_free(&ran);

    CHECK_RUN(2, "predict needs one of --text, --file and -", NULL, "predict", "--model", at_home("bag"));
    CHECK_RUN(2, "--text and --file contradict each other", NULL, "predict", "--model", at_home("bag"), "--text", "a", "--file",
              "b");
    CHECK_RUN(2, "found 'good', expected -", NULL, "predict", "--model", at_home("bag"), "good");
    CHECK_RUN(5, "no-such.txt: cannot be opened: No such file", NULL, "predict", "--model", at_home("bag"), "--file", "no-such.txt");
}

/* Lines are answered as they come: the second is written only after the first was answered. */
static void test_stream(void **state) {
    (void)state;
    int in[2], out[2];
    assert_true(pipe(in) == 0 && pipe(out) == 0);
    fcntl(in[1], F_SETFD, FD_CLOEXEC);
    fcntl(out[0], F_SETFD, FD_CLOEXEC);
    FILE *err = tmpfile();
    char *words[] = {strdup("twofold"), strdup("predict"), strdup("--model"), strdup(at_home("bag")), strdup("-"), NULL};
    pid_t child = program_start(words, in[0], out[1], fileno(err));
    close(in[0]);
    close(out[1]);
    char answer[4096];
    static const char *const lines[] = {"awful\n", "nice\n"}, *const labels[] = {"\"neg\"", "\"pos\""};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(write(in[1], lines[i], strlen(lines[i])), strlen(lines[i]));
        ssize_t size = read(out[0], answer, sizeof answer - 1);
        assert_true(size > 0);
        answer[size] = '\0';
        assert_non_null(strstr(answer, labels[i]));
    }
    /* asked to stop while it waits for a line */
    kill(child, SIGTERM);
    assert_int_equal(program_wait(child), 143);
    close(in[1]);
    close(out[0]);
    fclose(err);
    for (int i = 0; words[i]; i++) free(words[i]);
}

static void test_head(void **state) {
    (void)state;
    char command[1024];
    snprintf(command, sizeof command,
             "bash -c 'set -o pipefail; yes good | head -200000 | %s predict --model %s - 2>%s | head -1 >%s'", TWOFOLD_PROGRAM,
             at_home("bag"), at_home("head.err"), at_home("head.out"));
    int status = system(command);
    /* `yes` dies of its own closed pipe (141); ours is no failure, so what pipefail reports is never 1 */
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 141));
    assert_int_equal(file_size(at_home("head.err")), 0);
    assert_true(file_size(at_home("head.out")) > 10);
}

static void test_path_a(void **state) {
    (void)state;
    CHECK_RUN(0, "texts", NULL, "train", "--model", TINY, "--data", at_home("one.csv"), "--output_dir", at_home("a"), "--pooling",
              "mean", "--solver", "lbfgs");
    assert_true(exists("a/model.safetensors") && exists("a/vocab.txt") && exists("a/twofold.json"));
    CHECK_RUN(0, "mean pooling, multinomial", NULL, "evaluate", "--model", at_home("a"), "--data", at_home("folder"),
              "--output_dir", at_home("ea"));
    assert_true(exists("ea/metrics.json") && exists("ea/predictions.csv"));
    Ran one = program_run(NULL, "predict", "--model", at_home("a"), "--text", "nice good", "--num_threads", "1", NULL);
    Ran two = program_run("a longer text in front, then another\nnice good\n", "predict", "--model", at_home("a"), "-",
                          "--num_threads", "2", NULL);
    const char *score = strstr(one.out, "\"score\""), *same = strstr(strchr(two.out, '\n'), "\"score\"");
    assert_int_equal(one.status, 0);
    assert_string_equal(score, same); /* the same bits whatever else is answered */
    ran_free(&one);
    ran_free(&two);
    CHECK_RUN(0, "", NULL, "train", "--classifier", "dummy", "--data", at_home("one.csv"), "--output_dir", at_home("dummy"),
              "--strategy", "most_frequent");
    CHECK_RUN(0, "", NULL, "train", "--model", TINY, "--classifier", "svm", "--data", at_home("one.csv"), "--output_dir",
              at_home("svm"));
    Ran svm = program_run(NULL, "predict", "--model", at_home("svm"), "--text", "nice", NULL);
    assert_non_null(strstr(svm.out, "\"score\": null"));
    ran_free(&svm);
}

static void test_refusals(void **state) {
    (void)state;
    put("other/notes.txt", "mine", 4);
    put("broken/config.json", "{", 1);
    put("bin/config.json", "{}", 2);
    put("bin/pytorch_model.bin", "x", 1);
    put("three.csv", "id,body,stars\n1,a,2\n", 20);
    CHECK_RUN(2, "did you mean --model?", NULL, "train", "--modell", "x");
    CHECK_RUN(2, "train needs --output_dir", NULL, "train", "--model", TINY, "--data", at_home("one.csv"));
    CHECK_RUN(2, "features needs --data", NULL, "features", "--model", TINY, "--output_dir", at_home("x"));
    CHECK_RUN(2, "--top_k belongs to predict, not to train", NULL, "train", "--top_k", "3");
    CHECK_RUN(2, "--pooling is 'avg', expected cls, mean or max", NULL, "train", "--pooling", "avg");
    CHECK_RUN(2, "train needs --model", NULL, "train", "--data", at_home("one.csv"), "--output_dir", at_home("x"));
    CHECK_RUN(2, "train takes flags only, found 'extra'", NULL, "train", "extra");
    CHECK_RUN(2, "holds something else", NULL, "train", "--features", "tfidf", "--data", at_home("one.csv"), "--output_dir",
              at_home("other"));
    CHECK_RUN(2, "the model's own folder", NULL, "train", "--model", at_home("a"), "--data", at_home("one.csv"), "--output_dir",
              at_home("a"));
    CHECK_RUN(5, "no-such.csv", NULL, "train", "--features", "tfidf", "--data", "no-such.csv", "--output_dir", at_home("x"));
    CHECK_RUN(3, "no column 'title': found id, body, stars", NULL, "train", "--features", "tfidf", "--data", at_home("three.csv"),
              "--output_dir", at_home("x"), "--text_column", "title");
    CHECK_RUN(4, "not a folder", NULL, "features", "--model", "no/such/model", "--data", at_home("one.csv"), "--output_dir",
              at_home("x"));
    CHECK_RUN(4, "config.json", NULL, "features", "--model", at_home("broken"), "--data", at_home("one.csv"), "--output_dir",
              at_home("x"));
    CHECK_RUN(4, "save_pretrained", NULL, "features", "--model", at_home("bin"), "--data", at_home("one.csv"), "--output_dir",
              at_home("x"));
    CHECK_RUN(4, "without a classifier", NULL, "predict", "--model", TESTS_FOLDER "/golden/tiny-bert-bare", "--text", "a");
    CHECK_RUN(5, "/dev/null: ", NULL, "train", "--features", "tfidf", "--data", at_home("one.csv"), "--output_dir",
              "/dev/null/x");
    put("labels.csv", "text,label\na,other\n", 19);
    CHECK_RUN(3, "other", NULL, "evaluate", "--model", at_home("bag"), "--data", at_home("labels.csv"));
}

static void test_convert(void **state) {
    (void)state;
    CHECK_RUN(0, "as DistilBERT", NULL, "convert", "--model", TINY, "--to", "distilbert", "--output_dir", at_home("distil"));
    Json *json = json_at_home("distil/config.json");
    assert_string_equal(json_string_or(json_get(json, "model_type"), ""), "distilbert");
    json_free(json);
    CHECK_RUN(2, "convert needs --to", NULL, "convert", "--model", TINY, "--output_dir", at_home("x"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features), cmocka_unit_test(test_features_map), cmocka_unit_test(test_cache),    cmocka_unit_test(test_bag_of_words),
        cmocka_unit_test(test_predict),  cmocka_unit_test(test_stream),   cmocka_unit_test(test_head),
        cmocka_unit_test(test_path_a),   cmocka_unit_test(test_refusals), cmocka_unit_test(test_convert),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
