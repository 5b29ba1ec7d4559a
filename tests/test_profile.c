/* Where the time went: every thread in one part at a time, the parts adding up, and nothing else changed by looking. */
#include "tests/check.h"

#include "cli/profile_table.h"
#include "common/clock.h"
#include "common/file.h"
#include "tests/program.h"

static const char MODEL[] = TESTS_FOLDER "/golden/tiny-distilbert";
static char home[64], data[96];

static void spin(double seconds) {
    for (double end = clock_wall_s() + seconds; clock_wall_s() < end;) {}
}

static void work_task(void *context, int task, int thread) {
    const Pool *pool = context;
    (void)task;
    ProfileLane *lane = pool_lane(pool, thread);
    ProfilePart before = profile_enter(lane, PROFILE_LINEAR);
    assert_int_equal(before, PROFILE_TOKENISE); /* what the caller was in, on every thread */
    profile_count(lane, 1e6);
    spin(0.002);
    (void)profile_enter(lane, before);
}

static double sum_of_parts(const Profile *profile) {
    double sum = 0;
    for (ProfilePart part = PROFILE_OTHER; part < PROFILE_PARTS; part++) sum += profile_seconds(profile, part);
    return sum;
}

static void test_parts_add_up(void **state) {
    (void)state;
    Error err = {0};
    for (int threads = 1; threads <= 3; threads++) {
        double started = clock_wall_s();
        Profile *profile = profile_new(threads, &err);
        Pool *pool = pool_new(threads, &err);
        assert_non_null(profile);
        assert_non_null(pool);
        pool_set_profile(pool, profile);
        assert_int_equal(pool_enter(pool, PROFILE_TOKENISE), PROFILE_OTHER);
        pool_run(pool, 30, work_task, pool);
        assert_int_equal(pool_enter(pool, PROFILE_READ), PROFILE_TOKENISE);
        spin(0.01);
        pool_free(pool);
        profile_stop(profile);
        double wall = clock_wall_s() - started;
        CHECK_CLOSE(profile_flops(profile, PROFILE_LINEAR), 30e6, 0, 0);
        assert_true(profile_flops(profile, PROFILE_READ) == 0);
        assert_true(profile_seconds(profile, PROFILE_LINEAR) >= 30 * 0.002);
        assert_true(profile_seconds(profile, PROFILE_READ) >= 0.01);
        assert_true(profile_was_in(profile, PROFILE_TOKENISE) && !profile_was_in(profile, PROFILE_NORM));
        double sum = sum_of_parts(profile);
        assert_true(sum <= threads * wall && sum > threads * wall * 0.9);
        profile_free(profile);
    }
}

static void test_nobody_asks(void **state) {
    (void)state;
    assert_null(pool_lane(NULL, 0));
    assert_null(profile_lane(NULL, 3));
    profile_count(NULL, 5);
    assert_int_equal(profile_enter(NULL, PROFILE_NORM), PROFILE_NORM);
    assert_int_equal(pool_enter(NULL, PROFILE_NORM), PROFILE_NORM);
}

/* The shares that a command printed: their sum; `rate` (may be NULL): the GFLOP/s behind a name. */
static double read_shares(const char *text, const char *const *names, const char *rated) {
    const char *table = strstr(text, "profile   ");
    if (!table) fail_msg("no profile in: %s", text);
    for (int i = 0; names[i]; i++) {
        char line[64];
        snprintf(line, sizeof line, "\n          %s ", names[i]);
        if (!strstr(table, line)) fail_msg("no part '%s' in: %s", names[i], table);
    }
    double sum = 0;
    bool has_rate = false;
    for (const char *line = strchr(table, '\n'); line && strncmp(line, "\n          ", 11) == 0; line = strchr(line + 1, '\n')) {
        char name[32];
        double share, seconds, rate = 0;
        int found = sscanf(line, " %31s %lf %% %lf %lf", name, &share, &seconds, &rate);
        assert_true(found >= 3 && share >= 0 && share <= 100 && seconds >= 0);
        sum += share;
        if (strcmp(name, rated) == 0) has_rate = rate > 0;
    }
    if (!has_rate) fail_msg("no rate behind '%s' in: %s", rated, table);
    return sum;
}

static void check_profile(const char *const *names, char *const *words) {
    Ran ran = program_run_words(NULL, words);
    if (ran.status != 0) fail_msg("status %d: %s", ran.status, ran.err);
    assert_null(strstr(ran.out, "GFLOP"));
    CHECK_CLOSE(read_shares(ran.err, names, "linear"), 100, 0.005 * PROFILE_PARTS, 0); /* two digits a line */
    assert_non_null(strstr(ran.err, " 2 threads, "));
    ran_free(&ran);
}

static void check_silent(char *const *words) {
    Ran ran = program_run_words(NULL, words);
    if (ran.status != 0) fail_msg("status %d: %s", ran.status, ran.err);
    assert_null(strstr(ran.err, "profile   "));
    assert_null(strstr(ran.err, "GFLOP/s"));
    ran_free(&ran);
}

static void check_same(const char *a, const char *b) {
    char command[512];
    snprintf(command, sizeof command, "%s/same_run %s/%s %s/%s", TESTS_FOLDER, home, a, home, b);
    if (system(command) != 0) fail_msg("%s and %s differ", a, b); // NOLINT(cert-env33-c): a fixed command
}

/* The command of `name`, with and without --profile: the parts are all there, and the outcome is the same. */
static void check_command(const char *name, const char *const *extra, const char *const *parts) {
    char looked[160], alone[160];
    snprintf(looked, sizeof looked, "%s/%s-looked", home, name);
    snprintf(alone, sizeof alone, "%s/%s", home, name);
    for (int look = 0; look < 2; look++) {
        const char *words[24] = {"twofold", name, "--model", MODEL, "--data", data, "--num_threads", "2", "--output_dir", look ? looked : alone};
        int count = 10;
        for (int i = 0; extra[i]; i++) words[count++] = extra[i];
        if (look) words[count++] = "--profile";
        if (look)
            check_profile(parts, (char *const *)(uintptr_t)words);
        else
            check_silent((char *const *)(uintptr_t)words);
    }
    snprintf(looked, sizeof looked, "%s-looked", name);
    check_same(name, looked);
}

static void test_features(void **state) {
    (void)state;
    check_command("features", (const char *const[]){"--no_cache", NULL},
                  (const char *const[]){"read", "load", "pack", "prepare", "tokenise", "embed", "linear", "attention", "norm", "gelu", "rows",
                                        "write", "waiting", "other", NULL});
}

static void test_finetune(void **state) {
    (void)state;
    check_command("finetune", (const char *const[]){"--max_steps", "3", NULL},
                  (const char *const[]){"read", "load", "pack", "prepare", "tokenise", "embed", "linear", "attention", "norm", "gelu", "rows",
                                        "optimiser", "score", "write", "waiting", "other", NULL});
}

static void test_train(void **state) {
    (void)state;
    check_command("train", (const char *const[]){"--no_cache", NULL}, (const char *const[]){"read", "linear", "classifier", "score", NULL});
}

static int make_home(void **state) {
    (void)state;
    snprintf(home, sizeof home, "%s/twofold-profile-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(home)) return 1;
    snprintf(data, sizeof data, "%s/rows.csv", home);
    FILE *file = fopen(data, "w");
    if (!file) return 1;
    fprintf(file, "text,label\n");
    for (int r = 0; r < 200; r++) fprintf(file, "the %s film %d,%s\n", r % 2 ? "good sun" : "bad rain", r, r % 2 ? "glad" : "sad");
    return fclose(file);
}

static int remove_home(void **state) {
    (void)state;
    return folder_remove(home, NULL) ? 0 : 1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_add_up), cmocka_unit_test(test_nobody_asks), cmocka_unit_test(test_features),
        cmocka_unit_test(test_finetune),     cmocka_unit_test(test_train),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
