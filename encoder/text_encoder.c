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

/* Two tasks: the weights, and the tokenizer. */
typedef struct LoadRun {
    TextEncoder *out;
    int classes;
    bool good[2];
    Error errors[2];
} LoadRun;

static void load_task(void *context, int task, int thread) {
    LoadRun *run = context;
    const char *folder = run->out->folder.text;
    (void)thread;
    if (task == 0)
        run->good[0] = weights_map(&run->out->weights, folder, run->classes, &run->errors[0]);
    else
        run->good[1] = (run->out->tokenizer = tokenizer_load(folder, &run->errors[1])) != NULL;
}

static bool load(TextEncoder *out, const char *folder, int classes, int max_length, Dtype dtype, Pool *pool, Error *err) {
    *out = (TextEncoder){0};
    if (!path_make(&out->folder, err, "%s", folder)) return false;
    LoadRun run = {.out = out, .classes = classes};
    pool_run(pool, 2, load_task, &run);
    for (int i = 0; i < 2; i++) {
        const Error *why = &run.errors[i];
        if (!run.good[i]) return error_set(err, why->kind, why->file, why->line, "%s", why->message);
    }
    if (!check_vocabulary(out, err) ||
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

/* What stands between tensors in a block. */
static void add_zeros(Sha256 *hash, size_t floats) {
    static const float ZEROS[16];
    for (size_t part; floats; floats -= part) {
        part = floats < 16 ? floats : 16;
        sha256_add(hash, ZEROS, part * sizeof *ZEROS);
    }
}

Sha256Hex weights_sha256(const Weights *weights) {
    const EncoderConfig *config = &weights->config;
    Sha256 hash;
    sha256_init(&hash);
    const int64_t numbers[] = {config->family,     config->layers,    config->channels,    config->heads,  config->feed_forward,
                               config->vocabulary, config->positions, config->token_types, config->classes};
    sha256_add(&hash, numbers, sizeof numbers);
    sha256_add(&hash, &config->norm_epsilon, sizeof config->norm_epsilon);
    size_t done = 0; /* floats */
    for (int i = 0; i < weights->table.count; i++) {
        const TensorSpec *spec = &weights->table.tensors[i];
        add_zeros(&hash, spec->offset - done);
        sha256_add(&hash, weights_tensor(weights, i), spec->count * sizeof(float));
        weights_forget(weights, i);
        done = spec->offset + spec->count;
    }
    add_zeros(&hash, weights->table.total - done);
    return sha256_finish(&hash);
}
