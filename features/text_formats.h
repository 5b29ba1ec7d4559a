/* Features as text, for other programs: LIBSVM's lines (liblinear's train and predict, scikit-learn's load_svmlight_file) and CSV.
 * Row by row, numbers as the shortest text that reads back as the same value. */
#ifndef TWOFOLD_FEATURES_TEXT_FORMATS_H
#define TWOFOLD_FEATURES_TEXT_FORMATS_H

#include <stdint.h>

#include "common/error.h"
#include "common/file.h"
#include "features/features.h"

/* `label 1:0.5 7:-2` a row: the class id (0 without labels), indices from 1, zeros left out. labels (view.count) or NULL. */
MUST_CHECK bool features_write_libsvm(const char *path, const FeatureView *view, const int32_t *labels, Error *err);

/* A header `label,f0,f1,…`, then the class (its name, or its id where class_names is NULL; empty without labels) and every
 * channel. Dense features only. */
MUST_CHECK bool features_write_csv(const char *path, const FeatureView *view, const int32_t *labels,
                                   const char *const *class_names, Error *err);

#endif
