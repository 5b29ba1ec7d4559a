#include "cli/command.h"

int run_threads(const Run *run) { return run->settings.num_threads > 0 ? run->settings.num_threads : parallel_default_threads(); }

Pool *run_pool(Run *run, Error *err) {
    if (!run->pool) run->pool = pool_new(run_threads(run), err);
    return run->pool;
}
