/* Model folders: config.json, the table of tensors, loading in every form a folder may have, saving, conversion. */
#include "tests/check.h"

#include <unistd.h>

#include "common/file.h"
#include "common/json_entries.h"
#include "common/memory.h"
#include "common/safetensors.h"
#include "encoder/convert.h"
#include "encoder/encoder.h"
#include "encoder/model_files.h"
#include "encoder/weights.h"

#define GOLDEN TESTS_FOLDER "/golden/"
#define DISTILBERT GOLDEN "tiny-distilbert"
#define BERT GOLDEN "tiny-bert"
#define WORK "weights-test"
#define MADE WORK "/made"

static const char *const LABELS[] = {"calm", "glad", "sad"}; /* as in the golden folders */

static Weights load(const char *folder, int classes, const char *const *labels) {
    Error err = {0};
    Weights weights;
    CHECK_OK(weights_load(&weights, folder, classes, labels, 42, &err), &err);
    return weights;
}

static const TensorSpec *spec_named(const WeightTable *table, const char *name) {
    for (int i = 0; i < table->count; i++)
        if (strcmp(table->tensors[i].name, name) == 0) return &table->tensors[i];
    fail_msg("no tensor '%s'", name);
    return NULL;
}

static void check_same_file(const char *a, const char *b) {
    Error err = {0};
    FileMap left, right;
    CHECK_OK(file_map(&left, a, ERROR_PATH, &err), &err);
    CHECK_OK(file_map(&right, b, ERROR_PATH, &err), &err);
    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
    file_unmap(&left);
    file_unmap(&right);
}

/* ---- making folders ---- */

/* MADE becomes a folder with config.json of `folder`. */
static void start_folder(const char *folder) {
    Error err = {0};
    Path from;
    CHECK_OK(path_make(&from, &err, "%s/config.json", folder), &err);
    CHECK_OK(folder_remove(MADE, &err) && folder_make(MADE, &err), &err);
    CHECK_OK(file_link_or_copy(from.text, MADE "/config.json", &err), &err);
}

/* Changes one entry of MADE's config.json to a JSON value as it is written; NULL removes it. */
static void set_config(const char *key, const char *value) {
    Error err = {0};
    JsonEntries json;
    CHECK_OK(json_entries_read(&json, MADE "/config.json", ERROR_MODEL, &err), &err);
    if (value) {
        JsonWriter writer = json_entries_set(&json, key);
        json_write_digits(&writer, value, strlen(value));
    } else {
        json_entries_remove(&json, key);
    }
    CHECK_OK(json_entries_write(&json, MADE "/config.json", &err), &err);
    json_entries_free(&json);
}

/* What a test does to a tensor on its way into another folder; false leaves it out. */
typedef bool (*Change)(StoredTensor *tensor, char name[200]);

static void copy_tensors(const char *folder, Change change) {
    Error err = {0};
    Path path;
    SafeTensors tensors;
    CHECK_OK(path_make(&path, &err, "%s/model.safetensors", folder), &err);
    CHECK_OK(safetensors_open(&tensors, path.text, &err), &err);
    char(*names)[200] = mem_new((size_t)tensors.count, sizeof *names, &err);
    StoredTensor *changed = mem_new((size_t)tensors.count, sizeof *changed, &err);
    int count = 0;
    for (int i = 0; i < tensors.count; i++) {
        changed[count] = tensors.tensors[i];
        snprintf(names[count], sizeof *names, "%s", tensors.tensors[i].name);
        changed[count].name = names[count];
        if (!change || change(&changed[count], names[count])) count++;
    }
    CHECK_OK(safetensors_write(MADE "/model.safetensors", changed, count, &err), &err);
    mem_free(names);
    mem_free(changed);
    safetensors_close(&tensors);
}

static bool drop_prefix(StoredTensor *tensor, char name[200]) {
    (void)tensor;
    char *dot = strchr(name, '.');
    if (strncmp(name, "bert.", 5) == 0 || strncmp(name, "distilbert.", 11) == 0) memmove(name, dot + 1, strlen(dot));
    return true;
}

static bool old_norm_names(StoredTensor *tensor, char name[200]) {
    (void)tensor;
    char *norm = strstr(name, "LayerNorm.");
    if (norm) snprintf(norm, 20, "LayerNorm.%s", strstr(name, ".weight") ? "gamma" : "beta");
    return true;
}

/* ---- loading ---- */

/* Both hold the same tensors of the same values under the same names. */
static void check_same_weights(const Weights *a, const Weights *b) {
    assert_int_equal(a->table.count, b->table.count);
    assert_int_equal(a->table.total, b->table.total);
    for (int i = 0; i < a->table.count; i++) assert_string_equal(a->table.tensors[i].name, b->table.tensors[i].name);
    assert_memory_equal(a->block, b->block, a->table.total * sizeof *a->block);
}

static void check_loads_as(const char *folder, Change change) {
    start_folder(folder);
    copy_tensors(folder, change);
    Weights expected = load(folder, -1, NULL), found = load(MADE, -1, NULL);
    check_same_weights(&found, &expected);
    assert_int_equal(found.new_tensors, 0);
    weights_free(&found);
    weights_free(&expected);
}

static void names_may_lack_prefixes_and_be_old(void **state) {
    (void)state;
    check_loads_as(DISTILBERT, drop_prefix);
    check_loads_as(BERT, drop_prefix);
    check_loads_as(BERT, old_norm_names);
    check_loads_as(DISTILBERT, old_norm_names);
}

/* Every value of the file is in the block at the place the table says, to the bit. */
static void check_values(const char *folder) {
    Error err = {0};
    Path path;
    SafeTensors tensors;
    CHECK_OK(path_make(&path, &err, "%s/model.safetensors", folder), &err);
    CHECK_OK(safetensors_open(&tensors, path.text, &err), &err);
    Weights weights = load(folder, 3, LABELS);
    assert_int_equal(weights.new_tensors, 0);
    assert_int_equal(weights.table.count, tensors.count);
    for (int i = 0; i < tensors.count; i++) {
        const TensorSpec *spec = spec_named(&weights.table, tensors.tensors[i].name);
        assert_int_equal(spec->count * sizeof(float), tensors.tensors[i].bytes);
        assert_memory_equal(weights.block + spec->offset, tensors.tensors[i].data, tensors.tensors[i].bytes);
        assert_int_equal(spec->offset % 16, 0);
        assert_int_equal(spec->decays, !strstr(spec->name, "bias") && !strstr(spec->name, "Norm") && !strstr(spec->name, "norm"));
    }
    weights_free(&weights);
    safetensors_close(&tensors);
}

static void every_tensor_of_a_folder_is_in_the_block(void **state) {
    (void)state;
    check_values(DISTILBERT);
    check_values(BERT);
}

static void parts_point_at_their_tensors(void **state) {
    (void)state;
    Weights w = load(BERT, -1, NULL);
    assert_ptr_equal(weight_model(&w.table, &w.config, w.block, PART_TYPES),
                     w.block + spec_named(&w.table, "bert.embeddings.token_type_embeddings.weight")->offset);
    assert_ptr_equal(weight_layer(&w.table, &w.config, w.block, 1, LAYER_NORM1_BIAS),
                     w.block + spec_named(&w.table, "bert.encoder.layer.1.attention.output.LayerNorm.bias")->offset);
    assert_int_equal(spec_named(&w.table, "bert.encoder.layer.1.output.dense.weight")->layer, 1);
    assert_false(spec_named(&w.table, "bert.pooler.dense.weight")->head);
    assert_true(spec_named(&w.table, "classifier.bias")->head);
    weights_free(&w);
    w = load(DISTILBERT, 0, NULL);
    assert_null(weight_model(&w.table, &w.config, w.block, PART_TYPES));
    assert_null(weight_model(&w.table, &w.config, w.block, PART_PRE_WEIGHT));
    assert_string_equal(w.table.tensors[0].name, "embeddings.word_embeddings.weight");
    assert_int_equal(w.config.classes, 0);
    weights_free(&w);
}

static void check_rounded(const Weights *found, const Weights *expected, double relative, double absolute) {
    for (int i = 0; i < found->table.count; i++) {
        const TensorSpec *spec = &found->table.tensors[i];
        const TensorSpec *other = &expected->table.tensors[i];
        if (!spec->is_new)
            check_all_close(spec->name, found->block + spec->offset, expected->block + other->offset, spec->count, absolute,
                            relative);
    }
}

/* Rounding to nearest is off by half a unit of the last place: 2^-11 of the value, 2^-8 in bfloat16. */
static void halves_load_as_their_values(void **state) {
    (void)state;
    Weights whole = load(DISTILBERT, 3, LABELS), half = load(GOLDEN "tiny-distilbert-half", 3, LABELS);
    assert_int_equal(half.new_tensors, 0);
    check_rounded(&half, &whole, ldexp(1, -11), ldexp(1, -25));
    weights_free(&whole);
    weights_free(&half);
}

static void an_old_checkpoint_in_shards_loads_as_its_encoder(void **state) {
    (void)state;
    Weights whole = load(BERT, 3, LABELS), bare = load(GOLDEN "tiny-bert-bare", 3, LABELS);
    assert_int_equal(bare.new_tensors, 2); /* the pooler is there, the classifier is not */
    assert_true(spec_named(&bare.table, "classifier.weight")->is_new);
    assert_false(spec_named(&bare.table, "bert.pooler.dense.weight")->is_new);
    check_rounded(&bare, &whole, ldexp(1, -8), 0);
    weights_free(&whole);
    weights_free(&bare);
}

/* ---- heads ---- */

static void a_head_of_other_labels_is_drawn_from_the_seed(void **state) {
    (void)state;
    Error err = {0};
    const char *const labels[] = {"no", "yes"};
    Weights a = load(DISTILBERT, 2, labels), b = load(DISTILBERT, 2, labels), c;
    CHECK_OK(weights_load(&c, DISTILBERT, 2, labels, 43, &err), &err);
    check_same_weights(&a, &b);
    assert_int_equal(a.new_tensors, 4);
    assert_int_equal(a.config.classes, 2);
    assert_string_equal(a.config.labels[1], "yes");
    const TensorSpec *pre = spec_named(&a.table, "pre_classifier.weight"),
                     *classifier = spec_named(&a.table, "classifier.weight");
    assert_true(pre->is_new && classifier->is_new);
    assert_int_equal(classifier->rows, 2);
    assert_memory_not_equal(a.block + classifier->offset, c.block + classifier->offset, classifier->count * sizeof(float));
    double sum = 0, squares = 0;
    for (size_t i = 0; i < pre->count; i++) {
        double value = (double)a.block[pre->offset + i];
        sum += value;
        squares += value * value;
    }
    double count = (double)pre->count; /* 256 draws: five standard errors */
    CHECK_CLOSE(sum / count, 0, 5 * 0.02 / sqrt(count), 0);
    CHECK_CLOSE(sqrt(squares / count), 0.02, 5 * 0.02 / sqrt(2 * count), 0);
    const TensorSpec *bias = spec_named(&a.table, "classifier.bias");
    for (size_t i = 0; i < bias->count; i++) assert_true(a.block[bias->offset + i] == 0.0f);
    weights_free(&a);
    weights_free(&b);
    weights_free(&c);
}

static void a_head_of_the_same_labels_follows_their_order(void **state) {
    (void)state;
    const char *const labels[] = {"sad", "calm", "glad"};
    Weights own = load(BERT, -1, NULL), moved = load(BERT, 3, labels);
    assert_int_equal(moved.new_tensors, 0);
    const float *from = weight_model(&own.table, &own.config, own.block, PART_CLASSIFIER_WEIGHT);
    const float *to = weight_model(&moved.table, &moved.config, moved.block, PART_CLASSIFIER_WEIGHT);
    const float *from_bias = weight_model(&own.table, &own.config, own.block, PART_CLASSIFIER_BIAS);
    const float *to_bias = weight_model(&moved.table, &moved.config, moved.block, PART_CLASSIFIER_BIAS);
    static const int ROWS[] = {2, 0, 1};
    size_t C = (size_t)own.config.channels;
    for (size_t k = 0; k < 3; k++) {
        assert_memory_equal(to + k * C, from + (size_t)ROWS[k] * C, C * sizeof *to);
        assert_true(to_bias[k] == from_bias[ROWS[k]]);
    }
    weights_free(&own);
    weights_free(&moved);
}

static void check_no_head(const char *part) {
    Error err;
    Weights weights;
    CHECK_FAILS(weights_load(&weights, MADE, -1, NULL, 42, &err), &err, ERROR_MODEL, part);
    weights = load(MADE, 3, LABELS);
    assert_true(spec_named(&weights.table, "classifier.weight")->is_new);
    weights_free(&weights);
}

static void a_head_that_is_no_classifier_is_not_taken(void **state) {
    (void)state;
    start_folder(BERT);
    copy_tensors(BERT, NULL);
    set_config("architectures", "[\"BertForTokenClassification\"]");
    check_no_head("no classification head: architectures names no …ForSequenceClassification");
    set_config("architectures", "[\"BertForSequenceClassification\"]");
    set_config("problem_type", "\"multi_label_classification\"");
    check_no_head("problem_type is multi_label_classification, expected single_label_classification");
    start_folder(GOLDEN "tiny-bert-bare");
    copy_tensors(BERT, NULL);
    set_config("architectures", NULL);
    check_no_head("config.json has neither architectures nor id2label");
}

static void labels_are_named_or_numbered(void **state) {
    (void)state;
    Error err = {0};
    EncoderConfig config;
    start_folder(BERT);
    set_config("id2label", "{\"1\": \"b\", \"2\": \"c\", \"0\": 7}");
    CHECK_OK(encoder_config_load(&config, MADE, &err), &err);
    assert_int_equal(config.classes, 3);
    assert_string_equal(config.labels[0], "7");
    assert_string_equal(config.labels[2], "c");
    encoder_config_free(&config);
    set_config("id2label", NULL);
    set_config("num_labels", "4");
    CHECK_OK(encoder_config_load(&config, MADE, &err), &err);
    assert_int_equal(config.classes, 4);
    assert_string_equal(config.labels[3], "LABEL_3");
    encoder_config_free(&config);
}

/* ---- folders that are not what they should be ---- */

static void check_config_refused(const char *folder, const char *key, const char *value, const char *part) {
    Error err;
    EncoderConfig config;
    start_folder(folder);
    set_config(key, value);
    CHECK_FAILS(encoder_config_load(&config, MADE, &err), &err, ERROR_MODEL, part);
    assert_null(config.labels);
}

static void another_network_is_refused(void **state) {
    (void)state;
    check_config_refused(BERT, "model_type", "\"roberta\"", "config.json: model_type is roberta, expected distilbert or bert");
    check_config_refused(BERT, "model_type", NULL, "model_type is missing");
    check_config_refused(BERT, "hidden_act", "\"gelu_new\"", "hidden_act is gelu_new, expected gelu");
    check_config_refused(DISTILBERT, "activation", "\"relu\"", "activation is relu, expected gelu");
    check_config_refused(BERT, "position_embedding_type", "\"relative_key\"",
                         "position_embedding_type is relative_key, expected absolute");
    check_config_refused(BERT, "is_decoder", "true", "is_decoder is true");
    check_config_refused(BERT, "num_attention_heads", "5",
                         "hidden_size is 24 and num_attention_heads 5, expected heads that divide the width");
    check_config_refused(BERT, "num_attention_heads", "0", "num_attention_heads is 0, expected 1 to");
    check_config_refused(BERT, "hidden_size", "1e300", "hidden_size is no whole number");
    check_config_refused(DISTILBERT, "dim", "\"wide\"", "dim is no whole number");
    check_config_refused(DISTILBERT, "n_layers", "1000000", "n_layers is 1000000, expected 1 to 1024");
    check_config_refused(DISTILBERT, "dropout", "1", "dropout is 1, expected a number from 0 to under 1");
    check_config_refused(BERT, "id2label", "{\"0\": \"a\", \"2\": \"b\"}", "id2label has the key '2', expected 0 to 1");
    check_config_refused(BERT, "id2label", "{\"0\": \"a\", \"00\": \"b\"}", "id2label has the key '00'");
    check_config_refused(BERT, "id2label", "{\"0\": [], \"1\": \"b\"}", "id2label: label 0 is no text");
}

static bool drop_one_norm(StoredTensor *tensor, char name[200]) {
    (void)tensor;
    return strcmp(name, "distilbert.transformer.layer.1.sa_layer_norm.bias") != 0;
}

static bool flatten_one(StoredTensor *tensor, char name[200]) {
    if (strcmp(name, "distilbert.transformer.layer.2.ffn.lin1.weight") == 0) {
        tensor->shape[0] *= tensor->shape[1];
        tensor->dimensions = 1;
    }
    return true;
}

static bool integers(StoredTensor *tensor, char name[200]) {
    if (strcmp(name, "classifier.bias") == 0) tensor->type = TENSOR_I32;
    return true;
}

static void check_folder_refused(Change change, const char *part) {
    Error err;
    Weights weights;
    copy_tensors(DISTILBERT, change);
    CHECK_FAILS(weights_load(&weights, MADE, -1, NULL, 42, &err), &err, ERROR_MODEL, part);
    assert_null(weights.block);
}

static void tensors_that_do_not_fit_are_named_with_both_shapes(void **state) {
    (void)state;
    start_folder(DISTILBERT);
    check_folder_refused(drop_one_norm, "tensor 'distilbert.transformer.layer.1.sa_layer_norm.bias' is missing");
    check_folder_refused(
        flatten_one, "model.safetensors: tensor 'distilbert.transformer.layer.2.ffn.lin1.weight' is [640], expected [40, 16]");
    check_folder_refused(integers, "tensor 'classifier.bias' is I32, expected F32, F16 or BF16");
    set_config("vocab_size", "16777216"); /* 1 GB of embeddings: refused before it is asked for */
    check_folder_refused(NULL, "word_embeddings.weight' is [80, 16], expected [16777216, 16]");
}

static void a_folder_without_safetensors_says_what_to_do(void **state) {
    (void)state;
    Error err;
    Weights weights;
    start_folder(DISTILBERT);
    CHECK_FAILS(weights_load(&weights, MADE, 0, NULL, 42, &err), &err, ERROR_MODEL, MADE ": no model.safetensors");
    CHECK_OK(file_write(MADE "/pytorch_model.bin", "x", 1, &err), &err);
    CHECK_FAILS(weights_load(&weights, MADE, 0, NULL, 42, &err), &err, ERROR_MODEL, "save_pretrained");
    CHECK_FAILS(weights_load(&weights, WORK "/none", 0, NULL, 42, &err), &err, ERROR_MODEL, "none/config.json: cannot be opened");
}

/* ---- saving ---- */

/* transformers wrote the golden folders: loaded and saved, they have its bytes. */
static void check_saved_as_it_was(const char *folder) {
    Error err = {0};
    Path path;
    Weights weights = load(folder, -1, NULL);
    CHECK_OK(folder_remove(MADE, &err), &err);
    CHECK_OK(weights_save(&weights, folder, MADE, 0, &err), &err);
    static const char *const FILES[] = {"config.json", "model.safetensors", "vocab.txt", "tokenizer.json",
                                        "tokenizer_config.json"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        Path saved;
        CHECK_OK(path_make(&path, &err, "%s/%s", folder, FILES[i]) && path_make(&saved, &err, MADE "/%s", FILES[i]), &err);
        check_same_file(saved.text, path.text);
    }
    weights_free(&weights);
}

static void a_saved_folder_has_the_bytes_that_transformers_wrote(void **state) {
    (void)state;
    check_saved_as_it_was(DISTILBERT);
    check_saved_as_it_was(BERT);
}

static int64_t saved_length(const char *folder) {
    Error err = {0};
    Path path;
    CHECK_OK(path_make(&path, &err, "%s/tokenizer_config.json", folder), &err);
    Json *json = json_parse_file(path.text, ERROR_MODEL, &err);
    CHECK_OK(json != NULL, &err);
    int64_t length = json_int_or(json_get(json, "model_max_length"), -1);
    json_free(json);
    return length;
}

/* What rows were cut to goes with the folder, beside the tokenizer's other settings; where the folder says so already, its file stays as it is. */
static void a_saved_folder_keeps_what_rows_are_cut_to(void **state) {
    (void)state;
    Error err = {0};
    Weights weights = load(DISTILBERT, -1, NULL);
    CHECK_OK(folder_remove(MADE, &err), &err);
    CHECK_OK(weights_save(&weights, DISTILBERT, MADE, 64, &err), &err);
    check_same_file(MADE "/tokenizer_config.json", DISTILBERT "/tokenizer_config.json");
    CHECK_OK(weights_save(&weights, DISTILBERT, MADE, 16, &err), &err);
    assert_int_equal(saved_length(MADE), 16);
    assert_int_equal(saved_length(DISTILBERT), 64); /* the file there may be the one that was linked */
    Tokenizer *tokenizer = tokenizer_load(MADE, &err);
    CHECK_OK(tokenizer != NULL, &err);
    assert_int_equal(tokenizer_max_length(tokenizer), 16);
    tokenizer_free(tokenizer);
    /* Without such a file the positions say how many: one is made only to say less. */
    CHECK_OK(folder_remove(MADE, &err) && folder_make(MADE, &err), &err);
    CHECK_OK(model_files_set_max_length(MADE, 64, 64, &err), &err);
    assert_false(file_exists(MADE "/tokenizer_config.json"));
    CHECK_OK(model_files_set_max_length(MADE, 63, 64, &err), &err);
    assert_int_equal(saved_length(MADE), 63);
    CHECK_OK(file_write(MADE "/tokenizer_config.json", "[]", 2, &err), &err);
    CHECK_FAILS(model_files_set_max_length(MADE, 63, 64, &err), &err, ERROR_MODEL, "tokenizer_config.json");
    weights_free(&weights);
}

static void other_entries_are_kept_to_the_digit(void **state) {
    (void)state;
    Error err = {0};
    const char *before =
        "{\"torch_dtype\": \"float16\", \"num_labels\": 2, \"other\": {\"b\": [1e-12, 1.0, true, null, \"\\u00e4\\n\"], \"a\": "
        "{}},\n"
        "\"big\": 1000000000000000019884624838656, \"id2label\": {\"0\": \"x\"}, \"architectures\": [\"BertModel\"]}";
    const char *after = "{\n  \"architectures\": [\n    \"DistilBertForSequenceClassification\"\n  ],\n  \"big\": "
                        "1000000000000000019884624838656,\n"
                        "  \"dtype\": \"float32\",\n  \"id2label\": {\n    \"0\": \"sad\",\n    \"1\": \"glad\"\n  },\n"
                        "  \"label2id\": {\n    \"glad\": 1,\n    \"sad\": 0\n  },\n"
                        "  \"other\": {\n    \"b\": [\n      1e-12,\n      1.0,\n      true,\n      null,\n      \"\u00e4\\n\"\n "
                        "   ],\n    \"a\": {}\n  },\n"
                        "  \"problem_type\": \"single_label_classification\"\n}\n";
    const char *const labels[] = {"sad", "glad"};
    EncoderConfig config = {.family = FAMILY_DISTILBERT};
    JsonEntries json;
    CHECK_OK(encoder_config_set_labels(&config, labels, 2, &err), &err);
    CHECK_OK(file_write(WORK "/config.json", before, strlen(before), &err), &err);
    CHECK_OK(json_entries_read(&json, WORK "/config.json", ERROR_MODEL, &err), &err);
    CHECK_OK(model_files_describe_head(&json, &config, &err) && json_entries_write(&json, WORK "/config.json", &err), &err);
    CHECK_OK(file_write(WORK "/expected.json", after, strlen(after), &err), &err);
    check_same_file(WORK "/config.json", WORK "/expected.json");
    json_entries_free(&json);
    encoder_config_free(&config);
}

static void a_new_head_is_saved_and_loaded(void **state) {
    (void)state;
    Error err = {0};
    const char *const labels[] = {"say \"hi\"", "\u00e4", "10", "9"};
    Weights saved = load(GOLDEN "tiny-bert-bare", 4, labels);
    CHECK_OK(folder_remove(MADE, &err), &err);
    CHECK_OK(weights_save(&saved, GOLDEN "tiny-bert-bare", MADE, 0, &err), &err);
    Weights loaded = load(MADE, -1, NULL);
    check_same_weights(&loaded, &saved);
    assert_int_equal(loaded.config.classes, 4);
    for (int k = 0; k < 4; k++) assert_string_equal(loaded.config.labels[k], labels[k]);
    weights_free(&loaded);
    weights_free(&saved);
}

static void a_folder_is_carried_whole_through_links(void **state) {
    (void)state;
    Error err = {0};
    CHECK_OK(folder_remove(MADE, &err), &err);
    CHECK_OK(model_files_carry_encoder(GOLDEN "tiny-bert-bare", MADE, &err), &err);
    Weights carried = load(MADE, 0, NULL), source = load(GOLDEN "tiny-bert-bare", 0, NULL);
    check_same_weights(&carried, &source);
    weights_free(&carried);
    weights_free(&source);
    /* A snapshot of the Hugging Face cache is made of relative links: the files they mean are carried, not the links. */
    CHECK_OK(folder_remove(WORK "/snapshot", &err) && folder_make(WORK "/snapshot", &err), &err);
    assert_int_equal(symlink("../made/config.json", WORK "/snapshot/config.json"), 0);
    CHECK_OK(file_link_or_copy(WORK "/snapshot/config.json", WORK "/carried.json", &err), &err);
    check_same_file(WORK "/carried.json", GOLDEN "tiny-bert-bare/config.json");
}

/* ---- conversion ---- */

static void check_hidden_states(const char *folder) {
    Error err = {0};
    SafeTensors golden;
    CHECK_OK(safetensors_open(&golden, BERT "/golden.safetensors", &err), &err);
    const StoredTensor *ids = safetensors_find(&golden, "ids"), *starts = safetensors_find(&golden, "starts"),
                       *hidden = safetensors_find(&golden, "hidden.2");
    Weights weights = load(folder, 0, NULL);
    Encoder *encoder = encoder_new(&weights, &(EncoderOptions){0}, NULL, &err);
    CHECK_OK(encoder, &err);
    int32_t id_copy[256], start_copy[64], rows[64] = {0};
    assert_true(ids->bytes <= sizeof id_copy && starts->bytes <= sizeof start_copy);
    memcpy(id_copy, ids->data, ids->bytes);
    memcpy(start_copy, starts->data, starts->bytes);
    Batch batch = {.rows = (int)tensor_elements(starts) - 1,
                   .tokens = (int)tensor_elements(ids),
                   .ids = id_copy,
                   .starts = start_copy,
                   .row = rows};
    Workspace *ws = workspace_new(encoder, &(WorkspaceOptions){.tokens = batch.tokens, .rows = batch.rows}, NULL, &err);
    CHECK_OK(ws, &err);
    CHECK_OK(encoder_forward(encoder, ws, &batch, &(ForwardOptions){0}, &err), &err);
    float *expected = mem_new(tensor_elements(hidden), sizeof *expected, &err);
    CHECK_OK(tensor_read_floats(hidden, 0, tensor_elements(hidden), expected, &err), &err);
    check_all_close("hidden states", workspace_hidden(ws, 2), expected, tensor_elements(hidden), 2e-5, 0);
    mem_free(expected);
    workspace_free(ws);
    encoder_free(encoder);
    weights_free(&weights);
    safetensors_close(&golden);
}

static void a_converted_bert_computes_the_same(void **state) {
    (void)state;
    Error err = {0};
    CHECK_OK(folder_remove(MADE, &err), &err);
    CHECK_OK(convert_to_distilbert(BERT, MADE, &err), &err);
    Weights bert = load(BERT, 0, NULL), distilbert = load(MADE, 0, NULL);
    assert_int_equal(distilbert.config.family, FAMILY_DISTILBERT);
    const float *positions = weight_model(&bert.table, &bert.config, bert.block, PART_POSITIONS);
    const float *types = weight_model(&bert.table, &bert.config, bert.block, PART_TYPES);
    const float *folded = weight_model(&distilbert.table, &distilbert.config, distilbert.block, PART_POSITIONS);
    int C = bert.config.channels;
    for (int i = 0; i < bert.config.positions * C; i++) assert_true(folded[i] == positions[i] + types[i % C]);
    weights_free(&bert);
    weights_free(&distilbert);
    check_hidden_states(BERT);
    check_hidden_states(MADE);
    JsonEntries json;
    CHECK_OK(json_entries_read(&json, MADE "/tokenizer_config.json", ERROR_MODEL, &err), &err);
    assert_true(json_entries_has(&json, "model_input_names") && json_entries_has(&json, "do_lower_case"));
    json_entries_free(&json);
    check_same_file(MADE "/vocab.txt", BERT "/vocab.txt");
}

static void what_cannot_be_converted_is_refused(void **state) {
    (void)state;
    Error err;
    CHECK_FAILS(convert_to_distilbert(DISTILBERT, WORK "/no", &err), &err, ERROR_MODEL,
                "model_type is distilbert already, expected bert");
    start_folder(BERT);
    copy_tensors(BERT, NULL);
    CHECK_FAILS(convert_to_distilbert(MADE, WORK "/../" MADE, &err), &err, ERROR_USAGE, "would overwrite");
    set_config("layer_norm_eps", "1e-05");
    CHECK_FAILS(convert_to_distilbert(MADE, WORK "/no", &err), &err, ERROR_MODEL, "layer_norm_eps is 1e-05, expected 1e-12");
    assert_false(folder_exists(WORK "/no"));
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(WORK, NULL) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(WORK, NULL) ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_may_lack_prefixes_and_be_old),
        cmocka_unit_test(every_tensor_of_a_folder_is_in_the_block),
        cmocka_unit_test(parts_point_at_their_tensors),
        cmocka_unit_test(halves_load_as_their_values),
        cmocka_unit_test(an_old_checkpoint_in_shards_loads_as_its_encoder),
        cmocka_unit_test(a_head_of_other_labels_is_drawn_from_the_seed),
        cmocka_unit_test(a_head_of_the_same_labels_follows_their_order),
        cmocka_unit_test(a_head_that_is_no_classifier_is_not_taken),
        cmocka_unit_test(labels_are_named_or_numbered),
        cmocka_unit_test(another_network_is_refused),
        cmocka_unit_test(tensors_that_do_not_fit_are_named_with_both_shapes),
        cmocka_unit_test(a_folder_without_safetensors_says_what_to_do),
        cmocka_unit_test(a_saved_folder_has_the_bytes_that_transformers_wrote),
        cmocka_unit_test(a_saved_folder_keeps_what_rows_are_cut_to),
        cmocka_unit_test(other_entries_are_kept_to_the_digit),
        cmocka_unit_test(a_new_head_is_saved_and_loaded),
        cmocka_unit_test(a_folder_is_carried_whole_through_links),
        cmocka_unit_test(a_converted_bert_computes_the_same),
        cmocka_unit_test(what_cannot_be_converted_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
