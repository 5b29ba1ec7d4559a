/* A DistilBERT of base size (6 layers, 768, 3072) against transformers, for texts of 1 to 512 tokens in one packed batch. */
#include "tests/formula_weights.h"

#include "common/safetensors.h"
#include "encoder/encoder.h"

static const int LENGTHS[] = {1, 2, 22, 128, 512};
enum { ROWS = sizeof LENGTHS / sizeof *LENGTHS, VOCABULARY = 1000 };

static void hidden_states_of_the_base_size_are_those_of_transformers(void **state) {
    (void)state;
    Error err = {0};
    Weights weights;
    formula_weights(&weights, FAMILY_DISTILBERT, 6, 768, 12, 3072, VOCABULARY, 512, 0);
    SafeTensors golden;
    CHECK_OK(safetensors_open(&golden, TESTS_FOLDER "/golden/base-distilbert.safetensors", &err), &err);
    int32_t starts[ROWS + 1] = {0}, ids[1024];
    for (int r = 0; r < ROWS; r++) {
        starts[r + 1] = starts[r] + LENGTHS[r];
        for (int t = 0; t < LENGTHS[r]; t++) ids[starts[r] + t] = formula_id((uint32_t)r, (uint32_t)t, VOCABULARY);
    }
    Batch batch = {.rows = ROWS, .tokens = starts[ROWS], .ids = ids, .starts = starts};
    Encoder *encoder = encoder_new(&weights, &(EncoderOptions){0}, NULL, &err);
    CHECK_OK(encoder, &err);
    Workspace *ws =
        workspace_new(encoder, &(WorkspaceOptions){.tokens = batch.tokens, .rows = ROWS, .all_hidden = true}, NULL, &err);
    CHECK_OK(ws, &err);
    CHECK_OK(encoder_forward(encoder, ws, &batch, &(ForwardOptions){0}, &err), &err);
    int compared = 0;
    for (int r = 0; r < ROWS; r++)
        for (int layer = 1; layer <= 6; layer += 5) {
            char name[32];
            snprintf(name, sizeof name, "%d.%d", LENGTHS[r], layer);
            const StoredTensor *tensor = safetensors_find(&golden, name);
            assert_non_null(tensor);
            const int places[] = {0, LENGTHS[r] / 2, LENGTHS[r] - 1};
            for (int p = 0; p < 3; p++) {
                float expected[768];
                CHECK_OK(tensor_read_floats(tensor, (size_t)p * 768, 768, expected, &err), &err);
                const float *hidden = workspace_hidden(ws, layer) + (starts[r] + places[p]) * 768;
                check_all_close(name, hidden, expected, 768, 2e-5, 0); /* the promise of docs/MODEL.md */
                compared++;
            }
        }
    assert_int_equal(compared, 3 * 2 * ROWS);
    workspace_free(ws);
    encoder_free(encoder);
    safetensors_close(&golden);
    weights_free(&weights);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(hidden_states_of_the_base_size_are_those_of_transformers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
