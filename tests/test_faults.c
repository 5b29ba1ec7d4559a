/* Every command with each of its calls into the system made to fail in turn, each allocation made to fail in turn, and killed before and after each
 * write, fsync and rename. What is asked each time: an exit status of the program's own, a sentence, every file whole, and that the same command ends
 * well afterwards. One run of a command is enough for all of it: at each call a copy of the process meets its fault (faults.h).
 *
 *   test_faults [GROUP [COMMAND [EVERY]]]   files, system, killed, threads or memory, of one command of the table below; all without. EVERY: how many of the
 *                                           copies one is followed by the same command without a fault; 1 for all */
#include "tests/check.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>

#include "common/file.h"
#include "tests/program.h"

static const char MODEL[] = TESTS_FOLDER "/golden/tiny-distilbert", BERT[] = TESTS_FOLDER "/golden/tiny-bert";
static const char *only; /* NULL: every command */
static long try_again_every;
static char home[64], data[96], parts[96], tuned[96], compared[96], lines[96], cache[96], place[96], copies[96], straight[96];

/* ---- the commands ---- */

/* Relative, as copies need it, in `place`. */
static const char OUT[] = "./out"; /* a slash, by which a sentence is known to name a path */

#define WITH_MODEL "--model", MODEL, "--data", data, "--output_dir", OUT, "--num_threads", "1"
#define COMPARE "compare", WITH_MODEL, "--no_cache", "--epochs", "1", "--entries"
typedef struct Case {
    const char *name;
    bool is_run;      /* writes a whole run: measured figures in it, seconds to make */
    const char *words[26];
} Case;
/* compare with one entry each: where the only entry fails the command ends. Then report, over all of them. */
static const Case CASES[] = {
    {"finetune", false, {"finetune", WITH_MODEL, "--epochs", "1"}},
    {"features", false, {"features", WITH_MODEL, "--no_cache"}},
    {"features-cached", false, {"features", WITH_MODEL, "--cache_dir", "./cache"}},
    {"features-found", false, {"features", WITH_MODEL, "--cache_dir", cache}},
    {"train", false, {"train", WITH_MODEL, "--no_cache"}},
    {"train-cached", false, {"train", WITH_MODEL, "--cache_dir", "./cache"}},
    {"train-found", false, {"train", WITH_MODEL, "--cache_dir", cache}},
    {"words", false, {"train", "--features", "tfidf", "--C", "1", "--data", data, "--output_dir", OUT, "--num_threads", "1"}},
    {"predict", false, {"predict", "--model", tuned, "--file", data, "--num_threads", "1"}},
    {"predict-lines", false, {"predict", "--model", tuned, "--file", lines, "--num_threads", "1"}},
    {"predict-stream", false, {"predict", "--model", tuned, "-", "--num_threads", "1"}},
    {"evaluate", false, {"evaluate", "--model", tuned, "--data", data, "--num_threads", "1", "--output_dir", OUT}},
    {"explore", false, {"explore", data, "--model", MODEL, "--num_threads", "1"}},
    {"folder", false, {"explore", parts, "--output_dir", OUT, "--num_threads", "1"}},
    {"tokenize", false, {"tokenize", "--model", MODEL, "the good film"}},
    {"tokenize-stream", false, {"tokenize", "--model", MODEL, "-"}},
    {"doctor", true, {"doctor", "--num_threads", "1", "--cache_dir", "./cache"}},
    {"help", false, {"help"}},
    {"--help", false, {"--help"}},
    {"help-bash", false, {"help", "--output_format", "bash"}},
    {"help-man", false, {"help", "predict", "--output_format", "man"}},
    {"compare-help", false, {"compare", "--help"}},
    {"--version", false, {"--version"}},
    {"convert", false, {"convert", "--model", BERT, "--to", "distilbert", "--output_dir", OUT}},
    {"quantize", false, {"quantize", "--model", tuned, "--output_dir", OUT, "--num_threads", "1"}},
    {"compare-tuned", true, {COMPARE, "finetune"}},
    {"compare-frozen", true, {COMPARE, "cls-logreg"}},
    {"compare-words", true, {COMPARE, "tfidf-logreg"}},
    {"compare-curve", true, {COMPARE, "tfidf-logreg", "--learning_curve", "0.5,1"}},
    {"compare-tune", true, {"compare", WITH_MODEL, "--no_cache", "--entries", "tfidf-logreg", "--tune", "quick"}},
    {"report", true, {"report", compared, "--output_dir", OUT, "--num_threads", "1"}},
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
    int error;
    const char *path;  /* NULL: about any */
} Fault;

/* How the copy ended in which the N-th call was hit. */
typedef struct End {
    const Case *job;
    long at, blocks; /* blocks: taken and not given back */
    int status;
    char hit[512], *out, *err;
} End;

/* With the library at hand, which does nothing unless FAULT_CALLS is set, but draws pictures quickly. */
static Ran run_words(const Case *job) {
    char *words[28] = {(char *)(uintptr_t)"twofold"};
    for (int i = 0; job->words[i]; i++) words[i + 1] = (char *)(uintptr_t)job->words[i];
    setenv("LD_PRELOAD", FAULTS_LIBRARY, 1);
    Ran ran = program_run_words("the good film\nthe bad rain\n\nno film\n", words);
    unsetenv("LD_PRELOAD");
    return ran;
}

static void go_to(const char *folder) {
    if (chdir(folder) != 0) fail_msg("%s: %s", folder, strerror(errno));
}

static void put_number(const char *name, long number) {
    char text[32];
    snprintf(text, sizeof text, "%ld", number);
    setenv(name, text, 1);
}

/* A whole run makes ten times as many calls as there are places in the program from which they come: of such a command each place is hit once, and among
 * all other commands every eighth of them, unless it was asked for by name. */
enum { AMONG_OTHERS = 8 };
static bool takes_places(const Case *job, const Fault *fault) { return (job->is_run || strcmp(fault->calls, "system") == 0) && !fault->path; }
static long hit_every(const Case *job, const Fault *fault) { return job->is_run && takes_places(job, fault) && !only ? AMONG_OTHERS : 1; }

/* In `place`. At 0 nothing is hit; how many calls there were, and blocks of memory not given back. */
static Ran run_with(const Case *job, const Fault *fault, long at, bool in_copies, long *calls, long *blocks) {
    char report[128];
    snprintf(report, sizeof report, "%s/report", home);
    (void)unlink(report);
    setenv("FAULT_CALLS", fault->calls, 1);
    setenv("FAULT_ACTION", fault->action, 1);
    put_number("FAULT_AT", at);
    put_number("FAULT_ERROR", fault->error);
    setenv("FAULT_REPORT", report, 1);
    setenv("FAULT_PATH", fault->path ? fault->path : "", 1);
    if (takes_places(job, fault)) setenv("FAULT_PLACES", "1", 1);
    if (in_copies) setenv("FAULT_COPIES", copies, 1);
    Ran ran = run_words(job);
    unsetenv("FAULT_CALLS");
    unsetenv("FAULT_COPIES");
    unsetenv("FAULT_PLACES");
    *calls = *blocks = -1;
    FILE *file = fopen(report, "r");
    if (!file) return ran;
    if (fscanf(file, "%ld %ld", calls, blocks) != 2) fail_msg("%s: the report cannot be read", job->name);
    fclose(file);
    return ran;
}

/* ---- what is there afterwards ---- */

/* Files in which measured figures stand: that they are there is all that is compared, but by same_run. */
static bool is_measured(const char *path) {
    static const char *const PARTS[] = {"env.json",     "_results.json", "trainer_state.json", "entry.json", "progress.json",
                                        "compare.json", "report.",       "costs",              "README.md",  "key.json",
                                        "learning_curve", "tuning.csv", "/tune.json"};
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

static int compare_one(const char *path, const struct stat *status, int flag, struct FTW *at) {
    (void)status, (void)at;
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

static void check_whole(const End *end) {
    if (folder_exists(OUT) && !is_part_of(OUT, straight)) fail_msg("%s, call %ld (%s): %s is not whole", end->job->name, end->at, end->hit, different);
}

/* The same command again, without faults. */
static void check_goes_on(const End *end) {
    Ran ran = run_words(end->job);
    if (ran.status != 0) fail_msg("%s after call %ld (%s): status %d: %s", end->job->name, end->at, end->hit, ran.status, ran.err);
    ran_free(&ran);
    if (!folder_exists(straight)) return;
    char command[512];
    snprintf(command, sizeof command, TESTS_FOLDER "/same_run %s %s >&2", straight, OUT);
    if (system(command) != 0) fail_msg("%s after call %ld (%s): another run", end->job->name, end->at, end->hit);
}

static void empty(const char *folder) {
    Error err = {0};
    CHECK_OK(folder_remove(folder, &err) && folder_make(folder, &err), &err);
}

/* The run without faults, its folder in `straight`; returns how many calls of these kinds it makes. */
static long run_straight(const Case *job, const Fault *fault, Ran *ran) {
    Error err = {0};
    long calls, blocks;
    empty(place);
    CHECK_OK(folder_remove(straight, &err), &err);
    go_to(place);
    *ran = run_with(job, fault, 0, false, &calls, &blocks);
    if (ran->status != 0 || calls < 1) fail_msg("%s: status %d, %ld calls: %s", job->name, ran->status, calls, ran->err);
    if (blocks > 0) fail_msg("%s: %ld blocks of memory are not given back", job->name, blocks);
    if (folder_exists(OUT)) assert_int_equal(rename(OUT, straight), 0);
    return calls;
}

static char *said(long at, const char *stream) {
    char path[160];
    FileMap map = {0};
    Error err = {0};
    snprintf(path, sizeof path, "%s/%ld.%s", copies, at, stream);
    CHECK_OK(file_map(&map, path, ERROR_PATH, &err), &err);
    char *text = calloc(1, map.size + 1);
    assert_non_null(text);
    if (map.size) memcpy(text, map.data, map.size);
    file_unmap(&map);
    return text;
}

/* A status that the program chose, and when it failed a last sentence, with a path where it is about one (a mapping may be memory alone). */
static void check_answer(const End *end, bool needs_path) {
    const char *sentence = strstr(end->err, "twofold: ");
    bool known = end->status == 0 || end->status == 1 || (end->status >= 3 && end->status <= 5);
    bool told = end->status == 0 || (sentence && (!needs_path || strchr(sentence, '/') || strstr(sentence, "standard output") ||
                                                               strstr(sentence, "out of memory")));
    if (!known || !told) fail_msg("%s, call %ld (%s): status %d: %s", end->job->name, end->at, end->hit, end->status, end->err);
}

/* One that did without the call has done all that it should. */
static void check_complete(const End *end, const Ran *whole) {
    if (end->status != 0) return;
    if (!end->job->is_run && strcmp(end->out, whole->out) != 0)
        fail_msg("%s, call %ld (%s): ends well, and says another thing: %s", end->job->name, end->at, end->hit, end->out);
    if (folder_exists(straight) && (!folder_exists(OUT) || !is_part_of(straight, OUT)))
        fail_msg("%s, call %ld (%s): ends well without %s", end->job->name, end->at, end->hit, different);
}

typedef void (*Check)(const End *end, const Ran *whole);

/* Runs the command once, with a copy hit at each of these calls, and has each copy looked at, from within its folder. */
static void hit_each(const Case *job, const Fault *fault, Check check) {
    Ran whole;
    char path[160], line[600];
    long count = run_straight(job, fault, &whole), calls, blocks, ends = 0, refused = 0, again = 0;
    empty(place);
    empty(copies);
    go_to(place);
    long every_place = hit_every(job, fault);
    Ran ran = run_with(job, fault, every_place, true, &calls, &blocks);
    if (ran.status != 0) fail_msg("%s among its copies: status %d: %s", job->name, ran.status, ran.err);
    ran_free(&ran);
    snprintf(path, sizeof path, "%s/ends", copies);
    FILE *list = fopen(path, "r");
    assert_non_null(list);
    while (fgets(line, sizeof line, list)) {
        End end = {.job = job};
        int used = 0;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%ld %d %ld %n", &end.at, &end.status, &end.blocks, &used) != 3) fail_msg("%s", line);
        snprintf(end.hit, sizeof end.hit, "%.500s", line + used);
        end.out = said(end.at, "out");
        end.err = said(end.at, "err");
        snprintf(path, sizeof path, "%s/%ld", copies, end.at);
        go_to(path);
        check(&end, &whole);
        long every = try_again_every ? try_again_every : job->is_run ? 40 : 7;
        if (ends % every == 0) {
            check_goes_on(&end);
            again++;
        }
        free(end.out);
        free(end.err);
        ends++;
        refused += end.status != 0;
    }
    fclose(list);
    go_to(place);
    if (ends != calls / every_place || ends < 1) fail_msg("%s: %ld copies, of %ld calls", job->name, ends, calls);
    print_message("%-14s %5ld calls (%s, %s; %ld where nothing fails): %ld end the command, %ld are followed by the same command\n", job->name, ends,
                  fault->calls, fault->error ? strerror(fault->error) : fault->action, count, refused, again);
    ran_free(&whole);
}

/* ---- calls that fail ---- */

static void check_failed_call(const End *end, const Ran *whole) {
    check_answer(end, true);
    check_whole(end);
    check_complete(end, whole);
}

static void test_files_each_call_fails(void **state) {
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++)
        if (is_asked(CASES[i].name)) hit_each(&CASES[i], &(Fault){"files", "fail", EIO, NULL}, check_failed_call);
}

/* What the program asks of the system besides files and memory: most of it has an answer to fall back on.. */
static void check_failed_question(const End *end, const Ran *whole) {
    check_answer(end, false);
    check_whole(end);
    check_complete(end, whole);
}

static void test_system_each_call_fails(void **state) {
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++)
        if (is_asked(CASES[i].name)) hit_each(&CASES[i], &(Fault){"system", "fail", EIO, NULL}, check_failed_question);
}

/* The calls by which the program starts itself again for other kernels of OpenBLAS, on processors for which it does: it goes on without. */
static void test_system_that_does_not_start_again(void **state) {
    (void)state;
    static const char *const NAMES[] = {"setenv", "readlink", "execv"};
    char core[64];
    snprintf(core, sizeof core, "%s", getenv("OPENBLAS_CORETYPE"));
    unsetenv("OPENBLAS_CORETYPE");
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        long calls, blocks;
        if (!is_asked("tokenize")) continue;
        empty(place);
        go_to(place);
        Ran ran = run_with(case_named("tokenize"), &(Fault){NAMES[i], "fail", EIO, NULL}, 1, false, &calls, &blocks);
        if (ran.status != 0 || !strstr(ran.out, "good")) fail_msg("%s: status %d: %s", NAMES[i], ran.status, ran.err);
        print_message("%s: %s\n", NAMES[i], calls ? "failed once" : "not called on this processor");
        ran_free(&ran);
    }
    setenv("OPENBLAS_CORETYPE", core, 1);
}

static void test_files_disk_full(void **state) {
    (void)state;
    static const char *const NAMES[] = {"finetune", "features", "train", "convert", "quantize", "compare-tuned", "report"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (is_asked(NAMES[i]))
            hit_each(case_named(NAMES[i]), &(Fault){"write,fsync,close,mkdir,mkostemps", "fail", ENOSPC, NULL}, check_failed_call);
}

/* A write or read that does less than it was asked for goes on where it stopped: all ends well. */
static void check_short_call(const End *end, const Ran *whole) {
    if (end->status != 0) fail_msg("%s, call %ld (%s): %s", end->job->name, end->at, end->hit, end->err);
    check_complete(end, whole);
    check_whole(end);
}

static void test_files_short_writes(void **state) {
    (void)state;
    static const char *const NAMES[] = {"finetune", "features", "train", "predict", "report"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (is_asked(NAMES[i])) hit_each(case_named(NAMES[i]), &(Fault){"write,read", "short", 0, NULL}, check_short_call);
}

/* A process with several threads cannot make copies of itself: here each failure is a run. */
static void test_threads_that_do_not_start(void **state) {
    (void)state;
    static const char *const NAMES[] = {"finetune", "predict", "explore", "compare-words"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (!is_asked(NAMES[i])) continue;
        Case job = *case_named(NAMES[i]);
        Ran whole;
        long calls, blocks;
        for (int w = 1; job.words[w]; w++)
            if (strcmp(job.words[w - 1], "--num_threads") == 0) job.words[w] = "3";
        Fault fault = {"pthread_create", "fail", EAGAIN, NULL};
        long count = run_straight(&job, &fault, &whole);
        for (long at = 1; at <= count; at++) {
            empty(place);
            go_to(place);
            Ran ran = run_with(&job, &fault, at, false, &calls, &blocks);
            if (ran.status != 1 || !strstr(ran.err, "threads")) fail_msg("%s, thread %ld: status %d: %s", job.name, at, ran.status, ran.err);
            ran_free(&ran);
        }
        ran_free(&whole);
    }
}

/* ---- killed ---- */

static void check_killed(const End *end, const Ran *whole) {
    (void)whole;
    if (end->status != 128 + SIGKILL) fail_msg("%s, call %ld (%s): status %d: %s", end->job->name, end->at, end->hit, end->status, end->err);
    check_whole(end);
    if (!try_again_every) check_goes_on(end);
}

/* Of compare one save: the checkpoint of its fine-tuning, then that entry's model and record; each copy's run is made anew. */
static void kill_at_each(const char *action) {
    static const struct {
        const char *name, *path;
    } SAVES[] = {{"finetune", NULL}, {"train", NULL}, {"compare-tuned", "out/finetune/.unfinished"}, {"compare-tuned", "out/finetune/entry"},
                 {"compare-tuned", "out/finetune/answers"}, {"compare-tuned", "out/compare.json"}};
    for (size_t i = 0; i < sizeof SAVES / sizeof *SAVES; i++)
        if (is_asked(SAVES[i].name))
            hit_each(case_named(SAVES[i].name), &(Fault){"write,fsync,rename,renameat2", action, 0, SAVES[i].path}, check_killed);
}

static void test_killed_before_each(void **state) {
    (void)state;
    kill_at_each("kill_before");
}

static void test_killed_after_each(void **state) {
    (void)state;
    kill_at_each("kill_after");
}

/* ---- memory ---- */

/* What a copy has not given back is asked of a process by itself, which has nothing that was made before the copy. */
static void check_given_back(const End *end) {
    long calls, blocks;
    empty(place);
    go_to(place);
    Ran ran = run_with(end->job, &(Fault){"memory", "fail", ENOMEM, NULL}, end->at, false, &calls, &blocks);
    if (blocks > 0) fail_msg("%s, allocation %ld: %ld blocks are not given back: %s", end->job->name, end->at, blocks, ran.err);
    ran_free(&ran);
}

static void check_failed_allocation(const End *end, const Ran *whole) {
    check_answer(end, false);
    check_whole(end);
    check_complete(end, whole);
    if (end->blocks > 0) check_given_back(end);
    if (end->status != 0 && end->status != 1)
        fail_msg("%s, allocation %ld: status %d: %s", end->job->name, end->at, end->status, end->err);
}

static void test_memory_each_allocation_fails(void **state) {
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++)
        if (is_asked(CASES[i].name)) hit_each(&CASES[i], &(Fault){"memory", "fail", ENOMEM, NULL}, check_failed_allocation);
}

/* ---- */

static int make_home(void **state) {
    (void)state;
    snprintf(home, sizeof home, "%s/twofold-faults-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(home)) return 1;
    snprintf(data, sizeof data, "%s/rows.csv", home);
    snprintf(parts, sizeof parts, "%s/parts", home);
    snprintf(tuned, sizeof tuned, "%s/tuned", home);
    snprintf(compared, sizeof compared, "%s/compared", home);
    snprintf(lines, sizeof lines, "%s/lines.txt", home);
    snprintf(cache, sizeof cache, "%s/cache", home);
    snprintf(place, sizeof place, "%s/place", home);
    snprintf(copies, sizeof copies, "%s/copies", home);
    snprintf(straight, sizeof straight, "%s/straight", home);
    setenv("OMP_NUM_THREADS", "1", 1); /* what doctor has oneDNN do on threads of its own would stand still in a copy */
    setenv("OPENBLAS_CORETYPE", "Haswell", 1); /* chosen: the program does not start itself again for it */
    FILE *file = fopen(data, "w");
    if (!file) return 1;
    fprintf(file, "text,label\n");
    for (int r = 0; r < 40; r++) fprintf(file, "the %s film %d,%s\n", r % 2 ? "good sun" : "bad rain", r, r % 2 ? "glad" : "sad");
    if (fclose(file) != 0 || mkdir(parts, 0755) != 0 || !(file = fopen(lines, "w"))) return 1;
    fprintf(file, "the good film\nthe bad rain\n");
    if (fclose(file) != 0) return 1;
    static const char *const SPLITS[] = {"train.csv", "val.csv", "test.csv"};
    for (int i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", parts, SPLITS[i]);
        if (link(data, path) != 0) return 1;
    }
    CHECK_RUN(0, "", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", tuned, "--epochs", "1");
    CHECK_RUN(0, "", NULL, "features", "--model", MODEL, "--data", data, "--output_dir", straight, "--cache_dir", cache);
    CHECK_RUN(0, "", NULL, "train", "--model", MODEL, "--data", data, "--output_dir", place, "--cache_dir", cache);
    CHECK_RUN(0, "", NULL, "compare", "--model", MODEL, "--data", data, "--output_dir", compared, "--epochs", "1", "--no_cache", "--entries",
              "tfidf-logreg,finetune");
    return 0;
}

static int remove_home(void **state) {
    (void)state;
    return chdir("/") == 0 && folder_remove(home, NULL) ? 0 : 1;
}

int main(int count, char **words) {
    if (strstr(FAULTS_LIBRARY, "none")) skip_all("a sanitizer's own calls stand in the way of those that are made to fail");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_each_call_fails),     cmocka_unit_test(test_files_disk_full),    cmocka_unit_test(test_files_short_writes),
        cmocka_unit_test(test_threads_that_do_not_start), cmocka_unit_test(test_killed_before_each), cmocka_unit_test(test_killed_after_each),
        cmocka_unit_test(test_memory_each_allocation_fails), cmocka_unit_test(test_system_each_call_fails),
        cmocka_unit_test(test_system_that_does_not_start_again),
    };
    char filter[64];
    snprintf(filter, sizeof filter, "test_%s_*", count > 1 ? words[1] : "");
    if (count > 1) cmocka_set_test_filter(filter);
    if (count > 2) only = words[2];
    if (count > 3) try_again_every = atol(words[3]);
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
