/* A fine-tuning repeated with other seeds (--seeds K): how much its scores depend on the seed, and how much on which rows the test has.
 *
 * The first run is the entry itself. The others stand in seeds/SEED in its folder, each with its own record, so that they go on where they were stopped and
 * are not trained twice; what they scored stands in the entry's seeds.json. */
#ifndef TWOFOLD_COMPARE_SEEDS_H
#define TWOFOLD_COMPARE_SEEDS_H

#include "common/json.h"
#include "compare/comparison.h"

enum { SEEDS_MOST = 100 };

/* Makes room for `count` runs with seeds first, first + 1 … The test answers of each are kept until seeds_finish. */
MUST_CHECK bool seeds_begin(SeedRuns *seeds, int count, uint64_t first, Error *err);
/* What run r scored; its test answers are taken over into the sums that the variances are made of. */
MUST_CHECK bool seeds_add(SeedRuns *seeds, int run, const Scores scores[SPLIT_COUNT], const Predictions *test, Error *err);
/* Splits the variance. Runs that were not added are left out. */
MUST_CHECK bool seeds_finish(SeedRuns *seeds, Error *err);

/* The mean over the runs; *deviation is the sample standard deviation. */
double seeds_mean(const SeedRuns *seeds, Split split, int score, double *deviation);

/* seeds.json, which is also the key `seeds` of compare.json. */
void seeds_write_json(JsonWriter *json, const SeedRuns *seeds);
MUST_CHECK bool seeds_save(const SeedRuns *seeds, const char *folder, Error *err);
/* Nothing when there is no such file. */
MUST_CHECK bool seeds_load(SeedRuns *seeds, const char *folder, Error *err);

#endif
