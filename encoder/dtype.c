#include "encoder/dtype.h"

#include <string.h>

const char *dtype_name(Dtype dtype) {
    static const char *const NAMES[DTYPES] = {[DTYPE_FLOAT32] = "float32", [DTYPE_BFLOAT16] = "bfloat16", [DTYPE_INT8] = "int8"};
    return NAMES[dtype];
}

Dtype dtype_find(const char *name) {
    Dtype dtype = DTYPE_FLOAT32;
    while (dtype < DTYPES && strcmp(name, dtype_name(dtype)) != 0) dtype++;
    return dtype;
}
