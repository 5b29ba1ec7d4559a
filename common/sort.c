#include "common/sort.h"

#include <stdlib.h>

/* Up to here insertion is faster than qsort's call for each comparison. */
enum { SHORT_LIST = 48 };

static int ascending(const void *a, const void *b) {
    int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

void sort_int32(int32_t *values, int64_t count) {
    if (count > SHORT_LIST) {
        qsort(values, (size_t)count, sizeof *values, ascending);
        return;
    }
    for (int64_t i = 1; i < count; i++) {
        int32_t value = values[i];
        int64_t at = i;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
}
