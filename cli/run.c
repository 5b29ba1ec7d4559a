#include "cli/command.h"

int run_threads(const Run *run) { return run->settings.num_threads > 0 ? run->settings.num_threads : parallel_default_threads(); }

Pool *run_pool(Run *run, Error *err) {
    if (run->pool) return run->pool;
    run->pool = pool_new(run_threads(run), err);
    if (run->pool) pool_set_profile(run->pool, run->profile);
    return run->pool;
}

ProfilePart run_enter(const Run *run, ProfilePart part) { return profile_enter(profile_lane(run->profile, 0), part); }
