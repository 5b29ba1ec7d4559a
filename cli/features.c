/* twofold features: an encoder's vectors in files, for other programs. Never splits: rows stay in file order. */
#include <string.h>

#include "cli/features_map.h"
#include "cli/steps.h"
#include "common/available.h"
#include "common/utf8.h"
#include "encoder/sweep.h"
#include "features/npy.h"
#include "features/text_formats.h"

static const char *const SUFFIXES[] = {
    [FEATURE_FORMAT_NPY] = "npy", [FEATURE_FORMAT_LIBSVM] = "libsvm", [FEATURE_FORMAT_CSV] = "csv"};

/* The rows of one file, or of one split of a folder: where they go as they come. Rows as they were read lie split by split. */
typedef struct Part {
    const Dataset *dataset;
    Split split;
    int32_t *labels; /* class ids, NO_LABEL where there is none */
    bool labelled;   /* every row has one */
    int done;        /* rows that are written */
    FeatureFormat format;
    NpyWriter npy;
    FeatureText text;
} Part;

static int part_rows(const Part *part) { return part->dataset->splits[part->split].count; }
static int part_begin(const Part *part) { return part_rows(part) ? part->dataset->splits[part->split].rows[0] : 0; }

static void part_free(Part *part) {
    npy_cancel(&part->npy);
    feature_text_cancel(&part->text);
    mem_free(part->labels);
}

static bool take_labels(Part *part, Error *err) {
    const RowList *list = &part->dataset->splits[part->split];
    part->labels = mem_new((size_t)list->count, sizeof *part->labels, err);
    if (!part->labels) return false;
    part->labelled = list->count > 0;
    for (int i = 0; i < list->count; i++) {
        if (list->rows[i] != part_begin(part) + i)
            return FAIL(err, ERROR_FAILED, "row %d of %s is not behind the one before it", i, split_name(part->split));
        part->labels[i] = part->dataset->labels[list->rows[i]];
        part->labelled = part->labelled && part->labels[i] != NO_LABEL;
    }
    return true;
}

/* DIR/features.npy, DIR/labels.npy for one file; DIR/train.npy, DIR/train_labels.npy for a folder. */
static bool part_path(Path *path, const Run *run, const Part *part, const char *what, const char *suffix, Error *err) {
    const char *folder = run->settings.output_dir, *name = split_name(part->split);
    bool is_main = strcmp(what, "features") == 0;
    if (part->dataset->whole) return path_make(path, err, "%s/%s.%s", folder, what, suffix);
    return path_make(path, err, "%s/%s%s%s.%s", folder, name, is_main ? "" : "_", is_main ? "" : what, suffix);
}

static bool write_ids(const Run *run, const Part *part, Error *err) {
    Path path;
    FileWriter file;
    if (!part_path(&path, run, part, "ids", "csv", err) || !file_writer_open(&file, path.text, err)) return false;
    Buffer line = {0};
    const RowList *list = &part->dataset->splits[part->split];
    file_writer_printf(&file, "id,label\n");
    for (int i = 0; i < list->count; i++) {
        Buffer id = {0};
        dataset_add_id(&id, part->dataset, list->rows[i]);
        escape_csv(&line, id.data ? id.data : "", id.size);
        line.failed |= id.failed;
        const char *label = part->labels[i] == NO_LABEL ? "" : part->dataset->class_names[part->labels[i]];
        buffer_text(&line, ",");
        escape_csv(&line, label, strlen(label));
        buffer_text(&line, "\n");
        file_writer_add(&file, line.data, line.size);
        line.size = 0;
        buffer_free(&id);
    }
    bool ok = buffer_ok(&line, err) && file_writer_commit(&file, err);
    file_writer_cancel(&file);
    buffer_free(&line);
    return ok;
}

static bool part_open(Part *part, const Run *run, int channels, Error *err) {
    Path path;
    part->format = run->settings.feature_format;
    if (!take_labels(part, err) || !part_path(&path, run, part, "features", SUFFIXES[part->format], err)) return false;
    if (part->format == FEATURE_FORMAT_NPY) return npy_open_float32(&part->npy, path.text, part_rows(part), channels, err);
    FeatureTextKind kind = part->format == FEATURE_FORMAT_CSV ? FEATURE_TEXT_CSV : FEATURE_TEXT_LIBSVM;
    return feature_text_open(&part->text, path.text, kind, channels, (const char *const *)part->dataset->class_names, err);
}

static bool part_add(Part *part, const Features *rows, Error *err) {
    FeatureView view = features_view(rows);
    bool good = true;
    if (part->format == FEATURE_FORMAT_NPY)
        npy_add_float32(&part->npy, rows->values, (int64_t)rows->rows * rows->channels);
    else
        good = feature_text_add(&part->text, &view, part->labelled ? part->labels + part->done : NULL, err);
    part->done += rows->rows;
    return good;
}

static bool part_commit(Part *part, const Run *run, Error *err) {
    Path labels;
    if (part->format != FEATURE_FORMAT_NPY) return feature_text_commit(&part->text, err) && write_ids(run, part, err);
    return npy_commit(&part->npy, err) && part_path(&labels, run, part, "labels", "npy", err) &&
           (!part->labelled || npy_write_labels(labels.text, part->labels, part_rows(part), err)) && write_ids(run, part, err);
}

/* A chunk may reach over the end of a part into the next. */
static bool use_chunk(void *context, const Features *chunk, int first, Error *err) {
    Part *parts = context;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        Part *part = &parts[split];
        int begin = part_begin(part), end = begin + part_rows(part), last = first + chunk->rows;
        if (begin < first) begin = first;
        if (end > last) end = last;
        if (begin >= end) continue;
        Features rows = {.rows = end - begin,
                         .channels = chunk->channels,
                         .values = chunk->values + (size_t)(begin - first) * (size_t)chunk->channels};
        if (!part_add(part, &rows, err)) return false;
    }
    return true;
}

/* features.json: what the numbers are. map: of the places, or NULL for vectors. */
static bool write_description(const Run *run, const Dataset *dataset, const TextEncoder *encoder, const Sha256Hex *model,
                              const MapFacts *map, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/features.json", run->settings.output_dir)) return false;
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 2);
    json_begin_object(&json);
    json_put_string(&json, "twofold", TWOFOLD_VERSION);
    json_put_string(&json, "model", run->settings.model);
    json_put_string(&json, "model_sha256", model->text);
    json_put_string(&json, "pooling", pooling_name(run->settings.extract.pooling));
    json_put_int(&json, "layer", run->settings.extract.layer);
    json_put_bool(&json, "normalize", run->settings.extract.normalize);
    json_put_int(&json, "max_length", encoder->max_length);
    json_put_string(&json, "dtype", dtype_name(encoder_dtype(encoder->encoder)));
    json_put_int(&json, "channels", encoder_config(encoder->encoder)->channels);
    if (map) features_map_describe(&json, &run->settings.map, map);
    json_write_key(&json, "labels");
    json_begin_array(&json);
    for (int k = 0; k < dataset->classes; k++) json_write_string(&json, dataset->class_names[k]);
    json_end_array(&json);
    json_write_key(&json, "rows");
    json_begin_object(&json);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        if (dataset->splits[split].count)
            json_put_int(&json, dataset->whole ? "features" : split_name(split), dataset->splits[split].count);
    json_end_object(&json);
    json_end_object(&json);
    buffer_text(&text, "\n");
    bool ok = file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return ok;
}

/* In one pass over all rows, under the key that `train` uses: then both find the same in the cache. */
static bool write_parts(Run *run, const Dataset *dataset, const TextEncoder *encoder, const Tokens *tokens, const Sha256Hex *model, Error *err) {
    FeatureCache cache = step_cache(run);
    Pool *pool = run_pool(run, err);
    int channels = encoder_config(encoder->encoder)->channels;
    Part parts[SPLIT_COUNT] = {{0}};
    bool ok = pool != NULL;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        parts[split] = (Part){.dataset = dataset, .split = split};
        if (ok && part_rows(&parts[split])) ok = part_open(&parts[split], run, channels, err);
    }
    ok = ok && features_stream(&run->settings.extract, &cache, model, encoder->encoder, tokens, pool, use_chunk, parts, &run->observer, err);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        if (ok && part_rows(&parts[split])) ok = part_commit(&parts[split], run, err);
        part_free(&parts[split]);
    }
    return ok;
}

/* Ids of all texts, the room to run in and a chunk of vectors; for a map all of them, and as much again to make it. */
static bool check_memory(const Run *run, const Dataset *dataset, const TextEncoder *encoder, bool mapped, Error *err) {
    const EncoderConfig *config = encoder_config(encoder->encoder);
    double bytes = 2 * (double)dataset->starts[dataset->rows], vector = (double)config->channels * sizeof(float);
    bytes += (double)sweep_bytes(config, encoder_dtype(encoder->encoder), encoder->max_length, run_threads(run));
    bytes += vector * (mapped ? 3.0 * dataset->rows : dataset->rows < FEATURES_CHUNK_ROWS ? dataset->rows : FEATURES_CHUNK_ROWS);
    return memory_check("making these features", bytes / 0x1p20, "fewer rows, a smaller --max_length or --max_batch_tokens need less", err);
}

bool command_features(Run *run, Error *err) {
    bool mapped = run->settings.map.method != MAP_NONE;
    if (mapped && options_given(&run->options, "output_format"))
        return FAIL(err, ERROR_USAGE, "--map writes map.npy and map.csv: --output_format is for vectors, without --map");
    MapFacts map = {0};
    Dataset dataset = {0};
    TextEncoder encoder = {0};
    Tokens tokens = {0};
    bool ok = step_read_data(run, &dataset, DATA_MAYBE_UNLABELLED, err) && step_load_encoder(run, &encoder, err) &&
              check_memory(run, &dataset, &encoder, mapped, err) && step_make_output(run, NULL, err) && step_encode(run, &encoder, &dataset, &tokens, NULL, err);
    if (ok) {
        Sha256Hex model = step_hash_model(run, &encoder);
        ok = (mapped ? features_map_write(run, &dataset, &encoder, &tokens, &model, &map, err)
                     : write_parts(run, &dataset, &encoder, &tokens, &model, err)) &&
             write_description(run, &dataset, &encoder, &model, mapped ? &map : NULL, err);
    }
    if (ok)
        terminal_say(&run->terminal, "features  %s  %d rows of %d %s", run->settings.output_dir, dataset.rows,
                     mapped ? 2 : encoder_config(encoder.encoder)->channels, mapped ? "coordinates" : "channels");
    tokens_free(&tokens);
    text_encoder_free(&encoder);
    dataset_free(&dataset);
    return ok;
}
