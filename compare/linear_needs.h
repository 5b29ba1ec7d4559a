/* How much memory a linear model takes, told before it is trained; MB of 2^20 bytes. */
#ifndef TWOFOLD_COMPARE_LINEAR_NEEDS_H
#define TWOFOLD_COMPARE_LINEAR_NEEDS_H

#include "compare/linear_entry.h"

/* On the encoder's features (not looked at for a dummy): the encoder at work and the features, the solver's room, the weights and the answers. */
double linear_dense_needs_mb(const Dataset *dataset, const LinearOptions *options, const TextEncoder *encoder, int threads);

/* On a bag of words, whose texts are gone through to tell how many terms and values there will be. NaN: cannot be told. */
double linear_words_needs_mb(const Dataset *dataset, const LinearOptions *options, Pool *pool);

/* The same for what is about to be run. */
double linear_inputs_needs_mb(const LinearInputs *inputs, const LinearOptions *options);

#endif
