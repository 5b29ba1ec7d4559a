/* The parameters of an encoder with its head: one flat block of float32 and one table that says what lies where. The table drives
 * loading, shape checks, saving, weight decay, gradients (a second block of the same layout) and what tests call them. */
#ifndef TWOFOLD_ENCODER_WEIGHTS_H
#define TWOFOLD_ENCODER_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "encoder/config.h"

#pragma GCC visibility push(default)

/* The parts of one transformer layer. A matrix is (out, in), as PyTorch's Linear has it. */
typedef enum LayerPart {
    LAYER_Q_WEIGHT,
    LAYER_Q_BIAS,
    LAYER_K_WEIGHT,
    LAYER_K_BIAS,
    LAYER_V_WEIGHT,
    LAYER_V_BIAS,
    LAYER_OUT_WEIGHT,
    LAYER_OUT_BIAS,
    LAYER_NORM1_WEIGHT,
    LAYER_NORM1_BIAS,
    LAYER_UP_WEIGHT,
    LAYER_UP_BIAS,
    LAYER_DOWN_WEIGHT,
    LAYER_DOWN_BIAS,
    LAYER_NORM2_WEIGHT,
    LAYER_NORM2_BIAS,
    LAYER_PARTS
} LayerPart;

/* The parts that exist once. PRE is DistilBERT's pre_classifier or BERT's pooler.dense: both are (C, C) in front of the
 * classifier. */
typedef enum ModelPart {
    PART_WORDS,     /* (V, C) */
    PART_POSITIONS, /* (P, C) */
    PART_TYPES,     /* (token_types, C); BERT only */
    PART_NORM_WEIGHT,
    PART_NORM_BIAS, /* (C) of the embeddings */
    PART_PRE_WEIGHT,
    PART_PRE_BIAS, /* (C, C), (C) */
    PART_CLASSIFIER_WEIGHT,
    PART_CLASSIFIER_BIAS, /* (K, C), (K) */
    MODEL_PARTS
} ModelPart;

typedef struct TensorSpec {
    char name[112];  /* Hugging Face's full name, as saved: "distilbert.transformer.layer.0.attention.q_lin.weight" */
    int64_t rows;    /* out, or the length of a vector */
    int64_t columns; /* in, or 1 for a vector */
    int dimensions;  /* 1 or 2 */
    size_t offset;   /* first float within the block */
    size_t count;    /* floats */
    bool decays;     /* weight decay applies: not biases and norms */
    bool linear;     /* the weight of a Linear, not a table of embeddings: its gradient is a product */
    bool head;   /* of the classification head (BERT's pooler counts as the encoder's for loading: it may stand in the folder) */
    int layer;   /* 0…layers-1, or -1 */
    bool is_new; /* was not in the folder: drawn from the seed */
} TensorSpec;

/* A step moves a Linear's weight, and it is packed again, so many rows at a time; the last of a matrix may be fewer. */
enum { LINEAR_ROWS = 64 };

/* In the order of the model's own named_parameters(). */
typedef struct WeightTable {
    TensorSpec *tensors;
    int count;
    size_t total;           /* floats in the block; every tensor begins at a multiple of 16 floats */
    int model[MODEL_PARTS]; /* index into tensors, -1 when the family or head lacks it */
    int *layer;             /* (layers, LAYER_PARTS) indices */
} WeightTable;

/* classes: K of the head; 0 lays out an encoder without head (BERT: without pooler too). */
MUST_CHECK bool weight_table_make(WeightTable *table, const EncoderConfig *config, int classes, Error *err);
void weight_table_free(WeightTable *table);

/* The tensor's floats within a block laid out by the table; NULL where the part does not exist. */
float *weight_model(const WeightTable *table, const EncoderConfig *config, float *block, ModelPart part);
float *weight_layer(const WeightTable *table, const EncoderConfig *config, float *block, int layer, LayerPart part);

/* Weights in memory: config, table, and the block. Plain; a const one may be shared by threads. */
typedef struct Weights {
    EncoderConfig config; /* config.classes and labels: as asked for at loading */
    WeightTable table;
    float *block;              /* (table.total), by mem_map; of mapped weights, by mem_new, what is not left in the file */
    const float **places;      /* (table.count) of mapped weights: where each tensor is; else NULL, and all are in the block */
    struct SafeTensors *files; /* of mapped weights; else NULL */
    size_t copied;             /* floats in the block of mapped weights */
    int new_tensors;           /* how many of the head were not taken from the folder */
} Weights;

/* Loads DIR (config.json, model.safetensors or its shards), float32, float16 or bfloat16, names with or without prefix
 * ("distilbert.", "bert.", none; old LayerNorm.gamma/beta too). classes: 0 for the encoder alone; K with labels (K names,
 * copied) asks for a head: the folder's own when its labels are the same (its rows follow their order), else new (normal with
 * initializer_range, zero biases, from `seed`), with is_new set; classes < 0 asks for the folder's own head and fails when it
 * has none. Extra tensors are ignored by name; a missing or misshapen one is ERROR_MODEL with its name and both shapes,
 * and so is one that holds an infinity or NaN. */
MUST_CHECK bool weights_load(Weights *weights, const char *folder, int classes, const char *const *labels, uint64_t seed,
                             Error *err);
/* The same for reading alone: float32 matrices stay in the file, which is mapped and must not be changed in place until
 * weights_free (a new file put in its place by rename, as all writers here do, is none of its business). classes: 0 or less. */
MUST_CHECK bool weights_map(Weights *weights, const char *folder, int classes, Error *err);
void weights_free(Weights *weights); /* takes a zeroed one */

/* A tensor's floats, in the block or in the file; NULL where the part does not exist. */
const float *weights_tensor(const Weights *weights, int index);
const float *weights_model_part(const Weights *weights, ModelPart part);
const float *weights_layer_part(const Weights *weights, int layer, LayerPart part);
/* The tensor has been read, and if it is in the file it need not stay in memory; reading it again reads the file again. */
void weights_forget(const Weights *weights, int index);

/* Writes what from_pretrained reads: config.json (architectures …ForSequenceClassification when classes > 0, id2label with
 * string keys, label2id, problem_type) and model.safetensors (float32, {"format":"pt"}), keeping the other entries of
 * `from_folder`/config.json, and links or copies the tokenizer's files from there. max_length: what rows are cut to from now on
 * (model_max_length of tokenizer_config.json); 0 as `from_folder` has it. */
MUST_CHECK bool weights_save(const Weights *weights, const char *from_folder, const char *folder, int max_length, Error *err);

/* The tensors alone, in one file: model.safetensors of weights_save. */
MUST_CHECK bool weights_write(const Weights *weights, const char *path, Error *err);

#pragma GCC visibility pop
#endif
