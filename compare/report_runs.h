/* A report of several runs says of which of them each thing is: nothing of one run may be read as if it were said of all. Without several runs there is
 * nothing to say. */
#ifndef TWOFOLD_COMPARE_REPORT_RUNS_H
#define TWOFOLD_COMPARE_REPORT_RUNS_H

#include "common/json.h"
#include "compare/comparison.h"

/* How many runs have it; 0 where there are not several. */
int runs_count(const Comparison *comparison, RunPart part);
/* "The learning curve of runs/a. None was made in runs/b.", or where they have different ones that each has its own, and where it stands. Plain
 * text; nothing when no run has one. */
void runs_say_whose(Buffer *out, const Comparison *comparison, RunPart part);
/* How a run came to its settings, and where its own report stands: a phrase. */
void runs_say_settings(Buffer *out, const Comparison *comparison, int run);
/* That they were measured on different processors; nothing when they were not. */
void runs_say_machines(Buffer *out, const SourceRun *runs, int count);
/* False when the seeds of several differ. */
bool runs_same_seed(const Comparison *comparison);

/* The value of "runs": what each is and has. */
void runs_write_json(JsonWriter *json, const Comparison *comparison);
/* "model": an encoder as compare.json has it, or null. */
void model_write_json(JsonWriter *json, const ComparisonModel *model);
/* For report.md: what each run is. */
void markdown_add_runs(Buffer *out, const Comparison *comparison);

#endif
