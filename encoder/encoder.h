/* The encoder: a loaded one is const and shared by threads, a Workspace is one thread's (or one pool's) room to run in.
 *
 *     Encoder *encoder = encoder_load("models/minilm", &err);
 *     Workspace *ws = workspace_new(encoder, &(WorkspaceOptions){.tokens = 2048, .rows = 256}, NULL, &err);
 *     encoder_forward(encoder, ws, &batch, &(ForwardOptions){.cls_only = true}, &err);
 *     const float *cls = workspace_hidden(ws, encoder_layers(encoder));   // (B, C) with cls_only, else (n, C)
 *
 * A row's result is the same bits whatever its batch mates, its place and the number of threads. */
#ifndef TWOFOLD_ENCODER_ENCODER_H
#define TWOFOLD_ENCODER_ENCODER_H

#include "common/parallel.h"
#include "encoder/batch.h"
#include "encoder/dtype.h"
#include "encoder/weights.h"

#pragma GCC visibility push(default)

typedef struct Encoder Encoder;
typedef struct Workspace Workspace;

/* ---- loading ---- */

/* Turns DTYPE_AUTO into what this processor will run; ERROR_USAGE for a type that it lacks. */
MUST_CHECK bool dtype_resolve(Dtype *dtype, Error *err);

typedef struct EncoderOptions {
    Dtype dtype;   /* of the products; ERROR_USAGE where the processor lacks it */
    bool training; /* also packs what backward needs; not for int8 */
} EncoderOptions;

/* Builds an encoder over weights that the caller keeps (and may change: then encoder_refresh before the next forward). */
MUST_CHECK Encoder *encoder_new(const Weights *weights, const EncoderOptions *options, Pool *pool, Error *err);
MUST_CHECK bool encoder_refresh(Encoder *encoder, Pool *pool, Error *err); /* packs changed weights again */

/* The same in two steps, for who changes weights part by part: floats [offset, offset + count) of the block, LINEAR_ROWS rows of a Linear's
 * weight, are packed at once, while they are near, by any thread, others beside it with other rows. Whatever cannot be packed so, biases
 * too, is left to encoder_refresh_rest. */
void encoder_refresh_rows(const Encoder *encoder, size_t offset, size_t count);
MUST_CHECK bool encoder_refresh_rest(Encoder *encoder, Pool *pool, Error *err);
void encoder_free(Encoder *encoder);
Dtype encoder_dtype(const Encoder *encoder);
const EncoderConfig *encoder_config(const Encoder *encoder);
const char *encoder_instruction_set(const Encoder *encoder); /* what the products run on: "AVX512-BF16", "AVX2" … */
const char *encoder_library(char out[32]);                   /* the oneDNN that is linked: "2.6.3" */

/* ---- running ---- */

typedef struct WorkspaceOptions {
    int tokens;               /* the most tokens in one batch */
    int rows;                 /* the most rows in one batch */
    bool training;            /* keeps what backward needs */
    bool all_hidden;          /* keeps the hidden states of every layer readable after forward */
    int from_layer;           /* training: layers below it are frozen and keep nothing (0: none are; layers: all are) */
    bool embeddings_frozen;   /* training: no gradient for the embeddings */
    Dtype dtype;              /* for workspace_bytes: the encoder's (workspace_new takes that itself) */
    struct ProfileLane *lane; /* without a pool: where the thread's time is counted; NULL: nowhere */
} WorkspaceOptions;

/* pool: threads that share the work inside one batch (latency, training); NULL runs on the calling thread (throughput: one workspace a thread). */
MUST_CHECK Workspace *workspace_new(const Encoder *encoder, const WorkspaceOptions *options, Pool *pool, Error *err);
size_t workspace_bytes(const EncoderConfig *config, const WorkspaceOptions *options,
                       int threads); /* what workspace_new will take */
void workspace_free(Workspace *workspace);

typedef struct ForwardOptions {
    bool cls_only; /* the last layer computes only what the [CLS] rows need */
    bool dropout;  /* training: drops with the config's rates */
    uint64_t seed; /* of the dropout; with step and the batch's row numbers it decides every mask */
    uint32_t step;
    int last_layer; /* 0 runs all; k > 0 stops after layer k (hidden state k is the result) */
    bool
        first_sum; /* backward: gradients of Linears' weights (TensorSpec.linear) are written over what stands there, not added to it */
} ForwardOptions;

MUST_CHECK bool encoder_forward(const Encoder *encoder, Workspace *workspace, const Batch *batch, const ForwardOptions *options,
                                Error *err);

/* Hidden state `layer` of the last forward: 0 are the embeddings, `layers` the result. (n, C), or (B, C) for the last with cls_only.
 * Borrowed until the next forward. Other layers than the last run need all_hidden. */
const float *workspace_hidden(const Workspace *workspace, int layer);

/* ---- head ---- */

/* logits (B, K) from the last forward's [CLS] rows: DistilBERT Linear, ReLU, dropout, Linear; BERT pooler tanh, dropout, Linear.
 * Borrowed until the next forward. */
MUST_CHECK bool encoder_classify(const Encoder *encoder, Workspace *workspace, const Batch *batch, const ForwardOptions *options,
                                 const float **logits, Error *err);

/* ---- backward: the twin of forward + classify on the same batch and options ---- */

/* logits_gradient (B, K) is dLoss/dlogits. Adds dLoss/dparameter to `gradients`, a block of weights->table.total floats (but see
 * ForwardOptions.first_sum). */
MUST_CHECK bool encoder_backward(const Encoder *encoder, Workspace *workspace, const Batch *batch, const ForwardOptions *options,
                                 const float *logits_gradient, float *gradients, Error *err);

#pragma GCC visibility pop
#endif
