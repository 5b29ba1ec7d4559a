/* Path B: the whole encoder with its classification head, trained with the meaning of Hugging Face's Trainer.
 *
 *     FinetuneOptions options = FINETUNE_DEFAULTS;
 *     FinetuneInput input = {.weights = &weights, .model_folder = "models/minilm", .train = {…}, .validation = {…},
 *                            .output_dir = "runs/emotion/finetune", .pool = pool};
 *     FinetuneResult result = {0};
 *     bool ok = finetune_run(&result, &input, &options, observer, &err);   // weights are now the best (or the last)
 *
 * The same input, options and seed give the same weights to the last bit, for any number of threads, and however often the run was
 * stopped and resumed. */
#ifndef TWOFOLD_FINETUNE_FINETUNE_H
#define TWOFOLD_FINETUNE_FINETUNE_H

#include "common/observer.h"
#include "common/parallel.h"
#include "encoder/encoder.h"
#include "finetune/options.h"
#include "metrics/predictions.h"

#pragma GCC visibility push(default)

/* Some rows of a tokenised set. */
typedef struct FinetuneRows {
    const Tokens *tokens;
    const int32_t *labels; /* (tokens->rows): class ids; NULL where they are not known (prediction only) */
    const int *rows;       /* (count): row numbers within tokens; NULL: 0 … count-1 */
    int count;
} FinetuneRows;

typedef struct FinetuneInput {
    Weights *weights;         /* with a head of K classes (weights_load); trained in place */
    const char *model_folder; /* where they were loaded from: the tokenizer's files of the checkpoints come from there */
    int max_length;           /* what the rows were cut to; checkpoints keep it as the tokenizer's model_max_length. 0: as model_folder has it */
    FinetuneRows train;
    FinetuneRows validation; /* count 0: none, then nothing may ask for an evaluation */
    const char *output_dir;  /* made if needed: checkpoint-N/, trainer_state.json, …_results.json */
    const char *identity; /* names data and model (their sha256): a checkpoint of another identity is not resumed; may be NULL */
    const char *data; /* names the data alone: a folder with checkpoints of other data is refused (ERROR_USAGE); may be NULL */
    Pool *pool;
} FinetuneInput;

/* One step of the optimiser, for curves. */
typedef struct FinetuneStep {
    double loss, learning_rate, grad_norm; /* norm before clipping */
} FinetuneStep;

/* One evaluation on the validation rows. */
typedef struct FinetuneEvaluation {
    int64_t step;
    double epoch;
    double loss;
    double accuracy, f1_macro;
    double metric; /* metric_for_best_model */
} FinetuneEvaluation;

typedef struct FinetuneResult {
    int64_t steps;                   /* finished; steps[] and evaluations[] cover the whole run, resumed or not */
    FinetuneStep *history;           /* (steps) */
    FinetuneEvaluation *evaluations; /* (evaluation_count) */
    int evaluation_count;
    double epochs;
    double train_loss;  /* mean over all steps */
    double total_flos;  /* Trainer's rule, docs/FORMATS.md */
    int64_t best_step;  /* 0: none was chosen */
    double best_metric; /* NaN without one */
    bool best_loaded;   /* the weights are those of best_step; else of the last step */
    bool stopped_early;
    int64_t resumed_from; /* step; 0: started anew */
    double train_s;       /* all sessions of the run, evaluations included */
    double train_cpu_s;   /* the same, of all threads */
    double peak_mb;       /* of the process, at the end */
} FinetuneResult;

/* Trains until the options say it is done, resuming where an interrupted run in output_dir left off. Between steps it asks
 * observer_stop: then the state is saved and the failure is ERROR_INTERRUPTED. A loss or gradient norm that is no number ends
 * the run (ERROR_FAILED) with the step and the learning rate; the last checkpoint stays. On failure `out` holds what there was. */
MUST_CHECK bool finetune_run(FinetuneResult *out, const FinetuneInput *input, const FinetuneOptions *options,
                             const Observer *observer, Error *err);
void finetune_result_free(FinetuneResult *result); /* takes a zeroed one */

/* The answers of an encoder with head for the rows, in their order; truth from rows->labels. Rows are run sorted by length, packed
 * to a token budget, one workspace a thread. `task` names the progress ("validation"). */
MUST_CHECK bool finetune_predict(Predictions *out, const Encoder *encoder, const FinetuneRows *rows, const char *task, Pool *pool,
                                 const Observer *observer, Error *err);

/* What finetune_run takes beside the weights, in MB of 2^20 bytes; it refuses to begin when there is less (common/available.h). */
double finetune_memory_mb(const FinetuneInput *input, const FinetuneOptions *options);

typedef struct FinetuneEstimate {
    int64_t steps;
    double step_s;    /* one timed step */
    double train_s;   /* step_s × steps, and the evaluations */
    double memory_mb; /* weights, gradients, moments, workspaces */
    double disk_mb;   /* checkpoints kept */
} FinetuneEstimate;

/* Times one step (forward, backward, optimiser) on the longest batch of a sample; the weights are the same afterwards. */
MUST_CHECK bool finetune_estimate(FinetuneEstimate *out, const FinetuneInput *input, const FinetuneOptions *options, Error *err);

#pragma GCC visibility pop
#endif
