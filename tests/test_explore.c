/* twofold explore, as its user meets it: the facts, in both forms, and what it refuses. */
#include "tests/data_files.h"

#include "common/file.h"
#include "common/json.h"
#include "program.h"

#define WORK "test_explore_work"
#define MODEL TESTS_FOLDER "/golden/tiny-bert"

static Json *json_of(const Ran *ran) {
    Error err = {0};
    assert_int_equal(ran->status, 0);
    Json *json = json_parse(ran->out, ran->out_size, "explore --json", ERROR_DATA, &err);
    CHECK_OK(json, &err);
    return json;
}

static int64_t int_at(const Json *json, const char *a, const char *b, const char *c) {
    json = json_get(json, a);
    if (b) json = json_get(json, b);
    if (c) json = json_get(json, c);
    return json_int_or(json, -1);
}

static void write_folder(void) {
    Error err = {0};
    CHECK_OK(folder_make(WORK "/f", &err), &err);
    write_text(WORK "/f/train.txt", "a b c;joy\na b c;joy\none;joy\ntwo words;fear\none;fear\n");
    write_text(WORK "/f/val.txt", "fresh;joy\n");
    write_text(WORK "/f/test.txt", "one;fear\ntwo words;joy\n;fear\n");
}

static void json_has_the_facts(void **state) {
    (void)state;
    Ran ran = program_run(NULL, "explore", WORK "/f", "--model", MODEL, "--max_length", "4", "--json", NULL);
    Json *json = json_of(&ran);
    const Json *splits = json_get(json, "splits"), *first = json_first(json_get(json, "classes")),
               *leak = json_first(json_get(json, "leaks"));
    assert_int_equal(int_at(json, "version", NULL, NULL), 1);
    assert_string_equal(json_string_or(json_get(json, "detected"), ""), "`text;label` lines, UTF-8");
    assert_string_equal(json_string_or(json_get(first, "label"), ""), "fear");
    assert_int_equal(int_at(first, "rows", "train", NULL), 2);
    assert_int_equal(int_at(first, "rows", "test", NULL), 2);
    assert_int_equal(int_at(splits, "train", "rows", NULL), 5);
    assert_int_equal(int_at(splits, "train", "duplicates", NULL), 2);
    assert_int_equal(int_at(splits, "train", "conflicts", NULL), 1);
    assert_int_equal(int_at(splits, "test", "empty", NULL), 1);
    assert_int_equal(int_at(splits, "train", "words", "max"), 3);
    assert_int_equal(int_at(splits, "train", "characters", "max"), 9);
    assert_int_equal(int_at(splits, "test", "tokens", "min"), 2); /* [CLS] and [SEP] of the empty text */
    assert_int_equal(int_at(json, "max_length", NULL, NULL), 4);
    assert_true(int_at(splits, "train", "truncated", NULL) >= 2);
    assert_string_equal(json_string_or(json_get(leak, "of"), ""), "test");
    assert_string_equal(json_string_or(json_get(leak, "in"), ""), "train");
    assert_int_equal(int_at(leak, "rows", NULL, NULL), 2);
    assert_int_equal(int_at(leak, "with_another_label", NULL, NULL), 1);
    json_free(json);
    ran_free(&ran);
}

static void tables_have_the_facts(void **state) {
    (void)state;
    static const char *const lines[] = {"rows      5 train · 1 validation · 3 test · 2 classes\n",
                                        "joy            3   60.0 %          1  100.0 %          1   33.3 %\n",
                                        "always answering joy is right for 60.0 %",
                                        "duplicates  2 in train",
                                        "conflicts   1 in train",
                                        "leaks       2 rows of test also stand in train, 1 with another label\n"};
    Ran ran = program_run(NULL, "explore", "--data", WORK "/f", NULL);
    assert_int_equal(ran.status, 0);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(ran.out, lines[i])) fail_msg("explore lacks '%s':\n%s", lines[i], ran.out);
    assert_null(strstr(ran.out, "tokens")); /* without a model */
    ran_free(&ran);
}

/* What is alike, what would be left out, and what looks wrong. */
static void the_audit_is_told_and_written(void **state) {
    (void)state;
    static const char *const lines[] = {"leaks       1 row of validation also stands in train but for case, Unicode form, spaces or punctuation\n",
                                        "            1 row of test nearly stands in train, with another label\n",
                                        "--drop_leaks train leaves 1 row out of train, --drop_leaks near 2\n", "labels      "};
    Error err = {0};
    Buffer train = {0};
    CHECK_OK(folder_make(WORK "/g", &err), &err);
    for (int i = 0; i < 12; i++) buffer_printf(&train, "%s %d;%s\n", i % 2 ? "bad rain" : "good sun", i, i % 2 ? "sad" : "glad");
    buffer_text(&train, "a cat sat on the old mat;glad\nso  Many words, here;sad\n");
    write_text(WORK "/g/train.txt", train.data);
    write_text(WORK "/g/val.txt", "So many words: here!;sad\n");
    write_text(WORK "/g/test.txt", "a cat sat on the old mat today;sad\n");
    buffer_free(&train);
    Ran ran = program_run(NULL, "explore", WORK "/g", "--model", MODEL, "--label_folds", "3", "--output_dir", WORK "/out", NULL);
    assert_int_equal(ran.status, 0);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(ran.out, lines[i])) fail_msg("explore lacks '%s':\n%s", lines[i], ran.out);
    ran_free(&ran);
    FileMap map = {0};
    CHECK_OK(file_map(&map, WORK "/out/audit.csv", ERROR_PATH, &err), &err);
    char *csv = mem_copy_text((const char *)map.data, map.size, &err);
    assert_non_null(strstr(csv, "normalized_leak,val.txt:1,validation,sad,train.txt:14,train,sad,So many words: here!,\"so  Many words, here\",1\n"));
    assert_non_null(strstr(csv, "near_leak,test.txt:1,test,sad,train.txt:13,train,glad,a cat sat on the old mat today,a cat sat on the old mat,0.8"));
    free(csv);
    file_unmap(&map);
    ran = program_run(NULL, "explore", WORK "/g", "--model", MODEL, "--label_folds", "0", "--json", NULL);
    Json *json = json_of(&ran);
    assert_true(json_is_null(json_get(json, "label_errors")));
    assert_int_equal(int_at(json, "near_pairs", NULL, NULL), 1);
    json_free(json);
    ran_free(&ran);
}

static void one_file_is_not_cut(void **state) {
    (void)state;
    write_text(WORK "/one.csv", "text,label\na,x\nb,x\nc,x\nc,y\nd,y\n");
    Ran ran = program_run(NULL, "explore", WORK "/one.csv", NULL);
    assert_int_equal(ran.status, 0);
    assert_non_null(strstr(ran.out, "rows      5 · 2 classes"));
    assert_non_null(strstr(ran.out, "too rare    y (1): fewer than 3 different texts"));
    assert_null(strstr(ran.out, "leaks"));
    ran_free(&ran);
}

static void refusals(void **state) {
    (void)state;
    Ran ran = program_run(NULL, "explore", WORK "/nowhere", NULL);
    assert_int_equal(ran.status, 5);
    ran_free(&ran);
    ran = program_run(NULL, "explore", NULL);
    assert_int_equal(ran.status, 2);
    assert_non_null(strstr(ran.err, "no data"));
    ran_free(&ran);
    ran = program_run(NULL, "explore", WORK "/f", "--data", WORK "/f", NULL);
    assert_int_equal(ran.status, 2);
    ran_free(&ran);
    write_text(WORK "/bad.csv", "id,body,stars\n1,a,5\n");
    ran = program_run(NULL, "explore", WORK "/bad.csv", NULL);
    assert_int_equal(ran.status, 3);
    assert_non_null(strstr(ran.err, "bad.csv: no label column: found id, body, stars; name one with --label_column"));
    ran_free(&ran);
    ran = program_run(NULL, "explore", WORK "/f", "--model", WORK, NULL);
    assert_int_equal(ran.status, 4);
    ran_free(&ran);
}

int main(void) {
    Error err = {0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_the_facts),
        cmocka_unit_test(tables_have_the_facts),
        cmocka_unit_test(the_audit_is_told_and_written),
        cmocka_unit_test(one_file_is_not_cut),
        cmocka_unit_test(refusals),
    };
    if (!folder_make(WORK, &err)) return 1;
    write_folder();
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    if (!folder_remove(WORK, &err)) return 1;
    return status;
}
