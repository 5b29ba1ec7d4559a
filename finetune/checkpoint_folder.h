/* The folders of checkpoints as the file system sees them: complete or absent, listed, removed. */
#ifndef TWOFOLD_FINETUNE_CHECKPOINT_FOLDER_H
#define TWOFOLD_FINETUNE_CHECKPOINT_FOLDER_H

#include "common/file.h"

/* An empty folder under output_dir that no reader takes for a checkpoint. */
MUST_CHECK bool checkpoint_folder_begin(Path *unfinished, const char *output_dir, int64_t step, Error *err);
/* Flushes it and gives it the name of checkpoint-<step>; what had that name is gone afterwards. ERROR_PATH when that is a folder this program
 * did not make. */
MUST_CHECK bool checkpoint_folder_finish(const Path *unfinished, const char *output_dir, int64_t step, Error *err);

#endif
