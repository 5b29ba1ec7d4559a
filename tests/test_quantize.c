/* Weights as int8: the quantiser, the folder, and what happens with one that is not as it should be. */
#include "tests/formula_weights.h"

#include <math.h>

#include "common/file.h"
#include "common/safetensors.h"
#include "encoder/encoder.h"
#include "encoder/quantize.h"
#include "encoder/quantize_folder.h"

enum { K = 37, N = 29 };

static void check_columns(const float *weight, int8_t *steps, float *scales) {
    int32_t sums[N];
    quantize_columns(steps, scales, sums, weight, K, N, 1, K);
    for (int n = 0; n < N; n++) {
        int32_t sum = 0;
        for (int k = 0; k < K; k++) {
            float value = weight[n * K + k], back = (float)steps[k * N + n] * scales[n];
            assert_true(fabsf(value - back) <= scales[n] * 0.5001f);
            assert_true(steps[k * N + n] >= -127);
            sum += steps[k * N + n];
        }
        assert_int_equal(sums[n], sum);
    }
}

static void what_is_put_back_together_is_quantised_to_the_same(void **state) {
    (void)state;
    static float weight[N * K], back[N * K];
    static int8_t steps[K * N], again[K * N];
    float scales[N], scales_again[N];
    for (uint32_t seed = 0; seed < 300; seed++) { /* from numbers below the smallest normal one to 1e15 */
        for (int i = 0; i < N * K; i++)
            weight[i] = (float)((int32_t)(formula_id(seed, (uint32_t)i, 2000001)) - 1000000) * powf(10, (float)(seed % 60) - 50);
        for (int k = 0; k < K; k++) weight[3 * K + k] = 0;
        check_columns(weight, steps, scales);
        assert_true(scales[3] == 1);
        for (int n = 0; n < N; n++)
            for (int k = 0; k < K; k++) back[n * K + k] = (float)steps[k * N + n] * scales[n];
        check_columns(back, again, scales_again);
        assert_memory_equal(steps, again, sizeof steps);
        assert_memory_equal(scales, scales_again, sizeof scales);
    }
}

static const char MODEL[] = TESTS_FOLDER "/golden/tiny-bert", FOLDER[] = "quantized-test";

static Weights load(const char *folder) {
    Error err = {0};
    Weights weights = {0};
    CHECK_OK(weights_load(&weights, folder, -1, NULL, 0, &err), &err);
    return weights;
}

/* (tokens, C) of a fixed row, or false where the processor has no int8 products. */
static bool run(const Weights *weights, float *hidden, int tokens) {
    Error err = {0};
    Encoder *encoder = encoder_new(weights, &(EncoderOptions){.dtype = DTYPE_INT8}, NULL, &err);
    if (!encoder) {
        print_message("not run: %s\n", err.message);
        return false;
    }
    Workspace *ws = workspace_new(encoder, &(WorkspaceOptions){.tokens = tokens, .rows = 1}, NULL, &err);
    CHECK_OK(ws, &err);
    int32_t ids[16], starts[2] = {0, tokens};
    for (int t = 0; t < tokens; t++) ids[t] = formula_id(1, (uint32_t)t, weights->config.vocabulary);
    CHECK_OK(encoder_forward(encoder, ws, &(Batch){.rows = 1, .tokens = tokens, .ids = ids, .starts = starts},
                             &(ForwardOptions){0}, &err),
             &err);
    memcpy(hidden, workspace_hidden(ws, weights->config.layers), (size_t)(tokens * weights->config.channels) * sizeof *hidden);
    workspace_free(ws);
    encoder_free(encoder);
    return true;
}

static void the_folder_gives_the_bits_of_the_one_it_was_made_from(void **state) {
    (void)state;
    Error err = {0};
    CHECK_OK(folder_remove(FOLDER, &err), &err);
    CHECK_OK(quantize_folder(MODEL, FOLDER, &err), &err);
    Weights from = load(MODEL), to = load(FOLDER);
    enum { TOKENS = 11 };
    static float a[TOKENS * 1024], b[TOKENS * 1024];
    assert_true(from.config.channels <= 1024);
    if (run(&from, a, TOKENS) && run(&to, b, TOKENS))
        assert_memory_equal(a, b, (size_t)(TOKENS * from.config.channels) * sizeof *a);
    int quantised = 0;
    for (int i = 0; i < from.table.count; i++) {
        const TensorSpec *spec = &from.table.tensors[i];
        bool same = memcmp(from.block + spec->offset, to.block + spec->offset, spec->count * sizeof(float)) == 0;
        bool matrix = spec->layer >= 0 && spec->dimensions == 2;
        assert_true(same == !matrix); /* what is no matrix of a layer is as it was */
        quantised += matrix;
    }
    assert_int_equal(quantised, 6 * from.config.layers);
    weights_free(&from);
    weights_free(&to);
    CHECK_FAILS(quantize_folder(FOLDER, FOLDER, &err), &err, ERROR_USAGE, "the same folder twice");
    CHECK_OK(folder_remove(FOLDER, &err), &err);
}

/* One tensor of the folder's changed or left out: `name` becomes `other` of this type and these bytes (NULL: is gone). */
static void spoil(const char *name, const StoredTensor *other) {
    Error err = {0};
    SafeTensors tensors = {0};
    StoredTensor kept[256];
    int count = 0;
    CHECK_OK(safetensors_open(&tensors, "quantized-test/model.safetensors", &err), &err);
    for (int i = 0; i < tensors.count; i++) {
        if (strcmp(tensors.tensors[i].name, name) != 0)
            kept[count++] = tensors.tensors[i];
        else if (other)
            kept[count++] = *other;
    }
    CHECK_OK(safetensors_write("quantized-test/spoilt.safetensors", kept, count, &err), &err);
    safetensors_close(&tensors);
    assert_int_equal(rename("quantized-test/spoilt.safetensors", "quantized-test/model.safetensors"), 0);
}

static void check_spoilt(const char *name, const StoredTensor *other, const char *sentence) {
    Error err = {0};
    Weights weights = {0};
    CHECK_OK(folder_remove(FOLDER, &err), &err);
    CHECK_OK(quantize_folder(MODEL, FOLDER, &err), &err);
    spoil(name, other);
    CHECK_FAILS(weights_load(&weights, FOLDER, -1, NULL, 0, &err), &err, ERROR_MODEL, sentence);
    CHECK_OK(folder_remove(FOLDER, &err), &err);
}

static void scales_that_are_not_as_they_should_be(void **state) {
    (void)state;
    static const char NAME[] = "bert.encoder.layer.0.attention.self.query.weight_scale";
    Weights from = load(MODEL);
    int rows = from.config.channels;
    weights_free(&from);
    static float values[1024];
    for (int i = 0; i < rows; i++) values[i] = 1;
    check_spoilt(NAME, NULL, "is I8, expected '");
    StoredTensor scales = {.name = NAME, .type = TENSOR_I32, .dimensions = 1, .shape = {rows}, .data = values};
    check_spoilt(NAME, &scales, "is I32, expected F32");
    scales = (StoredTensor){.name = NAME, .type = TENSOR_F32, .dimensions = 1, .shape = {rows - 1}, .data = values};
    check_spoilt(NAME, &scales, "expected [");
    scales.shape[0] = rows;
    values[2] = NAN;
    check_spoilt(NAME, &scales, "is nan at place 2, expected a positive number");
    values[2] = -1;
    check_spoilt(NAME, &scales, "is -1 at place 2, expected a positive number");
    values[2] = INFINITY;
    check_spoilt(NAME, &scales, "is inf at place 2, expected a positive number");
    values[2] = 3e38f; /* finite, and its products are not */
    check_spoilt(NAME, &scales, "is 3e+38 at place 2, expected a positive number below 2^121");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_back_together_is_quantised_to_the_same),
        cmocka_unit_test(the_folder_gives_the_bits_of_the_one_it_was_made_from),
        cmocka_unit_test(scales_that_are_not_as_they_should_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
