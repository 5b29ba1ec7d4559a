#include "common/blas.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>

/* OpenBLAS's own, as its cblas.h declares them; null where another BLAS is linked, which has no such functions. */
void openblas_set_num_threads(int threads) __attribute__((weak));
char *openblas_get_config(void) __attribute__((weak)); /* "OpenBLAS 0.3.21 DYNAMIC_ARCH …" */
char *openblas_get_corename(void) __attribute__((weak));

void blas_stay_serial(void) {
    if (openblas_set_num_threads) openblas_set_num_threads(1);
}

void blas_multiply(double *c, const double *a, const double *b, int rows, int channels, int classes) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, classes, channels, 1, a, channels, b, classes, 0, c, classes);
}

void blas_add_transposed(double *c, const double *a, const double *b, int rows, int channels, int classes) {
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, channels, classes, rows, 1, a, channels, b, classes, 1, c, classes);
}

void blas_add_squares(double *c, const double *a, int rows, int channels) {
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, channels, rows, 1, a, channels, 1, c, channels);
}

const char *blas_core(void) { return openblas_get_corename ? openblas_get_corename() : NULL; }

void blas_library(char out[96]) {
    const char *text = openblas_get_config ? openblas_get_config() : NULL, *core = blas_core();
    if (!text) {
        (void)snprintf(out, 96, "not OpenBLAS");
        return;
    }
    size_t name = strcspn(text, " "), size = name + (text[name] ? 1 + strcspn(text + name + 1, " ") : 0);
    (void)snprintf(out, 96, "%.*s%s%s", (int)size, text, core ? ", " : "", core ? core : "");
}

void blas_dots(float *c, const float *a, const float *b, int rows, int channels, int others) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, others, channels, 1, a, channels, b, channels, 0, c, others);
}
