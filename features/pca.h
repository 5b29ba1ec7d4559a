/* Principal components: the directions in which rows differ most, as scikit-learn's PCA has them (rows centred, not scaled). */
#ifndef TWOFOLD_FEATURES_PCA_H
#define TWOFOLD_FEATURES_PCA_H

#include "common/error.h"
#include "common/parallel.h"
#include "features/features.h"

enum { PCA_MOST = 8 };

typedef struct Pca {
    int channels, components;
    double *means;              /* (channels) */
    double *axes;               /* (components, channels), orthonormal; the entry of largest size in each is positive (svd_flip) */
    double variances[PCA_MOST]; /* of the rows along each axis, divisor N - 1; falling */
    double shares[PCA_MOST];    /* of all variance, 0 to 1 */
} Pca;

/* At least 2 rows; components at most PCA_MOST and at most the channels. An axis without variance is zeros. */
MUST_CHECK bool pca_fit(Pca *pca, const Features *features, int components, Pool *pool, Error *err);
void pca_free(Pca *pca); /* takes a zeroed one */

/* The rows' places along the axes: (rows, components). */
MUST_CHECK bool pca_apply(Features *out, const Pca *pca, const Features *features, Error *err);

#endif
