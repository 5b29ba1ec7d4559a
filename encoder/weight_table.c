/* What a family calls its tensors, and where they lie in the block: a family is one table of names. */
#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "encoder/weights.h"

enum { ALIGNED_FLOATS = 16 }; /* 64 bytes: a cache line, and the widest vector */

/* The dimensions a tensor's sides are counted in. */
typedef enum Side { SIDE_NONE, SIDE_C, SIDE_F, SIDE_V, SIDE_P, SIDE_TYPES, SIDE_K } Side;

/* A Linear's weight, a table of embeddings, or what has one dimension: biases and norms. */
typedef enum Kind { VECTOR, TABLE, LINEAR } Kind;

typedef struct Part {
    const char *distilbert, *bert; /* behind the prefix, or behind the layer's; NULL: the family has none */
    Side rows, columns;
    Kind kind;
} Part;

static const Part LAYER[LAYER_PARTS] = {
    [LAYER_Q_WEIGHT] = {"attention.q_lin.weight", "attention.self.query.weight", SIDE_C, SIDE_C, LINEAR},
    [LAYER_Q_BIAS] = {"attention.q_lin.bias", "attention.self.query.bias", SIDE_C, SIDE_NONE, VECTOR},
    [LAYER_K_WEIGHT] = {"attention.k_lin.weight", "attention.self.key.weight", SIDE_C, SIDE_C, LINEAR},
    [LAYER_K_BIAS] = {"attention.k_lin.bias", "attention.self.key.bias", SIDE_C, SIDE_NONE, VECTOR},
    [LAYER_V_WEIGHT] = {"attention.v_lin.weight", "attention.self.value.weight", SIDE_C, SIDE_C, LINEAR},
    [LAYER_V_BIAS] = {"attention.v_lin.bias", "attention.self.value.bias", SIDE_C, SIDE_NONE, VECTOR},
    [LAYER_OUT_WEIGHT] = {"attention.out_lin.weight", "attention.output.dense.weight", SIDE_C, SIDE_C, LINEAR},
    [LAYER_OUT_BIAS] = {"attention.out_lin.bias", "attention.output.dense.bias", SIDE_C, SIDE_NONE, VECTOR},
    [LAYER_NORM1_WEIGHT] = {"sa_layer_norm.weight", "attention.output.LayerNorm.weight", SIDE_C, SIDE_NONE, VECTOR},
    [LAYER_NORM1_BIAS] = {"sa_layer_norm.bias", "attention.output.LayerNorm.bias", SIDE_C, SIDE_NONE, VECTOR},
    [LAYER_UP_WEIGHT] = {"ffn.lin1.weight", "intermediate.dense.weight", SIDE_F, SIDE_C, LINEAR},
    [LAYER_UP_BIAS] = {"ffn.lin1.bias", "intermediate.dense.bias", SIDE_F, SIDE_NONE, VECTOR},
    [LAYER_DOWN_WEIGHT] = {"ffn.lin2.weight", "output.dense.weight", SIDE_C, SIDE_F, LINEAR},
    [LAYER_DOWN_BIAS] = {"ffn.lin2.bias", "output.dense.bias", SIDE_C, SIDE_NONE, VECTOR},
    [LAYER_NORM2_WEIGHT] = {"output_layer_norm.weight", "output.LayerNorm.weight", SIDE_C, SIDE_NONE, VECTOR},
    [LAYER_NORM2_BIAS] = {"output_layer_norm.bias", "output.LayerNorm.bias", SIDE_C, SIDE_NONE, VECTOR},
};

static const Part MODEL[MODEL_PARTS] = {
    [PART_WORDS] = {"embeddings.word_embeddings.weight", "embeddings.word_embeddings.weight", SIDE_V, SIDE_C, TABLE},
    [PART_POSITIONS] = {"embeddings.position_embeddings.weight", "embeddings.position_embeddings.weight", SIDE_P, SIDE_C, TABLE},
    [PART_TYPES] = {NULL, "embeddings.token_type_embeddings.weight", SIDE_TYPES, SIDE_C, TABLE},
    [PART_NORM_WEIGHT] = {"embeddings.LayerNorm.weight", "embeddings.LayerNorm.weight", SIDE_C, SIDE_NONE, VECTOR},
    [PART_NORM_BIAS] = {"embeddings.LayerNorm.bias", "embeddings.LayerNorm.bias", SIDE_C, SIDE_NONE, VECTOR},
    [PART_PRE_WEIGHT] = {"pre_classifier.weight", "pooler.dense.weight", SIDE_C, SIDE_C, LINEAR},
    [PART_PRE_BIAS] = {"pre_classifier.bias", "pooler.dense.bias", SIDE_C, SIDE_NONE, VECTOR},
    [PART_CLASSIFIER_WEIGHT] = {"classifier.weight", "classifier.weight", SIDE_K, SIDE_C, LINEAR},
    [PART_CLASSIFIER_BIAS] = {"classifier.bias", "classifier.bias", SIDE_K, SIDE_NONE, VECTOR},
};

static int64_t side_size(Side side, const EncoderConfig *config, int classes) {
    switch (side) {
    case SIDE_C: return config->channels;
    case SIDE_F: return config->feed_forward;
    case SIDE_V: return config->vocabulary;
    case SIDE_P: return config->positions;
    case SIDE_TYPES: return config->token_types;
    case SIDE_K: return classes;
    default: return 1;
    }
}

/* The table while it is made. */
typedef struct Layout {
    WeightTable *table;
    const EncoderConfig *config;
    int classes;
    bool fits; /* no sum has overflowed */
} Layout;

/* Appends one tensor; -1 where the family has none. The name is the prefix, "" or of the layer, and the part's own. */
static int add(Layout *layout, const Part *part, const char *prefix, int layer, bool head) {
    const EncoderConfig *config = layout->config;
    const char *name = config->family == FAMILY_BERT ? part->bert : part->distilbert;
    if (!name) return -1;
    TensorSpec *spec = &layout->table->tensors[layout->table->count];
    *spec = (TensorSpec){.rows = side_size(part->rows, config, layout->classes),
                         .columns = side_size(part->columns, config, layout->classes),
                         .dimensions = part->columns == SIDE_NONE ? 1 : 2,
                         .decays = part->kind != VECTOR,
                         .linear = part->kind == LINEAR,
                         .head = head,
                         .layer = layer,
                         .offset = layout->table->total};
    if (layer < 0)
        (void)snprintf(spec->name, sizeof spec->name, "%s%s", prefix, name);
    else
        (void)snprintf(spec->name, sizeof spec->name, "%s%s.layer.%d.%s", prefix,
                       config->family == FAMILY_BERT ? "encoder" : "transformer", layer, name);
    spec->count = (size_t)(spec->rows * spec->columns); /* each side is at most 2^24 */
    size_t padded = (spec->count + ALIGNED_FLOATS - 1) / ALIGNED_FLOATS * ALIGNED_FLOATS;
    if (__builtin_add_overflow(layout->table->total, padded, &layout->table->total)) layout->fits = false;
    return layout->table->count++;
}

static void add_model(Layout *layout, int part, const char *prefix, bool head) {
    layout->table->model[part] = add(layout, &MODEL[part], prefix, -1, head);
}

/* In the order of named_parameters(): embeddings, layers, BERT's pooler, head. An encoder without head is saved without
 * prefix, as BertModel and DistilBertModel are. */
static void add_all(Layout *layout) {
    bool bert = layout->config->family == FAMILY_BERT;
    const char *prefix = layout->classes == 0 ? "" : bert ? "bert." : "distilbert.";
    for (int part = PART_WORDS; part <= PART_NORM_BIAS; part++) add_model(layout, part, prefix, false);
    for (int layer = 0; layer < layout->config->layers; layer++)
        for (int part = 0; part < LAYER_PARTS; part++)
            layout->table->layer[layer * LAYER_PARTS + part] = add(layout, &LAYER[part], prefix, layer, false);
    for (int part = PART_PRE_WEIGHT; part < MODEL_PARTS; part++) {
        bool pooler = bert && part <= PART_PRE_BIAS;
        if (layout->classes == 0)
            layout->table->model[part] = -1;
        else
            add_model(layout, part, pooler ? prefix : "", !pooler);
    }
}

bool weight_table_make(WeightTable *table, const EncoderConfig *config, int classes, Error *err) {
    *table = (WeightTable){0};
    size_t in_layers = (size_t)config->layers * LAYER_PARTS;
    table->tensors = mem_new(in_layers + MODEL_PARTS, sizeof *table->tensors, err);
    table->layer = mem_new(in_layers, sizeof *table->layer, err);
    Layout layout = {.table = table, .config = config, .classes = classes, .fits = true};
    bool made = table->tensors && table->layer;
    if (made) {
        add_all(&layout);
        made = layout.fits || FAIL(err, ERROR_MODEL, "a model too large for this machine's addresses");
    }
    if (!made) weight_table_free(table);
    return made;
}

void weight_table_free(WeightTable *table) {
    mem_free(table->tensors);
    mem_free(table->layer);
    *table = (WeightTable){0};
}

const float *weights_tensor(const Weights *weights, int index) {
    if (index < 0) return NULL;
    return weights->places ? weights->places[index] : weights->block + weights->table.tensors[index].offset;
}

const float *weights_model_part(const Weights *weights, ModelPart part) {
    return weights_tensor(weights, weights->table.model[part]);
}

const float *weights_layer_part(const Weights *weights, int layer, LayerPart part) {
    return weights_tensor(weights, weights->table.layer[layer * (int)LAYER_PARTS + (int)part]);
}

float *weight_model(const WeightTable *table, const EncoderConfig *config, float *block, ModelPart part) {
    (void)config;
    return table->model[part] < 0 ? NULL : block + table->tensors[table->model[part]].offset;
}

float *weight_layer(const WeightTable *table, const EncoderConfig *config, float *block, int layer, LayerPart part) {
    (void)config;
    return block + table->tensors[table->layer[layer * (int)LAYER_PARTS + (int)part]].offset;
}
