/* Files and texts from strangers: each thing that somebody might try, by its name, and what happens then. */
#include "tests/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/safetensors.h"
#include "datasets/rows.h"
#include "encoder/tokenizer.h"
#include "encoder/weights.h"
#include "tests/data_files.h"

#define DISTILBERT TESTS_FOLDER "/golden/tiny-distilbert"
#define WORK "strangers-test"

static void fresh_folder(void) {
    Error err = {0};
    CHECK_OK(folder_remove(WORK, &err) && folder_make(WORK, &err), &err);
}

static void a_pipe_in_the_place_of_a_file_is_refused_at_once(void **state) {
    (void)state;
    Error err = {0};
    FileMap map;
    Weights weights;
    fresh_folder();
    assert_int_equal(mkfifo(WORK "/config.json", 0600), 0);
    CHECK_FAILS(file_map(&map, WORK "/config.json", ERROR_MODEL, &err), &err, ERROR_MODEL, "not a regular file");
    CHECK_FAILS(weights_load(&weights, WORK, 0, NULL, 0, &err), &err, ERROR_MODEL, "not a regular file");
}

/* Not passed over for the next file of its kind. */
static void a_pipe_or_a_folder_among_the_files_of_a_model_is_refused_by_name(void **state) {
    (void)state;
    static const char *const NAMES[] = {"tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"};
    Error err = {0};
    Weights weights;
    Path path;
    char part[64];
    for (int folder = 0; folder < 2; folder++) {
        for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
            fresh_folder();
            if (i != 1) CHECK_OK(file_link_or_copy(DISTILBERT "/vocab.txt", WORK "/vocab.txt", &err), &err);
            CHECK_OK(path_make(&path, &err, WORK "/%s", NAMES[i]), &err);
            assert_int_equal(folder ? mkdir(path.text, 0700) : mkfifo(path.text, 0600), 0);
            snprintf(part, sizeof part, "%s: not a regular file", NAMES[i]);
            CHECK_FAILS(tokenizer_load(WORK, &err), &err, ERROR_MODEL, part);
        }
        for (int sharded = 0; sharded < 2; sharded++) {
            fresh_folder();
            CHECK_OK(file_link_or_copy(DISTILBERT "/config.json", WORK "/config.json", &err), &err);
            CHECK_OK(path_make(&path, &err, WORK "/model.safetensors%s", sharded ? ".index.json" : ""), &err);
            assert_int_equal(folder ? mkdir(path.text, 0700) : mkfifo(path.text, 0600), 0);
            snprintf(part, sizeof part, "model.safetensors%s: not a regular file", sharded ? ".index.json" : "");
            CHECK_FAILS(weights_load(&weights, WORK, 0, NULL, 0, &err), &err, ERROR_MODEL, part);
        }
    }
}

/* Waiting for a writer would end by the alarm. */
static void a_pipe_in_the_place_of_data_is_refused_at_once(void **state) {
    (void)state;
    Error err = {0};
    DataOptions options = DATA_DEFAULTS;
    fresh_folder();
    assert_int_equal(mkfifo(WORK "/rows.csv", 0600), 0);
    (void)alarm(60);
    CHECK_FAILS(row_reader_open(WORK "/rows.csv", &options, ROWS_LABELLED, &err), &err, ERROR_PATH, "rows.csv: a pipe, expected a file");
    (void)alarm(0);
    /* what a shell hands over is taken */
    int ends[2];
    char path[64];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "text,label\na,b\n", 15), 15);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    RowReader *rows = row_reader_open(path, &options, ROWS_LABELLED, &err);
    if (!rows) fail_msg("%s", err.message);
    Row row;
    bool found = false;
    CHECK_OK(row_reader_next(rows, &row, &found, &err), &err);
    assert_true(found && row.line == 2);
    row_reader_close(rows);
    close(ends[0]);
}

static void a_device_in_the_place_of_a_file_is_refused(void **state) {
    (void)state;
    Error err = {0};
    FileMap map;
    CHECK_FAILS(file_map(&map, "/dev/zero", ERROR_MODEL, &err), &err, ERROR_MODEL, "not a regular file");
}

/* ---- headers ---- */

/* A safetensors file with this header; `length` is what its first eight bytes say, or the truth when 0. */
static void write_header(const char *header, uint64_t length, size_t data_bytes) {
    Buffer file = {0};
    size_t size = strlen(header);
    add_little(&file, (uint32_t)(length ? length : size), 4);
    add_little(&file, (uint32_t)((length ? length : size) >> 32), 4);
    buffer_add(&file, header, size);
    for (size_t i = 0; i < data_bytes; i++) buffer_add(&file, "", 1);
    write_bytes(WORK "/model.safetensors", file.data, file.size);
    buffer_free(&file);
}

static void check_header_refused(const char *header, uint64_t length, size_t data_bytes, const char *sentence) {
    Error err = {0};
    SafeTensors tensors;
    write_header(header, length, data_bytes);
    CHECK_FAILS(safetensors_open(&tensors, WORK "/model.safetensors", &err), &err, ERROR_MODEL, sentence);
}

static void a_header_of_four_gigabytes_is_refused_before_memory_is_taken(void **state) {
    (void)state;
    fresh_folder();
    check_header_refused("{}", (uint64_t)4 << 30, 0, "header of 4294967296 bytes, expected at most 100000000");
    check_header_refused("{}", UINT64_MAX, 0, "header of 18446744073709551615 bytes");
    check_header_refused("{}", 100000000, 0, "header of 100000000 bytes in a file of 10: the file is cut off");
}

static void dimensions_that_overflow_are_refused(void **state) {
    (void)state;
    fresh_folder();
    check_header_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, 0,
                         "tensor 'a' has 0 bytes, expected as many as [4294967296, 4294967296] of F32 needs");
    check_header_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[18446744073709551616],\"data_offsets\":[0,0]}}", 0, 0,
                         "entry 'a' is not as it should be");
    check_header_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,0]}}", 0, 4, "tensor 'a' is bytes 4 to 0");
    check_header_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,0]}}", 0, 0, "entry 'a' is not as it should be");
}

static void a_config_that_asks_for_giants_is_refused(void **state) {
    (void)state;
    Error err = {0};
    EncoderConfig config;
    fresh_folder();
    write_text(WORK "/config.json", "{\"model_type\": \"bert\", \"hidden_size\": 1099511627776}");
    CHECK_FAILS(encoder_config_load(&config, WORK, &err), &err, ERROR_MODEL, "hidden_size is 1099511627776, expected 1 to 16777216");
    write_text(WORK "/config.json", "{\"model_type\": \"bert\", \"num_hidden_layers\": 1e300}");
    CHECK_FAILS(encoder_config_load(&config, WORK, &err), &err, ERROR_MODEL, "num_hidden_layers is no whole number");
}

static void a_config_larger_than_its_tensors_takes_no_memory(void **state) {
    (void)state;
    Error err = {0};
    Weights weights;
    fresh_folder();
    CHECK_OK(file_link_or_copy(DISTILBERT "/model.safetensors", WORK "/model.safetensors", &err), &err);
    write_text(WORK "/config.json", "{\"model_type\": \"distilbert\", \"dim\": 16777212, \"vocab_size\": 16777216, \"hidden_dim\": 16777216}");
    CHECK_FAILS(weights_load(&weights, WORK, 0, NULL, 0, &err), &err, ERROR_MODEL, "expected [16777216, 16777212]");
}

/* ---- shards ---- */

static void shard_names_that_leave_the_folder_are_refused(void **state) {
    (void)state;
    static const char *const NAMES[] = {"../model.safetensors", "/etc/hostname", "..", ".", "", "a/b.safetensors", "./a", "a\\u0000.safetensors"};
    fresh_folder();
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        Error err = {0};
        SafeTensors tensors;
        Buffer index = {0};
        buffer_printf(&index, "{\"weight_map\": {\"x\": \"%s\"}}", NAMES[i]);
        write_text(WORK "/index.json", index.data);
        buffer_free(&index);
        CHECK_FAILS(safetensors_open_index(&tensors, WORK "/index.json", &err), &err, ERROR_MODEL, "is no name of a file in this folder");
    }
}

/* ---- duplicates, depth ---- */

static void a_key_that_stands_twice_is_refused(void **state) {
    (void)state;
    Error err = {0};
    EncoderConfig config;
    RowReader *rows;
    DataOptions options = DATA_DEFAULTS;
    fresh_folder();
    write_text(WORK "/config.json", "{\"model_type\": \"bert\", \"hidden_size\": 12, \"hidden_size\": 24}");
    CHECK_FAILS(encoder_config_load(&config, WORK, &err), &err, ERROR_MODEL, "config.json: key 'hidden_size' stands twice in one object");
    write_text(WORK "/config.json", "{\"model_type\": \"bert\", \"id2label\": {\"0\": \"a\", \"1\": \"b\", \"0\": \"c\"}}");
    CHECK_FAILS(encoder_config_load(&config, WORK, &err), &err, ERROR_MODEL, "key '0' stands twice");
    check_header_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                         0, 2, "tensor 'a' is there twice");
    write_text(WORK "/rows.jsonl", "{\"text\": \"x\", \"label\": \"a\", \"label\": \"b\"}\n");
    rows = row_reader_open(WORK "/rows.jsonl", &options, ROWS_LABELLED, &err);
    assert_non_null(rows);
    Row row;
    bool found;
    CHECK_FAILS(row_reader_next(rows, &row, &found, &err), &err, ERROR_DATA, "rows.jsonl:1: key 'label' stands twice in one object");
    row_reader_close(rows);
}

/* `text` with `depth` brackets around nothing behind it, and `end`. */
static void write_deep(const char *name, const char *text, int depth, const char *end) {
    Buffer file = {0};
    buffer_text(&file, text);
    for (int i = 0; i < depth; i++) buffer_text(&file, "[");
    for (int i = 0; i < depth; i++) buffer_text(&file, "]");
    buffer_text(&file, end);
    write_text(name, file.data);
    buffer_free(&file);
}

static void deep_nesting_is_refused_and_breaks_no_stack(void **state) {
    (void)state;
    enum { DEEP = 1000000 };
    Error err = {0};
    EncoderConfig config;
    DataOptions options = DATA_DEFAULTS;
    fresh_folder();
    write_deep(WORK "/config.json", "{\"model_type\": \"bert\", \"x\": ", DEEP, "}");
    CHECK_FAILS(encoder_config_load(&config, WORK, &err), &err, ERROR_MODEL, "config.json:1: not valid JSON");
    write_deep(WORK "/config.json", "{\"model_type\": \"bert\", \"architectures\": [\"BertModel\"], \"x\": ", 900, "}"); /* read, and left alone */
    CHECK_OK(encoder_config_load(&config, WORK, &err), &err);
    encoder_config_free(&config);
    write_deep(WORK "/tokenizer.json", "{\"x\": ", DEEP, "}");
    CHECK_FAILS(tokenizer_load(WORK, &err), &err, ERROR_MODEL, "tokenizer.json: no valid JSON");
    write_deep(WORK "/rows.jsonl", "{\"text\": \"a\", \"label\": \"b\", \"x\": ", DEEP, "}\n");
    CHECK_FAILS(row_reader_open(WORK "/rows.jsonl", &options, ROWS_LABELLED, &err), &err, ERROR_DATA, "rows.jsonl:1: broken JSON at byte");
}

/* ---- weights ---- */

/* The tiny model, with one value of one tensor changed, stored as `type`. */
static void write_model_with(const char *name, size_t place, uint32_t bits, TensorType type) {
    Error err = {0};
    SafeTensors stored;
    CHECK_OK(safetensors_open(&stored, DISTILBERT "/model.safetensors", &err), &err);
    StoredTensor *tensors = mem_new((size_t)stored.count, sizeof *tensors, &err);
    unsigned char *changed = NULL;
    for (int i = 0; i < stored.count; i++) {
        tensors[i] = stored.tensors[i];
        if (strcmp(tensors[i].name, name) != 0) continue;
        size_t count = tensor_elements(&tensors[i]), bytes = tensor_type_bytes(type);
        changed = mem_new(count, bytes, &err);
        assert_non_null(changed);
        if (type == TENSOR_F32) memcpy(changed, tensors[i].data, count * bytes);
        memcpy(changed + place * bytes, &bits, bytes);
        tensors[i].type = type;
        tensors[i].data = changed;
    }
    assert_non_null(changed);
    CHECK_OK(safetensors_write(WORK "/model.safetensors", tensors, stored.count, &err), &err);
    CHECK_OK(file_link_or_copy(DISTILBERT "/config.json", WORK "/config.json", &err), &err);
    mem_free(tensors);
    mem_free(changed);
    safetensors_close(&stored);
}

static void check_refused(const char *name, size_t place, uint32_t bits, TensorType type, const char *sentence) {
    Error err = {0};
    Weights weights;
    write_model_with(name, place, bits, type);
    CHECK_FAILS(weights_load(&weights, WORK, -1, NULL, 0, &err), &err, ERROR_MODEL, sentence);
}

static void weights_that_are_no_finite_numbers_are_refused_by_name(void **state) {
    (void)state;
    static const char WORDS[] = "distilbert.embeddings.word_embeddings.weight", BIAS[] = "distilbert.embeddings.LayerNorm.bias";
    fresh_folder();
    check_refused(WORDS, 17, 0x7fc00000u, TENSOR_F32, "tensor 'distilbert.embeddings.word_embeddings.weight' is nan at place 17 of");
    check_refused(WORDS, 0, 0xff800000u, TENSOR_F32, "is -inf at place 0 of");
    check_refused(BIAS, 3, 0x7f800001u, TENSOR_F32, "LayerNorm.bias' is nan at place 3 of");
    check_refused(BIAS, 1, 0x7c00u, TENSOR_F16, "LayerNorm.bias' is inf at place 1 of");
    check_refused(BIAS, 2, 0xffc0u, TENSOR_BF16, "nan at place 2 of");
    check_refused("classifier.weight", 0, 0x7fc00000u, TENSOR_F32, "tensor 'classifier.weight' is nan at place 0 of");
}

static void the_largest_finite_weight_is_taken(void **state) {
    (void)state;
    Error err = {0};
    Weights weights;
    fresh_folder();
    write_model_with("distilbert.embeddings.LayerNorm.bias", 0, 0xff7fffffu, TENSOR_F32);
    CHECK_OK(weights_load(&weights, WORK, -1, NULL, 0, &err), &err);
    weights_free(&weights);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_in_the_place_of_a_file_is_refused_at_once),
        cmocka_unit_test(a_pipe_or_a_folder_among_the_files_of_a_model_is_refused_by_name),
        cmocka_unit_test(a_pipe_in_the_place_of_data_is_refused_at_once),
        cmocka_unit_test(a_device_in_the_place_of_a_file_is_refused),
        cmocka_unit_test(a_header_of_four_gigabytes_is_refused_before_memory_is_taken),
        cmocka_unit_test(dimensions_that_overflow_are_refused),
        cmocka_unit_test(a_config_that_asks_for_giants_is_refused),
        cmocka_unit_test(a_config_larger_than_its_tensors_takes_no_memory),
        cmocka_unit_test(shard_names_that_leave_the_folder_are_refused),
        cmocka_unit_test(a_key_that_stands_twice_is_refused),
        cmocka_unit_test(deep_nesting_is_refused_and_breaks_no_stack),
        cmocka_unit_test(weights_that_are_no_finite_numbers_are_refused_by_name),
        cmocka_unit_test(the_largest_finite_weight_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
