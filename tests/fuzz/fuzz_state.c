/* A checkpoint of a tiny model at step 2: trainer_state.json, progress.json, identity.json and optimizer.safetensors, in this order; an
 * empty one is as this program wrote it. An empty progress.json has the digests of whatever stands there, which else would stop every
 * change. A checkpoint loads whole or changes nothing. */
#include "common/sha256.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tiny_checkpoint.h"

enum { FILES = 3 };
static const char *const NAMES[FILES] = {"trainer_state.json", "identity.json", "optimizer.safetensors"};

static TinyRun run;
static Buffer written[FILES]; /* the checkpoint's files as they were */

static void checkpoint_put(const char *name, const void *data, size_t size) {
    Path path;
    FUZZ_CHECK(path_make(&path, NULL, "checkpoint-%d/%s", TINY_STEPS, name));
    (void)fuzz_put(path.text, (Bytes){data, size});
}

static void make_checkpoint(void) {
    Error err = {0};
    FUZZ_CHECK(tiny_run_make(&run, fuzz_folder(), &err));
    for (int i = 0; i < FILES; i++) {
        Path name;
        FileMap map;
        FUZZ_CHECK(path_make(&name, &err, "checkpoint-%d/%s", TINY_STEPS, NAMES[i]) &&
                   file_map(&map, fuzz_path(name.text), ERROR_PATH, &err));
        buffer_add(&written[i], map.data, map.size);
        file_unmap(&map);
    }
}

static void add_hash(JsonWriter *json, const char *name) {
    Path path;
    Sha256Hex hash;
    FUZZ_CHECK(path_make(&path, NULL, "checkpoint-%d/%s", TINY_STEPS, name) && sha256_file(&hash, fuzz_path(path.text), NULL));
    json_put_string(json, name, hash.text);
}

/* trainer_state.json is known by what it says without its measured times. */
static void add_state_hash(JsonWriter *json, Bytes file) {
    TrainState state = {0};
    Json *document = json_parse((const char *)file.data, file.size, NAMES[0], ERROR_DATA, NULL);
    Buffer text = {0};
    if (document && train_state_read(&state, document, NAMES[0], NULL))
        train_state_write(&text, &state, &run.plan, &run.options, false);
    json_put_string(json, NAMES[0], sha256_bytes(text.data, text.size).text);
    buffer_free(&text);
    train_state_free(&state);
    json_free(document);
}

static void put_progress(Bytes state) {
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 0);
    json_begin_object(&json);
    json_put_int(&json, "version", 1);
    json_write_key(&json, "sha256");
    json_begin_object(&json);
    add_hash(&json, "config.json");
    add_hash(&json, "identity.json");
    add_hash(&json, "model.safetensors");
    add_hash(&json, "optimizer.safetensors");
    add_state_hash(&json, state);
    json_end_object(&json);
    json_end_object(&json);
    checkpoint_put("progress.json", text.data, text.size);
    buffer_free(&text);
}

static void check_load(void) {
    TrainState state = {0};
    CheckpointParts parts = tiny_parts(&run, &state);
    Error err = {0};
    bool found = false;
    if (checkpoint_resume(&parts, &found, NULL, &err))
        FUZZ_CHECK(found ? state.step >= 1 && state.history : state.step == 0 && !state.history);
    else
        fuzz_check_error(&err);
    err = (Error){0};
    if (!checkpoint_load_weights(&parts, TINY_STEPS, &err)) fuzz_check_error(&err);
    train_state_free(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!written[0].data) make_checkpoint();
    Bytes input = {data, size};
    Bytes state = fuzz_part(&input), progress = fuzz_part(&input), identity = fuzz_part(&input);
    Bytes parts[FILES] = {state, identity, input};
    for (int i = 0; i < FILES; i++) {
        if (!parts[i].size) parts[i] = (Bytes){(const uint8_t *)written[i].data, written[i].size};
        checkpoint_put(NAMES[i], parts[i].data, parts[i].size);
    }
    if (progress.size)
        checkpoint_put("progress.json", progress.data, progress.size);
    else
        put_progress(parts[0]);
    check_load();
    return 0;
}
