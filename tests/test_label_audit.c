/* Label errors found from features: planted ones first, nothing learned from the row that is judged, the same for any number of threads. */
#include "tests/check.h"

#include "common/file.h"
#include "common/memory.h"
#include "common/random.h"
#include "compare/label_audit.h"

enum { TRAIN = 240, TEST = 60, ROWS = TRAIN + TEST, CLASSES = 3, CHANNELS = 6 };

typedef struct World {
    Dataset dataset;
    Audit audit;
    Features features;
    Buffer text;
} World;

/* Rows in clouds around their class; every 30th carries the next class's label. */
static void make_world(World *world) {
    Error err = {0};
    Random random = random_start(4, STREAM_TEST, 0);
    Dataset *d = &world->dataset;
    static char a[] = "a", b[] = "b", c[] = "c", rare[] = "rare", *names[] = {a, b, c, rare};
    *world = (World){.dataset = {.rows = ROWS, .classes = CLASSES, .class_names = names}};
    d->starts = calloc(ROWS + 1, sizeof *d->starts);
    d->labels = calloc(ROWS, sizeof *d->labels);
    world->features = (Features){.rows = ROWS, .channels = CHANNELS, .values = mem_new(ROWS * CHANNELS, sizeof(float), &err)};
    for (int row = 0; row < ROWS; row++) {
        int class = row % CLASSES;
        buffer_printf(&world->text, "row %d", row);
        d->starts[row + 1] = (int64_t)world->text.size;
        d->labels[row] = row % 30 == 7 ? (class + 1) % CLASSES : class;
        for (int k = 0; k < CHANNELS; k++)
            world->features.values[row * CHANNELS + k] = (float)(random_normal(&random) * 0.25 + (k % CLASSES == class ? 2 : 0));
    }
    d->text = world->text.data;
    d->splits[SPLIT_TRAIN] = (RowList){calloc(TRAIN, sizeof(int)), TRAIN};
    d->splits[SPLIT_TEST] = (RowList){calloc(TEST, sizeof(int)), TEST};
    for (int i = 0; i < TRAIN; i++) d->splits[SPLIT_TRAIN].rows[i] = i;
    for (int i = 0; i < TEST; i++) d->splits[SPLIT_TEST].rows[i] = TRAIN + i;
}

static void audit_world(World *world) {
    Error err = {0};
    CHECK_OK(audit_run(&world->audit, &world->dataset, &err), &err);
    CHECK_OK(audit_compare(&world->audit, &world->dataset, NULL, &err), &err);
    assert_int_equal(world->audit.suspect_count, -1);
}

static void free_world(World *world) {
    audit_free(&world->audit);
    for (int split = 0; split < SPLIT_COUNT; split++) free(world->dataset.splits[split].rows);
    free(world->dataset.starts);
    free(world->dataset.labels);
    features_free(&world->features);
    buffer_free(&world->text);
}

static void look(World *world, int threads) {
    Error err = {0};
    Pool *pool = pool_new(threads, &err);
    LabelAudit options = {.dataset = &world->dataset,
                          .features = &world->features,
                          .classifier = CLASSIFIER_DEFAULTS,
                          .folds = LABEL_FOLDS,
                          .seed = 42,
                          .pool = pool};
    options.classifier.solver = SOLVER_LBFGS;
    CHECK_OK(label_audit_run(&world->audit, &options, NULL, &err), &err);
    pool_free(pool);
}

static bool is_wrong(int row) { return row % 30 == 7; }

static void planted_errors_are_found(void **state) {
    (void)state;
    World world;
    make_world(&world);
    audit_world(&world);
    look(&world, 1);
    int found = 0;
    for (int i = 0; i < world.audit.suspect_count; i++) {
        const AuditSuspect *suspect = &world.audit.suspects[i];
        found += is_wrong(suspect->row);
        if (is_wrong(suspect->row)) assert_int_equal(suspect->suggested, suspect->row % CLASSES);
        assert_true(i == 0 || suspect->score >= world.audit.suspects[i - 1].score);
    }
    assert_true(found >= ROWS / 30 - 2); /* one below its class's mean probability is not confidently in it */
    assert_true(world.audit.suspects[0].row % 30 == 7);
    assert_true(world.audit.suspect_count <= ROWS / 30 + 2);
    free_world(&world);
}

/* Equal rows with the same wrong label would vouch for each other, were they judged by a model of one another. */
static void equal_texts_do_not_vouch(void **state) {
    (void)state;
    World world;
    make_world(&world);
    Dataset *d = &world.dataset;
    world.text.size = 0;
    for (int row = 0; row < ROWS; row++) {
        if (row % 60 == 7)
            buffer_text(&world.text, row % 120 == 7 ? "The same!" : "the SAME");
        else
            buffer_printf(&world.text, "row %d", row);
        d->starts[row + 1] = (int64_t)world.text.size;
    }
    d->text = world.text.data;
    for (int row = 7; row < TRAIN; row += 60) { /* one point far away from all others, labelled wrongly four times */
        d->labels[row] = 0;
        for (int c = 0; c < CHANNELS; c++) world.features.values[row * CHANNELS + c] = c % CLASSES == 1 ? 9 : 0;
    }
    audit_world(&world);
    look(&world, 1);
    int found = 0;
    for (int i = 0; i < world.audit.suspect_count; i++)
        if (world.audit.suspects[i].row < TRAIN && world.audit.suspects[i].row % 60 == 7) {
            assert_int_equal(world.audit.suspects[i].suggested, 1);
            assert_true(world.audit.suspects[i].score < 0.01);
            found++;
        }
    assert_int_equal(found, 4);
    free_world(&world);
}

/* A class with a single text is learned from and never judged; without training rows all are in folds. */
static void rare_classes_and_missing_splits(void **state) {
    (void)state;
    World world;
    make_world(&world);
    world.dataset.classes = CLASSES + 1;
    world.dataset.labels[11] = CLASSES;
    RowList *train = &world.dataset.splits[SPLIT_TRAIN], *test = &world.dataset.splits[SPLIT_TEST];
    free(test->rows);
    *test = (RowList){train->rows, train->count};
    *train = (RowList){NULL, 0};
    audit_world(&world);
    look(&world, 1);
    assert_true(world.audit.suspect_count >= TRAIN / 30 - 2);
    for (int i = 0; i < world.audit.suspect_count; i++) {
        assert_int_not_equal(world.audit.suspects[i].row, 11);
        assert_in_range(world.audit.suspects[i].row, 0, TRAIN - 1);
    }
    free_world(&world);
}

static void threads_and_records_change_nothing(void **state) {
    (void)state;
    Error err = {0};
    World worlds[2];
    for (int i = 0; i < 2; i++) {
        make_world(&worlds[i]);
        audit_world(&worlds[i]);
        look(&worlds[i], i ? 3 : 1);
    }
    int count = worlds[0].audit.suspect_count;
    assert_int_equal(count, worlds[1].audit.suspect_count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(worlds[0].audit.suspects[i].row, worlds[1].audit.suspects[i].row);
        assert_memory_equal(&worlds[0].audit.suspects[i].score, &worlds[1].audit.suspects[i].score, sizeof(double));
    }
    bool found;
    CHECK_OK(label_audit_save(&worlds[0].audit, "key", "test_label_audit.json", &err), &err);
    mem_free(worlds[1].audit.suspects);
    worlds[1].audit.suspects = NULL;
    worlds[1].audit.suspect_count = -1;
    CHECK_OK(label_audit_load(&worlds[1].audit, &worlds[1].dataset, "another", "test_label_audit.json", &found, &err), &err);
    assert_false(found);
    CHECK_OK(label_audit_load(&worlds[1].audit, &worlds[1].dataset, "key", "test_label_audit.json", &found, &err), &err);
    assert_true(found);
    assert_int_equal(worlds[1].audit.suspect_count, count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(worlds[0].audit.suspects[i].row, worlds[1].audit.suspects[i].row);
        assert_memory_equal(&worlds[0].audit.suspects[i].score, &worlds[1].audit.suspects[i].score, sizeof(double));
    }
    static const char HOSTILE[] = "{\"key\": \"key\", \"rows\": [4000000], \"suggested\": [0], \"scores\": [0.5]}";
    CHECK_OK(file_write("test_label_audit.json", HOSTILE, sizeof HOSTILE - 1, &err), &err);
    CHECK_OK(label_audit_load(&worlds[0].audit, &worlds[0].dataset, "key", "test_label_audit.json", &found, &err), &err);
    assert_false(found);
    (void)remove("test_label_audit.json");
    free_world(&worlds[0]);
    free_world(&worlds[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_errors_are_found),
        cmocka_unit_test(equal_texts_do_not_vouch),
        cmocka_unit_test(rare_classes_and_missing_splits),
        cmocka_unit_test(threads_and_records_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
