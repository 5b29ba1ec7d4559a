/* Same text, same answer: a row's hidden states are the same bits whatever its batch mates, its place in the batch and the number of
 * threads, at the real sizes. CMake runs this once as the processor is and once with oneDNN held at AVX2. */
#include "tests/formula_weights.h"

#include "common/random.h"
#include "encoder/encoder.h"

enum { MOST_ROWS = 130, VOCABULARY = 500, LONGEST = 512, MOST_TOKENS = MOST_ROWS * 4 + 2 * LONGEST, LAYERS = 2 };

/* Two rows of 512 tokens, the others of 1 to 4. */
static int length_of(int row) { return row == 3 || row == 77 ? LONGEST : 1 + row % 4; }

typedef struct Rows {
    int32_t ids[MOST_TOKENS], starts[MOST_ROWS + 1], numbers[MOST_ROWS];
} Rows;

static Batch lay_out(Rows *rows, const int *order, int count) {
    rows->starts[0] = 0;
    for (int b = 0; b < count; b++) {
        int row = order[b], length = length_of(row);
        for (int t = 0; t < length; t++) rows->ids[rows->starts[b] + t] = formula_id((uint32_t)row, (uint32_t)t, VOCABULARY);
        rows->starts[b + 1] = rows->starts[b] + length;
        rows->numbers[b] = row;
    }
    return (Batch){.rows = count, .tokens = rows->starts[count], .ids = rows->ids, .starts = rows->starts, .row = rows->numbers};
}

static float *alone[MOST_ROWS]; /* (length, C) of each row in a batch of its own, on one thread */

static void run_alone(const Encoder *encoder, int C) {
    Error err = {0};
    static Rows rows;
    Workspace *ws = workspace_new(encoder, &(WorkspaceOptions){.tokens = LONGEST, .rows = 1}, NULL, &err);
    CHECK_OK(ws, &err);
    for (int row = 0; row < MOST_ROWS; row++) {
        Batch batch = lay_out(&rows, &row, 1);
        CHECK_OK(encoder_forward(encoder, ws, &batch, &(ForwardOptions){0}, &err), &err);
        size_t bytes = (size_t)batch.tokens * (size_t)C * sizeof(float);
        alone[row] = mem_new(bytes, 1, &err);
        memcpy(alone[row], workspace_hidden(ws, LAYERS), bytes);
    }
    workspace_free(ws);
}

static void check_batch(const Encoder *encoder, Workspace *ws, const Batch *batch, int C, bool cls_only, int threads) {
    Error err = {0};
    CHECK_OK(encoder_forward(encoder, ws, batch, &(ForwardOptions){.cls_only = cls_only}, &err), &err);
    const float *hidden = workspace_hidden(ws, LAYERS);
    for (int b = 0; b < batch->rows; b++) {
        int length = cls_only ? 1 : batch->starts[b + 1] - batch->starts[b], at = cls_only ? b : batch->starts[b];
        if (memcmp(hidden + (size_t)at * (size_t)C, alone[batch->row[b]], (size_t)length * (size_t)C * sizeof *hidden) != 0)
            fail_msg("%s, row %d, place %d of %d rows, %d threads%s: other bits than alone", dtype_name(encoder_dtype(encoder)),
                     (int)batch->row[b], b, batch->rows, threads, cls_only ? ", [CLS] only" : "");
    }
}

static void check_size(int C, int H, int F, Dtype dtype) {
    Error err = {0};
    static Rows rows;
    Weights weights;
    formula_weights(&weights, FAMILY_DISTILBERT, LAYERS, C, H, F, VOCABULARY, LONGEST, 0);
    Encoder *encoder = encoder_new(&weights, &(EncoderOptions){.dtype = dtype}, NULL, &err);
    if (!encoder && dtype != DTYPE_FLOAT32) {
        print_message("not run: %s\n", err.message);
        weights_free(&weights);
        return;
    }
    CHECK_OK(encoder, &err);
    run_alone(encoder, C);
    Random random = random_start(1, STREAM_TEST, 0);
    static const int THREADS[] = {1, 2, 3, 8};
    for (int i = 0; i < 4; i++) {
        Pool *pool = pool_new(THREADS[i], &err);
        Workspace *ws = workspace_new(encoder, &(WorkspaceOptions){.tokens = MOST_TOKENS, .rows = MOST_ROWS}, pool, &err);
        CHECK_OK(ws, &err);
        for (int count = 1; count <= MOST_ROWS; count++) {
            /* each count begins at a place of its own; a long row is in every eighth batch */
            int order[MOST_ROWS], filled = 0;
            for (int row = count * 7 % MOST_ROWS; filled < count; row = (row + 1) % MOST_ROWS)
                order[filled++] = length_of(row) == LONGEST && count % 8 ? (row + 1) % MOST_ROWS : row;
            random_shuffle(&random, order, count);
            Batch batch = lay_out(&rows, order, count);
            check_batch(encoder, ws, &batch, C, count % 2, THREADS[i]);
        }
        workspace_free(ws);
        pool_free(pool);
    }
    for (int row = 0; row < MOST_ROWS; row++) mem_free(alone[row]);
    encoder_free(encoder);
    weights_free(&weights);
}

static void rows_of_minilm_size_keep_their_bits(void **state) {
    (void)state;
    for (Dtype dtype = DTYPE_FLOAT32; dtype < DTYPES; dtype++) check_size(384, 12, 1536, dtype);
}

static void rows_of_base_size_keep_their_bits(void **state) {
    (void)state;
    for (Dtype dtype = DTYPE_FLOAT32; dtype < DTYPES; dtype++) check_size(768, 12, 3072, dtype);
}

/* Heads of 24 channels and 320 channels: nothing is a multiple of what vectors and threads like. */
static void rows_of_an_odd_size_keep_their_bits(void **state) {
    (void)state;
    for (Dtype dtype = DTYPE_FLOAT32; dtype < DTYPES; dtype++) {
        check_size(120, 5, 200, dtype);
        check_size(320, 5, 448, dtype);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_minilm_size_keep_their_bits),
        cmocka_unit_test(rows_of_base_size_keep_their_bits),
        cmocka_unit_test(rows_of_an_odd_size_keep_their_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
