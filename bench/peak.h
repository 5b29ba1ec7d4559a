/* What the cores could do at most, from their clock and the width of their units. Both are measured: virtual machines leave the files that
 * would say it out, or fill them in wrongly. */
#ifndef TWOFOLD_BENCH_PEAK_H
#define TWOFOLD_BENCH_PEAK_H

#include "common/parallel.h"
#include "encoder/dtype.h"

typedef struct Peak {
    double clock_hz; /* while all threads are busy: of a chain of additions, one a cycle */
    int width;       /* operations a cycle and thread, the power of two nearest to what multiply-adds in registers reach */
    double rate;     /* clock · width · threads: operations a second */
} Peak;

/* Zeros where this program or this processor lacks the instruction. Takes 0.1 s. */
Peak peak_measure(Dtype dtype, Pool *pool);

#endif
