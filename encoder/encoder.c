#include "encoder/encoder.h"

#include <math.h>
#include <string.h>

#include "common/random.h"
#include "encoder/inside.h"

/* ---- packing ---- */

/* weight (out, in) */
static bool pack_linear(PackedLinear *linear, const Ops *ops, const float *weight, const float *bias, int out, int in,
                        bool training, Error *err) {
    linear->bias = bias;
    if (linear->forward)
        return ops_repack(ops, linear->forward, weight, err) && (!training || ops_repack(ops, linear->backward, weight, err));
    linear->forward = ops_pack(ops, weight, in, out, 1, in, err);
    if (linear->forward && training) linear->backward = ops_pack(ops, weight, out, in, in, 1, err);
    return linear->forward && (!training || linear->backward);
}

static void free_linear(PackedLinear *linear) {
    packed_free(linear->forward);
    packed_free(linear->backward);
}

/* Keys and values read the same input: their weights are put together, so that one product gives both. */
static bool pack_keys_values(PackedLayer *packed, const Ops *ops, const Weights *w, int layer, bool training, Error *err) {
    int C = w->config.channels;
    size_t square = (size_t)C * (size_t)C;
    const float *part[4];
    const LayerPart parts[4] = {LAYER_K_WEIGHT, LAYER_V_WEIGHT, LAYER_K_BIAS, LAYER_V_BIAS};
    for (int i = 0; i < 4; i++) part[i] = weight_layer(&w->table, &w->config, w->block, layer, parts[i]);
    if (!packed->kv_bias) packed->kv_bias = mem_new(2 * (size_t)C, sizeof(float), err);
    packed->kv_weight = packed->kv_bias ? mem_new(2 * square, sizeof(float), err) : NULL;
    if (!packed->kv_weight) return false;
    for (size_t i = 0; i < 2; i++) {
        memcpy(packed->kv_weight + i * square, part[i], square * sizeof(float));
        memcpy(packed->kv_bias + i * (size_t)C, part[i + 2], (size_t)C * sizeof(float));
    }
    bool good = pack_linear(&packed->kv, ops, packed->kv_weight, packed->kv_bias, 2 * C, C, training, err);
    mem_free(packed->kv_weight);
    packed->kv_weight = NULL;
    return good;
}

static bool pack_layer(Encoder *encoder, int layer, Error *err) {
    const Weights *w = encoder->weights;
    PackedLayer *packed = &encoder->layers[layer];
    int C = w->config.channels, F = w->config.feed_forward;
    const float *part[LAYER_PARTS];
    for (int i = 0; i < LAYER_PARTS; i++) part[i] = weight_layer(&w->table, &w->config, w->block, layer, (LayerPart)i);
    return pack_linear(&packed->q, encoder->ops, part[LAYER_Q_WEIGHT], part[LAYER_Q_BIAS], C, C, encoder->training, err) &&
           pack_keys_values(packed, encoder->ops, w, layer, encoder->training, err) &&
           pack_linear(&packed->out, encoder->ops, part[LAYER_OUT_WEIGHT], part[LAYER_OUT_BIAS], C, C, encoder->training, err) &&
           pack_linear(&packed->up, encoder->ops, part[LAYER_UP_WEIGHT], part[LAYER_UP_BIAS], F, C, encoder->training, err) &&
           pack_linear(&packed->down, encoder->ops, part[LAYER_DOWN_WEIGHT], part[LAYER_DOWN_BIAS], C, F, encoder->training, err);
}

static bool pack_head(Encoder *encoder, Error *err) {
    const Weights *w = encoder->weights;
    int C = w->config.channels, K = w->config.classes;
    if (!K) return true;
    const float *part[MODEL_PARTS];
    for (int i = 0; i < MODEL_PARTS; i++) part[i] = weight_model(&w->table, &w->config, w->block, (ModelPart)i);
    return pack_linear(&encoder->pre, encoder->ops, part[PART_PRE_WEIGHT], part[PART_PRE_BIAS], C, C, encoder->training, err) &&
           pack_linear(&encoder->classifier, encoder->ops, part[PART_CLASSIFIER_WEIGHT], part[PART_CLASSIFIER_BIAS], K, C,
                       encoder->training, err);
}

typedef struct PackRun {
    Encoder *encoder;
    Error *errors; /* one a layer, and the head's */
} PackRun;

static void pack_task(void *context, int task, int thread) {
    (void)thread;
    PackRun *run = context;
    bool packed = task < run->encoder->weights->config.layers ? pack_layer(run->encoder, task, &run->errors[task])
                                                              : pack_head(run->encoder, &run->errors[task]);
    if (!packed) FAIL(&run->errors[task], ERROR_FAILED, "packing the weights of layer %d", task);
}

bool encoder_refresh(Encoder *encoder, Pool *pool, Error *err) {
    int tasks = encoder->weights->config.layers + 1;
    PackRun run = {encoder, mem_new((size_t)tasks, sizeof(Error), err)};
    if (!run.errors) return false;
    pool_run(pool, tasks, pack_task, &run);
    bool good = true;
    for (int i = 0; i < tasks && good; i++) {
        good = run.errors[i].kind == ERROR_NONE;
        if (!good && err) *err = run.errors[i];
    }
    mem_free(run.errors);
    return good;
}

Encoder *encoder_new(const Weights *weights, bool training, Pool *pool, Error *err) {
    Encoder *encoder = mem_new(1, sizeof *encoder, err);
    if (!encoder) return NULL;
    encoder->weights = weights;
    encoder->training = training;
    encoder->ops = ops_new(err);
    if (encoder->ops) encoder->layers = mem_new((size_t)weights->config.layers, sizeof *encoder->layers, err);
    if (encoder->layers) {
        encoder->kernels = kernels_choose(ops_vector_bits(encoder->ops));
        if (encoder_refresh(encoder, pool, err)) return encoder;
    }
    encoder_free(encoder);
    return NULL;
}

void encoder_free(Encoder *encoder) {
    if (!encoder) return;
    for (int l = 0; encoder->layers && l < encoder->weights->config.layers; l++) {
        PackedLayer *layer = &encoder->layers[l];
        PackedLinear *linear[] = {&layer->q, &layer->kv, &layer->out, &layer->up, &layer->down};
        for (size_t i = 0; i < sizeof linear / sizeof *linear; i++) free_linear(linear[i]);
        mem_free(layer->kv_bias);
        mem_free(layer->kv_weight);
    }
    free_linear(&encoder->pre);
    free_linear(&encoder->classifier);
    mem_free(encoder->layers);
    ops_free(encoder->ops);
    mem_free(encoder);
}

const EncoderConfig *encoder_config(const Encoder *encoder) { return &encoder->weights->config; }
const char *encoder_instruction_set(const Encoder *encoder) { return ops_instruction_set(encoder->ops); }

const char *encoder_library(char out[32]) { return ops_library(out); }

/* ---- what the parts of the network share ---- */

bool linear_forward(WorkspaceThread *thread, float *y, const float *x, const PackedLinear *w, int begin, int end, int out, int in,
                    Error *err) {
    return ops_product(thread->runner, y + (size_t)begin * (size_t)out, out, x + (size_t)begin * (size_t)in, in, w->forward,
                       w->bias, end - begin, false, err);
}

bool linear_backward(WorkspaceThread *thread, float *dx, const float *dy, const PackedLinear *w, int begin, int end, int out,
                     int in, bool add, Error *err) {
    return ops_product(thread->runner, dx + (size_t)begin * (size_t)in, in, dy + (size_t)begin * (size_t)out, out, w->backward,
                       NULL, end - begin, add, err);
}

Dropout drop_at(const Pass *pass, int layer, DropPlace place) {
    const EncoderConfig *c = &pass->encoder->weights->config;
    double p = place == DROP_ATTENTION ? c->attention_dropout : place == DROP_HEAD ? c->classifier_dropout : c->dropout;
    if (place == DROP_ATTENTION_OUT && c->family != FAMILY_BERT) p = 0; /* DistilBERT adds what attention gives as it is */
    if (!pass->options->dropout) p = 0;
    return (Dropout){.seed = pass->options->seed,
                     .step = pass->options->step,
                     .place = (uint32_t)STREAM_DROPOUT << 24 | (uint32_t)(layer * DROP_PLACES + (int)place),
                     .threshold = (uint32_t)(p * 0x1p32),
                     .scale = (float)(1 / (1 - p))};
}

bool layer_is_cls(const Pass *pass, int layer) { return pass->ws->cls_only && layer + 1 == pass->ws->last_layer; }

/* Part `index` of `count`: whole rows, about as many tokens each. */
static Part cut(const Batch *batch, int index, int count) {
    int bounds[2];
    for (int side = 0; side < 2; side++) {
        int64_t wanted = (int64_t)batch->tokens * (index + side) / count;
        int low = 0, high = batch->rows; /* the first row that starts at or behind `wanted` */
        while (low < high) {
            int middle = (low + high) / 2;
            if (batch->starts[middle] < wanted)
                low = middle + 1;
            else
                high = middle;
        }
        bounds[side] = low;
    }
    return (Part){bounds[0], bounds[1], batch->starts[bounds[0]], batch->starts[bounds[1]]};
}

typedef struct PassRun {
    const Pass *pass;
    PartTask task;
    int parts;
    Error *errors;
} PassRun;

static void run_part(void *context, int index, int thread) {
    PassRun *run = context;
    Part part = cut(run->pass->batch, index, run->parts);
    if (part.row == part.row_end) return;
    if (!run->task(run->pass, &part, &run->pass->ws->threads[thread], &run->errors[index]))
        FAIL(&run->errors[index], ERROR_FAILED, "a part of the batch failed");
}

bool pass_run(const Pass *pass, PartTask task, Error *err) {
    int threads = pass->ws->thread_count, rows = pass->batch->rows;
    PassRun run = {pass, task, threads < rows ? threads : rows, NULL};
    if (run.parts < 1) return true;
    run.errors = mem_new((size_t)run.parts, sizeof *run.errors, err);
    if (!run.errors) return false;
    pool_run(pass->ws->pool, run.parts, run_part, &run);
    bool good = true;
    for (int i = 0; i < run.parts && good; i++) {
        good = run.errors[i].kind == ERROR_NONE;
        if (!good && err) *err = run.errors[i];
    }
    mem_free(run.errors);
    return good;
}

/* ---- forward and backward ---- */

static bool forward_part(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err) {
    if (!embeddings_forward(pass, part, err)) return false;
    for (int l = 0; l < pass->ws->last_layer; l++)
        if (!layer_forward(pass, l, part, thread, err)) return false;
    return true;
}

bool encoder_forward(const Encoder *encoder, Workspace *ws, const Batch *batch, const ForwardOptions *options, Error *err) {
    if (batch->tokens > ws->options.tokens || batch->rows > ws->options.rows)
        return FAIL(err, ERROR_FAILED, "a batch of %d rows and %d tokens, expected at most %d and %d", batch->rows, batch->tokens,
                    ws->options.rows, ws->options.tokens);
    int layers = encoder->weights->config.layers;
    ws->last_layer = options->last_layer > 0 && options->last_layer < layers ? options->last_layer : layers;
    ws->cls_only = options->cls_only;
    Pass pass = {.encoder = encoder, .ws = ws, .batch = batch, .options = options};
    return pass_run(&pass, forward_part, err);
}

bool encoder_classify(const Encoder *encoder, Workspace *ws, const Batch *batch, const ForwardOptions *options,
                      const float **logits, Error *err) {
    Pass pass = {.encoder = encoder, .ws = ws, .batch = batch, .options = options};
    *logits = ws->logits;
    return pass_run(&pass, head_forward, err);
}

bool encoder_backward(const Encoder *encoder, Workspace *ws, const Batch *batch, const ForwardOptions *options,
                      const float *logits_gradient, float *gradients, Error *err) {
    Pass pass = {
        .encoder = encoder, .ws = ws, .batch = batch, .options = options, .gradients = gradients, .dlogits = logits_gradient};
    if (!head_backward(&pass, err)) return false;
    for (pass.layer = ws->last_layer - 1; pass.layer >= ws->options.from_layer; pass.layer--)
        if (!layer_backward(&pass, err)) return false;
    return ws->options.from_layer > 0 || ws->options.embeddings_frozen || embeddings_backward(&pass, err);
}
