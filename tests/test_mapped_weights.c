/* Weights that are left in their file: the same values as a copy has, whatever the file holds, and refused for the same reasons. */
#include "tests/check.h"

#include "common/file.h"
#include "common/memory.h"
#include "common/safetensors.h"
#include "encoder/quantize_folder.h"
#include "encoder/text_encoder.h"

#define GOLDEN TESTS_FOLDER "/golden/"
#define WORK "mapped-weights-test"
#define FOLDER WORK "/made"

/* All tensors, the hash that names the model, and how many tensors are where they stand in the file. */
static int check_mapped(const char *folder, int classes) {
    Error err = {0};
    Weights copied, mapped;
    CHECK_OK(weights_load(&copied, folder, classes, NULL, 0, &err), &err);
    CHECK_OK(weights_map(&mapped, folder, classes, &err), &err);
    assert_int_equal(mapped.table.count, copied.table.count);
    assert_int_equal(mapped.new_tensors, copied.new_tensors);
    assert_string_equal(weights_sha256(&mapped).text, weights_sha256(&copied).text);
    int in_file = 0;
    for (int round = 0; round < 2; round++) /* forgotten pages come back */
        for (int i = 0; i < copied.table.count; i++) {
            assert_memory_equal(weights_tensor(&mapped, i), weights_tensor(&copied, i), copied.table.tensors[i].count * sizeof(float));
            weights_forget(&mapped, i);
            weights_forget(&copied, i);
            const float *place = weights_tensor(&mapped, i);
            in_file += round == 0 && (place < mapped.block || place >= mapped.block + mapped.copied);
        }
    assert_null(weights_tensor(&mapped, -1));
    weights_free(&copied);
    weights_free(&mapped);
    return in_file;
}

static int matrices_of(const char *folder, int classes) {
    Error err = {0};
    Weights weights;
    int count = 0;
    CHECK_OK(weights_load(&weights, folder, classes, NULL, 0, &err), &err);
    for (int i = 0; i < weights.table.count; i++) count += weights.table.tensors[i].dimensions == 2;
    weights_free(&weights);
    return count;
}

static void floats_stay_in_the_file(void **state) {
    (void)state;
    static const char *const FOLDERS[] = {GOLDEN "tiny-distilbert", GOLDEN "tiny-bert"};
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++)
        for (int classes = -1; classes <= 0; classes++)
            assert_int_equal(check_mapped(FOLDERS[i], classes), matrices_of(FOLDERS[i], classes));
}

static void start_folder(const char *from_folder) {
    Error err = {0};
    Path from;
    CHECK_OK(folder_remove(FOLDER, &err) && folder_make(FOLDER, &err), &err);
    CHECK_OK(path_make(&from, &err, "%s/config.json", from_folder) && file_link_or_copy(from.text, FOLDER "/config.json", &err), &err);
}

/* The file with `spaces` behind its header, which move everything after it, and value `place` of all floats changed to `value` (-1: none). */
static void write_changed(const char *from_folder, size_t spaces, int64_t place, float value) {
    Error err = {0};
    Path from;
    FileMap map = {0};
    start_folder(from_folder);
    CHECK_OK(path_make(&from, &err, "%s/model.safetensors", from_folder) && file_map(&map, from.text, ERROR_MODEL, &err), &err);
    uint64_t header;
    memcpy(&header, map.data, 8);
    size_t end = 8 + (size_t)header;
    char *changed = malloc(map.size + spaces);
    assert_non_null(changed);
    memcpy(changed, map.data, end);
    memset(changed + end, ' ', spaces);
    memcpy(changed + end + spaces, (const char *)map.data + end, map.size - end);
    if (place >= 0) memcpy(changed + end + spaces + 4 * (size_t)place, &value, sizeof value);
    header += spaces;
    memcpy(changed, &header, 8);
    CHECK_OK(file_write(FOLDER "/model.safetensors", changed, map.size + spaces, &err), &err);
    free(changed);
    file_unmap(&map);
}

/* The format asks for no alignment. */
static void floats_at_odd_addresses_are_copied(void **state) {
    (void)state;
    write_changed(GOLDEN "tiny-bert", 3, -1, 0);
    assert_int_equal(check_mapped(FOLDER, -1), 0);
    write_changed(GOLDEN "tiny-bert", 4, -1, 0);
    assert_int_equal(check_mapped(FOLDER, -1), matrices_of(GOLDEN "tiny-bert", -1));
}

static void other_types_are_copied(void **state) {
    (void)state;
    Error err = {0};
    (void)check_mapped(GOLDEN "tiny-bert-bare", 0); /* shards */
    assert_int_equal(check_mapped(GOLDEN "tiny-distilbert-half", -1), 0);
    CHECK_OK(folder_remove(FOLDER, &err) && quantize_folder(GOLDEN "tiny-bert", FOLDER, &err), &err);
    int in_file = check_mapped(FOLDER, -1);
    assert_true(in_file > 0 && in_file < matrices_of(FOLDER, -1)); /* the tables are float32 still */
}

/* The same sentence for a value that is no number, wherever it stands. */
static void damage_is_found(void **state) {
    (void)state;
    Error err = {0}, mapped_err = {0};
    Weights weights;
    SafeTensors tensors;
    CHECK_OK(safetensors_open(&tensors, GOLDEN "tiny-bert/model.safetensors", &err), &err);
    int64_t place = 0;
    for (int i = 0; i < tensors.count; i++) {
        int64_t last = place + (int64_t)tensor_elements(&tensors.tensors[i]) - 1;
        write_changed(GOLDEN "tiny-bert", 0, last, i % 2 ? NAN : -INFINITY);
        assert_false(weights_load(&weights, FOLDER, -1, NULL, 0, &err));
        assert_false(weights_map(&weights, FOLDER, -1, &mapped_err));
        assert_int_equal(mapped_err.kind, ERROR_MODEL);
        assert_string_equal(mapped_err.message, err.message);
        assert_null(weights.block);
        err = mapped_err = (Error){0};
        place = last + 1;
    }
    safetensors_close(&tensors);
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(WORK, NULL) ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_stay_in_the_file),
        cmocka_unit_test(floats_at_odd_addresses_are_copied),
        cmocka_unit_test(other_types_are_copied),
        cmocka_unit_test(damage_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, remove_folder);
}
