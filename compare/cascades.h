/* Cascades of a comparison's entries: a cheaper one answers the texts it is sure of, the fine-tuned one (or the best frozen one, where that is as accurate) the others.
 * Nothing is trained for it. Which entries, and the threshold, are chosen on the validation rows, from shares of texts and never from times. */
#ifndef TWOFOLD_COMPARE_CASCADES_H
#define TWOFOLD_COMPARE_CASCADES_H

#include "common/observer.h"
#include "compare/comparison.h"

/* Fills comparison->cascades from its entries: for each kind cheaper than that of the second entry, but the dummies, one that begins with
 * its best entry by validation accuracy. Entries that this run trained take part, and where it trained none of a kind, saved models whose folders fit
 * (EntryResult.joins). None when there is no second, or no validation rows. `loss` as in cascade_choose. */
MUST_CHECK bool cascades_find(Comparison *comparison, double loss, Pool *pool, Error *err);

/* Does the threshold part the validation rows? Else one of the two answers all of them. */
bool cascade_parts(const CascadeResult *cascade);

/* Writes the model folder of each that parts the rows, and measures its costs; those of an earlier run stand when both entries were taken from it and the
 * threshold is the same. What an earlier run left of others is removed. With recorded_from, the folder of a finished run, nothing is written or measured: those
 * that it has are taken as they are. */
MUST_CHECK bool cascades_save(Comparison *comparison, const char *recorded_from, Pool *pool, const Observer *observer, Error *err);

#endif
