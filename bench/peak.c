#include "bench/peak.h"

#include <math.h>

#include "common/clock.h"
#include "encoder/kernels.h"

#ifdef __x86_64__
    #include <immintrin.h>
#endif

enum {
    CHAINS = 12, /* multiply-adds side by side: two units with a latency of 4 or 5 need ten */
    ROUNDS = 4000000,
    ADDITIONS = 64,
    REPEATS = 3,
    MOST_THREADS = 1024
};

#if defined(__clang__)
    #define UNROLL _Pragma("unroll")
#else
    #define UNROLL _Pragma("GCC unroll 64")
#endif

/* Additions of which each waits for the one before: one a cycle. */
static double run_additions(void) {
    uint64_t x = 1;
    for (int i = 0; i < ROUNDS; i++) {
        UNROLL for (int k = 0; k < ADDITIONS; k++) {
            x += x;
            __asm__ volatile("" : "+r"(x)); /* the compiler cannot foresee it */
        }
    }
    return (double)ROUNDS * ADDITIONS;
}

static double run_float32(void) {
    float sums[16] = {0};
    return kernels_choose(512)->multiply_add(sums, ROUNDS);
}

#ifdef __x86_64__
__attribute__((target("avx512f,avx512bf16"))) static double run_bfloat16(void) {
    __m512 sum[CHAINS];
    __m512bh x = (__m512bh)_mm512_set1_epi32(0x3F803F80);
    UNROLL for (int c = 0; c < CHAINS; c++) sum[c] = _mm512_set1_ps((float)c);
    for (int i = 0; i < ROUNDS; i++) {
        UNROLL for (int c = 0; c < CHAINS; c++) sum[c] = _mm512_dpbf16_ps(sum[c], x, x);
    }
    UNROLL for (int c = 0; c < CHAINS; c++) __asm__ volatile("" ::"v"(sum[c]));
    return 2.0 * 32 * CHAINS * ROUNDS;
}

__attribute__((target("avx512f,avx512vnni"))) static double run_int8(void) {
    __m512i sum[CHAINS], x = _mm512_set1_epi8(1);
    UNROLL for (int c = 0; c < CHAINS; c++) sum[c] = _mm512_set1_epi32(c);
    for (int i = 0; i < ROUNDS; i++) {
        UNROLL for (int c = 0; c < CHAINS; c++) sum[c] = _mm512_dpbusd_epi32(sum[c], x, x);
    }
    UNROLL for (int c = 0; c < CHAINS; c++) __asm__ volatile("" ::"v"(sum[c]));
    return 2.0 * 64 * CHAINS * ROUNDS;
}
#endif

typedef double (*Run)(void); /* returns how many operations it was */

static Run choose_run(Dtype dtype) {
    if (dtype == DTYPE_FLOAT32) return run_float32;
#ifdef __x86_64__
    __builtin_cpu_init();
    if (dtype == DTYPE_BFLOAT16 && __builtin_cpu_supports("avx512bf16")) return run_bfloat16;
    if (dtype == DTYPE_INT8 && __builtin_cpu_supports("avx512vnni")) return run_int8;
#endif
    return NULL;
}

typedef struct Race {
    Run run;
    double operations[MOST_THREADS];
} Race;

static void race_task(void *context, int task, int thread) {
    Race *race = context;
    (void)thread;
    race->operations[task] = race->run();
}

/* The best of some rounds on all threads at once. */
static double rate_of(Run run, Pool *pool) {
    Race race = {.run = run};
    int threads = pool_threads(pool) < MOST_THREADS ? pool_threads(pool) : MOST_THREADS;
    double best = 0;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double started_s = clock_wall_s(), operations = 0;
        pool_run(pool, threads, race_task, &race);
        double seconds = clock_wall_s() - started_s;
        for (int t = 0; t < threads; t++) operations += race.operations[t];
        best = fmax(best, operations / seconds / threads);
    }
    return best;
}

Peak peak_measure(Dtype dtype, Pool *pool) {
    Run run = choose_run(dtype);
    if (!run) return (Peak){0};
    double clock_hz = rate_of(run_additions, pool);
    int width = (int)exp2(round(log2(rate_of(run, pool) / clock_hz)));
    return (Peak){clock_hz, width, clock_hz * width * pool_threads(pool)};
}
