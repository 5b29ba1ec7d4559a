#include "common/clock.h"
#include "encoder/sweep.h"
#include "finetune/trainer.h"

static const double MB = 1048576.0;

/* A forward pass is about a third of a training step: backward costs two products where forward costs one. */
static const double FORWARD_SHARE = 1.0 / 3.0;

enum { COUNTED_STEPS = 1000000 };

/* How often something is due in the run; in a very long one, as if it were once an epoch. */
static int64_t count_due(const TrainPlan *plan, bool (*is_due)(const TrainPlan *, int64_t)) {
    if (plan->steps > COUNTED_STEPS) return plan->epochs;
    int64_t count = 0;
    for (int64_t step = 1; step <= plan->steps; step++) count += is_due(plan, step);
    return count;
}

static double token_sum(const FinetuneRows *rows) {
    double tokens = 0;
    for (int i = 0; i < rows->count; i++) tokens += tokens_length(rows->tokens, finetune_row(rows, i));
    return tokens;
}

/* The second of two steps; the first one creates what the operations keep. The optimiser moves `stand_in`, not the weights. */
static bool time_step(Trainer *trainer, float *stand_in, int count, double *seconds, Error *err) {
    Pool *pool = trainer->input->pool;
    plan_order(&trainer->plan, 0, trainer->order);
    for (int round = 0; round < 2; round++) {
        double loss, started = clock_wall_s();
        trainer_wake_words(trainer, trainer->order, count);
        if (!gradient_of_step(&trainer->gradient, trainer->order, count, 0, &loss, err)) return false;
        double norm = adamw_gradient_norm(&trainer->adamw, trainer->gradient.sum, pool);
        adamw_step(&trainer->adamw, stand_in, trainer->gradient.sum, 0, norm, 1, pool);
        if (!encoder_refresh_rest(trainer->encoder, pool, err)) return false;
        *seconds = clock_wall_s() - started;
    }
    return true;
}

/* What oneDNN keeps of the products it has made, which threads share: about 60 KB each, ten a layer's step has, for up to 80 numbers of rows; and 350 KB for a
 * sum over rows, of four shapes and sixteen lengths (measured, oneDNN 2.6). */
static double products_bytes(const TrainPlan *plan, int threads) {
    double parts = (double)plan->steps * threads, lengths = (double)plan->steps;
    return 10 * 60e3 * (parts < 80 ? parts : 80) + 4 * 350e3 * (lengths < 16 ? lengths : 16);
}

/* Three blocks (gradients, two moments), the weights packed for both directions, the room to run in and that of an evaluation, its answers, and the products. */
double finetune_memory_mb(const FinetuneInput *input, const FinetuneOptions *options) {
    const Weights *weights = input->weights;
    TrainPlan plan = plan_make(options, input->train.count, input->validation.count > 0);
    WorkspaceOptions room =
        gradient_workspace_options(&input->train, trainer_most_rows(&plan, input->train.count), options->freeze_layers);
    room.dtype = options->dtype;
    double block = (double)weights->table.total * sizeof(float);
    double element = options->dtype == DTYPE_BFLOAT16 ? sizeof(Bfloat16) : sizeof(float);
    double packed = (double)trainer_computing_parameters(&weights->table) * 2 * element;
    double answers = (double)input->validation.count * weights->config.classes * sizeof(double);
    int threads = pool_threads(input->pool), longest = 1;
    for (int i = 0; i < input->validation.count; i++) {
        int length = tokens_length(input->validation.tokens, finetune_row(&input->validation, i));
        if (length > longest) longest = length;
    }
    double evaluation = input->validation.count ? (double)sweep_bytes(&weights->config, options->dtype, longest, threads) : 0;
    double needs = 3 * block + packed + answers + evaluation + (double)workspace_bytes(&weights->config, &room, threads);
    return (needs + products_bytes(&plan, threads)) / MB;
}

static double disk_mb(const Trainer *trainer) {
    int64_t saves = count_due(&trainer->plan, plan_saves);
    int limit = trainer->options->save_total_limit;
    double kept = (double)(limit > 0 && saves > limit ? limit : saves);
    return kept * 3 * (double)trainer->input->weights->table.total * sizeof(float) / MB;
}

bool finetune_estimate(FinetuneEstimate *out, const FinetuneInput *input, const FinetuneOptions *options, Error *err) {
    Trainer trainer = {0};
    float *stand_in = NULL;
    *out = (FinetuneEstimate){0};
    bool good = trainer_make(&trainer, input, options, NULL, err) &&
                (stand_in = mem_map(input->weights->table.total * sizeof *stand_in, err));
    int step_rows = 0;
    if (good) {
        int64_t epoch;
        int first;
        plan_step(&trainer.plan, 0, &epoch, &first, &step_rows);
        good = time_step(&trainer, stand_in, step_rows, &out->step_s, err);
    }
    if (good) {
        double step_tokens = token_sum(&input->train) / input->train.count * step_rows;
        double evaluation_s = out->step_s * FORWARD_SHARE * token_sum(&input->validation) / step_tokens;
        out->steps = trainer.plan.steps;
        out->train_s = out->step_s * (double)out->steps + evaluation_s * (double)count_due(&trainer.plan, plan_evaluates);
        out->memory_mb = finetune_memory_mb(input, options) + (double)input->weights->table.total * sizeof(float) / MB;
        out->disk_mb = disk_mb(&trainer);
    }
    mem_unmap(stand_in, input->weights->table.total * sizeof *stand_in);
    trainer_free(&trainer);
    return good;
}
