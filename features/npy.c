#include "features/npy.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

static const char MAGIC[] = "\x93NUMPY\x01"; /* and a second version byte, 0 */
enum { PREAMBLE = 10, ALIGNMENT = 64 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are written as they stand in memory");

/* ---- writing ---- */

/* The dictionary as NumPy writes it, filled with spaces so that the values start at a multiple of 64. */
static bool header_write(NpyWriter *writer, const char *path, const char *type, const char *shape, Error *err) {
    char dictionary[160];
    int used = snprintf(dictionary, sizeof dictionary, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", type, shape);
    size_t whole = ((size_t)PREAMBLE + (size_t)used + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, size = whole - PREAMBLE;
    if (!file_writer_open(&writer->file, path, err)) return false;
    unsigned char lengths[3] = {0, (unsigned char)(size & 0xff), (unsigned char)(size >> 8)};
    file_writer_add(&writer->file, MAGIC, 7);
    file_writer_add(&writer->file, lengths, sizeof lengths);
    file_writer_printf(&writer->file, "%s%*s\n", dictionary, (int)size - used - 1, "");
    return true;
}

bool npy_open_float32(NpyWriter *writer, const char *path, int64_t rows, int64_t channels, Error *err) {
    *writer = (NpyWriter){0};
    int64_t values;
    if (rows < 0 || channels < 0 || __builtin_mul_overflow(rows, channels, &values) ||
        __builtin_mul_overflow(values, (int64_t)sizeof(float), &writer->bytes_left))
        return FAIL(err, ERROR_FAILED, "%s: %lld × %lld values do not fit into a file", path, (long long)rows,
                    (long long)channels);
    char shape[64];
    snprintf(shape, sizeof shape, "%lld, %lld", (long long)rows, (long long)channels);
    return header_write(writer, path, "<f4", shape, err);
}

bool npy_open_int64(NpyWriter *writer, const char *path, int64_t count, Error *err) {
    *writer = (NpyWriter){0};
    if (count < 0 || __builtin_mul_overflow(count, (int64_t)sizeof(int64_t), &writer->bytes_left))
        return FAIL(err, ERROR_FAILED, "%s: %lld values do not fit into a file", path, (long long)count);
    char shape[64];
    snprintf(shape, sizeof shape, "%lld,", (long long)count);
    return header_write(writer, path, "<i8", shape, err);
}

static void values_write(NpyWriter *writer, const void *values, size_t bytes) {
    writer->bytes_left -= (int64_t)bytes;
    file_writer_add(&writer->file, values, bytes);
}

void npy_add_float32(NpyWriter *writer, const float *values, int64_t count) {
    values_write(writer, values, (size_t)count * sizeof *values);
}

void npy_add_int64(NpyWriter *writer, const int64_t *values, int64_t count) {
    values_write(writer, values, (size_t)count * sizeof *values);
}

bool npy_commit(NpyWriter *writer, Error *err) {
    if (writer->bytes_left != 0) {
        FAIL(err, ERROR_FAILED, "%s: %lld bytes short of the shape that its header names", writer->file.path,
             (long long)writer->bytes_left);
        npy_cancel(writer);
        return false;
    }
    return file_writer_commit(&writer->file, err);
}

void npy_cancel(NpyWriter *writer) { file_writer_cancel(&writer->file); }

bool npy_write_features(const char *path, const Features *features, Error *err) {
    NpyWriter writer;
    if (!npy_open_float32(&writer, path, features->rows, features->channels, err)) return false;
    npy_add_float32(&writer, features->values, (int64_t)features->rows * features->channels);
    return npy_commit(&writer, err);
}

bool npy_write_labels(const char *path, const int32_t *labels, int count, Error *err) {
    NpyWriter writer;
    if (!npy_open_int64(&writer, path, count, err)) return false;
    for (int i = 0; i < count; i++) npy_add_int64(&writer, &(int64_t){labels[i]}, 1);
    return npy_commit(&writer, err);
}

/* ---- reading ---- */

typedef struct Array {
    FileMap map;
    const unsigned char *values;
    int64_t shape[2];
} Array;

/* The words of the dictionary follow each other with any spaces between. */
static bool word_take(const char **at, const char *end, const char *word) {
    size_t size = strlen(word);
    while (*at < end && **at == ' ') ++*at;
    if ((size_t)(end - *at) < size || memcmp(*at, word, size) != 0) return false;
    *at += size;
    return true;
}

static bool size_take(const char **at, const char *end, int64_t *size) {
    while (*at < end && **at == ' ') ++*at;
    const char *first = *at;
    for (*size = 0; *at < end && **at >= '0' && **at <= '9'; ++*at)
        if (__builtin_mul_overflow(*size, (int64_t)10, size) || __builtin_add_overflow(*size, (int64_t)(**at - '0'), size))
            return false;
    return *at > first;
}

/* NumPy writes the three keys in this order, and format 1.0 whenever the dictionary is short. */
static bool dictionary_read(Array *array, const char *at, const char *end, const char *quoted_type, int dimensions) {
    if (!word_take(&at, end, "{") || !word_take(&at, end, "'descr'") || !word_take(&at, end, ":") ||
        !word_take(&at, end, quoted_type) || !word_take(&at, end, ",") || !word_take(&at, end, "'fortran_order'") ||
        !word_take(&at, end, ":") || !word_take(&at, end, "False") || !word_take(&at, end, ",") ||
        !word_take(&at, end, "'shape'") || !word_take(&at, end, ":") || !word_take(&at, end, "(") ||
        !size_take(&at, end, &array->shape[0]) || !word_take(&at, end, ","))
        return false;
    if (dimensions == 2 && !size_take(&at, end, &array->shape[1])) return false;
    if (!word_take(&at, end, ")")) return false;
    (void)word_take(&at, end, ",");
    if (!word_take(&at, end, "}")) return false;
    while (at < end && *at == ' ') at++;
    return end - at == 1 && *at == '\n';
}

static bool array_check(Array *array, const char *path, const char *quoted_type, int dimensions, int64_t size_of_value,
                        Error *err) {
    const unsigned char *data = array->map.data;
    if (array->map.size < PREAMBLE || memcmp(data, MAGIC, 7) != 0 || data[7] != 0)
        return FAIL(err, ERROR_DATA, "%s: not a .npy file of format 1.0", path);
    size_t header = (size_t)data[8] | (size_t)data[9] << 8, rest = array->map.size - PREAMBLE;
    if (header > rest) return FAIL(err, ERROR_DATA, "%s: ends within its header", path);
    const char *dictionary = (const char *)data + PREAMBLE;
    array->shape[1] = 1;
    if (!dictionary_read(array, dictionary, dictionary + header, quoted_type, dimensions))
        return FAIL(err, ERROR_DATA, "%s: holds %.*s, expected %s in C order with %d dimension%s", path,
                    (int)(header < 120 ? header : 120), dictionary, quoted_type, dimensions, dimensions == 1 ? "" : "s");
    int64_t bytes;
    if (__builtin_mul_overflow(array->shape[0], array->shape[1], &bytes) ||
        __builtin_mul_overflow(bytes, size_of_value, &bytes) || (uint64_t)bytes != rest - header)
        return FAIL(err, ERROR_DATA, "%s: %zu bytes of values, its header names %lld × %lld of %lld bytes", path, rest - header,
                    (long long)array->shape[0], (long long)array->shape[1], (long long)size_of_value);
    array->values = data + PREAMBLE + header;
    return true;
}

static bool array_open(Array *array, const char *path, const char *quoted_type, int dimensions, int64_t size_of_value,
                       Error *err) {
    *array = (Array){0};
    if (!file_map(&array->map, path, ERROR_PATH, err)) return false;
    if (array_check(array, path, quoted_type, dimensions, size_of_value, err)) return true;
    file_unmap(&array->map);
    return false;
}

bool npy_map_features(NpyMap *map, const char *path, Error *err) {
    *map = (NpyMap){0};
    Array array;
    if (!array_open(&array, path, "'<f4'", 2, sizeof(float), err)) return false;
    if (array.shape[0] > INT32_MAX || array.shape[1] > INT32_MAX || (uintptr_t)array.values % _Alignof(float) != 0) {
        FAIL(err, ERROR_DATA, "%s: %lld × %lld values, expected at most %d of each, at a multiple of 4 bytes", path, (long long)array.shape[0],
             (long long)array.shape[1], INT32_MAX);
        file_unmap(&array.map);
        return false;
    }
    /* Features are written by those who make them; who maps them only reads. */
    map->features = (Features){(int)array.shape[0], (int)array.shape[1], (float *)(uintptr_t)array.values};
    map->file = array.map;
    return true;
}

void npy_unmap(NpyMap *map) {
    file_unmap(&map->file);
    *map = (NpyMap){0};
}

bool npy_read_features(Features *out, const char *path, Error *err) {
    *out = (Features){0};
    NpyMap map;
    if (!npy_map_features(&map, path, err)) return false;
    bool good = features_make(out, map.features.rows, map.features.channels, err);
    size_t count = (size_t)map.features.rows * (size_t)map.features.channels;
    if (good && count) memcpy(out->values, map.features.values, count * sizeof(float));
    npy_unmap(&map);
    return good;
}

bool npy_read_int64(int64_t **values, int64_t *count, const char *path, Error *err) {
    *values = NULL;
    *count = 0;
    Array array;
    if (!array_open(&array, path, "'<i8'", 1, sizeof(int64_t), err)) return false;
    *values = mem_new((size_t)array.shape[0], sizeof **values, err);
    if (*values) {
        *count = array.shape[0];
        if (*count) memcpy(*values, array.values, (size_t)*count * sizeof **values);
    }
    file_unmap(&array.map);
    return *values != NULL;
}
