/* The scores of one model on the splits of a data set, on standard output: a table for people, or --json for scripts. */
#ifndef TWOFOLD_CLI_SCORES_TABLE_H
#define TWOFOLD_CLI_SCORES_TABLE_H

#include "cli/command.h"
#include "compare/results.h"

MUST_CHECK bool scores_table_print(const Run *run, const SplitScores *scores, char *const *labels, Error *err);

#endif
