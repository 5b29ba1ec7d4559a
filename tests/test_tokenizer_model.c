/* The tokenizer with the real vocabularies against digests of the judge: the real encoder's (uncased), and bert-base-cased's
 * where TWOFOLD_TEST_CASED_VOCAB names a folder that holds it. */
#include "tests/check.h"
#include "tests/tokenizer_golden.h"

static const char *model;

static void check_real(const char *folder, const char *name) {
    Error err = {0};
    Golden *golden = golden_load();
    Tokenizer *tokenizer = tokenizer_load(folder, &err);
    CHECK_OK(tokenizer, &err);
    golden_check_digests(golden, tokenizer, name);
    tokenizer_free(tokenizer);
    golden_free(golden);
}

static void test_uncased(void **state) {
    (void)state;
    check_real(model, "real-uncased");
}

static void test_cased(void **state) {
    (void)state;
    const char *folder = getenv("TWOFOLD_TEST_CASED_VOCAB");
    if (!folder || !*folder) {
        printf("TWOFOLD_TEST_CASED_VOCAB names no folder with bert-base-cased's vocab.txt\n");
        skip();
    }
    check_real(folder, "real-cased");
}

static void test_knows_the_model(void **state) {
    (void)state;
    Error err = {0};
    Tokenizer *tokenizer = tokenizer_load(model, &err);
    CHECK_OK(tokenizer, &err);
    assert_int_equal(tokenizer_ids(tokenizer), 30522);
    assert_int_equal(tokenizer_max_length(tokenizer), 512); /* not the 128 that tokenizer.json stores for truncation */
    assert_int_equal(tokenizer_cls(tokenizer), 101);
    assert_int_equal(tokenizer_mask(tokenizer), 103);
    tokenizer_free(tokenizer);
}

int main(void) {
    model = real_model_or_skip();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_knows_the_model),
        cmocka_unit_test(test_uncased),
        cmocka_unit_test(test_cased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
