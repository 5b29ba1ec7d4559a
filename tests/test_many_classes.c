/* More classes than a file has columns for: predictions.csv has the likeliest ones, and is read back as another system's answers. */
#include "tests/check.h"

#include "tests/program.h"

#include "common/utf8.h"
#include "compare/results.h"
#include "tests/data_files.h"
#include "tests/home.h"

enum { ROWS_OF_CLASS = 3 };

static int make_home(void **state) {
    (void)state;
    return home_make("classes");
}

/* ---- the file ---- */

/* One row of `classes` classes in a split of its own: its line of predictions.csv, after the header. */
static char *line_of(const double *probabilities, int classes, int truth, int predicted) {
    char(*names)[16] = calloc((size_t)classes, sizeof *names), **labels = calloc((size_t)classes, sizeof *labels);
    assert_true(names && labels);
    for (int k = 0; k < classes; k++) {
        snprintf(names[k], sizeof names[k], "c%d", k);
        labels[k] = names[k];
    }
    Error err = {0};
    int32_t row = 0, truths[] = {truth}, answers[] = {predicted};
    int64_t starts[] = {0, 3}, lines[] = {2};
    int32_t files[] = {0};
    char *file_names[] = {(char[]){"two.csv"}};
    Dataset dataset = {
        .rows = 1, .text = (char[]){"one"}, .starts = starts, .file = files, .line = lines, .file_names = file_names};
    dataset.splits[SPLIT_TEST] = (RowList){.rows = &row, .count = 1};
    double *copy = calloc((size_t)classes, sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, probabilities, (size_t)classes * sizeof *copy);
    Predictions predictions = {.rows = 1, .classes = classes, .truth = truths, .predicted = answers, .probabilities = copy};
    if (!results_write_predictions(at_home("one.csv"), &dataset, SPLIT_TEST, &predictions, labels, &err))
        fail_msg("%s", err.message);
    free(copy);
    free(labels);
    free(names);
    return text_at_home("one.csv");
}

static void the_likeliest_in_order(void **state) {
    (void)state;
    double p[DENSE_CLASSES + 1] = {[3] = 0.25, [200] = 0.25, [7] = 0.125, [256] = 0.0625, [100] = 0.03125, [0] = 0.015625};
    char *text = line_of(p, DENSE_CLASSES + 1, 100, 200);
    assert_string_equal(
        text, "id,text,label,predicted,score,score_label,label_2,score_2,label_3,score_3,label_4,score_4,label_5,score_5,"
              "label_6,score_6,label_7,score_7,label_8,score_8,label_9,score_9,label_10,score_10\n"
              "two.csv:2,one,c100,c200,0.25,0.03125,c3,0.25,c7,0.125,c256,0.0625,c100,0.03125,c0,0.015625,"
              "c1,0,c2,0,c4,0,c5,0\n");
    free(text);
}

static void a_column_a_class_up_to_the_bound(void **state) {
    (void)state;
    double p[DENSE_CLASSES] = {[3] = 1};
    char *text = line_of(p, DENSE_CLASSES, 3, 3);
    assert_non_null(strstr(text, "predicted,prob_c0,prob_c1,"));
    assert_non_null(strstr(text, ",prob_c255\n"));
    assert_null(strstr(text, "score"));
    free(text);
}

/* ---- the commands ---- */

static void write_rows(const char *name, int classes) {
    Buffer data = {0};
    buffer_text(&data, "text,label\n");
    for (int i = 0; i < ROWS_OF_CLASS * classes; i++)
        buffer_printf(&data, "word%d again%d,class%d\n", i % classes, i, i % classes);
    write_bytes(at_home(name), data.data, data.size);
    buffer_free(&data);
}

/* 2,000 classes in as many test rows: 4 million probabilities, and less than 400 bytes a row on disk. */
static void two_thousand_classes(void **state) {
    (void)state;
    enum { CLASSES = 2000, ROW_BYTES = 400 };
    write_rows("many.csv", CLASSES);
    CHECK_RUN(0, "", NULL, "train", "--classifier", "dummy", "--data", at_home("many.csv"), "--output_dir", at_home("dummy"));
    char *text = text_at_home("dummy/predictions.csv");
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) lines++;
    assert_int_equal(lines, CLASSES + 1);
    assert_true(strlen(text) < (size_t)CLASSES * ROW_BYTES);
    assert_non_null(strstr(text, ",label_10,score_10\n"));
    free(text);
    text = text_at_home("dummy/metrics.json");
    assert_non_null(strstr(text, "\"confusion_matrix\": null"));
    free(text);
}

/* What one run wrote is another system's answers to the next, without probabilities. */
static void read_back(void **state) {
    (void)state;
    write_rows("some.csv", DENSE_CLASSES + 44);
    CHECK_RUN(0, "", NULL, "compare", "--data", at_home("some.csv"), "--entries", "dummy,tfidf-logreg", "--output_dir",
              at_home("first"));
    char theirs[600];
    snprintf(theirs, sizeof theirs, "theirs=%s", at_home("first/tfidf-logreg/predictions.csv"));
    CHECK_RUN(0, "", NULL, "compare", "--data", at_home("some.csv"), "--entries", "dummy", "--predictions", theirs,
              "--output_dir", at_home("second"));
    char *own = text_at_home("first/tfidf-logreg/classification_report.txt");
    char *read = text_at_home("second/theirs/classification_report.txt");
    assert_string_equal(own, read);
    free(own);
    free(read);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_likeliest_in_order),
        cmocka_unit_test(a_column_a_class_up_to_the_bound),
        cmocka_unit_test(two_thousand_classes),
        cmocka_unit_test(read_back),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
