/* What finished comparisons left, read again for report: their records, the settings of the first, and the entries of all. Everything here comes
 * from compare.json, which may be anybody's. */
#ifndef TWOFOLD_CLI_RECALLED_H
#define TWOFOLD_CLI_RECALLED_H

#include "cli/command.h"
#include "cli/entries.h"

/* The folders as given, and what compare.json says in each. */
typedef struct Runs {
    const char *folders[MOST_RUNS];
    Json *records[MOST_RUNS];
    int count;
} Runs;

/* ERROR_USAGE without a folder, ERROR_PATH for one that is no finished comparison, ERROR_DATA when they are not of the same rows. Release with
 * runs_free, also after a failure. */
MUST_CHECK bool runs_read(Runs *runs, const TextList *folders, Error *err);
void runs_free(Runs *runs);
const char *runs_rows(const Json *record); /* the sha256 of its rows, "" when it says none */

/* The settings of the first run's command. `command` and `options` own what they point to; release both, also after a failure. */
MUST_CHECK bool runs_settings(Settings *settings, Options *options, char **command, const Runs *runs, Error *err);

/* The entries of all runs, those that are done each once, those that failed with why. What the specs point to is the runs'. */
typedef struct Recalled {
    EntrySpec specs[MOST_ENTRIES];
    Path folders[MOST_ENTRIES];
    const char *recorded[MOST_ENTRIES];
    const char *failures[MOST_ENTRIES]; /* NULL: it is done */
    char names[MOST_ENTRIES][64];
    Buffer keys[MOST_ENTRIES];
    int run[MOST_ENTRIES];
    const char *own[MOST_RUNS][MOST_ENTRIES]; /* what the entry is called in that run; NULL: it is not there */
    int count, done;
} Recalled;

/* Into a zeroed one. ERROR_DATA when none is done, there are too many, or one that this version does not know. */
MUST_CHECK bool recalled_read(Recalled *recalled, const Runs *runs, Error *err);
void recalled_free(Recalled *recalled);

#endif
