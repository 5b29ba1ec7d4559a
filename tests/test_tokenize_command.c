/* `twofold tokenize` as its user meets it; the ids themselves are tested in test_tokenizer.c. */
#include "tests/check.h"

#include "tests/program.h"

static const char MODEL[] = TESTS_FOLDER "/golden/tokenizer-added";

static void check_output(Ran ran, const char *expected) {
    if (ran.status != 0) fail_msg("status %d: %s", ran.status, ran.err);
    assert_string_equal(ran.out, expected);
    ran_free(&ran);
}

static void test_table(void **state) {
    (void)state;
    check_output(program_run(NULL, "tokenize", "--model", MODEL, "foobar new x", "a", NULL), "[CLS]  foo  ##bar  new  x   [SEP]\n"
                                                                                             "2      5    6      7    14  3\n"
                                                                                             "\n"
                                                                                             "[CLS]  a   [SEP]\n"
                                                                                             "2      16  3\n");
    check_output(program_run(NULL, "tokenize", "--level", "word", "to be or not to be", NULL), "to  be  or  not  to  be\n"
                                                                                               "3   0   2   1    3   0\n");
    check_output(program_run(NULL, "tokenize", "--level", "char", "b a", NULL), "b  \xE2\x90\xA3  a\n"
                                                                                "2  0  1\n");
}

static void test_json_lines(void **state) {
    (void)state;
    Ran ran = program_run("foobar\r\na\xFF\xFE"
                          "b\n\n",
                          "tokenize", "--model", MODEL, "--json", "-", NULL);
    assert_int_equal(ran.status, 0);
    assert_string_equal(ran.out, "{\"ids\": [2, 5, 6, 3], \"tokens\": [\"[CLS]\", \"foo\", \"##bar\", \"[SEP]\"]}\n"
                                 "{\"ids\": [2, 1, 3], \"tokens\": [\"[CLS]\", \"[UNK]\", \"[SEP]\"]}\n"
                                 "{\"ids\": [2, 3], \"tokens\": [\"[CLS]\", \"[SEP]\"]}\n");
    assert_non_null(strstr(ran.err, "2 invalid UTF-8 sequences in 1 text replaced by U+FFFD"));
    ran_free(&ran);
    check_output(program_run("a\n", "tokenize", "--level", "char", "--json", "--file", "-", NULL),
                 "{\"ids\": [0], \"tokens\": [\"a\"]}\n");
}

static void test_decode(void **state) {
    (void)state;
    check_output(program_run(NULL, "tokenize", "--model", MODEL, "--decode", "2 5 6 7,14 3", NULL), "[CLS] foobar new x [SEP]\n");
    check_output(program_run("{\"ids\": [2, 5, 6, 3]}\n[2, 16, 3]\n", "tokenize", "--model", MODEL, "--decode",
                             "--skip_special_tokens", "-", NULL),
                 "foobar\na\n");
    check_output(program_run(NULL, "tokenize", "--model", MODEL, "--decode", "--json", "16", NULL), "{\"text\": \"a\"}\n");
    CHECK_RUN(3, "1000 is no id of this model", NULL, "tokenize", "--model", MODEL, "--decode", "2 1000");
    CHECK_RUN(3, "'2 x' holds no ids", NULL, "tokenize", "--model", MODEL, "--decode", "2 x");
    CHECK_RUN(3, "stdin:2", "2\n{\"ids\": 3}\n", "tokenize", "--model", MODEL, "--decode", "-");
}

static void test_usage(void **state) {
    (void)state;
    CHECK_RUN(2, "needs --model for --level wordpiece", NULL, "tokenize", "a");
    CHECK_RUN(2, "needs --model for --decode", NULL, "tokenize", "--decode", "1");
    CHECK_RUN(2, "needs a text", NULL, "tokenize", "--level", "char");
    CHECK_RUN(2, "found both", NULL, "tokenize", "--level", "char", "--file", "x", "y");
    CHECK_RUN(2, "--decode goes with --level wordpiece", NULL, "tokenize", "--level", "char", "--decode", "y");
    CHECK_RUN(2, "", NULL, "tokenize", "--level", "letter", "y");
    CHECK_RUN(4, "no/such/model", NULL, "tokenize", "--model", "no/such/model", "y");
    CHECK_RUN(4, "no tokenizer, expected tokenizer.json or vocab.txt", NULL, "tokenize", "--model", TESTS_FOLDER, "y");
    CHECK_RUN(5, "no/such/file", NULL, "tokenize", "--level", "char", "--file", "no/such/file");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_json_lines),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
