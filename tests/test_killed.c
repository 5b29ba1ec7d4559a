/* Killed at random moments, every third time within a save, and started again with the same command, a run ends in the folder of one that was never
 * stopped (tests/same_run). Most rows are for validation, so that evaluations, and not only steps, are long enough to be hit. */
#include "tests/check.h"

#include <dirent.h>
#include <math.h>
#include <sched.h>
#include <time.h>

#include "common/file.h"
#include "common/random.h"
#include "tests/home.h"
#include "tests/program.h"

enum { MOMENTS = 60, ROWS = 560 };

static const char MODEL[] = TESTS_FOLDER "/golden/tiny-distilbert";
static char data[128];

static int make_home(void **state) {
    (void)state;
    static const char *const WORDS[][3] = {{"sun", "happy", "good"}, {"rain", "bad", "sad"}, {"film", "day", "long"}};
    static const char *const LABELS[] = {"glad", "sad", "calm"};
    if (home_make("killed") != 0) return 1;
    snprintf(data, sizeof data, "%s/rows.csv", home);
    if (!strstr(FAULTS_LIBRARY, "none")) setenv("LD_PRELOAD", FAULTS_LIBRARY, 1); /* draws pictures quickly */
    FILE *file = fopen(data, "w");
    if (!file) return 1;
    fprintf(file, "text,label\n");
    for (int r = 0; r < ROWS; r++) {
        for (int w = 0; w < 3 + r % 4; w++) fprintf(file, "%s ", WORDS[(r + (w == 2)) % 3][(r / 3 + w) % 3]);
        fprintf(file, "%d,%s\n", r, LABELS[r % 3]);
    }
    return fclose(file);
}

static double now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static pid_t start(const char *command, const char *folder, int log) {
    const char *words[] = {"twofold", command, "--model", MODEL, "--data", data, "--output_dir", folder, "--epochs", "3", "--learning_rate", "1e-3",
                           "--save_strategy", "steps", "--save_steps", "5", "--eval_strategy", "steps", "--eval_steps", "5", "--num_threads", "2",
                           "--split", "10,85,5", "--no_cache", NULL};
    if (strcmp(command, "finetune") == 0) words[24] = NULL;
    return program_start((char *const *)(uintptr_t)words, -1, log, log);
}

/* How long it took; what it said must hold `part`. */
static double run_to_the_end(const char *command, const char *folder, const char *part) {
    FILE *log = tmpfile();
    assert_non_null(log);
    double began = now_s();
    int status = program_wait(start(command, folder, fileno(log)));
    double took = now_s() - began;
    char *said = read_all(log, NULL);
    if (status != 0 || !strstr(said, part)) fail_msg("%s in %s ended with %d, without '%s': %s", command, folder, status, part, said);
    free(said);
    fclose(log);
    return took;
}

/* Whether a checkpoint is being written there, or was when the run was killed. */
static bool is_saving(const char *folder) {
    DIR *entries = opendir(folder);
    bool found = false;
    for (const struct dirent *entry = entries ? readdir(entries) : NULL; entry && !found; entry = readdir(entries))
        found = strncmp(entry->d_name, ".unfinished-checkpoint-", 23) == 0;
    if (entries) (void)closedir(entries);
    return found;
}

static void sleep_s(double seconds) {
    nanosleep(&(struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)}, NULL);
}

static bool is_over(pid_t child) {
    siginfo_t ended = {.si_pid = 0};
    return waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != 0;
}

/* Starts a run and kills it after so long; `at_save`: at the first save after that. False when it was over before; then `whole`, how long a run takes,
 * becomes what it took: the machine may be less busy than it was. */
static bool kill_at(const char *command, const char *folder, const char *checkpoints, double seconds, bool at_save, double *whole,
                    int log) {
    double started = now_s(), took = 0;
    pid_t child = start(command, folder, log);
    while (took < seconds && !is_over(child)) {
        sleep_s(fmin(0.005, seconds - took));
        took = now_s() - started;
    }
    if (is_over(child)) *whole = fmin(*whole, now_s() - started);
    while (at_save && !is_saving(checkpoints) && !is_over(child)) sched_yield();
    (void)kill(child, SIGKILL);
    return program_wait(child) == 128 + SIGKILL;
}

static void check_killed(const char *command) {
    char straight[128], folder[128], checkpoints[160], same[512];
    Random random = random_start(20260301, STREAM_TEST, 0);
    Error err = {0};
    int null = open("/dev/null", O_RDWR), saving = 0, late = 0;
    snprintf(straight, sizeof straight, "%s/%s-straight", home, command);
    snprintf(folder, sizeof folder, "%s/%s-killed", home, command);
    snprintf(checkpoints, sizeof checkpoints, "%s%s", folder, strcmp(command, "compare") == 0 ? "/finetune" : "");
    double whole = run_to_the_end(command, straight, "");
    for (int k = 0; k < MOMENTS; k++) {
        do {
            if (late++ > 10 * MOMENTS) fail_msg("%s: is over before it can be killed", command);
            CHECK_OK(folder_remove(folder, &err), &err);
        } while (!kill_at(command, folder, checkpoints, whole * random_uniform(&random), k % 3 == 0, &whole, null));
        saving += is_saving(checkpoints);
        (void)run_to_the_end(command, folder, "");
        snprintf(same, sizeof same, TESTS_FOLDER "/same_run %s %s >&2", straight, folder);
        if (system(same) != 0) fail_msg("%s, moment %d of %d", same, k + 1, MOMENTS);
    }
    print_message("%s: killed at %d moments of %.2f s, %d of them within a save\n", command, MOMENTS, whole, saving);
    assert_true(saving > 0);
    (void)close(null);
}

static void test_finetune(void **state) {
    (void)state;
    check_killed("finetune");
}

static void test_compare(void **state) {
    (void)state;
    check_killed("compare");
}

static void flip_in_the_middle(const char *path) {
    int file = open(path, O_RDWR);
    assert_true(file >= 0);
    char byte;
    off_t at = lseek(file, 0, SEEK_END) / 2;
    assert_int_equal(pread(file, &byte, 1, at), 1);
    byte = (char)(byte ^ 64);
    assert_int_equal(pwrite(file, &byte, 1, at), 1);
    assert_int_equal(close(file), 0);
}

/* After test_compare: of a run that was killed, the newest checkpoint of its fine-tuning is changed. */
static void test_compare_passes_over_a_damaged_checkpoint(void **state) {
    (void)state;
    char straight[128], folder[128], checkpoint[192], same[512];
    Error err = {0};
    int null = open("/dev/null", O_RDWR), newest = 0;
    snprintf(straight, sizeof straight, "%s/compare-straight", home);
    snprintf(folder, sizeof folder, "%s/compare-damaged", home);
    do {
        CHECK_OK(folder_remove(folder, &err), &err);
        pid_t child = start("compare", folder, null);
        snprintf(checkpoint, sizeof checkpoint, "%s/finetune/checkpoint-10", folder);
        while (!folder_exists(checkpoint) && !is_over(child)) sched_yield();
        (void)kill(child, SIGKILL);
        (void)program_wait(child);
        for (int step = 5; step < 30; step++) {
            snprintf(checkpoint, sizeof checkpoint, "%s/finetune/checkpoint-%d", folder, step);
            if (folder_exists(checkpoint)) newest = step;
        }
        snprintf(checkpoint, sizeof checkpoint, "%s/finetune/entry.json", folder);
    } while (newest < 10 || file_exists(checkpoint)); /* else there is none before it, or all was over */
    snprintf(checkpoint, sizeof checkpoint, "%s/finetune/checkpoint-%d/model.safetensors", folder, newest);
    flip_in_the_middle(checkpoint);
    (void)run_to_the_end("compare", folder, "passed over");
    snprintf(same, sizeof same, TESTS_FOLDER "/same_run %s %s >&2", straight, folder);
    if (system(same) != 0) fail_msg("%s", same);
    (void)close(null);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finetune),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_compare_passes_over_a_damaged_checkpoint),
    };
    return cmocka_run_group_tests(tests, make_home, home_remove);
}
