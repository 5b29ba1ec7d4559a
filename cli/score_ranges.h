/* How sure the scores of an evaluation are: 95 % intervals, beside metrics.json and not in it. */
#ifndef TWOFOLD_CLI_SCORE_RANGES_H
#define TWOFOLD_CLI_SCORE_RANGES_H

#include "cli/command.h"
#include "datasets/dataset.h"
#include "metrics/scores.h"

/* A line on standard output (not with --json), and intervals.json in --output_dir where one is given. `scores` are those of the predictions. */
MUST_CHECK bool score_ranges_report(const Run *run, Split split, const Scores *scores, const Predictions *predictions, char *const *labels,
                                    Error *err);

#endif
