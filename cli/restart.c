#include "cli/restart.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/blas.h"

static const char VARIABLE[] = "OPENBLAS_CORETYPE";

bool restart_is_worth(const char *core, bool has_avx512, const char *chosen) {
    static const char *const wide[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    if (!core || !has_avx512 || (chosen && *chosen)) return false;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (strcmp(core, wide[i]) == 0) return false;
    return true;
}

/* What the SkylakeX kernels are compiled for, if the system saves those registers too. */
static bool has_avx512(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
#else
    return false;
#endif
}

void restart_for_blas(char *const *words) {
    if (!restart_is_worth(blas_core(), has_avx512(), getenv(VARIABLE)) || setenv(VARIABLE, "SkylakeX", 1) != 0) return;
    char program[4096];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0) return;
    program[size] = '\0';
    (void)execv(program, words);
}
