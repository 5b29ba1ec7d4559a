/* Which entries a comparison has: the presets, those of --entry, and those from elsewhere (--predictions, --model NAME=DIR). */
#ifndef TWOFOLD_CLI_ENTRIES_H
#define TWOFOLD_CLI_ENTRIES_H

#include "cli/command.h"
#include "compare/entry.h"

enum { MOST_ENTRIES = 32 };

typedef struct Entries {
    EntrySpec specs[MOST_ENTRIES];
    char names[MOST_ENTRIES][64]; /* of those that are not presets */
    int count;
} Entries;

/* Also sets run->settings.model to the one --model that is no NAME=DIR, or NULL. ERROR_USAGE for what makes no entry. */
MUST_CHECK bool entries_choose(Entries *entries, Run *run, Error *err);
bool entries_need_encoder(const Entries *entries);
/* Reads what comes from elsewhere once before anything is trained: ERROR_DATA, ERROR_MODEL. */
MUST_CHECK bool entries_check(const Entries *entries, const Dataset *dataset, Pool *pool, Error *err);

#endif
