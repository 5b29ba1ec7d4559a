/* An encoder's folder as weights, float or int8: config.json (empty: that of the seeds), then model.safetensors. The first byte says with which head they
 * are asked for. What loads is finite, and is written as what loads the same. */
#include <math.h>

#include "encoder/quantize_folder.h"
#include "encoder/weights.h"
#include "tests/fuzz/fuzz.h"

static const char CONFIG[] =
    "{\"model_type\": \"distilbert\", \"n_layers\": 1, \"dim\": 4, \"n_heads\": 2, \"hidden_dim\": 4, \"vocab_size\": 8,"
    " \"max_position_embeddings\": 8, \"architectures\": [\"DistilBertForSequenceClassification\"],"
    " \"id2label\": {\"0\": \"a\", \"1\": \"b\"}}";

static void check_weights(const Weights *weights) {
    const WeightTable *table = &weights->table;
    for (int i = 0; i < table->count; i++) {
        const TensorSpec *spec = &table->tensors[i];
        FUZZ_CHECK(spec->offset + spec->count <= table->total);
        for (size_t v = 0; v < spec->count; v++) FUZZ_CHECK(isfinite(weights->block[spec->offset + v]));
    }
}

static void check_written(const Weights *weights, Bytes config) {
    Error err = {0};
    Weights again;
    FUZZ_CHECK(weights_write(weights, fuzz_path("again/model.safetensors"), &err));
    (void)fuzz_put("again/config.json", config);
    if (!weights_load(&again, fuzz_path("again"), weights->config.classes, (const char *const *)weights->config.labels, 1, &err))
        fuzz_fail(err.message, __FILE__, __LINE__);
    FUZZ_CHECK(again.table.total == weights->table.total);
    check_weights(&again);
    weights_free(&again);
}

/* Left in the file, every tensor is the same; none is drawn anew there. */
static void check_mapped(const Weights *weights, int classes) {
    Error err = {0};
    Weights mapped;
    if (classes > 0) return;
    if (!weights_map(&mapped, fuzz_path("model"), classes, &err)) fuzz_fail(err.message, __FILE__, __LINE__);
    FUZZ_CHECK(mapped.table.count == weights->table.count && mapped.table.total == weights->table.total);
    for (int i = 0; i < mapped.table.count; i++)
        FUZZ_CHECK(memcmp(weights_tensor(&mapped, i), weights_tensor(weights, i), mapped.table.tensors[i].count * sizeof(float)) == 0);
    weights_free(&mapped);
}

/* Quantised once more, it stays what it is. (Scales end at 2^121.) */
static void check_quantised(const Weights *weights) {
    Error err = {0};
    for (size_t v = 0; v < weights->table.total; v++)
        if (fabsf(weights->block[v]) > 1e36f) return;
    Weights small, smaller;
    Path model;
    FUZZ_CHECK(path_make(&model, &err, "%s", fuzz_path("model")) && folder_make(fuzz_path("small"), &err) &&
               folder_make(fuzz_path("smaller"), &err));
    if (!quantize_folder(model.text, fuzz_path("small"), &err)) { /* a config.json that cJSON took and the strict reader does not */
        fuzz_check_error(&err);
        return;
    }
    Path once;
    FUZZ_CHECK(path_make(&once, &err, "%s", fuzz_path("small")) && quantize_folder(once.text, fuzz_path("smaller"), &err));
    if (!weights_load(&small, once.text, 0, NULL, 1, &err) || !weights_load(&smaller, fuzz_path("smaller"), 0, NULL, 1, &err))
        fuzz_fail(err.message, __FILE__, __LINE__);
    FUZZ_CHECK(small.table.total == smaller.table.total && small.table.total <= weights->table.total);
    FUZZ_CHECK(memcmp(small.block, smaller.block, small.table.total * sizeof *small.block) == 0);
    check_weights(&small);
    weights_free(&small);
    weights_free(&smaller);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const LABELS[] = {"b", "a", "c"};
    static const int CLASSES[] = {-1, 0, 2, 3};
    Bytes input = {data, size};
    unsigned how = fuzz_byte(&input);
    Bytes config = fuzz_part(&input);
    if (!config.size) config = (Bytes){(const uint8_t *)CONFIG, sizeof CONFIG - 1};
    FUZZ_CHECK(folder_make(fuzz_path("model"), NULL) && folder_make(fuzz_path("again"), NULL));
    (void)fuzz_put("model/config.json", config);
    (void)fuzz_put("model/model.safetensors", input);
    Weights weights;
    Error err = {0};
    if (weights_load(&weights, fuzz_path("model"), CLASSES[how & 3], LABELS, how, &err)) {
        check_weights(&weights);
        check_written(&weights, config);
        check_mapped(&weights, CLASSES[how & 3]);
        check_quantised(&weights);
    } else
        fuzz_check_error(&err);
    weights_free(&weights);
    return 0;
}
