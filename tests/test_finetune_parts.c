/* The parts of a training step against torch and transformers (tests/golden/finetune.json). */
#include "tests/check.h"

#include "common/json.h"
#include "common/memory.h"
#include "finetune/adamw.h"
#include "finetune/loss.h"
#include "finetune/schedule.h"

static Json *golden;

static int load_golden(void **state) {
    (void)state;
    Error err = {0};
    golden = json_parse_file(TESTS_FOLDER "/golden/finetune.json", ERROR_DATA, &err);
    if (!golden) printf("%s\n", err.message);
    return golden ? 0 : 1;
}

static int free_golden(void **state) {
    (void)state;
    json_free(golden);
    return 0;
}

static double number(const Json *object, const char *key) { return json_number_or(json_get(object, key), nan("")); }

/* An array of numbers into out[0 … room); returns how many. */
static int read_floats(const Json *array, float *out, int room) {
    int count = 0;
    for (const Json *item = json_first(array); item; item = json_next(item)) {
        assert_true(count < room);
        out[count++] = (float)json_number_or(item, nan(""));
    }
    return count;
}

/* ---- loss ---- */

enum { MOST = 1024 };

static void check_loss_case(const Json *wanted) {
    static float logits[MOST], gradient[MOST], wanted_gradient[MOST];
    int32_t labels[64];
    Error err = {0};
    Loss loss = {0};
    int classes = (int)number(wanted, "classes"), rows = 0;
    int count = read_floats(json_get(wanted, "logits"), logits, MOST);
    for (const Json *item = json_first(json_get(wanted, "labels")); item; item = json_next(item))
        labels[rows++] = (int32_t)json_number_or(item, -1);
    assert_int_equal(count, rows * classes);
    CHECK_OK(loss_make(&loss, classes, number(wanted, "smoothing"), json_bool_or(json_get(wanted, "balanced"), false), labels,
                       NULL, rows, &err),
             &err);

    /* In two pieces, as a step of two micro-batches. */
    double divisor = loss_divisor(&loss, labels, rows);
    int half = rows / 2;
    double sum = loss_forward_backward(&loss, logits, labels, half, divisor, gradient);
    sum += loss_forward_backward(&loss, logits + half * classes, labels + half, rows - half, divisor, gradient + half * classes);
    CHECK_CLOSE(sum / divisor, number(wanted, "loss"), 1e-12, 1e-10);
    read_floats(json_get(wanted, "gradient"), wanted_gradient, MOST);
    check_all_close("gradient", gradient, wanted_gradient, (size_t)count, 1e-9, 1e-6); /* one rounding to float */
    loss_free(&loss);
}

static void test_loss_equals_torch(void **state) {
    (void)state;
    int cases = 0;
    for (const Json *item = json_first(json_get(golden, "loss")); item; item = json_next(item), cases++) check_loss_case(item);
    assert_int_equal(cases, 6);
}

static void test_loss_passes_nan_on(void **state) {
    (void)state;
    Error err = {0};
    Loss loss = {0};
    int32_t label = 0;
    float logits[2] = {NAN, 0};
    CHECK_OK(loss_make(&loss, 2, 0, false, NULL, NULL, 0, &err), &err);
    assert_true(isnan(loss_forward_backward(&loss, logits, &label, 1, 1, NULL)));
    logits[0] = INFINITY;
    assert_true(isnan(loss_forward_backward(&loss, logits, &label, 1, 1, NULL)));
}

static void test_balanced_weights_read_the_rows_given(void **state) {
    (void)state;
    Error err = {0};
    Loss loss = {0};
    const int32_t labels[] = {0, 1, 1, 0, 1, 1};
    const int rows[] = {0, 1, 2, 4};
    CHECK_OK(loss_make(&loss, 3, 0, true, labels, rows, 4, &err), &err);
    CHECK_CLOSE(loss.weights[0], 4.0 / 3, 0, 1e-15);
    CHECK_CLOSE(loss.weights[1], 4.0 / 9, 0, 1e-15);
    CHECK_CLOSE(loss.weights[2], 1, 0, 0);
    loss_free(&loss);
}

/* ---- optimiser ---- */

enum { WEIGHT = 55, BIAS = 7, BIAS_AT = 64, TOTAL = 80 };

/* A table of a weight and a bias, and floats between and behind them that must stay as they are. */
static WeightTable small_table(TensorSpec tensors[2]) {
    tensors[0] =
        (TensorSpec){.rows = 11, .columns = 5, .dimensions = 2, .offset = 0, .count = WEIGHT, .decays = true, .layer = 0};
    tensors[1] = (TensorSpec){.rows = 7, .columns = 1, .dimensions = 1, .offset = BIAS_AT, .count = BIAS, .layer = 1};
    WeightTable table = {.tensors = tensors, .count = 2, .total = TOTAL};
    for (int i = 0; i < MODEL_PARTS; i++) table.model[i] = -1;
    return table;
}

static void check_adamw_case(const Json *wanted) {
    TensorSpec tensors[2];
    WeightTable table = small_table(tensors);
    AdamW adamw = {0};
    Error err = {0};
    float weights[TOTAL] = {0}, gradients[TOTAL] = {0}, after[TOTAL] = {0};
    AdamWOptions options = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = number(wanted, "weight_decay")};
    CHECK_OK(adamw_make(&adamw, &table, &options, &err), &err);
    read_floats(json_get(wanted, "weight"), weights, WEIGHT);
    read_floats(json_get(wanted, "bias"), weights + BIAS_AT, BIAS);
    for (const Json *step = json_first(json_get(wanted, "steps")); step; step = json_next(step)) {
        read_floats(json_get(step, "weight"), gradients, WEIGHT);
        read_floats(json_get(step, "bias"), gradients + BIAS_AT, BIAS);
        double norm = adamw_gradient_norm(&adamw, gradients, NULL);
        CHECK_CLOSE(norm, number(step, "norm"), 0, 1e-6);
        adamw_step(&adamw, weights, gradients, number(wanted, "learning_rate"), norm, number(wanted, "max_norm"), NULL);
        read_floats(json_get(step, "weight_after"), after, WEIGHT);
        read_floats(json_get(step, "bias_after"), after + BIAS_AT, BIAS);
        check_all_close("weights after a step", weights, after, TOTAL, 1e-6, 1e-6);
        for (int i = 0; i < TOTAL; i++) assert_true(gradients[i] == 0);
    }
    assert_int_equal(adamw.step, 10);
    adamw_free(&adamw);
}

static void test_adamw_equals_torch(void **state) {
    (void)state;
    int cases = 0;
    for (const Json *item = json_first(json_get(golden, "adamw")); item; item = json_next(item), cases++) check_adamw_case(item);
    assert_int_equal(cases, 3);
}

/* Steps over all rows and steps over those that are awake, whose decay comes late: the same weights, moments and norms, bit for bit. */
static void check_sleeping_words(double weight_decay) {
    Error err = {0};
    EncoderConfig config = {.family = FAMILY_DISTILBERT,
                            .layers = 1,
                            .channels = 24,
                            .heads = 2,
                            .feed_forward = 40,
                            .vocabulary = 9001,
                            .positions = 8,
                            .classes = 3};
    WeightTable table;
    CHECK_OK(weight_table_make(&table, &config, 3, &err), &err);
    AdamWOptions options = {0.9, 0.999, 1e-8, weight_decay, 0, NULL, NULL};
    AdamW both[2];
    float *weights[2], *gradients[2];
    const size_t words = table.tensors[table.model[PART_WORDS]].offset;
    for (int i = 0; i < 2; i++) {
        CHECK_OK(adamw_make(&both[i], &table, &options, &err), &err);
        weights[i] = mem_new(table.total, sizeof(float), &err);
        gradients[i] = mem_new(table.total, sizeof(float), &err);
        for (size_t k = 0; k < table.total; k++) weights[i][k] = (float)(k % 17) * 0.01f;
    }
    for (int32_t word = 0; word < config.vocabulary; word++) adamw_wake_words(&both[0], weights[0], &word, 1);
    for (int step = 0; step < (weight_decay > 0 ? ADAMW_DECAYS + 40 : 6); step++) {
        const int32_t ids[] = {0, 5, 2730 + step, 2731, 8000 - 7 * step, 9000}; /* some for the first time, some again */
        ;
        for (int i = 0; i < 2; i++) {
            for (size_t k = 0; k < sizeof ids / sizeof *ids; k++)
                for (int c = 0; c < 24; c++)
                    gradients[i][words + (size_t)ids[k] * 24 + (size_t)c] = (float)(step + c - 11) * 0.1f;
            if (step == 3 && i == 1) { /* as after a checkpoint */
                adamw_settle(&both[1], weights[1], NULL);
                memset(both[1].is_awake, 0, (size_t)config.vocabulary);
                adamw_wake_moved_words(&both[1]);
            }
        }
        adamw_wake_words(&both[1], weights[1], ids, sizeof ids / sizeof *ids);
        double norms[2];
        for (int i = 0; i < 2; i++) {
            norms[i] = adamw_gradient_norm(&both[i], gradients[i], NULL);
            adamw_step(&both[i], weights[i], gradients[i], 0.01 / (step + 1), norms[i], 1, NULL);
        }
        bool is_last = step + 1 == ADAMW_DECAYS + 40;
        if (weight_decay > 0 && step != 4 && !is_last) continue; /* behind, until they are settled */
        adamw_settle(&both[1], weights[1], NULL);
        assert_memory_equal(&norms[0], &norms[1], sizeof *norms);
        assert_memory_equal(weights[0], weights[1], table.total * sizeof(float));
        assert_memory_equal(both[0].first, both[1].first, table.total * sizeof(float));
        assert_memory_equal(both[0].second, both[1].second, table.total * sizeof(float));
        assert_memory_equal(gradients[0], gradients[1], table.total * sizeof(float));
    }
    for (int i = 0; i < 2; i++) {
        adamw_free(&both[i]);
        mem_free(weights[i]);
        mem_free(gradients[i]);
    }
    weight_table_free(&table);
}

static void test_adamw_passes_sleeping_words_over(void **state) {
    (void)state;
    check_sleeping_words(0);
    check_sleeping_words(0.5);
}

static void test_adamw_leaves_frozen_tensors_alone(void **state) {
    (void)state;
    TensorSpec tensors[2];
    WeightTable table = small_table(tensors);
    AdamW adamw = {0};
    Error err = {0};
    AdamWOptions options = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.5, .freeze_layers = 1};
    CHECK_OK(adamw_make(&adamw, &table, &options, &err), &err);
    float weights[TOTAL], gradients[TOTAL];
    for (int i = 0; i < TOTAL; i++) weights[i] = gradients[i] = 1;
    CHECK_CLOSE(adamw_gradient_norm(&adamw, gradients, NULL), sqrt(BIAS), 0, 1e-15);
    adamw_step(&adamw, weights, gradients, 0.1, 1, 0, NULL);
    for (int i = 0; i < TOTAL; i++) assert_true((weights[i] == 1.0f) == (i < BIAS_AT || i >= BIAS_AT + BIAS));
    adamw_free(&adamw);

    tensors[0].layer = -1; /* an embedding, and a pooler, which belongs to no layer either */
    table.model[PART_WORDS] = 0;
    tensors[1].layer = -1;
    table.model[PART_PRE_BIAS] = 1;
    assert_false(adamw_trains(&table, 0, 1));
    assert_true(adamw_trains(&table, 1, 1));
    assert_true(adamw_trains(&table, 0, 0));
}

enum { MOVED_ROWS = 5 * LINEAR_ROWS + 9, MOVED_COLUMNS = 7, MOVED_COUNT = MOVED_ROWS * MOVED_COLUMNS };

/* What a step tells of the weights it has moved. */
typedef struct Moved {
    const float *weights;
    float seen[2 * MOVED_COUNT]; /* as they were then */
    int times[2 * MOVED_COUNT];
    int calls;
} Moved;

static void note_moved(void *context, size_t offset, size_t count) {
    Moved *moved = context;
    assert_int_equal(offset % MOVED_COLUMNS, 0);
    assert_true(count <= (size_t)LINEAR_ROWS * MOVED_COLUMNS);
    for (size_t i = offset; i < offset + count; i++) {
        moved->seen[i] = moved->weights[i];
        moved->times[i]++;
    }
    moved->calls++;
}

/* Of each weight that is trained once, when it has its new value; by whole rows of a Linear's. */
static void test_adamw_tells_what_it_has_moved(void **state) {
    (void)state;
    TensorSpec tensors[2], plain = {.rows = MOVED_ROWS, .columns = MOVED_COLUMNS, .dimensions = 2, .count = MOVED_COUNT, .linear = true};
    tensors[0] = tensors[1] = plain;
    tensors[1].offset = MOVED_COUNT;
    tensors[1].layer = 1;
    WeightTable table = {.tensors = tensors, .count = 2, .total = 2 * (size_t)MOVED_COUNT};
    for (int i = 0; i < MODEL_PARTS; i++) table.model[i] = -1;
    for (int frozen = 0; frozen < 2; frozen++) {
        AdamW adamw = {0};
        Error err = {0};
        Moved *moved = mem_new(1, sizeof *moved, &err);
        float *weights = mem_new(table.total, sizeof *weights, &err), *gradients = mem_new(table.total, sizeof *gradients, &err);
        assert_true(moved && weights && gradients);
        for (size_t i = 0; i < table.total; i++) gradients[i] = 1 + (float)(i % 5);
        moved->weights = weights;
        AdamWOptions options = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .freeze_layers = frozen, .moved = note_moved, .context = moved};
        CHECK_OK(adamw_make(&adamw, &table, &options, &err), &err);
        adamw_step(&adamw, weights, gradients, 0.1, 1, 0, NULL);
        assert_int_equal(moved->calls, frozen ? 6 : 12);
        for (int i = 0; i < 2 * MOVED_COUNT; i++) {
            assert_int_equal(moved->times[i], !frozen || i >= MOVED_COUNT);
            assert_true(moved->seen[i] == weights[i] && (weights[i] != 0) == (moved->times[i] == 1));
        }
        adamw_free(&adamw);
        mem_free(moved);
        mem_free(weights);
        mem_free(gradients);
    }
}

/* Three steps of a block long enough for many spans. */
static float *train_block(int threads, double *norm) {
    enum { LONG = 300001 };
    Error err = {0};
    Pool *pool = pool_new(threads, &err);
    assert_non_null(pool);
    TensorSpec tensor = {.rows = LONG, .columns = 1, .dimensions = 1, .count = LONG, .decays = true};
    WeightTable table = {.tensors = &tensor, .count = 1, .total = LONG};
    AdamW adamw = {0};
    AdamWOptions options = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = 0.01};
    CHECK_OK(adamw_make(&adamw, &table, &options, &err), &err);
    float *weights = mem_new(LONG, sizeof *weights, &err), *gradients = mem_new(LONG, sizeof *gradients, &err);
    assert_true(weights && gradients);
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < LONG; i++) gradients[i] = (float)sin(i * 0.37 + step);
        *norm = adamw_gradient_norm(&adamw, gradients, pool);
        adamw_step(&adamw, weights, gradients, 1e-3, *norm, 1, pool);
    }
    mem_free(gradients);
    adamw_free(&adamw);
    pool_free(pool);
    return weights;
}

static void test_adamw_has_the_same_bytes_for_any_threads(void **state) {
    (void)state;
    double norm = 0;
    float *alone = train_block(1, &norm);
    const int threads[] = {2, 3, 8};
    for (int i = 0; i < 3; i++) {
        double other_norm = 0;
        float *other = train_block(threads[i], &other_norm);
        assert_memory_equal(&norm, &other_norm, sizeof norm);
        assert_memory_equal(alone, other, 300001 * sizeof *alone);
        mem_free(other);
    }
    mem_free(alone);
}

/* ---- learning rate ---- */

static void check_schedule_case(const Json *wanted) {
    Schedule schedule = {.learning_rate = number(wanted, "learning_rate"),
                         .warmup = (int64_t)number(wanted, "warmup"),
                         .steps = (int64_t)number(wanted, "steps")};
    const char *kind = json_string_or(json_get(wanted, "kind"), "");
    while (schedule.kind < SCHEDULE_KINDS && strcmp(schedule_name(schedule.kind), kind) != 0) schedule.kind++;
    int64_t done = 0;
    for (const Json *rate = json_first(json_get(wanted, "rates")); rate; rate = json_next(rate), done++)
        CHECK_CLOSE(schedule_rate(&schedule, done), json_number_or(rate, nan("")), 0, 1e-15);
    assert_int_equal(done, schedule.steps);
}

static void test_schedule_equals_transformers(void **state) {
    (void)state;
    int cases = 0;
    for (const Json *item = json_first(json_get(golden, "schedule")); item; item = json_next(item), cases++)
        check_schedule_case(item);
    assert_int_equal(cases, 12);
}

static void test_schedule_reads_warmup(void **state) {
    (void)state;
    FinetuneOptions options = FINETUNE_DEFAULTS;
    assert_int_equal(schedule_make(&options, 101).warmup, 0);
    options.warmup_ratio = 0.1;
    assert_int_equal(schedule_make(&options, 101).warmup, 11);
    options.warmup_steps = 5;
    assert_int_equal(schedule_make(&options, 101).warmup, 5);
    options.warmup_steps = 0.5;
    assert_int_equal(schedule_make(&options, 101).warmup, 51);
}

/* ---- options ---- */

static void test_options_say_what_contradicts(void **state) {
    (void)state;
    Error err = {0};
    FinetuneOptions good = FINETUNE_DEFAULTS, bad = good;
    CHECK_OK(finetune_options_check(&good, 6, &err), &err);
    bad.freeze_layers = 7;
    CHECK_FAILS(finetune_options_check(&bad, 6, &err), &err, ERROR_USAGE, "expected 0 to 6");
    bad = good;
    bad.eval_strategy = INTERVAL_STEPS;
    CHECK_FAILS(finetune_options_check(&bad, 6, &err), &err, ERROR_USAGE, "--eval_strategy is steps and --save_strategy epoch");
    bad.save_strategy = INTERVAL_STEPS;
    bad.eval_steps = 30;
    bad.save_steps = 100;
    CHECK_FAILS(finetune_options_check(&bad, 6, &err), &err, ERROR_USAGE, "multiple of --eval_steps (30)");
    bad.save_steps = 90;
    CHECK_OK(finetune_options_check(&bad, 6, &err), &err);
    bad.metric_for_best_model = "acuracy";
    CHECK_FAILS(finetune_options_check(&bad, 6, &err), &err, ERROR_USAGE, "'acuracy'");
    bad = good;
    bad.learning_rate = nan("");
    CHECK_FAILS(finetune_options_check(&bad, 6, &err), &err, ERROR_USAGE, "--learning_rate is nan");
    bad = good;
    bad.max_steps = 0;
    CHECK_FAILS(finetune_options_check(&bad, 6, &err), &err, ERROR_USAGE, "--max_steps is 0");
}

static void test_options_know_which_metric_is_better(void **state) {
    (void)state;
    FinetuneOptions options = FINETUNE_DEFAULTS;
    assert_true(finetune_greater_is_better(&options));
    options.metric_for_best_model = "eval_loss";
    assert_string_equal(finetune_metric(&options), "loss");
    assert_false(finetune_greater_is_better(&options));
    options.metric_for_best_model = "log_loss";
    assert_false(finetune_greater_is_better(&options));
    options.greater_is_better = DIRECTION_GREATER;
    assert_true(finetune_greater_is_better(&options));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss_equals_torch),
        cmocka_unit_test(test_loss_passes_nan_on),
        cmocka_unit_test(test_balanced_weights_read_the_rows_given),
        cmocka_unit_test(test_adamw_equals_torch),
        cmocka_unit_test(test_adamw_passes_sleeping_words_over),
        cmocka_unit_test(test_adamw_leaves_frozen_tensors_alone),
        cmocka_unit_test(test_adamw_tells_what_it_has_moved),
        cmocka_unit_test(test_adamw_has_the_same_bytes_for_any_threads),
        cmocka_unit_test(test_schedule_equals_transformers),
        cmocka_unit_test(test_schedule_reads_warmup),
        cmocka_unit_test(test_options_say_what_contradicts),
        cmocka_unit_test(test_options_know_which_metric_is_better),
    };
    return cmocka_run_group_tests(tests, load_golden, free_golden);
}
