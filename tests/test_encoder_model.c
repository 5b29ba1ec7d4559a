/* The real encoder, as it is and converted to DistilBERT, against transformers, for texts of 1 to 512 tokens in one packed batch. */
#include "tests/formula_weights.h"

#include <math.h>

#include "common/file.h"
#include "common/json.h"
#include "common/safetensors.h"
#include "encoder/convert.h"
#include "encoder/encoder.h"

static const int LENGTHS[] = {1, 2, 3, 22, 128, 300, 512};
enum { ROWS = sizeof LENGTHS / sizeof *LENGTHS, MOST_TOKENS = 1024 };

static void check_folder(const char *folder, Family family) {
    Error err = {0};
    Weights weights = {0};
    SafeTensors golden = {0};
    CHECK_OK(weights_load(&weights, folder, 0, NULL, 0, &err), &err);
    assert_int_equal(weights.config.family, family);
    CHECK_OK(safetensors_open(&golden, TESTS_FOLDER "/golden/minilm.safetensors", &err), &err);
    int C = weights.config.channels, last = weights.config.layers;
    int32_t starts[ROWS + 1] = {0}, ids[MOST_TOKENS];
    for (int r = 0; r < ROWS; r++) {
        starts[r + 1] = starts[r] + LENGTHS[r];
        for (int t = 0; t < LENGTHS[r]; t++) ids[starts[r] + t] = formula_id((uint32_t)r, (uint32_t)t, weights.config.vocabulary);
    }
    Batch batch = {.rows = ROWS, .tokens = starts[ROWS], .ids = ids, .starts = starts};
    Encoder *encoder = encoder_new(&weights, &(EncoderOptions){0}, NULL, &err);
    CHECK_OK(encoder, &err);
    Workspace *ws =
        workspace_new(encoder, &(WorkspaceOptions){.tokens = MOST_TOKENS, .rows = ROWS, .all_hidden = true}, NULL, &err);
    CHECK_OK(ws, &err);
    CHECK_OK(encoder_forward(encoder, ws, &batch, &(ForwardOptions){0}, &err), &err);
    for (int r = 0; r < ROWS; r++)
        for (int layer = 1; layer <= last; layer += last - 1) {
            char name[32];
            snprintf(name, sizeof name, "%d.%d", LENGTHS[r], layer);
            const StoredTensor *tensor = safetensors_find(&golden, name);
            assert_non_null(tensor);
            const int places[] = {0, LENGTHS[r] / 2, LENGTHS[r] - 1};
            for (size_t p = 0; p < 3; p++) {
                float expected[1024];
                CHECK_OK(tensor_read_floats(tensor, p * (size_t)C, (size_t)C, expected, &err), &err);
                check_all_close(name, workspace_hidden(ws, layer) + (starts[r] + places[p]) * C, expected, (size_t)C, 2e-5,
                                0); /* docs/MODEL.md */
            }
        }
    workspace_free(ws);
    encoder_free(encoder);
    safetensors_close(&golden);
    weights_free(&weights);
}

/* The error of the last hidden states against float32, as precision.json has it for others. */
static double precision_error(const Weights *weights, const Batch *batch, const float *expected, Dtype dtype) {
    Error err = {0};
    Encoder *encoder = encoder_new(weights, &(EncoderOptions){.dtype = dtype}, NULL, &err);
    if (!encoder) {
        print_message("not run: %s\n", err.message);
        return 0;
    }
    Workspace *ws = workspace_new(encoder, &(WorkspaceOptions){.tokens = MOST_TOKENS, .rows = ROWS}, NULL, &err);
    CHECK_OK(ws, &err);
    CHECK_OK(encoder_forward(encoder, ws, batch, &(ForwardOptions){0}, &err), &err);
    const float *hidden = workspace_hidden(ws, weights->config.layers);
    double squares = 0, total = 0;
    for (size_t i = 0; i < (size_t)batch->tokens * (size_t)weights->config.channels; i++) {
        double difference = (double)hidden[i] - (double)expected[i];
        squares += difference * difference;
        total += (double)expected[i] * (double)expected[i];
    }
    workspace_free(ws);
    encoder_free(encoder);
    return sqrt(squares / total);
}

static void check_precision(const char *folder) {
    Error err = {0};
    Weights weights = {0};
    CHECK_OK(weights_load(&weights, folder, 0, NULL, 0, &err), &err);
    int32_t starts[ROWS + 1] = {0}, ids[MOST_TOKENS];
    for (int r = 0; r < ROWS; r++) {
        starts[r + 1] = starts[r] + LENGTHS[r];
        for (int t = 0; t < LENGTHS[r]; t++) ids[starts[r] + t] = formula_id((uint32_t)r, (uint32_t)t, weights.config.vocabulary);
    }
    Batch batch = {.rows = ROWS, .tokens = starts[ROWS], .ids = ids, .starts = starts};
    Encoder *encoder = encoder_new(&weights, &(EncoderOptions){0}, NULL, &err);
    CHECK_OK(encoder, &err);
    Workspace *ws = workspace_new(encoder, &(WorkspaceOptions){.tokens = MOST_TOKENS, .rows = ROWS}, NULL, &err);
    CHECK_OK(ws, &err);
    CHECK_OK(encoder_forward(encoder, ws, &batch, &(ForwardOptions){0}, &err), &err);
    const float *expected = workspace_hidden(ws, weights.config.layers);
    Json *judge = json_parse_file(TESTS_FOLDER "/golden/precision.json", ERROR_DATA, &err);
    CHECK_OK(judge, &err);
    for (Dtype dtype = DTYPE_BFLOAT16; dtype < DTYPES; dtype++) {
        double theirs = json_number_or(json_get(judge, dtype_name(dtype)), (double)NAN),
               ours = precision_error(&weights, &batch, expected, dtype);
        print_message("%s: error %.4f, others' %.4f\n", dtype_name(dtype), ours, theirs);
        assert_true(ours <= 1.2 * theirs);
    }
    json_free(judge);
    workspace_free(ws);
    encoder_free(encoder);
    weights_free(&weights);
}

static const char *real_model;

static void less_precision_costs_no_more_than_it_costs_others(void **state) {
    (void)state;
    check_precision(real_model);
}

static void the_real_encoder_computes_what_transformers_computes(void **state) {
    (void)state;
    check_folder(real_model, FAMILY_BERT);
}

static void so_does_the_distilbert_it_is_converted_to(void **state) {
    (void)state;
    Error err = {0};
    CHECK_OK(folder_remove("converted-test", &err), &err);
    CHECK_OK(convert_to_distilbert(real_model, "converted-test", &err), &err);
    check_folder("converted-test", FAMILY_DISTILBERT);
    CHECK_OK(folder_remove("converted-test", &err), &err);
}

int main(void) {
    real_model = real_model_or_skip();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_encoder_computes_what_transformers_computes),
        cmocka_unit_test(less_precision_costs_no_more_than_it_costs_others),
        cmocka_unit_test(so_does_the_distilbert_it_is_converted_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
