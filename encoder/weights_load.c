#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/random.h"
#include "common/safetensors.h"
#include "encoder/weights.h"

/* A folder while its weights are taken from it. */
typedef struct Loader {
    Weights *weights;
    const char *folder;
    SafeTensors tensors;
    bool own_head;               /* the folder's head is taken */
    int *class_rows;             /* (classes) with own_head: the folder's row of each class, NULL when in order */
    const StoredTensor **stored; /* (table.count) where each tensor comes from; NULL: new */
    const StoredTensor *
        *scales; /* (table.count) of a tensor stored as int8: one number a row (encoder/quantize_folder.h); else NULL */
} Loader;

static bool open_tensors(Loader *loader, Error *err) {
    Path single, index, pickle;
    if (!path_make(&single, err, "%s/model.safetensors", loader->folder) ||
        !path_make(&index, err, "%s.index.json", single.text) || !path_make(&pickle, err, "%s/pytorch_model.bin", loader->folder))
        return false;
    if (path_exists(single.text)) return safetensors_open(&loader->tensors, single.text, err);
    if (path_exists(index.text)) return safetensors_open_index(&loader->tensors, index.text, err);
    if (file_exists(pickle.text))
        return FAIL(err, ERROR_MODEL,
                    "%s: only pytorch_model.bin, expected model.safetensors (a pickle can run code when it is read); save the "
                    "model again: python -c "
                    "\"from transformers import AutoModelForSequenceClassification as M; "
                    "M.from_pretrained('DIR').save_pretrained('DIR')\" "
                    "(AutoModel for an encoder without head)",
                    loader->folder);
    return FAIL(err, ERROR_MODEL, "%s: no model.safetensors", loader->folder);
}

/* ---- names ---- */

static bool ends_with(const char *text, size_t size, const char *end) {
    size_t end_size = strlen(end);
    return size >= end_size && memcmp(text + size - end_size, end, end_size) == 0;
}

/* The name that checkpoints made from TensorFlow's have: LayerNorm.gamma and .beta for .weight and .bias. */
static bool old_norm_name(char *out, size_t room, const char *name) {
    size_t size = strlen(name);
    bool weight = ends_with(name, size, "LayerNorm.weight"), bias = ends_with(name, size, "LayerNorm.bias");
    if (!weight && !bias) return false;
    int stem = (int)(size - strlen(weight ? "weight" : "bias"));
    (void)snprintf(out, room, "%.*s%s", stem, name, weight ? "gamma" : "beta");
    return true;
}

/* A tensor under its name behind one prefix. */
static const StoredTensor *find_behind(const SafeTensors *tensors, const char *prefix, const char *bare) {
    char name[160], old[160];
    (void)snprintf(name, sizeof name, "%s%s", prefix, bare);
    const StoredTensor *found = safetensors_find(tensors, name);
    return found || !old_norm_name(old, sizeof old, name) ? found : safetensors_find(tensors, old);
}

/* A tensor of the table by any name it may have in a folder: a model with a head prefixes its encoder, an encoder alone does
 * not. */
static const StoredTensor *find(const Loader *loader, const TensorSpec *spec) {
    const char *prefix = loader->weights->config.family == FAMILY_BERT ? "bert." : "distilbert.";
    const char *bare = spec->name;
    if (strncmp(bare, prefix, strlen(prefix)) == 0) bare += strlen(prefix);
    if (spec->head) prefix = "";
    const StoredTensor *found = find_behind(&loader->tensors, prefix, bare);
    return found || !*prefix ? found : find_behind(&loader->tensors, "", bare);
}

/* ---- the head ---- */

static int by_label(const void *a, const void *b, void *labels) {
    char **names = labels;
    int left = *(const int *)a, right = *(const int *)b;
    int order = strcmp(names[left], names[right]);
    return order ? order : (left > right) - (left < right);
}

/* 0 … count-1 in order of their labels. */
static int *sorted_ids(char **labels, int count, Error *err) {
    int *ids = mem_new((size_t)count, sizeof *ids, err);
    for (int i = 0; ids && i < count; i++) ids[i] = i;
    if (ids) qsort_r(ids, (size_t)count, sizeof *ids, by_label, labels);
    return ids;
}

/* Sets loader->own_head when both lists name the same classes, and loader->class_rows when they do in another order. */
static bool match_labels(Loader *loader, char **own, char **asked, int count, Error *err) {
    int *own_ids = sorted_ids(own, count, err), *asked_ids = sorted_ids(asked, count, err);
    int *rows = mem_new((size_t)count, sizeof *rows, err);
    bool worked = own_ids && asked_ids && rows;
    if (worked) {
        loader->own_head = true;
        for (int i = 0; i < count; i++) {
            if (strcmp(own[own_ids[i]], asked[asked_ids[i]]) != 0) loader->own_head = false;
            rows[asked_ids[i]] = own_ids[i];
        }
    }
    if (worked && loader->own_head) {
        loader->class_rows = rows;
        rows = NULL;
    }
    mem_free(own_ids);
    mem_free(asked_ids);
    mem_free(rows);
    return worked;
}

/* Decides which head the weights get and leaves its classes and labels in the config. */
static bool choose_head(Loader *loader, int classes, const char *const *labels, Error *err) {
    EncoderConfig *config = &loader->weights->config;
    bool has_head = config->classes > 0 && safetensors_find(&loader->tensors, "classifier.weight");
    if (classes < 0) {
        loader->own_head = has_head;
        if (has_head) return true;
        return FAIL(err, ERROR_MODEL, "%s: no classification head: %s", loader->folder,
                    config->why_no_head ? config->why_no_head : "no tensor 'classifier.weight'");
    }
    EncoderConfig own = *config;
    config->labels = NULL;
    config->classes = 0;
    bool chosen = encoder_config_set_labels(config, labels, classes, err);
    if (chosen && has_head && classes == own.classes) chosen = match_labels(loader, own.labels, config->labels, classes, err);
    encoder_config_free(&own);
    return chosen;
}

/* Whether a tensor that is not in the folder is drawn from the seed. BERT's pooler is taken when it is there, as transformers
 * does. */
static bool may_be_new(const Loader *loader, int index) {
    const WeightTable *table = &loader->weights->table;
    bool pooler = index == table->model[PART_PRE_WEIGHT] || index == table->model[PART_PRE_BIAS];
    return table->tensors[index].head ? !loader->own_head : pooler;
}

/* ---- tensors ---- */

static bool check_shape(const StoredTensor *stored, const TensorSpec *spec, Error *err) {
    StoredTensor expected = {.dimensions = spec->dimensions, .shape = {spec->rows, spec->columns}};
    if (stored->dimensions == expected.dimensions &&
        memcmp(stored->shape, expected.shape, (size_t)expected.dimensions * sizeof *expected.shape) == 0)
        return true;
    char found[128], wanted[128];
    tensor_shape_text(found, stored);
    tensor_shape_text(wanted, &expected);
    return FAIL(err, ERROR_MODEL, "%s: tensor '%s' is %s, expected %s", stored->file, stored->name, found, wanted);
}

/* A matrix of int8 has its scales beside it. */
static bool bind_scales(Loader *loader, int index, const StoredTensor *stored, Error *err) {
    if (stored->type != TENSOR_I8) return true;
    const TensorSpec *spec = &loader->weights->table.tensors[index];
    char name[192];
    (void)snprintf(name, sizeof name, "%.160s_scale", stored->name);
    const StoredTensor *scales = safetensors_find(&loader->tensors, name);
    if (!scales)
        return FAIL(err, ERROR_MODEL, "%s: tensor '%s' is I8, expected '%s' beside it", stored->file, stored->name, name);
    TensorSpec expected = {.rows = spec->rows, .columns = 1, .dimensions = 1};
    loader->scales[index] = scales;
    if (scales->type != TENSOR_F32)
        return FAIL(err, ERROR_MODEL, "%s: tensor '%s' is %s, expected F32", scales->file, name, tensor_type_name(scales->type));
    return check_shape(scales, &expected, err);
}

/* Finds and checks every tensor before the block is made, so that no config.json can ask for more memory than its tensors
 * have. */
static bool bind_tensors(Loader *loader, Error *err) {
    WeightTable *table = &loader->weights->table;
    loader->stored = mem_new((size_t)table->count, sizeof *loader->stored, err);
    loader->scales = loader->stored ? mem_new((size_t)table->count, sizeof *loader->scales, err) : NULL;
    if (!loader->scales) return false;
    for (int i = 0; i < table->count; i++) {
        TensorSpec *spec = &table->tensors[i];
        bool replaced = spec->head && !loader->own_head;
        const StoredTensor *stored = replaced ? NULL : find(loader, spec);
        if (stored && (!check_shape(stored, spec, err) || !bind_scales(loader, i, stored, err))) return false;
        if (!stored && !may_be_new(loader, i))
            return FAIL(err, ERROR_MODEL, "%s: tensor '%s' is missing", loader->folder, spec->name);
        spec->is_new = !stored;
        loader->weights->new_tensors += spec->is_new;
        loader->stored[i] = stored;
    }
    return true;
}

/* Matrices normal, biases zero, as transformers starts a head. Each tensor has a sequence of its own. */
static void draw(float *out, const TensorSpec *spec, int part, double deviation, uint64_t seed) {
    if (spec->dimensions == 1) return; /* the block starts as zeros */
    Random random = random_start(seed, STREAM_INIT, (uint32_t)part);
    for (size_t i = 0; i < spec->count; i++) out[i] = (float)(random_normal(&random) * deviation);
}

/* The classifier's rows in the order of the classes asked for. */
static bool read_rows(const Loader *loader, float *out, const TensorSpec *spec, const StoredTensor *stored, Error *err) {
    size_t columns = (size_t)spec->columns;
    for (int k = 0; k < loader->weights->config.classes; k++)
        if (!tensor_read_floats(stored, (size_t)loader->class_rows[k] * columns, columns, out + (size_t)k * columns, err))
            return false;
    return true;
}

/* The place of the first value that is infinite or no number, or count. By the bits, and without leaving a block early: this runs at the speed
 * of memory. */
static size_t find_not_finite(const float *values, size_t count) {
    enum { BLOCK = 4096 };
    const uint32_t exponent = 0x7f800000u;
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t end = count - first < BLOCK ? count : first + BLOCK;
        uint32_t found = 0, bits;
        for (size_t i = first; i < end; i++) {
            memcpy(&bits, &values[i], sizeof bits);
            found |= (bits & exponent) == exponent;
        }
        for (size_t i = first; found && i < end; i++) {
            memcpy(&bits, &values[i], sizeof bits);
            if ((bits & exponent) == exponent) return i;
        }
    }
    return count;
}

/* One such weight makes every answer no number. */
static bool check_finite(const StoredTensor *stored, const float *values, size_t count, Error *err) {
    size_t place = find_not_finite(values, count);
    if (place == count) return true;
    return FAIL(
        err, ERROR_MODEL,
        "%s: tensor '%s' is %g at place %zu of %zu, expected finite numbers (a damaged file, or a training that diverged)",
        stored->file, stored->name, (double)values[place], place, count);
}

/* Steps times the scale of their row; both were made so that the product is exact (encoder/quantize.h). */
static bool read_int8(float *out, const TensorSpec *spec, const StoredTensor *stored, const StoredTensor *scales, Error *err) {
    const int8_t *steps = stored->data;
    for (int64_t row = 0; row < spec->rows; row++) {
        float scale;
        if (!tensor_read_floats(scales, (size_t)row, 1, &scale, err)) return false;
        if (!(scale > 0 && isfinite(scale * INT8_MIN)))
            return FAIL(err, ERROR_MODEL, "%s: tensor '%s' is %g at place %lld, expected a positive number below 2^121", scales->file,
                        scales->name, (double)scale, (long long)row);
        for (int64_t i = row * spec->columns; i < (row + 1) * spec->columns; i++) out[i] = (float)steps[i] * scale;
    }
    return true;
}

/* A tensor into its room. */
static bool fill_tensor(const Loader *loader, int index, float *out, uint64_t seed, Error *err) {
    const Weights *weights = loader->weights;
    const WeightTable *table = &weights->table;
    const TensorSpec *spec = &table->tensors[index];
    const StoredTensor *stored = loader->stored[index];
    bool classifier = index == table->model[PART_CLASSIFIER_WEIGHT] || index == table->model[PART_CLASSIFIER_BIAS];
    if (!stored) {
        for (int part = PART_PRE_WEIGHT; part < MODEL_PARTS; part++)
            if (table->model[part] == index) draw(out, spec, part, weights->config.initializer_range, seed);
        return true;
    }
    bool good = loader->scales[index] && !classifier ? read_int8(out, spec, stored, loader->scales[index], err)
                : classifier && loader->class_rows   ? read_rows(loader, out, spec, stored, err)
                                                     : tensor_read_floats(stored, 0, spec->count, out, err);
    if (!good || (!loader->scales[index] && !check_finite(stored, out, spec->count, err))) return false;
    tensor_forget(stored);
    return true;
}

static bool fill(const Loader *loader, uint64_t seed, Error *err) {
    Weights *weights = loader->weights;
    weights->block = mem_map(weights->table.total * sizeof *weights->block, err);
    for (int i = 0; weights->block && i < weights->table.count; i++)
        if (!fill_tensor(loader, i, weights->block + weights->table.tensors[i].offset, seed, err)) return false;
    return weights->block != NULL;
}

static bool loader_bind(Loader *loader, int classes, const char *const *labels, Error *err) {
    Weights *weights = loader->weights;
    return encoder_config_load(&weights->config, loader->folder, err) && open_tensors(loader, err) &&
           choose_head(loader, classes, labels, err) &&
           weight_table_make(&weights->table, &weights->config, weights->config.classes, err) && bind_tensors(loader, err);
}

static bool loader_close(Loader *loader, bool loaded) {
    mem_free(loader->stored);
    mem_free(loader->scales);
    mem_free(loader->class_rows);
    safetensors_close(&loader->tensors);
    if (!loaded) weights_free(loader->weights);
    return loaded;
}

bool weights_load(Weights *weights, const char *folder, int classes, const char *const *labels, uint64_t seed, Error *err) {
    *weights = (Weights){0};
    Loader loader = {.weights = weights, .folder = folder};
    return loader_close(&loader, loader_bind(&loader, classes, labels, err) && fill(&loader, seed, err));
}

/* ---- mapped ---- */

/* A matrix of floats stays where it is. Vectors are small, read at every step, and stand scattered among the matrices: they are copied. */
static const float *floats_in_place(const Loader *loader, int index) {
    const StoredTensor *stored = loader->stored[index];
    return stored && loader->weights->table.tensors[index].dimensions == 2 ? tensor_floats(stored) : NULL;
}

static bool place_copies(Loader *loader, Error *err) {
    Weights *weights = loader->weights;
    const WeightTable *table = &weights->table;
    size_t total = 0;
    for (int i = 0; i < table->count; i++)
        if (!floats_in_place(loader, i)) total += (table->tensors[i].count + 15) / 16 * 16;
    weights->block = mem_new(total, sizeof *weights->block, err);
    weights->copied = total;
    float *next = weights->block;
    for (int i = 0; next && i < table->count; i++) {
        if (floats_in_place(loader, i)) continue;
        if (!fill_tensor(loader, i, next, 0, err)) return false;
        weights->places[i] = next;
        next += (table->tensors[i].count + 15) / 16 * 16;
    }
    return next != NULL;
}

/* Checked a stretch at a time. The tables that are looked up are not kept in memory for it; the others are about to be packed. */
static bool check_in_place(const Loader *loader, int index, Error *err) {
    enum { STRETCH = 1 << 19 };
    const TensorSpec *spec = &loader->weights->table.tensors[index];
    const float *floats = loader->weights->places[index];
    for (size_t first = 0; first < spec->count; first += STRETCH) {
        size_t count = spec->count - first < STRETCH ? spec->count - first : STRETCH;
        if (find_not_finite(floats + first, count) < count) return check_finite(loader->stored[index], floats, spec->count, err);
        if (spec->layer < 0) file_forget(floats + first, count * sizeof *floats);
    }
    return true;
}

static bool is_copy(const Weights *weights, int index) {
    uintptr_t place = (uintptr_t)weights->places[index], block = (uintptr_t)weights->block;
    return place >= block && place < block + weights->copied * sizeof(float);
}

static bool place(Loader *loader, Error *err) {
    Weights *weights = loader->weights;
    weights->places = mem_new((size_t)weights->table.count, sizeof *weights->places, err);
    weights->files = weights->places ? mem_new(1, sizeof *weights->files, err) : NULL;
    if (!weights->files || !place_copies(loader, err)) return false;
    for (int i = 0; i < weights->table.count; i++) {
        if (weights->places[i]) continue;
        weights->places[i] = floats_in_place(loader, i);
        if (!check_in_place(loader, i, err)) return false;
    }
    *weights->files = loader->tensors; /* kept open */
    loader->tensors = (SafeTensors){0};
    return true;
}

bool weights_map(Weights *weights, const char *folder, int classes, Error *err) {
    *weights = (Weights){0};
    Loader loader = {.weights = weights, .folder = folder};
    return loader_close(&loader, loader_bind(&loader, classes, NULL, err) && place(&loader, err));
}

void weights_forget(const Weights *weights, int index) {
    bool is_in_file = weights->files && index >= 0 && !is_copy(weights, index);
    if (is_in_file) file_forget(weights->places[index], weights->table.tensors[index].count * sizeof(float));
}

void weights_free(Weights *weights) {
    if (weights->places)
        mem_free(weights->block);
    else
        mem_unmap(weights->block, weights->table.total * sizeof *weights->block);
    encoder_config_free(&weights->config);
    weight_table_free(&weights->table);
    mem_free((void *)weights->places);
    if (weights->files) safetensors_close(weights->files);
    mem_free(weights->files);
    *weights = (Weights){0};
}
