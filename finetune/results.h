/* The files a run leaves in its folder, with the keys of transformers' examples (Trainer.save_state and save_metrics). */
#ifndef TWOFOLD_FINETUNE_RESULTS_H
#define TWOFOLD_FINETUNE_RESULTS_H

#include "finetune/state.h"

/* trainer_state.json, and the figures of the line `training`, of the line `evaluation` (NULL: none) and of both: train_results.json, eval_results.json,
 * all_results.json. */
MUST_CHECK bool results_write(const char *output_dir, const TrainState *state, const TrainPlan *plan,
                              const FinetuneOptions *options, const LogEntry *training, const LogEntry *evaluation,
                              int validation_rows, Error *err);

#endif
