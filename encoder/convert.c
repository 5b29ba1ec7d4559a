#include "encoder/convert.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "common/safetensors.h"
#include "encoder/model_files.h"
#include "encoder/weights.h"

static const double DISTILBERT_EPSILON = 1e-12; /* in transformers' code, not in its config */

static bool check_source(const EncoderConfig *config, const char *folder, Error *err) {
    if (config->family != FAMILY_BERT)
        return FAIL(err, ERROR_MODEL, "%s: model_type is distilbert already, expected bert", folder);
    if (fabs(config->norm_epsilon - DISTILBERT_EPSILON) > 1e-6 * DISTILBERT_EPSILON)
        return FAIL(err, ERROR_MODEL, "%s: layer_norm_eps is %g, expected %g: DistilBERT knows no other", folder,
                    config->norm_epsilon, DISTILBERT_EPSILON);
    return true;
}

/* The same network under the other family's names. No labels: an encoder has none. */
static EncoderConfig distilbert_of(const EncoderConfig *bert) {
    EncoderConfig config = *bert;
    config.family = FAMILY_DISTILBERT;
    config.token_types = 0;
    config.classes = 0;
    config.labels = NULL;
    return config;
}

static void copy_tensor(Weights *to, int to_index, const Weights *from, int from_index) {
    const TensorSpec *source = &from->table.tensors[from_index];
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a loaded encoder has a block
    memcpy(to->block + to->table.tensors[to_index].offset, from->block + source->offset, source->count * sizeof(float));
}

static void fold_types(Weights *distilbert, const Weights *bert) {
    float *positions = weight_model(&distilbert->table, &distilbert->config, distilbert->block, PART_POSITIONS); /* (P, C) */
    const float *type = weight_model(&bert->table, &bert->config, bert->block, PART_TYPES);                      /* row 0: (C) */
    for (int p = 0; p < bert->config.positions; p++)
        for (int c = 0; c < bert->config.channels; c++)
            positions[(size_t)p * (size_t)bert->config.channels + (size_t)c] += type[c];
}

static void translate(Weights *distilbert, const Weights *bert) {
    for (int part = 0; part < MODEL_PARTS; part++)
        if (distilbert->table.model[part] >= 0)
            copy_tensor(distilbert, distilbert->table.model[part], bert, bert->table.model[part]);
    for (int i = 0; i < bert->config.layers * LAYER_PARTS; i++)
        copy_tensor(distilbert, distilbert->table.layer[i], bert, bert->table.layer[i]);
    fold_types(distilbert, bert);
}

static bool write_config(const EncoderConfig *config, const char *path, Error *err) {
    JsonEntries json = {0};
    json_entries_set_string(&json, "activation", "gelu");
    json_entries_set_number(&json, "attention_dropout", config->attention_dropout);
    json_entries_set_int(&json, "dim", config->channels);
    json_entries_set_number(&json, "dropout", config->dropout);
    json_entries_set_int(&json, "hidden_dim", config->feed_forward);
    json_entries_set_number(&json, "initializer_range", config->initializer_range);
    json_entries_set_int(&json, "max_position_embeddings", config->positions);
    json_entries_set_string(&json, "model_type", "distilbert");
    json_entries_set_int(&json, "n_heads", config->heads);
    json_entries_set_int(&json, "n_layers", config->layers);
    json_entries_set_int(&json, "pad_token_id", config->pad_id);
    json_entries_set_number(&json, "qa_dropout", 0.1);
    json_entries_set_number(&json, "seq_classif_dropout", 0.2);
    json_entries_set_bool(&json, "sinusoidal_pos_embds", false);
    json_entries_set_bool(&json, "tie_word_embeddings", true);
    json_entries_set_int(&json, "vocab_size", config->vocabulary);
    bool written = model_files_describe_head(&json, config, err) && json_entries_write(&json, path, err);
    json_entries_free(&json);
    return written;
}

/* A tokenizer of BERT's class also makes token_type_ids, which DistilBERT does not take. Without this file from_pretrained
 * goes by the model_type, which is right already. */
static bool write_tokenizer_config(const char *from_folder, const char *folder, Error *err) {
    Path from, to;
    JsonEntries json;
    if (!path_make(&from, err, "%s/tokenizer_config.json", from_folder) ||
        !path_make(&to, err, "%s/tokenizer_config.json", folder))
        return false;
    if (!file_exists(from.text)) return true;
    if (!json_entries_read(&json, from.text, ERROR_MODEL, err)) return false;
    json_entries_set_string(&json, "tokenizer_class", "DistilBertTokenizer");
    JsonWriter names = json_entries_set(&json, "model_input_names");
    json_begin_array(&names);
    json_write_string(&names, "input_ids");
    json_write_string(&names, "attention_mask");
    json_end_array(&names);
    bool written = json_entries_write(&json, to.text, err);
    json_entries_free(&json);
    return written;
}

static bool write_folder(const Weights *weights, const char *from_folder, const char *folder, Error *err) {
    Path config, model;
    return path_make(&config, err, "%s/config.json", folder) && path_make(&model, err, "%s/model.safetensors", folder) &&
           model_files_carry_tokenizer(from_folder, folder, err) && write_tokenizer_config(from_folder, folder, err) &&
           weights_write(weights, model.text, err) && write_config(&weights->config, config.text, err);
}

static bool same_folder(const char *left, const char *right) {
    struct stat a, b;
    return stat(left, &a) == 0 && stat(right, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool convert_to_distilbert(const char *from_folder, const char *folder, Error *err) {
    if (same_folder(from_folder, folder))
        return FAIL(err, ERROR_USAGE, "%s: the model would overwrite the one it is made from", folder);
    Weights bert = {0}, distilbert = {0};
    bool converted = weights_load(&bert, from_folder, 0, NULL, 0, err) && check_source(&bert.config, from_folder, err);
    if (converted) {
        distilbert.config = distilbert_of(&bert.config);
        converted = weight_table_make(&distilbert.table, &distilbert.config, 0, err) &&
                    (distilbert.block = mem_map(distilbert.table.total * sizeof *distilbert.block, err));
    }
    if (converted) {
        translate(&distilbert, &bert);
        converted = write_folder(&distilbert, from_folder, folder, err);
    }
    weights_free(&distilbert);
    weights_free(&bert);
    return converted;
}
