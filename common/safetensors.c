#include "common/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

enum {
    LENGTH_BYTES = 8,
    LONGEST_HEADER = 100 * 1000 * 1000 /* the reference implementation's own limit */
};

static const struct {
    const char *name;
    unsigned bytes;
} TYPES[] = {
    [TENSOR_OTHER] = {"of an unknown type", 0},
    [TENSOR_BOOL] = {"BOOL", 1},
    [TENSOR_U8] = {"U8", 1},
    [TENSOR_I8] = {"I8", 1},
    [TENSOR_I16] = {"I16", 2},
    [TENSOR_U16] = {"U16", 2},
    [TENSOR_F16] = {"F16", 2},
    [TENSOR_BF16] = {"BF16", 2},
    [TENSOR_I32] = {"I32", 4},
    [TENSOR_U32] = {"U32", 4},
    [TENSOR_F32] = {"F32", 4},
    [TENSOR_F64] = {"F64", 8},
    [TENSOR_I64] = {"I64", 8},
    [TENSOR_U64] = {"U64", 8},
};
enum { TYPE_COUNT = sizeof TYPES / sizeof *TYPES };

const char *tensor_type_name(TensorType type) { return TYPES[type].name; }
size_t tensor_type_bytes(TensorType type) { return TYPES[type].bytes; }

static TensorType type_named(const char *name, size_t size) {
    for (int type = TENSOR_OTHER + 1; type < TYPE_COUNT; type++)
        if (strlen(TYPES[type].name) == size && memcmp(TYPES[type].name, name, size) == 0) return (TensorType)type;
    return TENSOR_OTHER;
}

/* ---- the header ---- */

/* What one entry of the header says, before it is believed. */
typedef struct Entry {
    StoredTensor tensor;
    uint64_t begin, end; /* data_offsets */
    bool has_type, has_shape, has_offsets;
} Entry;

static bool malformed(const char *path, const JsonReader *json, const char *name, Error *err) {
    if (json->problem)
        return FAIL(err, ERROR_MODEL, "%s: header: byte %zu: expected %s", path, json_reader_offset(json), json->problem);
    return FAIL(err, ERROR_MODEL,
                "%s: header: entry '%.80s' is not as it should be, expected dtype, shape and data_offsets, once each", path,
                name);
}

/* A list of whole numbers behind a key; how many, or -1 when it is anything else or longer than `most`. */
static int read_sizes(JsonReader *json, uint64_t *out, int most) {
    enum { MOST_DIGITS = 18 }; /* stays below 2^63 */
    if (json_read(json) != JSON_ARRAY_BEGIN) return -1;
    for (int count = 0;; count++) {
        JsonToken token = json_read(json);
        if (token == JSON_ARRAY_END) return count;
        if (token != JSON_NUMBER || count == most || json->size > MOST_DIGITS) return -1;
        out[count] = 0;
        for (size_t i = 0; i < json->size; i++) {
            if (json->text[i] < '0' || json->text[i] > '9') return -1;
            out[count] = out[count] * 10 + (uint64_t)(json->text[i] - '0');
        }
    }
}

static bool is_text(const JsonReader *json, const char *text) {
    return json->size == strlen(text) && memcmp(json->text, text, json->size) == 0;
}

static bool read_shape(JsonReader *json, StoredTensor *tensor) {
    uint64_t sizes[TENSOR_DIMENSIONS];
    tensor->dimensions = read_sizes(json, sizes, TENSOR_DIMENSIONS);
    for (int i = 0; i < tensor->dimensions; i++) tensor->shape[i] = (int64_t)sizes[i];
    return tensor->dimensions >= 0;
}

/* One member of an entry; each may come once, unknown ones are passed over. */
static bool read_member(JsonReader *json, Entry *entry) {
    if (is_text(json, "dtype")) {
        if (entry->has_type || json_read(json) != JSON_STRING) return false;
        entry->tensor.type = type_named(json->text, json->size);
        return entry->has_type = true;
    }
    if (is_text(json, "shape")) {
        if (entry->has_shape || !read_shape(json, &entry->tensor)) return false;
        return entry->has_shape = true;
    }
    if (is_text(json, "data_offsets")) {
        uint64_t offsets[2];
        if (entry->has_offsets || read_sizes(json, offsets, 2) != 2) return false;
        entry->begin = offsets[0];
        entry->end = offsets[1];
        return entry->has_offsets = true;
    }
    return json_skip(json, JSON_KEY);
}

static bool read_entry(JsonReader *json, Entry *entry) {
    if (json_read(json) != JSON_OBJECT_BEGIN) return false;
    for (;;) {
        JsonToken token = json_read(json);
        if (token == JSON_OBJECT_END) return entry->has_type && entry->has_shape && entry->has_offsets;
        if (token != JSON_KEY || !read_member(json, entry)) return false;
    }
}

/* Bytes that type and shape need; false when they do not fit 64 bits. */
static bool tensor_bytes(const StoredTensor *tensor, uint64_t *bytes) {
    *bytes = tensor_type_bytes(tensor->type);
    for (int i = 0; i < tensor->dimensions; i++)
        if (__builtin_mul_overflow(*bytes, (uint64_t)tensor->shape[i], bytes)) return false;
    return true;
}

/* The entry's range lies within the file's data and is as long as its shape says. */
static bool check_entry(const Entry *entry, uint64_t data_bytes, const char *path, Error *err) {
    const StoredTensor *tensor = &entry->tensor;
    uint64_t stored = entry->end - entry->begin, needed;
    if (entry->begin > entry->end || entry->end > data_bytes)
        return FAIL(
            err, ERROR_MODEL, "%s: tensor '%.120s' is bytes %llu to %llu, expected them within the file's %llu bytes of data",
            path, tensor->name, (unsigned long long)entry->begin, (unsigned long long)entry->end, (unsigned long long)data_bytes);
    /* The size of an unknown type is unknown too: such a tensor may stand there unread. */
    if (tensor->type != TENSOR_OTHER && (!tensor_bytes(tensor, &needed) || needed != stored)) {
        char shape[128];
        tensor_shape_text(shape, tensor);
        return FAIL(err, ERROR_MODEL, "%s: tensor '%.120s' has %llu bytes, expected as many as %s of %s needs", path,
                    tensor->name, (unsigned long long)stored, shape, tensor_type_name(tensor->type));
    }
    return true;
}

static StoredTensor *append(SafeTensors *tensors, Error *err) {
    if (tensors->count == INT32_MAX) {
        FAIL(err, ERROR_MODEL, "more than %d tensors", INT32_MAX);
        return NULL;
    }
    StoredTensor *grown = mem_grow(tensors->tensors, &tensors->capacity, (size_t)tensors->count + 1, sizeof *grown, err);
    if (!grown) return NULL;
    tensors->tensors = grown;
    return &grown[tensors->count];
}

/* Behind a tensor's name: its entry joins `tensors`. */
static bool add_entry(SafeTensors *tensors, JsonReader *json, const SafeTensorsFile *file, size_t header_end, Error *err) {
    StoredTensor *place = append(tensors, err);
    Entry entry = {.tensor = {.file = file->path}};
    char *name = place ? mem_copy_text(json->text, json->size, err) : NULL;
    if (!name) return false;
    *place = (StoredTensor){.name = name}; /* owned by `tensors` from here on */
    tensors->count++;
    if (strlen(name) != json->size)
        return FAIL(err, ERROR_MODEL, "%s: header: tensor name '%s…' contains a NUL", file->path, name);
    entry.tensor.name = name;
    if (!read_entry(json, &entry)) return malformed(file->path, json, name, err);
    if (!check_entry(&entry, file->map.size - header_end, file->path, err)) return false;
    entry.tensor.data = file->map.data + header_end + entry.begin;
    entry.tensor.bytes = (size_t)(entry.end - entry.begin);
    *place = entry.tensor;
    return true;
}

static bool read_header(SafeTensors *tensors, JsonReader *json, const SafeTensorsFile *file, size_t header_end, Error *err) {
    bool metadata = false;
    if (json_read(json) != JSON_OBJECT_BEGIN) return malformed(file->path, json, "", err);
    for (;;) {
        JsonToken token = json_read(json);
        if (token == JSON_OBJECT_END) break;
        if (token != JSON_KEY) return malformed(file->path, json, "", err);
        if (is_text(json, "__metadata__")) {
            if (metadata || !json_skip(json, JSON_KEY)) return malformed(file->path, json, "__metadata__", err);
            metadata = true;
        } else if (!add_entry(tensors, json, file, header_end, err)) {
            return false;
        }
    }
    return json_read(json) == JSON_END || malformed(file->path, json, "", err);
}

/* ---- a file ---- */

static int by_place(const void *a, const void *b) {
    const StoredTensor *left = a, *right = b;
    const unsigned char *left_data = left->data, *right_data = right->data;
    if (left_data != right_data) return left_data < right_data ? -1 : 1;
    return left->bytes < right->bytes ? -1 : left->bytes > right->bytes; /* empty ones first */
}

static int by_name(const void *a, const void *b) {
    const StoredTensor *left = a, *right = b;
    return strcmp(left->name, right->name);
}

/* Every byte of data belongs to exactly one tensor. */
static bool check_layout(StoredTensor *tensors, int count, const unsigned char *begin, const unsigned char *end, const char *path,
                         Error *err) {
    if (tensors) qsort(tensors, (size_t)count, sizeof *tensors, by_place);
    const unsigned char *at = begin;
    for (int i = 0; tensors && i < count; i++) {
        const unsigned char *data = tensors[i].data;
        if (data != at)
            return FAIL(err, ERROR_MODEL,
                        "%s: tensor '%.120s' begins at byte %td of the data, expected %td: tensors must lie end to end", path,
                        tensors[i].name, data - begin, at - begin);
        at += tensors[i].bytes;
    }
    if (at != end) return FAIL(err, ERROR_MODEL, "%s: %td bytes of data, expected %td", path, end - begin, at - begin);
    return true;
}

static bool read_length(const FileMap *map, const char *path, size_t *length, Error *err) {
    uint64_t value = 0;
    if (map->size < LENGTH_BYTES) return FAIL(err, ERROR_MODEL, "%s: %zu bytes, expected a safetensors file", path, map->size);
    for (int i = LENGTH_BYTES - 1; i >= 0; i--) value = value << 8 | map->data[i];
    if (value > LONGEST_HEADER)
        return FAIL(err, ERROR_MODEL, "%s: header of %llu bytes, expected at most %d: not a safetensors file?", path,
                    (unsigned long long)value, LONGEST_HEADER);
    if (value > map->size - LENGTH_BYTES)
        return FAIL(err, ERROR_MODEL, "%s: header of %llu bytes in a file of %zu: the file is cut off", path,
                    (unsigned long long)value, map->size);
    *length = (size_t)value;
    return true;
}

/* Maps and checks one more file and appends its tensors. */
static bool add_file(SafeTensors *tensors, const char *path, ErrorKind unreadable, Error *err) {
    SafeTensorsFile *file = calloc(1, sizeof *file);
    if (!file) return FAIL(err, ERROR_FAILED, "%s: out of memory", path);
    file->next = tensors->files;
    tensors->files = file;
    size_t length = 0;
    file->path = mem_copy_text(path, strlen(path), err);
    if (!file->path || !file_map(&file->map, path, unreadable, err) || !read_length(&file->map, path, &length, err))
        return false;
    int first = tensors->count;
    size_t header_end = LENGTH_BYTES + length;
    JsonReader json;
    json_reader_init(&json, (const char *)file->map.data + LENGTH_BYTES, length);
    bool read = read_header(tensors, &json, file, header_end, err);
    json_reader_free(&json);
    StoredTensor *added = tensors->tensors ? tensors->tensors + first : NULL; /* NULL: a file without tensors */
    return read && check_layout(added, tensors->count - first, file->map.data + header_end,
                                file->map.data + file->map.size, path, err);
}

/* Puts all tensors in order of name, so that they can be found; a name that comes twice is refused. */
static bool sort_names(SafeTensors *tensors, Error *err) {
    if (tensors->count) qsort(tensors->tensors, (size_t)tensors->count, sizeof *tensors->tensors, by_name);
    for (int i = 1; i < tensors->count; i++)
        if (by_name(&tensors->tensors[i - 1], &tensors->tensors[i]) == 0)
            return FAIL(err, ERROR_MODEL, "%s: tensor '%.120s' is there twice", tensors->tensors[i].file,
                        tensors->tensors[i].name);
    return true;
}

static bool open_one(SafeTensors *out, const char *path, ErrorKind unreadable, Error *err) {
    *out = (SafeTensors){0};
    if (add_file(out, path, unreadable, err) && sort_names(out, err)) return true;
    safetensors_close(out);
    return false;
}

bool safetensors_open(SafeTensors *out, const char *path, Error *err) { return open_one(out, path, ERROR_MODEL, err); }

bool safetensors_open_left(SafeTensors *out, const char *path, Error *err) {
    return open_one(out, path, file_exists(path) ? ERROR_PATH : ERROR_MODEL, err);
}

void safetensors_close(SafeTensors *tensors) {
    for (int i = 0; i < tensors->count; i++) free((void *)(uintptr_t)tensors->tensors[i].name); /* copied by add_entry */
    free(tensors->tensors);
    while (tensors->files) {
        SafeTensorsFile *file = tensors->files;
        tensors->files = file->next;
        file_unmap(&file->map);
        free(file->path);
        free(file);
    }
    *tensors = (SafeTensors){0};
}

/* ---- shards ---- */

/* One line of an index: the tensor is said to stand in the shard. */
typedef struct Placement {
    char *tensor, *shard;
} Placement;

typedef struct Placements {
    Placement *items;
    size_t count, capacity;
} Placements;

static void placements_free(Placements *placements) {
    for (size_t i = 0; i < placements->count; i++) {
        free(placements->items[i].tensor);
        free(placements->items[i].shard);
    }
    free(placements->items);
}

static int by_shard(const void *a, const void *b) {
    const Placement *left = a, *right = b;
    return strcmp(left->shard, right->shard);
}

/* A shard is a file of the same folder: a name that would lead elsewhere is not followed. */
static bool shard_name_stays(const char *name, size_t size) {
    return size > 0 && strlen(name) == size && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool add_placement(Placements *placements, JsonReader *json, const char *path, Error *err) {
    Placement *grown = mem_grow(placements->items, &placements->capacity, placements->count + 1, sizeof *grown, err);
    if (!grown) return false;
    placements->items = grown;
    Placement *placement = &grown[placements->count++];
    *placement = (Placement){0};
    if (!(placement->tensor = mem_copy_text(json->text, json->size, err))) return false;
    if (json_read(json) != JSON_STRING)
        return FAIL(err, ERROR_MODEL, "%s: weight_map: tensor '%.120s' names no file", path, placement->tensor);
    if (!(placement->shard = mem_copy_text(json->text, json->size, err))) return false;
    if (!shard_name_stays(placement->shard, json->size))
        return FAIL(err, ERROR_MODEL, "%s: weight_map: '%.120s' is no name of a file in this folder", path, placement->shard);
    return true;
}

static bool read_weight_map(Placements *placements, JsonReader *json, const char *path, Error *err) {
    if (json_read(json) != JSON_OBJECT_BEGIN) return FAIL(err, ERROR_MODEL, "%s: weight_map is no object", path);
    for (;;) {
        JsonToken token = json_read(json);
        if (token == JSON_OBJECT_END) return true;
        if (token != JSON_KEY)
            return FAIL(err, ERROR_MODEL, "%s: byte %zu: expected %s", path, json_reader_offset(json), json->problem);
        if (!add_placement(placements, json, path, err)) return false;
    }
}

static bool read_index(Placements *placements, JsonReader *json, const char *path, Error *err) {
    bool found = false;
    if (json_read(json) != JSON_OBJECT_BEGIN) return FAIL(err, ERROR_MODEL, "%s: expected a JSON object", path);
    for (;;) {
        JsonToken token = json_read(json);
        if (token == JSON_OBJECT_END) break;
        if (token == JSON_KEY && is_text(json, "weight_map") && !found) {
            found = true;
            if (!read_weight_map(placements, json, path, err)) return false;
        } else if (token != JSON_KEY || !json_skip(json, JSON_KEY)) {
            return FAIL(err, ERROR_MODEL, "%s: byte %zu: expected %s", path, json_reader_offset(json),
                        json->problem ? json->problem : "one weight_map");
        }
    }
    if (json_read(json) != JSON_END) return FAIL(err, ERROR_MODEL, "%s: expected nothing behind the object", path);
    return placements->count > 0 || FAIL(err, ERROR_MODEL, "%s: no weight_map that names a tensor", path);
}

static bool open_shards(SafeTensors *out, Placements *placements, const char *index_path, Error *err) {
    int folder = (int)(path_base(index_path) - index_path);
    qsort(placements->items, placements->count, sizeof *placements->items, by_shard);
    for (size_t i = 0; i < placements->count; i++) {
        Path shard;
        if (i && by_shard(&placements->items[i - 1], &placements->items[i]) == 0) continue;
        if (!path_make(&shard, err, "%.*s%s", folder, index_path, placements->items[i].shard) ||
            !add_file(out, shard.text, ERROR_MODEL, err))
            return false;
    }
    if (!sort_names(out, err)) return false;
    for (size_t i = 0; i < placements->count; i++) {
        const StoredTensor *tensor = safetensors_find(out, placements->items[i].tensor);
        if (!tensor || strcmp(path_base(tensor->file), placements->items[i].shard) != 0)
            return FAIL(err, ERROR_MODEL, "%s: tensor '%.120s' is not in %s", index_path, placements->items[i].tensor,
                        placements->items[i].shard);
    }
    return true;
}

bool safetensors_open_index(SafeTensors *out, const char *index_path, Error *err) {
    *out = (SafeTensors){0};
    FileMap map;
    if (!file_map(&map, index_path, ERROR_MODEL, err)) return false;
    Placements placements = {0};
    JsonReader json;
    json_reader_init(&json, (const char *)map.data, map.size);
    bool opened = read_index(&placements, &json, index_path, err) && open_shards(out, &placements, index_path, err);
    json_reader_free(&json);
    placements_free(&placements);
    file_unmap(&map);
    if (!opened) safetensors_close(out);
    return opened;
}

/* ---- tensors ---- */

const StoredTensor *safetensors_find(const SafeTensors *tensors, const char *name) {
    if (!tensors->count) return NULL;
    return bsearch(&(StoredTensor){.name = name}, tensors->tensors, (size_t)tensors->count, sizeof *tensors->tensors, by_name);
}

size_t tensor_elements(const StoredTensor *tensor) {
    size_t elements = 1;
    for (int i = 0; i < tensor->dimensions; i++) elements *= (size_t)tensor->shape[i];
    return elements;
}

void tensor_shape_text(char out[128], const StoredTensor *tensor) {
    size_t used = 1;
    out[0] = '[';
    out[1] = '\0';
    for (int i = 0; i < tensor->dimensions && used < 100; i++)
        used += (size_t)snprintf(out + used, 128 - used, "%s%lld", i ? ", " : "", (long long)tensor->shape[i]);
    (void)snprintf(out + used, 128 - used, "]");
}

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Half to single: the exponent is rebiased by a multiplication, which makes subnormal halves right too; infinity and NaN keep
 * all ones. */
static float float_of_half(uint16_t half) {
    float magnitude = float_of_bits((uint32_t)(half & 0x7fff) << 13) * 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &magnitude, sizeof bits);
    if ((half & 0x7c00) == 0x7c00) bits |= 0x7f800000u;
    return float_of_bits(bits | (uint32_t)(half & 0x8000) << 16);
}

bool tensor_read_floats(const StoredTensor *tensor, size_t first, size_t count, float *out, Error *err) {
    const unsigned char *data = tensor->data;
    uint16_t half;
    switch (tensor->type) {
    case TENSOR_F32:
        if (count) memcpy(out, data + 4 * first, 4 * count);
        return true;
    case TENSOR_F16:
        for (size_t i = 0; i < count; i++) {
            memcpy(&half, data + 2 * (first + i), sizeof half);
            out[i] = float_of_half(half);
        }
        return true;
    case TENSOR_BF16:
        for (size_t i = 0; i < count; i++) {
            memcpy(&half, data + 2 * (first + i), sizeof half);
            out[i] = float_of_bits((uint32_t)half << 16);
        }
        return true;
    default:
        return FAIL(err, ERROR_MODEL, "%s: tensor '%.120s' is %s, expected F32, F16 or BF16", tensor->file, tensor->name,
                    tensor_type_name(tensor->type));
    }
}

const float *tensor_floats(const StoredTensor *tensor) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (tensor->type == TENSOR_F32 && (uintptr_t)tensor->data % sizeof(float) == 0) return (const float *)tensor->data;
#endif
    return NULL;
}

void tensor_forget(const StoredTensor *tensor) {
    size_t bytes = tensor_elements(tensor) * tensor_type_bytes(tensor->type);
    file_forget(tensor->data, bytes);
}
