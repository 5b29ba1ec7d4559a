#include "cli/features_map.h"

#include <string.h>

#include "cli/steps.h"
#include "common/file.h"
#include "common/utf8.h"
#include "features/npy.h"

static bool part_path(Path *path, const Run *run, const Dataset *dataset, Split split, const char *suffix, Error *err) {
    const char *folder = run->settings.output_dir;
    return dataset->whole ? path_make(path, err, "%s/map.%s", folder, suffix)
                          : path_make(path, err, "%s/%s_map.%s", folder, split_name(split), suffix);
}

static void add_row(Buffer *out, const Dataset *dataset, int row, const float *place) {
    Buffer id = {0};
    char x[32], y[32];
    dataset_add_id(&id, dataset, row);
    escape_csv(out, id.data ? id.data : "", id.size);
    out->failed |= id.failed;
    buffer_text(out, ",");
    const char *label = dataset->labels[row] == NO_LABEL ? "" : dataset->class_names[dataset->labels[row]];
    escape_csv(out, label, strlen(label));
    number_text(x, (double)place[0]);
    number_text(y, (double)place[1]);
    buffer_printf(out, ",%s,%s\n", x, y);
    buffer_free(&id);
}

/* places (rows of the split, 2) */
static bool write_part(const Run *run, const Dataset *dataset, Split split, const Features *places, Error *err) {
    Path values, table;
    FileWriter file;
    if (!part_path(&values, run, dataset, split, "npy", err) || !part_path(&table, run, dataset, split, "csv", err) ||
        !npy_write_features(values.text, places, err) || !file_writer_open(&file, table.text, err))
        return false;
    Buffer line = {0};
    buffer_text(&line, "id,label,x,y\n");
    for (int i = 0; i < places->rows; i++) {
        add_row(&line, dataset, dataset->splits[split].rows[i], places->values + 2 * (size_t)i);
        file_writer_add(&file, line.data, line.size);
        line.size = 0;
    }
    bool ok = buffer_ok(&line, err) && file_writer_commit(&file, err);
    file_writer_cancel(&file);
    buffer_free(&line);
    return ok;
}

static bool write_parts(const Run *run, const Dataset *dataset, const Features *map, Error *err) {
    bool ok = true;
    for (Split split = SPLIT_TRAIN; ok && split < SPLIT_COUNT; split++) {
        const RowList *list = &dataset->splits[split];
        Features places = {0};
        if (!list->count) continue;
        ok = features_make(&places, list->count, 2, err);
        for (int i = 0; ok && i < list->count; i++)
            memcpy(places.values + 2 * (size_t)i, map->values + 2 * (size_t)list->rows[i], 2 * sizeof(float));
        ok = ok && write_part(run, dataset, split, &places, err);
        features_free(&places);
    }
    return ok;
}

bool features_map_write(Run *run, const Dataset *dataset, const TextEncoder *encoder, const Tokens *tokens,
                        const Sha256Hex *model, MapFacts *facts, Error *err) {
    const MapOptions *options = &run->settings.map;
    FeatureCache cache = step_cache(run);
    Pool *pool = run_pool(run, err);
    Features all = {0}, map = {0};
    bool ok = pool && features_extract_cached(&all, NULL, &run->settings.extract, 1, &cache, model, encoder->encoder, tokens,
                                              NULL, dataset->rows, pool, &run->observer, err);
    if (ok) {
        terminal_say(&run->terminal, "map       %s of %d rows", map_method_name(options->method), all.rows);
        ok = map_make(&map, facts, &all, options, pool, &run->observer, err);
    }
    if (ok && facts->learned_rows < all.rows)
        terminal_say(&run->terminal,
                     "          learned from %d rows drawn by the seed; the others stand where their neighbours are (--map_rows)",
                     facts->learned_rows);
    ok = ok && write_parts(run, dataset, &map, err);
    features_free(&all);
    features_free(&map);
    return ok;
}

void features_map_describe(JsonWriter *json, const MapOptions *options, const MapFacts *facts) {
    json_write_key(json, "map");
    json_begin_object(json);
    json_put_string(json, "method", map_method_name(options->method));
    json_put_bool(json, "scaled", options->scale);
    json_put_int(json, "learned_rows", facts->learned_rows);
    if (options->method == MAP_UMAP) {
        json_put_int(json, "n_neighbors", options->umap.n_neighbors);
        json_put_number(json, "min_dist", options->umap.min_dist);
        json_put_string(json, "metric", metric_name(options->umap.metric));
        json_put_int(json, "seed", (int64_t)options->umap.seed);
    } else {
        json_write_key(json, "variance");
        json_begin_array(json);
        for (int i = 0; i < 2; i++) json_write_number(json, facts->variance[i]);
        json_end_array(json);
    }
    json_end_object(json);
}
