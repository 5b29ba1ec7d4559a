#include "metrics/multiple.h"

#include <math.h>
#include <stdlib.h>

#include "common/memory.h"

typedef struct Tested {
    double log10_p;
    int place;
} Tested;

static int compare_tested(const void *a, const void *b) {
    const Tested *x = a, *y = b;
    if (x->log10_p != y->log10_p) return x->log10_p < y->log10_p ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

bool holm_adjust(double *adjusted, const double *log10_p, int count, Error *err) {
    Tested *tested = mem_new((size_t)count, sizeof *tested, err);
    if (!tested) return false;
    int m = 0;
    for (int i = 0; i < count; i++) {
        adjusted[i] = log10_p[i];
        if (!isnan(log10_p[i])) tested[m++] = (Tested){log10_p[i], i};
    }
    qsort(tested, (size_t)m, sizeof *tested, compare_tested);
    double highest = -HUGE_VAL;
    for (int i = 0; i < m; i++) {
        highest = fmax(highest, fmin(0, tested[i].log10_p + log10(m - i)));
        adjusted[tested[i].place] = highest;
    }
    mem_free(tested);
    return true;
}
