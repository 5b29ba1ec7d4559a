#include "encoder/quantize_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/json_entries.h"
#include "common/memory.h"
#include "common/safetensors.h"
#include "encoder/quantize.h"
#include "encoder/weights.h"

enum { NAME_ROOM = 128 };

/* What is written: up to two tensors for each of the table. */
typedef struct Output {
    StoredTensor *tensors;
    int8_t *steps; /* of all quantised matrices, one after the other */
    float *scales;
    char (*names)[NAME_ROOM]; /* of the scales */
    int count;
} Output;

static bool is_quantised(const TensorSpec *spec) { return spec->layer >= 0 && spec->dimensions == 2; }

static void output_free(Output *output) {
    mem_free(output->tensors);
    mem_free(output->steps);
    mem_free(output->scales);
    mem_free(output->names);
}

static bool output_make(Output *output, const WeightTable *table, Error *err) {
    size_t steps = 0, scales = 0, count = (size_t)table->count;
    for (int i = 0; i < table->count; i++)
        if (is_quantised(&table->tensors[i])) {
            steps += table->tensors[i].count;
            scales += (size_t)table->tensors[i].rows;
        }
    *output = (Output){.tensors = mem_new(2 * count, sizeof *output->tensors, err)};
    if (output->tensors) output->steps = mem_new(steps, sizeof *output->steps, err);
    if (output->steps) output->scales = mem_new(scales, sizeof *output->scales, err);
    if (output->scales) output->names = mem_new(count, sizeof *output->names, err);
    return output->names != NULL;
}

/* (in, out), as the quantiser lays it, to (out, in), as tensors are stored. */
static void transpose(int8_t *to, const int8_t *from, int out, int in) {
    for (int n = 0; n < out; n++)
        for (int k = 0; k < in; k++) to[(size_t)n * (size_t)in + (size_t)k] = from[(size_t)k * (size_t)out + (size_t)n];
}

static bool output_fill(Output *output, const Weights *weights, Error *err) {
    int8_t *steps = output->steps;
    float *scales = output->scales;
    for (int i = 0; i < weights->table.count; i++) {
        const TensorSpec *spec = &weights->table.tensors[i];
        const float *values = weights_tensor(weights, i);
        StoredTensor *tensor = &output->tensors[output->count++];
        *tensor = (StoredTensor){.name = spec->name,
                                 .type = TENSOR_F32,
                                 .dimensions = spec->dimensions,
                                 .shape = {spec->rows, spec->columns},
                                 .data = values};
        if (!is_quantised(spec)) continue;
        int out = (int)spec->rows, in = (int)spec->columns;
        int8_t *turned = mem_new(spec->count, sizeof *turned, err);
        if (!turned) return false;
        quantize_columns(turned, scales, NULL, values, in, out, 1, in);
        transpose(steps, turned, out, in);
        mem_free(turned);
        tensor->type = TENSOR_I8;
        tensor->data = steps;
        (void)snprintf(output->names[i], NAME_ROOM, "%s_scale", spec->name);
        output->tensors[output->count++] =
            (StoredTensor){.name = output->names[i], .type = TENSOR_F32, .dimensions = 1, .shape = {spec->rows}, .data = scales};
        steps += spec->count;
        scales += spec->rows;
    }
    return true;
}

static bool write_tensors(const Weights *weights, const char *folder, Error *err) {
    Output output = {0};
    Path path;
    bool ok = path_make(&path, err, "%s/model.safetensors", folder) && output_make(&output, &weights->table, err) &&
              output_fill(&output, weights, err) && safetensors_write(path.text, output.tensors, output.count, err);
    output_free(&output);
    return ok;
}

static const char QUANT_METHOD[] = "twofold-int8";

bool quantize_folder_is(const char *folder) {
    Path path;
    if (!path_make(&path, NULL, "%s/config.json", folder) || !file_exists(path.text)) return false;
    Json *config = json_parse_file(path.text, ERROR_MODEL, NULL);
    const Json *method = json_get(json_get(config, "quantization_config"), "quant_method");
    bool is = strcmp(json_string_or(method, ""), QUANT_METHOD) == 0;
    json_free(config);
    return is;
}

static bool write_config(const char *from_folder, const char *folder, Error *err) {
    Path from, to;
    JsonEntries entries = {0};
    if (!path_make(&from, err, "%s/config.json", from_folder) || !path_make(&to, err, "%s/config.json", folder) ||
        !json_entries_read(&entries, from.text, ERROR_MODEL, err))
        return false;
    JsonWriter json = json_entries_set(&entries, "quantization_config");
    json_begin_object(&json);
    json_put_string(&json, "quant_method", QUANT_METHOD);
    json_end_object(&json);
    bool ok = json_entries_write(&entries, to.text, err);
    json_entries_free(&entries);
    return ok;
}

/* Tensors and config.json are written anew; the card tells of other numbers. */
static bool is_carried(const char *name) {
    return strncmp(name, "model", 5) != 0 && strncmp(name, "pytorch_model", 13) != 0 && strcmp(name, "config.json") != 0 &&
           strcmp(name, "README.md") != 0 && name[0] != '.';
}

static bool carry_files(const char *from_folder, const char *folder, Error *err) {
    DIR *entries = opendir(from_folder);
    if (!entries) return FAIL(err, ERROR_PATH, "%s: cannot be listed", from_folder);
    bool ok = true;
    for (struct dirent *entry; ok;) {
        Path from, to;
        ok = folder_next(entries, from_folder, &entry, err);
        if (!ok || !entry) break;
        ok = path_make(&from, err, "%s/%s", from_folder, entry->d_name) && path_make(&to, err, "%s/%s", folder, entry->d_name);
        if (ok && is_carried(entry->d_name) && file_exists(from.text)) ok = file_link_or_copy(from.text, to.text, err);
    }
    (void)closedir(entries);
    return ok;
}

static bool same_folder(const char *a, const char *b) {
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool quantize_folder(const char *from_folder, const char *folder, Error *err) {
    if (same_folder(from_folder, folder))
        return FAIL(err, ERROR_USAGE, "%s: the same folder twice, expected another to write", folder);
    EncoderConfig config = {0};
    if (!encoder_config_load(&config, from_folder, err)) return false;
    int classes = config.classes > 0 ? -1 : 0;
    encoder_config_free(&config);
    Weights weights = {0};
    bool ok = weights_load(&weights, from_folder, classes, NULL, 0, err) && folder_make(folder, err) &&
              write_tensors(&weights, folder, err) && carry_files(from_folder, folder, err) &&
              write_config(from_folder, folder, err);
    weights_free(&weights);
    return ok;
}
