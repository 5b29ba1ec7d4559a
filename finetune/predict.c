#include "finetune/predict.h"

#include "common/memory.h"
#include "encoder/sweep.h"
#include "finetune/gradient.h"

typedef struct PredictJob {
    const Encoder *encoder;
    const FinetuneRows *rows;
    const Loss *loss; /* or NULL */
    Predictions *out;
    double *losses; /* (rows): each row's own, so that their sum does not depend on the batches */
    double *logits; /* (threads, K) */
} PredictJob;

static bool use_batch(void *context, Workspace *workspace, const Batch *batch, int thread, Error *err) {
    const PredictJob *job = context;
    const float *logits = NULL;
    size_t classes = (size_t)job->out->classes;
    double *wide = job->logits + (size_t)thread * classes;
    if (!encoder_classify(job->encoder, workspace, batch, &(ForwardOptions){.cls_only = true}, &logits, err)) return false;
    for (int b = 0; b < batch->rows; b++) {
        const float *row = logits + (size_t)b * classes;
        int place = batch->row[b];
        for (size_t k = 0; k < classes; k++) wide[k] = (double)row[k];
        predictions_put_logits(job->out, place, wide);
        if (!job->loss) continue;
        const int32_t *label = &job->rows->labels[finetune_row(job->rows, place)];
        job->losses[place] = loss_forward_backward(job->loss, row, label, 1, 1, NULL);
    }
    return true;
}

static bool copy_truth(int32_t **truth, const FinetuneRows *rows, Error *err) {
    if (!rows->labels) return true;
    *truth = mem_new((size_t)rows->count, sizeof **truth, err);
    for (int i = 0; *truth && i < rows->count; i++) (*truth)[i] = rows->labels[finetune_row(rows, i)];
    return *truth != NULL;
}

bool predict_rows(Predictions *out, const Encoder *encoder, const FinetuneRows *rows, const Loss *loss, double *mean,
                  const char *task, Pool *pool, const Observer *observer, Error *err) {
    int classes = encoder_config(encoder)->classes;
    int32_t *truth = NULL;
    Sweep *sweep = NULL;
    PredictJob job = {.encoder = encoder, .rows = rows, .loss = loss, .out = out};
    bool good = copy_truth(&truth, rows, err) && predictions_make(out, rows->count, classes, truth, true, err) &&
                (job.losses = mem_new((size_t)rows->count, sizeof *job.losses, err)) &&
                (job.logits = mem_new((size_t)pool_threads(pool) * (size_t)classes, sizeof *job.logits, err)) &&
                (sweep = sweep_new(encoder, &(SweepOptions){.forward = {.cls_only = true}}, pool, err)) &&
                sweep_run(sweep, rows->tokens, rows->rows, rows->count, use_batch, &job, task, observer, err);
    if (good && loss) {
        double sum = 0;
        for (int i = 0; i < rows->count; i++) sum += job.losses[i];
        *mean = sum / loss_divisor(loss, truth, rows->count);
    }
    sweep_free(sweep);
    mem_free(job.losses);
    mem_free(job.logits);
    mem_free(truth);
    if (!good) predictions_free(out);
    return good;
}

bool finetune_predict(Predictions *out, const Encoder *encoder, const FinetuneRows *rows, const char *task, Pool *pool,
                      const Observer *observer, Error *err) {
    return predict_rows(out, encoder, rows, NULL, NULL, task, pool, observer, err);
}
