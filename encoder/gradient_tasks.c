/* Sums over the rows of a batch, cut into pieces that never meet: every piece is summed by one thread, over all rows in order. */
#include <assert.h>
#include <string.h>

#include "encoder/inside.h"

enum {
    OUTER_ROWS =
        192, /* output rows of a weight gradient at a time: enough for the product to run at its rate, few enough to share out */
    MOST_PIECES = 16, /* of one matrix */
    COLUMNS = 128
};

static void add_task(GradientTasks *tasks, GradientTask task) {
    assert(tasks->count < MOST_GRADIENT_TASKS);
    tasks->task[tasks->count++] = task;
}

static void zero_tail(const Operand *x, size_t row_bytes, int m) {
    int padded = (m + OPS_ROW_STEP - 1) / OPS_ROW_STEP * OPS_ROW_STEP;
    memset((unsigned char *)x->rows + (size_t)m * row_bytes, 0, (size_t)(padded - m) * row_bytes);
}

/* Cuts [0, total) of a task into at most MOST_PIECES pieces of `least` or more, in steps of sixteen. */
static void add_pieces(GradientTasks *tasks, GradientTask task, int total, int least) {
    int piece = (total + MOST_PIECES - 1) / MOST_PIECES;
    piece = piece < least ? least : (piece + 15) / 16 * 16;
    for (task.begin = 0; task.begin < total; task.begin += piece) {
        task.end = task.begin + piece < total ? task.begin + piece : total;
        add_task(tasks, task);
    }
}

void tasks_add_linear(GradientTasks *tasks, const LinearGradient *l) {
    size_t size = element_bytes(l->element);
    GradientTask matrix = {.kind = SUM_OUTER,
                           .to = l->dw,
                           .dy_low = (const unsigned char *)l->dy->rows + (size_t)l->column * size,
                           .x_low = l->x->rows,
                           .element = l->element,
                           .ldy = l->ldy,
                           .ldx = l->in,
                           .rows = l->m,
                           .in = l->in};
    GradientTask bias = {
        .kind = SUM_COLUMNS, .to_bias = l->dbias, .dy_low = matrix.dy_low, .element = l->element, .ldy = l->ldy, .rows = l->m};
    add_pieces(tasks, matrix, l->out, OUTER_ROWS);
    add_pieces(tasks, bias, l->out, COLUMNS);
    zero_tail(l->dy, (size_t)l->ldy * size, l->m);
    zero_tail(l->x, (size_t)l->in * size, l->m);
}

void tasks_add_norm(GradientTasks *tasks, float *dweight, float *dbias, const float *dy, const float *normed, int m, int C) {
    GradientTask norm = {.kind = SUM_NORM, .to = dweight, .to_bias = dbias, .dy = dy, .x = normed, .rows = m, .in = C};
    add_pieces(tasks, norm, C, COLUMNS);
}

/* Columns [begin, end) of the embedding tables' gradients: tokens in order. */
static void sum_embeddings(const Pass *pass, const GradientTask *task) {
    const Weights *weights = pass->encoder->weights;
    const EncoderConfig *config = &weights->config;
    size_t C = (size_t)config->channels;
    float *words = weight_model(&weights->table, config, pass->gradients, PART_WORDS);
    float *positions = weight_model(&weights->table, config, pass->gradients, PART_POSITIONS);
    float *types = weight_model(&weights->table, config, pass->gradients, PART_TYPES);
    for (int t = 0; t < pass->batch->tokens; t++) {
        const float *dx = task->dy + (size_t)t * C;
        int32_t id = pass->batch->ids[t];
        float *word = words + (size_t)id * C, *position = positions + (size_t)pass->ws->token_place[t] * C;
        bool padding = id == config->pad_id; /* PyTorch's padding_idx: this row never learns */
        for (int c = task->begin; c < task->end; c++) {
            if (!padding) word[c] += dx[c];
            position[c] += dx[c];
            if (types) types[c] += dx[c];
        }
    }
}

bool task_run(const Pass *pass, const GradientTask *t, int thread, Error *err) {
    const Kernels *kernels = pass->encoder->kernels;
    static const ProfilePart PARTS[] = {PROFILE_LINEAR, PROFILE_ROWS, PROFILE_NORM, PROFILE_EMBED};
    WorkspaceThread *own = &pass->ws->threads[thread];
    ProfilePart before = profile_enter(own->lane, PARTS[t->kind]);
    bool good = true;
    if (t->kind == SUM_OUTER) {
        int rows = (t->rows + OPS_ROW_STEP - 1) / OPS_ROW_STEP * OPS_ROW_STEP;
        const unsigned char *dy = t->dy_low;
        good =
            ops_outer(own->runner, t->to + (size_t)t->begin * (size_t)t->in, !pass->options->first_sum, t->end - t->begin, t->in,
                      t->element, dy + (size_t)t->begin * element_bytes(t->element), t->ldy, t->x_low, t->ldx, rows, err);
    } else if (t->kind == SUM_COLUMNS) {
        if (t->element == ELEMENT_BFLOAT16)
            pass->encoder->low->column_sum(t->to_bias, t->dy_low, t->rows, t->ldy, t->begin, t->end);
        else
            kernels->column_sum(t->to_bias, t->dy_low, t->rows, t->ldy, t->begin, t->end);
    } else if (t->kind == SUM_NORM) {
        kernels->norm_weight_gradient(t->to, t->to_bias, t->dy, t->x, t->rows, t->in, t->begin, t->end);
    } else {
        sum_embeddings(pass, t);
    }
    (void)profile_enter(own->lane, before);
    return good;
}
