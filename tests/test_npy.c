/* .npy files against the bytes that numpy.save writes (NumPy 2.4, copied below), cut at every byte, and features as text. */
#include "tests/check.h"

#include <unistd.h>

#include "common/file.h"
#include "common/memory.h"
#include "features/features.h"
#include "features/npy.h"
#include "features/text_formats.h"

static Error err;
static char folder[] = "/tmp/twofold-npy-XXXXXX";
static Path path;

static int folder_new(void **state) {
    (void)state;
    return mkdtemp(folder) && path_make(&path, &err, "%s/file", folder) ? 0 : -1;
}

static int folder_gone(void **state) {
    (void)state;
    return folder_remove(folder, &err) ? 0 : -1;
}

/* numpy.save of float32 [[1, -2, 0.5], [0, 3, 4]], and of int64 [7, -1]: the headers are filled with spaces to 128 bytes. */
static const char MATRIX[] = "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
                             "                                                          \n"
                             "\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x00\x3f\x00\x00\x00\x00\x00\x00\x40\x40\x00\x00\x80\x40";
static const char VECTOR[] = "\x93NUMPY\x01\x00v\x00{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }"
                             "                                                            \n"
                             "\x07\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff";
enum { MATRIX_BYTES = sizeof MATRIX - 1, VECTOR_BYTES = sizeof VECTOR - 1 };

static void check_file(const char *bytes, size_t size) {
    FileMap map;
    CHECK_OK(file_map(&map, path.text, ERROR_PATH, &err), &err);
    assert_int_equal(map.size, size);
    assert_memory_equal(map.data, bytes, size);
    file_unmap(&map);
}

static void file_put(const char *bytes, size_t size) { CHECK_OK(file_write(path.text, bytes, size, &err), &err); }

static void test_writes_what_numpy_writes(void **state) {
    (void)state;
    float values[] = {1, -2, 0.5f, 0, 3, 4};
    Features matrix = {2, 3, values}, read;
    CHECK_OK(npy_write_features(path.text, &matrix, &err), &err);
    check_file(MATRIX, MATRIX_BYTES);
    CHECK_OK(npy_read_features(&read, path.text, &err), &err);
    assert_int_equal(read.rows, 2);
    assert_int_equal(read.channels, 3);
    assert_memory_equal(read.values, values, sizeof values);
    features_free(&read);

    int32_t labels[] = {7, -1};
    int64_t *vector, count;
    CHECK_OK(npy_write_labels(path.text, labels, 2, &err), &err);
    check_file(VECTOR, VECTOR_BYTES);
    CHECK_OK(npy_read_int64(&vector, &count, path.text, &err), &err);
    assert_true(count == 2 && vector[0] == 7 && vector[1] == -1);
    mem_free(vector);
}

static void test_streams_and_empty_ones(void **state) {
    (void)state;
    NpyWriter writer;
    CHECK_OK(npy_open_float32(&writer, path.text, 2, 3, &err), &err);
    npy_add_float32(&writer, (float[]){1, -2, 0.5f, 0}, 4);
    npy_add_float32(&writer, (float[]){3, 4}, 2);
    CHECK_OK(npy_commit(&writer, &err), &err);
    npy_cancel(&writer);
    check_file(MATRIX, MATRIX_BYTES);

    CHECK_OK(npy_open_float32(&writer, path.text, 2, 3, &err), &err);
    npy_add_float32(&writer, (float[]){1, -2}, 2);
    CHECK_FAILS(npy_commit(&writer, &err), &err, ERROR_FAILED, "16 bytes short");
    check_file(MATRIX, MATRIX_BYTES); /* the old one stands */

    Features none = {.rows = 0, .channels = 5}, read;
    CHECK_OK(npy_write_features(path.text, &none, &err), &err);
    CHECK_OK(npy_read_features(&read, path.text, &err), &err);
    assert_true(read.rows == 0 && read.channels == 5);
    features_free(&read);
    CHECK_FAILS(npy_open_float32(&writer, path.text, INT64_MAX, 2, &err), &err, ERROR_FAILED, "do not fit");
}

static void test_refuses_the_rest(void **state) {
    (void)state;
    Features read;
    int64_t *vector, count;
    for (size_t cut = 0; cut < MATRIX_BYTES; cut++) {
        file_put(MATRIX, cut);
        CHECK_FAILS(npy_read_features(&read, path.text, &err), &err, ERROR_DATA, path.text);
    }
    for (size_t cut = 0; cut < VECTOR_BYTES; cut++) {
        file_put(VECTOR, cut);
        CHECK_FAILS(npy_read_int64(&vector, &count, path.text, &err), &err, ERROR_DATA, path.text);
    }
    file_put(VECTOR, VECTOR_BYTES);
    CHECK_FAILS(npy_read_features(&read, path.text, &err), &err, ERROR_DATA, "expected '<f4' in C order with 2 dimensions");
    file_put(MATRIX, MATRIX_BYTES);
    CHECK_FAILS(npy_read_int64(&vector, &count, path.text, &err), &err, ERROR_DATA, "expected '<i8'");

    char changed[MATRIX_BYTES];
    static const struct {
        const char *from, *to, *said;
    } changes[] = {
        {"(2, 3)", "(9, 3)", "its header names 9"},
        {"(2, 3)", "(2,99)", "its header names 2"},
        {"False", "True ", "C order"},
        {"'<f4'", "'>f4'", "C order"},
        {"\x01\x00v", "\x02\x00v", "format 1.0"},
        {"(2, 3), } ", "(99999999,", "C order"},
        {"(2, 3), }            ", "(9223372036854775807,2", "names"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        memcpy(changed, MATRIX, MATRIX_BYTES);
        char *place = memmem(changed, MATRIX_BYTES, changes[i].from, changes[i].from[1] ? strlen(changes[i].from) : 3);
        assert_non_null(place);
        memcpy(place, changes[i].to, changes[i].to[1] ? strlen(changes[i].to) : 3);
        if (i == 6) memcpy(place + 22, "), }", 4);
        file_put(changed, MATRIX_BYTES);
        CHECK_FAILS(npy_read_features(&read, path.text, &err), &err, ERROR_DATA, changes[i].said);
    }
    CHECK_FAILS(npy_read_features(&read, "/nowhere/at.npy", &err), &err, ERROR_PATH, "/nowhere/at.npy");
}

static void test_text_formats(void **state) {
    (void)state;
    float values[] = {1, -2.5f, 0, 0.1f, 1e-30f, 16777216, 3, 0, -0.0f};
    Features matrix = {3, 3, values};
    int32_t labels[] = {1, 0, 1}, rows[] = {2, 0, 1};
    FeatureView view = features_view(&matrix), turned = features_view_rows(&matrix, rows, 3);
    CHECK_OK(features_write_libsvm(path.text, &view, labels, &err), &err);
    static const char libsvm[] = "1 1:1 2:-2.5\n0 1:0.1 2:1e-30 3:16777216\n1 1:3\n";
    check_file(libsvm, sizeof libsvm - 1);
    CHECK_OK(features_write_libsvm(path.text, &turned, NULL, &err), &err);
    static const char turned_libsvm[] = "0 1:3\n0 1:1 2:-2.5\n0 1:0.1 2:1e-30 3:16777216\n";
    check_file(turned_libsvm, sizeof turned_libsvm - 1);

    const char *const names[] = {"plain", "with, comma"};
    CHECK_OK(features_write_csv(path.text, &view, labels, names, &err), &err);
    static const char csv[] = "label,f0,f1,f2\n\"with, comma\",1,-2.5,0\nplain,0.1,1e-30,16777216\n\"with, comma\",3,0,-0\n";
    check_file(csv, sizeof csv - 1);

    SparseFeatures sparse;
    CHECK_OK(sparse_features_make(&sparse, 2, 9, 2, &err), &err);
    sparse.starts[1] = sparse.starts[2] = 2;
    sparse.indices[1] = 8;
    sparse.values[0] = 0.1;
    sparse.values[1] = 1.0 / 3;
    view = sparse_features_view(&sparse);
    CHECK_OK(features_write_libsvm(path.text, &view, NULL, &err), &err);
    static const char third[] = "0 1:0.1 9:0.3333333333333333\n0\n";
    check_file(third, sizeof third - 1);
    CHECK_FAILS(features_write_csv(path.text, &view, NULL, NULL, &err), &err, ERROR_USAGE, "use libsvm");
    sparse_features_free(&sparse);
}

static void test_values_are_checked(void **state) {
    (void)state;
    float values[] = {1, 2, 3, (float)INFINITY};
    Features matrix = {2, 2, values};
    int32_t first[] = {0};
    FeatureView whole = features_view(&matrix), part = features_view_rows(&matrix, first, 1);
    CHECK_OK(feature_view_check(&part, &err), &err);
    CHECK_FAILS(feature_view_check(&whole, &err), &err, ERROR_DATA, "row 1, channel 1 is inf");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_what_numpy_writes), cmocka_unit_test(test_streams_and_empty_ones),
        cmocka_unit_test(test_refuses_the_rest),         cmocka_unit_test(test_text_formats),
        cmocka_unit_test(test_values_are_checked),
    };
    return cmocka_run_group_tests(tests, folder_new, folder_gone);
}
