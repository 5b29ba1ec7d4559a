#include "common/blas.h"

#include <cblas.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* Looked up, not linked: the reference BLAS and others have no such function. */
void blas_stay_serial(void) {
    void (*set_threads)(int);
    *(void **)&set_threads = dlsym(RTLD_DEFAULT, "openblas_set_num_threads");
    if (set_threads) set_threads(1);
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

void blas_library(char out[96]) {
    const char *(*config)(void), *(*core)(void);
    *(void **)&config = dlsym(RTLD_DEFAULT, "openblas_get_config"); /* "OpenBLAS 0.3.21 DYNAMIC_ARCH …" */
    *(void **)&core = dlsym(RTLD_DEFAULT, "openblas_get_corename");
    const char *text = config ? config() : "not OpenBLAS";
    size_t name = strcspn(text, " "), size = name + (text[name] ? 1 + strcspn(text + name + 1, " ") : 0);
    (void)snprintf(out, 96, "%.*s%s%s", config ? (int)size : (int)strlen(text), text, core ? ", " : "", core ? core() : "");
}

void blas_dots(float *c, const float *a, const float *b, int rows, int channels, int others) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, others, channels, 1, a, channels, b, channels, 0, c, others);
}
