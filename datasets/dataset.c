#include "datasets/dataset.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

void dataset_free(Dataset *dataset) {
    for (int i = 0; i < dataset->classes && dataset->class_names; i++) free(dataset->class_names[i]);
    for (int i = 0; i < dataset->files && dataset->file_names; i++) free(dataset->file_names[i]);
    for (int i = 0; i < SPLIT_COUNT; i++) free(dataset->splits[i].rows);
    free(dataset->class_names);
    free(dataset->file_names);
    free(dataset->text);
    free(dataset->starts);
    free(dataset->labels);
    free(dataset->file);
    free(dataset->line);
    free(dataset->detected);
    for (int i = 0; i < dataset->slice_count && dataset->slice_names; i++) free(dataset->slice_names[i]);
    free(dataset->slice_names);
    free(dataset->slices);
    free(dataset->slice_column);
    *dataset = (Dataset){0};
}

void dataset_add_id(Buffer *out, const Dataset *dataset, int row) {
    buffer_printf(out, "%s:%" PRId64, dataset->file_names[dataset->file[row]], dataset->line[row]);
}

const char *split_name(Split split) {
    static const char *const names[SPLIT_COUNT] = {"train", "validation", "test"};
    return names[split];
}

void dataset_count_classes(const Dataset *dataset, Split split, int64_t *counts) {
    memset(counts, 0, sizeof *counts * (size_t)dataset->classes);
    const RowList *list = &dataset->splits[split];
    for (int i = 0; i < list->count; i++) {
        int32_t label = dataset->labels[list->rows[i]];
        if (label != NO_LABEL) counts[label]++;
    }
}

/* Numbers go into a hash as eight bytes, lowest first, and texts behind their length, so that no two different sets read
 * alike. */
static void hash_number(Sha256 *hash, int64_t number) {
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)((uint64_t)number >> (8 * i));
    sha256_add(hash, bytes, sizeof bytes);
}

static void hash_text(Sha256 *hash, const char *text, size_t size) {
    hash_number(hash, (int64_t)size);
    sha256_add(hash, text, size);
}

Sha256Hex dataset_sha256(const Dataset *dataset) {
    Sha256 hash;
    sha256_init(&hash);
    hash_number(&hash, dataset->classes);
    for (int i = 0; i < dataset->classes; i++) hash_text(&hash, dataset->class_names[i], strlen(dataset->class_names[i]));
    hash_number(&hash, dataset->files);
    for (int i = 0; i < dataset->files; i++) hash_text(&hash, dataset->file_names[i], strlen(dataset->file_names[i]));
    for (int split = 0; split < SPLIT_COUNT; split++) {
        const RowList *list = &dataset->splits[split];
        hash_number(&hash, list->count);
        for (int i = 0; i < list->count; i++) {
            int row = list->rows[i];
            size_t size;
            const char *text = dataset_text(dataset, row, &size);
            hash_number(&hash, dataset->file[row]);
            hash_number(&hash, dataset->line[row]);
            hash_number(&hash, dataset->labels[row]);
            hash_text(&hash, text, size);
        }
    }
    return sha256_finish(&hash);
}

bool dataset_write_splits(const Dataset *dataset, const char *path, Error *err) {
    FileWriter writer = {0};
    Buffer line = {0};
    int next[SPLIT_COUNT] = {0};
    if (!file_writer_open(&writer, path, err)) return false;
    file_writer_printf(&writer, "file,line,split,sha256\n");
    for (int row = 0; row < dataset->rows; row++)
        for (int split = 0; split < SPLIT_COUNT; split++) {
            const RowList *list = &dataset->splits[split];
            if (next[split] == list->count || list->rows[next[split]] != row) continue;
            next[split]++;
            size_t size;
            const char *text = dataset_text(dataset, row, &size), *name = dataset->file_names[dataset->file[row]];
            line.size = 0;
            escape_csv(&line, name, strlen(name));
            buffer_printf(&line, ",%" PRId64 ",%s,%s\n", dataset->line[row], split_name((Split)split),
                          sha256_bytes(text, size).text);
            file_writer_add(&writer, line.data, line.size);
        }
    bool ok = buffer_ok(&line, err) && file_writer_commit(&writer, err);
    file_writer_cancel(&writer);
    buffer_free(&line);
    return ok;
}
