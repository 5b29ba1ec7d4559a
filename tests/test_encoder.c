/* The encoder against torch and transformers: hidden states, logits, and the gradient of every parameter by name. */
#include "tests/check.h"

#include "common/memory.h"
#include "common/safetensors.h"
#include "encoder/encoder.h"
#include "tests/reference.h"

typedef struct Model {
    Weights weights;
    Encoder *encoder;
    SafeTensors golden;
} Model;

static void open_model(Model *model, const char *name, Pool *pool) {
    Error err = {0};
    char folder[512], golden[600];
    snprintf(folder, sizeof folder, "%s/golden/%s", TESTS_FOLDER, name);
    snprintf(golden, sizeof golden, "%s/golden.safetensors", folder);
    *model = (Model){0};
    CHECK_OK(weights_load(&model->weights, folder, -1, NULL, 1, &err), &err);
    CHECK_OK((model->encoder = encoder_new(&model->weights, &(EncoderOptions){.training = true}, pool, &err)), &err);
    CHECK_OK(safetensors_open(&model->golden, golden, &err), &err);
}

static void close_model(Model *model) {
    safetensors_close(&model->golden);
    encoder_free(model->encoder);
    weights_free(&model->weights);
}

static const StoredTensor *golden(const Model *model, const char *name) {
    const StoredTensor *tensor = safetensors_find(&model->golden, name);
    if (!tensor) fail_msg("golden.safetensors: no tensor '%s'", name);
    return tensor;
}

static const int32_t *golden_ints(const Model *model, const char *name) { return golden(model, name)->data; }

static float *golden_floats(const Model *model, const char *name, size_t *count) {
    Error err = {0};
    const StoredTensor *tensor = golden(model, name);
    *count = tensor_elements(tensor);
    float *floats = mem_new(*count, sizeof *floats, &err);
    assert_non_null(floats);
    CHECK_OK(tensor_read_floats(tensor, 0, *count, floats, &err), &err);
    return floats;
}

static Batch golden_batch(const Model *model) {
    Batch batch = {.ids = golden_ints(model, "ids"), .starts = golden_ints(model, "starts")};
    batch.rows = (int)tensor_elements(golden(model, "starts")) - 1;
    batch.tokens = batch.starts[batch.rows];
    return batch;
}

/* torch sums in another order: a few units in the last place of numbers around 1 to 10, through three layers. */
static const double HIDDEN_TOLERANCE = 2e-5;

static void check_hidden(const char *name) {
    Error err = {0};
    Model model;
    open_model(&model, name, NULL);
    Batch batch = golden_batch(&model);
    const EncoderConfig *config = encoder_config(model.encoder);
    int C = config->channels;
    WorkspaceOptions options = {.tokens = batch.tokens, .rows = batch.rows, .all_hidden = true};
    Workspace *ws = workspace_new(model.encoder, &options, NULL, &err);
    CHECK_OK(ws, &err);
    CHECK_OK(encoder_forward(model.encoder, ws, &batch, &(ForwardOptions){0}, &err), &err);
    float *last = NULL;
    for (int layer = 0; layer <= config->layers; layer++) {
        char tensor[32];
        size_t count;
        snprintf(tensor, sizeof tensor, "hidden.%d", layer);
        mem_free(last);
        last = golden_floats(&model, tensor, &count);
        assert_int_equal(count, batch.tokens * C);
        check_all_close(tensor, workspace_hidden(ws, layer), last, count, HIDDEN_TOLERANCE, 0);
    }
    const float *logits;
    size_t count;
    float *expected = golden_floats(&model, "logits", &count);
    CHECK_OK(encoder_classify(model.encoder, ws, &batch, &(ForwardOptions){0}, &logits, &err), &err);
    check_all_close("logits", logits, expected, count, HIDDEN_TOLERANCE, 1e-5);

    /* With only [CLS] computed in the last layer, its rows are the same to the bit. */
    ForwardOptions cls = {.cls_only = true};
    float *whole = mem_new((size_t)batch.rows * (size_t)C, sizeof *whole, &err);
    for (int b = 0; b < batch.rows; b++)
        memcpy(whole + b * C, workspace_hidden(ws, config->layers) + batch.starts[b] * C, (size_t)C * sizeof *whole);
    CHECK_OK(encoder_forward(model.encoder, ws, &batch, &cls, &err), &err);
    assert_memory_equal(workspace_hidden(ws, config->layers), whole, (size_t)batch.rows * (size_t)C * sizeof *whole);
    mem_free(whole);
    mem_free(expected);
    mem_free(last);
    workspace_free(ws);
    close_model(&model);
}

static void hidden_states_of_distilbert_are_those_of_transformers(void **state) {
    (void)state;
    check_hidden("tiny-distilbert");
}

static void hidden_states_of_bert_are_those_of_transformers(void **state) {
    (void)state;
    check_hidden("tiny-bert");
}

/* dLoss/dlogits of the mean cross entropy. */
static void loss_gradient(float *gradient, const float *logits, const int32_t *labels, int B, int K) {
    for (int b = 0; b < B; b++) {
        double sum = 0;
        for (int k = 0; k < K; k++) sum += exp((double)logits[b * K + k]);
        for (int k = 0; k < K; k++) gradient[b * K + k] = (float)((exp((double)logits[b * K + k]) / sum - (labels[b] == k)) / B);
    }
}

static void run_backward(const Model *model, const Batch *batch, Workspace *ws, const ForwardOptions *options, float *gradients) {
    Error err = {0};
    const float *logits;
    float dlogits[256];
    CHECK_OK(encoder_forward(model->encoder, ws, batch, options, &err), &err);
    CHECK_OK(encoder_classify(model->encoder, ws, batch, options, &logits, &err), &err);
    loss_gradient(dlogits, logits, golden_ints(model, "labels"), batch->rows, encoder_config(model->encoder)->classes);
    CHECK_OK(encoder_backward(model->encoder, ws, batch, options, dlogits, gradients, &err), &err);
}

static void check_gradients(const char *name, bool cls_only) {
    Error err = {0};
    Model model;
    open_model(&model, name, NULL);
    Batch batch = golden_batch(&model);
    WorkspaceOptions options = {.tokens = batch.tokens + 100, .rows = batch.rows + 3, .training = true};
    Workspace *ws = workspace_new(model.encoder, &options, NULL, &err);
    CHECK_OK(ws, &err);
    const WeightTable *table = &model.weights.table;
    float *gradients = mem_new(table->total, sizeof *gradients, &err);
    run_backward(&model, &batch, ws, &(ForwardOptions){.cls_only = cls_only}, gradients);
    for (int i = 0; i < table->count; i++) {
        char tensor[160];
        size_t count;
        snprintf(tensor, sizeof tensor, "gradient.%s", table->tensors[i].name);
        float *expected = golden_floats(&model, tensor, &count);
        assert_int_equal(count, table->tensors[i].count);
        double largest = 0;
        for (size_t j = 0; j < count; j++) largest = fmax(largest, fabs((double)expected[j]));
        /* float32 sums in another order: relative to the tensor's own size, with a floor for those that are zero but for rounding */
        check_all_close(tensor, gradients + table->tensors[i].offset, expected, count, 1e-6 + 2e-5 * largest, 0);
        mem_free(expected);
    }
    mem_free(gradients);
    workspace_free(ws);
    close_model(&model);
}

static void every_gradient_is_torchs(void **state) {
    (void)state;
    check_gradients("tiny-distilbert", false);
    check_gradients("tiny-distilbert", true);
    check_gradients("tiny-bert", false);
    check_gradients("tiny-bert", true);
}

/* A step's first sum writes the gradients of Linears' weights whatever stood there, and ends in the bits of one that found zeros. */
static void first_sum_needs_no_zeros(void **state) {
    (void)state;
    Error err = {0};
    Model model;
    open_model(&model, "tiny-bert", NULL);
    Batch batch = golden_batch(&model);
    WorkspaceOptions options = {.tokens = batch.tokens, .rows = batch.rows, .training = true};
    Workspace *ws = workspace_new(model.encoder, &options, NULL, &err);
    CHECK_OK(ws, &err);
    const WeightTable *table = &model.weights.table;
    float *wanted = mem_new(table->total, sizeof *wanted, &err), *gradients = mem_new(table->total, sizeof *gradients, &err);
    run_backward(&model, &batch, ws, &(ForwardOptions){.cls_only = true}, wanted);
    int linear = 0;
    for (int i = 0; i < table->count; i++) {
        const TensorSpec *tensor = &table->tensors[i];
        linear += tensor->linear;
        for (size_t j = 0; tensor->linear && j < tensor->count; j++) gradients[tensor->offset + j] = NAN;
    }
    assert_int_equal(linear, model.weights.config.layers * 6 + 2);
    run_backward(&model, &batch, ws, &(ForwardOptions){.cls_only = true, .first_sum = true}, gradients);
    for (size_t i = 0; i < table->total; i++) assert_true(gradients[i] == wanted[i]);
    /* A second piece is added. */
    run_backward(&model, &batch, ws, &(ForwardOptions){.cls_only = true}, gradients);
    for (size_t i = 0; i < table->total; i++) assert_float_equal(gradients[i], 2 * wanted[i], 1e-5F);
    mem_free(wanted);
    mem_free(gradients);
    workspace_free(ws);
    close_model(&model);
}

/* The mean loss of the slow encoder over the rows, with one weight moved. */
static double slow_loss(Reference *reference, const Batch *batch, const int32_t *labels) {
    double loss = 0;
    for (int b = 0; b < batch->rows; b++) {
        reference->row = (uint32_t)b;
        loss += reference_loss(reference, batch->ids + batch->starts[b], batch->starts[b + 1] - batch->starts[b], labels[b]) /
                batch->rows;
    }
    return loss;
}

/* Finite differences of the slow encoder in double, for the largest gradient and some others of every tensor. */
static void check_differences(const char *name, bool dropout) {
    Error err = {0};
    Model model;
    open_model(&model, name, NULL);
    Batch batch = golden_batch(&model);
    Workspace *ws = workspace_new(model.encoder,
                                  &(WorkspaceOptions){.tokens = batch.tokens, .rows = batch.rows, .training = true}, NULL, &err);
    CHECK_OK(ws, &err);
    const WeightTable *table = &model.weights.table;
    float *gradients = mem_new(table->total, sizeof *gradients, &err);
    double *block = mem_new(table->total, sizeof *block, &err);
    for (size_t i = 0; i < table->total; i++) block[i] = (double)model.weights.block[i];
    ForwardOptions forward = {.cls_only = true, .dropout = dropout, .seed = 0x123456789abcdefu, .step = 5};
    run_backward(&model, &batch, ws, &forward, gradients);
    Reference reference = {.config = &model.weights.config,
                           .table = table,
                           .block = block,
                           .dropout = dropout,
                           .seed = forward.seed,
                           .step = forward.step};
    for (int i = 0; i < table->count; i++) {
        const TensorSpec *tensor = &table->tensors[i];
        const float *gradient = gradients + tensor->offset;
        size_t places[4] = {0, tensor->count / 3, tensor->count - 1, 0};
        double largest = 0;
        for (size_t j = 0; j < tensor->count; j++) {
            if (fabs((double)gradient[j]) <= largest) continue;
            largest = fabs((double)gradient[j]);
            places[3] = j;
        }
        for (int p = 0; p < 4; p++) {
            double *weight = block + tensor->offset + places[p], kept = *weight;
            const double step = 1e-4; /* third derivatives are near 1: the difference is off by about 1e-8 */
            *weight = kept + step;
            double above = slow_loss(&reference, &batch, golden_ints(&model, "labels"));
            *weight = kept - step;
            double below = slow_loss(&reference, &batch, golden_ints(&model, "labels"));
            *weight = kept;
            double slope = (above - below) / (2 * step);
            /* the fast one is float32 throughout: a few 1e-7 of its largest terms, relative to the tensor's largest gradient */
            if (!is_close((double)gradient[places[p]], slope, 1e-6 + 5e-5 * largest, 0))
                fail_msg("%s%s, element %zu: %.9g, by finite differences %.9g", tensor->name, dropout ? " with dropout" : "",
                         places[p], (double)gradient[places[p]], slope);
        }
    }
    mem_free(block);
    mem_free(gradients);
    workspace_free(ws);
    close_model(&model);
}

static void gradients_are_the_differences_of_the_slow_encoder(void **state) {
    (void)state;
    check_differences("tiny-distilbert", false);
    check_differences("tiny-bert", false);
}

static void with_dropout_too(void **state) {
    (void)state;
    check_differences("tiny-distilbert", true);
    check_differences("tiny-bert", true);
}

/* Threads, and a second run on the same workspace: the same bytes. */
static void gradients_have_the_same_bytes_on_any_number_of_threads(void **state) {
    (void)state;
    Error err = {0};
    float *first = NULL;
    static const int THREADS[] = {1, 2, 3, 8, 2};
    for (size_t i = 0; i < sizeof THREADS / sizeof *THREADS; i++) {
        Pool *pool = pool_new(THREADS[i], &err);
        Model model;
        open_model(&model, "tiny-bert", pool);
        Batch batch = golden_batch(&model);
        WorkspaceOptions options = {.tokens = batch.tokens, .rows = batch.rows, .training = true};
        Workspace *ws = workspace_new(model.encoder, &options, pool, &err);
        size_t total = model.weights.table.total;
        float *gradients = mem_new(total, sizeof *gradients, &err);
        ForwardOptions forward = {.cls_only = true, .dropout = true, .seed = 9, .step = 2};
        for (int round = 0; round < 2; round++) {
            memset(gradients, 0, total * sizeof *gradients);
            run_backward(&model, &batch, ws, &forward, gradients);
            if (!first) {
                first = mem_new(total, sizeof *first, &err);
                memcpy(first, gradients, total * sizeof *first);
            }
            assert_memory_equal(gradients, first, total * sizeof *first);
        }
        mem_free(gradients);
        workspace_free(ws);
        close_model(&model);
        pool_free(pool);
    }
    mem_free(first);
}

/* Frozen layers get no gradient, and those above the same one as before. */
static void frozen_layers_get_no_gradient(void **state) {
    (void)state;
    Error err = {0};
    Model model;
    open_model(&model, "tiny-distilbert", NULL);
    Batch batch = golden_batch(&model);
    WorkspaceOptions options = {.tokens = batch.tokens, .rows = batch.rows, .training = true};
    const WeightTable *table = &model.weights.table;
    float *all = mem_new(table->total, sizeof *all, &err), *part = mem_new(table->total, sizeof *part, &err);
    Workspace *ws = workspace_new(model.encoder, &options, NULL, &err);
    run_backward(&model, &batch, ws, &(ForwardOptions){.cls_only = true}, all);
    workspace_free(ws);
    for (int from = 0; from <= model.weights.config.layers; from++) {
        options.from_layer = from;
        options.embeddings_frozen = true;
        memset(part, 0, table->total * sizeof *part);
        ws = workspace_new(model.encoder, &options, NULL, &err);
        CHECK_OK(ws, &err);
        run_backward(&model, &batch, ws, &(ForwardOptions){.cls_only = true}, part);
        workspace_free(ws);
        for (int i = 0; i < table->count; i++) {
            const TensorSpec *tensor = &table->tensors[i];
            bool frozen = !tensor->head && (tensor->layer < from || tensor->layer < 0) && !strstr(tensor->name, "pooler");
            for (size_t j = 0; frozen && j < tensor->count; j++) assert_true(part[tensor->offset + j] == 0);
            if (!frozen) assert_memory_equal(part + tensor->offset, all + tensor->offset, tensor->count * sizeof *part);
        }
    }
    mem_free(all);
    mem_free(part);
    close_model(&model);
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    Error err = {0};
    Model model;
    open_model(&model, "tiny-distilbert", NULL);
    Workspace *ws = workspace_new(model.encoder, &(WorkspaceOptions){.tokens = 200, .rows = 4}, NULL, &err);
    int32_t ids[200] = {0}, starts[] = {0, 200};
    Batch batch = {.rows = 1, .tokens = 200, .ids = ids, .starts = starts};
    CHECK_FAILS(encoder_forward(model.encoder, ws, &batch, &(ForwardOptions){0}, &err), &err, ERROR_MODEL,
                "a row of 200 tokens, expected at most 64");
    starts[1] = batch.tokens = 3;
    ids[1] = 100000;
    CHECK_FAILS(encoder_forward(model.encoder, ws, &batch, &(ForwardOptions){0}, &err), &err, ERROR_MODEL, "token id 100000");
    batch.tokens = 201;
    CHECK_FAILS(encoder_forward(model.encoder, ws, &batch, &(ForwardOptions){0}, &err), &err, ERROR_FAILED,
                "expected at most 4 and 200");
    workspace_free(ws);
    close_model(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden_states_of_distilbert_are_those_of_transformers),
        cmocka_unit_test(hidden_states_of_bert_are_those_of_transformers),
        cmocka_unit_test(every_gradient_is_torchs),
        cmocka_unit_test(first_sum_needs_no_zeros),
        cmocka_unit_test(gradients_are_the_differences_of_the_slow_encoder),
        cmocka_unit_test(with_dropout_too),
        cmocka_unit_test(gradients_have_the_same_bytes_on_any_number_of_threads),
        cmocka_unit_test(frozen_layers_get_no_gradient),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
