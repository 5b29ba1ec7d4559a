/* How exact GELU and softmax are, over every float32 or bfloat16 that matters, on every instruction set that this processor has. docs/SPEED.md states the bounds. */
#include "tests/check.h"

#include <float.h>

#include "encoder/kernels.h"
#include "encoder/kernels_low.h"
#include "encoder/ops.h"

enum {
    STRIDE = 509, /* every 509th of the 2.2 milliard floats: prime, so that all mantissas come by */
    CHUNK = 4096
};
static const int WIDTHS[] = {512, 256, 0};

/* Of the distance between neighbouring floats around the exact value: 24 bits of mantissa, or 8 for bfloat16. */
static double error_in_ulp(double got, double exact, int bits) {
    if (exact == 0) return got == 0 ? 0 : HUGE_VAL;
    return fabs(got - exact) / ldexp(1, ilogb(exact) - bits + 1);
}

static double exact_gelu(double u) { return 0.5 * u * erfc(-u / sqrt(2)); }

/* Gives `use` all floats from 1e-30 to `limit` away from 0 on one side, CHUNK at a time. */
static void each_float(float sign, float limit, void (*use)(void *context, float *u, int count), void *context) {
    static float u[CHUNK];
    uint32_t first, last;
    float least = 1e-30f;
    int count = 0;
    memcpy(&first, &least, sizeof first);
    memcpy(&last, &limit, sizeof last);
    for (uint32_t bits = first; bits <= last; bits += STRIDE) {
        float x;
        memcpy(&x, &bits, sizeof x);
        u[count++] = sign * x;
        if (count == CHUNK || bits + STRIDE > last) use(context, u, count), count = 0;
    }
}

typedef struct Worst {
    void (*gelu)(float *y, const float *u, size_t count);
    double ulp, relative;
} Worst;

static void measure_gelu(void *context, float *u, int count) {
    static float y[CHUNK];
    Worst *worst = context;
    worst->gelu(y, u, (size_t)count);
    for (int i = 0; i < count; i++) {
        double exact = exact_gelu((double)u[i]);
        worst->ulp = fmax(worst->ulp, error_in_ulp((double)y[i], exact, 24));
        worst->relative = fmax(worst->relative, fabs((double)y[i] - exact) / fabs(exact));
        if (isnan(y[i])) worst->ulp = HUGE_VAL;
    }
}

/* Far below 0 there is nothing of a number but its sign, however large it is; of what is no number, no number. */
static void check_nothing_left(void *context, float *u, int count) {
    static float y[CHUNK];
    const Kernels *kernels = context;
    kernels->gelu(y, u, (size_t)count);
    for (int i = 0; i < count; i++)
        if (u[i] < -13) assert_true(y[i] <= 0 && y[i] >= -1e-36f);
    u[0] = NAN;
    kernels->gelu(y, u, 1);
    assert_true(isnan(y[0]));
}

static void gelu_of_float32(void **state) {
    (void)state;
    for (int w = 0; w < 3; w++) {
        const Kernels *kernels = kernels_choose(WIDTHS[w]);
        Worst left = {.gelu = kernels->gelu}, right = {.gelu = kernels->gelu};
        each_float(-1, 13.0f, measure_gelu, &left); /* beyond, the result is below 1e-36 */
        each_float(1, FLT_MAX, measure_gelu, &right);
        each_float(-1, FLT_MAX, check_nothing_left, (void *)(uintptr_t)kernels);
        printf("gelu, %s: at most %.2f ulp below 0, %.2f above\n", kernels->name, left.ulp, right.ulp);
        /* without fused multiply-adds the rounding of u² is not made good */
        assert_true(left.ulp <= (strcmp(kernels->name, "portable") == 0 ? 66 : 7.5));
        assert_true(right.ulp <= 7);
    }
}

typedef struct SoftmaxRun {
    const Kernels *kernels;
    double ulp;
} SoftmaxRun;

/* Two keys with scores 0 and x: the second one's share is eˣ / (1 + eˣ). 32 queries, each with an x of its own; a head of 16 makes √D exact. */
static void measure_softmax(void *context, float *x, int count) {
    enum { D = 16, QUERIES = 32 };
    static float q[QUERIES * D], out[QUERIES * D], scratch[1 << 16];
    static const float KEYS[2 * D] = {[D] = 1}, VALUES[2 * D] = {[D] = 1};
    SoftmaxRun *run = context;
    for (int first = 0; first < count; first += QUERIES) {
        int rows = count - first < QUERIES ? count - first : QUERIES;
        for (int r = 0; r < rows; r++) q[r * D] = 4 * x[first + r];
        run->kernels->attention(out, NULL, q, KEYS, VALUES, D, D, (AttentionRow){rows, 2, 0}, D, 0, NULL, scratch);
        for (int r = 0; r < rows; r++) {
            double e = exp((double)x[first + r]);
            run->ulp = fmax(run->ulp, error_in_ulp((double)out[r * D], e / (1 + e), 24));
        }
    }
}

static void softmax_of_float32(void **state) {
    (void)state;
    for (int w = 0; w < 3; w++) {
        SoftmaxRun run = {kernels_choose(WIDTHS[w]), 0};
        each_float(-1, 86.0f, measure_softmax, &run); /* beyond, the share is below 1e-37 */
        printf("softmax, %s: at most %.2f ulp\n", run.kernels->name, run.ulp);
        assert_true(run.ulp <= 3.7);
    }
}

static void gelu_of_bfloat16_and_int8(void **state) {
    (void)state;
    if (!ops_supports(DTYPE_INT8)) skip();
    const LowKernels *low = low_kernels_choose(ops_supports(DTYPE_BFLOAT16));
    Worst worst = {.gelu = low->gelu};
    each_float(-1, 13.0f, measure_gelu, &worst);
    each_float(1, 1e18f, measure_gelu, &worst);
    printf("gelu of bfloat16 and int8: relative error at most %.1e\n", worst.relative);
    assert_true(worst.relative <= 2.7e-4);
}

/* Every bfloat16 from -86 to 0 as a score. */
static void softmax_of_bfloat16(void **state) {
    (void)state;
    enum { D = 32 };
    if (!ops_supports(DTYPE_BFLOAT16)) skip();
    const LowKernels *low = low_kernels_choose(true);
    static Bfloat16 q[D], out[D];
    static const Bfloat16 KEYS[2 * D] = {[D] = 0x3F80}, VALUES[2 * D] = {[D] = 0x3F80};
    static float scratch[1 << 16];
    double worst = 0;
    for (uint32_t bits = 0xB000; bits < 0xC3E0; bits++) { /* -4.7e-10 … -448 */
        float x, share;
        uint32_t wide = bits << 16, result;
        memcpy(&x, &wide, sizeof x);
        q[0] = (Bfloat16)bits;
        low->attention(out, NULL, q, KEYS, VALUES, D, D, (AttentionRow){1, 2, 0}, D, 0, NULL, scratch);
        result = (uint32_t)out[0] << 16;
        memcpy(&share, &result, sizeof share);
        double e = exp((double)x / sqrt(D));
        worst = fmax(worst, error_in_ulp((double)share, e / (1 + e), 8));
    }
    printf("softmax of bfloat16: at most %.3f ulp of bfloat16\n", worst);
    assert_true(worst <= 1.2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gelu_of_float32),
        cmocka_unit_test(softmax_of_float32),
        cmocka_unit_test(gelu_of_bfloat16_and_int8),
        cmocka_unit_test(softmax_of_bfloat16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
