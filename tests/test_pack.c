/* Packed weights against their products' definition: a Linear's weight whole and in two parts, for both directions, in sizes that our own packing takes and in those it
 * leaves to oneDNN. */
#include "tests/check.h"

#include "common/memory.h"
#include "encoder/kernels_low.h"
#include "encoder/ops.h"

enum { ROWS = 5 };

/* Whole numbers up to 8: exact in bfloat16, and sums of them in float. */
static float number_at(int i, int j) { return (float)((i * 31 + j * 17 + i * j) % 17 - 8); }

static void *rows_of(const float *floats, Dtype dtype, size_t count) {
    if (dtype == DTYPE_FLOAT32) return memcpy(mem_new(count, sizeof *floats, NULL), floats, count * sizeof *floats);
    Bfloat16 *rounded = mem_new(count, sizeof *rounded, NULL);
    low_kernels_choose(true)->round(rounded, floats, count);
    return rounded;
}

static void check_direction(const Ops *ops, OpsRunner *runner, Dtype dtype, const float *weight, int out, int in, int parts,
                            bool backward) {
    Error err = {0};
    int K = backward ? out : in, N = backward ? in : out;
    PartedWeight parted = {{weight, weight + (size_t)(out / parts) * (size_t)in}, parts};
    Packed *packed = ops_pack_into(NULL, ops, dtype, parted, K, N, backward ? in : 1, backward ? 1 : in, &err);
    assert_non_null(packed);
    float *x = mem_new((size_t)ROWS * (size_t)K, sizeof *x, NULL), *y = mem_new((size_t)ROWS * (size_t)N, sizeof *y, NULL);
    for (int m = 0; m < ROWS; m++)
        for (int k = 0; k < K; k++) x[m * K + k] = number_at(m + 3, k);
    void *rows = rows_of(x, dtype, (size_t)ROWS * (size_t)K);
    Product product = {.w = packed, .x = rows, .y = y, .m = ROWS, .ldx = K, .ldy = N};
    assert_true(ops_product(runner, &product, &err));
    for (int m = 0; m < ROWS; m++)
        for (int n = 0; n < N; n++) {
            double want = 0;
            for (int k = 0; k < K; k++)
                want += (double)x[m * K + k] *
                        (double)weight[backward ? (size_t)k * (size_t)in + (size_t)n : (size_t)n * (size_t)in + (size_t)k];
            if ((double)y[m * N + n] != want)
                fail_msg("%s, (%d, %d) in %d parts, %s: row %d, column %d is %g, expected %g", dtype_name(dtype), out, in, parts,
                         backward ? "backward" : "forward", m, n, (double)y[m * N + n], want);
        }
    packed_free(packed);
    mem_free(rows);
    mem_free(x);
    mem_free(y);
}

static void packed_weights_keep_their_places(void **state) {
    (void)state;
    static const int SIZES[][2] = {{64, 64}, {128, 96}, {192, 64}, {192, 128}, {256, 384}, {70, 33}, {6, 64}, {64, 48}};
    Error err = {0};
    Ops *ops = ops_new(&err);
    OpsRunner *runner = ops ? ops_runner_new(ops, &err) : NULL;
    assert_non_null(runner);
    for (int dtype = DTYPE_FLOAT32; dtype <= DTYPE_BFLOAT16; dtype++)
        for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES && ops_supports((Dtype)dtype); s++) {
            int out = SIZES[s][0], in = SIZES[s][1];
            float *weight = mem_new((size_t)out * (size_t)in, sizeof *weight, NULL);
            for (int o = 0; o < out; o++)
                for (int i = 0; i < in; i++) weight[o * in + i] = number_at(o, i);
            for (int parts = 1; parts <= 2; parts++)
                for (int backward = 0; backward < 2; backward++)
                    check_direction(ops, runner, (Dtype)dtype, weight, out, in, parts, backward);
            mem_free(weight);
        }
    ops_runner_free(runner);
    ops_free(ops);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(packed_weights_keep_their_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
