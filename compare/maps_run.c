/* The maps of a run: which rows, whose vectors, and whether an earlier command has made them. */
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "compare/compare.h"
#include "compare/maps_run.h"

/* The entry whose vectors stand for a frozen encoder: the first of path A that is done. */
static int frozen_entry(const CompareInput *input, const Comparison *c) {
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].kind == ENTRY_FROZEN && c->entries[i].status == ENTRY_DONE && input->entries[i].source == ENTRY_TRAINED)
            return i;
    return -1;
}

/* The fine-tuned one with the highest validation accuracy, the first of equal ones. */
static int tuned_entry(const CompareInput *input, const Comparison *c) {
    int best = -1;
    for (int i = 0; i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        if (entry->kind != ENTRY_FINETUNE || entry->status != ENTRY_DONE || input->entries[i].source != ENTRY_TRAINED) continue;
        if (best < 0 || entry->scores[SPLIT_VALIDATION].accuracy > c->entries[best].scores[SPLIT_VALIDATION].accuracy) best = i;
    }
    return best;
}

static void write_key(Buffer *out, const CompareInput *input, int frozen, int tuned) {
    const MapOptions *o = input->maps;
    JsonWriter json = json_writer(out, 0);
    json_begin_object(&json);
    json_put_int(&json, "n_neighbors", o->umap.n_neighbors);
    json_put_number(&json, "min_dist", o->umap.min_dist);
    json_put_string(&json, "metric", metric_name(o->umap.metric));
    json_put_bool(&json, "scale", o->scale);
    json_put_int(&json, "seed", (int64_t)input->seed);
    for (int side = 0; side < MAP_SIDES; side++) {
        int entry = side == MAP_TUNED ? tuned : frozen;
        Buffer key = {0};
        if (entry >= 0) entry_key(&key, &input->entries[entry], &input->context);
        json_put_string(&json, side == MAP_TUNED ? "fine_tuned" : "frozen", key.data);
        out->failed |= key.failed;
        buffer_free(&key);
    }
    json_end_object(&json);
}

static bool extract(Features *out, const CompareInput *input, const Encoder *encoder, const ExtractOptions *options,
                    const Maps *maps, const Observer *observer, Error *err) {
    const RowList *list = &input->dataset->splits[SPLIT_TEST];
    int32_t *rows = mem_new((size_t)maps->rows, sizeof *rows, err);
    for (int i = 0; rows && i < maps->rows; i++) rows[i] = list->rows[maps->test[i]];
    bool good = rows && features_extract(out, options, 1, encoder, input->tokens, rows, maps->rows, input->pool, observer, err);
    mem_free(rows);
    return good;
}

/* The mapped rows of features that the run has made already of all its rows, split after split. */
static bool pick(Features *out, const CompareInput *input, const Features *made, const Maps *maps, Error *err) {
    size_t C = (size_t)made->channels, before = 0;
    for (Split split = SPLIT_TRAIN; split < SPLIT_TEST; split++) before += (size_t)input->dataset->splits[split].count;
    if (!features_make(out, maps->rows, made->channels, err)) return false;
    for (int i = 0; i < maps->rows; i++)
        memcpy(out->values + (size_t)i * C, made->values + (before + (size_t)maps->test[i]) * C, C * sizeof(float));
    return true;
}

static bool make_frozen(Maps *maps, const CompareInput *input, const LinearInputs *linear, int entry, const Observer *observer,
                        Error *err) {
    const EntrySpec *spec = &input->entries[entry];
    const LinearFeatures *made = linear_features_find(linear, &spec->linear.extract);
    Features vectors = {0};
    bool good = (made ? pick(&vectors, input, &made->features, maps, err)
                      : extract(&vectors, input, input->encoder->encoder, &spec->linear.extract, maps, observer, err)) &&
                maps_make_side(maps, MAP_FROZEN, spec->name, &vectors, input->dataset, input->maps, input->pool, observer, err);
    features_free(&vectors);
    return good;
}

static bool make_tuned(Maps *maps, const CompareInput *input, int entry, const Observer *observer, Error *err) {
    const ExtractOptions cls = EXTRACT_DEFAULTS; /* what its head reads */
    const EntrySpec *spec = &input->entries[entry];
    Path folder;
    TextEncoder tuned = {0};
    Features vectors = {0};
    bool good = path_make(&folder, err, "%s/%s/model", input->output_dir, spec->name) &&
                text_encoder_load(&tuned, folder.text, 0, input->encoder->max_length, input->pool, err) &&
                extract(&vectors, input, tuned.encoder, &cls, maps, observer, err) &&
                maps_make_side(maps, MAP_TUNED, spec->name, &vectors, input->dataset, input->maps, input->pool, observer, err);
    features_free(&vectors);
    text_encoder_free(&tuned);
    return good;
}

static bool make(Maps *maps, const CompareInput *input, const LinearInputs *linear, int frozen, int tuned, const Sha256Hex *key,
                 const Observer *observer, Error *err) {
    observer_note(observer, "%-14s of the test texts%s%s", "maps", frozen >= 0 ? ", frozen" : "",
                  tuned >= 0 ? ", fine-tuned" : "");
    maps->key = *key;
    return maps_draw_rows(maps, input->dataset, input->seed, err) &&
           (frozen < 0 || make_frozen(maps, input, linear, frozen, observer, err)) &&
           (tuned < 0 || make_tuned(maps, input, tuned, observer, err)) &&
           maps_save(maps, input->dataset, input->output_dir, err);
}

/* An earlier run's maps must not stand beside this one's report. */
static bool make_none(const CompareInput *input, Error *err) {
    Path folder;
    return path_make(&folder, err, "%s/maps", input->output_dir) && folder_remove(folder.text, err);
}

bool compare_maps(Maps *out, const CompareInput *input, const LinearInputs *linear, const Comparison *c, const Observer *observer,
                  Error *err) {
    bool found = false;
    int frozen = frozen_entry(input, c), tuned = tuned_entry(input, c);
    if (!input->maps || !input->encoder || (frozen < 0 && tuned < 0) || input->dataset->splits[SPLIT_TEST].count < MAPPED_LEAST)
        return make_none(input, err);
    Buffer key = {0};
    Error failure = {0};
    write_key(&key, input, frozen, tuned);
    Sha256Hex digest = sha256_bytes(key.data, key.size);
    bool good =
        buffer_ok(&key, err) && (input->overwrite || maps_load(out, input->dataset, &digest, input->output_dir, &found, err));
    if (good && !found && !make(out, input, linear, frozen, tuned, &digest, observer, &failure)) {
        maps_free(out);
        good = failure.kind != ERROR_INTERRUPTED; /* anything else: a report without maps is still a report */
        if (good)
            observer_note(observer, "%-14s left out: %s", "maps", failure.message);
        else if (err)
            *err = failure;
    }
    buffer_free(&key);
    return good;
}
