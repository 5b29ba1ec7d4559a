#include "encoder/kernels.h"
#include "encoder/kernels_low.h"

extern const Kernels kernels_portable;
#ifdef __x86_64__
extern const Kernels kernels_avx2, kernels_avx512;
extern const LowKernels low_kernels_vnni, low_kernels_bfloat16;
#endif

const Kernels *kernels_choose(int widest) {
#ifdef __x86_64__
    __builtin_cpu_init();
    if (widest >= 512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return &kernels_avx512;
    if (widest >= 256 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &kernels_avx2;
#endif
    (void)widest;
    return &kernels_portable;
}

size_t attention_scratch(int T, int D, bool backward) {
    size_t keys = (size_t)(T + 15) / 16 * 16, width = (size_t)(D + 15) / 16 * 16, tile = 6;
    return backward ? 5 * keys * width + 3 * tile * width + 2 * tile * keys : 2 * keys * width + 2 * tile * width + tile * keys;
}

const LowKernels *low_kernels_choose(bool bfloat16) {
#ifdef __x86_64__
    return bfloat16 ? &low_kernels_bfloat16 : &low_kernels_vnni;
#else
    (void)bfloat16;
    return NULL;
#endif
}

size_t attention_low_scratch(int T, int D) {
    size_t keys = (size_t)(T + 31) / 32 * 32, width = (size_t)(D + 31) / 32 * 32, block = keys < 512 ? keys : 512, tile = 6;
    size_t values = keys / 2 * width, packed = width / 2 * keys, queries = tile * width / 2;
    return (values + packed + queries + tile * block + tile * width) * 4 + tile * block * 2;
}
