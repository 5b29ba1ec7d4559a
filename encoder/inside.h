/* What the files of the encoder share and nobody else sees: packed weights, the room a batch is run in, and how a batch is divided among threads.
 *
 * A batch is cut into parts of whole rows, one a thread. A part runs through all layers without waiting for the others, since no operation of the forward pass, and
 * none of the backward pass but the sums over rows (weight gradients), reads another row. Those sums wait for all parts, and run beside the parts of what comes
 * next, where they fill in for who is done early; they are divided by columns, each over all rows in order: so their bits do not depend on the number of threads either.
 *
 * Where there are fewer rows than threads, as for one text alone, the forward pass has one part, and the threads are a team that goes through it together:
 * products are divided by columns, attention by heads, what is done row by row by rows, with a barrier wherever one reads what another wrote.
 *
 * Everything is float32 but what a product reads: its operand, which is the float matrix itself or a copy of it in the type of the
 * products; and, where products are bfloat16, what goes from one to the next by way of attention or GELU, forward and backward, as under PyTorch's autocast. What is
 * added up and normed from layer to layer, and its gradient, stays float32. */
#ifndef TWOFOLD_ENCODER_INSIDE_H
#define TWOFOLD_ENCODER_INSIDE_H

#include "common/memory.h"
#include "encoder/encoder.h"
#include "encoder/kernels.h"
#include "encoder/kernels_low.h"
#include "encoder/ops.h"
#include "encoder/team.h"

/* A Linear of the network: y = x Wᵀ + bias, and dx = dy W when training. */
typedef struct PackedLinear {
    Dtype dtype; /* the head's stay float32 */
    Packed *forward, *backward;
    const float *bias;
} PackedLinear;

typedef struct PackedLayer {
    PackedLinear q, kv, out, up, down; /* kv: keys and values side by side, (2C, C) */
    float *kv_bias;                    /* (2C): put together from the two */
    bool takes_rows;                   /* encoder_refresh_rows packs all five */
} PackedLayer;

struct Encoder {
    const Weights *weights;
    Ops *ops;
    const Kernels *kernels;
    const LowKernels *low; /* NULL for float32 */
    Dtype dtype;
    bool training;
    PackedLayer *layers;
    void *room; /* for the packed weights of all layers, one layer behind the other */
    size_t room_bytes;
    PackedLinear pre, classifier; /* of the head, when there is one */
};

/* Packed weights: bytes of Encoder.room, and what packing has made. */
size_t packing_bytes(const Encoder *encoder);
void packing_free(Encoder *encoder);

/* What a product reads: (rows, columns) floats, bfloat16, or 8-bit steps with a scale and a zero point a row. */
typedef struct Operand {
    void *rows;
    RowScale *scales; /* int8 */
} Operand;

/* What a layer leaves behind. m is n, or B when only [CLS] is read. When not training, layers share one room. */
typedef struct LayerRoom {
    float *x;          /* (n, C) input: the y of the layer before */
    Operand x_low;     /* of x */
    void *q;           /* (m, C) q, kv and mixed are bfloat16 where attention is, else float */
    void *kv;          /* (n, 2C) */
    void *mixed;       /* (m, C) what attention gives */
    Operand mixed_low; /* of mixed */
    float *log_sum;    /* (m, H) of the scores */
    float *normed1;    /* (m, C) */
    float *rstd1;      /* (m) */
    float *x1;         /* (m, C) behind the first norm */
    Operand x1_low;
    void *u; /* (m, F) before GELU, as q is stored; NULL when not training: then a block's floats are kept in the part's own room */
    float *normed2; /* (m, C) */
    float *rstd2;   /* (m) */
    float *y;       /* (m, C) */
    Operand y_low;
} LayerRoom;

/* Gradients of activations; one set serves all layers in turn. */
typedef struct GradientRoom {
    float *dy[2]; /* (n, C) of a layer's output and of its input, in turn */
    float *dx1;    /* (m, C) */
    Operand dsub2; /* (m, C) of what the feed-forward part adds */
    Operand g;     /* (m, F) GELU again */
    Operand dff;   /* (m, F) of its output, then of its input */
    Operand dsub1; /* (m, C) of what the attention part adds */
    void *dmixed;  /* (m, C) as mixed is stored */
    Operand dq;    /* (m, C) */
    Operand dkv;   /* (n, 2C) */
    float *dcls;    /* (B, C) of the last layer's [CLS] inputs */
    float *dlogits; /* (B, K) */
    float *dpooled; /* (B, C) */
} GradientRoom;

enum {
    BLOCK_ROWS = 128, /* rows that go through a layer's row-wise half together: what they leave stays in the core's own cache */
    SUM_ROWS = 64,    /* of int8 products on their way to floats */
    NEAR_ROWS = 8     /* that are normed or dropped, then made operands: still in the first cache */
};

/* What a part's rows leave on their way through the feed-forward half, a block at a time. */
typedef struct BlockRoom {
    float *sub; /* (BLOCK_ROWS, C) what is about to be added */
    float *u;   /* (BLOCK_ROWS, F) where the layer does not keep it */
    Operand g;  /* (BLOCK_ROWS, F) GELU of u, in place if u and the products allow */
} BlockRoom;

typedef struct WorkspaceThread {
    ProfileLane *lane; /* NULL: nobody asks where the time goes */
    OpsRunner *runner;
    void *attention; /* scratch */
    int32_t *sums;   /* (SUM_ROWS, widest) int8: products on their way to floats */
    float *row;      /* (widest) one row on its way to another type */
} WorkspaceThread;

struct Workspace {
    WorkspaceOptions options;
    Pool *pool;
    WorkspaceThread *threads;
    BlockRoom *blocks; /* (thread_count), one a part */
    int thread_count;
    TeamBarrier barrier;
    Element stored; /* of q, kv and mixed; in training of u and dmixed too */
    unsigned char *block; /* mapped: every thread's part comes near to it when it writes there first */
    size_t block_bytes;

    int32_t *token_row, *token_place; /* (n) number of the token's row, its place in it */
    int32_t *row;                     /* (B) number of each row: the batch's, or its place when it names none */
    int32_t *zeros;                   /* (B) the place of [CLS] */
    float *embedded;                  /* (n, C) hidden state 0 */
    float *embedded_normed, *embedded_rstd;
    LayerRoom *layers; /* (layers) */
    LayerRoom
        cls; /* (B, …) of a last layer that runs for [CLS] alone: rows of its own, as other parts may still be in earlier layers */
    float *cls_x; /* (B, C) its inputs */
    Operand cls_x_low;
    float *pre, *pooled, *logits; /* (B, C), (B, C), (B, K) */
    GradientRoom gradient;
    int last_layer; /* of the last forward */
    bool cls_only;
};

/* Rows [row, row_end) and their tokens [token, token_end), as one thread sees them. */
typedef struct Part {
    int index;
    int row, row_end, token, token_end;
    Team team; /* who goes through the part together */
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

typedef struct GradientTasks GradientTasks;
typedef bool (*PartTask)(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err);
/* Runs the task for every part of the batch, one a thread; the first failure is reported. */
bool pass_run(const Pass *pass, PartTask task, Error *err);
/* The same (task: NULL for none), and beside it sums, which threads turn to that are done with their parts: neither may read what the other writes. */
bool pass_run_beside(const Pass *pass, PartTask task, const GradientTasks *sums, Error *err);
/* The same for a task that a team can do together. */
bool pass_run_together(const Pass *pass, PartTask task, Error *err);

/* A piece of the weight gradients: the work behind the barrier. */
typedef struct GradientTask {
    enum { SUM_OUTER, SUM_COLUMNS, SUM_NORM, SUM_EMBEDDINGS } kind;
    float *to, *to_bias; /* at the first row (outer) or column of the tensor */
    const float *dy, *x;
    const void *dy_low, *x_low; /* outer and columns: operands */
    Element element;            /* of these */
    int ldy, ldx;
    int rows;       /* how many are summed */
    int begin, end; /* output rows, or columns */
    int in;         /* columns of the matrix */
} GradientTask;
enum { MOST_GRADIENT_TASKS = 320 };
struct GradientTasks {
    GradientTask task[MOST_GRADIENT_TASKS];
    int count;
};
/* dw (out, in) += dy (m, out; ldy)ᵀ x (m, in) and dbias (out) += Σ dy, cut into tasks. The operands have room for m rounded up to
 * OPS_ROW_STEP rows, and what is behind the m-th is set to zero here. */
typedef struct LinearGradient {
    float *dw, *dbias;
    const Operand *dy, *x;
    Element element;
    int ldy, column; /* dy is columns [column, column + out) of a matrix of width ldy */
    int m, out, in;
} LinearGradient;
void tasks_add_linear(GradientTasks *tasks, const LinearGradient *linear);
void tasks_add_norm(GradientTasks *tasks, float *dweight, float *dbias, const float *dy, const float *normed, int m, int C);
bool task_run(const Pass *pass, const GradientTask *task, int thread, Error *err);

enum { TEAM_COLUMNS = 64 }; /* members' columns begin at multiples of this: whole heads, and whole blocks of packed weights */

Element element_of(Dtype dtype); /* what a product of the type reads */
Element operand_element(const Encoder *encoder); /* float or bfloat16, or uint8_t for int8 */
Operand operand_row(const Encoder *encoder, const Operand *of, int row, int columns);
/* Rows [begin, end) of x (m, columns) as an operand; nothing to do where the operand is x itself. */
void operand_fill(const Encoder *encoder, const Operand *to, const float *x, int begin, int end, int columns);

/* y = the Linear of x, `columns` of it alone; y is floats, or bfloat16 where products are not. */
typedef struct LinearRun {
    const PackedLinear *w;
    const Operand *x; /* (…, in) */
    int x_row;        /* the first row that is read */
    void *y;          /* (…, out) */
    Element y_element;
    int y_row; /* the first row that is written */
    int rows;
    int in, out;
    Span columns;
} LinearRun;
bool linear_forward(const Encoder *encoder, WorkspaceThread *thread, const LinearRun *run, Error *err);
/* g = gelu of all columns of the Linear of x, int8 both; run->y is not written. */
bool linear_gelu(const Encoder *encoder, WorkspaceThread *thread, const LinearRun *run, const Operand *g, Error *err);
/* dx = dy W, floats or what products read; or, floats, += dy W. dy (m, out) */
bool linear_backward(WorkspaceThread *thread, void *dx, Element element, const Operand *dy, const PackedLinear *w, int begin,
                     int end, int out, int in, bool add, Error *err);

/* The parts of the network, each with its backward; see the files of the same names. */
bool embeddings_forward(const Pass *pass, const Part *part, Error *err);
bool embeddings_backward(Pass *pass, const GradientTasks *pending, Error *err);
bool layer_forward(const Pass *pass, int layer, const Part *part, WorkspaceThread *thread, Error *err);
/* Runs the sums that are pending, and leaves those that it could not run yet. */
bool layer_backward(Pass *pass, GradientTasks *pending, Error *err);
bool head_forward(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err);
bool head_backward(Pass *pass, GradientTasks *pending, Error *err); /* as layer_backward, with none before it */

#endif
