/* What the files of the encoder share and nobody else sees: packed weights, the room a batch is run in, and how a batch is divided among threads.
 *
 * A batch is cut into parts of whole rows, one a thread. A part runs through all layers without waiting for the others, since no operation of the forward pass, and
 * none of the backward pass but the sums over rows (weight gradients), reads another row. Those sums run behind a barrier, divided by
 * columns, each over all rows in order: so their bits do not depend on the number of threads either. */
#ifndef TWOFOLD_ENCODER_INSIDE_H
#define TWOFOLD_ENCODER_INSIDE_H

#include "common/memory.h"
#include "encoder/encoder.h"
#include "encoder/kernels.h"
#include "encoder/ops.h"

/* A Linear of the network: y = x Wᵀ + bias, and dx = dy W when training. */
typedef struct PackedLinear {
    Packed *forward, *backward;
    const float *bias;
} PackedLinear;

typedef struct PackedLayer {
    PackedLinear q, kv, out, up, down; /* kv: keys and values side by side, (2C, C) */
    float *kv_weight, *kv_bias;        /* (2C, C), (2C): put together from the two */
} PackedLayer;

struct Encoder {
    const Weights *weights;
    Ops *ops;
    const Kernels *kernels;
    bool training;
    PackedLayer *layers;
    PackedLinear pre, classifier; /* of the head, when there is one */
};

/* What a layer leaves behind. m is n, or B when only [CLS] is read. When not training, layers share one room. */
typedef struct LayerRoom {
    float *x;       /* (n, C) input: the y of the layer before */
    float *q;       /* (m, C) */
    float *kv;      /* (n, 2C) */
    float *mixed;   /* (m, C) what attention gives */
    float *log_sum; /* (m, H) of the scores */
    float *normed1; /* (m, C) */
    float *rstd1;   /* (m) */
    float *x1;      /* (m, C) behind the first norm */
    float *u;       /* (m, F) before GELU */
    float *normed2; /* (m, C) */
    float *rstd2;   /* (m) */
    float *y;       /* (m, C) */
    float *sub;     /* (m, C) what is about to be added; shared by all layers */
    float *g;       /* (m, F) GELU of u; shared, and u itself when nobody needs that any more */
} LayerRoom;

/* Gradients of activations; one set serves all layers in turn. */
typedef struct GradientRoom {
    float *dy[2];   /* (n, C) of a layer's output and of its input, in turn */
    float *dx1;     /* (m, C) */
    float *dsub2;   /* (m, C) of what the feed-forward part adds */
    float *g;       /* (m, F) GELU again */
    float *dff;     /* (m, F) */
    float *dsub1;   /* (m, C) of what the attention part adds */
    float *dmixed;  /* (m, C) */
    float *dq;      /* (m, C) */
    float *dkv;     /* (n, 2C) */
    float *dcls;    /* (B, C) of the last layer's [CLS] inputs */
    float *dlogits; /* (B, K) */
    float *dpooled; /* (B, C) */
} GradientRoom;

typedef struct WorkspaceThread {
    OpsRunner *runner;
    float *attention; /* scratch */
} WorkspaceThread;

struct Workspace {
    WorkspaceOptions options;
    Pool *pool;
    WorkspaceThread *threads;
    int thread_count;
    unsigned char *block;

    int32_t *token_row, *token_place; /* (n) number of the token's row, its place in it */
    int32_t *row;                     /* (B) number of each row: the batch's, or its place when it names none */
    int32_t *zeros;                   /* (B) the place of [CLS] */
    float *embedded;                  /* (n, C) hidden state 0 */
    float *embedded_normed, *embedded_rstd;
    LayerRoom *layers; /* (layers) */
    LayerRoom
        cls; /* (B, …) of a last layer that runs for [CLS] alone: rows of its own, as other parts may still be in earlier layers */
    float *cls_x;                 /* (B, C) its inputs */
    float *pre, *pooled, *logits; /* (B, C), (B, C), (B, K) */
    GradientRoom gradient;
    int last_layer; /* of the last forward */
    bool cls_only;
};

/* Rows [row, row_end) and their tokens [token, token_end). */
typedef struct Part {
    int row, row_end, token, token_end;
} Part;

/* One pass over a batch, as its parts see it. */
typedef struct Pass {
    const Encoder *encoder;
    Workspace *ws;
    const Batch *batch;
    const ForwardOptions *options;
    float *gradients; /* backward: the block */
    const float *dlogits;
    int layer; /* backward: the layer at hand */
    int dy;    /* backward: which of gradient.dy holds the gradient of its output */
} Pass;

/* The room a layer runs in; for [CLS] alone, with the keys and values of the layer's own. */
LayerRoom layer_room(const Pass *pass, int layer);

/* Where chance enters. */
typedef enum DropPlace {
    DROP_ATTENTION,
    DROP_ATTENTION_OUT,
    DROP_FEED_FORWARD,
    DROP_EMBEDDINGS,
    DROP_HEAD,
    DROP_PLACES
} DropPlace;
Dropout drop_at(const Pass *pass, int layer, DropPlace place);

/* Whether `layer` runs for the [CLS] rows alone. */
bool layer_is_cls(const Pass *pass, int layer);

typedef bool (*PartTask)(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err);
/* Runs the task for every part of the batch, one a thread; the first failure is reported. */
bool pass_run(const Pass *pass, PartTask task, Error *err);

/* A piece of the weight gradients: the work behind the barrier. */
typedef struct GradientTask {
    enum { SUM_OUTER, SUM_COLUMNS, SUM_NORM, SUM_EMBEDDINGS } kind;
    float *to, *to_bias; /* at the first row (outer) or column of the tensor */
    const float *dy, *x;
    int ldy, ldx;
    int rows;       /* how many are summed */
    int begin, end; /* output rows, or columns */
    int in;         /* columns of the matrix */
} GradientTask;
enum { MOST_GRADIENT_TASKS = 320 };
typedef struct GradientTasks {
    GradientTask task[MOST_GRADIENT_TASKS];
    int count;
} GradientTasks;
/* dW (out, in) += dy (m, out; ldy)ᵀ x (m, in; ldx) and dbias (out) += Σ dy, cut into tasks; dy and x have room for m rounded up to
 * OPS_ROW_STEP rows, and what is behind the m-th is set to zero here. */
void tasks_add_linear(GradientTasks *tasks, float *dw, float *dbias, float *dy, int ldy, float *x, int ldx, int m, int out,
                      int in);
void tasks_add_norm(GradientTasks *tasks, float *dweight, float *dbias, const float *dy, const float *normed, int m, int C);
bool tasks_run(const Pass *pass, const GradientTasks *tasks, Error *err);

/* y (rows [begin, end) of (m, N)) = the Linear of the same rows of x */
bool linear_forward(WorkspaceThread *thread, float *y, const float *x, const PackedLinear *w, int begin, int end, int out, int in,
                    Error *err);
/* dx = or += dy W */
bool linear_backward(WorkspaceThread *thread, float *dx, const float *dy, const PackedLinear *w, int begin, int end, int out,
                     int in, bool add, Error *err);

/* The parts of the network, each with its backward; see the files of the same names. */
bool embeddings_forward(const Pass *pass, const Part *part, Error *err);
bool embeddings_backward(Pass *pass, Error *err);
bool layer_forward(const Pass *pass, int layer, const Part *part, WorkspaceThread *thread, Error *err);
bool layer_backward(Pass *pass, Error *err);
bool head_forward(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err);
bool head_backward(Pass *pass, Error *err);

#endif
