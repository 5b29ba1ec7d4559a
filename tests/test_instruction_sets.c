/* Another processor gives other last bits and the same labels: what float32 predict answers with oneDNN held at each narrower instruction
 * set, and on processors without AVX-512 and without AVX emulated by qemu, against what it answers here.
 *   test_instruction_sets          a tiny encoder
 *   test_instruction_sets real     the real one, where it is there, without the emulator, which would take minutes */
#include "tests/answers.h"

/* Of a probability. Hidden states differ by some 1e-6 of their size after six layers; trained weights multiply that. The largest
 * seen are printed. docs/TRUST.md names this figure. */
static const double TOLERANCE = 1e-4;

static Place place;
static bool is_real;
static const char *encoder_folder;
static const char *const MODELS[] = {"cls-logreg", "finetune"};

static int setup(void **state) {
    (void)state;
    int order[TEXTS];
    char data[128], output[128];
    for (int i = 0; i < TEXTS; i++) order[i] = i;
    make_place(&place);
    put_data(&place, "data", order);
    put_texts(&place, "texts.csv", order, TEXTS, false);
    (void)snprintf(data, sizeof data, "%s/data", place.folder);
    (void)snprintf(output, sizeof output, "%s/run", place.folder);
    Ran ran =
        program_run(NULL, "compare", "--model", encoder_folder, "--data", data, "--output_dir", output, "--entries",
                    "cls-logreg,finetune", "--epochs", "2", "--batch_size", "8", "--learning_rate", "1e-3", "--no_cache", NULL);
    if (ran.status != 0) fail_msg("compare: %s", ran.err);
    ran_free(&ran);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return folder_remove(place.folder, NULL) ? 0 : -1;
}

/* What predict answers behind `prefix`: variables for env, or an emulator. */
static Answers answer(const char *prefix, const char *model) {
    char command[1024];
    Ran ran = {0};
    Answers answers = {0};
    (void)snprintf(command, sizeof command,
                   "%s '%s' predict --model %s/run/%s/model --file %s/texts.csv --top_k 3 --num_threads 2 2>%s/log", prefix,
                   TWOFOLD_PROGRAM, place.folder, model, place.folder, place.folder);
    FILE *pipe = popen(command, "r"), *copy = tmpfile();
    if (!pipe || !copy) fail_msg("%s does not start", command);
    for (int c; (c = fgetc(pipe)) != EOF;) (void)fputc(c, copy);
    ran.status = pclose(pipe);
    ran.out = read_all(copy, &ran.out_size);
    ran.err = strdup("see its standard error");
    (void)fclose(copy);
    gather_lines(&answers, &place, &ran, command);
    ran_free(&ran);
    return answers;
}

static void check_behind(const char *prefix) {
    for (size_t m = 0; m < sizeof MODELS / sizeof *MODELS; m++) {
        Answers here = answer("env", MODELS[m]), there = answer(prefix, MODELS[m]);
        print_message("%s: %s: probabilities within %.1e\n", prefix, MODELS[m], check_near(&here, &there, TOLERANCE, prefix));
    }
}

static void narrower_instruction_sets_give_the_same_labels(void **state) {
    (void)state;
    static const char *const sets[] = {"SSE41", "AVX2", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        char prefix[64];
        (void)snprintf(prefix, sizeof prefix, "env ONEDNN_MAX_CPU_ISA=%s", sets[i]);
        check_behind(prefix);
    }
}

/* Haswell has AVX2 and FMA, Nehalem neither; the emulator has no AVX-512 at all. */
static void emulated_processors_give_the_same_labels(void **state) {
    (void)state;
    if (is_real) return;
    if (system("command -v qemu-x86_64 >/dev/null") != 0) {
        print_message("SKIPPED: no qemu-x86_64 (Debian's qemu-user) to emulate other processors with\n");
        skip();
    }
#ifdef TWOFOLD_SANITIZED
    skip(); /* a sanitizer does not start under an emulator */
#endif
    check_behind("qemu-x86_64 -cpu max");
    check_behind("qemu-x86_64 -cpu Nehalem");
}

int main(int count, char **words) {
    is_real = count > 1 && strcmp(words[1], "real") == 0;
    encoder_folder = is_real ? real_model_or_skip() : TESTS_FOLDER "/golden/tiny-bert";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrower_instruction_sets_give_the_same_labels),
        cmocka_unit_test(emulated_processors_give_the_same_labels),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
