/* Same text, same answer, whatever surrounds it: one matrix of commands, threads, token budgets, orders of rows, a text alone and
 * precisions, on path A and path B; and training that gives the same bytes on any number of threads.
 *   test_answers          a tiny encoder: every number of threads with every order of rows
 *   test_answers real     the real one, where it is there: every number of threads with two of the orders, and shorter training, which
 *                         leaves out no dimension and most of the time that starting takes */
#include <sched.h>

#include "tests/answers.h"

#include "common/sha256.h"
#include "encoder/sweep.h"
#include "encoder/text_encoder.h"

enum { ORDERS = 4, ORDER_MOST = 2 * TEXTS };

static const char *const MODELS[] = {"cls-logreg", "finetune"}; /* path A, path B */
enum { PATHS = sizeof MODELS / sizeof *MODELS };
static const char *const PRECISIONS[] = {"float32", "bfloat16", "int8"};
static const int THREADS[] = {1, 2, 3, 8};
/* --max_batch_tokens, from a row a batch to all rows in one. The combinations are those of threads × orders, where each budget meets each of both. */
static const int BUDGETS[] = {1, 40, 600, 65536};

static int budget_of(int order, size_t threads) { return BUDGETS[((size_t)order + threads) % 4]; }

static Place place;
static const char *encoder_folder;
static bool is_real;

static bool is_left_out(int order, size_t threads) { return is_real && ((size_t)order + threads) % 2 != 0; }

/* ---- running ---- */

/* The words are separated by single spaces; "@" at the start of one stands for the place's folder and a slash. */
static Ran run(const char *input, const char *format, ...) __attribute__((format(printf, 2, 3)));
static Ran run(const char *input, const char *format, ...) {
    char program[] = "twofold", line[2048], paths[16][256], *words[PROGRAM_WORDS_MOST] = {program};
    int count = 1, used = 0;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    char *rest;
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
        if (*word != '@') continue;
        assert_true(used < 16 && count < PROGRAM_WORDS_MOST);
        (void)snprintf(paths[used], sizeof paths[0], "%s/%s", place.folder, word + 1);
        words[count - 1] = paths[used++];
    }
    words[count] = NULL;
    return program_run_words(input, words);
}

static void run_well(const char *what, Ran ran) {
    if (ran.status != 0) fail_msg("%s: status %d: %s", what, ran.status, ran.err);
    ran_free(&ran);
}

static const char *at_place(const char *name) {
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", place.folder, name);
    return path;
}

/* As they are, backwards, shuffled, and each twice. */
static int lay_out(int order[ORDER_MOST], int kind) {
    int count = kind == 3 ? 2 * TEXTS : TEXTS;
    Random random = random_start(5, STREAM_TEST, 1);
    for (int i = 0; i < count; i++) order[i] = kind == 1 ? TEXTS - 1 - i : i % TEXTS;
    if (kind >= 2) random_shuffle(&random, order, count);
    return count;
}

/* "--dtype bfloat16", or "" for float32 where there is no such flag; NULL when it is not for this processor or not there. */
static const char *dtype_flag(const char *command, const char *dtype) {
    static char flag[32];
    Ran help = run(NULL, "%s --help", command);
    bool has = strstr(help.out, "--dtype") != NULL, has_type = has && strstr(help.out, dtype) != NULL;
    ran_free(&help);
    if (!has) return strcmp(dtype, "float32") == 0 ? "" : NULL;
    if (!has_type) return NULL;
    (void)snprintf(flag, sizeof flag, "--dtype %s", dtype);
    Ran probe = run("food\n", "predict --model @base/finetune/model - --num_threads 1 %s", flag);
    bool works = probe.status == 0;
    ran_free(&probe);
    return works ? flag : NULL;
}

/* ---- setup: the models, by compare on one thread ---- */

static void compare_into(const char *name, const char *data, const char *flags) {
    run_well(name, run(NULL,
                       "compare --model %s --data @%s --output_dir @%s --entries tfidf-logreg,cls-logreg,finetune %s "
                       "--batch_size 8 --learning_rate 1e-3 --no_cache --quiet %s",
                       encoder_folder, data, name,
                       is_real ? "--max_steps 4 --save_strategy no --no_load_best_model_at_end" : "--epochs 2", flags));
}

static int setup(void **state) {
    (void)state;
    int order[ORDER_MOST];
    make_place(&place);
    for (int kind = 0; kind < ORDERS; kind++) {
        char name[32];
        int count = lay_out(order, kind);
        (void)snprintf(name, sizeof name, "texts%d.csv", kind);
        put_texts(&place, name, order, count, true);
    }
    (void)lay_out(order, 0);
    put_data(&place, "data", order);
    (void)lay_out(order, 2);
    put_data(&place, "shuffled", order);
    compare_into("base", "data", "--num_threads 1");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return folder_remove(place.folder, NULL) ? 0 : -1;
}

/* What compare said of the model's test rows. */
static Answers answers_of(const char *folder, const char *model) {
    Answers answers = {0};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s/predictions.csv", folder, model);
    gather_csv(&answers, &place, at_place(path), path);
    return answers;
}

/* ---- commands ---- */

/* A model of a run, and the precision it is asked in: a flag. */
typedef struct Subject {
    const char *run, *model, *dtype;
} Subject;

static void check_predict(const Subject *s, const Answers *expected) {
    char what[128];
    for (int kind = 0; kind < ORDERS; kind++)
        for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++) {
            Answers found = {0};
            if (is_left_out(kind, t)) continue;
            (void)snprintf(what, sizeof what, "predict %s %s, order %d, %d threads, %d tokens", s->model, s->dtype, kind, THREADS[t], budget_of(kind, t));
            Ran ran = run(NULL, "predict --model @%s/%s/model --file @texts%d.csv --top_k 3 --num_threads %d --max_batch_tokens %d %s", s->run, s->model,
                          kind, THREADS[t], budget_of(kind, t), s->dtype);
            gather_lines(&found, &place, &ran, what);
            check_same(expected, &found, TEXTS, what);
            ran_free(&ran);
        }
}

/* By --text, and as one line of standard input among others, each answered as it comes. */
static void check_alone(const Subject *s, const Answers *expected) {
    char folder[256];
    (void)snprintf(folder, sizeof folder, "%s/%s/%s/model", place.folder, s->run, s->model);
    Answers found = {0};
    int step = is_real ? 15 : 5; /* odd: on one and on three threads */
    for (int i = 0; i < TEXTS; i += step) {
        Ran ran = program_run(NULL, "predict", "--model", folder, "--text", place.texts[i], "--top_k", "3", "--num_threads",
                              i % 2 ? "1" : "3", *s->dtype ? "--dtype" : NULL, *s->dtype ? strchr(s->dtype, ' ') + 1 : NULL, NULL);
        gather_lines(&found, &place, &ran, "one text alone");
        ran_free(&ran);
    }
    check_same(expected, &found, TEXTS / step, "one text alone");
    Buffer lines = {0};
    for (int i = TEXTS - 1; i >= 0; i--) buffer_printf(&lines, "%s\n", place.texts[i]);
    found = (Answers){0};
    Ran ran = run(lines.data, "predict --model @%s/%s/model - --top_k 3 --num_threads 2 %s", s->run, s->model, s->dtype);
    gather_lines(&found, &place, &ran, "lines as they come");
    check_same(expected, &found, TEXTS, "lines as they come");
    ran_free(&ran);
    buffer_free(&lines);
}

static void check_evaluate(const Subject *s, const Answers *expected) {
    char what[128];
    for (int kind = 0; kind < ORDERS; kind++)
        for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++) {
            Answers found = {0};
            if (is_left_out(kind, t)) continue;
            int budget = budget_of(kind + 1, t); /* others than predict has with these */
            (void)snprintf(what, sizeof what, "evaluate %s %s, order %d, %d threads, %d tokens", s->model, s->dtype, kind, THREADS[t], budget);
            run_well(what,
                     run(NULL,
                         "evaluate --model @%s/%s/model --data @texts%d.csv --output_dir @evaluated --num_threads %d --max_batch_tokens %d --quiet %s",
                         s->run, s->model, kind, THREADS[t], budget, s->dtype));
            gather_csv(&found, &place, at_place("evaluated/predictions.csv"), what);
            check_same(expected, &found, TEXTS, what);
            assert_true(folder_remove(at_place("evaluated"), NULL));
        }
}

static void check_commands(const Subject *s, const Answers *expected) {
    check_predict(s, expected);
    check_alone(s, expected);
    check_evaluate(s, expected);
}

static void answers_do_not_depend_on_company(void **state) {
    (void)state;
    for (size_t m = 0; m < PATHS; m++) {
        Answers compared = answers_of("base", MODELS[m]);
        for (size_t d = 0; d < sizeof PRECISIONS / sizeof *PRECISIONS; d++) {
            const char *flag = dtype_flag("predict", PRECISIONS[d]);
            if (!flag) {
                print_message("%s: not on this processor\n", PRECISIONS[d]);
                continue;
            }
            char dtype[32];
            (void)snprintf(dtype, sizeof dtype, "%s", flag);
            Answers first = compared; /* compare computed in float32: the others begin with what predict says */
            if (d > 0) {
                first = (Answers){0};
                Ran ran =
                    run(NULL, "predict --model @base/%s/model --file @texts0.csv --top_k 3 --num_threads 1 %s", MODELS[m], dtype);
                gather_lines(&first, &place, &ran, PRECISIONS[d]);
                ran_free(&ran);
            }
            check_commands(&(Subject){"base", MODELS[m], dtype}, &first);
        }
    }
    Answers words = answers_of("base", "tfidf-logreg");
    check_commands(&(Subject){"base", "tfidf-logreg", ""}, &words);
}

static void features_do_not_depend_on_company(void **state) {
    (void)state;
    int order[ORDER_MOST];
    for (size_t d = 0; d < sizeof PRECISIONS / sizeof *PRECISIONS; d++) {
        const char *flag = dtype_flag("features", PRECISIONS[d]);
        char dtype[32], what[128];
        if (!flag) continue;
        (void)snprintf(dtype, sizeof dtype, "%s", flag);
        Answers first = {0};
        for (int kind = 0; kind < ORDERS; kind++)
            for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++) {
                Answers found = {0};
                if (is_left_out(kind, t)) continue;
                int count = lay_out(order, kind);
                (void)snprintf(what, sizeof what, "features %s, order %d, %d threads, %d tokens", dtype, kind, THREADS[t], budget_of(kind + 2, t));
                run_well(what,
                         run(NULL,
                             "features --model %s --data @texts%d.csv --pooling mean --output_dir @features%d%zu --no_cache "
                             "--quiet --num_threads %d --max_batch_tokens %d %s",
                             encoder_folder, kind, kind, t, THREADS[t], budget_of(kind + 2, t), dtype));
                char name[64];
                (void)snprintf(name, sizeof name, "features%d%zu/features.npy", kind, t);
                gather_features(&found, at_place(name), order, count, what);
                (void)snprintf(name, sizeof name, "features%d%zu", kind, t);
                assert_true(folder_remove(at_place(name), NULL));
                if (kind == 0 && t == 0) {
                    first = found;
                    continue;
                }
                check_same(&first, &found, TEXTS, what);
                answers_free(&found);
            }
        order[0] = TEXTS / 2;
        put_texts(&place, "alone.csv", order, 1, true);
        run_well("one row",
                 run(NULL, "features --model %s --data @alone.csv --pooling mean --output_dir @alone --no_cache --quiet %s",
                     encoder_folder, dtype));
        Answers found = {0};
        gather_features(&found, at_place("alone/features.npy"), order, 1, "one row");
        check_same(&first, &found, 1, "one row");
        assert_true(folder_remove(at_place("alone"), NULL));
        answers_free(&found);
        answers_free(&first);
    }
}

/* ---- token budgets, all of them with all else: within the library ---- */

typedef struct Collecting {
    Answers *answers;
    const int32_t *order; /* (count) */
    int layers;
} Collecting;

static bool collect(void *context, Workspace *workspace, const Batch *batch, int thread, Error *err) {
    (void)thread;
    (void)err;
    const Collecting *collecting = context;
    size_t width = (size_t)collecting->answers->width;
    const float *hidden = workspace_hidden(workspace, collecting->layers);
    for (int b = 0; b < batch->rows; b++) {
        int text = collecting->order[batch->row[b]];
        memcpy(collecting->answers->values + (size_t)text * width, hidden + (size_t)b * width, width * sizeof *hidden);
        collecting->answers->there[text] = true;
    }
    return true;
}

static void check_budget(const TextEncoder *encoder, const Tokens *tokens, Pool *pool, int budget, int kind, Answers *first) {
    Error err = {0};
    int order[ORDER_MOST], layers = encoder->weights.config.layers, C = encoder->weights.config.channels;
    (void)lay_out(order, kind);
    SweepOptions options = {.forward = {.cls_only = true}, .token_budget = budget};
    Sweep *sweep = sweep_new(encoder->encoder, &options, pool, &err);
    CHECK_OK(sweep, &err);
    Answers found = {.width = C, .values = mem_new((size_t)TEXTS * (size_t)C, sizeof(float), &err)};
    assert_non_null(found.values);
    CHECK_OK(sweep_run(sweep, tokens, order, TEXTS, collect, &(Collecting){&found, order, layers}, NULL, NULL, &err), &err);
    sweep_free(sweep);
    if (!first->values) {
        *first = found;
        return;
    }
    char what[96];
    (void)snprintf(what, sizeof what, "at most %d tokens, order %d, %d threads", budget, kind, pool_threads(pool));
    check_same(first, &found, TEXTS, what);
    answers_free(&found);
}

static void check_budgets(const char *dtype, const char *text, const int64_t *starts) {
    static const int budgets[] = {1, 40, 130, 600, 2000}; /* from a row a batch to all in one */
    Error err = {0};
    TextEncoder encoder = {0};
    Tokens tokens = {0};
    CHECK_OK(text_encoder_load_as(&encoder, encoder_folder, 0, 0, dtype_find(dtype), NULL, &err), &err);
    CHECK_OK(tokens_encode(&tokens, encoder.tokenizer, text, starts, TEXTS, encoder.max_length, NULL, &err), &err);
    Answers first = {0};
    for (size_t t = 0; t < sizeof THREADS / sizeof *THREADS; t++) {
        Pool *pool = pool_new(THREADS[t], &err);
        CHECK_OK(pool, &err);
        for (size_t b = 0; b < sizeof budgets / sizeof *budgets; b++)
            for (int kind = 0; kind < 3; kind++) check_budget(&encoder, &tokens, pool, budgets[b], kind, &first);
        pool_free(pool);
    }
    answers_free(&first);
    tokens_free(&tokens);
    text_encoder_free(&encoder);
}

static void hidden_states_do_not_depend_on_the_token_budget(void **state) {
    (void)state;
    Buffer text = {0};
    int64_t starts[TEXTS + 1] = {0};
    for (int i = 0; i < TEXTS; i++) {
        buffer_text(&text, place.texts[i]);
        starts[i + 1] = (int64_t)text.size;
    }
    for (size_t d = 0; d < sizeof PRECISIONS / sizeof *PRECISIONS; d++)
        if (dtype_flag("predict", PRECISIONS[d])) check_budgets(PRECISIONS[d], text.data, starts);
    buffer_free(&text);
}

/* ---- training ---- */

static void check_same_run(const char *name) {
    char command[1024];
    (void)snprintf(command, sizeof command, "%s/same_run %s/base %s/%s", TESTS_FOLDER, place.folder, place.folder, name);
    if (system(command) != 0) fail_msg("%s: not the run that one thread makes", name);
    assert_true(folder_remove(at_place(name), NULL));
}

/* A finished run is that run with another budget, too. */
static void a_budget_makes_no_other_run(void **state) {
    (void)state;
    Ran ran = run(NULL,
                  "compare --model %s --data @data --output_dir @base --entries tfidf-logreg,cls-logreg,finetune --num_threads 1 --batch_size 8 "
                  "--learning_rate 1e-3 --no_cache --max_batch_tokens 77 %s",
                  encoder_folder, is_real ? "--max_steps 4 --save_strategy no --no_load_best_model_at_end" : "--epochs 2");
    if (ran.status != 0 || !strstr(ran.err, "nothing to train")) fail_msg("status %d: %s", ran.status, ran.err);
    ran_free(&ran);
}

static void training_does_not_depend_on_threads(void **state) {
    (void)state;
    static const int threads[] = {2, 3, 8, 64}, budgets[] = {1, 65536, 40, 1024}; /* 64: more than there are cores */
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        char name[32], flags[64];
        (void)snprintf(name, sizeof name, "threads%d", threads[t]);
        (void)snprintf(flags, sizeof flags, "--num_threads %d --max_batch_tokens %d", threads[t], budgets[t]);
        compare_into(name, "data", flags);
        check_same_run(name);
    }
}

/* As where there is one core only. */
static void training_does_not_depend_on_cores(void **state) {
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (size_t core = 0; core < CPU_SETSIZE && !CPU_COUNT(&one); core++)
        if (CPU_ISSET(core, &all)) CPU_SET(core, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    compare_into("core", "data", "");
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    check_same_run("core");
}

/* Test rows in another order: what was trained is the same, and so is every answer. */
static void check_other_order(const char *run_name, const char *flags) {
    static const char *const trained[] = {"tfidf-logreg/model/classifier.safetensors", "cls-logreg/model/classifier.safetensors",
                                          "finetune/model/model.safetensors"};
    compare_into("other", "shuffled", flags);
    for (size_t m = 0; m < PATHS; m++) {
        Answers expected = answers_of(run_name, MODELS[m]), found = answers_of("other", MODELS[m]);
        check_same(&expected, &found, TEXTS, MODELS[m]);
    }
    for (size_t i = 0; i < sizeof trained / sizeof *trained; i++) {
        char a[256], b[256];
        Sha256Hex one, other;
        Error err = {0};
        (void)snprintf(a, sizeof a, "%s/%s/%s", place.folder, run_name, trained[i]);
        (void)snprintf(b, sizeof b, "%s/other/%s", place.folder, trained[i]);
        CHECK_OK(sha256_file(&one, a, &err) && sha256_file(&other, b, &err), &err);
        assert_string_equal(one.text, other.text);
    }
    assert_true(folder_remove(at_place("other"), NULL));
}

static void compare_does_not_depend_on_the_order_of_test_rows(void **state) {
    (void)state;
    check_other_order("base", "--num_threads 3");
}

/* compare as a whole in bfloat16: other commands answer as it did, and threads and order change nothing. */
static void compare_in_bfloat16(void **state) {
    (void)state;
    if (!dtype_flag("compare", "bfloat16")) skip();
    compare_into("base16", "data", "--dtype bfloat16 --num_threads 1");
    for (size_t m = 0; m < PATHS; m++) {
        Answers compared = answers_of("base16", MODELS[m]);
        check_commands(&(Subject){"base16", MODELS[m], "--dtype bfloat16"}, &compared);
    }
    check_other_order("base16", "--dtype bfloat16 --num_threads 8");
    if (!is_real) check_other_order("base16", "--dtype bfloat16 --num_threads 2");
}

int main(int count, char **words) {
    is_real = count > 1 && strcmp(words[1], "real") == 0;
    encoder_folder = is_real ? real_model_or_skip() : TESTS_FOLDER "/golden/tiny-bert";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_do_not_depend_on_company),
        cmocka_unit_test(features_do_not_depend_on_company),
        cmocka_unit_test(hidden_states_do_not_depend_on_the_token_budget),
        cmocka_unit_test(a_budget_makes_no_other_run),
        cmocka_unit_test(training_does_not_depend_on_threads),
        cmocka_unit_test(training_does_not_depend_on_cores),
        cmocka_unit_test(compare_does_not_depend_on_the_order_of_test_rows),
        cmocka_unit_test(compare_in_bfloat16),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
