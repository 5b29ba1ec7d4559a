#include "common/safetensors.h"
#include "encoder/model_files.h"
#include "encoder/weights.h"

bool weights_write(const Weights *weights, const char *path, Error *err) {
    const WeightTable *table = &weights->table;
    StoredTensor *stored = mem_new((size_t)table->count, sizeof *stored, err);
    if (!stored) return false;
    for (int i = 0; i < table->count; i++) {
        const TensorSpec *spec = &table->tensors[i];
        stored[i] = (StoredTensor){.name = spec->name,
                                   .type = TENSOR_F32,
                                   .dimensions = spec->dimensions,
                                   .shape = {spec->rows, spec->columns},
                                   .data = weights_tensor(weights, i)};
    }
    bool written = safetensors_write(path, stored, table->count, err);
    mem_free(stored);
    return written;
}

bool weights_save(const Weights *weights, const char *from_folder, const char *folder, int max_length, Error *err) {
    Path from, config, model;
    JsonEntries entries = {0};
    if (!path_make(&from, err, "%s/config.json", from_folder) || !path_make(&config, err, "%s/config.json", folder) ||
        !path_make(&model, err, "%s/model.safetensors", folder) || !json_entries_read(&entries, from.text, ERROR_MODEL, err))
        return false;
    /* config.json last: a folder that was not finished does not look like a model. */
    bool saved = model_files_describe_head(&entries, &weights->config, err) &&
                 model_files_carry_tokenizer(from_folder, folder, err) &&
                 (!max_length || model_files_set_max_length(folder, max_length, weights->config.positions, err)) &&
                 weights_write(weights, model.text, err) &&
                 json_entries_write(&entries, config.text, err);
    json_entries_free(&entries);
    return saved;
}
