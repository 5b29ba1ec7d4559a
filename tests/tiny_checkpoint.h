/* A run of a tiny model after two steps, whose checkpoint-2 is what its files are tried on. */
#ifndef TWOFOLD_TESTS_TINY_CHECKPOINT_H
#define TWOFOLD_TESTS_TINY_CHECKPOINT_H

#include <string.h>

#include "common/file.h"
#include "finetune/checkpoint.h"

enum { TINY_ROWS = 16, TINY_STEPS = 2 };

static const char TINY_CONFIG[] =
    "{\"model_type\": \"distilbert\", \"n_layers\": 1, \"dim\": 4, \"n_heads\": 2, \"hidden_dim\": 4, \"vocab_size\": 8,"
    " \"max_position_embeddings\": 8, \"id2label\": {\"0\": \"a\", \"1\": \"b\"}}";
static const char TINY_IDENTITY[] = "{\n  \"data\": \"d\",\n  \"options\": {\n    \"seed\": 42\n  }\n}\n";

typedef struct TinyRun {
    Path folder; /* of its checkpoints, and of the model it began with */
    Weights weights;
    AdamW adamw;
    TrainState state;
    FinetuneOptions options;
    TrainPlan plan;
} TinyRun;

static inline CheckpointParts tiny_parts(TinyRun *run, TrainState *state) {
    return (CheckpointParts){.output_dir = run->folder.text,
                             .model_folder = run->folder.text,
                             .identity = TINY_IDENTITY,
                             .options = &run->options,
                             .plan = &run->plan,
                             .weights = &run->weights,
                             .adamw = &run->adamw,
                             .state = state};
}

/* Its checkpoint is in the folder then. */
static inline bool tiny_run_make(TinyRun *run, const char *folder, Error *err) {
    static const AdamWOptions ADAMW = {0.9, 0.999, 1e-8, 0, 0, NULL, NULL};
    Path config;
    run->options = (FinetuneOptions)FINETUNE_DEFAULTS;
    run->options.early_stopping_patience = 2;
    run->plan = plan_make(&run->options, TINY_ROWS, true);
    if (!path_make(&run->folder, err, "%s", folder) || !path_make(&config, err, "%s/config.json", folder) ||
        !file_write(config.text, TINY_CONFIG, sizeof TINY_CONFIG - 1, err) ||
        !encoder_config_load(&run->weights.config, folder, err) ||
        !weight_table_make(&run->weights.table, &run->weights.config, 2, err))
        return false;
    run->weights.block = mem_map(run->weights.table.total * sizeof *run->weights.block, err);
    bool made = run->weights.block && adamw_make(&run->adamw, &run->weights.table, &ADAMW, err);
    for (int i = 0; made && i < TINY_STEPS; i++) made = train_state_add_step(&run->state, (FinetuneStep){1, 5e-5, 2}, err);
    made = made && log_begin(&run->state, &run->plan, err) && log_put(&run->state, LOG_EVAL_LOSS, 0.5, err) &&
           log_put(&run->state, LOG_EVAL_SCORE, 0.5, err);
    run->state.best_step = TINY_STEPS;
    run->state.best_metric = 0.5;
    CheckpointParts parts = tiny_parts(run, &run->state);
    return made && checkpoint_save(&parts, false, err);
}

static inline void tiny_run_free(TinyRun *run) {
    train_state_free(&run->state);
    adamw_free(&run->adamw);
    weights_free(&run->weights);
}

#endif
