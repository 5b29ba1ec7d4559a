/* Settings that a library reads before main and that can only be changed by starting again. */
#ifndef TWOFOLD_CLI_RESTART_H
#define TWOFOLD_CLI_RESTART_H

#include <stdbool.h>

/* Whether OpenBLAS, which calls its choice of kernels `core`, runs without the AVX-512 that the processor has, and may be told:
 * nobody has set its variable (`chosen`, NULL or empty). */
bool restart_is_worth(const char *core, bool has_avx512, const char *chosen);

/* Starts the program again with OPENBLAS_CORETYPE=SkylakeX where that is worth it; else, or when it cannot, returns at once.
 *
 * OpenBLAS chooses its kernels while it is loaded, and a version older than the processor may take a Haswell's: on a Zen 5 core,
 * 52 instead of 83 GFLOP/s in double. A second start costs 3 ms, once, and only there: the set variable ends it. */
void restart_for_blas(char *const *words);

#endif
