/* What compare and report say about a comparison. */
#ifndef TWOFOLD_CLI_COMPARE_H
#define TWOFOLD_CLI_COMPARE_H

#include "cli/command.h"
#include "compare/compare.h"

/* A CompareDone: one line on standard error about an entry. `context` is the Run. */
void compare_say_entry(void *context, const EntryResult *entry);
/* The table, the verdict and what to do next on standard output, or with --json the compare.json of settings.output_dir. */
MUST_CHECK bool compare_print(Run *run, const Comparison *comparison, Error *err);

#endif
