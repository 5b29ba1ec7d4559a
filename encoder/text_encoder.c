#include "encoder/text_encoder.h"

#include "common/profile.h"

bool max_length_choose(int *max_length, int asked, const Tokenizer *tokenizer, const EncoderConfig *config, Error *err) {
    if (asked > config->positions)
        return FAIL(err, ERROR_USAGE, "max_length is %d, but the encoder has %d positions", asked, config->positions);
    int most = tokenizer_max_length(tokenizer);
    *max_length = asked > 0 ? asked : most < config->positions ? most : config->positions;
    if (*max_length < 2) return FAIL(err, ERROR_USAGE, "max_length is %d, expected at least 2, for [CLS] and [SEP]", *max_length);
    return true;
}

static bool check_vocabulary(const TextEncoder *encoder, Error *err) {
    int ids = tokenizer_ids(encoder->tokenizer), rows = encoder->weights.config.vocabulary;
    return ids <= rows || FAIL(err, ERROR_MODEL, "%s: the tokenizer has ids up to %d, but the encoder embeds %d",
                               encoder->folder.text, ids - 1, rows);
}

bool text_encoder_load(TextEncoder *out, const char *folder, int classes, int max_length, Pool *pool, Error *err) {
    return text_encoder_load_as(out, folder, classes, max_length, DTYPE_FLOAT32, pool, err);
}

static bool load(TextEncoder *out, const char *folder, int classes, int max_length, Dtype dtype, Pool *pool, Error *err) {
    *out = (TextEncoder){0};
    if (!path_make(&out->folder, err, "%s", folder)) return false;
    if (!weights_load(&out->weights, folder, classes, NULL, 0, err)) return false;
    out->tokenizer = tokenizer_load(folder, err);
    if (!out->tokenizer || !check_vocabulary(out, err) ||
        !max_length_choose(&out->max_length, max_length, out->tokenizer, &out->weights.config, err))
        return false;
    out->encoder = encoder_new(&out->weights, &(EncoderOptions){.dtype = dtype}, pool, err);
    return out->encoder != NULL;
}

bool text_encoder_load_as(TextEncoder *out, const char *folder, int classes, int max_length, Dtype dtype, Pool *pool,
                          Error *err) {
    ProfilePart before = pool_enter(pool, PROFILE_LOAD);
    bool good = load(out, folder, classes, max_length, dtype, pool, err);
    (void)pool_enter(pool, before);
    return good;
}

void text_encoder_free(TextEncoder *encoder) {
    encoder_free(encoder->encoder);
    tokenizer_free(encoder->tokenizer);
    weights_free(&encoder->weights);
    *encoder = (TextEncoder){0};
}

Sha256Hex weights_sha256(const Weights *weights) {
    const EncoderConfig *config = &weights->config;
    Sha256 hash;
    sha256_init(&hash);
    const int64_t numbers[] = {config->family,     config->layers,    config->channels,    config->heads,  config->feed_forward,
                               config->vocabulary, config->positions, config->token_types, config->classes};
    sha256_add(&hash, numbers, sizeof numbers);
    sha256_add(&hash, &config->norm_epsilon, sizeof config->norm_epsilon);
    sha256_add(&hash, weights->block, weights->table.total * sizeof *weights->block);
    return sha256_finish(&hash);
}
