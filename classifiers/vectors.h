/* Long vectors in double, spread over a pool in pieces of fixed size, so that sums are the same for any number of threads. */
#ifndef TWOFOLD_CLASSIFIERS_VECTORS_H
#define TWOFOLD_CLASSIFIERS_VECTORS_H

#include <stddef.h>

#include "common/error.h"
#include "common/parallel.h"

typedef struct Vectors {
    size_t length; /* of every vector */
    Pool *pool;
    double *partial; /* one a piece */
} Vectors;
MUST_CHECK bool vectors_make(Vectors *vectors, size_t length, Pool *pool, Error *err);
void vectors_free(Vectors *vectors); /* takes a zeroed one */

double vectors_dot(const Vectors *vectors, const double *a, const double *b);
double vectors_largest(const Vectors *vectors, const double *a); /* max |a_i|; NaN when one is */
void vectors_combine(const Vectors *vectors, double *out, double s, const double *a, double t, const double *b); /* s a + t b */

double vector_dot(const double *a, const double *b, size_t length); /* on this thread */

#endif
