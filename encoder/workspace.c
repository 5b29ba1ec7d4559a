#include "encoder/inside.h"

/* Matrices that are summed over their rows have room for zero rows behind the last (ops_add_outer). */
static float *take_rows(Arena *arena, int rows, int columns) {
    return arena_take(arena, ((size_t)rows + OPS_ROW_STEP) * (size_t)columns, sizeof(float));
}

/* What a layer's queries leave: `rows` of them. */
static void plan_layer(Arena *arena, LayerRoom *room, const EncoderConfig *c, int rows, bool kept) {
    int C = c->channels;
    room->q = take_rows(arena, rows, C);
    room->mixed = take_rows(arena, rows, C);
    room->x1 = take_rows(arena, rows, C);
    room->u = take_rows(arena, rows, c->feed_forward);
    if (!kept) return;
    room->log_sum = take_rows(arena, rows, c->heads);
    room->normed1 = take_rows(arena, rows, C);
    room->rstd1 = take_rows(arena, rows, 1);
    room->normed2 = take_rows(arena, rows, C);
    room->rstd2 = take_rows(arena, rows, 1);
}

/* Layers that backward will visit keep what they leave; the others share one room. */
static void plan_layers(Arena *arena, Workspace *ws, const EncoderConfig *c, const WorkspaceOptions *o) {
    LayerRoom shared = {0};
    float *sub = take_rows(arena, o->tokens, c->channels), *g = o->training ? take_rows(arena, o->tokens, c->feed_forward) : NULL;
    for (int l = 0; l < c->layers; l++) {
        LayerRoom room = {0};
        bool kept = o->training && l >= o->from_layer, first_shared = !kept && l == 0;
        if (kept || first_shared) {
            plan_layer(arena, &room, c, o->tokens, kept);
            room.kv = take_rows(arena, o->tokens, 2 * c->channels);
            room.sub = sub;
            room.g = kept ? g : room.u;
        }
        if (first_shared) shared = room;
        if (!kept) room = shared;
        room.x = l ? ws->layers[l - 1].y : ws->embedded;
        /* A layer may write over its input unless somebody reads that later. */
        room.y = o->all_hidden || (o->training && l + 1 >= o->from_layer) ? take_rows(arena, o->tokens, c->channels) : room.x;
        ws->layers[l] = room;
    }
    plan_layer(arena, &ws->cls, c, o->rows, o->training);
    ws->cls.y = take_rows(arena, o->rows, c->channels);
    ws->cls.sub = take_rows(arena, o->rows, c->channels);
    ws->cls.g = o->training ? take_rows(arena, o->rows, c->feed_forward) : ws->cls.u;
    ws->cls_x = take_rows(arena, o->rows, c->channels);
}

static void plan_gradients(Arena *arena, GradientRoom *room, const EncoderConfig *c, const WorkspaceOptions *o) {
    int n = o->tokens, C = c->channels, F = c->feed_forward;
    float **square[] = {&room->dy[0], &room->dy[1], &room->dx1, &room->dsub2, &room->dsub1, &room->dmixed, &room->dq};
    for (size_t i = 0; i < sizeof square / sizeof *square; i++) *square[i] = take_rows(arena, n, C);
    room->g = take_rows(arena, n, F);
    room->dff = take_rows(arena, n, F);
    room->dkv = take_rows(arena, n, 2 * C);
    room->dcls = take_rows(arena, o->rows, C);
    room->dlogits = take_rows(arena, o->rows, c->classes);
    room->dpooled = take_rows(arena, o->rows, C);
}

/* One plan, run twice: measures when arena->base is NULL, else carves. */
static void plan(Arena *arena, Workspace *ws, const EncoderConfig *c, const WorkspaceOptions *o, int threads) {
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
    plan_layers(arena, ws, c, o);
    ws->pre = take_rows(arena, B, C);
    ws->pooled = take_rows(arena, B, C);
    ws->logits = take_rows(arena, B, c->classes);
    if (o->training) plan_gradients(arena, &ws->gradient, c, o);
    size_t scratch = attention_scratch(longest, C / c->heads, o->training);
    for (int t = 0; t < threads; t++) ws->threads[t].attention = arena_take(arena, scratch, sizeof(float));
}

/* The small arrays that the plan fills in. */
static bool make_frame(Workspace *ws, const EncoderConfig *config, const WorkspaceOptions *options, int threads, Error *err) {
    *ws = (Workspace){.options = *options, .thread_count = threads};
    ws->threads = mem_new((size_t)threads, sizeof *ws->threads, err);
    ws->layers = ws->threads ? mem_new((size_t)config->layers, sizeof *ws->layers, err) : NULL;
    return ws->layers != NULL;
}

size_t workspace_bytes(const EncoderConfig *config, const WorkspaceOptions *options, int threads) {
    Workspace ws;
    Arena measure = {0};
    if (make_frame(&ws, config, options, threads, NULL)) plan(&measure, &ws, config, options, threads);
    mem_free(ws.threads);
    mem_free(ws.layers);
    return measure.used;
}

Workspace *workspace_new(const Encoder *encoder, const WorkspaceOptions *options, Pool *pool, Error *err) {
    Workspace *ws = mem_new(1, sizeof *ws, err);
    if (!ws) return NULL;
    const EncoderConfig *config = &encoder->weights->config;
    int threads = pool_threads(pool);
    bool good = make_frame(ws, config, options, threads, err);
    ws->pool = pool;
    Arena arena = {0};
    if (good) plan(&arena, ws, config, options, threads);
    ws->block = good ? mem_new(arena.used, 1, err) : NULL;
    if (ws->block) {
        arena = (Arena){.base = ws->block};
        plan(&arena, ws, config, options, threads);
    }
    good = ws->block != NULL;
    for (int t = 0; good && t < threads; t++) good = (ws->threads[t].runner = ops_runner_new(encoder->ops, err)) != NULL;
    if (good) return ws;
    error_prefix(err, "room for batches of %d tokens", options->tokens);
    workspace_free(ws);
    return NULL;
}

void workspace_free(Workspace *ws) {
    if (!ws) return;
    for (int t = 0; ws->threads && t < ws->thread_count; t++) ops_runner_free(ws->threads[t].runner);
    mem_free(ws->threads);
    mem_free(ws->layers);
    mem_free(ws->block);
    mem_free(ws);
}

const float *workspace_hidden(const Workspace *ws, int layer) {
    if (layer == ws->last_layer && ws->cls_only) return ws->cls.y;
    return layer ? ws->layers[layer - 1].y : ws->embedded;
}
