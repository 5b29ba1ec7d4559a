/* checkpoint-N/: all a run needs to go on after step N as if nothing had happened. A folder of that name is complete or is not there: it is
 * written under another name, flushed to disk, and renamed. It is also a model folder that from_pretrained reads.
 *
 *   model.safetensors, config.json, …   the weights, as weights_save writes them
 *   optimizer.safetensors               step, both moments of every trained tensor, loss and norm of every step
 *   trainer_state.json                  as transformers writes it
 *   progress.json                       what the run was asked to do, and the sha256 of the parts */
#ifndef TWOFOLD_FINETUNE_CHECKPOINT_H
#define TWOFOLD_FINETUNE_CHECKPOINT_H

#include "common/file.h"
#include "common/observer.h"
#include "finetune/adamw.h"
#include "finetune/state.h"

/* What is saved, and where a load puts it. */
typedef struct CheckpointParts {
    const char *output_dir;   /* the folder of the checkpoints */
    const char *model_folder; /* for weights_save */
    int max_length;           /* likewise */
    const char *identity;     /* one JSON object: data, model, options */
    const FinetuneOptions *options;
    const TrainPlan *plan;
    Weights *weights;
    AdamW *adamw;
    TrainState *state;
} CheckpointParts;

/* Writes checkpoint-<state->step>, in place of one that stands there. `interrupted`: an extra one, which checkpoint_tidy takes away again. */
MUST_CHECK bool checkpoint_save(const CheckpointParts *parts, bool interrupted, Error *err);

/* Loads one folder whole or not at all: every part is checked before the first byte of `parts` changes. ERROR_DATA for a damaged one, ERROR_USAGE for
 * one of another identity. */
MUST_CHECK bool checkpoint_load(const CheckpointParts *parts, const char *folder, Error *err);

/* Loads the newest good checkpoint of output_dir; *found is false when there is none. A damaged one is passed over with a note, those of another
 * identity with a note that says what changed; one of other data is ERROR_USAGE. */
MUST_CHECK bool checkpoint_resume(const CheckpointParts *parts, bool *found, const Observer *observer, Error *err);

/* The weights alone. */
MUST_CHECK bool checkpoint_load_weights(const CheckpointParts *parts, int64_t step, Error *err);

/* Removes what is left of unfinished writes, interrupted checkpoints before `newest`, and the oldest until `limit` are kept (0: all); never
 * those of the steps `newest` and `best`. newest 0: all of them. */
MUST_CHECK bool checkpoint_tidy(const char *output_dir, int limit, int64_t newest, int64_t best, Error *err);

/* "checkpoint-N" under output_dir. */
MUST_CHECK bool checkpoint_path(Path *path, const char *output_dir, int64_t step, Error *err);
/* Steps of the checkpoints in output_dir, ascending; folders that this program did not make are left out. Released with free(). */
MUST_CHECK bool checkpoint_list(int64_t **steps, int *count, const char *output_dir, Error *err);

#endif
