/* Two texts as a model sees them, and what it answers.
 *
 *     classify MODEL TEXT TEXT
 *
 * MODEL is a folder that `twofold train`, `finetune` or `compare` made, or an encoder with a classification head. */
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "compare/text_model.h"
#include "encoder/text_encoder.h"

/* The cosine of the angle between the two texts' vectors: their product, as normalised vectors have length 1. */
static bool embed(const char *folder, const TextView *texts, Pool *pool, double *cosine, Error *err) {
    TextEncoder encoder = {0};
    Tokens tokens = {0};
    Features features = {0}; /* (2, channels) */
    ExtractOptions options = {.pooling = POOLING_MEAN, .layer = -1, .normalize = true};
    bool ok = text_encoder_load(&encoder, folder, 0, 0, pool, err) &&
              tokens_encode(&tokens, encoder.tokenizer, texts->data, texts->starts, 2, encoder.max_length, pool, err) &&
              features_extract(&features, &options, 1, encoder.encoder, &tokens, NULL, 2, pool, NULL, err);
    *cosine = 0;
    for (int c = 0; ok && c < features.channels; c++)
        *cosine += (double)features.values[c] * (double)features.values[features.channels + c];
    features_free(&features);
    tokens_free(&tokens);
    text_encoder_free(&encoder);
    return ok;
}

static bool classify(const char *folder, const TextView *texts, Pool *pool, Error *err) {
    Predictions answers = {0};
    TextModel *model = text_model_load(folder, 0, pool, err);
    bool ok = model && text_model_predict(model, texts, NULL, &answers, NULL, NULL, err);
    for (int row = 0; ok && row < answers.rows; row++) {
        int label = answers.predicted[row];
        printf("%s", text_model_labels(model)[label]);
        if (answers.probabilities) printf(" %.4f", answers.probabilities[row * answers.classes + label]);
        printf("\n");
    }
    predictions_free(&answers);
    text_model_free(model);
    return ok;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "classify MODEL TEXT TEXT\n"), 2;
    Error err = {0};
    Buffer text = {0};
    int64_t starts[3] = {0}; /* text i is the bytes from starts[i] to starts[i + 1] */
    for (int i = 0; i < 2; i++) {
        (void)utf8_replace(&text, argv[2 + i], strlen(argv[2 + i])); /* what is no UTF-8 becomes U+FFFD */
        starts[i + 1] = (int64_t)text.size;
    }
    TextView texts = {.data = text.data, .starts = starts, .count = 2};
    double cosine = 0;
    Pool *pool = pool_new(parallel_default_threads(), &err);
    bool ok = pool && buffer_ok(&text, &err) && embed(argv[1], &texts, pool, &cosine, &err);
    if (ok) printf("cosine %.4f\n", cosine);
    ok = ok && classify(argv[1], &texts, pool, &err);
    if (!ok) fprintf(stderr, "%s\n", err.message);
    pool_free(pool);
    buffer_free(&text);
    return (int)err.kind;
}
