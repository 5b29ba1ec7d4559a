/* Files and texts from strangers: each thing that somebody might try, by its name, and what happens then. */
#include "tests/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json.h"
#include "common/safetensors.h"
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

static void a_device_in_the_place_of_a_file_is_refused(void **state) {
    (void)state;
    Error err = {0};
    FileMap map;
    CHECK_FAILS(file_map(&map, "/dev/zero", ERROR_MODEL, &err), &err, ERROR_MODEL, "not a regular file");
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
        cmocka_unit_test(a_device_in_the_place_of_a_file_is_refused),
        cmocka_unit_test(weights_that_are_no_finite_numbers_are_refused_by_name),
        cmocka_unit_test(the_largest_finite_weight_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
