#include "finetune/gradient.h"

#include <string.h>

#include "common/memory.h"

/* Tokens in a piece: enough for full speed of the matrix products, few enough that a base-size encoder keeps its activations in about
 * 0.6 GB. Part of what a run computes (sums are rounded a piece at a time), so no option and no function of the machine. */
enum { PIECE_TOKENS = 2048 };

static int longest_row(const FinetuneRows *rows) {
    int longest = 1;
    for (int i = 0; i < rows->count; i++) {
        int length = tokens_length(rows->tokens, finetune_row(rows, i));
        if (length > longest) longest = length;
    }
    return longest;
}

static int shortest_row(const FinetuneRows *rows) {
    int shortest = PIECE_TOKENS;
    for (int i = 0; i < rows->count; i++) {
        int length = tokens_length(rows->tokens, finetune_row(rows, i));
        if (length < shortest) shortest = length;
    }
    return shortest < 1 ? 1 : shortest;
}

WorkspaceOptions gradient_workspace_options(const FinetuneRows *rows, int most_rows, int freeze_layers) {
    int longest = longest_row(rows), shortest = shortest_row(rows);
    int64_t step_tokens = (int64_t)longest * most_rows;
    int tokens = step_tokens < PIECE_TOKENS ? (int)step_tokens : PIECE_TOKENS;
    if (tokens < longest) tokens = longest;
    int rows_that_fit = tokens / shortest;
    return (WorkspaceOptions){.tokens = tokens,
                              .rows = rows_that_fit < most_rows ? rows_that_fit : most_rows,
                              .training = true,
                              .from_layer = freeze_layers,
                              .embeddings_frozen = freeze_layers > 0};
}

static bool check_rows(const FinetuneRows *rows, const EncoderConfig *config, Error *err) {
    for (int i = 0; i < rows->count; i++) {
        int row = finetune_row(rows, i), length = tokens_length(rows->tokens, row);
        if (length < 1 || length > config->positions)
            return FAIL(err, ERROR_DATA, "row %d: %d tokens, expected 1 to %d: the encoder has no more positions", row, length,
                        config->positions);
        if (rows->labels && (rows->labels[row] < 0 || rows->labels[row] >= config->classes))
            return FAIL(err, ERROR_DATA, "row %d: class %d, expected 0 to %d", row, (int)rows->labels[row], config->classes - 1);
    }
    return true;
}

bool gradient_make(Gradient *gradient, const Encoder *encoder, const Weights *weights, const FinetuneRows *rows, int most_rows,
                   const FinetuneOptions *options, Pool *pool, Error *err) {
    const EncoderConfig *config = &weights->config;
    *gradient = (Gradient){.encoder = encoder, .rows = rows, .total = weights->table.total, .seed = options->seed};
    if (!check_rows(rows, config, err)) return false;
    WorkspaceOptions room = gradient_workspace_options(rows, most_rows, options->freeze_layers);
    size_t most = (size_t)room.rows;
    gradient->token_budget = room.tokens;
    gradient->row_budget = room.rows;
    return loss_make(&gradient->loss, config->classes, options->label_smoothing_factor, options->balanced, rows->labels,
                     rows->rows, rows->count, err) &&
           (gradient->workspace = workspace_new(encoder, &room, pool, err)) &&
           (gradient->sum = mem_map(weights->table.total * sizeof *gradient->sum, err)) &&
           (gradient->ids = mem_new((size_t)room.tokens, sizeof *gradient->ids, err)) &&
           (gradient->starts = mem_new(most + 1, sizeof *gradient->starts, err)) &&
           (gradient->numbers = mem_new(most, sizeof *gradient->numbers, err)) &&
           (gradient->labels = mem_new(most, sizeof *gradient->labels, err)) &&
           (gradient->of_logits = mem_new(most * (size_t)config->classes, sizeof *gradient->of_logits, err)) &&
           (gradient->step_labels = mem_new((size_t)most_rows, sizeof *gradient->step_labels, err));
}

void gradient_free(Gradient *gradient) {
    loss_free(&gradient->loss);
    workspace_free(gradient->workspace);
    mem_unmap(gradient->sum, gradient->total * sizeof *gradient->sum);
    mem_free(gradient->ids);
    mem_free(gradient->starts);
    mem_free(gradient->numbers);
    mem_free(gradient->labels);
    mem_free(gradient->of_logits);
    mem_free(gradient->step_labels);
    *gradient = (Gradient){0};
}

/* Lays as many rows as fit end to end. */
static Batch pack(const Gradient *gradient, const int *places, int count) {
    const Tokens *tokens = gradient->rows->tokens;
    int rows = 0, used = 0;
    for (; rows < count && rows < gradient->row_budget; rows++) {
        int row = finetune_row(gradient->rows, places[rows]), length = tokens_length(tokens, row);
        if (used + length > gradient->token_budget) break;
        memcpy(gradient->ids + used, tokens_row(tokens, row), (size_t)length * sizeof *gradient->ids);
        gradient->starts[rows] = used;
        gradient->numbers[rows] = row;
        gradient->labels[rows] = gradient->rows->labels[row];
        used += length;
    }
    gradient->starts[rows] = used;
    return (Batch){rows, used, gradient->ids, gradient->starts, gradient->numbers};
}

/* One piece; adds its share of the loss, not yet divided. */
static bool add_piece(Gradient *gradient, const Batch *batch, const ForwardOptions *options, double divisor, double *sum,
                      Error *err) {
    const float *logits = NULL;
    if (!encoder_forward(gradient->encoder, gradient->workspace, batch, options, err) ||
        !encoder_classify(gradient->encoder, gradient->workspace, batch, options, &logits, err))
        return false;
    *sum += loss_forward_backward(&gradient->loss, logits, gradient->labels, batch->rows, divisor, gradient->of_logits);
    return encoder_backward(gradient->encoder, gradient->workspace, batch, options, gradient->of_logits, gradient->sum, err);
}

bool gradient_of_step(Gradient *gradient, const int *places, int count, int64_t done, double *loss, Error *err) {
    ForwardOptions options = {
        .cls_only = true, .dropout = true, .seed = gradient->seed, .step = (uint32_t)done, .first_sum = true};
    for (int i = 0; i < count; i++) gradient->step_labels[i] = gradient->rows->labels[finetune_row(gradient->rows, places[i])];
    double divisor = loss_divisor(&gradient->loss, gradient->step_labels, count), sum = 0;
    for (int first = 0; first < count;) {
        Batch batch = pack(gradient, places + first, count - first);
        if (!add_piece(gradient, &batch, &options, divisor, &sum, err)) return false;
        first += batch.rows;
        options.first_sum = false;
    }
    *loss = sum / divisor;
    return true;
}
