/* Which entry to deploy, and whether a frozen encoder is enough. The rules, in order (docs/COMPARE.md has them with their reasons), all on the test
 * rows that are not leaked:
 *
 *   1. Only entries within the limits (`Limits`) can be deployed, and of these only such as McNemar's test, corrected by Holm, finds better than the
 *      dummy. The best is the most accurate of them; of equal ones the cheaper kind, the lower log loss, the first.
 *   2. Another costs too much accuracy when the best is better significantly (corrected p below 0.05) and by at least min_gain.
 *   3. Deploy the cheapest kind that does not; within a kind, the more accurate.
 *   4. Undecided when that is a cheaper kind than the best, nothing significant tells them apart, and the test rows are too few to have shown a
 *      difference of 5 points (of min_gain, when that is more) with 80 % power; and when no row is left or too few to tell the best from the dummy.
 *   5. A frozen encoder is enough when path B is not better by rules 2 and 4 than the best of path A, whatever the limits.
 *
 * Kinds are ordered by what they cost to run by construction (EntryKind): without limits on latency or memory the verdict depends on no measured figure, and
 * its sentences never name one. */
#ifndef TWOFOLD_COMPARE_RECOMMEND_H
#define TWOFOLD_COMPARE_RECOMMEND_H

#include "compare/comparison.h"

/* Fills comparison->recommendation from its entries, pairs (statistics_pairs) and limits. */
MUST_CHECK bool recommend(Comparison *comparison, Error *err);

/* ---- shared with the sentences ---- */

/* How a cheaper entry stands to a better one. */
typedef enum Standing {
    STANDING_WORSE,  /* significantly, and by min_gain or more */
    STANDING_CLOSE,  /* significantly, but by less than min_gain */
    STANDING_EQUAL,  /* not told apart, by a test that would have shown what matters */
    STANDING_UNKNOWN /* not told apart, and the test is too small to say */
} Standing;
Standing recommend_standing(const Comparison *comparison, int entry, int better);

/* The most accurate done entry of kinds first … last; `but` (-1: none) is left out; only those within the limits when asked. -1: none. */
int recommend_best(const Comparison *comparison, EntryKind first, EntryKind last, int but, bool within_limits);

/* The name of the flag whose limit the entry is over ("max_latency_ms"), or NULL. What could not be measured is over any limit. */
const char *recommend_limit_broken(const Comparison *comparison, int entry);

/* What rules 1 to 4 come to when the leaked rows count too. */
int recommend_with_leaks(const Comparison *comparison);

/* Writes the sentences of a decision that is made (recommend_sentences.c). */
void recommend_write_sentence(Comparison *comparison);
void recommend_write_question(Comparison *comparison);

#endif
