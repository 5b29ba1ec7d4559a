/* Two runs in one folder, signals, and folders in which nothing can be written, as the user of the program meets them. */
#include "tests/check.h"

#include <glob.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "common/file.h"
#include "common/folder_lock.h"
#include "tests/home.h"
#include "tests/program.h"

static const char MODEL[] = TESTS_FOLDER "/golden/tiny-distilbert";
static char data[128];

static int make_home(void **state) {
    (void)state;
    if (home_make("lock") != 0) return 1;
    snprintf(data, sizeof data, "%s/rows.csv", home);
    FILE *file = fopen(data, "w");
    if (!file) return 1;
    fprintf(file, "text,label\n");
    for (int r = 0; r < 60; r++) fprintf(file, "the %s film %d,%s\n", r % 2 ? "good sun" : "bad rain", r, r % 2 ? "glad" : "sad");
    return fclose(file);
}

/* ---- the lock itself ---- */

static void test_lock_is_taken_and_given_back(void **state) {
    (void)state;
    char *folder = at_home("plain");
    Error err = {0};
    FolderLock first, second;
    CHECK_OK(folder_make(folder, &err), &err);
    CHECK_OK(folder_lock(&first, folder, "twofold finetune --data rows.csv", NULL, &err), &err);
    /* another open file, as another process would have */
    CHECK_FAILS(folder_lock(&second, folder, "twofold compare", NULL, &err), &err, ERROR_PATH, "another run is at work");
    assert_false(folder_lock(&second, folder, "twofold compare", NULL, &err));
    char process[64], host[128] = "";
    snprintf(process, sizeof process, "process %ld on ", (long)getpid());
    (void)gethostname(host, sizeof host - 1);
    if (!strstr(err.message, process) || !strstr(err.message, host) || !strstr(err.message, "twofold finetune --data rows.csv") ||
        !strstr(err.message, " UTC: "))
        fail_msg("%s", err.message);
    err = (Error){0};
    assert_true(folder_has_unfinished_run(folder));
    folder_unlock(&first, false);
    assert_true(folder_has_unfinished_run(folder));
    CHECK_OK(folder_lock(&second, folder, "twofold compare", NULL, &err), &err);
    folder_unlock(&second, true);
    assert_false(folder_has_unfinished_run(folder));
    folder_unlock(&second, true); /* a zeroed one does nothing */
}

/* ---- two runs ---- */

/* A run that takes long; waits until it holds its folder. */
static pid_t start_long_run(const char *command, const char *folder, int log) {
    char lock[320];
    const char *words[] = {"twofold", command, "--model", MODEL, "--data", data, "--output_dir", folder, "--epochs", "4000", NULL};
    pid_t child = program_start((char *const *)(uintptr_t)words, -1, log, log);
    snprintf(lock, sizeof lock, "%s/%s", folder, FOLDER_LOCK_NAME);
    struct stat status;
    for (int tries = 0; tries < 6000 && (stat(lock, &status) != 0 || status.st_size == 0); tries++)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    return child;
}

static void test_the_second_run_is_refused(void **state) {
    (void)state;
    char *folder = at_home("busy"), process[64];
    int null = open("/dev/null", O_RDWR);
    pid_t child = start_long_run("finetune", folder, null);
    snprintf(process, sizeof process, "another run is at work in this folder: process %ld on ", (long)child);
    CHECK_RUN(5, process, NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", folder);
    CHECK_RUN(5, process, NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", folder, "--overwrite_output_dir");
    CHECK_RUN(5, process, NULL, "compare", "--model", MODEL, "--data", data, "--output_dir", folder);
    CHECK_RUN(5, process, NULL, "train", "--model", MODEL, "--data", data, "--output_dir", folder);
    CHECK_RUN(5, process, NULL, "features", "--model", MODEL, "--data", data, "--output_dir", folder);
    CHECK_RUN(5, process, NULL, "explore", "--data", data, "--output_dir", folder);
    CHECK_RUN(5, process, NULL, "convert", "--model", TESTS_FOLDER "/golden/tiny-bert", "--to", "distilbert", "--output_dir", folder);
    /* killed, it leaves nothing in the way */
    (void)kill(child, SIGKILL);
    (void)program_wait(child);
    assert_true(folder_has_unfinished_run(folder));
    CHECK_RUN(0, "trained", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", folder, "--epochs", "1",
              "--overwrite_output_dir");
    assert_false(folder_has_unfinished_run(folder));
    (void)close(null);
}

/* ---- signals ---- */

static void wait_a_little(void) { nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); }

/* With the first checkpoint a training has asked whether to stop. */
static pid_t start_training(const char *folder, FILE *log) {
    char checkpoints[320];
    glob_t found;
    pid_t child = start_long_run("finetune", folder, fileno(log));
    snprintf(checkpoints, sizeof checkpoints, "%s/checkpoint-*", folder);
    for (int tries = 0; tries < 6000 && glob(checkpoints, 0, NULL, &found) != 0; tries++) wait_a_little();
    globfree(&found);
    return child;
}

static int count_of(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) count++;
    return count;
}

/* Neither a temporary name nor the beginnings of a checkpoint. */
static void check_nothing_unfinished(const char *folder) {
    char command[512];
    snprintf(command, sizeof command, "test -z \"$(find %s -mindepth 1 ! -name " FOLDER_LOCK_NAME " '(' -name '*.tmp' -o -name '.unfinished*' ')')\"", folder);
    if (system(command) != 0) fail_msg("%s: something is half-written", folder);
}

/* The same command takes up what is there. */
static void check_goes_on(const char *folder) {
    FILE *log = tmpfile();
    assert_non_null(log);
    pid_t child = start_long_run("finetune", folder, fileno(log));
    bool goes_on = false;
    for (int tries = 0; tries < 6000 && !goes_on; tries++) {
        char said[4096];
        ssize_t size = pread(fileno(log), said, sizeof said - 1, 0);
        said[size > 0 ? size : 0] = '\0';
        goes_on = strstr(said, "going on after step ") != NULL;
        wait_a_little();
    }
    (void)kill(child, SIGKILL);
    assert_int_equal(program_wait(child), 128 + SIGKILL);
    fclose(log);
    if (!goes_on) fail_msg("%s: nothing of it was taken up", folder);
}

static void check_signal(int signal_number) {
    char *folder, name[32];
    snprintf(name, sizeof name, "signal%d", signal_number);
    folder = at_home(name);
    FILE *log = tmpfile();
    assert_non_null(log);
    pid_t child = start_training(folder, log);
    (void)kill(child, signal_number);
    int status = program_wait(child);
    char *said = read_all(log, NULL);
    if (status != 128 + signal_number || count_of(said, "twofold: stopping after this step") != 1 || count_of(said, "twofold: stopped after step ") != 1 ||
        !strstr(said, "the same command goes on from there"))
        fail_msg("status %d: %s", status, said);
    check_nothing_unfinished(folder);
    check_goes_on(folder);
    free(said);
    fclose(log);
}

static void test_a_signal_saves_the_state(void **state) {
    (void)state;
    check_signal(SIGINT);
    check_signal(SIGTERM);
}

/* Starts it, and sends the signal once it is at work. It would take longer: exit 0 means that it was not heard. */
static void check_ends_at_once(char *const *words, int in, int signal_number) {
    FILE *log = tmpfile();
    int null = open("/dev/null", O_RDWR);
    assert_non_null(log);
    pid_t child = program_start(words, in, null, fileno(log));
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    (void)kill(child, signal_number);
    int status = -1;
    bool by_signal = false;
    for (int tries = 0; status < 0 && tries < 2000; tries++) { /* 10 s, should it go on and on */
        int how;
        if (waitpid(child, &how, WNOHANG) == child) {
            status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
            by_signal = WIFSIGNALED(how);
        } else
            wait_a_little();
    }
    if (status < 0) {
        (void)kill(child, SIGKILL);
        (void)program_wait(child);
    }
    char *said = read_all(log, NULL);
    /* silently by the signal, or, where it is asked between lines, with a sentence */
    const char *sentence = strstr(said, "twofold: stopped while reading ");
    if (status != 128 + signal_number || (by_signal ? strstr(said, "twofold: ") != NULL : !sentence)) fail_msg("%s: status %d: %s", words[1], status, said);
    free(said);
    fclose(log);
    close(null);
}

#define CHECK_ENDS_AT_ONCE(in, signal_number, ...) \
    check_ends_at_once((char *const *)(uintptr_t)(const char *const[]){"twofold", __VA_ARGS__, NULL}, in, signal_number)

/* Commands and phases that never ask whether to stop, and reading from a pipe that stays silent. */
static void test_a_signal_ends_what_has_nothing_to_save(void **state) {
    (void)state;
    char *bag = at_home("heard-bag"), *lines = at_home("heard.txt"), *table = at_home("heard.csv");
    CHECK_RUN(0, "trained", NULL, "train", "--features", "tfidf", "--C", "1", "--data", data, "--output_dir", bag);
    FILE *file = fopen(lines, "w"), *rows = fopen(table, "w");
    assert_true(file && rows);
    fprintf(rows, "text,label\n");
    for (int r = 0; r < 400000; r++) {
        fprintf(file, "the %s film %d was seen by all of them in the rain\n", r % 2 ? "good" : "bad", r);
        fprintf(rows, "the %s film %d was seen by all of them in the rain,%d\n", r % 2 ? "good" : "bad", r, r % 2);
    }
    assert_true(fclose(file) == 0 && fclose(rows) == 0);
    CHECK_ENDS_AT_ONCE(-1, SIGINT, "tokenize", "--model", MODEL, "--file", lines);
    CHECK_ENDS_AT_ONCE(-1, SIGTERM, "predict", "--model", bag, "--file", lines);
    CHECK_ENDS_AT_ONCE(-1, SIGINT, "predict", "--model", bag, "--file", table);
    CHECK_ENDS_AT_ONCE(-1, SIGTERM, "explore", "--model", MODEL, "--data", table);
    CHECK_ENDS_AT_ONCE(-1, SIGINT, "doctor");
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
    CHECK_ENDS_AT_ONCE(ends[0], SIGINT, "explore", "--data", "/dev/stdin");
    CHECK_ENDS_AT_ONCE(ends[0], SIGTERM, "train", "--features", "tfidf", "--data", "/dev/stdin", "--output_dir", at_home("heard-run"));
    CHECK_ENDS_AT_ONCE(ends[0], SIGINT, "predict", "--model", bag, "--file", "/dev/stdin", "--input_format", "csv");
    close(ends[0]);
    close(ends[1]);
    assert_false(file_exists(at_home("heard-run/twofold.json")));
}

/* Everything is written but the scores, for which there is no room in the pipe yet: a signal is promised to stop the program, and nothing is left to. */
static void test_a_signal_after_the_last_question(void **state) {
    (void)state;
    char *folder = at_home("late"), card[320], path[64];
    int ends[2];
    FILE *log = tmpfile();
    assert_non_null(log);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    char block[4096] = {0};
    while (write(ends[1], block, sizeof block) > 0) continue;
    assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
    const char *words[] = {"twofold", "train", "--model", MODEL, "--data", data, "--output_dir", folder, NULL};
    pid_t child = program_start((char *const *)(uintptr_t)words, -1, ends[1], fileno(log));
    close(ends[1]);
    snprintf(card, sizeof card, "%s/README.md", folder);
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)child);
    char sleeping = 0;
    for (int tries = 0; tries < 6000 && sleeping != 'S'; tries++) {
        wait_a_little();
        FILE *file = file_exists(card) ? fopen(path, "r") : NULL;
        if (!file) continue;
        if (fscanf(file, "%*d %*s %c", &sleeping) != 1) sleeping = 0;
        fclose(file);
    }
    assert_int_equal(sleeping, 'S');
    (void)kill(child, SIGTERM);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    while (read(ends[0], block, sizeof block) > 0) continue;
    close(ends[0]);
    int status = program_wait(child);
    char *said = read_all(log, NULL);
    if (status != 128 + SIGTERM || !strstr(said, "twofold: stopping") || !strstr(said, "twofold: the signal came when nothing was left to stop: everything is done"))
        fail_msg("status %d: %s", status, said);
    free(said);
    fclose(log);
    assert_false(folder_has_unfinished_run(folder));
    CHECK_RUN(0, "", NULL, "predict", "--model", folder, "--text", "the good film");
}

/* Both signals are there before the process runs again; whichever comes second ends it on the spot: nothing is saved, and nothing of what was lost. */
static void check_two_signals(int first, int second) {
    char *folder, name[32];
    snprintf(name, sizeof name, "twice%d-%d", first, second);
    folder = at_home(name);
    FILE *log = tmpfile();
    assert_non_null(log);
    pid_t child = start_training(folder, log);
    (void)kill(child, SIGSTOP);
    (void)kill(child, first);
    (void)kill(child, second);
    (void)kill(child, SIGCONT);
    int status = program_wait(child);
    char *said = read_all(log, NULL);
    if (status != 128 + SIGINT && status != 128 + SIGTERM) fail_msg("status %d: %s", status, said);
    if (count_of(said, "twofold: stopping") > 1 || strstr(said, "twofold: stopped")) fail_msg("it has waited: %s", said);
    check_goes_on(folder);
    free(said);
    fclose(log);
}

static void test_a_second_signal_leaves_at_once(void **state) {
    (void)state;
    check_two_signals(SIGINT, SIGTERM);
    check_two_signals(SIGTERM, SIGINT);
}

/* ---- nowhere to write ---- */

static void test_read_only_folder(void **state) {
    (void)state;
    char *folder = at_home("read-only");
    Error err = {0};
    CHECK_OK(folder_make(folder, &err), &err);
    assert_int_equal(chmod(folder, 0555), 0);
    if (access(folder, W_OK) == 0) { /* root may write everywhere but here */
        CHECK_RUN(5, "/proc/twofold: cannot make this folder", NULL, "train", "--model", MODEL, "--data", data, "--output_dir",
                  "/proc/twofold");
    } else {
        CHECK_RUN(5, folder, NULL, "train", "--model", MODEL, "--data", data, "--output_dir", folder);
        CHECK_RUN(5, folder, NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", folder);
    }
    assert_int_equal(chmod(folder, 0755), 0);
}

/* Runs with a limit on the size of files; the limit is inherited by the program alone. */
static Ran run_limited(rlim_t bytes, char *const *words) {
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){.rlim_cur = bytes, .rlim_max = before.rlim_max};
    FILE *out = tmpfile(), *err = tmpfile();
    assert_true(out && err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    pid_t child = program_start(words, -1, fileno(out), fileno(err));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    Ran ran = {.status = program_wait(child)};
    ran.out = read_all(out, &ran.out_size);
    ran.err = read_all(err, NULL);
    fclose(out);
    fclose(err);
    return ran;
}

/* The first file that is too long fails, by its name; what an earlier run left stays; and without the limit the same command ends well. */
static void check_limited(const char *command, const char *name, const char *file) {
    char *folder = at_home(name), part[640], path[640];
    const char *words[] = {"twofold", command, "--model", MODEL, "--data", data, "--output_dir", folder, "--epochs", "1", NULL, NULL};
    if (strcmp(command, "finetune") != 0 && strcmp(command, "compare") != 0) words[8] = NULL;
    CHECK_RUN(0, "", NULL, command, "--model", MODEL, "--data", data, "--output_dir", folder);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    int64_t size = file_size(path);
    assert_true(size > 0);
    Ran ran = run_limited(20000, (char *const *)(uintptr_t)words);
    snprintf(part, sizeof part, "twofold: %s", folder);
    if (ran.status != 5 || !strstr(ran.err, part) || !strstr(ran.err, "File too large")) fail_msg("%s: status %d: %s", command, ran.status, ran.err);
    assert_int_equal(file_size(path), size);
    ran_free(&ran);
    ran = program_run_words(NULL, (char *const *)(uintptr_t)words);
    if (ran.status != 0) fail_msg("%s: status %d: %s", command, ran.status, ran.err);
    ran_free(&ran);
}

static void test_file_size_limit(void **state) {
    (void)state;
    check_limited("finetune", "limited-finetune", "model.safetensors");
    check_limited("train", "limited-train", "model.safetensors");
}

/* A disk of 400 kB, and then a read-only one, where the system lets a test have such: what has been written is whole, and once there is room the
 * same command goes on. */
static void test_full_disk(void **state) {
    (void)state;
    char script[3000];
    snprintf(script, sizeof script,
             "run() { %s finetune --model %s --data %s --output_dir disk/run --epochs 3 2>said; } && cd %s && mkdir disk && "
             "mount -t tmpfs -o size=400k none disk && { run; test $? = 5 && grep -q '^twofold: disk/run.*No space left on device' said && "
             "mount -o remount,ro disk && { run; test $? = 5; } && grep -q '^twofold: disk/run.*Read-only file system' said && "
             "mount -o remount,rw,size=8m disk && run && test -s disk/run/metrics.json && test -z \"$(find disk -name '*.tmp')\"; }",
             TWOFOLD_PROGRAM, MODEL, data, home);
    if (system("unshare -rm sh -c 'mount -t tmpfs none /tmp' 2>/dev/null") != 0) {
        print_message("no file systems of one's own here: a full disk is tested with failing calls only (test_faults)\n");
        return;
    }
    assert_int_equal(setenv("SCRIPT", script, 1), 0);
    int status = system("unshare -rm sh -c \"$SCRIPT\"");
    if (status != 0) fail_msg("%s: %d", script, status);
}

/* `predict | head -1`: the reader has what it wanted. */
static void test_the_reader_goes_away(void **state) {
    (void)state;
    char *folder = at_home("reader"), command[2400];
    CHECK_RUN(0, "trained", NULL, "train", "--model", MODEL, "--data", data, "--output_dir", folder);
    snprintf(command, sizeof command,
             "yes 'the good film' | head -20000 > %s/many.txt; { " TWOFOLD_PROGRAM " predict --model %s --file %s/many.txt 2>%s/said; echo $? "
             ">%s/status; } | head -1 | grep -q 'the good film' && grep -qx 0 %s/status && ! grep -q 'twofold: ' %s/said",
             home, folder, home, home, home, home, home);
    if (system(command) != 0) fail_msg("%s", command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock_is_taken_and_given_back), cmocka_unit_test(test_the_second_run_is_refused),
        cmocka_unit_test(test_a_signal_saves_the_state),     cmocka_unit_test(test_a_second_signal_leaves_at_once),
        cmocka_unit_test(test_a_signal_ends_what_has_nothing_to_save),
        cmocka_unit_test(test_a_signal_after_the_last_question),
        cmocka_unit_test(test_read_only_folder),             cmocka_unit_test(test_file_size_limit),
        cmocka_unit_test(test_full_disk),                    cmocka_unit_test(test_the_reader_goes_away),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
