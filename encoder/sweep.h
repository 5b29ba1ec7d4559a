/* An encoder over many rows: sorted by length and packed to a token budget, so that no batch pads, and spread over the threads
 * with one workspace each; a single batch is shared by all threads instead. For inference: training has its own order of rows. */
#ifndef TWOFOLD_ENCODER_SWEEP_H
#define TWOFOLD_ENCODER_SWEEP_H

#include "common/observer.h"
#include "common/parallel.h"
#include "encoder/encoder.h"
#include "encoder/tokens.h"

typedef struct SweepOptions {
    ForwardOptions forward;
    bool all_hidden;  /* as in WorkspaceOptions */
    int token_budget; /* tokens in a batch, unless one row alone is longer; 0: as the program says */
} SweepOptions;

/* What a program says, for sweeps made from now on: before it has threads. Answers do not depend on it; memory and speed do. */
enum {
    SWEEP_TOKENS = 1024, /* unless it says: large enough for the products' full speed, small enough that activations stay near the core */
    SWEEP_TOKENS_MOST = 1 << 16
};
void sweep_set_token_budget(int tokens);

/* Workspaces that are kept from one run to the next. Not shared by threads; encoder and pool (NULL: this thread) must outlive it.
 */
typedef struct Sweep Sweep;
MUST_CHECK Sweep *sweep_new(const Encoder *encoder, const SweepOptions *options, Pool *pool, Error *err);
void sweep_free(Sweep *sweep); /* takes NULL */
/* What a sweep that does not say its budget takes for rows of at most `longest` tokens. */
size_t sweep_bytes(const EncoderConfig *config, Dtype dtype, int longest, int threads);

/* Called after the forward of each batch, on the thread that ran it (0 … pool_threads - 1). batch->row[b] is the row's place in
 * the run: rows[batch->row[b]] is its number in the tokens. False, with err set, ends the run. */
typedef bool (*SweepUse)(void *context, Workspace *workspace, const Batch *batch, int thread, Error *err);

/* Runs rows[0..count) of the tokens (NULL: all of them), each once. `task` names the progress; ERROR_INTERRUPTED when asked to
 * stop. */
MUST_CHECK bool sweep_run(Sweep *sweep, const Tokens *tokens, const int32_t *rows, int count, SweepUse use, void *context,
                          const char *task, const Observer *observer, Error *err);

#endif
