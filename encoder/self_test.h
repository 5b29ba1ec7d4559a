/* Is the arithmetic right on this machine, and how fast is it? What `twofold doctor` asks. Each check compares what the encoder
 * computes with, at one of its shapes, with a slow and sure way; ERROR_FAILED says what is not as it should be. */
#ifndef TWOFOLD_ENCODER_SELF_TEST_H
#define TWOFOLD_ENCODER_SELF_TEST_H

#include "common/error.h"
#include "common/parallel.h"
#include "encoder/dtype.h"

/* Products against sums in double. worst: the largest error, as a share of the sum of the absolute terms. */
MUST_CHECK bool self_test_products(double *worst, Error *err);
/* Every number of rows from 1 to 130 gives the bits that all together give, on every thread of the pool. */
MUST_CHECK bool self_test_rows(Pool *pool, Error *err);
/* The kernels chosen for this processor against the plain C ones. worst: the largest difference. */
MUST_CHECK bool self_test_kernels(double *worst, Error *err);

/* What products and the other operations run on: "AVX512-BF16", "AVX-512". The first is borrowed for good. */
MUST_CHECK bool self_test_instructions(const char **products, const char **kernels, Error *err);

enum { MATRIX_RATE_SIZE = 768 };
typedef struct MatrixRate {
    int threads;
    double products; /* of 768 × 768 × 768, GFLOP/s (a multiply-add of int8 counts two as well) of all threads together */
    double peak;     /* fused float32 multiply-adds in registers, the same */
} MatrixRate;
/* Both measured in turn for `seconds` altogether, the best round of each: what disturbs a machine only ever takes. The products are of `dtype`, as the
 * encoder's are: bfloat16 ones give float32, int8 ones int32. */
MUST_CHECK bool matrix_rate_measure(MatrixRate *rate, Dtype dtype, Pool *pool, double seconds, Error *err);

#endif
