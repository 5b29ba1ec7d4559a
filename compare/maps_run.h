/* The step of a comparison that draws its maps. */
#ifndef TWOFOLD_COMPARE_MAPS_RUN_H
#define TWOFOLD_COMPARE_MAPS_RUN_H

#include "compare/compare.h"

/* Fills zeroed Maps from the done entries that this run trained, or from what an earlier command left of them in the folder. All zero where there is nothing to
 * draw. False only when stopped, or when the folder cannot be written. Features that the run has made stand in `linear`. */
MUST_CHECK bool compare_maps(Maps *out, const CompareInput *input, const LinearInputs *linear, const Comparison *comparison,
                             const Observer *observer, Error *err);

#endif
