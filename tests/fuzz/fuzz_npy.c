/* A .npy file, read as features and as labels. What was read is written as a file that reads the same. */
#include "common/memory.h"
#include "features/npy.h"
#include "tests/fuzz/fuzz.h"

static void check_written(const Features *features) {
    Features again;
    Error err = {0};
    size_t bytes = (size_t)features->rows * (size_t)features->channels * sizeof(float);
    FUZZ_CHECK(npy_write_features(fuzz_path("again.npy"), features, &err));
    FUZZ_CHECK(npy_read_features(&again, fuzz_path("again.npy"), &err));
    FUZZ_CHECK(again.rows == features->rows && again.channels == features->channels);
    FUZZ_CHECK(!bytes || memcmp(again.values, features->values, bytes) == 0);
    features_free(&again);
}

static void check_written_ints(const int64_t *values, int64_t count) {
    NpyWriter writer;
    int64_t *again, again_count;
    Error err = {0};
    FUZZ_CHECK(npy_open_int64(&writer, fuzz_path("again.npy"), count, &err));
    npy_add_int64(&writer, values, count);
    FUZZ_CHECK(npy_commit(&writer, &err));
    FUZZ_CHECK(npy_read_int64(&again, &again_count, fuzz_path("again.npy"), &err));
    FUZZ_CHECK(again_count == count && (!count || memcmp(again, values, (size_t)count * sizeof *again) == 0));
    mem_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = fuzz_put("values.npy", (Bytes){data, size});
    Features features;
    Error err = {0};
    bool read = npy_read_features(&features, path, &err);
    if (!read) fuzz_check_error(&err);
    int64_t *values, count;
    err = (Error){0};
    if (npy_read_int64(&values, &count, path, &err)) {
        FUZZ_CHECK(!read && (size_t)count * 8 < size);
        check_written_ints(values, count);
    } else
        fuzz_check_error(&err);
    mem_free(values);
    if (read) check_written(&features);
    features_free(&features);
    return 0;
}
