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
    return weights_layer_part(pass->encoder->weights, layer, part);
}

LayerRoom layer_room(const Pass *pass, int layer) {
    const LayerRoom *own = &pass->ws->layers[layer];
    if (!layer_is_cls(pass, layer)) return *own;
    LayerRoom room = pass->ws->cls;
    room.x = own->x;
    room.x_low = own->x_low;
    room.kv = own->kv;
    return room;
}

/* The queries of a part: their range, their inputs, and whose they are. */
typedef struct Queries {
    bool cls;
    int begin, end;
    const float *x;
    const Operand *x_low;
    const int32_t *row, *place;
} Queries;

static Queries queries_of(const Pass *pass, int layer, const Part *part) {
    Workspace *ws = pass->ws;
    const LayerRoom *own = &ws->layers[layer];
    if (!layer_is_cls(pass, layer))
        return (Queries){false, part->token, part->token_end, own->x, &own->x_low, ws->token_row, ws->token_place};
    return (Queries){true, part->row, part->row_end, ws->cls_x, &ws->cls_x_low, ws->row, ws->zeros};
}

static void gather_cls(const Pass *pass, int layer, const Part *part) {
    const Encoder *encoder = pass->encoder;
    size_t C = (size_t)encoder->weights->config.channels;
    Span own = team_share(&part->team, part->row, part->row_end, 1);
    for (int b = own.begin; b < own.end; b++)
        memcpy(pass->ws->cls_x + (size_t)b * C, pass->ws->layers[layer].x + (size_t)pass->batch->starts[b] * C,
               C * sizeof(float));
    operand_fill(encoder, &pass->ws->cls_x_low, pass->ws->cls_x, own.begin, own.end, (int)C);
}

/* One row of attention: where its queries and its tokens begin. */
static AttentionRow attention_row(const Pass *pass, const Queries *q, int b, size_t *query, size_t *token) {
    const Batch *batch = pass->batch;
    int length = batch->starts[b + 1] - batch->starts[b];
    *token = (size_t)batch->starts[b];
    *query = q->cls ? (size_t)b : *token;
    return (AttentionRow){q->cls ? 1 : length, length, (uint32_t)pass->ws->row[b]};
}

/* A matrix of which attention takes a few channels of each token at a time. */
typedef struct Strided {
    const void *matrix;
    size_t row_bytes;
    bool of_queries; /* else of all tokens */
} Strided;

enum {
    CACHE_LINE = 64,
    NEAR_BYTES = 3 << 18 /* the most of one row that a core's own cache keeps while its heads are gone through */
};

/* Reads what is a row's, once and in order. The products before attention have left it to slower caches or to memory, and hardware fetches
 * ahead what is read in order, not some lines of each token; asking for those lines by instruction did not help (docs/SPEED.md). What
 * attention will write is read as well: no line is written that has not come. */
static void bring_near(const Strided *all, int count, AttentionRow row, size_t query, size_t token) {
    size_t total = 0;
    for (int i = 0; i < count; i++) total += all[i].row_bytes * (size_t)(all[i].of_queries ? row.queries : row.keys);
    if (total > NEAR_BYTES) return;
    for (int i = 0; i < count; i++) {
        size_t first = all[i].of_queries ? query : token, rows = (size_t)(all[i].of_queries ? row.queries : row.keys);
        const volatile unsigned char *at = (const unsigned char *)all[i].matrix + first * all[i].row_bytes;
        for (size_t line = 0; line < rows * all[i].row_bytes; line += CACHE_LINE) (void)at[line];
    }
}

static void attend_head(const Pass *pass, const LayerRoom *room, AttentionRow row, size_t query, size_t token, size_t h,
                        const Dropout *dropout, WorkspaceThread *thread) {
    const Encoder *encoder = pass->encoder;
    size_t C = (size_t)encoder->weights->config.channels, H = (size_t)encoder->weights->config.heads, D = C / H;
    size_t at = query * C + h * D, key = token * 2 * C + h * D;
    profile_count(thread->lane, 4.0 * row.queries * row.keys * (double)D);
    /* log_sum is kept head by head, each as long as the row */
    float *log_sum = room->log_sum ? room->log_sum + query * H + h * (size_t)row.queries : NULL;
    if (pass->ws->stored == ELEMENT_BFLOAT16) {
        const Bfloat16 *k = (Bfloat16 *)room->kv + key;
        encoder->low->attention((Bfloat16 *)room->mixed + at, log_sum, (Bfloat16 *)room->q + at, k, k + C, (int)C, (int)(2 * C),
                                row, (int)D, (int)h, dropout, thread->attention);
        return;
    }
    const float *k = (float *)room->kv + key;
    encoder->kernels->attention((float *)room->mixed + at, log_sum, (float *)room->q + at, k, k + C, (int)C, (int)(2 * C), row,
                                (int)D, (int)h, dropout, thread->attention);
}

/* The rows of the part, some heads of them. */
static void attend(const Pass *pass, int layer, const LayerRoom *room, const Part *part, const Queries *q, Span heads,
                   WorkspaceThread *thread) {
    ProfilePart before = profile_enter(thread->lane, PROFILE_ATTENTION);
    Dropout dropout = drop_at(pass, layer, DROP_ATTENTION);
    size_t row_bytes = (size_t)pass->encoder->weights->config.channels * element_bytes(pass->ws->stored);
    const Strided taken[] = {{room->q, row_bytes, true}, {room->mixed, row_bytes, true}, {room->kv, 2 * row_bytes, false}};
    for (int b = part->row; b < part->row_end; b++) {
        size_t query, token;
        AttentionRow row = attention_row(pass, q, b, &query, &token);
        if (!part->team.barrier) bring_near(taken, sizeof taken / sizeof *taken, row, query, token); /* a team's member may read its own heads alone */
        for (int h = heads.begin; h < heads.end; h++) attend_head(pass, room, row, query, token, (size_t)h, &dropout, thread);
    }
    (void)profile_enter(thread->lane, before);
}

/* Queries, keys, values, and what attention makes of them, for the member's columns: those of whole heads. */
static bool attention_forward(const Pass *pass, int layer, const LayerRoom *room, const Part *part, const Queries *q,
                              WorkspaceThread *thread, Error *err) {
    const Encoder *encoder = pass->encoder;
    const PackedLayer *w = &encoder->layers[layer];
    int C = encoder->weights->config.channels, D = C / encoder->weights->config.heads;
    Span own = team_share(&part->team, 0, C, TEAM_COLUMNS), both[2] = {own, {C + own.begin, C + own.end}};
    bool whole = own.end - own.begin == C;
    if (whole) both[0].end = 2 * C;
    LinearRun run = {&w->q, q->x_low, q->begin, room->q, pass->ws->stored, q->begin, q->end - q->begin, C, C, own};
    if (!linear_forward(encoder, thread, &run, err)) return false;
    for (int i = 0; i < (whole ? 1 : 2); i++) {
        run =
            (LinearRun){&w->kv, &room->x_low, part->token, room->kv, pass->ws->stored, part->token, part->token_end - part->token,
                        C,      2 * C,        both[i]};
        if (!linear_forward(encoder, thread, &run, err)) return false;
    }
    attend(pass, layer, room, part, q, (Span){own.begin / D, own.end / D}, thread);
    return true;
}

/* Rows [begin, end) of a layer's queries, from attention to the layer's end. */
typedef struct Block {
    const Pass *pass;
    int layer;
    const LayerRoom *room;
    const Queries *q;
    const Part *part;
    WorkspaceThread *thread;
    int begin, end;
    Span rows; /* the member's */
} Block;

static bool wait_for_team(const Block *block, Error *err) {
    if (!block->part->team.barrier) return true;
    ProfilePart before = profile_enter(block->thread->lane, PROFILE_WAIT);
    bool all_came = team_wait(&block->part->team);
    (void)profile_enter(block->thread->lane, before);
    return all_came || FAIL(err, ERROR_FAILED, "another thread could not go on");
}

/* y (whose row y_row is the block's first) = the member's columns of the Linear of x. */
static bool block_linear(const Block *block, float *y, int y_row, const Operand *x, int x_row, const PackedLinear *w, int out,
                         int in, Error *err) {
    LinearRun run = {w,
                     x,
                     x_row,
                     y,
                     ELEMENT_FLOAT32,
                     y_row,
                     block->end - block->begin,
                     in,
                     out,
                     team_share(&block->part->team, 0, out, TEAM_COLUMNS)};
    return linear_forward(block->pass->encoder, block->thread, &run, err) && wait_for_team(block, err);
}

/* What attention gave, as an operand, where it is not one already. */
static bool block_mixed(const Block *block, Error *err) {
    const LayerRoom *room = block->room;
    if (room->mixed_low.rows == room->mixed) return true;
    const Encoder *encoder = block->pass->encoder;
    int C = encoder->weights->config.channels;
    if (block->pass->ws->stored == ELEMENT_FLOAT32)
        operand_fill(encoder, &room->mixed_low, room->mixed, block->rows.begin, block->rows.end, C);
    else
        for (int i = block->rows.begin; i < block->rows.end; i++) {
            Operand row = operand_row(encoder, &room->mixed_low, i, C);
            encoder->low->widen(block->thread->row, (Bfloat16 *)room->mixed + (size_t)i * (size_t)C, (size_t)C);
            operand_fill(encoder, &row, block->thread->row, 0, 1, C);
        }
    return wait_for_team(block, err);
}

/* y = norm(x + drop(sub)) and its operand, for the member's rows. */
static bool block_norm(const Block *block, DropPlace place, LayerPart weight, float *y, const Operand *y_low, float *normed,
                       float *rstd, const float *x, Error *err) {
    const Pass *pass = block->pass;
    const Encoder *encoder = pass->encoder;
    int begin = block->rows.begin, m = block->rows.end - begin, C = encoder->weights->config.channels;
    const float *sub = pass->ws->blocks[block->part->index].sub;
    ProfilePart before = profile_enter(block->thread->lane, PROFILE_NORM);
    Dropout dropout = drop_at(pass, block->layer, place);
    for (int i = begin; i < begin + m; i += NEAR_ROWS) {
        int rows = begin + m - i < NEAR_ROWS ? begin + m - i : NEAR_ROWS;
        size_t at = (size_t)i * (size_t)C;
        encoder->kernels->add_norm(y + at, normed ? normed + at : NULL, rstd ? rstd + i : NULL, x + at,
                                   sub + (size_t)(i - block->begin) * (size_t)C, tensor(pass, block->layer, weight),
                                   tensor(pass, block->layer, (LayerPart)(weight + 1)), encoder->weights->config.norm_epsilon,
                                   rows, C, &dropout, block->q->row + i, block->q->place + i);
        operand_fill(encoder, y_low, y, i, i + rows, C);
    }
    (void)profile_enter(block->thread->lane, before);
    return wait_for_team(block, err);
}

/* g = gelu(u), an operand. u (block rows, F): the member has just made its columns. */
static bool block_gelu(const Block *block, float *u, const Operand *g, Error *err) {
    const Encoder *encoder = block->pass->encoder;
    int F = encoder->weights->config.feed_forward, rows = block->end - block->begin;
    Span own = team_share(&block->part->team, 0, rows, 1);
    ProfilePart before = profile_enter(block->thread->lane, PROFILE_GELU);
    for (int i = own.begin; i < own.end; i++) {
        float *from = u + (size_t)i * (size_t)F;
        Operand row = operand_row(encoder, g, i, F);
        if (encoder->dtype == DTYPE_FLOAT32) {
            encoder->kernels->gelu(row.rows, from, (size_t)F);
        } else if (encoder->dtype == DTYPE_BFLOAT16) {
            encoder->low->gelu_round(row.rows, from, (size_t)F);
        } else {
            encoder->low->gelu(from, from, (size_t)F);
            operand_fill(encoder, &row, from, 0, 1, F);
        }
    }
    (void)profile_enter(block->thread->lane, before);
    return wait_for_team(block, err);
}

/* The same where a layer keeps u in bfloat16, for its backward. */
static bool block_up_kept(const Block *block, const Operand *g, const PackedLinear *w, int F, int C, Error *err) {
    const Encoder *encoder = block->pass->encoder;
    int rows = block->end - block->begin;
    Bfloat16 *u = (Bfloat16 *)block->room->u + (size_t)block->begin * (size_t)F;
    LinearRun run = {w, &block->room->x1_low, block->begin, u, ELEMENT_BFLOAT16, 0, rows, C, F, {0, F}};
    if (!linear_forward(encoder, block->thread, &run, err)) return false;
    ProfilePart before = profile_enter(block->thread->lane, PROFILE_GELU);
    encoder->low->gelu_low(g->rows, u, (size_t)rows * (size_t)F);
    (void)profile_enter(block->thread->lane, before);
    return true;
}

/* g = gelu of the Linear of x1, by way of u. */
static bool block_up(const Block *block, float *u, const Operand *g, const PackedLinear *w, int F, int C, Error *err) {
    const Operand *x = &block->room->x1_low;
    if (block->room->u && block->pass->ws->stored == ELEMENT_BFLOAT16) return block_up_kept(block, g, w, F, C, err);
    if (block->room->u) u = (float *)block->room->u + (size_t)block->begin * (size_t)F;
    if (block->pass->encoder->dtype != DTYPE_INT8 || block->part->team.members > 1)
        return block_linear(block, u, 0, x, block->begin, w, F, C, err) && block_gelu(block, u, g, err);
    LinearRun run = {w, x, block->begin, NULL, ELEMENT_FLOAT32, 0, block->end - block->begin, C, F, {0, F}};
    return linear_gelu(block->pass->encoder, block->thread, &run, g, err);
}

static bool block_forward(const Block *block, Error *err) {
    const Pass *pass = block->pass;
    const LayerRoom *room = block->room;
    const PackedLayer *w = &pass->encoder->layers[block->layer];
    const BlockRoom *own = &pass->ws->blocks[block->part->index];
    int C = pass->encoder->weights->config.channels, F = pass->encoder->weights->config.feed_forward;
    return block_mixed(block, err) && block_linear(block, own->sub, 0, &room->mixed_low, block->begin, &w->out, C, C, err) &&
           block_norm(block, DROP_ATTENTION_OUT, LAYER_NORM1_WEIGHT, room->x1, &room->x1_low, room->normed1, room->rstd1,
                      block->q->x, err) &&
           block_up(block, own->u, &own->g, &w->up, F, C, err) &&
           block_linear(block, own->sub, 0, &own->g, 0, &w->down, C, F, err) &&
           block_norm(block, DROP_FEED_FORWARD, LAYER_NORM2_WEIGHT, room->y, &room->y_low, room->normed2, room->rstd2, room->x1,
                      err);
}

bool layer_forward(const Pass *pass, int layer, const Part *part, WorkspaceThread *thread, Error *err) {
    LayerRoom room = layer_room(pass, layer);
    Queries q = queries_of(pass, layer, part);
    Block block = {.pass = pass, .layer = layer, .room = &room, .q = &q, .part = part, .thread = thread};
    if (q.cls) {
        gather_cls(pass, layer, part);
        if (!wait_for_team(&block, err)) return false;
    }
    if (!attention_forward(pass, layer, &room, part, &q, thread, err) || !wait_for_team(&block, err)) return false;
    for (block.begin = q.begin; block.begin < q.end; block.begin = block.end) {
        block.end = q.end - block.begin < BLOCK_ROWS ? q.end : block.begin + BLOCK_ROWS;
        block.rows = team_share(&part->team, block.begin, block.end, 1);
        if (!block_forward(&block, err)) return false;
    }
    return true;
}

/* ---- backward ---- */

/* to = drop(from), an operand. */
static void drop_into(const Pass *pass, int layer, const Queries *q, DropPlace place, const Operand *to, const float *from) {
    const Encoder *encoder = pass->encoder;
    int rows = q->end - q->begin, C = encoder->weights->config.channels;
    size_t at = (size_t)q->begin * (size_t)C;
    Dropout dropout = drop_at(pass, layer, place);
    if (encoder->dtype == DTYPE_BFLOAT16) {
        encoder->low->drop_round((Bfloat16 *)to->rows + at, from + at, rows, C, &dropout, q->row + q->begin, q->place + q->begin);
        return;
    }
    float *floats = (float *)to->rows + at;
    memcpy(floats, from + at, (size_t)rows * (size_t)C * sizeof *floats);
    encoder->kernels->drop(floats, rows, C, &dropout, q->row + q->begin, q->place + q->begin);
}

static void norm_backward(const Pass *pass, int layer, const Queries *q, LayerPart weight, float *dx, const float *dy,
                          const float *normed, const float *rstd, ProfileLane *lane) {
    ProfilePart before = profile_enter(lane, PROFILE_NORM);
    size_t C = (size_t)pass->encoder->weights->config.channels, at = (size_t)q->begin * C;
    pass->encoder->kernels->norm_backward(dx + at, dy + at, normed + at, rstd + q->begin, tensor(pass, layer, weight),
                                          q->end - q->begin, (int)C);
    (void)profile_enter(lane, before);
}

static void attend_head_backward(const Pass *pass, const LayerRoom *room, AttentionRow row, size_t query, size_t token, size_t h,
                                 const Dropout *dropout, void *scratch) {
    const Encoder *encoder = pass->encoder;
    const GradientRoom *g = &pass->ws->gradient;
    size_t C = (size_t)encoder->weights->config.channels, H = (size_t)encoder->weights->config.heads, D = C / H;
    size_t at = query * C + h * D, key = token * 2 * C + h * D;
    const float *log_sum = room->log_sum + query * H + h * (size_t)row.queries;
    if (pass->ws->stored == ELEMENT_BFLOAT16) {
        const Bfloat16 *k = (Bfloat16 *)room->kv + key;
        Bfloat16 *dk = (Bfloat16 *)g->dkv.rows + key;
        encoder->low->attention_backward((Bfloat16 *)g->dq.rows + at, dk, dk + C, (Bfloat16 *)g->dmixed + at,
                                         (Bfloat16 *)room->mixed + at, log_sum, (Bfloat16 *)room->q + at, k, k + C, (int)C,
                                         (int)(2 * C), row, (int)D, (int)h, dropout, scratch);
        return;
    }
    const float *k = (float *)room->kv + key;
    float *dk = (float *)g->dkv.rows + key;
    encoder->kernels->attention_backward((float *)g->dq.rows + at, dk, dk + C, (float *)g->dmixed + at, (float *)room->mixed + at,
                                         log_sum, (float *)room->q + at, k, k + C, (int)C, (int)(2 * C), row, (int)D, (int)h,
                                         dropout, scratch);
}

static void attend_backward(const Pass *pass, int layer, const LayerRoom *room, const Part *part, const Queries *q,
                            WorkspaceThread *thread) {
    const GradientRoom *g = &pass->ws->gradient;
    size_t C = (size_t)pass->encoder->weights->config.channels, H = (size_t)pass->encoder->weights->config.heads;
    size_t row_bytes = C * element_bytes(pass->ws->stored);
    const Strided taken[] = {{room->q, row_bytes, true},     {room->mixed, row_bytes, true},      {g->dmixed, row_bytes, true},
                             {g->dq.rows, row_bytes, true}, {room->kv, 2 * row_bytes, false}, {g->dkv.rows, 2 * row_bytes, false}};
    Dropout dropout = drop_at(pass, layer, DROP_ATTENTION);
    ProfilePart before = profile_enter(thread->lane, PROFILE_ATTENTION);
    for (int b = part->row; b < part->row_end; b++) {
        size_t query, token;
        AttentionRow row = attention_row(pass, q, b, &query, &token);
        profile_count(thread->lane, 8.0 * row.queries * row.keys * (double)C);
        bring_near(taken, sizeof taken / sizeof *taken, row, query, token);
        for (size_t h = 0; h < H; h++) attend_head_backward(pass, room, row, query, token, h, &dropout, thread->attention);
    }
    (void)profile_enter(thread->lane, before);
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

/* From the gradient of GELU's output to that of its input, in dff, and GELU again. */
static void gelu_backward(const Pass *pass, const Queries *q, const void *u, ProfileLane *lane) {
    const Encoder *encoder = pass->encoder;
    const GradientRoom *g = &pass->ws->gradient;
    size_t F = (size_t)encoder->weights->config.feed_forward, at = (size_t)q->begin * F, count = (size_t)(q->end - q->begin) * F;
    ProfilePart before = profile_enter(lane, PROFILE_GELU);
    if (encoder->dtype == DTYPE_BFLOAT16) {
        encoder->low->gelu_backward((Bfloat16 *)g->g.rows + at, (Bfloat16 *)g->dff.rows + at, (const Bfloat16 *)u + at, count);
    } else {
        float *dff = (float *)g->dff.rows + at;
        encoder->kernels->gelu_backward((float *)g->g.rows + at, dff, dff, (const float *)u + at, count);
    }
    (void)profile_enter(lane, before);
}

/* From the gradient of a layer's output back to those of what attention gives and of the layer's input, as far as that is added to it: what is done row by row. */
static bool block_backward(const Pass *pass, const LayerRoom *room, const Queries *q, float *dquery, WorkspaceThread *thread,
                           Error *err) {
    const EncoderConfig *config = &pass->encoder->weights->config;
    int layer = pass->layer, C = config->channels, F = config->feed_forward;
    const PackedLayer *w = &pass->encoder->layers[layer];
    const GradientRoom *g = &pass->ws->gradient;
    Element stored = pass->ws->stored;
    norm_backward(pass, layer, q, LAYER_NORM2_WEIGHT, g->dx1, g->dy[pass->dy], room->normed2, room->rstd2, thread->lane);
    drop_into(pass, layer, q, DROP_FEED_FORWARD, &g->dsub2, g->dx1);
    if (!linear_backward(thread, g->dff.rows, stored, &g->dsub2, &w->down, q->begin, q->end, C, F, false, err)) return false;
    gelu_backward(pass, q, room->u, thread->lane);
    if (!linear_backward(thread, g->dx1, ELEMENT_FLOAT32, &g->dff, &w->up, q->begin, q->end, F, C, true, err)) return false;
    norm_backward(pass, layer, q, LAYER_NORM1_WEIGHT, dquery, g->dx1, room->normed1, room->rstd1, thread->lane);
    drop_into(pass, layer, q, DROP_ATTENTION_OUT, &g->dsub1, dquery);
    return linear_backward(thread, g->dmixed, stored, &g->dsub1, &w->out, q->begin, q->end, C, C, false, err);
}

/* The gradient of a layer's input by way of its norms, where queries come from. */
static float *query_gradient(const Pass *pass, bool cls) {
    const GradientRoom *g = &pass->ws->gradient;
    return cls ? g->dcls : g->dy[1 - pass->dy];
}

/* The first half of a layer's backward: from its output to what attention gave. */
static bool row_wise_part(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err) {
    const LayerRoom room = layer_room(pass, pass->layer);
    Queries q = queries_of(pass, pass->layer, part), block = q;
    for (; block.begin < q.end; block.begin = block.end) {
        block.end = q.end - block.begin < BLOCK_ROWS ? q.end : block.begin + BLOCK_ROWS;
        if (!block_backward(pass, &room, &block, query_gradient(pass, q.cls), thread, err)) return false;
    }
    return true;
}

/* The second: through attention to the layer's input. */
static bool attention_part(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err) {
    int layer = pass->layer, C = pass->encoder->weights->config.channels;
    const PackedLayer *w = &pass->encoder->layers[layer];
    const LayerRoom room = layer_room(pass, layer);
    const GradientRoom *g = &pass->ws->gradient;
    Queries q = queries_of(pass, layer, part);
    float *dx = g->dy[1 - pass->dy];
    attend_backward(pass, layer, &room, part, &q, thread);
    if (!input_gradient_needed(pass, layer)) return true;
    if (!linear_backward(thread, query_gradient(pass, q.cls), ELEMENT_FLOAT32, &g->dq, &w->q, q.begin, q.end, C, C, true, err) ||
        !linear_backward(thread, dx, ELEMENT_FLOAT32, &g->dkv, &w->kv, part->token, part->token_end, 2 * C, C, !q.cls, err))
        return false;
    if (q.cls) scatter_cls(pass, part, dx);
    return true;
}

/* A Linear of the layer whose gradient is a sum over rows: of `rows` of dy, columns [column, column + out) of ldy, and x. */
typedef struct LayerSum {
    LayerPart weight;
    const Operand *dy, *x;
    int ldy, column, rows, out, in;
} LayerSum;

static float *gradient_of(const Pass *pass, LayerPart part) {
    const Weights *weights = pass->encoder->weights;
    return weight_layer(&weights->table, &weights->config, pass->gradients, pass->layer, part);
}

static void add_sum(const Pass *pass, GradientTasks *tasks, LayerSum sum) {
    LinearGradient linear = {.dw = gradient_of(pass, sum.weight),
                             .dbias = gradient_of(pass, (LayerPart)(sum.weight + 1)),
                             .dy = sum.dy,
                             .x = sum.x,
                             .element = operand_element(pass->encoder),
                             .ldy = sum.ldy,
                             .column = sum.column,
                             .m = sum.rows,
                             .out = sum.out,
                             .in = sum.in};
    tasks_add_linear(tasks, &linear);
}

static void add_norm(const Pass *pass, GradientTasks *tasks, LayerPart weight, const float *dy, const float *normed, int rows) {
    tasks_add_norm(tasks, gradient_of(pass, weight), gradient_of(pass, (LayerPart)(weight + 1)), dy, normed, rows,
                   pass->encoder->weights->config.channels);
}

/* The sums of the first half run beside the second, those of the second beside what comes next. */
bool layer_backward(Pass *pass, GradientTasks *pending, Error *err) {
    const EncoderConfig *config = &pass->encoder->weights->config;
    int C = config->channels, F = config->feed_forward, n = pass->batch->tokens;
    bool cls = layer_is_cls(pass, pass->layer);
    int m = cls ? pass->batch->rows : n;
    const LayerRoom room = layer_room(pass, pass->layer);
    const GradientRoom *g = &pass->ws->gradient;
    if (!pass_run_beside(pass, row_wise_part, pending, err)) return false;
    GradientTasks sums = {.count = 0};
    add_sum(pass, &sums, (LayerSum){LAYER_DOWN_WEIGHT, &g->dsub2, &g->g, C, 0, m, C, F});
    add_sum(pass, &sums, (LayerSum){LAYER_UP_WEIGHT, &g->dff, &room.x1_low, F, 0, m, F, C});
    add_sum(pass, &sums, (LayerSum){LAYER_OUT_WEIGHT, &g->dsub1, &room.mixed_low, C, 0, m, C, C});
    add_norm(pass, &sums, LAYER_NORM1_WEIGHT, g->dx1, room.normed1, m);
    add_norm(pass, &sums, LAYER_NORM2_WEIGHT, g->dy[pass->dy], room.normed2, m);
    if (!pass_run_beside(pass, attention_part, &sums, err)) return false;
    const Operand *x_low = &room.x_low;
    pending->count = 0;
    add_sum(pass, pending, (LayerSum){LAYER_Q_WEIGHT, &g->dq, cls ? &pass->ws->cls_x_low : x_low, C, 0, m, C, C});
    add_sum(pass, pending, (LayerSum){LAYER_K_WEIGHT, &g->dkv, x_low, 2 * C, 0, n, C, C});
    add_sum(pass, pending, (LayerSum){LAYER_V_WEIGHT, &g->dkv, x_low, 2 * C, C, n, C, C});
    pass->dy = 1 - pass->dy;
    return true;
}
