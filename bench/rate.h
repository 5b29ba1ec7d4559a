/* The processor's matrix rate: oneDNN's own product with packed weights, on the threads of a pool. */
#ifndef TWOFOLD_BENCH_RATE_H
#define TWOFOLD_BENCH_RATE_H

#include "common/parallel.h"
#include "encoder/dtype.h"

/* Operations a second, the best of square weights of 1024 to 4096; takes about two seconds. */
double bench_matrix_rate(Dtype dtype, Pool *pool);

#endif
