/* common/safetensors: what the reference implementation wrote is read and written again to the byte; nothing a file says leads
 * astray. */
#include "tests/check.h"

#include "common/file.h"
#include "common/memory.h"
#include "common/safetensors.h"

#define FOLDER "safetensors-test"
#define FILE_PATH FOLDER "/x.safetensors"

/* A file with this header and `bytes` bytes of data 0, 1, 2 … */
static void make_file(const char *path, const char *header, size_t bytes) {
    Error err = {0};
    Buffer file = {0};
    size_t length = strlen(header);
    for (int i = 0; i < 8; i++) buffer_add(&file, &(char){(char)(length >> 8 * i)}, 1);
    buffer_text(&file, header);
    for (size_t i = 0; i < bytes; i++) buffer_add(&file, &(char){(char)i}, 1);
    CHECK_OK(file_write_buffer(path, &file, &err), &err);
    buffer_free(&file);
}

/* ---- against the reference ---- */

static void check_same_bytes(const char *path) {
    Error err = {0};
    SafeTensors tensors;
    CHECK_OK(safetensors_open(&tensors, path, &err), &err);
    for (int i = 0; i < tensors.count / 2; i++) { /* the order they are given in does not matter */
        StoredTensor kept = tensors.tensors[i];
        tensors.tensors[i] = tensors.tensors[tensors.count - 1 - i];
        tensors.tensors[tensors.count - 1 - i] = kept;
    }
    CHECK_OK(safetensors_write(FILE_PATH, tensors.tensors, tensors.count, &err), &err);
    FileMap theirs, ours;
    CHECK_OK(file_map(&theirs, path, ERROR_PATH, &err), &err);
    CHECK_OK(file_map(&ours, FILE_PATH, ERROR_PATH, &err), &err);
    assert_int_equal(ours.size, theirs.size);
    assert_memory_equal(ours.data, theirs.data, ours.size);
    file_unmap(&theirs);
    file_unmap(&ours);
    safetensors_close(&tensors);
}

static void files_are_written_as_the_reference_writes_them(void **state) {
    (void)state;
    check_same_bytes(TESTS_FOLDER "/golden/tiny-distilbert/model.safetensors");
    check_same_bytes(TESTS_FOLDER "/golden/tiny-bert/model.safetensors");
    check_same_bytes(TESTS_FOLDER "/golden/tiny-distilbert-half/model.safetensors");
    check_same_bytes(TESTS_FOLDER "/golden/tiny-bert-bare/model-00001-of-00002.safetensors");
}

/* golden.safetensors has two types, and no metadata: the headers differ by that, the data does not. */
static void types_are_laid_out_as_the_reference_does(void **state) {
    (void)state;
    Error err = {0};
    SafeTensors theirs, ours;
    CHECK_OK(safetensors_open(&theirs, TESTS_FOLDER "/golden/tiny-bert/golden.safetensors", &err), &err);
    CHECK_OK(safetensors_write(FILE_PATH, theirs.tensors, theirs.count, &err), &err);
    CHECK_OK(safetensors_open(&ours, FILE_PATH, &err), &err);
    assert_int_equal(ours.count, theirs.count);
    const FileMap *their_map = &theirs.files->map, *our_map = &ours.files->map;
    for (int i = 0; i < ours.count; i++) {
        const StoredTensor *a = &ours.tensors[i], *b = &theirs.tensors[i];
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->type, b->type);
        assert_int_equal(our_map->data + our_map->size - (const unsigned char *)a->data,
                         their_map->data + their_map->size - (const unsigned char *)b->data);
        assert_memory_equal(a->data, b->data, a->bytes);
    }
    assert_string_equal(safetensors_find(&ours, "starts")->name, "starts");
    assert_null(safetensors_find(&ours, "start"));
    safetensors_close(&ours);
    safetensors_close(&theirs);
}

static void names_of_any_text_and_empty_tensors_come_back(void **state) {
    (void)state;
    Error err = {0};
    const double pair[2] = {1.5, -2};
    StoredTensor tensors[] = {
        {.name = "a\"b\\c\n\u00e4", .type = TENSOR_F64, .dimensions = 1, .shape = {2}, .data = pair},
        {.name = "", .type = TENSOR_F32, .dimensions = 2, .shape = {0, 7}},
        {.name = "one number", .type = TENSOR_U8, .data = "x"},
    };
    CHECK_OK(safetensors_write(FILE_PATH, tensors, 3, &err), &err);
    SafeTensors read;
    CHECK_OK(safetensors_open(&read, FILE_PATH, &err), &err);
    assert_int_equal(read.count, 3);
    assert_memory_equal(safetensors_find(&read, tensors[0].name)->data, pair, sizeof pair);
    assert_int_equal(tensor_elements(safetensors_find(&read, "")), 0);
    assert_int_equal(tensor_elements(safetensors_find(&read, "one number")), 1);
    safetensors_close(&read);
    CHECK_OK(safetensors_write(FILE_PATH, NULL, 0, &err), &err);
    CHECK_OK(safetensors_open(&read, FILE_PATH, &err), &err);
    assert_int_equal(read.count, 0);
    assert_null(safetensors_find(&read, "a"));
    safetensors_close(&read);
}

/* ---- numbers ---- */

/* The value of a 16-bit float with `exponent_bits`, by its definition. */
static double slow_value(uint32_t bits, int exponent_bits) {
    int mantissa_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (int)(bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
    double mantissa = bits & ((1u << mantissa_bits) - 1), sign = bits & 0x8000 ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1) return mantissa != 0 ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0) return sign * ldexp(mantissa, 1 - bias - mantissa_bits);
    return sign * ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
}

static void check_all_16_bit_floats(const char *type, int exponent_bits) {
    enum { PATTERNS = 1 << 16 };
    Error err = {0};
    char header[200];
    snprintf(header, sizeof header, "{\"x\":{\"dtype\":\"%s\",\"shape\":[65536],\"data_offsets\":[0,131072]}} ",
             type); /* odd length */
    make_file(FILE_PATH, header, 0);
    FILE *file = fopen(FILE_PATH, "ab");
    for (uint32_t i = 0; i < PATTERNS; i++) fwrite(&(uint16_t){(uint16_t)i}, 2, 1, file);
    fclose(file);
    SafeTensors tensors;
    CHECK_OK(safetensors_open(&tensors, FILE_PATH, &err), &err);
    float *values = mem_new(PATTERNS, sizeof *values, &err);
    CHECK_OK(tensor_read_floats(tensors.tensors, 0, 100, values, &err), &err);
    CHECK_OK(tensor_read_floats(tensors.tensors, 100, PATTERNS - 100, values + 100, &err), &err);
    for (uint32_t i = 0; i < PATTERNS; i++) {
        double expected = slow_value(i, exponent_bits), found = (double)values[i];
        if (isnan(expected) ? !isnan(found) : found != expected || signbit(found) != signbit(expected))
            fail_msg("%s 0x%04x is %g, expected %g", type, i, found, expected);
    }
    mem_free(values);
    safetensors_close(&tensors);
}

static void every_half_and_bfloat_has_its_value(void **state) {
    (void)state;
    check_all_16_bit_floats("F16", 5);
    check_all_16_bit_floats("BF16", 8);
}

/* ---- files that are not what they should be ---- */

#define ENTRY(name, type, shape, offsets) \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"

static void check_refused(const char *header, size_t bytes, const char *part) {
    Error err;
    SafeTensors tensors;
    make_file(FILE_PATH, header, bytes);
    CHECK_FAILS(safetensors_open(&tensors, FILE_PATH, &err), &err, ERROR_MODEL, part);
}

static void a_header_that_lies_is_refused(void **state) {
    (void)state;
    check_refused("", 0, "expected a value");
    check_refused("[]", 0, "header");
    check_refused("{} {}", 0, "expected nothing behind the value");
    check_refused("{\"a\":1}", 0, "entry 'a'");
    check_refused("{\"a\":{}}", 0, "entry 'a'");
    check_refused("{\"a\\u0000b\":{}}", 0, "NUL");
    check_refused("{" ENTRY("a", "F32", "2", "0,4") "}", 4, "tensor 'a' has 4 bytes, expected as many as [2] of F32 needs");
    check_refused("{" ENTRY("a", "F32", "1", "0,8") "}", 8, "tensor 'a' has 8 bytes");
    check_refused("{" ENTRY("a", "F32", "1", "4,0") "}", 8, "bytes 4 to 0");
    check_refused("{" ENTRY("a", "F32", "2", "0,8") "}", 4, "within the file's 4 bytes");
    check_refused("{" ENTRY("a", "F32", "1", "999999999999999996,1000000000000000000") "}", 4, "entry 'a'");
    check_refused("{" ENTRY("a", "F32", "1", "99999999999999996,100000000000000000") "}", 4, "within the file's 4 bytes");
    check_refused("{" ENTRY("a", "F32", "-1", "0,4") "}", 4, "entry 'a'");
    check_refused("{" ENTRY("a", "F32", "1.0", "0,4") "}", 4, "entry 'a'");
    check_refused("{" ENTRY("a", "F32", "1", "0,4,4") "}", 4, "entry 'a'");
    check_refused("{" ENTRY("a", "F32", "1", "0") "}", 4, "entry 'a'");
    check_refused("{" ENTRY("a", "F32", "1,1,1,1,1,1,1,1,1", "0,4") "}", 4, "entry 'a'");
    check_refused("{" ENTRY("a", "F32", "4294967296,4294967296", "0,0") "}", 0, "tensor 'a' has 0 bytes"); /* 2^64 elements */
    check_refused("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "entry 'a'");
    check_refused("{" ENTRY("a", "F32", "1", "0,4") "," ENTRY("a", "F32", "1", "4,8") "}", 8, "'a' is there twice");
    check_refused("{" ENTRY("a", "F32", "1", "0,4") "," ENTRY("b", "F32", "1", "0,4") "}", 4, "must lie end to end");
    check_refused("{" ENTRY("a", "F32", "2", "0,8") "," ENTRY("b", "F32", "1", "4,8") "}", 8, "must lie end to end");
    check_refused("{" ENTRY("a", "F32", "1", "4,8") "}", 8, "begins at byte 4 of the data, expected 0");
    check_refused("{" ENTRY("a", "F32", "1", "0,4") "}", 5, "5 bytes of data, expected 4");
    check_refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__");
}

static void a_length_that_lies_is_refused(void **state) {
    (void)state;
    Error err;
    SafeTensors tensors;
    unsigned char bytes[16] = {0};
    for (int i = 0; i < 8; i++) bytes[i] = 0xff;
    CHECK_OK(file_write(FILE_PATH, bytes, sizeof bytes, &err), &err);
    CHECK_FAILS(safetensors_open(&tensors, FILE_PATH, &err), &err, ERROR_MODEL, "header of 18446744073709551615 bytes");
    memcpy(bytes, "\0\0\0\0\1\0\0\0", 8); /* 4 GB */
    CHECK_OK(file_write(FILE_PATH, bytes, sizeof bytes, &err), &err);
    CHECK_FAILS(safetensors_open(&tensors, FILE_PATH, &err), &err, ERROR_MODEL, "header of 4294967296 bytes");
    memcpy(bytes, "\11\0\0\0\0\0\0\0", 8);
    CHECK_OK(file_write(FILE_PATH, bytes, sizeof bytes, &err), &err);
    CHECK_FAILS(safetensors_open(&tensors, FILE_PATH, &err), &err, ERROR_MODEL,
                "header of 9 bytes in a file of 16: the file is cut off");
    CHECK_FAILS(safetensors_open(&tensors, FOLDER, &err), &err, ERROR_MODEL, "not a regular file");
    CHECK_FAILS(safetensors_open(&tensors, FOLDER "/none", &err), &err, ERROR_MODEL, "none: cannot be opened");
}

/* A file of two tensors, as bytes. */
static size_t small_file(unsigned char *bytes, size_t room) {
    Error err = {0};
    StoredTensor tensors[] = {
        {.name = "first", .type = TENSOR_F32, .dimensions = 2, .shape = {2, 3}, .data = "abcdefghijklmnopqrstuvwx"},
        {.name = "second", .type = TENSOR_BF16, .dimensions = 1, .shape = {3}, .data = "abcdef"},
    };
    FileMap map;
    CHECK_OK(safetensors_write(FILE_PATH, tensors, 2, &err), &err);
    CHECK_OK(file_map(&map, FILE_PATH, ERROR_PATH, &err), &err);
    assert_true(map.size <= room);
    memcpy(bytes, map.data, map.size);
    size_t size = map.size;
    file_unmap(&map);
    return size;
}

static void write_plainly(const unsigned char *bytes, size_t size) {
    FILE *file = fopen(FILE_PATH, "wb");
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void a_file_cut_anywhere_is_refused(void **state) {
    (void)state;
    unsigned char bytes[1024];
    size_t size = small_file(bytes, sizeof bytes);
    for (size_t cut = 0; cut < size; cut++) {
        Error err;
        SafeTensors tensors;
        write_plainly(bytes, cut);
        CHECK_FAILS(safetensors_open(&tensors, FILE_PATH, &err), &err, ERROR_MODEL, FILE_PATH);
    }
}

/* Under the sanitizers, this is the test that nothing is read beyond the mapping. */
static void a_changed_byte_never_leads_outside(void **state) {
    (void)state;
    unsigned char bytes[1024];
    size_t size = small_file(bytes, sizeof bytes);
    for (size_t at = 0; at < size; at++) {
        for (int flip = 1; flip < 256; flip <<= 1) {
            Error err = {0};
            SafeTensors tensors;
            float values[6];
            bytes[at] ^= (unsigned char)flip;
            write_plainly(bytes, size);
            if (safetensors_open(&tensors, FILE_PATH, &err)) {
                for (int i = 0; i < tensors.count; i++)
                    if (tensor_elements(&tensors.tensors[i]) <= 6)
                        (void)!tensor_read_floats(&tensors.tensors[i], 0, tensor_elements(&tensors.tensors[i]), values, &err);
                safetensors_close(&tensors);
            } else {
                assert_int_equal(err.kind, ERROR_MODEL);
            }
            bytes[at] ^= (unsigned char)flip;
        }
    }
}

static void a_type_without_floats_may_stand_there_but_not_be_read(void **state) {
    (void)state;
    Error err = {0};
    SafeTensors tensors;
    float value;
    make_file(FILE_PATH, "{" ENTRY("a", "F8_E4M3", "3", "0,3") "," ENTRY("b", "I64", "1", "3,11") "}", 11);
    CHECK_OK(safetensors_open(&tensors, FILE_PATH, &err), &err);
    CHECK_FAILS(tensor_read_floats(&tensors.tensors[0], 0, 1, &value, &err), &err, ERROR_MODEL,
                "tensor 'a' is of an unknown type, expected F32, F16 or BF16");
    CHECK_FAILS(tensor_read_floats(&tensors.tensors[1], 0, 1, &value, &err), &err, ERROR_MODEL,
                "tensor 'b' is I64, expected F32");
    safetensors_close(&tensors);
}

/* ---- shards ---- */

static void check_index_refused(const char *index, const char *part) {
    Error err;
    SafeTensors tensors;
    CHECK_OK(file_write(FOLDER "/i.json", index, strlen(index), &err), &err);
    CHECK_FAILS(safetensors_open_index(&tensors, FOLDER "/i.json", &err), &err, ERROR_MODEL, part);
}

static void an_index_names_only_files_beside_it(void **state) {
    (void)state;
    Error err = {0};
    make_file(FOLDER "/1", "{" ENTRY("a", "U8", "1", "0,1") "}", 1);
    make_file(FOLDER "/2", "{" ENTRY("b", "U8", "1", "0,1") "}", 1);
    make_file(FOLDER "/3", "{" ENTRY("a", "U8", "1", "0,1") "," ENTRY("c", "U8", "0", "0,0") "}", 1);
    check_index_refused("{\"weight_map\":{\"a\":\"../1\"}}", "'../1' is no name of a file in this folder");
    check_index_refused("{\"weight_map\":{\"a\":\"/etc/passwd\"}}", "is no name of a file");
    check_index_refused("{\"weight_map\":{\"a\":\"..\"}}", "is no name of a file");
    check_index_refused("{\"weight_map\":{\"a\":\"\"}}", "is no name of a file");
    check_index_refused("{\"weight_map\":{\"a\":\"1\\u0000\"}}", "is no name of a file");
    check_index_refused("{\"weight_map\":{\"a\":1}}", "tensor 'a' names no file");
    check_index_refused("{\"weight_map\":{}}", "no weight_map that names a tensor");
    check_index_refused("{}", "no weight_map");
    check_index_refused("[]", "expected a JSON object");
    check_index_refused("{\"weight_map\":{\"a\":\"1\"}", "expected a closing bracket");
    check_index_refused("{\"weight_map\":{\"a\":\"1\",\"b\":\"none\"}}", "none: cannot be opened");
    check_index_refused("{\"weight_map\":{\"a\":\"1\",\"b\":\"1\"}}", "tensor 'b' is not in 1");
    check_index_refused("{\"weight_map\":{\"a\":\"2\",\"b\":\"1\"}}", "is not in");
    check_index_refused("{\"weight_map\":{\"a\":\"1\",\"c\":\"3\"}}", "'a' is there twice");
    const char *index = "{\"metadata\":{\"total_size\":2},\"weight_map\":{\"b\":\"2\",\"a\":\"1\"}}";
    CHECK_OK(file_write(FOLDER "/i.json", index, strlen(index), &err), &err);
    SafeTensors tensors;
    CHECK_OK(safetensors_open_index(&tensors, FOLDER "/i.json", &err), &err);
    assert_int_equal(tensors.count, 2);
    assert_string_equal(safetensors_find(&tensors, "b")->file, FOLDER "/2");
    safetensors_close(&tensors);
}

static int make_folder(void **state) {
    (void)state;
    return folder_make(FOLDER, NULL) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return folder_remove(FOLDER, NULL) ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_written_as_the_reference_writes_them),
        cmocka_unit_test(types_are_laid_out_as_the_reference_does),
        cmocka_unit_test(names_of_any_text_and_empty_tensors_come_back),
        cmocka_unit_test(every_half_and_bfloat_has_its_value),
        cmocka_unit_test(a_header_that_lies_is_refused),
        cmocka_unit_test(a_length_that_lies_is_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_changed_byte_never_leads_outside),
        cmocka_unit_test(a_type_without_floats_may_stand_there_but_not_be_read),
        cmocka_unit_test(an_index_names_only_files_beside_it),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
