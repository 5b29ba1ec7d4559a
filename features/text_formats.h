/* Features as text, for other programs: LIBSVM's lines (liblinear's train and predict, scikit-learn's load_svmlight_file) and CSV.
 * Row by row, numbers as the shortest text that reads back as the same value. */
#ifndef TWOFOLD_FEATURES_TEXT_FORMATS_H
#define TWOFOLD_FEATURES_TEXT_FORMATS_H

#include <stdint.h>

#include "common/error.h"
#include "common/file.h"
#include "features/features.h"

/* Rows as they come, for matrices that need not fit into memory. The file appears under its name with feature_text_commit and not before. */
typedef enum FeatureTextKind { FEATURE_TEXT_LIBSVM, FEATURE_TEXT_CSV } FeatureTextKind;
typedef struct FeatureText {
    FileWriter file;
    Buffer line;
    FeatureTextKind kind;
    const char *const *class_names; /* borrowed; NULL: class ids */
} FeatureText;
MUST_CHECK bool feature_text_open(FeatureText *text, const char *path, FeatureTextKind kind, int channels, const char *const *class_names, Error *err);
/* The rows of the view; labels (view->count) or NULL. CSV: dense ones only. */
MUST_CHECK bool feature_text_add(FeatureText *text, const FeatureView *view, const int32_t *labels, Error *err);
MUST_CHECK bool feature_text_commit(FeatureText *text, Error *err);
void feature_text_cancel(FeatureText *text); /* takes a zeroed one; nothing after a commit */

/* `label 1:0.5 7:-2` a row: the class id (0 without labels), indices from 1, zeros left out. labels (view.count) or NULL. */
MUST_CHECK bool features_write_libsvm(const char *path, const FeatureView *view, const int32_t *labels, Error *err);

/* A header `label,f0,f1,…`, then the class (its name, or its id where class_names is NULL; empty without labels) and every
 * channel. Dense features only. */
MUST_CHECK bool features_write_csv(const char *path, const FeatureView *view, const int32_t *labels,
                                   const char *const *class_names, Error *err);

#endif
