/* What a text looks like to a linear model: a dense row of channels (from the encoder) or a sparse one (from TF-IDF).
 * Legend: N rows, C channels, V vocabulary. */
#ifndef TWOFOLD_FEATURES_FEATURES_H
#define TWOFOLD_FEATURES_FEATURES_H

#include <stdint.h>

#include "common/error.h"

#pragma GCC visibility push(default)

typedef struct Features {
    int rows;
    int channels;
    float *values; /* (rows, channels) row-major */
} Features;

/* Compressed rows (CSR): row r has the columns indices[starts[r] .. starts[r+1]), ascending, each with its value. */
typedef struct SparseFeatures {
    int rows;
    int columns;      /* V */
    int64_t *starts;  /* (rows + 1), starts[0] = 0 */
    int32_t *indices; /* (starts[rows]) */
    double *values;   /* (starts[rows]) */
} SparseFeatures;

/* All zero; the arrays belong to the struct. The sparse one has room for `entries` values. */
MUST_CHECK bool features_make(Features *features, int rows, int channels, Error *err);
MUST_CHECK bool sparse_features_make(SparseFeatures *features, int rows, int columns, int64_t entries, Error *err);
/* Take a zeroed one and leave a zeroed one. */
void features_free(Features *features);
void sparse_features_free(SparseFeatures *features);

/* Some rows of either kind, in a given order, without a copy: what a linear model is trained on and asked about. Borrows
 * everything. */
typedef struct FeatureView {
    const Features *dense; /* exactly one of the two is set */
    const SparseFeatures *sparse;
    const int32_t *rows; /* (count) which rows, or NULL for rows 0 … count-1 */
    int count;
} FeatureView;

FeatureView features_view(const Features *features);                                      /* all rows */
FeatureView features_view_rows(const Features *features, const int32_t *rows, int count); /* these rows */
FeatureView sparse_features_view(const SparseFeatures *features);
FeatureView sparse_features_view_rows(const SparseFeatures *features, const int32_t *rows, int count);

int feature_view_channels(const FeatureView *view); /* C or V */
/* The row of the matrix that place `i` of the view stands for. */
static inline int feature_view_row(const FeatureView *view, int i) { return view->rows ? view->rows[i] : i; }

/* Every value of the view is finite; else ERROR_DATA with the row and channel (counted from 0). */
MUST_CHECK bool feature_view_check(const FeatureView *view, Error *err);

#pragma GCC visibility pop
#endif
