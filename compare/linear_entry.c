#include "compare/linear_entry.h"

#include "common/clock.h"
#include "common/memory.h"

/* The features of the three splits, as views over one dense matrix or over a sparse one each. */
typedef struct SplitFeatures {
    LinearFeatures own; /* made here, not handed in */
    SparseFeatures sparse[SPLIT_COUNT];
    int32_t *rows; /* places in the dense matrix, 0, 1, 2 …: what the views point into */
    FeatureView views[SPLIT_COUNT];
    int32_t *labels[SPLIT_COUNT];
} SplitFeatures;

static void split_features_free(SplitFeatures *features) {
    features_free(&features->own.features);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        sparse_features_free(&features->sparse[split]);
        mem_free(features->labels[split]);
    }
    mem_free(features->rows);
}

/* The rows of a split that count: of training those that are learned from. */
static const RowList *used_rows(const LinearInputs *inputs, Split split) {
    return split == SPLIT_TRAIN && inputs->part ? inputs->part : &inputs->dataset->splits[split];
}

static bool take_labels(SplitFeatures *features, const LinearInputs *inputs, Error *err) {
    const Dataset *dataset = inputs->dataset;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        const RowList *list = used_rows(inputs, split);
        features->views[split].count = list->count;
        features->labels[split] = mem_new((size_t)list->count, sizeof(int32_t), err);
        if (!features->labels[split]) return false;
        for (int i = 0; i < list->count; i++) features->labels[split][i] = dataset->labels[list->rows[i]];
    }
    return true;
}

static int count_rows(const Dataset *dataset) {
    int total = 0;
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) total += dataset->splits[split].count;
    return total;
}

bool linear_features_make(LinearFeatures *made, int count, const LinearInputs *inputs, const Observer *observer, Error *err) {
    int total = count_rows(inputs->dataset);
    int32_t *numbers = mem_new((size_t)total, sizeof *numbers, err);
    if (!numbers) return false;
    for (int i = 0, split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        const RowList *list = &inputs->dataset->splits[split];
        for (int r = 0; r < list->count; r++) numbers[i++] = list->rows[r];
    }
    Features features[EXTRACT_MOST] = {{0}};
    FeatureTimes times[EXTRACT_MOST];
    ExtractOptions wanted[EXTRACT_MOST];
    bool ok =
        count <= EXTRACT_MOST || FAIL(err, ERROR_USAGE, "%d kinds of features at once, expected at most %d", count, EXTRACT_MOST);
    for (int i = 0; ok && i < count; i++) wanted[i] = made[i].extract;
    ok = ok && features_extract_timed(features, times, wanted, count, &inputs->cache, &inputs->model, inputs->encoder->encoder,
                                       inputs->tokens, numbers, total, inputs->pool, observer, err);
    for (int i = 0; i < count && i < EXTRACT_MOST; i++) {
        made[i].features = features[i];
        made[i].seconds = ok ? times[i].wall_s : 0;
        made[i].cpu_s = ok ? times[i].cpu_s : 0;
    }
    mem_free(numbers);
    return ok;
}

static bool same_extract(const ExtractOptions *a, const ExtractOptions *b) {
    return a->pooling == b->pooling && a->layer == b->layer && a->normalize == b->normalize;
}

const LinearFeatures *linear_features_find(const LinearInputs *inputs, const ExtractOptions *extract) {
    for (int i = 0; i < inputs->made_count; i++)
        if (same_extract(&inputs->made[i].extract, extract)) return &inputs->made[i];
    return NULL;
}

/* The features of all splits in one matrix, so that one pass and one cache entry serve them. */
static bool make_dense(SplitFeatures *features, LinearEntry *entry, const LinearInputs *inputs, const Observer *observer,
                       Error *err) {
    const LinearFeatures *ready = linear_features_find(inputs, &entry->options.extract);
    features->own.extract = entry->options.extract;
    if (!ready && !linear_features_make(&features->own, 1, inputs, observer, err)) return false;
    if (!ready) ready = &features->own;
    entry->features_s = ready->seconds + inputs->tokens_s;
    entry->features_cpu_s = ready->cpu_s + inputs->tokens_cpu_s;
    int total = count_rows(inputs->dataset);
    features->rows = mem_new((size_t)total, sizeof *features->rows, err);
    if (!features->rows) return false;
    for (int i = 0, place = 0, split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        const RowList *all = &inputs->dataset->splits[split], *used = used_rows(inputs, (Split)split);
        int *begin = features->rows + i;
        for (int r = 0, u = 0; r < all->count; r++, place++) {
            if (u == used->count || used->rows[u] != all->rows[r]) continue;
            features->rows[i++] = place;
            u++;
        }
        features->views[split] = features_view_rows(&ready->features, begin, used->count);
    }
    return true;
}

static bool make_sparse(SplitFeatures *features, LinearEntry *entry, const LinearInputs *inputs, Error *err) {
    const Dataset *dataset = inputs->dataset;
    double started_s = clock_wall_s(), started_cpu_s = clock_cpu_s();
    TextView texts = {.data = dataset->text, .starts = dataset->starts};
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        texts.rows = used_rows(inputs, split)->rows;
        texts.count = used_rows(inputs, split)->count;
        if (split == SPLIT_TRAIN) entry->tfidf = tfidf_fit(&texts, &entry->options.tfidf, inputs->pool, err);
        if (!entry->tfidf || !tfidf_transform(entry->tfidf, &texts, inputs->pool, &features->sparse[split], err)) return false;
        features->views[split] = sparse_features_view(&features->sparse[split]);
    }
    entry->features_s = clock_wall_s() - started_s;
    entry->features_cpu_s = clock_cpu_s() - started_cpu_s;
    return true;
}

static bool make_features(SplitFeatures *features, LinearEntry *entry, const LinearInputs *inputs, const Observer *observer,
                          Error *err) {
    if (!take_labels(features, inputs, err)) return false;
    switch (entry->options.source) {
    case SOURCE_ENCODER: return make_dense(features, entry, inputs, observer, err);
    case SOURCE_TFIDF: return make_sparse(features, entry, inputs, err);
    case SOURCE_NONE: return true;
    }
    return false;
}

bool linear_entry_run(LinearEntry *entry, const LinearInputs *inputs, const LinearOptions *options, const Observer *observer,
                      Error *err) {
    *entry = (LinearEntry){.options = *options};
    SplitFeatures features = {0};
    bool ok = make_features(&features, entry, inputs, observer, err);
    double started_s = clock_wall_s(), started_cpu_s = clock_cpu_s();
    ok = ok && classifier_train(&entry->classifier, &features.views[SPLIT_TRAIN], features.labels[SPLIT_TRAIN],
                                &features.views[SPLIT_VALIDATION], features.labels[SPLIT_VALIDATION], inputs->dataset->classes,
                                &options->classifier, inputs->pool, observer, err);
    entry->classifier_s = clock_wall_s() - started_s;
    entry->classifier_cpu_s = clock_cpu_s() - started_cpu_s;
    for (Split split = SPLIT_VALIDATION; ok && split < SPLIT_COUNT; split++)
        ok = classifier_predict(&entry->classifier, &features.views[split], features.labels[split], inputs->pool,
                                &entry->predictions[split], err);
    split_features_free(&features);
    return ok;
}

void linear_entry_free(LinearEntry *entry) {
    classifier_free(&entry->classifier);
    tfidf_free(entry->tfidf);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) predictions_free(&entry->predictions[split]);
    *entry = (LinearEntry){0};
}

bool linear_entry_save(const LinearEntry *entry, const LinearInputs *inputs, const char *folder, Error *err) {
    TextModelParts parts = {.classifier = &entry->classifier,
                            .classes = inputs->dataset->classes,
                            .labels = inputs->dataset->class_names,
                            .tfidf = entry->tfidf,
                            .extract = entry->options.extract};
    if (entry->options.source == SOURCE_ENCODER) {
        parts.encoder_folder = inputs->encoder->folder.text;
        parts.max_length = inputs->encoder->max_length;
    }
    return text_model_save(&parts, folder, err);
}
