/* `twofold doctor`: what it says of a machine that is well, and that it notices one that computes wrongly. */
#include "tests/check.h"
#include "tests/program.h"

#include "common/json.h"

static void says_what_there_is(void **state) {
    (void)state;
    Ran ran = program_run(NULL, "doctor", "--num_threads", "2", "--cache_dir", "/proc/nothing", NULL);
    assert_int_equal(ran.status, 0);
    assert_string_equal(ran.err, "");
    static const char *const parts[] = {"processor  ",
                                        "libraries  oneDNN ",
                                        "threads    2",
                                        "memory     ",
                                        "GFLOP/s of",
                                        "right  products ",
                                        "right  BLAS ",
                                        "right  rows ",
                                        "right  kernels ",
                                        "right  digests ",
                                        "note   cache     nothing can be kept",
                                        "works"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(ran.out, parts[i])) fail_msg("doctor does not say '%s':\n%s", parts[i], ran.out);
    ran_free(&ran);
}

static const char *outcome(const Json *json, const char *name) {
    for (const Json *check = json_first(json_get(json, "checks")); check; check = json_next(check))
        if (strcmp(json_string_or(json_get(check, "name"), ""), name) == 0) return json_string_or(json_get(check, "outcome"), "");
    return "none";
}

static Json *examine(int status, const char *cache) {
    Error err = {0};
    Ran ran = program_run(NULL, "doctor", "--json", "--num_threads", "1", "--cache_dir", cache, NULL);
    if (ran.status != status) fail_msg("doctor: status %d, expected %d: %s%s", ran.status, status, ran.out, ran.err);
    if (status != 0 && !strstr(ran.err, "twofold: ")) fail_msg("doctor does not say why: %s", ran.err);
    Json *json = json_parse(ran.out, ran.out_size, "doctor", ERROR_FAILED, &err);
    CHECK_OK(json, &err);
    ran_free(&ran);
    return json;
}

static void says_it_to_programs(void **state) {
    (void)state;
    char cache[] = "/tmp/twofold-doctor-XXXXXX";
    assert_non_null(mkdtemp(cache));
    Json *json = examine(0, cache);
    assert_true(json_bool_or(json_get(json, "healthy"), false));
    assert_string_equal(outcome(json, "cache"), "right");
    const Json *rate = json_first(json_get(json, "rates"));
    double products = json_number_or(json_get(rate, "gflops"), 0), peak = json_number_or(json_get(rate, "peak_gflops"), 0);
    if (!(products > 0.1) || !(peak > 0.1))
        fail_msg("products at %g GFLOP/s of %g", products, peak); /* on a busy machine no more can be said */
    assert_non_null(json_get(json_get(json, "libraries"), "oneDNN"));
    json_free(json);
    assert_int_equal(rmdir(cache), 0); /* nothing is left there */
}

static void a_cache_that_cannot_be_written_is_only_noted(void **state) {
    (void)state;
    Json *json = examine(0, "/proc/nothing/cache");
    assert_true(json_bool_or(json_get(json, "healthy"), false));
    assert_string_equal(outcome(json, "cache"), "note");
    json_free(json);
}

static void check_broken(const char *library, const char *check) {
    setenv("LD_PRELOAD", BREAK_PRODUCTS, 1);
    setenv("BREAK_PRODUCTS", library, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
    Json *json = examine(1, "/proc/nothing/cache");
    unsetenv("LD_PRELOAD");
    assert_false(json_bool_or(json_get(json, "healthy"), true));
    assert_string_equal(outcome(json, check), "wrong");
    assert_string_equal(outcome(json, "digests"), "right");
    json_free(json);
}

static void notices_wrong_products(void **state) {
    (void)state;
    check_broken("oneDNN", "products");
#ifdef BLAS_IS_STATIC
    printf("SKIPPED: BLAS is linked statically, and cannot be broken from outside\n");
#else
    check_broken("BLAS", "BLAS");
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_there_is),
        cmocka_unit_test(says_it_to_programs),
        cmocka_unit_test(a_cache_that_cannot_be_written_is_only_noted),
        cmocka_unit_test(notices_wrong_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
