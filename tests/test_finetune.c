/* Whole runs: against transformers' Trainer (tests/golden/trainer-*.json), against themselves with other threads, stopped and resumed. */
#include "tests/check.h"

#include "common/file.h"
#include "common/json.h"
#include "finetune/trainer.h"
#include "tests/finetune_fixture.h"

static double number(const Json *object, const char *key) { return json_number_or(json_get(object, key), nan("")); }

static FinetuneOptions quick_options(void) {
    FinetuneOptions options = FINETUNE_DEFAULTS;
    options.learning_rate = 1e-3;
    options.weight_decay = 0.01;
    options.per_device_train_batch_size = 4;
    options.logging_steps = 3;
    return options;
}

/* ---- Trainer is the judge ---- */

static void set_number(const Json *from, const char *key, double *to) { *to = json_number_or(json_get(from, key), *to); }

static FinetuneOptions golden_options(const Json *json) {
    FinetuneOptions options = FINETUNE_DEFAULTS;
    options.logging_steps = 1;
    set_number(json, "learning_rate", &options.learning_rate);
    set_number(json, "weight_decay", &options.weight_decay);
    set_number(json, "num_train_epochs", &options.num_train_epochs);
    set_number(json, "warmup_steps", &options.warmup_steps);
    set_number(json, "label_smoothing_factor", &options.label_smoothing_factor);
    set_number(json, "max_grad_norm", &options.max_grad_norm);
    set_number(json, "eval_steps", &options.eval_steps);
    set_number(json, "save_steps", &options.save_steps);
    options.per_device_train_batch_size = (int)number(json, "per_device_train_batch_size");
    options.seed = (uint64_t)number(json, "seed");
    if (strcmp(json_string_or(json_get(json, "eval_strategy"), ""), "steps") == 0)
        options.eval_strategy = options.save_strategy = INTERVAL_STEPS;
    if (strcmp(json_string_or(json_get(json, "lr_scheduler_type"), ""), "cosine") == 0)
        options.lr_scheduler_type = SCHEDULE_COSINE;
    return options;
}

static bool is_measured(const char *key) { return strstr(key, "_runtime") || strstr(key, "_per_second"); }

/* Every key of `wanted` is in `found` with the same value; numbers within 1e-4 of each other (gradients and losses of 26 steps, summed in
 * another order in float32). */
static void check_same(const Json *found, const Json *wanted, const char *where) {
    for (const Json *value = json_first(wanted); value; value = json_next(value)) {
        const char *key = json_key(value);
        const Json *other = json_get(found, key);
        if (json_is_array(value)) continue;
        if (!other) fail_msg("%s: no key '%s'", where, key);
        if (json_is_object(value))
            check_same(other, value, key);
        else if (json_is_string(value))
            assert_string_equal(json_string_or(other, "?"), json_string_or(value, ""));
        else if (json_is_null(value))
            assert_true(json_is_null(other));
        else if (json_is_bool(value))
            assert_int_equal(json_bool_or(other, false), json_bool_or(value, true));
        else if (!is_measured(key) && !is_close(json_number_or(other, nan("")), json_number_or(value, 0), 1e-7, 1e-4))
            fail_msg("%s: %s is %.9g, Trainer has %.9g", where, key, json_number_or(other, nan("")), json_number_or(value, 0));
    }
}

static void check_log(const Json *found, const Json *wanted) {
    const Json *line = json_first(found), *golden = json_first(wanted);
    for (; line && golden; line = json_next(line), golden = json_next(golden)) {
        char where[64];
        snprintf(where, sizeof where, "log_history, step %d", (int)number(golden, "step"));
        check_same(line, golden, where);
    }
    assert_null(line);
    assert_non_null(golden); /* the evaluation that the judge's script does after the training */
    assert_null(json_next(golden));
}

static void check_logits(const Fixture *fixture, const Json *wanted) {
    Error err = {0};
    Predictions predictions = {0};
    Encoder *encoder = encoder_new(&fixture->weights, &(EncoderOptions){0}, fixture->pool, &err);
    assert_non_null(encoder);
    CHECK_OK(finetune_predict(&predictions, encoder, &fixture->input.validation, "validation", fixture->pool, NULL, &err), &err);
    const Json *logit = json_first(wanted);
    for (int r = 0; r < predictions.rows; r++) {
        double logits[3], sum = 0;
        for (int k = 0; k < 3; k++, logit = json_next(logit)) sum += exp(logits[k] = json_number_or(logit, nan("")));
        for (int k = 0; k < 3; k++) CHECK_CLOSE(predictions.probabilities[3 * r + k], exp(logits[k]) / sum, 1e-5, 1e-4);
    }
    assert_null(logit);
    predictions_free(&predictions);
    encoder_free(encoder);
}

static Json *parse_output(const Fixture *fixture, const char *name) {
    char path[600];
    Error err = {0};
    snprintf(path, sizeof path, "%s/%s", fixture->output_dir, name);
    Json *json = json_parse_file(path, ERROR_DATA, &err);
    if (!json) fail_msg("%s", err.message);
    return json;
}

static void check_against_trainer(const char *name) {
    char path[600];
    Error err = {0};
    Fixture fixture;
    FinetuneResult result = {0};
    snprintf(path, sizeof path, "%s/golden/trainer-%s.json", TESTS_FOLDER, name);
    Json *golden = json_parse_file(path, ERROR_DATA, &err);
    if (!golden) fail_msg("%s", err.message);
    fixture_open(&fixture, json_string_or(json_get(golden, "folder"), ""), 2, false);
    FinetuneOptions options = golden_options(json_get(golden, "options"));
    CHECK_OK(finetune_run(&result, &fixture.input, &options, NULL, &err), &err);
    assert_true(result.best_loaded);

    Json *state = parse_output(&fixture, "trainer_state.json"), *results = parse_output(&fixture, "all_results.json");
    check_same(state, json_get(golden, "state"), "trainer_state.json");
    check_log(json_get(state, "log_history"), json_get(json_get(golden, "state"), "log_history"));
    check_same(results, json_get(golden, "results"), "all_results.json");
    check_logits(&fixture, json_get(golden, "logits"));
    json_free(state);
    json_free(results);
    json_free(golden);
    finetune_result_free(&result);
    fixture_close(&fixture);
}

static void test_distilbert_run_equals_trainer(void **state) {
    (void)state;
    check_against_trainer("distilbert");
}

static void test_bert_run_equals_trainer(void **state) {
    (void)state;
    check_against_trainer("bert");
}

/* ---- the same bytes ---- */

static void run_ok(Fixture *fixture, const FinetuneOptions *options) {
    Error err = {0};
    FinetuneResult result = {0};
    CHECK_OK(finetune_run(&result, &fixture->input, options, NULL, &err), &err);
    finetune_result_free(&result);
}

static void check_same_weights(const Fixture *a, const Fixture *b) {
    assert_memory_equal(a->weights.block, b->weights.block, a->weights.table.total * sizeof(float));
}

static void test_threads_do_not_change_a_bit(void **state) {
    (void)state;
    const char *const models[] = {"tiny-distilbert", "tiny-bert"};
    const int threads[] = {2, 3, 8};
    FinetuneOptions options = quick_options();
    options.num_train_epochs = 1;
    options.per_device_train_batch_size = 7;
    for (int m = 0; m < 2; m++) {
        Fixture alone;
        fixture_open(&alone, models[m], 1, true);
        run_ok(&alone, &options);
        char *log = fixture_read(&alone, "trainer_state.json");
        for (int t = 0; t < 3; t++) {
            Fixture other;
            fixture_open(&other, models[m], threads[t], true);
            run_ok(&other, &options);
            check_same_weights(&alone, &other);
            char *other_log = fixture_read(&other, "trainer_state.json");
            assert_string_equal(log, other_log);
            free(other_log);
            fixture_close(&other);
        }
        free(log);
        fixture_close(&alone);
    }
}

static void test_accumulated_batches_are_one_batch(void **state) {
    (void)state;
    Fixture whole, pieces;
    FinetuneOptions options = quick_options();
    options.per_device_train_batch_size = 8;
    fixture_open(&whole, "tiny-distilbert", 2, true);
    fixture_open(&pieces, "tiny-distilbert", 2, true);
    run_ok(&whole, &options);
    options.per_device_train_batch_size = 2;
    options.gradient_accumulation_steps = 4;
    run_ok(&pieces, &options);
    check_same_weights(&whole, &pieces);
    fixture_close(&whole);
    fixture_close(&pieces);
}

/* A batch of 12,000 tokens runs in pieces; its mean loss is that of an evaluation of the same rows. */
static void test_long_batches_are_one_mean(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = quick_options();
    fixture_open(&fixture, "tiny-bert", 2, false);
    fixture_repeat_train(&fixture, 40);
    fixture.input.validation = fixture.input.train;
    options.per_device_train_batch_size = 1600;
    options.learning_rate = 0;
    options.max_steps = 1;
    CHECK_OK(finetune_run(&result, &fixture.input, &options, NULL, &err), &err);
    assert_int_equal(result.evaluation_count, 1);
    CHECK_CLOSE(result.history[0].loss, result.evaluations[0].loss, 0, 1e-12);
    CHECK_CLOSE(result.train_loss, result.evaluations[0].loss, 0, 1e-12);
    finetune_result_free(&result);
    fixture_close(&fixture);
}

/* The gradients of a step that runs in eight pieces are the mean of those of eight steps that run in one: every piece counts, once. Only the first
 * finds what a step before has left (NaN here) where it writes. */
static void test_every_piece_counts(void **state) {
    (void)state;
    enum { PARTS = 8, ROWS = 200, ALL = PARTS * ROWS };
    Fixture fixture;
    Error err = {0};
    Trainer trainer = {0};
    FinetuneOptions options = quick_options();
    fixture_open(&fixture, "tiny-bert", 2, false);
    fixture_repeat_train(&fixture, 40);
    options.per_device_train_batch_size = ALL;
    CHECK_OK(trainer_make(&trainer, &fixture.input, &options, NULL, &err), &err);
    const WeightTable *table = &fixture.input.weights->table;
    float *sum = trainer.gradient.sum;
    double *wanted = mem_new(table->total, sizeof *wanted, &err), loss, largest = 0;
    int places[ALL];
    for (int i = 0; i < ALL; i++) places[i] = i;
    for (int part = 0; part < PARTS; part++) {
        memset(sum, 0, table->total * sizeof *sum);
        CHECK_OK(gradient_of_step(&trainer.gradient, places + part * ROWS, ROWS, 0, &loss, &err), &err);
        for (size_t i = 0; i < table->total; i++) wanted[i] += (double)sum[i] / PARTS;
    }
    memset(sum, 0, table->total * sizeof *sum);
    for (int t = 0; t < table->count; t++)
        for (size_t i = 0; table->tensors[t].linear && i < table->tensors[t].count; i++) sum[table->tensors[t].offset + i] = NAN;
    CHECK_OK(gradient_of_step(&trainer.gradient, places, ALL, 0, &loss, &err), &err);
    for (size_t i = 0; i < table->total; i++) largest = fmax(largest, fabs(wanted[i]));
    assert_true(largest > 0);
    /* float32 sums of 12,000 tokens, in another order */
    for (size_t i = 0; i < table->total; i++) CHECK_CLOSE((double)sum[i], wanted[i], 1e-5 * largest, 0);
    mem_free(wanted);
    trainer_free(&trainer);
    fixture_close(&fixture);
}

/* ---- stopped and resumed ---- */

typedef struct Stopper {
    int asked, at; /* the at-th question whether to stop is answered yes */
    char notes[4096];
} Stopper;

static bool stop_at(void *context) {
    Stopper *stopper = context;
    return ++stopper->asked == stopper->at;
}

static void keep_note(void *context, const char *sentence) {
    Stopper *stopper = context;
    strncat(stopper->notes, sentence, sizeof stopper->notes - strlen(stopper->notes) - 2);
    strcat(stopper->notes, "\n");
}

static Observer observe(Stopper *stopper) { return (Observer){.context = stopper, .note = keep_note, .stop = stop_at}; }

static FinetuneOptions thirty_steps(void) {
    FinetuneOptions options = quick_options();
    options.num_train_epochs = 3;
    options.eval_strategy = options.save_strategy = INTERVAL_STEPS;
    options.eval_steps = 5;
    options.save_steps = 10;
    options.metric_for_best_model = "loss";
    options.logging_steps = 4;
    return options;
}

typedef struct Outcome {
    char *list, *state, *results;
} Outcome;

static Outcome outcome_of(const Fixture *fixture) {
    return (Outcome){fixture_list(fixture), fixture_read(fixture, "trainer_state.json"),
                     fixture_read(fixture, "all_results.json")};
}

static void outcome_free(Outcome *outcome) {
    free(outcome->list);
    free(outcome->state);
    free(outcome->results);
}

static void check_same_outcome(const Outcome *found, const Outcome *wanted) {
    assert_string_equal(found->list, wanted->list);
    assert_string_equal(found->state, wanted->state);
    assert_string_equal(found->results, wanted->results);
}

/* Every place where the run asks whether to stop: before each of the 30 steps, and within each evaluation. */
static void test_resumed_runs_equal_the_one_that_was_not_stopped(void **state) {
    (void)state;
    Fixture straight, stopped;
    FinetuneOptions options = thirty_steps();
    fixture_open(&straight, "tiny-distilbert", 2, true);
    fixture_open(&stopped, "tiny-distilbert", 2, true);
    run_ok(&straight, &options);
    Outcome wanted = outcome_of(&straight);

    int at = 1;
    for (bool finished = false; !finished; at++) {
        Error err = {0};
        Stopper stopper = {.at = at};
        Observer observer = observe(&stopper);
        FinetuneResult result = {0};
        fixture_renew(&stopped);
        finished = finetune_run(&result, &stopped.input, &options, &observer, &err);
        finetune_result_free(&result);
        if (finished) break;
        assert_int_equal(err.kind, ERROR_INTERRUPTED);
        weights_free(&stopped.weights); /* as a new process finds it */
        CHECK_OK(weights_load(&stopped.weights, stopped.folder, -1, NULL, 0, &err), &err);
        run_ok(&stopped, &options);
        check_same_weights(&straight, &stopped);
        Outcome found = outcome_of(&stopped);
        check_same_outcome(&found, &wanted);
        outcome_free(&found);
    }
    assert_true(at > 36); /* 30 steps and 6 evaluations at least */
    outcome_free(&wanted);
    fixture_close(&straight);
    fixture_close(&stopped);
}

/* Stopped over and over, a step at a time. */
static void test_a_run_may_be_stopped_every_step(void **state) {
    (void)state;
    Fixture straight, stopped;
    FinetuneOptions options = thirty_steps();
    fixture_open(&straight, "tiny-bert", 2, true);
    fixture_open(&stopped, "tiny-bert", 2, true);
    run_ok(&straight, &options);
    int sessions = 0;
    for (bool finished = false; !finished; sessions++) {
        Error err = {0};
        Stopper stopper = {.at = 3};
        Observer observer = observe(&stopper);
        FinetuneResult result = {0};
        finished = finetune_run(&result, &stopped.input, &options, &observer, &err);
        finetune_result_free(&result);
        if (!finished) assert_int_equal(err.kind, ERROR_INTERRUPTED);
        assert_true(sessions < 100);
    }
    assert_true(sessions >= 10);
    check_same_weights(&straight, &stopped);
    Outcome wanted = outcome_of(&straight), found = outcome_of(&stopped);
    check_same_outcome(&found, &wanted);
    outcome_free(&wanted);
    outcome_free(&found);
    fixture_close(&straight);
    fixture_close(&stopped);
}

static void test_a_finished_run_is_not_trained_again(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = thirty_steps();
    fixture_open(&fixture, "tiny-bert", 1, true);
    run_ok(&fixture, &options);
    Outcome wanted = outcome_of(&fixture);
    CHECK_OK(finetune_run(&result, &fixture.input, &options, NULL, &err), &err);
    assert_int_equal(result.resumed_from, 30);
    assert_int_equal(result.evaluation_count, 6);
    Outcome found = outcome_of(&fixture);
    check_same_outcome(&found, &wanted);
    outcome_free(&wanted);
    outcome_free(&found);
    finetune_result_free(&result);
    fixture_close(&fixture);
}

/* ---- checkpoints that cannot be used ---- */

static void stop_run(Fixture *fixture, const FinetuneOptions *options, int at) {
    Error err = {0};
    Stopper stopper = {.at = at};
    Observer observer = observe(&stopper);
    FinetuneResult result = {0};
    assert_false(finetune_run(&result, &fixture->input, options, &observer, &err));
    assert_int_equal(err.kind, ERROR_INTERRUPTED);
    finetune_result_free(&result);
}

/* Changes one byte in the middle of a file, or cuts it there. */
static void damage(const Fixture *fixture, const char *name, bool cut) {
    char path[600];
    Error err = {0};
    FileMap map = {0};
    snprintf(path, sizeof path, "%s/%s", fixture->output_dir, name);
    CHECK_OK(file_map(&map, path, ERROR_PATH, &err), &err);
    unsigned char *copy = malloc(map.size);
    assert_non_null(copy);
    memcpy(copy, map.data, map.size);
    size_t size = map.size;
    file_unmap(&map);
    copy[size / 2] ^= 1;
    CHECK_OK(file_write(path, copy, cut ? size / 2 : size, &err), &err);
    free(copy);
}

static void check_passed_over(const char *file, bool cut) {
    Fixture straight, damaged;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = thirty_steps();
    char name[128];
    fixture_open(&straight, "tiny-bert", 2, true);
    fixture_open(&damaged, "tiny-bert", 2, true);
    run_ok(&straight, &options);
    stop_run(&damaged, &options, 26);
    char *list = fixture_list(&damaged), *newest = strrchr(list, '-') + 1;
    newest[strcspn(newest, "\n")] = '\0';
    int step = atoi(newest);
    assert_true(step > 20 && step < 30);
    snprintf(name, sizeof name, "checkpoint-%d/%s", step, file);
    free(list);
    damage(&damaged, name, cut);
    Stopper stopper = {0};
    Observer observer = observe(&stopper);
    CHECK_OK(finetune_run(&result, &damaged.input, &options, &observer, &err), &err);
    assert_non_null(strstr(stopper.notes, "passed over"));
    assert_int_equal(result.resumed_from, 20);
    check_same_weights(&straight, &damaged);
    finetune_result_free(&result);
    fixture_close(&straight);
    fixture_close(&damaged);
}

static void test_a_damaged_checkpoint_is_passed_over(void **state) {
    (void)state;
    const char *const files[] = {"model.safetensors", "optimizer.safetensors", "trainer_state.json",
                                 "progress.json",     "config.json",           "identity.json"};
    for (int i = 0; i < 6; i++) {
        check_passed_over(files[i], false);
        check_passed_over(files[i], true);
    }
}

static void test_checkpoints_of_another_run_are_not_resumed(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = thirty_steps();
    char checkpoint[600];
    fixture_open(&fixture, "tiny-bert", 2, true);
    run_ok(&fixture, &options);
    options.learning_rate = 2e-3;
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint-30", fixture.output_dir);
    options.resume_from_checkpoint = checkpoint;
    CHECK_FAILS(finetune_run(&result, &fixture.input, &options, NULL, &err), &err, ERROR_USAGE,
                "learning_rate was 0.001 and is 0.002");
    options.resume_from_checkpoint = NULL;
    Stopper stopper = {0};
    Observer observer = observe(&stopper);
    fixture.input.identity = "another model";
    CHECK_OK(finetune_run(&result, &fixture.input, &options, &observer, &err), &err);
    assert_int_equal(result.resumed_from, 0);
    assert_non_null(strstr(stopper.notes, "passed over"));
    assert_non_null(strstr(stopper.notes, "input was  and is another model"));
    assert_non_null(strstr(stopper.notes, "begins anew"));
    finetune_result_free(&result);

    fixture.input.data = "some rows";
    run_ok(&fixture, &options);
    fixture.input.data = "other rows";
    CHECK_FAILS(finetune_run(&result, &fixture.input, &options, NULL, &err), &err, ERROR_USAGE, "a run on other data");
    options.resume_from_checkpoint = "none";
    run_ok(&fixture, &options);
    fixture_close(&fixture);
}

static void test_a_folder_of_another_program_is_not_replaced(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = thirty_steps();
    char path[600];
    fixture_open(&fixture, "tiny-bert", 1, true);
    snprintf(path, sizeof path, "%s/checkpoint-10", fixture.output_dir);
    CHECK_OK(folder_make(path, &err), &err);
    CHECK_FAILS(finetune_run(&result, &fixture.input, &options, NULL, &err), &err, ERROR_PATH, "was not made by this program");
    assert_true(folder_exists(path));
    finetune_result_free(&result);
    fixture_close(&fixture);
}

/* ---- which checkpoints are kept, which weights are loaded ---- */

static void test_the_best_and_the_last_are_kept(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = quick_options();
    options.num_train_epochs = 6;
    options.metric_for_best_model = "loss";
    options.learning_rate = 2e-2; /* too high: an early epoch is the best */
    fixture_open(&fixture, "tiny-bert", 2, false);
    CHECK_OK(finetune_run(&result, &fixture.input, &options, NULL, &err), &err);
    int best = 0;
    for (int i = 1; i < result.evaluation_count; i++)
        if (result.evaluations[i].loss < result.evaluations[best].loss) best = i;
    assert_int_equal(result.evaluation_count, 6);
    assert_int_equal(result.best_step, result.evaluations[best].step);
    assert_true(result.best_step < 60);
    char wanted[256];
    snprintf(wanted, sizeof wanted,
             "all_results.json\ncheckpoint-%d\ncheckpoint-60\neval_results.json\ntrain_results.json\ntrainer_state.json\n",
             (int)result.best_step);
    char *list = fixture_list(&fixture);
    assert_string_equal(list, wanted);
    free(list);

    Weights stored = {0};
    char path[600];
    snprintf(path, sizeof path, "%s/checkpoint-%d", fixture.output_dir, (int)result.best_step);
    CHECK_OK(weights_load(&stored, path, -1, NULL, 0, &err), &err);
    assert_memory_equal(stored.block, fixture.weights.block, stored.table.total * sizeof(float));
    weights_free(&stored);
    finetune_result_free(&result);
    fixture_close(&fixture);
}

static void test_a_tie_keeps_the_earliest_and_patience_ends_the_run(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = quick_options();
    options.num_train_epochs = 9;
    options.learning_rate = 0;
    options.early_stopping_patience = 2;
    fixture_open(&fixture, "tiny-distilbert", 2, false);
    CHECK_OK(finetune_run(&result, &fixture.input, &options, NULL, &err), &err);
    assert_int_equal(result.evaluation_count, 3);
    assert_int_equal(result.best_step, 10);
    assert_true(result.stopped_early);
    char *state_text = fixture_read(&fixture, "trainer_state.json");
    assert_non_null(strstr(state_text, "\"early_stopping_patience_counter\": 2"));
    free(state_text);
    finetune_result_free(&result);
    CHECK_OK(finetune_run(&result, &fixture.input, &options, NULL, &err), &err); /* it stays stopped */
    assert_int_equal(result.steps, 30);
    finetune_result_free(&result);
    fixture_close(&fixture);
}

static void test_nothing_is_written_that_was_not_asked_for(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = quick_options();
    options.eval_strategy = options.save_strategy = INTERVAL_NO;
    options.max_steps = 7;
    fixture_open(&fixture, "tiny-bert", 2, true);
    Stopper stopper = {0};
    Observer observer = observe(&stopper);
    CHECK_OK(finetune_run(&result, &fixture.input, &options, &observer, &err), &err);
    assert_non_null(strstr(stopper.notes, "the last weights are kept"));
    assert_int_equal(result.steps, 7);
    assert_int_equal(result.evaluation_count, 0);
    assert_false(result.best_loaded);
    CHECK_CLOSE(result.epochs, 0.7, 1e-15, 0);
    char *list = fixture_list(&fixture);
    assert_string_equal(list, "all_results.json\ntrain_results.json\ntrainer_state.json\n");
    free(list);
    finetune_result_free(&result);
    fixture_close(&fixture);
}

static void test_frozen_layers_keep_their_weights(void **state) {
    (void)state;
    Fixture fixture, before;
    FinetuneOptions options = quick_options();
    options.num_train_epochs = 1;
    options.freeze_layers = 1;
    options.weight_decay = 0.5;
    options.load_best_model_at_end = false;
    fixture_open(&before, "tiny-bert", 1, true);
    fixture_open(&fixture, "tiny-bert", 2, true);
    run_ok(&fixture, &options);
    const WeightTable *table = &fixture.weights.table;
    for (int i = 0; i < table->count; i++) {
        const TensorSpec *tensor = &table->tensors[i];
        bool frozen = tensor->layer == 0 || strstr(tensor->name, "embeddings");
        bool same = memcmp(fixture.weights.block + tensor->offset, before.weights.block + tensor->offset,
                           tensor->count * sizeof(float)) == 0;
        if (same != frozen) fail_msg("%s: %s", tensor->name, same ? "was not trained" : "was trained");
    }
    fixture_close(&fixture);
    fixture_close(&before);
}

/* ---- failures ---- */

static void test_divergence_names_step_and_rate(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = quick_options();
    options.learning_rate = 5e-4;
    fixture_open(&fixture, "tiny-bert", 2, false);
    TensorSpec words = fixture.weights.table.tensors[0];
    for (size_t i = 0; i < words.count; i++) fixture.weights.block[words.offset + i] = NAN;
    CHECK_FAILS(finetune_run(&result, &fixture.input, &options, NULL, &err), &err, ERROR_FAILED,
                "step 1: the loss is not a number at learning rate 0.0005");
    finetune_result_free(&result);
    fixture_close(&fixture);
}

/* A decay that multiplies the weights: within a few steps nothing is a number any more. */
static void test_divergence_keeps_the_last_good_state(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = thirty_steps();
    long long step = 0, kept = 0;
    options.learning_rate = 1000;
    options.weight_decay = 1000;
    fixture_open(&fixture, "tiny-bert", 2, false);
    assert_false(finetune_run(&result, &fixture.input, &options, NULL, &err));
    const char *named = strstr(err.message, "step "), *where = strstr(err.message, "/checkpoint-");
    if (err.kind != ERROR_FAILED || !named || !where || sscanf(named, "step %lld:", &step) != 1 ||
        sscanf(where, "/checkpoint-%lld", &kept) != 1 || !strstr(err.message, "at learning rate ") || step < 2)
        fail_msg("%s", err.message);
    assert_int_equal(kept, step - 1);
    assert_int_equal(result.steps, kept);
    char *list = fixture_list(&fixture), name[64];
    snprintf(name, sizeof name, "checkpoint-%lld\n", kept);
    assert_non_null(strstr(list, name));
    free(list);
    for (size_t i = 0; i < fixture.weights.table.total; i++) assert_true(isfinite(fixture.weights.block[i]));
    finetune_result_free(&result);
    /* the same command says the same again */
    char first[1024];
    strcpy(first, err.message);
    err = (Error){0};
    assert_false(finetune_run(&result, &fixture.input, &options, NULL, &err));
    assert_string_equal(err.message, first);
    finetune_result_free(&result);
    fixture_close(&fixture);
}

/* One that is not the newest may be the best, without which the run cannot end: whichever is damaged, it ends as if it were not. */
static void test_a_damaged_best_is_trained_again(void **state) {
    (void)state;
    static const int STEPS[] = {10, 20};
    FinetuneOptions options = thirty_steps();
    for (size_t i = 0; i < 2; i++) {
        Fixture straight, damaged;
        Error err = {0};
        FinetuneResult result = {0};
        char name[64];
        fixture_open(&straight, "tiny-bert", 2, true);
        fixture_open(&damaged, "tiny-bert", 2, true);
        run_ok(&straight, &options);
        stop_run(&damaged, &options, 26);
        snprintf(name, sizeof name, "checkpoint-%d/model.safetensors", STEPS[i]);
        char path[700];
        snprintf(path, sizeof path, "%s/%s", damaged.output_dir, name);
        if (file_exists(path)) damage(&damaged, name, false);
        CHECK_OK(finetune_run(&result, &damaged.input, &options, NULL, &err), &err);
        check_same_weights(&straight, &damaged);
        finetune_result_free(&result);
        fixture_close(&straight);
        fixture_close(&damaged);
    }
}

static void test_rows_that_do_not_fit_are_named(void **state) {
    (void)state;
    Fixture fixture;
    Error err = {0};
    FinetuneResult result = {0};
    FinetuneOptions options = quick_options();
    fixture_open(&fixture, "tiny-bert", 1, true);
    fixture.train_labels[3] = 9;
    CHECK_FAILS(finetune_run(&result, &fixture.input, &options, NULL, &err), &err, ERROR_DATA, "row 3: class 9, expected 0 to 2");
    fixture.train_labels[3] = 0;
    fixture.weights.config.positions = 4;
    CHECK_FAILS(finetune_run(&result, &fixture.input, &options, NULL, &err), &err, ERROR_DATA, "expected 1 to 4");
    options.freeze_layers = 3;
    CHECK_FAILS(finetune_run(&result, &fixture.input, &options, NULL, &err), &err, ERROR_USAGE, "expected 0 to 2");
    finetune_result_free(&result);
    fixture_close(&fixture);
}

/* ---- the estimate ---- */

static void test_an_estimate_changes_nothing(void **state) {
    (void)state;
    Fixture fixture, before;
    Error err = {0};
    FinetuneEstimate estimate;
    FinetuneOptions options = quick_options();
    fixture_open(&before, "tiny-bert", 1, true);
    fixture_open(&fixture, "tiny-bert", 2, true);
    CHECK_OK(finetune_estimate(&estimate, &fixture.input, &options, &err), &err);
    assert_int_equal(estimate.steps, 30);
    assert_true(estimate.step_s > 0 && estimate.train_s > 0 && estimate.memory_mb > 0 && estimate.disk_mb > 0);
    check_same_weights(&fixture, &before);
    fixture_close(&fixture);
    fixture_close(&before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distilbert_run_equals_trainer),
        cmocka_unit_test(test_bert_run_equals_trainer),
        cmocka_unit_test(test_threads_do_not_change_a_bit),
        cmocka_unit_test(test_accumulated_batches_are_one_batch),
        cmocka_unit_test(test_long_batches_are_one_mean),
        cmocka_unit_test(test_every_piece_counts),
        cmocka_unit_test(test_resumed_runs_equal_the_one_that_was_not_stopped),
        cmocka_unit_test(test_a_run_may_be_stopped_every_step),
        cmocka_unit_test(test_a_finished_run_is_not_trained_again),
        cmocka_unit_test(test_a_damaged_checkpoint_is_passed_over),
        cmocka_unit_test(test_checkpoints_of_another_run_are_not_resumed),
        cmocka_unit_test(test_a_folder_of_another_program_is_not_replaced),
        cmocka_unit_test(test_the_best_and_the_last_are_kept),
        cmocka_unit_test(test_a_tie_keeps_the_earliest_and_patience_ends_the_run),
        cmocka_unit_test(test_nothing_is_written_that_was_not_asked_for),
        cmocka_unit_test(test_frozen_layers_keep_their_weights),
        cmocka_unit_test(test_divergence_names_step_and_rate),
        cmocka_unit_test(test_divergence_keeps_the_last_good_state),
        cmocka_unit_test(test_a_damaged_best_is_trained_again),
        cmocka_unit_test(test_rows_that_do_not_fit_are_named),
        cmocka_unit_test(test_an_estimate_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
