/* Matrix products by the system's BLAS, always on the calling thread: OpenBLAS changes its bits with the number of threads, so
 * whoever wants more runs it on blocks of fixed size. */
#ifndef TWOFOLD_COMMON_BLAS_H
#define TWOFOLD_COMMON_BLAS_H

/* Tells OpenBLAS, however it was built, to stay on the calling thread; another BLAS is left as it is. Call before any product,
 * and before liblinear, which uses the same library. */
void blas_stay_serial(void);

/* c (rows, K) = a (rows, C) · b (C, K) */
void blas_multiply(double *c, const double *a, const double *b, int rows, int channels, int classes);
/* c (C, K) += a (rows, C)ᵀ · b (rows, K) */
void blas_add_transposed(double *c, const double *a, const double *b, int rows, int channels, int classes);
/* the lower triangle of c (C, C) += a (rows, C)ᵀ · a */
void blas_add_squares(double *c, const double *a, int rows, int channels);
/* c (rows, others) = a (rows, C) · b (others, C)ᵀ, in single precision */
void blas_dots(float *c, const float *a, const float *b, int rows, int channels, int others);

/* The processor that OpenBLAS has chosen its code for, "SkylakeX"; NULL for another BLAS. */
const char *blas_core(void);
/* The version and that, "OpenBLAS 0.3.21, SkylakeX"; "not OpenBLAS" for another one. */
void blas_library(char out[96]);

#endif
