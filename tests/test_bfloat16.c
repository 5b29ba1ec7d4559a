/* Training in bfloat16: gradients near those of float32, and the same bits on any number of threads. Skipped where the processor does not
 * multiply bfloat16. */
#include "tests/formula_weights.h"

#include <math.h>

#include "encoder/encoder.h"

enum { ROWS = 9, TOKENS = 200, CLASSES = 3, LAYERS = 2, C = 128, F = 256, VOCABULARY = 300 };

static Weights weights;
static int32_t ids[TOKENS], starts[ROWS + 1], numbers[ROWS];

static Batch lay_out(void) {
    static const int LENGTHS[ROWS] = {1, 2, 3, 17, 22, 33, 64, 16, 40};
    for (int r = 0; r < ROWS; r++) {
        starts[r + 1] = starts[r] + LENGTHS[r];
        numbers[r] = r;
        for (int t = 0; t < LENGTHS[r]; t++) ids[starts[r] + t] = formula_id((uint32_t)r, (uint32_t)t, VOCABULARY);
    }
    return (Batch){.rows = ROWS, .tokens = starts[ROWS], .ids = ids, .starts = starts, .row = numbers};
}

/* The gradients of a fixed linear function of the logits, dropout and [CLS] shortcut as in training. */
static float *gradients_of(Dtype dtype, int threads) {
    Error err = {0};
    Pool *pool = pool_new(threads, &err);
    Encoder *encoder = encoder_new(&weights, &(EncoderOptions){.dtype = dtype, .training = true}, pool, &err);
    CHECK_OK(encoder, &err);
    WorkspaceOptions room = {.tokens = TOKENS, .rows = ROWS, .training = true};
    Workspace *ws = workspace_new(encoder, &room, pool, &err);
    float *gradients = mem_new(weights.table.total, sizeof *gradients, &err), dlogits[ROWS * CLASSES];
    CHECK_OK(ws && gradients, &err);
    for (int i = 0; i < ROWS * CLASSES; i++) dlogits[i] = (float)(i % 5 - 2) * 0.1f;
    Batch batch = lay_out();
    ForwardOptions options = {.cls_only = true, .dropout = true, .seed = 7, .step = 3};
    const float *logits;
    CHECK_OK(encoder_forward(encoder, ws, &batch, &options, &err), &err);
    CHECK_OK(encoder_classify(encoder, ws, &batch, &options, &logits, &err), &err);
    CHECK_OK(encoder_backward(encoder, ws, &batch, &options, dlogits, gradients, &err), &err);
    workspace_free(ws);
    encoder_free(encoder);
    pool_free(pool);
    return gradients;
}

/* Products round their inputs to 8 bits of mantissa, 2^-9 relative at most; a gradient has gone through some ten of them. The bias of a key has a gradient
 * of rounding errors alone. BERT, whose pooler is smooth: DistilBERT's ReLU passes a unit near 0 in one precision and stops it in the other. */
static void gradients_are_near_those_of_float32(void **state) {
    (void)state;
    float *exact = gradients_of(DTYPE_FLOAT32, 2), *rounded = gradients_of(DTYPE_BFLOAT16, 2);
    for (int i = 0; i < weights.table.count; i++) {
        const TensorSpec *spec = &weights.table.tensors[i];
        double squares = 0, total = 0;
        for (size_t k = spec->offset; k < spec->offset + spec->count; k++) {
            double difference = (double)rounded[k] - (double)exact[k];
            squares += difference * difference;
            total += (double)exact[k] * (double)exact[k];
        }
        if (strstr(spec->name, "key.bias")) continue;
        if (!(sqrt(squares) <= 0.03 * sqrt(total) + 1e-9)) fail_msg("%s: error %.4f", spec->name, sqrt(squares / total));
    }
    mem_free(exact);
    mem_free(rounded);
}

static void the_number_of_threads_changes_no_bit(void **state) {
    (void)state;
    static const int THREADS[] = {2, 3, 8};
    float *one = gradients_of(DTYPE_BFLOAT16, 1);
    for (int i = 0; i < 3; i++) {
        float *more = gradients_of(DTYPE_BFLOAT16, THREADS[i]);
        assert_memory_equal(one, more, weights.table.total * sizeof *one);
        mem_free(more);
    }
    mem_free(one);
}

static void int8_does_not_train(void **state) {
    (void)state;
    Error err = {0};
    CHECK_FAILS(encoder_new(&weights, &(EncoderOptions){.dtype = DTYPE_INT8, .training = true}, NULL, &err), &err, ERROR_USAGE,
                "int8 is for inference");
}

int main(void) {
    Error err = {0};
    Dtype dtype = DTYPE_BFLOAT16;
    if (!dtype_resolve(&dtype, &err)) {
        printf("skipped: %s\n", err.message);
        return 77;
    }
    formula_weights(&weights, FAMILY_BERT, LAYERS, C, 4, F, VOCABULARY, 64, CLASSES);
    weights.config.dropout = weights.config.attention_dropout = 0.1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_near_those_of_float32),
        cmocka_unit_test(the_number_of_threads_changes_no_bit),
        cmocka_unit_test(int8_does_not_train),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    weights_free(&weights);
    return failed;
}
