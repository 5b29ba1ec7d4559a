/* Every command but compare (test_killed, test_compare), with each of its calls into the system made to fail in turn, each allocation made to fail in turn, and killed before and after each
 * write, fsync and rename. What is asked each time: an exit status of the program's own, a sentence, every file whole, and that the same command ends
 * well afterwards.
 *
 *   test_faults [GROUP [COMMAND]]   files, killed or memory, of one command of the table below; all without */
#include "tests/check.h"

#include <ftw.h>
#include <sys/stat.h>

#include "common/file.h"
#include "tests/program.h"

static const char MODEL[] = TESTS_FOLDER "/golden/tiny-distilbert", BERT[] = TESTS_FOLDER "/golden/tiny-bert";
static const char *only; /* NULL: every command */
static char home[64], data[96], tuned[96], out[96], straight[96];

/* ---- the commands ---- */

#define WITH_MODEL "--model", MODEL, "--data", data, "--output_dir", out, "--num_threads", "1"
typedef struct Case {
    const char *name;
    const char *words[24];
} Case;
static const Case CASES[] = {
    {"finetune", {"finetune", WITH_MODEL, "--epochs", "1"}},
    {"features", {"features", WITH_MODEL, "--no_cache"}},
    {"train", {"train", WITH_MODEL, "--no_cache"}},
    {"words", {"train", "--features", "tfidf", "--C", "1", "--data", data, "--output_dir", out, "--num_threads", "1"}},
    {"predict", {"predict", "--model", tuned, "--file", data, "--num_threads", "2"}},
    {"evaluate", {"evaluate", "--model", tuned, "--data", data, "--num_threads", "1", "--output_dir", out}},
    {"explore", {"explore", data, "--model", MODEL, "--num_threads", "2"}},
    {"tokenize", {"tokenize", "--model", MODEL, "the good film"}},
    {"convert", {"convert", "--model", BERT, "--to", "distilbert", "--output_dir", out}},
};
enum { CASE_COUNT = sizeof CASES / sizeof *CASES };

static const Case *case_named(const char *name) {
    for (int i = 0; i < CASE_COUNT; i++)
        if (strcmp(CASES[i].name, name) == 0) return &CASES[i];
    fail_msg("no case %s", name);
    return NULL;
}

static bool is_asked(const char *name) { return !only || strcmp(only, name) == 0; }

/* ---- running them ---- */

typedef struct Fault {
    const char *calls, *action;
    long at;
    int error;
} Fault;

typedef struct Faulted {
    Ran ran;
    long calls, blocks; /* -1: the process did not live to say */
    char hit[512];
} Faulted;

static void put_number(const char *name, long number) {
    char text[32];
    snprintf(text, sizeof text, "%ld", number);
    setenv(name, text, 1);
}

static Ran run_case(const Case *job) {
    char *words[26] = {(char *)(uintptr_t)"twofold"};
    for (int i = 0; job->words[i]; i++) words[i + 1] = (char *)(uintptr_t)job->words[i];
    return program_run_words(NULL, words);
}

static Faulted run_with(const Case *job, const Fault *fault) {
    char report[128];
    snprintf(report, sizeof report, "%s/report", home);
    (void)unlink(report);
    setenv("FAULT_CALLS", fault->calls, 1);
    setenv("FAULT_ACTION", fault->action, 1);
    put_number("FAULT_AT", fault->at);
    put_number("FAULT_ERROR", fault->error);
    setenv("FAULT_REPORT", report, 1);
    setenv("LD_PRELOAD", FAULTS_LIBRARY, 1);
    Faulted done = {.ran = run_case(job), .calls = -1, .blocks = -1};
    unsetenv("LD_PRELOAD");
    unsetenv("FAULT_CALLS");
    FILE *file = fopen(report, "r");
    if (!file) return done;
    if (fscanf(file, "%ld %ld", &done.calls, &done.blocks) == 2 && fgets(done.hit, sizeof done.hit, file)) done.hit[strcspn(done.hit, "\n")] = '\0';
    fclose(file);
    return done;
}

static void faulted_free(Faulted *done) { ran_free(&done->ran); }

/* ---- what is there afterwards ---- */

/* Files in which measured figures stand: that they are there is all that is compared. */
static bool is_measured(const char *path) {
    static const char *const PARTS[] = {"env.json",      "_results.json", "trainer_state.json", "entry.json",  "progress.json",
                                        "compare.json",  "report.",       "costs",              "README.md",   "key.json"};
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
        if (strstr(path, PARTS[i])) return true;
    return false;
}

static bool is_unfinished(const char *path) { return strstr(path, ".tmp") || strstr(path, "/.unfinished"); }

static bool is_same_file(const char *a, const char *b) {
    FileMap first = {0}, second = {0};
    bool same = file_map(&first, a, ERROR_PATH, NULL) && file_map(&second, b, ERROR_PATH, NULL) && first.size == second.size &&
                (first.size == 0 || memcmp(first.data, second.data, first.size) == 0);
    file_unmap(&first);
    file_unmap(&second);
    return same;
}

static char different[700]; /* the first file found that is not as in the other folder */
static const char *here, *there;

static int compare_one(const char *path, const struct stat *status, int flag, struct FTW *place) {
    (void)status, (void)place;
    if (flag != FTW_F || is_unfinished(path)) return 0;
    char other[700];
    snprintf(other, sizeof other, "%s%s", there, path + strlen(here));
    /* a converted model's files begin as copies of the other model's */
    char source[700];
    snprintf(source, sizeof source, "%s%s", BERT, path + strlen(here));
    if (is_same_file(path, source)) return 0;
    if (is_measured(path) ? file_size(other) > 0 && file_size(path) > 0 : is_same_file(path, other)) return 0;
    snprintf(different, sizeof different, "%s", path);
    return 1;
}

/* Every file in `a` is whole: it is the one in `b`. */
static bool is_part_of(const char *a, const char *b) {
    here = a;
    there = b;
    return nftw(a, compare_one, 16, FTW_PHYS) <= 0;
}

static void check_whole(const Case *job, const Faulted *done, long at) {
    if (folder_exists(out) && !is_part_of(out, straight)) fail_msg("%s, call %ld (%s): %s is not whole", job->name, at, done->hit, different);
}

/* The same command again, without faults. */
static void check_goes_on(const Case *job, long at, const char *hit) {
    Ran ran = run_case(job);
    if (ran.status != 0) fail_msg("%s after call %ld (%s): status %d: %s", job->name, at, hit, ran.status, ran.err);
    if (folder_exists(straight) && (!is_part_of(out, straight) || !is_part_of(straight, out)))
        fail_msg("%s after call %ld (%s): %s is another", job->name, at, hit, different);
    ran_free(&ran);
}

static void clear(void) {
    Error err = {0};
    CHECK_OK(folder_remove(out, &err), &err);
}

/* The folder of a run without faults, in `straight`; returns how many calls of these kinds it makes. */
static long run_straight(const Case *job, const char *calls, Ran *ran) {
    Error err = {0};
    clear();
    CHECK_OK(folder_remove(straight, &err), &err);
    Faulted done = run_with(job, &(Fault){calls, "fail", 0, EIO});
    if (done.ran.status != 0 || done.calls < 1) fail_msg("%s: status %d, %ld calls: %s", job->name, done.ran.status, done.calls, done.ran.err);
    if (done.blocks > 0) fail_msg("%s: %ld blocks of memory are not given back", job->name, done.blocks);
    if (folder_exists(out)) assert_int_equal(rename(out, straight), 0);
    *ran = done.ran;
    return done.calls;
}

/* A status that the program chose, and when it failed a last sentence, with a path where it is about one. */
static void check_answer(const Case *job, const Faulted *done, long at, bool needs_path) {
    const Ran *ran = &done->ran;
    const char *sentence = strstr(ran->err, "twofold: ");
    bool known = ran->status == 0 || ran->status == 1 || (ran->status >= 3 && ran->status <= 5);
    bool said = ran->status == 0 || (sentence && (!needs_path || strchr(sentence, '/') || strstr(sentence, "standard output") || strstr(sentence, "threads")));
    if (!known || !said) fail_msg("%s, call %ld (%s): status %d: %s", job->name, at, done->hit, ran->status, ran->err);
}

/* ---- calls that fail ---- */

enum { TRY_AGAIN_EVERY = 7 }; /* which of the failures are followed by the same command without one */

static void check_failing(const Case *job, const char *calls, const char *action, int error) {
    Ran whole;
    long count = run_straight(job, calls, &whole);
    int refused = 0;
    for (long at = 1; at <= count; at++) {
        clear();
        Faulted done = run_with(job, &(Fault){calls, action, at, error});
        check_answer(job, &done, at, true);
        check_whole(job, &done, at);
        if (done.ran.status == 0 && strcmp(done.ran.out, whole.out) != 0)
            fail_msg("%s, call %ld (%s): ends well, and says another thing: %s", job->name, at, done.hit, done.ran.out);
        if (done.ran.status == 0 && folder_exists(straight) && !is_part_of(straight, out))
            fail_msg("%s, call %ld (%s): ends well without %s", job->name, at, done.hit, different);
        refused += done.ran.status != 0;
        if (at % TRY_AGAIN_EVERY == 0) check_goes_on(job, at, done.hit);
        faulted_free(&done);
    }
    print_message("%-9s %4ld calls (%s, %s): %d end the command with a sentence\n", job->name, count, calls, strerror(error), refused);
    ran_free(&whole);
}

static void test_files_each_call_fails(void **state) {
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++)
        if (is_asked(CASES[i].name)) check_failing(&CASES[i], "files", "fail", EIO);
}

static void test_files_disk_full(void **state) {
    (void)state;
    static const char *const NAMES[] = {"finetune", "features", "train", "convert"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (is_asked(NAMES[i])) check_failing(case_named(NAMES[i]), "write,fsync,close,mkdir,mkostemps", "fail", ENOSPC);
}

/* A write or read that does less than it was asked for goes on where it stopped: all ends well. */
static void test_files_short_writes(void **state) {
    (void)state;
    static const char *const NAMES[] = {"finetune", "features", "train", "predict"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (!is_asked(NAMES[i])) continue;
        const Case *job = case_named(NAMES[i]);
        Ran whole;
        long count = run_straight(job, "write,read", &whole);
        for (long at = 1; at <= count; at++) {
            clear();
            Faulted done = run_with(job, &(Fault){"write,read", "short", at, 0});
            if (done.ran.status != 0 || strcmp(done.ran.out, whole.out) != 0) fail_msg("%s, call %ld (%s): %s", job->name, at, done.hit, done.ran.err);
            check_whole(job, &done, at);
            faulted_free(&done);
        }
        ran_free(&whole);
    }
}

/* ---- killed ---- */

static void check_killed(const char *name, const char *action) {
    if (!is_asked(name)) return;
    const Case *job = case_named(name);
    const char *calls = "write,fsync,rename,renameat2";
    Ran whole;
    long count = run_straight(job, calls, &whole);
    for (long at = 1; at <= count; at++) {
        char hit[64];
        clear();
        Faulted done = run_with(job, &(Fault){calls, action, at, 0});
        if (done.ran.status == 0 && at > count - 2) continue; /* the answer on standard output is out by then */
        if (done.ran.status != 128 + SIGKILL) fail_msg("%s, call %ld: status %d: %s", job->name, at, done.ran.status, done.ran.err);
        snprintf(hit, sizeof hit, "%s", action);
        check_whole(job, &done, at);
        check_goes_on(job, at, hit);
        faulted_free(&done);
    }
    print_message("%-9s killed %s each of %ld writes, flushes and renames\n", job->name, strcmp(action, "kill_before") == 0 ? "before" : "after", count);
    ran_free(&whole);
}

static void test_killed_before_each(void **state) {
    (void)state;
    check_killed("finetune", "kill_before");
    check_killed("train", "kill_before");
}

static void test_killed_after_each(void **state) {
    (void)state;
    check_killed("finetune", "kill_after");
    check_killed("train", "kill_after");
}

/* ---- memory ---- */

static void check_memory(const Case *job) {
    Ran whole;
    long count = run_straight(job, "memory", &whole);
    int refused = 0;
    for (long at = 1; at <= count; at++) {
        clear();
        Faulted done = run_with(job, &(Fault){"memory", "fail", at, ENOMEM});
        check_answer(job, &done, at, false);
        check_whole(job, &done, at);
        if (done.blocks > 0) fail_msg("%s, allocation %ld: %ld blocks are not given back: %s", job->name, at, done.blocks, done.ran.err);
        if (done.ran.status == 0 && strcmp(done.ran.out, whole.out) != 0)
            fail_msg("%s, allocation %ld: ends well, and says another thing: %s", job->name, at, done.ran.out);
        if (done.ran.status == 0 && folder_exists(straight) && !is_part_of(straight, out))
            fail_msg("%s, allocation %ld: ends well without %s", job->name, at, different);
        if (done.ran.status != 0 && done.ran.status != 1) fail_msg("%s, allocation %ld: status %d: %s", job->name, at, done.ran.status, done.ran.err);
        refused += done.ran.status == 1;
        faulted_free(&done);
    }
    print_message("%-9s %4ld allocations: %d end the command with a sentence\n", job->name, count, refused);
    ran_free(&whole);
}

static void test_memory_each_allocation_fails(void **state) {
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++)
        if (is_asked(CASES[i].name)) check_memory(&CASES[i]);
}

/* ---- */

static int make_home(void **state) {
    (void)state;
    snprintf(home, sizeof home, "%s/twofold-faults-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(home)) return 1;
    snprintf(data, sizeof data, "%s/rows.csv", home);
    snprintf(tuned, sizeof tuned, "%s/tuned", home);
    snprintf(out, sizeof out, "%s/out", home);
    snprintf(straight, sizeof straight, "%s/straight", home);
    setenv("OPENBLAS_CORETYPE", "Haswell", 1); /* chosen: the program does not start itself again for it */
    FILE *file = fopen(data, "w");
    if (!file) return 1;
    fprintf(file, "text,label\n");
    for (int r = 0; r < 40; r++) fprintf(file, "the %s film %d,%s\n", r % 2 ? "good sun" : "bad rain", r, r % 2 ? "glad" : "sad");
    if (fclose(file) != 0) return 1;
    CHECK_RUN(0, "", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", tuned, "--epochs", "1");
    return 0;
}

static int remove_home(void **state) {
    (void)state;
    return folder_remove(home, NULL) ? 0 : 1;
}

int main(int count, char **words) {
    if (strstr(FAULTS_LIBRARY, "none")) skip_all("a sanitizer's own calls stand in the way of those that are made to fail");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_each_call_fails), cmocka_unit_test(test_files_disk_full),   cmocka_unit_test(test_files_short_writes),
        cmocka_unit_test(test_killed_before_each),    cmocka_unit_test(test_killed_after_each), cmocka_unit_test(test_memory_each_allocation_fails),
    };
    char filter[64];
    snprintf(filter, sizeof filter, "test_%s_*", count > 1 ? words[1] : "");
    if (count > 1) cmocka_set_test_filter(filter);
    if (count > 2) only = words[2];
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
