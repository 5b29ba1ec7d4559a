/* seeds.json of an entry: what --seeds left. What loads is written as what loads the same. */
#include <math.h>

#include "compare/seeds.h"
#include "tests/fuzz/fuzz.h"

static bool same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static void check_same(const SeedRuns *a, const SeedRuns *b) {
    FUZZ_CHECK(a->count == b->count);
    FUZZ_CHECK(same_number(a->accuracy.seed, b->accuracy.seed) && same_number(a->accuracy.rows, b->accuracy.rows) &&
               same_number(a->log_loss.both, b->log_loss.both));
    for (int r = 0; r < a->count; r++) {
        FUZZ_CHECK(a->runs[r].seed == b->runs[r].seed);
        for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
            for (int s = 0; s < SEED_SCORES; s++) FUZZ_CHECK(same_number(a->runs[r].scores[split][s], b->runs[r].scores[split][s]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SeedRuns seeds, again;
    Error err = {0};
    (void)fuzz_put("seeds.json", (Bytes){data, size});
    if (!seeds_load(&seeds, fuzz_folder(), &err)) {
        fuzz_check_error(&err);
        seeds_free(&seeds);
        return 0;
    }
    FUZZ_CHECK(seeds.count >= 1 && seeds.count <= SEEDS_MOST);
    for (int s = 0; s < SEED_SCORES; s++) {
        double deviation;
        (void)seeds_mean(&seeds, SPLIT_TEST, s, &deviation);
        FUZZ_CHECK(!(deviation < 0));
    }
    FUZZ_CHECK(seeds_save(&seeds, fuzz_folder(), &err));
    if (!seeds_load(&again, fuzz_folder(), &err)) fuzz_fail(err.message, __FILE__, __LINE__);
    check_same(&seeds, &again);
    seeds_free(&again);
    seeds_free(&seeds);
    return 0;
}
