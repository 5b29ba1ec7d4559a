#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/safetensors.h"

/* As the reference implementation sorts: larger types first, so that every tensor is aligned to its own type, then by name. */
static int by_layout(const void *a, const void *b) {
    const StoredTensor *left = *(const StoredTensor *const *)a, *right = *(const StoredTensor *const *)b;
    if (left->type != right->type) return left->type > right->type ? -1 : 1;
    return strcmp(left->name, right->name);
}

static void add_name(Buffer *out, const char *name) {
    JsonWriter json = json_writer(out, 0);
    json_write_string(&json, name);
}

static void add_entry(Buffer *header, const StoredTensor *tensor, uint64_t begin) {
    buffer_text(header, ",");
    add_name(header, tensor->name);
    buffer_printf(header, ":{\"dtype\":\"%s\",\"shape\":[", tensor_type_name(tensor->type));
    for (int i = 0; i < tensor->dimensions; i++) buffer_printf(header, "%s%lld", i ? "," : "", (long long)tensor->shape[i]);
    buffer_printf(header, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)begin,
                  (unsigned long long)(begin + tensor->bytes));
}

/* The eight bytes of length and the header, which spaces pad to a multiple of eight. */
static void make_header(Buffer *header, const StoredTensor *const *order, int count) {
    uint64_t at = 0;
    buffer_add(header, "\0\0\0\0\0\0\0\0", 8);
    buffer_text(header, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (int i = 0; i < count; at += order[i++]->bytes) add_entry(header, order[i], at);
    buffer_text(header, "}");
    while (header->size % 8 && !header->failed) buffer_text(header, " ");
    uint64_t length = header->size - 8;
    for (int i = 0; i < 8 && !header->failed; i++) header->data[i] = (char)(length >> 8 * i);
}

static bool write_all(const char *path, const Buffer *header, const StoredTensor *const *order, int count, Error *err) {
    FileWriter writer;
    if (!buffer_ok(header, err) || !file_writer_open(&writer, path, err)) return false;
    file_writer_add(&writer, header->data, header->size);
    for (int i = 0; i < count; i++) file_writer_add(&writer, order[i]->data, order[i]->bytes);
    return file_writer_commit(&writer, err);
}

bool safetensors_write(const char *path, const StoredTensor *tensors, int count, Error *err) {
    StoredTensor *sized = mem_new((size_t)count, sizeof *sized, err);
    const StoredTensor **order = mem_new((size_t)count, sizeof *order, err);
    Buffer header = {0};
    bool written = sized && order;
    for (int i = 0; written && i < count; i++) {
        sized[i] = tensors[i];
        sized[i].bytes = tensor_elements(&tensors[i]) * tensor_type_bytes(tensors[i].type);
        order[i] = &sized[i];
    }
    if (written) {
        if (count) qsort(order, (size_t)count, sizeof *order, by_layout);
        for (int i = 0; i < count; i++)
            assert(order[i]->type != TENSOR_OTHER && (i == 0 || strcmp(order[i - 1]->name, order[i]->name) != 0));
        make_header(&header, order, count);
        written = write_all(path, &header, order, count, err);
    }
    buffer_free(&header);
    mem_free(order);
    mem_free(sized);
    return written;
}
