/* How far a map may be trusted, and how well labels stay together: what a report says beside it. */
#ifndef TWOFOLD_FEATURES_MAP_QUALITY_H
#define TWOFOLD_FEATURES_MAP_QUALITY_H

#include "features/neighbours.h"

/* Trustworthiness (Venna and Kaski 2001, as scikit-learn's): 1 when no row is among another's k nearest on the map that was not so among the features,
 * less the further away it was; k below half of the rows. Time grows with the square of the rows. */
MUST_CHECK bool map_trustworthiness(double *out, const Features *map, const Features *features, int k, Metric metric, Pool *pool,
                                    Error *err);

/* The mean share of a row's k nearest that two sets of neighbours (of the same rows and k) have in common. */
double neighbours_overlap(const Neighbours *a, const Neighbours *b);

/* The share of rows whose nearest other row has the same label; a row without one (negative) counts as another. */
MUST_CHECK bool nearest_label_share(double *out, const Features *features, const int32_t *labels, Metric metric, Pool *pool,
                                    Error *err);

#endif
