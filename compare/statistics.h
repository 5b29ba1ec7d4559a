/* How sure a comparison's scores are, and which of its entries can be told apart, on the test rows. */
#ifndef TWOFOLD_COMPARE_STATISTICS_H
#define TWOFOLD_COMPARE_STATISTICS_H

#include "common/json.h"
#include "common/parallel.h"
#include "compare/comparison.h"

enum { STATISTICS_PERMUTATIONS = 10000, STATISTICS_PERMUTATIONS_LEAST = 999 };

/* Every pair of done entries: McNemar's exact test with all test rows and without the leaked ones, Holm's correction over the pairs, rows needed. Linear in
 * pairs × rows. */
MUST_CHECK bool statistics_pairs(Comparison *comparison, Error *err);

/* After statistics_pairs: an interval of every score of every done entry, and of the four differences of every pair with its permutation test. `resamples` is
 * BOOTSTRAP_RESAMPLES but in tests, and limits the permutations too. Of many pairs of many rows there are fewer permutations (statistics_permutations). The bytes do not depend on `pool`. */
MUST_CHECK bool statistics_intervals(Comparison *comparison, int resamples, Pool *pool, Error *err);

/* 10,000 as long as pairs × rows is below a million; beyond, as many less, but at least 999. */
int statistics_permutations(int64_t pairs, int64_t rows);

/* Part of statistics_pairs, for pairs that were counted elsewhere: all that follows from counts and clean.counts. */
MUST_CHECK bool statistics_test(PairResult *pairs, int count, Error *err);

/* For compare.json (docs/FORMATS.md): the keys `statistics`; `intervals_95` of an entry; those of a pair but for its names, counts and `mcnemar`. */
void statistics_write_json(JsonWriter *json, const Comparison *comparison);
void statistics_write_entry_json(JsonWriter *json, const Comparison *comparison, const EntryResult *entry);
void statistics_write_pair_json(JsonWriter *json, const Comparison *comparison, const PairResult *pair);
void statistics_write_mcnemar_json(JsonWriter *json, const McNemar *mcnemar);

#endif
