/* x = norm(words[id] + positions[place] + types[0]), with dropout behind it; BERT has types, DistilBERT has not. */
#include <string.h>

#include "encoder/inside.h"

static const float *tensor(const Pass *pass, ModelPart part) {
    return weights_model_part(pass->encoder->weights, part);
}

bool embeddings_forward(const Pass *pass, const Part *part, Error *err) {
    const Encoder *encoder = pass->encoder;
    const EncoderConfig *config = &encoder->weights->config;
    Workspace *ws = pass->ws;
    int C = config->channels, m = part->token_end - part->token;
    if (part->team.member > 0) return true; /* too little to share */
    const float *words = tensor(pass, PART_WORDS), *positions = tensor(pass, PART_POSITIONS), *types = tensor(pass, PART_TYPES);
    for (int b = part->row; b < part->row_end; b++) {
        int first = pass->batch->starts[b], length = pass->batch->starts[b + 1] - first;
        ws->row[b] = pass->batch->row ? pass->batch->row[b] : b;
        if (length > config->positions)
            return FAIL(err, ERROR_MODEL, "a row of %d tokens, expected at most %d (max_position_embeddings)", length,
                        config->positions);
        for (int t = 0; t < length; t++) {
            int32_t id = pass->batch->ids[first + t];
            if (id < 0 || id >= config->vocabulary)
                return FAIL(err, ERROR_MODEL, "token id %d, expected 0 to %d (vocab_size)", (int)id, config->vocabulary - 1);
            float *x = ws->embedded + (size_t)(first + t) * (size_t)C;
            const float *word = words + (size_t)id * (size_t)C, *position = positions + (size_t)t * (size_t)C;
            if (types)
                for (int c = 0; c < C; c++) x[c] = word[c] + types[c] + position[c];
            else
                for (int c = 0; c < C; c++) x[c] = word[c] + position[c];
            ws->token_row[first + t] = ws->row[b];
            ws->token_place[first + t] = t;
        }
    }
    size_t at = (size_t)part->token * (size_t)C;
    float *normed = ws->embedded_normed ? ws->embedded_normed + at : NULL,
          *rstd = normed ? ws->embedded_rstd + part->token : NULL;
    encoder->kernels->add_norm(ws->embedded + at, normed, rstd, ws->embedded + at, NULL, tensor(pass, PART_NORM_WEIGHT),
                               tensor(pass, PART_NORM_BIAS), config->norm_epsilon, m, C, NULL, NULL, NULL);
    Dropout dropout = drop_at(pass, config->layers, DROP_EMBEDDINGS);
    encoder->kernels->drop(ws->embedded + at, m, C, &dropout, ws->token_row + part->token, ws->token_place + part->token);
    operand_fill(encoder, &ws->layers[0].x_low, ws->embedded, part->token, part->token_end, C);
    return true;
}

/* dy becomes the gradient of the norm's input; dx1 receives that of its output, for the norm's own weights. */
static bool norm_part(const Pass *pass, const Part *part, WorkspaceThread *thread, Error *err) {
    (void)thread, (void)err;
    const Encoder *encoder = pass->encoder;
    Workspace *ws = pass->ws;
    int C = encoder->weights->config.channels, m = part->token_end - part->token;
    size_t at = (size_t)part->token * (size_t)C;
    float *dy = ws->gradient.dy[pass->dy] + at;
    Dropout dropout = drop_at(pass, encoder->weights->config.layers, DROP_EMBEDDINGS);
    encoder->kernels->drop(dy, m, C, &dropout, ws->token_row + part->token, ws->token_place + part->token);
    memcpy(ws->gradient.dx1 + at, dy, (size_t)m * (size_t)C * sizeof *dy);
    encoder->kernels->norm_backward(dy, dy, ws->embedded_normed + at, ws->embedded_rstd + part->token,
                                    tensor(pass, PART_NORM_WEIGHT), m, C);
    return true;
}

bool embeddings_backward(Pass *pass, const GradientTasks *pending, Error *err) {
    const Encoder *encoder = pass->encoder;
    const EncoderConfig *config = &encoder->weights->config;
    const WeightTable *table = &encoder->weights->table;
    Workspace *ws = pass->ws;
    if (!pass_run_beside(pass, norm_part, pending, err)) return false;
    GradientTasks tasks = {.count = 0};
    tasks_add_norm(&tasks, weight_model(table, config, pass->gradients, PART_NORM_WEIGHT),
                   weight_model(table, config, pass->gradients, PART_NORM_BIAS), ws->gradient.dx1, ws->embedded_normed,
                   pass->batch->tokens, config->channels);
    enum { COLUMNS = 64 };
    for (int c = 0; c < config->channels; c += COLUMNS)
        tasks.task[tasks.count++] = (GradientTask){.kind = SUM_EMBEDDINGS,
                                                   .dy = ws->gradient.dy[pass->dy],
                                                   .begin = c,
                                                   .end = c + COLUMNS < config->channels ? c + COLUMNS : config->channels};
    return pass_run_beside(pass, NULL, &tasks, err);
}
