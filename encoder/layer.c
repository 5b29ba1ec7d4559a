/* One transformer layer, post-norm (Vaswani et al. 2017; Devlin et al. 2019):
 *
 *     x1 = norm1(x + out(attention(q(x), k(x), v(x))))
 *     y  = norm2(x1 + down(gelu(up(x1))))
 *
 * When only [CLS] is read behind the last layer, keys and values are computed for all tokens and everything else for the [CLS]
 * rows alone: "queries" below are all tokens, or the first of each row. */
#include <string.h>

#include "encoder/inside.h"

static const float *tensor(const Pass *pass, int layer, LayerPart part) {
    const Weights *w = pass->encoder->weights;
    return weight_layer(&w->table, &w->config, w->block, layer, part);
}

LayerRoom layer_room(const Pass *pass, int layer) {
    const LayerRoom *own = &pass->ws->layers[layer];
    if (!layer_is_cls(pass, layer)) return *own;
    LayerRoom room = pass->ws->cls;
    room.x = own->x;
    room.kv = own->kv;
    return room;
}

/* The queries of a part: their range, their inputs, and whose they are. */
typedef struct Queries {
    bool cls;
    int begin, end;
    const float *x;
    const int32_t *row, *place;
} Queries;

static Queries queries_of(const Pass *pass, int layer, const Part *part) {
    Workspace *ws = pass->ws;
    if (!layer_is_cls(pass, layer))
        return (Queries){false, part->token, part->token_end, ws->layers[layer].x, ws->token_row, ws->token_place};
    return (Queries){true, part->row, part->row_end, ws->cls_x, ws->row, ws->zeros};
}

static void gather_cls(const Pass *pass, int layer, const Part *part) {
    size_t C = (size_t)pass->encoder->weights->config.channels;
    for (int b = part->row; b < part->row_end; b++)
        memcpy(pass->ws->cls_x + (size_t)b * C, pass->ws->layers[layer].x + (size_t)pass->batch->starts[b] * C,
               C * sizeof(float));
}

/* One row of attention: where its queries and its tokens begin. */
static AttentionRow attention_row(const Pass *pass, const Queries *q, int b, size_t *query, size_t *token) {
    const Batch *batch = pass->batch;
    int length = batch->starts[b + 1] - batch->starts[b];
    *token = (size_t)batch->starts[b];
    *query = q->cls ? (size_t)b : *token;
    return (AttentionRow){q->cls ? 1 : length, length, (uint32_t)pass->ws->row[b]};
}

static void attend(const Pass *pass, int layer, const LayerRoom *room, const Part *part, const Queries *q,
                   WorkspaceThread *thread) {
    const Encoder *encoder = pass->encoder;
    size_t C = (size_t)encoder->weights->config.channels, H = (size_t)encoder->weights->config.heads, D = C / H;
    Dropout dropout = drop_at(pass, layer, DROP_ATTENTION);
    for (int b = part->row; b < part->row_end; b++) {
        size_t query, token;
        AttentionRow row = attention_row(pass, q, b, &query, &token);
        for (size_t h = 0; h < H; h++) {
            const float *k = room->kv + token * 2 * C + h * D;
            /* log_sum is kept head by head, each as long as the row */
            float *log_sum = room->log_sum ? room->log_sum + query * H + h * (size_t)row.queries : NULL;
            encoder->kernels->attention(room->mixed + query * C + h * D, log_sum, room->q + query * C + h * D, k, k + C, (int)C,
                                        (int)(2 * C), row, (int)D, (int)h, &dropout, thread->attention);
        }
    }
}

static void add_and_norm(const Pass *pass, int layer, const Queries *q, DropPlace place, LayerPart weight, float *y,
                         float *normed, float *rstd, const float *x, const float *sub) {
    const Encoder *encoder = pass->encoder;
    size_t C = (size_t)encoder->weights->config.channels, at = (size_t)q->begin * C;
    Dropout dropout = drop_at(pass, layer, place);
    encoder->kernels->add_norm(y + at, normed ? normed + at : NULL, rstd ? rstd + q->begin : NULL, x + at, sub + at,
                               tensor(pass, layer, weight), tensor(pass, layer, (LayerPart)(weight + 1)),
                               encoder->weights->config.norm_epsilon, q->end - q->begin, (int)C, &dropout, q->row + q->begin,
                               q->place + q->begin);
}

bool layer_forward(const Pass *pass, int layer, const Part *part, WorkspaceThread *thread, Error *err) {
    const Encoder *encoder = pass->encoder;
    const EncoderConfig *config = &encoder->weights->config;
    const PackedLayer *w = &encoder->layers[layer];
    LayerRoom room = layer_room(pass, layer);
    int C = config->channels, F = config->feed_forward;
    Queries q = queries_of(pass, layer, part);
    size_t ff = (size_t)q.begin * (size_t)F;
    if (q.cls) gather_cls(pass, layer, part);
    if (!linear_forward(thread, room.q, q.x, &w->q, q.begin, q.end, C, C, err) ||
        !linear_forward(thread, room.kv, room.x, &w->kv, part->token, part->token_end, 2 * C, C, err))
        return false;
    attend(pass, layer, &room, part, &q, thread);
    if (!linear_forward(thread, room.sub, room.mixed, &w->out, q.begin, q.end, C, C, err)) return false;
    add_and_norm(pass, layer, &q, DROP_ATTENTION_OUT, LAYER_NORM1_WEIGHT, room.x1, room.normed1, room.rstd1, q.x, room.sub);
    if (!linear_forward(thread, room.u, room.x1, &w->up, q.begin, q.end, F, C, err)) return false;
    encoder->kernels->gelu(room.g + ff, room.u + ff, (size_t)(q.end - q.begin) * (size_t)F);
    if (!linear_forward(thread, room.sub, room.g, &w->down, q.begin, q.end, C, F, err)) return false;
    add_and_norm(pass, layer, &q, DROP_FEED_FORWARD, LAYER_NORM2_WEIGHT, room.y, room.normed2, room.rstd2, room.x1, room.sub);
    return true;
}

/* ---- backward ---- */

static void copy_and_drop(const Pass *pass, int layer, const Queries *q, DropPlace place, float *to, const float *from) {
    size_t C = (size_t)pass->encoder->weights->config.channels, at = (size_t)q->begin * C;
    int m = q->end - q->begin;
    Dropout dropout = drop_at(pass, layer, place);
    memcpy(to + at, from + at, (size_t)m * C * sizeof *to);
    pass->encoder->kernels->drop(to + at, m, (int)C, &dropout, q->row + q->begin, q->place + q->begin);
}

static void norm_backward(const Pass *pass, int layer, const Queries *q, LayerPart weight, float *dx, const float *dy,
                          const float *normed, const float *rstd) {
    size_t C = (size_t)pass->encoder->weights->config.channels, at = (size_t)q->begin * C;
    pass->encoder->kernels->norm_backward(dx + at, dy + at, normed + at, rstd + q->begin, tensor(pass, layer, weight),
                                          q->end - q->begin, (int)C);
}

static void attend_backward(const Pass *pass, int layer, const LayerRoom *room, const Part *part, const Queries *q,
                            WorkspaceThread *thread) {
    const Encoder *encoder = pass->encoder;
    const GradientRoom *g = &pass->ws->gradient;
    size_t C = (size_t)encoder->weights->config.channels, H = (size_t)encoder->weights->config.heads, D = C / H;
    Dropout dropout = drop_at(pass, layer, DROP_ATTENTION);
    for (int b = part->row; b < part->row_end; b++) {
        size_t query, token;
        AttentionRow row = attention_row(pass, q, b, &query, &token);
        for (size_t h = 0; h < H; h++) {
            size_t at = query * C + h * D, key = token * 2 * C + h * D;
            encoder->kernels->attention_backward(g->dq + at, g->dkv + key, g->dkv + key + C, g->dmixed + at, room->mixed + at,
                                                 room->log_sum + query * H + h * (size_t)row.queries, room->q + at,
                                                 room->kv + key, room->kv + key + C, (int)C, (int)(2 * C), row, (int)D, (int)h,
                                                 &dropout, thread->attention);
        }
    }
}

/* Adds the [CLS] rows' input gradients to those of their tokens. */
static void scatter_cls(const Pass *pass, const Part *part, float *dx) {
    size_t C = (size_t)pass->encoder->weights->config.channels;
    for (int b = part->row; b < part->row_end; b++) {
        float *to = dx + (size_t)pass->batch->starts[b] * C;
        const float *from = pass->ws->gradient.dcls + (size_t)b * C;
        for (size_t c = 0; c < C; c++) to[c] += from[c];
    }
}

/* Whether anything below the layer learns. */
static bool input_gradient_needed(const Pass *pass, int layer) {
    const WorkspaceOptions *o = &pass->ws->options;
    return layer > o->from_layer || (o->from_layer == 0 && !o->embeddings_frozen);
}

/* Everything of a layer's backward that is done row by row. */
static bool layer_part(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err) {
    const EncoderConfig *config = &pass->encoder->weights->config;
    int layer = pass->layer, C = config->channels, F = config->feed_forward;
    const PackedLayer *w = &pass->encoder->layers[layer];
    const LayerRoom room = layer_room(pass, layer);
    const GradientRoom *g = &pass->ws->gradient;
    Queries q = queries_of(pass, layer, part);
    float *dy = g->dy[pass->dy], *dx = g->dy[1 - pass->dy], *dquery = q.cls ? g->dcls : dx;
    size_t ff = (size_t)q.begin * (size_t)F;

    norm_backward(pass, layer, &q, LAYER_NORM2_WEIGHT, g->dx1, dy, room.normed2, room.rstd2);
    copy_and_drop(pass, layer, &q, DROP_FEED_FORWARD, g->dsub2, g->dx1);
    if (!linear_backward(thread, g->dff, g->dsub2, &w->down, q.begin, q.end, C, F, false, err)) return false;
    pass->encoder->kernels->gelu_backward(g->g + ff, g->dff + ff, g->dff + ff, room.u + ff,
                                          (size_t)(q.end - q.begin) * (size_t)F);
    if (!linear_backward(thread, g->dx1, g->dff, &w->up, q.begin, q.end, F, C, true, err)) return false;

    norm_backward(pass, layer, &q, LAYER_NORM1_WEIGHT, dquery, g->dx1, room.normed1, room.rstd1);
    copy_and_drop(pass, layer, &q, DROP_ATTENTION_OUT, g->dsub1, dquery);
    if (!linear_backward(thread, g->dmixed, g->dsub1, &w->out, q.begin, q.end, C, C, false, err)) return false;
    attend_backward(pass, layer, &room, part, &q, thread);
    if (!input_gradient_needed(pass, layer)) return true;
    if (!linear_backward(thread, dquery, g->dq, &w->q, q.begin, q.end, C, C, true, err) ||
        !linear_backward(thread, dx, g->dkv, &w->kv, part->token, part->token_end, 2 * C, C, !q.cls, err))
        return false;
    if (q.cls) scatter_cls(pass, part, dx);
    return true;
}

/* What is summed over rows: the gradients of the layer's own tensors. */
static bool layer_weights(const Pass *pass, Error *err) {
    const Weights *weights = pass->encoder->weights;
    const EncoderConfig *config = &weights->config;
    int layer = pass->layer, C = config->channels, F = config->feed_forward, n = pass->batch->tokens;
    const LayerRoom room = layer_room(pass, layer);
    const GradientRoom *g = &pass->ws->gradient;
    bool cls = layer_is_cls(pass, layer);
    int m = cls ? pass->batch->rows : n;
    float *to[LAYER_PARTS];
    for (int part = 0; part < LAYER_PARTS; part++)
        to[part] = weight_layer(&weights->table, config, pass->gradients, layer, (LayerPart)part);
    GradientTasks tasks = {.count = 0};
    tasks_add_linear(&tasks, to[LAYER_DOWN_WEIGHT], to[LAYER_DOWN_BIAS], g->dsub2, C, g->g, F, m, C, F);
    tasks_add_linear(&tasks, to[LAYER_UP_WEIGHT], to[LAYER_UP_BIAS], g->dff, F, room.x1, C, m, F, C);
    tasks_add_linear(&tasks, to[LAYER_OUT_WEIGHT], to[LAYER_OUT_BIAS], g->dsub1, C, room.mixed, C, m, C, C);
    tasks_add_linear(&tasks, to[LAYER_Q_WEIGHT], to[LAYER_Q_BIAS], g->dq, C, cls ? pass->ws->cls_x : room.x, C, m, C, C);
    tasks_add_linear(&tasks, to[LAYER_K_WEIGHT], to[LAYER_K_BIAS], g->dkv, 2 * C, room.x, C, n, C, C);
    tasks_add_linear(&tasks, to[LAYER_V_WEIGHT], to[LAYER_V_BIAS], g->dkv + C, 2 * C, room.x, C, n, C, C);
    tasks_add_norm(&tasks, to[LAYER_NORM1_WEIGHT], to[LAYER_NORM1_BIAS], g->dx1, room.normed1, m, C);
    tasks_add_norm(&tasks, to[LAYER_NORM2_WEIGHT], to[LAYER_NORM2_BIAS], g->dy[pass->dy], room.normed2, m, C);
    return tasks_run(pass, &tasks, err);
}

bool layer_backward(Pass *pass, Error *err) {
    if (!pass_run(pass, layer_part, err) || !layer_weights(pass, err)) return false;
    pass->dy = 1 - pass->dy;
    return true;
}
