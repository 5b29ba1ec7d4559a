/* The search for label errors as a step of a comparison: with the settings of its most accurate path-A entry, once for a run folder. */
#ifndef TWOFOLD_COMPARE_LABEL_STEP_H
#define TWOFOLD_COMPARE_LABEL_STEP_H

#include "compare/compare.h"

/* Fills comparison->audit's suspects, from label_errors.json in the output folder where it was written for the same rows, encoder and settings. Leaves them
 * unknown when there is no such entry, or input->label_folds is below 2. The features of an entry that was just made are taken from `linear`. */
MUST_CHECK bool label_step_run(Comparison *comparison, const CompareInput *input, const LinearInputs *linear, const Observer *observer,
                               Error *err);

#endif
