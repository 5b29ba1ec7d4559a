/* twofold features: an encoder's vectors in files, for other programs. Never splits: rows stay in file order. */
#include <string.h>

#include "cli/steps.h"
#include "common/utf8.h"
#include "features/npy.h"
#include "features/text_formats.h"

static const char *const SUFFIXES[] = {
    [FEATURE_FORMAT_NPY] = "npy", [FEATURE_FORMAT_LIBSVM] = "libsvm", [FEATURE_FORMAT_CSV] = "csv"};

/* The rows of one file, or of one split of a folder. */
typedef struct Part {
    const Dataset *dataset;
    Split split;
    Features features;
    int32_t *labels; /* class ids, NO_LABEL where there is none */
    bool labelled;   /* every row has one */
} Part;

static void part_free(Part *part) {
    features_free(&part->features);
    mem_free(part->labels);
}

static bool take_labels(Part *part, Error *err) {
    const RowList *list = &part->dataset->splits[part->split];
    part->labels = mem_new((size_t)list->count, sizeof *part->labels, err);
    if (!part->labels) return false;
    part->labelled = list->count > 0;
    for (int i = 0; i < list->count; i++) {
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

static bool write_values(const Run *run, const Part *part, Error *err) {
    Path path, labels;
    FeatureFormat format = run->settings.feature_format;
    FeatureView view = features_view(&part->features);
    if (!part_path(&path, run, part, "features", SUFFIXES[format], err) || !part_path(&labels, run, part, "labels", "npy", err))
        return false;
    const int32_t *known = part->labelled ? part->labels : NULL;
    switch (format) {
    case FEATURE_FORMAT_NPY:
        return npy_write_features(path.text, &part->features, err) &&
               (!known || npy_write_labels(labels.text, known, part->features.rows, err));
    case FEATURE_FORMAT_LIBSVM: return features_write_libsvm(path.text, &view, known, err);
    case FEATURE_FORMAT_CSV:
        return features_write_csv(path.text, &view, known, (const char *const *)part->dataset->class_names, err);
    }
    return false;
}

/* features.json: what the numbers are. */
static bool write_description(const Run *run, const Dataset *dataset, const TextEncoder *encoder, const Sha256Hex *model,
                              Error *err) {
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
    json_put_int(&json, "channels", encoder_config(encoder->encoder)->channels);
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

/* All rows in one pass, as `train` makes them: then both find the same in the cache. */
static bool extract(Run *run, const Dataset *dataset, const TextEncoder *encoder, const Tokens *tokens, const Sha256Hex *model,
                    Features *all, Error *err) {
    FeatureCache cache = step_cache(run);
    Pool *pool = run_pool(run, err);
    return pool && features_extract_cached(all, NULL, &run->settings.extract, 1, &cache, model, encoder->encoder, tokens, NULL,
                                           dataset->rows, pool, &run->observer, err);
}

/* Rows as they were read lie split by split, so a part's features are some rows of `all`, end to end. */
static bool write_part(const Run *run, const Dataset *dataset, Split split, const Features *all, Error *err) {
    const RowList *list = &dataset->splits[split];
    if (!list->count) return true;
    Part part = {.dataset = dataset, .split = split};
    size_t channels = (size_t)all->channels;
    bool ok = features_make(&part.features, list->count, all->channels, err) && take_labels(&part, err);
    for (int i = 0; ok && i < list->count; i++)
        memcpy(part.features.values + (size_t)i * channels, all->values + (size_t)list->rows[i] * channels,
               channels * sizeof(float));
    ok = ok && write_values(run, &part, err) && write_ids(run, &part, err);
    part_free(&part);
    return ok;
}

bool command_features(Run *run, Error *err) {
    Dataset dataset = {0};
    TextEncoder encoder = {0};
    Tokens tokens = {0};
    Features all = {0};
    bool ok = step_read_data(run, &dataset, DATA_MAYBE_UNLABELLED, err) && step_load_encoder(run, &encoder, err) &&
              step_make_output(run, NULL, err) && step_encode(run, &encoder, &dataset, &tokens, NULL, err);
    if (ok) {
        Sha256Hex model = weights_sha256(&encoder.weights);
        ok = extract(run, &dataset, &encoder, &tokens, &model, &all, err);
        for (Split split = SPLIT_TRAIN; ok && split < SPLIT_COUNT; split++) ok = write_part(run, &dataset, split, &all, err);
        ok = ok && write_description(run, &dataset, &encoder, &model, err);
    }
    if (ok)
        terminal_say(&run->terminal, "features  %s  %d rows of %d channels", run->settings.output_dir, all.rows, all.channels);
    features_free(&all);
    tokens_free(&tokens);
    text_encoder_free(&encoder);
    dataset_free(&dataset);
    return ok;
}
