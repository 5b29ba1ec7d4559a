#include "encoder/kernels.h"

extern const Kernels kernels_portable;
#ifdef __x86_64__
extern const Kernels kernels_avx2, kernels_avx512;
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
