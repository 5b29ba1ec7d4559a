/* Which entry to deploy, and whether a frozen encoder is enough. The rules, in order (docs/COMPARE.md has them with their reasons):
 *
 *   1. The best entry is the one with the highest test accuracy; of equal ones the cheaper kind, then the first.
 *   2. An entry is as good as the best when McNemar's exact test does not tell them apart (p ≥ 0.05).
 *   3. Deploy the cheapest kind among those as good as the best; within a kind, the more accurate.
 *   4. The dummy is never deployed: where it is as good as the best, nothing is. The runner-up is the best of the others but the dummy.
 *   5. A frozen encoder is enough when the best of path A is as good as path B, or better. Where path B was still learning when it
 *      ended (its last evaluation is the best by more than a point of validation accuracy) the answer says so.
 *
 * Kinds are ordered by what they cost to run by construction (EntryKind), so the verdict depends on no measured time. */
#ifndef TWOFOLD_COMPARE_RECOMMEND_H
#define TWOFOLD_COMPARE_RECOMMEND_H

#include "compare/comparison.h"

/* Fills comparison->recommendation from its entries and pairs. */
MUST_CHECK bool recommend(Comparison *comparison, Error *err);

#endif
