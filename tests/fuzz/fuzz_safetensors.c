/* One safetensors file: every tensor handed out lies in the file, can be found by its name and read. */
#include "common/safetensors.h"
#include "tests/fuzz/fuzz.h"

static void check_tensor(const SafeTensors *file, int i, size_t size) {
    const StoredTensor *tensor = &file->tensors[i];
    const unsigned char *begin = file->files->map.data;
    FUZZ_CHECK(safetensors_find(file, tensor->name) == tensor);
    FUZZ_CHECK((const unsigned char *)tensor->data >= begin && (const unsigned char *)tensor->data + tensor->bytes <= begin + size);
    if (tensor->type == TENSOR_OTHER) return;
    FUZZ_CHECK(tensor_elements(tensor) * tensor_type_bytes(tensor->type) == tensor->bytes);
    char shape[128];
    tensor_shape_text(shape, tensor);
    FUZZ_CHECK(shape[0] == '[' && shape[strlen(shape) - 1] == ']');
    size_t elements = tensor_elements(tensor);
    float *values = malloc(elements ? elements * sizeof *values : 1);
    FUZZ_CHECK(values);
    bool floats = tensor->type == TENSOR_F32 || tensor->type == TENSOR_F16 || tensor->type == TENSOR_BF16;
    FUZZ_CHECK(tensor_read_floats(tensor, 0, elements, values, NULL) == floats);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SafeTensors file;
    Error err = {0};
    if (safetensors_open(&file, fuzz_put("model.safetensors", (Bytes){data, size}), &err))
        for (int i = 0; i < file.count; i++) check_tensor(&file, i, size);
    else
        fuzz_check_error(&err);
    safetensors_close(&file);
    return 0;
}
