#include "encoder/inside.h"

/* Matrices that are summed over their rows have room for zero rows behind the last (ops_outer). */
static float *take_rows(Arena *arena, int rows, int columns) {
    return arena_take(arena, ((size_t)rows + OPS_ROW_STEP) * (size_t)columns, sizeof(float));
}

/* The room that `x` (rows, columns) is read from by a product: its own where products are float32. */
static Operand take_operand(Arena *arena, const Workspace *ws, float *x, int rows, int columns) {
    Dtype dtype = ws->options.dtype;
    if (dtype == DTYPE_FLOAT32) return (Operand){.rows = x};
    size_t elements = ((size_t)rows + OPS_ROW_STEP) * (size_t)columns;
    Operand operand = {.rows = arena_take(arena, elements, element_bytes(element_of(dtype)))};
    if (dtype == DTYPE_INT8) operand.scales = arena_take(arena, (size_t)rows, sizeof *operand.scales);
    return operand;
}

static void *take_stored(Arena *arena, const Workspace *ws, int rows, int columns) {
    return arena_take(arena, ((size_t)rows + OPS_ROW_STEP) * (size_t)columns, element_bytes(ws->stored));
}

/* What attention gives is an operand already when it is stored in the products' type. */
static Operand take_mixed_operand(Arena *arena, const Workspace *ws, void *mixed, int rows, int C) {
    if (ws->stored == element_of(ws->options.dtype)) return (Operand){.rows = mixed};
    return take_operand(arena, ws, NULL, rows, C);
}

/* What a layer's queries leave: `rows` of them. */
static void plan_layer(Arena *arena, LayerRoom *room, const EncoderConfig *c, const Workspace *ws, int rows, bool kept) {
    int C = c->channels;
    room->q = take_stored(arena, ws, rows, C);
    room->mixed = take_stored(arena, ws, rows, C);
    room->mixed_low = take_mixed_operand(arena, ws, room->mixed, rows, C);
    room->x1 = take_rows(arena, rows, C);
    room->x1_low = take_operand(arena, ws, room->x1, rows, C);
    if (!kept) return;
    room->u = take_stored(arena, ws, rows, c->feed_forward);
    room->log_sum = take_rows(arena, rows, c->heads);
    room->normed1 = take_rows(arena, rows, C);
    room->rstd1 = take_rows(arena, rows, 1);
    room->normed2 = take_rows(arena, rows, C);
    room->rstd2 = take_rows(arena, rows, 1);
}

/* Layers that backward will visit keep what they leave; the others share one room. */
static void plan_layers(Arena *arena, Workspace *ws, const EncoderConfig *c) {
    const WorkspaceOptions *o = &ws->options;
    LayerRoom shared = {0};
    Operand input = take_operand(arena, ws, ws->embedded, o->tokens, c->channels);
    for (int l = 0; l < c->layers; l++) {
        LayerRoom room = {0};
        bool kept = o->training && l >= o->from_layer, first_shared = !kept && l == 0;
        if (kept || first_shared) {
            plan_layer(arena, &room, c, ws, o->tokens, kept);
            room.kv = take_stored(arena, ws, o->tokens, 2 * c->channels);
        }
        if (first_shared) shared = room;
        if (!kept) room = shared;
        room.x = l ? ws->layers[l - 1].y : ws->embedded;
        room.x_low = l ? ws->layers[l - 1].y_low : input;
        /* A layer may write over its input unless somebody reads that later. */
        bool own = o->all_hidden || (o->training && l + 1 >= o->from_layer);
        room.y = own ? take_rows(arena, o->tokens, c->channels) : room.x;
        room.y_low = own ? take_operand(arena, ws, room.y, o->tokens, c->channels) : room.x_low;
        ws->layers[l] = room;
    }
    plan_layer(arena, &ws->cls, c, ws, o->rows, o->training);
    ws->cls.y = take_rows(arena, o->rows, c->channels);
    ws->cls_x = take_rows(arena, o->rows, c->channels);
    ws->cls_x_low = take_operand(arena, ws, ws->cls_x, o->rows, c->channels);
}

/* Where a block of rows is on its way; layers that keep u give GELU a room apart. */
static void plan_block(Arena *arena, BlockRoom *block, const EncoderConfig *c, const Workspace *ws) {
    block->sub = take_rows(arena, BLOCK_ROWS, c->channels);
    block->u = take_rows(arena, BLOCK_ROWS, c->feed_forward);
    float *g = ws->options.training ? take_rows(arena, BLOCK_ROWS, c->feed_forward) : block->u;
    block->g = take_operand(arena, ws, g, BLOCK_ROWS, c->feed_forward);
}

static void plan_gradients(Arena *arena, Workspace *ws, const EncoderConfig *c) {
    const WorkspaceOptions *o = &ws->options;
    GradientRoom *room = &ws->gradient;
    int n = o->tokens, C = c->channels, F = c->feed_forward;
    float **square[] = {&room->dy[0], &room->dy[1], &room->dx1};
    for (size_t i = 0; i < sizeof square / sizeof *square; i++) *square[i] = take_rows(arena, n, C);
    Operand *operands[] = {&room->dsub2, &room->dsub1, &room->dq, &room->dkv, &room->g, &room->dff};
    const int widths[] = {C, C, C, 2 * C, F, F};
    for (size_t i = 0; i < sizeof operands / sizeof *operands; i++) operands[i]->rows = take_stored(arena, ws, n, widths[i]);
    room->dmixed = take_stored(arena, ws, n, C);
    room->dcls = take_rows(arena, o->rows, C);
    room->dlogits = take_rows(arena, o->rows, c->classes);
    room->dpooled = take_rows(arena, o->rows, C);
}

static void plan_thread(Arena *arena, WorkspaceThread *thread, const Workspace *ws, const EncoderConfig *c, int longest) {
    Dtype dtype = ws->options.dtype;
    int D = c->channels / c->heads, widest = c->feed_forward > 2 * c->channels ? c->feed_forward : 2 * c->channels;
    size_t bytes = attention_scratch(longest, D, ws->options.training) * sizeof(float);
    if (ws->stored == ELEMENT_BFLOAT16) bytes = attention_low_scratch(longest, D, ws->options.training);
    thread->attention = arena_take(arena, bytes, 1);
    if (dtype == DTYPE_INT8) thread->sums = arena_take(arena, (size_t)SUM_ROWS * (size_t)widest, sizeof *thread->sums);
    if (dtype != DTYPE_FLOAT32) thread->row = arena_take(arena, (size_t)widest, sizeof *thread->row);
}

/* One plan, run twice: measures when arena->base is NULL, else carves. */
static void plan(Arena *arena, Workspace *ws, const EncoderConfig *c) {
    const WorkspaceOptions *o = &ws->options;
    int n = o->tokens, B = o->rows, C = c->channels, longest = n < c->positions ? n : c->positions;
    ws->token_row = arena_take(arena, (size_t)n, sizeof *ws->token_row);
    ws->token_place = arena_take(arena, (size_t)n, sizeof *ws->token_place);
    ws->row = arena_take(arena, (size_t)B, sizeof *ws->row);
    ws->zeros = arena_take(arena, (size_t)B, sizeof *ws->zeros);
    ws->embedded = take_rows(arena, n, C);
    if (o->training && !o->embeddings_frozen && o->from_layer == 0) {
        ws->embedded_normed = take_rows(arena, n, C);
        ws->embedded_rstd = take_rows(arena, n, 1);
    }
    plan_layers(arena, ws, c);
    ws->pre = take_rows(arena, B, C);
    ws->pooled = take_rows(arena, B, C);
    ws->logits = take_rows(arena, B, c->classes);
    if (o->training) plan_gradients(arena, ws, c);
    for (int t = 0; t < ws->thread_count; t++) {
        plan_block(arena, &ws->blocks[t], c, ws);
        plan_thread(arena, &ws->threads[t], ws, c, longest);
    }
}

/* The small arrays that the plan fills in. */
static bool make_frame(Workspace *ws, const EncoderConfig *config, const WorkspaceOptions *options, int threads, Error *err) {
    bool low_attention = options->dtype != DTYPE_FLOAT32 && ops_supports(DTYPE_BFLOAT16);
    *ws = (Workspace){.options = *options, .thread_count = threads, .stored = low_attention ? ELEMENT_BFLOAT16 : ELEMENT_FLOAT32};
    ws->threads = mem_new((size_t)threads, sizeof *ws->threads, err);
    ws->blocks = ws->threads ? mem_new((size_t)threads, sizeof *ws->blocks, err) : NULL;
    ws->layers = ws->blocks ? mem_new((size_t)config->layers, sizeof *ws->layers, err) : NULL;
    return ws->layers != NULL;
}

size_t workspace_bytes(const EncoderConfig *config, const WorkspaceOptions *options, int threads) {
    Workspace ws;
    Arena measure = {0};
    if (make_frame(&ws, config, options, threads, NULL)) plan(&measure, &ws, config);
    mem_free(ws.threads);
    mem_free(ws.blocks);
    mem_free(ws.layers);
    return measure.used;
}

Workspace *workspace_new(const Encoder *encoder, const WorkspaceOptions *options, Pool *pool, Error *err) {
    Workspace *ws = mem_new(1, sizeof *ws, err);
    if (!ws) return NULL;
    const EncoderConfig *config = &encoder->weights->config;
    int threads = pool_threads(pool);
    WorkspaceOptions wanted = *options;
    wanted.dtype = encoder->dtype;
    bool good = make_frame(ws, config, &wanted, threads, err);
    ws->pool = pool;
    team_barrier_init(&ws->barrier);
    Arena arena = {0};
    if (good) plan(&arena, ws, config);
    ws->block_bytes = arena.used;
    ws->block = good ? mem_map(arena.used, err) : NULL;
    if (ws->block) {
        arena = (Arena){.base = ws->block};
        plan(&arena, ws, config);
    }
    good = ws->block != NULL;
    for (int t = 0; good && t < threads; t++) {
        good = (ws->threads[t].runner = ops_runner_new(encoder->ops, err)) != NULL;
        ws->threads[t].lane = pool ? pool_lane(pool, t) : options->lane;
        if (good) ops_runner_set_lane(ws->threads[t].runner, ws->threads[t].lane);
    }
    if (good) return ws;
    error_prefix(err, "room for batches of %d tokens", options->tokens);
    workspace_free(ws);
    return NULL;
}

void workspace_free(Workspace *ws) {
    if (!ws) return;
    for (int t = 0; ws->threads && t < ws->thread_count; t++) ops_runner_free(ws->threads[t].runner);
    mem_free(ws->threads);
    mem_free(ws->blocks);
    mem_free(ws->layers);
    mem_unmap(ws->block, ws->block_bytes);
    team_barrier_destroy(&ws->barrier);
    mem_free(ws);
}

const float *workspace_hidden(const Workspace *ws, int layer) {
    if (layer == ws->last_layer && ws->cls_only) return ws->cls.y;
    return layer ? ws->layers[layer - 1].y : ws->embedded;
}
