/* cascade.json beside a cascade's model/: what it cost, so that a finished run need not measure again. */
#ifndef TWOFOLD_COMPARE_CASCADE_FILE_H
#define TWOFOLD_COMPARE_CASCADE_FILE_H

#include "compare/comparison.h"

MUST_CHECK bool cascade_record_save(const EntryCosts *costs, double threshold, const char *first, const char *second, const char *path, Error *err);
/* *found: there is a record of that very threshold. A damaged one counts as none. */
MUST_CHECK bool cascade_record_load(EntryCosts *costs, double threshold, const char *path, bool *found, Error *err);

#endif
