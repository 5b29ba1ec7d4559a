/* How much memory a linear model takes before it is trained: no more than a few numbers are known then. MB of 2^20 bytes. */
#ifndef TWOFOLD_COMPARE_LINEAR_NEEDS_H
#define TWOFOLD_COMPARE_LINEAR_NEEDS_H

#include "compare/linear_entry.h"

/* On rows of so many numbers (dense: the columns; sparse: those that are not zero) in so many columns: the features, the solver's room, the
 * weights and the answers. */
double linear_needs_mb(const Dataset *dataset, const LinearOptions *options, double numbers, double columns);

/* The same for what is about to be run. Of a bag of words the first rows are looked at, which tell the least it can be. NaN: cannot be told. */
double linear_inputs_needs_mb(const LinearInputs *inputs, const LinearOptions *options);

#endif
