/* Path A: a frozen encoder with logistic regression on top, trained, saved and asked.
 *
 *     train ENCODER DATA MODEL TEXT
 *
 * ENCODER is a folder in Hugging Face's format, DATA labelled texts (docs/FORMATS.md), MODEL the folder to write. */
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "compare/linear_entry.h"
#include "datasets/load.h"

static bool train(const char *encoder_folder, const char *data, const char *model_folder, Pool *pool, Error *err) {
    Dataset dataset = {0};
    TextEncoder encoder = {0};
    Tokens tokens = {0};
    LinearEntry entry = {0};
    DataOptions reading = DATA_DEFAULTS;
    reading.data = data;
    LinearOptions options = {.source = SOURCE_ENCODER, .extract = EXTRACT_DEFAULTS, .classifier = CLASSIFIER_DEFAULTS};
    LinearInputs inputs = {
        .dataset = &dataset, .encoder = &encoder, .tokens = &tokens, .cache = feature_cache_none(), .pool = pool};
    bool ok =
        dataset_load(&dataset, &reading, DATA_FOR_TRAINING, NULL, err) &&
        text_encoder_load(&encoder, encoder_folder, 0, 0, pool, err) &&
        tokens_encode(&tokens, encoder.tokenizer, dataset.text, dataset.starts, dataset.rows, encoder.max_length, pool, err) &&
        linear_entry_run(&entry, &inputs, &options, NULL, err) && linear_entry_save(&entry, &inputs, model_folder, err);
    linear_entry_free(&entry);
    tokens_free(&tokens);
    text_encoder_free(&encoder);
    dataset_free(&dataset);
    return ok;
}

static bool ask(const char *model_folder, const char *text, Pool *pool, Error *err) {
    Predictions answer = {0};
    int64_t starts[2] = {0, (int64_t)strlen(text)};
    TextView view = {.data = text, .starts = starts, .count = 1};
    TextModel *model = text_model_load(model_folder, 0, pool, err);
    bool ok = model && text_model_predict(model, &view, NULL, &answer, NULL, NULL, err);
    for (int k = 0; ok && k < answer.classes; k++) printf("%s %.4f\n", text_model_labels(model)[k], answer.probabilities[k]);
    predictions_free(&answer);
    text_model_free(model);
    return ok;
}

int main(int argc, char **argv) {
    if (argc != 5) return fprintf(stderr, "train ENCODER DATA MODEL TEXT\n"), 2;
    Error err = {0};
    Buffer text = {0};
    (void)utf8_replace(&text, argv[4], strlen(argv[4])); /* what is no UTF-8 becomes U+FFFD */
    buffer_text(&text, "");
    Pool *pool = pool_new(parallel_default_threads(), &err);
    bool ok =
        pool && buffer_ok(&text, &err) && train(argv[1], argv[2], argv[3], pool, &err) && ask(argv[3], text.data, pool, &err);
    if (!ok) fprintf(stderr, "%s\n", err.message);
    pool_free(pool);
    buffer_free(&text);
    return (int)err.kind;
}
