/* What compare and report say about a comparison. */
#ifndef TWOFOLD_CLI_COMPARE_H
#define TWOFOLD_CLI_COMPARE_H

#include "cli/command.h"
#include "compare/compare.h"

/* A word of a command line as a shell takes it, in single quotes where it needs them. */
void command_add_word(Buffer *out, const char *text);
/* The flags that decide the result, as they were given, with --output_dir DIR behind them; where it is written and on how many threads is left out, so
 * that reports of equal runs are equal. */
void command_add_flags(Buffer *out, const Options *options, const void *settings);
/* A CompareDone: one line on standard error about an entry. `context` is the Run. */
void compare_say_entry(void *context, const EntryResult *entry);
/* The table, the verdict and what to do next on standard output, or with --json the compare.json of settings.output_dir. */
MUST_CHECK bool compare_print(Run *run, const Comparison *comparison, Error *err);

#endif
