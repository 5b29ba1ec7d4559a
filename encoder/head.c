/* The classification head on the [CLS] rows. DistilBERT: Linear, ReLU, dropout, Linear. BERT: pooler (Linear, tanh), dropout, Linear. */
#include <math.h>
#include <string.h>

#include "encoder/inside.h"

static bool is_bert(const Pass *pass) { return pass->encoder->weights->config.family == FAMILY_BERT; }

/* The inputs of the head: the [CLS] rows of the last hidden state, gathered when the last layer ran for all tokens. */
static float *cls_rows(const Pass *pass, const Part *part) {
    Workspace *ws = pass->ws;
    if (ws->cls_only) return ws->cls.y;
    size_t C = (size_t)pass->encoder->weights->config.channels;
    const float *hidden = workspace_hidden(ws, ws->last_layer);
    for (int b = part->row; b < part->row_end; b++)
        memcpy(ws->cls.y + (size_t)b * C, hidden + (size_t)pass->batch->starts[b] * C, C * sizeof *hidden);
    return ws->cls.y;
}

static void drop_pooled(const Pass *pass, const Part *part, float *x) {
    const EncoderConfig *config = &pass->encoder->weights->config;
    Dropout dropout = drop_at(pass, config->layers, DROP_HEAD);
    pass->encoder->kernels->drop(x + (size_t)part->row * (size_t)config->channels, part->row_end - part->row, config->channels,
                                 &dropout, pass->ws->row + part->row, pass->ws->zeros);
}

/* The head is float32 whatever the encoder's products are: it is small, and its outcome is what people compare. */
static bool head_linear(const Pass *pass, const Part *part, WorkspaceThread *thread, float *y, float *x, const PackedLinear *w,
                        int out, int in, Error *err) {
    Operand input = {.rows = x};
    LinearRun run = {.w = w,
                     .x = &input,
                     .x_row = part->row,
                     .y = y,
                     .y_element = ELEMENT_FLOAT32,
                     .y_row = part->row,
                     .rows = part->row_end - part->row,
                     .in = in,
                     .out = out,
                     .columns = {0, out}};
    return linear_forward(pass->encoder, thread, &run, err);
}

static bool head_linear_backward(const Pass *pass, const Part *part, WorkspaceThread *thread, float *dx, float *dy,
                                 const PackedLinear *w, int out, int in, Error *err) {
    (void)pass;
    return linear_backward(thread, dx, ELEMENT_FLOAT32, &(Operand){.rows = dy}, w, part->row, part->row_end, out, in, false, err);
}

bool head_forward(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err) {
    const EncoderConfig *config = &pass->encoder->weights->config;
    Workspace *ws = pass->ws;
    int C = config->channels;
    size_t begin = (size_t)part->row * (size_t)C, end = (size_t)part->row_end * (size_t)C;
    if (!head_linear(pass, part, thread, ws->pre, cls_rows(pass, part), &pass->encoder->pre, C, C, err)) return false;
    for (size_t i = begin; i < end; i++)
        ws->pre[i] = is_bert(pass) ? tanhf(ws->pre[i]) : ws->pre[i] < 0 ? 0 : ws->pre[i]; /* a NaN stays one */
    memcpy(ws->pooled + begin, ws->pre + begin, (end - begin) * sizeof *ws->pre);
    drop_pooled(pass, part, ws->pooled);
    return head_linear(pass, part, thread, ws->logits, ws->pooled, &pass->encoder->classifier, config->classes, C, err);
}

static bool head_part(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err) {
    const EncoderConfig *config = &pass->encoder->weights->config;
    Workspace *ws = pass->ws;
    GradientRoom *g = &ws->gradient;
    int C = config->channels;
    size_t begin = (size_t)part->row * (size_t)C, end = (size_t)part->row_end * (size_t)C;
    if (!head_linear_backward(pass, part, thread, g->dpooled, g->dlogits, &pass->encoder->classifier, config->classes, C, err))
        return false;
    drop_pooled(pass, part, g->dpooled);
    for (size_t i = begin; i < end; i++) {
        float pre = ws->pre[i];
        g->dpooled[i] *= is_bert(pass) ? 1 - pre * pre : pre <= 0 ? 0.0f : 1.0f;
    }
    float *dcls = ws->cls_only ? g->dy[pass->dy] : g->dcls;
    if (!head_linear_backward(pass, part, thread, dcls, g->dpooled, &pass->encoder->pre, C, C, err)) return false;
    if (ws->cls_only) return true;
    float *dy = g->dy[pass->dy];
    memset(dy + (size_t)part->token * (size_t)C, 0, (size_t)(part->token_end - part->token) * (size_t)C * sizeof *dy);
    for (int b = part->row; b < part->row_end; b++)
        memcpy(dy + (size_t)pass->batch->starts[b] * (size_t)C, dcls + (size_t)b * (size_t)C, (size_t)C * sizeof *dy);
    return true;
}

bool head_backward(Pass *pass, GradientTasks *pending, Error *err) {
    const Weights *weights = pass->encoder->weights;
    const EncoderConfig *config = &weights->config;
    Workspace *ws = pass->ws;
    int C = config->channels, K = config->classes, B = pass->batch->rows;
    float *to[MODEL_PARTS];
    for (int part = 0; part < MODEL_PARTS; part++)
        to[part] = weight_model(&weights->table, config, pass->gradients, (ModelPart)part);
    memcpy(ws->gradient.dlogits, pass->dlogits, (size_t)B * (size_t)K * sizeof(float));
    if (!pass_run(pass, head_part, err)) return false;
    const Operand dlogits = {.rows = ws->gradient.dlogits}, pooled = {.rows = ws->pooled},
                  dpooled = {.rows = ws->gradient.dpooled}, cls = {.rows = ws->cls.y};
    LinearGradient classifier = {.dw = to[PART_CLASSIFIER_WEIGHT],
                                 .dbias = to[PART_CLASSIFIER_BIAS],
                                 .dy = &dlogits,
                                 .x = &pooled,
                                 .element = ELEMENT_FLOAT32,
                                 .ldy = K,
                                 .m = B,
                                 .out = K,
                                 .in = C};
    LinearGradient pre = {.dw = to[PART_PRE_WEIGHT],
                          .dbias = to[PART_PRE_BIAS],
                          .dy = &dpooled,
                          .x = &cls,
                          .element = ELEMENT_FLOAT32,
                          .ldy = C,
                          .m = B,
                          .out = C,
                          .in = C};
    tasks_add_linear(pending, &classifier);
    tasks_add_linear(pending, &pre);
    return true;
}
