/* NumPy's .npy files (format 1.0), for features and labels: little-endian, C order. Source: numpy.lib.format. */
#ifndef TWOFOLD_FEATURES_NPY_H
#define TWOFOLD_FEATURES_NPY_H

#include <stdint.h>

#include "common/error.h"
#include "common/file.h"
#include "features/features.h"

#pragma GCC visibility push(default)

/* Row by row, for matrices that need not fit into memory. The file appears under its name with npy_commit and not before. */
typedef struct NpyWriter {
    FileWriter file;
    int64_t bytes_left; /* until the shape given at the start is full */
} NpyWriter;
MUST_CHECK bool npy_open_float32(NpyWriter *writer, const char *path, int64_t rows, int64_t channels, Error *err);
MUST_CHECK bool npy_open_int64(NpyWriter *writer, const char *path, int64_t count, Error *err);
void npy_add_float32(NpyWriter *writer, const float *values, int64_t count);
void npy_add_int64(NpyWriter *writer, const int64_t *values, int64_t count);
MUST_CHECK bool npy_commit(NpyWriter *writer, Error *err);
void npy_cancel(NpyWriter *writer); /* nothing after a commit */

/* Whole arrays in one call; labels are class ids. */
MUST_CHECK bool npy_write_features(const char *path, const Features *features, Error *err);
MUST_CHECK bool npy_write_labels(const char *path, const int32_t *labels, int count, Error *err);

/* Reads what these write, and what numpy.save writes of the same types ('<f4' with two dimensions, '<i8' with one, C order,
 * format 1.0). Anything else: ERROR_DATA with what was found. */
MUST_CHECK bool npy_read_features(Features *out, const char *path, Error *err);
/* The values where they stand in the file. Release with npy_unmap. */
typedef struct NpyMap {
    FileMap file;
    Features features; /* values borrowed from the file: read-only, not freed */
} NpyMap;
MUST_CHECK bool npy_map_features(NpyMap *map, const char *path, Error *err);
void npy_unmap(NpyMap *map); /* takes a zeroed one */
/* *labels from mem_new. */
MUST_CHECK bool npy_read_int64(int64_t **values, int64_t *count, const char *path, Error *err);

#pragma GCC visibility pop
#endif
