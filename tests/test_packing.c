/* Weights that change are packed again: some rows at a time, as the optimiser moves them, or all at once, which must come to the same bits. */
#include "tests/formula_weights.h"

#include "common/memory.h"
#include "encoder/encoder.h"

enum { ROWS = 3, LENGTH = 11, TOKENS = ROWS * LENGTH, VOCABULARY = 50, CLASSES = 3, LOGITS = ROWS * CLASSES, LAYERS = 2 };

typedef struct Size {
    int channels, heads, feed_forward;
} Size;

/* Logits, and behind them the gradient of every parameter. */
static float *run(const Encoder *encoder, const Weights *weights, size_t *count) {
    Error err = {0};
    int32_t ids[TOKENS], starts[ROWS + 1];
    for (int i = 0; i <= ROWS; i++) starts[i] = i * LENGTH;
    for (int i = 0; i < TOKENS; i++) ids[i] = formula_id(1, (uint32_t)i, VOCABULARY);
    Batch batch = {.rows = ROWS, .tokens = TOKENS, .ids = ids, .starts = starts};
    ForwardOptions options = {.cls_only = false};
    Workspace *ws = workspace_new(encoder, &(WorkspaceOptions){.tokens = TOKENS, .rows = ROWS, .training = true}, NULL, &err);
    CHECK_OK(ws, &err);
    *count = LOGITS + weights->table.total;
    float *all = mem_new(*count, sizeof *all, &err), of_logits[LOGITS];
    const float *logits = NULL;
    assert_non_null(all);
    for (int i = 0; i < LOGITS; i++) of_logits[i] = i % CLASSES ? 0.25f : -0.5f;
    CHECK_OK(encoder_forward(encoder, ws, &batch, &options, &err), &err);
    CHECK_OK(encoder_classify(encoder, ws, &batch, &options, &logits, &err), &err);
    memcpy(all, logits, sizeof of_logits);
    CHECK_OK(encoder_backward(encoder, ws, &batch, &options, of_logits, all + LOGITS, &err), &err);
    workspace_free(ws);
    return all;
}

static void change(Weights *weights, size_t offset, size_t count) {
    for (size_t i = offset; i < offset + count; i++) weights->block[i] *= 0.75f;
}

/* As the optimiser goes about it, but from behind. */
static void change_by_rows(Weights *weights, const Encoder *encoder) {
    for (int t = weights->table.count - 1; t >= 0; t--) {
        const TensorSpec *tensor = &weights->table.tensors[t];
        size_t piece = tensor->linear ? (size_t)tensor->columns * LINEAR_ROWS : tensor->count, begin = (tensor->count - 1) / piece * piece;
        for (;; begin -= piece) {
            size_t count = tensor->count - begin < piece ? tensor->count - begin : piece;
            change(weights, tensor->offset + begin, count);
            encoder_refresh_rows(encoder, tensor->offset + begin, count);
            if (begin == 0) break;
        }
    }
}

static void check_size(Size size, Dtype dtype) {
    Error err = {0};
    Weights weights;
    formula_weights(&weights, FAMILY_BERT, LAYERS, size.channels, size.heads, size.feed_forward, VOCABULARY, 16, CLASSES);
    EncoderOptions options = {.dtype = dtype, .training = true};
    Encoder *encoder = encoder_new(&weights, &options, NULL, &err);
    CHECK_OK(encoder, &err);
    size_t count, moved = 0;
    float *before = run(encoder, &weights, &count);
    change_by_rows(&weights, encoder);
    CHECK_OK(encoder_refresh_rest(encoder, NULL, &err), &err);
    float *by_rows = run(encoder, &weights, &count);
    Encoder *fresh = encoder_new(&weights, &options, NULL, &err);
    CHECK_OK(fresh, &err);
    float *anew = run(fresh, &weights, &count);
    for (size_t i = 0; i < count; i++) {
        assert_true(by_rows[i] == anew[i]);
        moved += by_rows[i] != before[i];
    }
    assert_true(moved > (count - (size_t)VOCABULARY * (size_t)size.channels) * 9 / 10); /* words that are not there have no gradient */

    change(&weights, 0, weights.table.total);
    CHECK_OK(encoder_refresh(encoder, NULL, &err), &err);
    CHECK_OK(encoder_refresh_rest(fresh, NULL, &err), &err);
    change_by_rows(&weights, fresh); /* weights that are packed by rows catch up with what they have missed */
    CHECK_OK(encoder_refresh_rest(fresh, NULL, &err), &err);
    CHECK_OK(encoder_refresh(encoder, NULL, &err), &err);
    float *all = run(encoder, &weights, &count), *rows = run(fresh, &weights, &count);
    for (size_t i = 0; i < count; i++) assert_true(all[i] == rows[i]);
    mem_free(before);
    mem_free(by_rows);
    mem_free(anew);
    mem_free(all);
    mem_free(rows);
    encoder_free(encoder);
    encoder_free(fresh);
    weights_free(&weights);
}

/* Matrices that panels of 64 columns divide, and such that they do not, wholly or in part. */
static void check_sizes(Dtype dtype) {
    static const Size SIZES[] = {{64, 2, 128}, {128, 4, 320}, {64, 2, 80}, {48, 3, 128}};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) check_size(SIZES[i], dtype);
}

static void rows_packed_one_by_one_are_the_weights_packed_whole(void **state) {
    (void)state;
    check_sizes(DTYPE_FLOAT32);
}

static void in_bfloat16_too(void **state) {
    (void)state;
    Dtype dtype = DTYPE_BFLOAT16;
    Error err = {0};
    if (!dtype_resolve(&dtype, &err)) {
        print_message("no bfloat16 here: %s\n", err.message);
        skip();
    }
    check_sizes(DTYPE_BFLOAT16);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_packed_one_by_one_are_the_weights_packed_whole),
                                       cmocka_unit_test(in_bfloat16_too)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
