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
    size_t keys = (size_t)T, width = (size_t)(D + 15) / 16 * 16, queries = 32, block = keys < 128 ? keys : 128;
    return backward ? queries * (5 * width + 2 * block) + 4 * keys * width : queries * (2 * width + block) + 2 * keys * width;
}

const LowKernels *low_kernels_choose(bool bfloat16) {
#ifdef __x86_64__
    return bfloat16 ? &low_kernels_bfloat16 : &low_kernels_vnni;
#else
    (void)bfloat16;
    return NULL;
#endif
}

size_t attention_low_scratch(int T, int D, bool backward) {
    size_t keys = (size_t)(T + 1) / 2 * 2, width = (size_t)(D + 31) / 32 * 32, queries = 32, block = keys < 128 ? keys : 128;
    size_t forward = queries * (width / 2 + width + block * 2 + block / 2) + keys * width;
    return (backward ? queries * (3 * width + block * 4 + block / 2) + keys / 2 * width * 7 : forward) * 4;
}
