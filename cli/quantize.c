/* twofold quantize: the folder with int8 weights, and how far its answers are from float32's. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/steps.h"
#include "common/model_folder.h"
#include "encoder/quantize_folder.h"

enum { MOST_TEXTS = 500 }; /* whose hidden states are compared */

/* For a model without data: everyday sentences of several lengths and kinds. */
static const char *const SENTENCES[] = {
    "yes",
    "i am so glad you called",
    "The delivery came two days late and the box was open.",
    "Could you tell me how to reset the password of my account?",
    "great film, terrible sound",
    "She walked along the river until the lamps were lit.",
    "Order 4417 was charged twice; please refund one of them before Friday, 3 p.m.",
    "not bad at all, though I would not buy it again at this price",
    "The committee found no evidence that the new drug works better than the old one.",
    "win a FREE prize now!!! click here",
    "It rained. We stayed in, read old letters, and nobody said what everyone was thinking about the house.",
    "error: cannot open file: permission denied",
};

typedef struct Agreement {
    int texts;
    double hidden_error; /* Frobenius norm of the difference of the last hidden states over that of float32's */
    double cosine;       /* the least of two texts' [CLS] */
    bool answers;        /* the next count */
    double accuracy[2];  /* float32, int8 */
    double same;         /* share of texts with the same label */
} Agreement;

/* ---- hidden states ---- */

typedef struct Hidden {
    Encoder *encoder;
    Workspace *workspace;
} Hidden;

static void hidden_free(Hidden *hidden) {
    workspace_free(hidden->workspace);
    encoder_free(hidden->encoder);
}

static bool hidden_make(Hidden *hidden, const Weights *weights, Dtype dtype, int longest, Pool *pool, Error *err) {
    WorkspaceOptions options = {.tokens = longest, .rows = 1};
    hidden->encoder = encoder_new(weights, &(EncoderOptions){.dtype = dtype}, pool, err);
    if (hidden->encoder) hidden->workspace = workspace_new(hidden->encoder, &options, NULL, err);
    return hidden->workspace != NULL;
}

typedef struct Sums {
    double squares, total;
} Sums;

static bool add_row(Sums *sums, Agreement *agreement, const Hidden hidden[2], const Tokens *tokens, int row, Error *err) {
    const float *states[2];
    int32_t starts[2] = {0, tokens_length(tokens, row)};
    Batch batch = {.rows = 1, .tokens = starts[1], .ids = tokens_row(tokens, row), .starts = starts};
    for (int i = 0; i < 2; i++) {
        if (!encoder_forward(hidden[i].encoder, hidden[i].workspace, &batch, &(ForwardOptions){0}, err)) return false;
        states[i] = workspace_hidden(hidden[i].workspace, encoder_config(hidden[i].encoder)->layers);
    }
    int C = encoder_config(hidden[0].encoder)->channels;
    double dot = 0, a = 0, b = 0;
    for (int i = 0; i < batch.tokens * C; i++) {
        double exact = (double)states[0][i], rounded = (double)states[1][i];
        sums->squares += (rounded - exact) * (rounded - exact);
        sums->total += exact * exact;
        if (i >= C) continue;
        dot += exact * rounded;
        a += exact * exact;
        b += rounded * rounded;
    }
    double cosine = dot / sqrt(a * b);
    if (!(cosine > agreement->cosine)) agreement->cosine = cosine;
    return true;
}

static bool compare_hidden(Agreement *agreement, const Weights *weights, const Tokens *tokens, Pool *pool, Error *err) {
    Hidden hidden[2] = {{NULL, NULL}, {NULL, NULL}};
    Sums sums = {0, 0};
    int longest = 1, rows = tokens->rows < MOST_TEXTS ? tokens->rows : MOST_TEXTS;
    for (int row = 0; row < rows; row++)
        if (tokens_length(tokens, row) > longest) longest = tokens_length(tokens, row);
    bool ok = hidden_make(&hidden[0], weights, DTYPE_FLOAT32, longest, pool, err) &&
              hidden_make(&hidden[1], weights, DTYPE_INT8, longest, pool, err);
    agreement->cosine = 1;
    for (int row = 0; ok && row < rows; row++) ok = add_row(&sums, agreement, hidden, tokens, row, err);
    agreement->texts = rows;
    agreement->hidden_error = sqrt(sums.squares / sums.total);
    for (int i = 0; i < 2; i++) hidden_free(&hidden[i]);
    return ok;
}

/* ---- answers ---- */

static bool answer(TextModel *model, const Dataset *dataset, const RowList *list, const int32_t *truth, Predictions *out,
                   const Run *run, Error *err) {
    TextView texts = {.data = dataset->text, .starts = dataset->starts, .rows = list->rows, .count = list->count};
    return model && text_model_predict(model, &texts, truth, out, NULL, &run->observer, err);
}

static const RowList *choose_rows(const Dataset *dataset) {
    if (dataset->splits[SPLIT_TEST].count) return &dataset->splits[SPLIT_TEST];
    return &dataset->splits[dataset->splits[SPLIT_VALIDATION].count ? SPLIT_VALIDATION : SPLIT_TRAIN];
}

static void compare_labels(Agreement *agreement, const Predictions answers[2], const int32_t *truth) {
    int right[2] = {0, 0}, same = 0, labelled = 0, rows = answers[0].rows;
    for (int row = 0; row < rows; row++) {
        labelled += truth[row] != NO_LABEL;
        for (int i = 0; i < 2; i++) right[i] += truth[row] != NO_LABEL && answers[i].predicted[row] == truth[row];
        same += answers[0].predicted[row] == answers[1].predicted[row];
    }
    agreement->answers = true;
    agreement->texts = rows;
    agreement->same = (double)same / rows;
    for (int i = 0; i < 2; i++) agreement->accuracy[i] = labelled ? (double)right[i] / labelled : (double)NAN;
}

/* What a model with a classifier says of the rows, in float32 from where it came and in int8 from where it went. */
static bool compare_answers(Agreement *agreement, Run *run, const char *from_folder, const Dataset *dataset, Error *err) {
    const RowList *list = choose_rows(dataset);
    if (!list->count) return FAIL(err, ERROR_DATA, "there are no rows to compare on");
    int32_t *truth = mem_new((size_t)list->count, sizeof *truth, err);
    Predictions answers[2] = {{0}, {0}};
    bool ok = truth != NULL;
    for (int i = 0; ok && i < list->count; i++) truth[i] = dataset->labels[list->rows[i]];
    for (int i = 0; ok && i < 2; i++) {
        TextModel *model = text_model_load_as(i ? run->settings.output_dir : from_folder, run->settings.max_length,
                                              i ? DTYPE_INT8 : DTYPE_FLOAT32, run->pool, err);
        ok = answer(model, dataset, list, truth, &answers[i], run, err);
        text_model_free(model);
    }
    if (ok) compare_labels(agreement, answers, truth);
    for (int i = 0; i < 2; i++) predictions_free(&answers[i]);
    mem_free(truth);
    return ok;
}

/* ---- what is said and written ---- */

static void describe(Buffer *out, const Agreement *a, const char *which) {
    if (!a->answers) {
        buffer_printf(out, "Hidden states of %d %s against float32: relative error %.3f, cosine of [CLS] at least %.4f.",
                      a->texts, which, a->hidden_error, a->cosine);
        return;
    }
    buffer_printf(out, "On %d %s: the label of float32 for %.2f %%", a->texts, which, 100 * a->same);
    if (!isnan(a->accuracy[0])) buffer_printf(out, "; accuracy %.4f, float32 %.4f", a->accuracy[1], a->accuracy[0]);
    buffer_text(out, ".");
}

static bool write_card(const char *folder, const char *from, const char *measured, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/README.md", folder)) return false;
    Buffer text = {0};
    buffer_printf(&text,
                  "---\ntags:\n- twofold\n---\n\n# %s, with int8 weights\n\nMade with twofold " TWOFOLD_VERSION
                  ": the matrices of the encoder's layers are 8-bit steps with a scale for each output channel (`NAME` and "
                  "`NAME_scale` in model.safetensors); embeddings, norms, biases and head are float32. "
                  "**transformers does not read this folder**; twofold does: `twofold predict --dtype int8 --model` and this "
                  "folder.\n\n%s\n",
                  path_base(from), measured);
    bool ok = file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return ok;
}

/* An encoder alone: on the data's texts, or on sentences of the program's own. */
static bool measure_encoder(Agreement *agreement, Run *run, const char *from_folder, const Dataset *dataset, Error *err) {
    TextEncoder encoder = {0};
    Tokens tokens = {0};
    Buffer text = {0};
    enum { COUNT = sizeof SENTENCES / sizeof *SENTENCES };
    int64_t starts[COUNT + 1] = {0};
    for (int i = 0; i < COUNT; i++) {
        buffer_text(&text, SENTENCES[i]);
        starts[i + 1] = (int64_t)text.size;
    }
    bool ok = buffer_ok(&text, err) && text_encoder_load(&encoder, from_folder, 0, run->settings.max_length, run->pool, err) &&
              tokens_encode(&tokens, encoder.tokenizer, dataset ? dataset->text : text.data, dataset ? dataset->starts : starts,
                            dataset ? dataset->rows : COUNT, encoder.max_length, run->pool, err) &&
              compare_hidden(agreement, &encoder.weights, &tokens, run->pool, err);
    tokens_free(&tokens);
    text_encoder_free(&encoder);
    buffer_free(&text);
    return ok;
}

/* Whether the folder answers with labels: then `labels` are those of its model. */
static bool read_data(Run *run, const char *from_folder, Dataset *dataset, bool *answers, Error *err) {
    TextModel *model = text_model_load(from_folder, run->settings.max_length, run->pool, NULL);
    *answers = model != NULL;
    if (model) {
        run->settings.data.class_names = (const char *const *)text_model_labels(model);
        run->settings.data.class_count = text_model_classes(model);
    }
    bool ok = step_read_data(run, dataset, model ? DATA_AS_GIVEN : DATA_MAYBE_UNLABELLED, err);
    run->settings.data.class_names = NULL;
    text_model_free(model);
    return ok;
}

static bool measure(Run *run, const char *from_folder, Buffer *out, Error *err) {
    Dtype dtype = DTYPE_INT8;
    Error lacking = {0};
    if (!dtype_resolve(&dtype, &lacking)) {
        buffer_printf(out, "How near it is to float32 was not measured: %s", lacking.message);
        return buffer_ok(out, err);
    }
    const DataOptions *data = &run->settings.data;
    bool has_data = data->data || data->train_file || data->validation_file || data->test_file, answers = false;
    Dataset dataset = {0};
    Agreement agreement = {0};
    bool ok = !has_data || read_data(run, from_folder, &dataset, &answers, err);
    if (ok)
        ok = answers ? compare_answers(&agreement, run, from_folder, &dataset, err)
                     : measure_encoder(&agreement, run, from_folder, has_data ? &dataset : NULL, err);
    if (ok) describe(out, &agreement, has_data ? "of the data's texts" : "built-in sentences");
    dataset_free(&dataset);
    return ok && buffer_ok(out, err);
}

bool command_quantize(Run *run, Error *err) {
    Path folder;
    Buffer measured = {0};
    const char *to = run->settings.output_dir;
    bool ok = run_pool(run, err) && model_folder_find(&folder, run->settings.model, err) &&
              step_make_output(run, "config.json", err) && quantize_folder(folder.text, to, err) &&
              measure(run, folder.text, &measured, err) && write_card(to, folder.text, measured.data, err);
    if (ok) {
        terminal_say(&run->terminal, "model     %s  with int8 weights, from %s", to, folder.text);
        terminal_say(&run->terminal, "measured  %s", measured.data);
        terminal_say(&run->terminal, "next      twofold predict --dtype int8 --model %s --text \"…\"", to);
    }
    buffer_free(&measured);
    return ok;
}
