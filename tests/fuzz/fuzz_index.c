/* model.safetensors.index.json beside two shards, "a.safetensors" with tensors "x" and "y" and "b.safetensors" with "z". Nothing outside
 * the folder is opened. */
#include "common/safetensors.h"
#include "tests/fuzz/fuzz.h"

static void write_shards(void) {
    static bool written;
    static const float VALUES[2] = {1, 2};
    StoredTensor a[] = {{.name = "x", .type = TENSOR_F32, .dimensions = 1, .shape = {2}, .data = VALUES},
                        {.name = "y", .type = TENSOR_F32, .dimensions = 0, .data = VALUES}};
    StoredTensor b[] = {{.name = "z", .type = TENSOR_F32, .dimensions = 1, .shape = {1}, .data = VALUES}};
    if (written) return;
    written = safetensors_write(fuzz_path("a.safetensors"), a, 2, NULL) && safetensors_write(fuzz_path("b.safetensors"), b, 1, NULL);
    FUZZ_CHECK(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SafeTensors files;
    Error err = {0};
    Path index;
    write_shards();
    FUZZ_CHECK(path_make(&index, NULL, "%s", fuzz_put("model.safetensors.index.json", (Bytes){data, size})));
    size_t folder = strlen(fuzz_folder());
    if (safetensors_open_index(&files, index.text, &err)) {
        FUZZ_CHECK(files.count >= 1 && files.count <= 3);
        for (const SafeTensorsFile *file = files.files; file; file = file->next)
            FUZZ_CHECK(strncmp(file->path, fuzz_folder(), folder) == 0 && path_base(file->path) == file->path + folder + 1);
    } else
        fuzz_check_error(&err);
    safetensors_close(&files);
    return 0;
}
