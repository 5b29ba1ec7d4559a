/* KEY.json beside KEY.npy in the cache of features, written after it: the sha256 of the other, and what making it took. */
#ifndef TWOFOLD_FEATURES_CACHE_NOTE_H
#define TWOFOLD_FEATURES_CACHE_NOTE_H

#include "features/cache.h"

/* True when the note is of these very values. */
MUST_CHECK bool cache_note_load(FeatureTimes *times, const char *note, const char *values);
/* Without a note the values are not read: where it cannot be written, it is as if nothing had been kept. */
void cache_note_save(FeatureTimes times, const char *note, const char *values);

#endif
