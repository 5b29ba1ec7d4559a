/* Sorting the short lists of numbers that texts turn into. */
#ifndef TWOFOLD_COMMON_SORT_H
#define TWOFOLD_COMMON_SORT_H

#include <stdint.h>

/* In place, ascending. Fast for the few dozen terms of a text, n log n for any count. */
void sort_int32(int32_t *values, int64_t count);

#endif
