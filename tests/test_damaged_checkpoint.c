/* Each file of a checkpoint cut at every byte, and with one bit flipped at 10,000 places (all, where it has fewer): it is passed over with a note and
 * nothing of it is taken, or it is the same as before. An argument N takes every N-th of both. */
#include "tests/check.h"

#include "tests/home.h"
#include "tests/tiny_checkpoint.h"

enum { PLACES = 10000 };

static int every = 1, notes;
static TinyRun run;
static float *weights_before;

static void count_note(void *context, const char *sentence) {
    (void)context;
    assert_true(*sentence != '\0');
    notes++;
}

static bool same_state(const TrainState *state) {
    bool same = state->step == TINY_STEPS && state->best_step == run.state.best_step;
    for (int i = 0; same && i < TINY_STEPS; i++)
        same = state->history[i].loss == run.state.history[i].loss && state->history[i].grad_norm == run.state.history[i].grad_norm;
    return same;
}

/* Not what lies between them: it belongs to nobody. */
static bool same_tensors(void) {
    const WeightTable *table = &run.weights.table;
    bool same = true;
    for (int i = 0; same && i < table->count; i++) {
        const TensorSpec *spec = &table->tensors[i];
        same = memcmp(run.weights.block + spec->offset, weights_before + spec->offset, spec->count * sizeof(float)) == 0;
    }
    return same;
}

/* Whether it went on from the checkpoint: from all of it, or from nothing of it and with a note. */
static bool resume(void) {
    TrainState state = {0};
    Error err = {0};
    bool found = false;
    const Observer observer = {.note = count_note};
    CheckpointParts parts = tiny_parts(&run, &state);
    size_t bytes = run.weights.table.total * sizeof *run.weights.block;
    memset(run.weights.block, 1, bytes);
    notes = 0;
    CHECK_OK(checkpoint_resume(&parts, &found, &observer, &err), &err);
    assert_true(found || notes > 0);
    if (found) {
        assert_true(same_state(&state) && same_tensors());
    } else {
        assert_true(state.step == 0 && !state.history);
        assert_int_equal(*(unsigned char *)run.weights.block, 1);
    }
    train_state_free(&state);
    return found;
}

static void write_part(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb"); /* not file_write, which waits for the disk */
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) fail_msg("%s cannot be written", path);
}

static void damage(const char *name) {
    Error err = {0};
    FileMap map;
    Buffer file = {0};
    Path path;
    int refused = 0, taken = 0;
    CHECK_OK(path_make(&path, &err, "%s/checkpoint-%d/%s", run.folder.text, TINY_STEPS, name), &err);
    CHECK_OK(file_map(&map, path.text, ERROR_PATH, &err), &err);
    buffer_add(&file, map.data, map.size);
    file_unmap(&map);
    for (size_t size = 0; size < file.size; size += (size_t)every) {
        write_part(path.text, file.data, size);
        *(resume() ? &taken : &refused) += 1;
    }
    size_t bits = file.size * 8, places = bits < PLACES ? bits : PLACES;
    for (size_t i = 0; i < places; i += (size_t)every) {
        size_t bit = i * bits / places;
        file.data[bit / 8] = (char)(file.data[bit / 8] ^ (1 << bit % 8));
        write_part(path.text, file.data, file.size);
        *(resume() ? &taken : &refused) += 1;
        file.data[bit / 8] = (char)(file.data[bit / 8] ^ (1 << bit % 8));
    }
    write_part(path.text, file.data, file.size);
    assert_true(resume());
    printf("%-24s %5zu bytes: passed over %5d times, taken as it was %5d times\n", name, file.size, refused, taken);
    buffer_free(&file);
}

static void a_file_of_a_checkpoint(void **state) { damage(*state); }

static int make_run(void **state) {
    (void)state;
    Error err = {0};
    if (home_make("checkpoint") != 0 || !tiny_run_make(&run, home, &err)) return -1;
    size_t bytes = run.weights.table.total * sizeof *run.weights.block;
    weights_before = malloc(bytes);
    if (weights_before) memcpy(weights_before, run.weights.block, bytes);
    return weights_before ? 0 : -1;
}

static int remove_run(void **state) {
    tiny_run_free(&run);
    free(weights_before);
    return home_remove(state);
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_file_of_a_checkpoint, (char[]){"model.safetensors"}),
        cmocka_unit_test_prestate(a_file_of_a_checkpoint, (char[]){"config.json"}),
        cmocka_unit_test_prestate(a_file_of_a_checkpoint, (char[]){"optimizer.safetensors"}),
        cmocka_unit_test_prestate(a_file_of_a_checkpoint, (char[]){"trainer_state.json"}),
        cmocka_unit_test_prestate(a_file_of_a_checkpoint, (char[]){"progress.json"}),
        cmocka_unit_test_prestate(a_file_of_a_checkpoint, (char[]){"identity.json"}),
    };
    if (count > 1) every = atoi(arguments[1]);
    return cmocka_run_group_tests(tests, make_run, remove_run);
}
