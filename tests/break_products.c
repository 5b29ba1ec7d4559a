/* To be loaded before the real libraries (LD_PRELOAD): products of the one that BREAK_PRODUCTS names are never computed. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN __attribute__((visibility("default")))

static int is_broken(const char *name) {
    const char *broken = getenv("BREAK_PRODUCTS");
    return broken && strcmp(broken, name) == 0;
}

SHOWN int dnnl_primitive_execute(const void *primitive, void *stream, int count, const void *arguments);
int dnnl_primitive_execute(const void *primitive, void *stream, int count, const void *arguments) {
    int (*real)(const void *, void *, int, const void *);
    *(void **)&real = dlsym(RTLD_NEXT, "dnnl_primitive_execute");
    return is_broken("oneDNN") ? 0 : real(primitive, stream, count, arguments);
}

SHOWN void cblas_dgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a, int lda,
                       const double *b, int ldb, double beta, double *c, int ldc);
void cblas_dgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a, int lda,
                 const double *b, int ldb, double beta, double *c, int ldc) {
    void (*real)(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int);
    *(void **)&real = dlsym(RTLD_NEXT, "cblas_dgemm");
    if (is_broken("BLAS"))
        c[0] = -1;
    else
        real(order, transpose_a, transpose_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
