#include "features/features.h"

#include <math.h>

#include "common/memory.h"

bool features_make(Features *features, int rows, int channels, Error *err) {
    *features = (Features){.rows = rows, .channels = channels};
    if (rows < 0 || channels < 0) return FAIL(err, ERROR_FAILED, "%d × %d features cannot be", rows, channels);
    features->values = mem_new((size_t)rows, (size_t)channels * sizeof(float), err);
    return features->values != NULL;
}

void features_free(Features *features) {
    mem_free(features->values);
    *features = (Features){0};
}

bool sparse_features_make(SparseFeatures *features, int rows, int columns, int64_t entries, Error *err) {
    *features = (SparseFeatures){.rows = rows, .columns = columns};
    if (rows < 0 || columns < 0 || entries < 0)
        return FAIL(err, ERROR_FAILED, "%d × %d sparse features cannot be", rows, columns);
    features->starts = mem_new((size_t)rows + 1, sizeof *features->starts, err);
    features->indices = mem_new((size_t)entries, sizeof *features->indices, err);
    features->values = mem_new((size_t)entries, sizeof *features->values, err);
    if (features->starts && features->indices && features->values) return true;
    sparse_features_free(features);
    return false;
}

void sparse_features_free(SparseFeatures *features) {
    mem_free(features->starts);
    mem_free(features->indices);
    mem_free(features->values);
    *features = (SparseFeatures){0};
}

FeatureView features_view(const Features *features) { return (FeatureView){.dense = features, .count = features->rows}; }

FeatureView features_view_rows(const Features *features, const int32_t *rows, int count) {
    return (FeatureView){.dense = features, .rows = rows, .count = count};
}

FeatureView sparse_features_view(const SparseFeatures *features) {
    return (FeatureView){.sparse = features, .count = features->rows};
}

FeatureView sparse_features_view_rows(const SparseFeatures *features, const int32_t *rows, int count) {
    return (FeatureView){.sparse = features, .rows = rows, .count = count};
}

int feature_view_channels(const FeatureView *view) { return view->dense ? view->dense->channels : view->sparse->columns; }

static bool dense_row_check(const Features *features, int row, Error *err) {
    const float *values = features->values + (size_t)row * (size_t)features->channels;
    for (int c = 0; c < features->channels; c++)
        if (!isfinite(values[c]))
            return FAIL(err, ERROR_DATA, "features: row %d, channel %d is %f, expected a finite number", row, c,
                        (double)values[c]);
    return true;
}

static bool sparse_row_check(const SparseFeatures *features, int row, Error *err) {
    for (int64_t i = features->starts[row]; i < features->starts[row + 1]; i++)
        if (!isfinite(features->values[i]))
            return FAIL(err, ERROR_DATA, "features: row %d, column %d is %f, expected a finite number", row, features->indices[i],
                        features->values[i]);
    return true;
}

bool feature_view_check(const FeatureView *view, Error *err) {
    for (int i = 0; i < view->count; i++) {
        int row = feature_view_row(view, i);
        if (!(view->dense ? dense_row_check(view->dense, row, err) : sparse_row_check(view->sparse, row, err))) return false;
    }
    return true;
}
