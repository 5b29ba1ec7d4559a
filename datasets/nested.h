/* Parts of the training rows that lie one within the other, each with the classes' shares: what a learning curve is measured on, and what settings are
 * tried on when all rows would take too long. */
#ifndef TWOFOLD_DATASETS_NESTED_H
#define TWOFOLD_DATASETS_NESTED_H

#include "datasets/dataset.h"

/* The rows of a split in an order of which every beginning is such a part: drawn by seed within each class, the classes interleaved by their shares, and one row of each
 * class first. order has room for the split's rows. */
MUST_CHECK bool nested_order(int *order, const Dataset *dataset, Split split, uint64_t seed, Error *err);

/* The first `count` of that order (at least one row a class, at most all), ascending. Release rows with mem_free. */
MUST_CHECK bool nested_take(RowList *out, const int *order, const Dataset *dataset, Split split, int64_t count, Error *err);

#endif
