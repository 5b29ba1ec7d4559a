/* Tensors by name in a file, as Hugging Face's safetensors stores them (https://github.com/huggingface/safetensors, "Format"):
 * eight bytes with the length of a JSON header, the header, then the bytes of all tensors without gap or overlap. A file is
 * mapped and checked whole before the first tensor is handed out; what the checks refuse is what the reference implementation
 * refuses. */
#ifndef TWOFOLD_COMMON_SAFETENSORS_H
#define TWOFOLD_COMMON_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/file.h"

enum { TENSOR_DIMENSIONS = 8 }; /* the most a stored tensor may have */

/* In the format's own order, which decides the layout of a written file. OTHER is a type this program has no name for. */
typedef enum TensorType {
    TENSOR_OTHER,
    TENSOR_BOOL,
    TENSOR_U8,
    TENSOR_I8,
    TENSOR_I16,
    TENSOR_U16,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_I32,
    TENSOR_U32,
    TENSOR_F32,
    TENSOR_F64,
    TENSOR_I64,
    TENSOR_U64
} TensorType;

/* A tensor of a file (data points into the mapping, aligned to nothing; little-endian, row-major) or one to be written. */
typedef struct StoredTensor {
    const char *name;
    TensorType type;
    int dimensions; /* 0: a single number */
    int64_t shape[TENSOR_DIMENSIONS];
    const void *data;
    size_t bytes;     /* when writing: computed from type and shape */
    const char *file; /* path of the file it stands in; borrowed; not used when writing */
} StoredTensor;

typedef struct SafeTensorsFile {
    struct SafeTensorsFile *next;
    FileMap map;
    char *path;
} SafeTensorsFile;

/* All tensors of one file, or of all shards of a model. */
typedef struct SafeTensors {
    StoredTensor *tensors; /* (count) in order of name (bytes) */
    int count;
    size_t capacity;
    SafeTensorsFile *files; /* a list */
} SafeTensors;

/* Maps one file. Whatever is wrong with it is ERROR_MODEL. */
MUST_CHECK bool safetensors_open(SafeTensors *out, const char *path, Error *err);
/* The same for a file that an earlier run left, and that is done without when it is damaged: one that cannot be read is ERROR_PATH. */
MUST_CHECK bool safetensors_open_left(SafeTensors *out, const char *path, Error *err);
/* Maps the shards that an index ("weight_map": tensor name → file name) beside them lists. Names that would leave the folder
 * are refused. */
MUST_CHECK bool safetensors_open_index(SafeTensors *out, const char *index_path, Error *err);
void safetensors_close(SafeTensors *tensors); /* takes a zeroed one; everything handed out ends here */

const StoredTensor *safetensors_find(const SafeTensors *tensors, const char *name); /* or NULL */
size_t tensor_elements(const StoredTensor *tensor);
const char *tensor_type_name(TensorType type);                     /* "F32" */
size_t tensor_type_bytes(TensorType type);                         /* of one element; 0 for OTHER */
void tensor_shape_text(char out[128], const StoredTensor *tensor); /* "[3072, 768]" */

/* Elements [first, first + count) as float32, from F32, F16 or BF16; another type is ERROR_MODEL. The range must lie inside. */
MUST_CHECK bool tensor_read_floats(const StoredTensor *tensor, size_t first, size_t count, float *out, Error *err);

/* All elements where they lie in the mapping, or NULL when they are no float32 of this machine at an address for them. */
const float *tensor_floats(const StoredTensor *tensor);

/* The tensor has been read: its pages of the file need not stay in memory. Reading it again reads the file again. */
void tensor_forget(const StoredTensor *tensor);

/* Writes the file whole or not at all, in any order of `tensors`: header {"__metadata__":{"format":"pt"}, …} and layout
 * (larger types first, then by name) are the bytes that the reference implementation writes. Names must differ and types must
 * be known (assert). */
MUST_CHECK bool safetensors_write(const char *path, const StoredTensor *tensors, int count, Error *err);

#endif
