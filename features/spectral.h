/* Where UMAP begins: along the two slowest modes of its graph. */
#ifndef TWOFOLD_FEATURES_SPECTRAL_H
#define TWOFOLD_FEATURES_SPECTRAL_H

#include "common/parallel.h"
#include "features/fuzzy_graph.h"

enum { SPECTRAL_MODES = 2 };

/* modes (SPECTRAL_MODES, rows): the eigenvectors with the smallest eigenvalues above 0 of the normalised Laplacian I - D^-1/2 W D^-1/2, as umap-learn's
 * init="spectral" takes them, to a residual of 1e-4; the entry of largest size is positive. *found false, and no modes, where the graph falls apart (then these say
 * nothing but which part a row is in) or the modes did not settle. The same for any number of threads. */
MUST_CHECK bool spectral_modes(double *modes, bool *found, const FuzzyGraph *graph, uint64_t seed, Pool *pool, Error *err);

#endif
