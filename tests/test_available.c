/* What memory there is, and that a run which will not fit says so before it begins. */
#include "tests/check.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "common/available.h"
#include "common/file.h"
#include "tests/program.h"

static const char MODEL[] = TESTS_FOLDER "/golden/tiny-distilbert";
static char home[64], data[96], meminfo[96], long_text[96], packed[96];

static void put(const char *name, const char *text) {
    Error err = {0};
    Path path, folder;
    CHECK_OK(path_make(&path, &err, "%s/%s", home, name), &err);
    folder = path;
    *strrchr(folder.text, '/') = '\0';
    CHECK_OK(folder_make(folder.text, &err) && file_write(path.text, text, strlen(text), &err), &err);
}

static double rest(const char *groups, const char *root) {
    char file[128], folder[128];
    put("groups", groups);
    snprintf(file, sizeof file, "%s/groups", home);
    snprintf(folder, sizeof folder, "%s/%s", home, root);
    return memory_cgroup_mb(file, folder);
}

/* The least of a group and those around it; files in the cache count as free. */
static void test_version_2(void **state) {
    (void)state;
    put("v2/a/memory.max", "max\n");
    put("v2/a/memory.current", "1\n");
    CHECK_CLOSE(rest("0::/a\n", "v2"), -1, 0, 0);
    put("v2/memory.max", "1073741824\n");
    put("v2/memory.current", "536870912\n");
    CHECK_CLOSE(rest("0::/a\n", "v2"), 512, 0, 0);
    put("v2/a/b/memory.max", "209715200\n");
    put("v2/a/b/memory.current", "104857600\n");
    CHECK_CLOSE(rest("0::/a/b\n", "v2"), 100, 0, 0);
    put("v2/a/b/memory.stat", "anon 1\nfile 99\nactive_file 20971520\ninactive_file 31457280\n");
    CHECK_CLOSE(rest("0::/a/b\n", "v2"), 150, 0, 0);
    /* the machine's name for the group, within a container that does not see it */
    CHECK_CLOSE(rest("0::/docker/4711\n", "v2"), 512, 0, 0);
    put("v2/a/b/memory.current", "999999999999\n");
    CHECK_CLOSE(rest("0::/a/b\n", "v2"), 0, 0, 0);
}

static void test_version_1(void **state) {
    (void)state;
    put("v1/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
    put("v1/memory/job/memory.usage_in_bytes", "4096\n");
    CHECK_CLOSE(rest("9:cpu:/\n4:memory:/job\n0::/\n", "v1"), -1, 0, 0);
    put("v1/memory/job/memory.limit_in_bytes", "104857600\n");
    put("v1/memory/job/memory.usage_in_bytes", "52428800\n");
    CHECK_CLOSE(rest("9:cpu:/\n4:memory:/job\n0::/\n", "v1"), 50, 0, 0);
    CHECK_CLOSE(memory_cgroup_mb("/nonexistent", "/sys/fs/cgroup"), -1, 0, 0);
}

static void test_address_space(void **state) {
    (void)state;
    struct rlimit before, limit;
    Error err = {0};
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    double all = memory_available_mb();
    assert_true(all > 100);
#ifdef TWOFOLD_SANITIZED
    print_message("a sanitizer has more address space than any limit: not limited here\n");
    return;
#endif
    limit = (struct rlimit){.rlim_cur = (rlim_t)1 << 31, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    double limited = memory_available_mb();
    assert_true(limited <= 2048);
    CHECK_FAILS(memory_check("the thing", 5000, "take less", &err), &err, ERROR_FAILED, "the thing needs about 4.9 GB of memory, and ");
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    CHECK_FAILS(memory_check("the thing", 1e9, "take less", &err), &err, ERROR_FAILED, " is available; take less");
    CHECK_OK(memory_check("the thing", 1, "take less", &err) && memory_check("the thing", (double)NAN, "", &err), &err);
}

/* Nothing is trained, and nothing is written but the folder. */
static void check_refused_with(const char *command, const char *model, const char *what) {
    char folder[96], part[128];
    snprintf(folder, sizeof folder, "%s/%s", home, command);
    snprintf(part, sizeof part, "twofold: %s needs about ", what);
    const char *words[] = {"twofold", command, "--model", model, "--data", data, "--output_dir", folder, NULL};
    if (strcmp(command, "predict") == 0) words[4] = "--file", words[6] = NULL;
    Ran ran = program_run_words(NULL, (char *const *)(uintptr_t)words);
    if (ran.status != 1 || !strstr(ran.err, part) || !strstr(ran.err, " is available; ") || strstr(ran.err, "epoch ") || strstr(ran.err, "done"))
        fail_msg("%s: status %d: %s", command, ran.status, ran.err);
    ran_free(&ran);
}

static void check_refused(const char *command, const char *what) { check_refused_with(command, MODEL, what); }

#define CHECK_WORDS_REFUSED(what, ...) CHECK_RUN(1, what " needs about ", NULL, __VA_ARGS__)

/* A file of some hundred bytes that says that it holds 300,000. */
static void make_long_files(void) {
    char command[512];
    Buffer text = {0};
    buffer_text(&text, "text,label\n");
    for (int i = 0; i < 100000; i++) buffer_text(&text, "aa ");
    buffer_text(&text, ",glad\n");
    put("long.csv", text.data);
    buffer_free(&text);
    snprintf(long_text, sizeof long_text, "%s/long.csv", home);
    snprintf(packed, sizeof packed, "%s/packed.csv.gz", home);
    snprintf(command, sizeof command, "gzip -9 <%s >%s", long_text, packed);
    assert_int_equal(system(command), 0);
    assert_in_range(file_size(packed), 100, 5000);
}

static void test_a_run_that_will_not_fit(void **state) {
    (void)state;
    if (strcmp(FAULTS_LIBRARY, "none") == 0) {
        print_message("not under a sanitizer\n");
        return;
    }
    char bag[96], frozen[96];
    make_long_files();
    snprintf(bag, sizeof bag, "%s/bag", home);
    snprintf(frozen, sizeof frozen, "%s/frozen", home);
    CHECK_RUN(0, "trained", NULL, "train", "--features", "tfidf", "--C", "1", "--data", data, "--output_dir", bag);
    CHECK_RUN(0, "trained", NULL, "train", "--model", MODEL, "--data", data, "--output_dir", frozen);
    setenv("LD_PRELOAD", FAULTS_LIBRARY, 1);
    setenv("FAULT_CALLS", "fopen", 1);
    setenv("FAULT_MEMINFO", meminfo, 1);
    check_refused("finetune", "this training");
    check_refused("compare", "tfidf-logreg");
    check_refused("train", "this training");
    check_refused("features", "making these features");
    for (int i = 0; i < 2; i++) {
        check_refused_with("evaluate", i ? bag : frozen, "this evaluation");
        check_refused_with("predict", i ? bag : frozen, "answering");
    }
    check_refused("explore", "this exploration");
    CHECK_WORDS_REFUSED("tokenizing this text", "tokenize", "--model", MODEL, "--file", long_text);
    CHECK_WORDS_REFUSED("tokenizing this text", "tokenize", "--level", "char", "--file", long_text);
    CHECK_WORDS_REFUSED("reading the data", "explore", "--data", packed);
    CHECK_WORDS_REFUSED("reading the data", "train", "--features", "tfidf", "--data", packed, "--output_dir", frozen);
    char folder[96], inside[128];
    snprintf(folder, sizeof folder, "%s/folder", home);
    snprintf(inside, sizeof inside, "%s/train.csv.gz", folder);
    assert_true(mkdir(folder, 0700) == 0 && link(packed, inside) == 0);
    CHECK_WORDS_REFUSED("reading the data", "explore", "--data", folder);
    unsetenv("LD_PRELOAD");
    unsetenv("FAULT_CALLS");
    unsetenv("FAULT_MEMINFO");
    CHECK_RUN(0, "trained", NULL, "train", "--model", MODEL, "--data", data, "--output_dir", home, "--overwrite_output_dir");
}

/* Room for the usual batches of tokens, and not for larger ones: wherever an encoder is applied. */
static void test_larger_batches_that_will_not_fit(void **state) {
    (void)state;
    if (strcmp(FAULTS_LIBRARY, "none") == 0) return;
    char some[96], model[96], out[96], vectors[96];
    put("some", "MemAvailable:   40960 kB\n");
    snprintf(some, sizeof some, "%s/some", home);
    snprintf(model, sizeof model, "%s/model", home);
    snprintf(out, sizeof out, "%s/batches", home);
    snprintf(vectors, sizeof vectors, "%s/vectors", home);
    CHECK_RUN(0, "trained", NULL, "train", "--model", MODEL, "--data", data, "--output_dir", model);
    setenv("LD_PRELOAD", FAULTS_LIBRARY, 1);
    setenv("FAULT_CALLS", "fopen", 1);
    setenv("FAULT_MEMINFO", some, 1);
    for (int large = 0; large < 2; large++) {
        const char *tokens = large ? "65536" : "2048", *what[] = {"making these features needs", "this training needs", "this training needs", "this evaluation needs", "answering needs", "cls-logreg needs"};
        int status = large ? 1 : 0;
#define WITH(model_) "--model", model_, "--data", data, "--num_threads", "1", "--max_batch_tokens", tokens
#define INTO "--output_dir", out, "--overwrite_output_dir"
        CHECK_RUN(status, large ? what[0] : "", NULL, "features", WITH(MODEL), "--no_cache", "--output_dir", vectors);
        CHECK_RUN(status, large ? what[1] : "", NULL, "train", WITH(MODEL), INTO, "--no_cache");
        CHECK_RUN(status, large ? what[2] : "", NULL, "finetune", WITH(MODEL), INTO, "--max_steps", "1");
        CHECK_RUN(status, large ? what[3] : "", NULL, "evaluate", WITH(model));
        CHECK_RUN(status, large ? what[4] : "", NULL, "predict", "--model", model, "--file", data, "--num_threads", "1", "--max_batch_tokens", tokens);
        CHECK_RUN(status, large ? what[5] : "", NULL, "compare", WITH(MODEL), INTO, "--no_cache", "--entries", "cls-logreg");
#undef WITH
#undef INTO
    }
    unsetenv("LD_PRELOAD");
    unsetenv("FAULT_CALLS");
    unsetenv("FAULT_MEMINFO");
}

static int make_home(void **state) {
    (void)state;
    snprintf(home, sizeof home, "%s/twofold-fit-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(home)) return 1;
    snprintf(data, sizeof data, "%s/rows.csv", home);
    snprintf(meminfo, sizeof meminfo, "%s/meminfo", home);
    Buffer rows = {0};
    buffer_text(&rows, "text,label\n");
    for (int r = 0; r < 200; r++) buffer_printf(&rows, "the %s film %d,%s\n", r % 2 ? "good sun" : "bad rain", r, r % 2 ? "glad" : "sad");
    put("rows.csv", rows.data);
    buffer_free(&rows);
    put("meminfo", "MemTotal: 24684092 kB\nMemAvailable:   10 kB\n");
    return 0;
}

static int remove_home(void **state) {
    (void)state;
    return folder_remove(home, NULL) ? 0 : 1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_2),
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_address_space),
        cmocka_unit_test(test_a_run_that_will_not_fit),
        cmocka_unit_test(test_larger_batches_that_will_not_fit),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
