/* The weights of all Linears, packed as products read them, for both directions when training: when the encoder is made, and again when they
 * have changed. */
#include <string.h>

#include "encoder/inside.h"

/* Bytes of a matrix in the encoder's room for packed weights. */
static size_t packed_room(Dtype dtype, int out, int in) {
    size_t bytes = (size_t)out * (size_t)in * element_bytes(element_of(dtype));
    return (bytes + 63) / 64 * 64;
}

/* Of one layer: q, k, v and out, up and down; for both directions when training. */
static size_t layer_room_bytes(const Encoder *encoder) {
    int C = encoder->weights->config.channels, F = encoder->weights->config.feed_forward;
    size_t once = 2 * packed_room(encoder->dtype, C, C) + packed_room(encoder->dtype, 2 * C, C) + 2 * packed_room(encoder->dtype, F, C);
    return encoder->training ? 2 * once : once;
}

size_t packing_bytes(const Encoder *encoder) { return layer_room_bytes(encoder) * (size_t)encoder->weights->config.layers; }

static Packed *pack(const Encoder *encoder, unsigned char **place, Dtype dtype, PartedWeight weight, int K, int N, int stride_k,
                    int stride_n, Error *err) {
    Packed *packed = ops_pack_into(place ? *place : NULL, encoder->ops, dtype, weight, K, N, stride_k, stride_n, err);
    if (place) *place += packed_room(dtype, N, K);
    return packed;
}

/* weight (out, in). *place: where the packed weights go, moved on behind them; NULL: room of their own. */
static bool pack_linear(PackedLinear *linear, const Encoder *encoder, unsigned char **place, Dtype dtype, PartedWeight weight,
                        const float *bias, int out, int in, Error *err) {
    const Ops *ops = encoder->ops;
    bool training = encoder->training;
    linear->dtype = dtype;
    linear->bias = bias;
    if (linear->forward)
        return ops_repack(ops, linear->forward, weight, err) && (!training || ops_repack(ops, linear->backward, weight, err));
    linear->forward = pack(encoder, place, dtype, weight, in, out, 1, in, err);
    if (linear->forward && training) linear->backward = pack(encoder, place, dtype, weight, out, in, in, 1, err);
    return linear->forward && (!training || linear->backward);
}

static void join_biases(PackedLayer *packed, const Weights *w, int layer) {
    const LayerPart biases[] = {LAYER_K_BIAS, LAYER_V_BIAS};
    size_t C = (size_t)w->config.channels;
    for (size_t i = 0; i < 2; i++) memcpy(packed->kv_bias + i * C, weights_layer_part(w, layer, biases[i]), C * sizeof(float));
}

/* Keys and values read the same input: their weights are put together, so that one product gives both. */
static bool pack_keys_values(PackedLayer *packed, const Encoder *encoder, unsigned char **place, int layer, Error *err) {
    const Weights *w = encoder->weights;
    int C = w->config.channels;
    PartedWeight weight = {{weights_layer_part(w, layer, LAYER_K_WEIGHT), weights_layer_part(w, layer, LAYER_V_WEIGHT)}, 2};
    if (!packed->kv_bias) packed->kv_bias = mem_new(2 * (size_t)C, sizeof(float), err);
    if (!packed->kv_bias) return false;
    join_biases(packed, w, layer);
    return pack_linear(&packed->kv, encoder, place, encoder->dtype, weight, packed->kv_bias, 2 * C, C, err);
}

static PartedWeight whole(const float *weight) { return (PartedWeight){{weight}, 1}; }

static bool linear_takes_rows(const PackedLinear *linear, int parts) {
    return linear->backward && packed_takes_rows(linear->forward, parts) && packed_takes_rows(linear->backward, parts);
}

static bool pack_layer(Encoder *encoder, int layer, Error *err) {
    const Weights *w = encoder->weights;
    PackedLayer *packed = &encoder->layers[layer];
    int C = w->config.channels, F = w->config.feed_forward;
    const float *part[LAYER_PARTS];
    for (int i = 0; i < LAYER_PARTS; i++) part[i] = weights_layer_part(w, layer, (LayerPart)i);
    Dtype dtype = encoder->dtype;
    unsigned char *place = (unsigned char *)encoder->room + (size_t)layer * layer_room_bytes(encoder);
    bool good =
        pack_linear(&packed->q, encoder, &place, dtype, whole(part[LAYER_Q_WEIGHT]), part[LAYER_Q_BIAS], C, C, err) &&
        pack_keys_values(packed, encoder, &place, layer, err) &&
        pack_linear(&packed->out, encoder, &place, dtype, whole(part[LAYER_OUT_WEIGHT]), part[LAYER_OUT_BIAS], C, C, err) &&
        pack_linear(&packed->up, encoder, &place, dtype, whole(part[LAYER_UP_WEIGHT]), part[LAYER_UP_BIAS], F, C, err) &&
        pack_linear(&packed->down, encoder, &place, dtype, whole(part[LAYER_DOWN_WEIGHT]), part[LAYER_DOWN_BIAS], C, F, err);
    packed->takes_rows = good && linear_takes_rows(&packed->q, 1) && linear_takes_rows(&packed->kv, 2) &&
                         linear_takes_rows(&packed->out, 1) && linear_takes_rows(&packed->up, 1) && linear_takes_rows(&packed->down, 1);
    for (int i = 0; i < LAYER_PARTS; i++) weights_forget(w, w->table.layer[layer * (int)LAYER_PARTS + i]);
    return good;
}

static bool pack_head(Encoder *encoder, Error *err) {
    const Weights *w = encoder->weights;
    int C = w->config.channels, K = w->config.classes;
    if (!K) return true;
    const float *part[MODEL_PARTS];
    for (int i = 0; i < MODEL_PARTS; i++) part[i] = weights_model_part(w, (ModelPart)i);
    return pack_linear(&encoder->pre, encoder, NULL, DTYPE_FLOAT32, whole(part[PART_PRE_WEIGHT]), part[PART_PRE_BIAS], C, C,
                       err) &&
           pack_linear(&encoder->classifier, encoder, NULL, DTYPE_FLOAT32, whole(part[PART_CLASSIFIER_WEIGHT]),
                       part[PART_CLASSIFIER_BIAS], K, C, err);
}

typedef struct PackRun {
    Encoder *encoder;
    bool rest; /* what encoder_refresh_rows has not packed */
    Error *errors; /* one a layer, and the head's */
} PackRun;

static void pack_task(void *context, int task, int thread) {
    (void)thread;
    PackRun *run = context;
    Encoder *encoder = run->encoder;
    bool packed = true;
    if (task == encoder->weights->config.layers)
        packed = pack_head(encoder, &run->errors[task]);
    else if (run->rest && encoder->layers[task].takes_rows)
        join_biases(&encoder->layers[task], encoder->weights, task);
    else
        packed = pack_layer(encoder, task, &run->errors[task]);
    if (!packed) FAIL(&run->errors[task], ERROR_FAILED, "packing the weights of layer %d", task);
}

static bool refresh(Encoder *encoder, bool rest, Pool *pool, Error *err) {
    int tasks = encoder->weights->config.layers + 1;
    PackRun run = {encoder, rest, mem_new((size_t)tasks, sizeof(Error), err)};
    if (!run.errors) return false;
    ProfilePart before = pool_enter(pool, PROFILE_PACK);
    pool_run(pool, tasks, pack_task, &run);
    (void)pool_enter(pool, before);
    bool good = true;
    for (int i = 0; i < tasks && good; i++) {
        good = run.errors[i].kind == ERROR_NONE;
        if (!good && err) *err = run.errors[i];
    }
    mem_free(run.errors);
    return good;
}

bool encoder_refresh(Encoder *encoder, Pool *pool, Error *err) { return refresh(encoder, false, pool, err); }
bool encoder_refresh_rest(Encoder *encoder, Pool *pool, Error *err) { return refresh(encoder, true, pool, err); }

static void free_linear(PackedLinear *linear) {
    packed_free(linear->forward);
    packed_free(linear->backward);
}

void packing_free(Encoder *encoder) {
    for (int l = 0; encoder->layers && l < encoder->weights->config.layers; l++) {
        PackedLayer *layer = &encoder->layers[l];
        PackedLinear *linear[] = {&layer->q, &layer->kv, &layer->out, &layer->up, &layer->down};
        for (size_t i = 0; i < sizeof linear / sizeof *linear; i++) free_linear(linear[i]);
        mem_free(layer->kv_bias);
    }
    free_linear(&encoder->pre);
    free_linear(&encoder->classifier);
}

/* ---- some rows alone ---- */

_Static_assert(LINEAR_ROWS % PANEL == 0 && LINEAR_ROWS % PANEL_ROWS == 0, "rows that are packed alone fill panels");

/* The tensor that a float of the block belongs to. */
static int find_tensor(const WeightTable *table, size_t offset) {
    int low = 0, high = table->count - 1;
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (table->tensors[middle].offset <= offset)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

void encoder_refresh_rows(const Encoder *encoder, size_t offset, size_t count) {
    const WeightTable *table = &encoder->weights->table;
    int index = find_tensor(table, offset), C = encoder->weights->config.channels;
    const TensorSpec *tensor = &table->tensors[index];
    if (tensor->layer < 0 || !encoder->layers[tensor->layer].takes_rows) return;
    const PackedLayer *layer = &encoder->layers[tensor->layer];
    const struct {
        LayerPart part;
        const PackedLinear *linear;
        int row;
    } PLACES[] = {{LAYER_Q_WEIGHT, &layer->q, 0},     {LAYER_K_WEIGHT, &layer->kv, 0}, {LAYER_V_WEIGHT, &layer->kv, C},
                  {LAYER_OUT_WEIGHT, &layer->out, 0}, {LAYER_UP_WEIGHT, &layer->up, 0}, {LAYER_DOWN_WEIGHT, &layer->down, 0}};
    size_t row = (offset - tensor->offset) / (size_t)tensor->columns, rows = count / (size_t)tensor->columns;
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        if (table->layer[tensor->layer * (int)LAYER_PARTS + (int)PLACES[i].part] != index) continue;
        const Packed *both[] = {PLACES[i].linear->forward, PLACES[i].linear->backward};
        for (int way = 0; way < 2; way++)
            ops_repack_rows(both[way], encoder->weights->block + offset, PLACES[i].row + (int)row, (int)rows);
    }
}
