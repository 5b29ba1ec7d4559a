/* A checkpoint of a tiny model at step 2: trainer_state.json, progress.json, identity.json and optimizer.safetensors, in this order; an
 * empty one is as this program wrote it. An empty progress.json has the digests of whatever stands there, which else would stop every
 * change. A checkpoint loads whole or changes nothing. */
#include "common/sha256.h"
#include "finetune/checkpoint.h"
#include "tests/fuzz/fuzz.h"

static const char CONFIG[] =
    "{\"model_type\": \"distilbert\", \"n_layers\": 1, \"dim\": 4, \"n_heads\": 2, \"hidden_dim\": 4, \"vocab_size\": 8,"
    " \"max_position_embeddings\": 8, \"id2label\": {\"0\": \"a\", \"1\": \"b\"}}";
static const char IDENTITY[] = "{\n  \"data\": \"d\",\n  \"options\": {\n    \"seed\": 42\n  }\n}\n";
enum { ROWS = 16, STEPS = 2, FILES = 3 };
static const char *const NAMES[FILES] = {"trainer_state.json", "identity.json", "optimizer.safetensors"};

/* The run, and the checkpoint's files as they were written. */
static struct {
    Path output_dir;
    Weights weights;
    AdamW adamw;
    TrainState state;
    FinetuneOptions options;
    TrainPlan plan;
    Buffer files[FILES];
} run;

static CheckpointParts parts_with(TrainState *state) {
    return (CheckpointParts){.output_dir = run.output_dir.text,
                             .model_folder = fuzz_folder(),
                             .identity = IDENTITY,
                             .options = &run.options,
                             .plan = &run.plan,
                             .weights = &run.weights,
                             .adamw = &run.adamw,
                             .state = state};
}

static void checkpoint_put(const char *name, const void *data, size_t size) {
    Path path;
    FUZZ_CHECK(path_make(&path, NULL, "checkpoint-%d/%s", STEPS, name));
    (void)fuzz_put(path.text, (Bytes){data, size});
}

static void make_run(Error *err) {
    fuzz_put_text("config.json", CONFIG);
    FUZZ_CHECK(path_make(&run.output_dir, err, "%s", fuzz_folder()));
    run.options = (FinetuneOptions)FINETUNE_DEFAULTS;
    run.options.early_stopping_patience = 2;
    run.plan = plan_make(&run.options, ROWS, true);
    FUZZ_CHECK(encoder_config_load(&run.weights.config, fuzz_folder(), err));
    FUZZ_CHECK(weight_table_make(&run.weights.table, &run.weights.config, 2, err));
    run.weights.block = mem_new(run.weights.table.total, sizeof *run.weights.block, err);
    FUZZ_CHECK(run.weights.block);
    AdamWOptions adamw = {0.9, 0.999, 1e-8, 0, 0};
    FUZZ_CHECK(adamw_make(&run.adamw, &run.weights.table, &adamw, err));
    for (int i = 0; i < STEPS; i++) FUZZ_CHECK(train_state_add_step(&run.state, (FinetuneStep){1, 5e-5, 2}, err));
    FUZZ_CHECK(log_begin(&run.state, &run.plan, err) && log_put(&run.state, LOG_EVAL_LOSS, 0.5, err) &&
               log_put(&run.state, LOG_EVAL_SCORE, 0.5, err));
    run.state.best_step = STEPS;
    run.state.best_metric = 0.5;
}

static void make_checkpoint(void) {
    Error err = {0};
    make_run(&err);
    CheckpointParts parts = parts_with(&run.state);
    FUZZ_CHECK(checkpoint_save(&parts, false, &err));
    for (int i = 0; i < FILES; i++) {
        Path name;
        FileMap map;
        FUZZ_CHECK(path_make(&name, &err, "checkpoint-%d/%s", STEPS, NAMES[i]) &&
                   file_map(&map, fuzz_path(name.text), ERROR_PATH, &err));
        buffer_add(&run.files[i], map.data, map.size);
        file_unmap(&map);
    }
}

static void add_hash(JsonWriter *json, const char *name) {
    Path path;
    Sha256Hex hash;
    FUZZ_CHECK(path_make(&path, NULL, "checkpoint-%d/%s", STEPS, name) && sha256_file(&hash, fuzz_path(path.text), NULL));
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
    CheckpointParts parts = parts_with(&state);
    Error err = {0};
    bool found = false;
    if (checkpoint_resume(&parts, &found, NULL, &err))
        FUZZ_CHECK(found ? state.step >= 1 && state.history : state.step == 0 && !state.history);
    else
        fuzz_check_error(&err);
    err = (Error){0};
    if (!checkpoint_load_weights(&parts, STEPS, &err)) fuzz_check_error(&err);
    train_state_free(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!run.files[0].data) make_checkpoint();
    Bytes input = {data, size};
    Bytes state = fuzz_part(&input), progress = fuzz_part(&input), identity = fuzz_part(&input);
    Bytes parts[FILES] = {state, identity, input};
    for (int i = 0; i < FILES; i++) {
        if (!parts[i].size) parts[i] = (Bytes){(const uint8_t *)run.files[i].data, run.files[i].size};
        checkpoint_put(NAMES[i], parts[i].data, parts[i].size);
    }
    if (progress.size)
        checkpoint_put("progress.json", progress.data, progress.size);
    else
        put_progress(parts[0]);
    check_load();
    return 0;
}
