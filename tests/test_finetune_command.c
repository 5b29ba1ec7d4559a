/* `twofold finetune` as its user meets it; the training itself is tested in test_finetune.c. */
#include "tests/check.h"

#include <time.h>

#include "common/file.h"
#include "tests/program.h"

static const char MODEL[] = TESTS_FOLDER "/golden/tiny-distilbert";
static char folder[64], data[128], other_data[128];

/* Rows of words that go with a class more often than not. */
static void write_rows(const char *path, int rows) {
    static const char *const CLASSES[] = {"calm", "glad", "sad"};
    static const char *const WORDS[] = {"the", "film", "is", "sun", "happy", "good", "rain", "bad", "long"};
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "text,label\n");
    for (int r = 0; r < rows; r++) {
        for (int w = 0; w < 4 + r % 5; w++)
            fprintf(file, "%s ", WORDS[(r + w) % 4 ? r % 3 * 3 + (r / 3 + w) % 3 : (7 * r + 5 * w) % 9]);
        fprintf(file, "%d,%s\n", r, CLASSES[r % 3]);
    }
    assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/dev/shm/twofold-command-XXXXXX");
    if (!mkdtemp(folder)) {
        strcpy(folder, "command-XXXXXX");
        if (!mkdtemp(folder)) return 1;
    }
    snprintf(data, sizeof data, "%s/rows.csv", folder);
    snprintf(other_data, sizeof other_data, "%s/other.csv", folder);
    write_rows(data, 300);
    write_rows(other_data, 240);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(folder, NULL) ? 0 : 1;
}

static const char *inside(char path[256], const char *name) {
    snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static void check_same_file(const char *run, const char *other_run, const char *name) {
    char path[256], other_path[256];
    FileMap a = {0}, b = {0};
    Error err = {0};
    snprintf(path, sizeof path, "%s/%s/%s", folder, run, name);
    snprintf(other_path, sizeof other_path, "%s/%s/%s", folder, other_run, name);
    CHECK_OK(file_map(&a, path, ERROR_PATH, &err) && file_map(&b, other_path, ERROR_PATH, &err), &err);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    file_unmap(&a);
    file_unmap(&b);
}

static void check_files(const char *run) {
    static const char *const FILES[] = {"config.json",
                                        "model.safetensors",
                                        "tokenizer.json",
                                        "trainer_state.json",
                                        "all_results.json",
                                        "train_results.json",
                                        "eval_results.json",
                                        "metrics.json",
                                        "predictions.csv",
                                        "classification_report.txt",
                                        "errors.csv",
                                        "README.md",
                                        "checkpoint-120/optimizer.safetensors"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s/%s", folder, run, FILES[i]);
        if (!file_exists(path)) fail_msg("no %s", path);
    }
}

static void test_a_run_leaves_a_model_that_answers(void **state) {
    (void)state;
    char run[256];
    inside(run, "first");
    CHECK_RUN(0, "next      twofold predict --model", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", run,
              "--epochs", "4", "--learning_rate", "1e-3", "--num_threads", "2");
    check_files("first");
    CHECK_RUN(0, "", NULL, "predict", "--model", run, "--text", "sun happy good");
    CHECK_RUN(0, "", NULL, "evaluate", "--model", run, "--data", other_data);
    CHECK_RUN(0, "going on after step 120 of 120", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", run,
              "--epochs", "4", "--learning_rate", "1e-3", "--num_threads", "1");
    CHECK_RUN(0, "learning_rate was 0.001 and is 0.002", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", run,
              "--epochs", "4", "--learning_rate", "2e-3");
    CHECK_RUN(2, "belongs to a run on other data", NULL, "finetune", "--model", MODEL, "--data", other_data, "--output_dir", run,
              "--epochs", "1");
    CHECK_RUN(0, "trained", NULL, "finetune", "--model", MODEL, "--data", other_data, "--output_dir", run, "--epochs", "1",
              "--overwrite_output_dir");
}

/* Rows were cut to --max_length in training: the folder, and each checkpoint of it, cuts them so without being told. */
static void test_a_model_keeps_what_its_rows_were_cut_to(void **state) {
    (void)state;
    char run[256], checkpoint[256], answers[3][256];
    inside(run, "short");
    inside(checkpoint, "short/checkpoint-30");
    CHECK_RUN(0, "trained", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", run, "--epochs", "1",
              "--learning_rate", "1e-3", "--max_length", "5");
    static const char *const NAMES[] = {"told", "untold", "checkpoint"};
    for (int i = 0; i < 3; i++) inside(answers[i], NAMES[i]);
    CHECK_RUN(0, "", NULL, "evaluate", "--model", run, "--data", other_data, "--output_dir", answers[0], "--max_length", "5");
    CHECK_RUN(0, "", NULL, "evaluate", "--model", run, "--data", other_data, "--output_dir", answers[1]);
    CHECK_RUN(0, "", NULL, "evaluate", "--model", checkpoint, "--data", other_data, "--output_dir", answers[2]);
    check_same_file("told", "untold", "predictions.csv");
    check_same_file("told", "checkpoint", "predictions.csv");
    check_same_file("short", "short/checkpoint-30", "tokenizer_config.json");
}

/* Waits until the run has begun to train: then its folder holds a checkpoint, or its log says that an epoch has ended. */
static bool wait_for(const char *path) {
    for (int tries = 0; tries < 3000; tries++) {
        if (folder_exists(path)) return true;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return false;
}

static void test_an_interrupted_run_goes_on(void **state) {
    (void)state;
    char straight[256], stopped[256], checkpoint[256];
    inside(straight, "straight");
    inside(stopped, "stopped");
    inside(checkpoint, "stopped/checkpoint-30");
#define RUN_WORDS(run_) \
    "finetune", "--model", MODEL, "--data", data, "--output_dir", run_, "--epochs", "40", "--learning_rate", "1e-3"
    CHECK_RUN(0, "trained", NULL, RUN_WORDS(straight));
    const char *const words[] = {"twofold", RUN_WORDS(stopped), NULL};
    bool in_time = false;
    for (int tries = 0; !in_time; tries++) { /* on a busy machine it may be done before the signal comes */
        Error err = {0};
        assert_true(tries < 10);
        CHECK_OK(folder_remove(stopped, &err), &err);
        FILE *log = tmpfile();
        assert_non_null(log);
        pid_t child = program_start((char *const *)(uintptr_t)words, -1, fileno(log), fileno(log));
        assert_true(child > 0);
        assert_true(wait_for(checkpoint));
        (void)kill(child, SIGINT);
        int status = program_wait(child);
        char *said = read_all(log, NULL);
        fclose(log);
        bool is_late = strstr(said, "step 1200 of 1200") || strstr(said, "everything is done") || status == 0;
        if (status != 130 && !is_late) fail_msg("status %d: %s", status, said);
        in_time = !is_late && strstr(said, "the same command goes on from there");
        free(said);
    }
    CHECK_RUN(0, "going on after step", NULL, RUN_WORDS(stopped));
    check_same_file("straight", "stopped", "model.safetensors");
    check_same_file("straight", "stopped", "predictions.csv");
    check_same_file("straight", "stopped", "metrics.json");
#undef RUN_WORDS
}

static void test_what_cannot_be_is_refused_before_anything_is_made(void **state) {
    (void)state;
    char run[256];
    inside(run, "refused");
    CHECK_RUN(2, "expected 0 to 3: the encoder's layers", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", run,
              "--freeze_layers", "4");
    CHECK_RUN(2, "'acuracy'", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", run, "--metric_for_best_model",
              "acuracy");
    CHECK_RUN(2, "--early_stopping_patience needs evaluations", NULL, "finetune", "--model", MODEL, "--data", data,
              "--output_dir", run, "--early_stopping_patience", "2", "--eval_strategy", "no");
    CHECK_RUN(2, "did you mean --learning_rate", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", run,
              "--learning_rte", "1");
    CHECK_RUN(2, "needs --data", NULL, "finetune", "--model", MODEL, "--output_dir", run);
    CHECK_RUN(2, "the model's own folder", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", MODEL);
    CHECK_RUN(2, "holds something else", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", folder);
    CHECK_RUN(5, "checkpoint-9: there is no such checkpoint", NULL, "finetune", "--model", MODEL, "--data", data, "--output_dir", run,
              "--resume_from_checkpoint", "nowhere/checkpoint-9");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_leaves_a_model_that_answers),
        cmocka_unit_test(test_a_model_keeps_what_its_rows_were_cut_to),
        cmocka_unit_test(test_an_interrupted_run_goes_on),
        cmocka_unit_test(test_what_cannot_be_is_refused_before_anything_is_made),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
