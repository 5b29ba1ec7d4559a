#include "finetune/adamw.h"

#include <math.h>

#include "common/memory.h"

enum {
    SPAN = 1 << 16, /* 64 Ki floats: 1 MiB over the four blocks, some 100 µs of one core */
    LANES = 16      /* partial sums of a norm, so that the compiler may use vectors without changing the order */
};

bool adamw_trains(const WeightTable *table, int index, int freeze_layers) {
    static const ModelPart EMBEDDINGS[] = {PART_WORDS, PART_POSITIONS, PART_TYPES, PART_NORM_WEIGHT, PART_NORM_BIAS};
    if (freeze_layers <= 0) return true;
    if (table->tensors[index].layer >= 0) return table->tensors[index].layer >= freeze_layers;
    for (size_t i = 0; i < sizeof EMBEDDINGS / sizeof *EMBEDDINGS; i++)
        if (table->model[EMBEDDINGS[i]] == index) return false;
    return true;
}

static int count_spans(const WeightTable *table, int freeze_layers) {
    size_t spans = 0;
    for (int i = 0; i < table->count; i++)
        if (adamw_trains(table, i, freeze_layers)) spans += (table->tensors[i].count + SPAN - 1) / SPAN;
    return (int)spans;
}

static void cut_tensor(AdamW *adamw, const TensorSpec *tensor) {
    for (size_t begin = 0; begin < tensor->count; begin += SPAN) {
        size_t count = tensor->count - begin < SPAN ? tensor->count - begin : SPAN;
        adamw->spans[adamw->span_count++] = (AdamWSpan){tensor->offset + begin, count, tensor->decays};
    }
}

bool adamw_make(AdamW *adamw, const WeightTable *table, const AdamWOptions *options, Error *err) {
    *adamw = (AdamW){.beta1 = options->beta1,
                     .beta2 = options->beta2,
                     .epsilon = options->epsilon,
                     .weight_decay = options->weight_decay,
                     .total = table->total};
    int spans = count_spans(table, options->freeze_layers);
    bool good = (adamw->first = mem_new(table->total, sizeof *adamw->first, err)) &&
                (adamw->second = mem_new(table->total, sizeof *adamw->second, err)) &&
                (adamw->spans = mem_new((size_t)spans, sizeof *adamw->spans, err)) &&
                (adamw->squares = mem_new((size_t)spans, sizeof *adamw->squares, err));
    for (int i = 0; good && i < table->count; i++)
        if (adamw_trains(table, i, options->freeze_layers)) cut_tensor(adamw, &table->tensors[i]);
    if (!good) adamw_free(adamw);
    return good;
}

void adamw_free(AdamW *adamw) {
    mem_free(adamw->first);
    mem_free(adamw->second);
    mem_free(adamw->spans);
    mem_free(adamw->squares);
    *adamw = (AdamW){0};
}

/* ---- norm ---- */

static double sum_of_squares(const float *x, size_t count) {
    double lanes[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
    for (; i < count; i++) sum += (double)x[i] * (double)x[i];
    for (int lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

typedef struct NormJob {
    const AdamW *adamw;
    const float *gradients;
} NormJob;

static void norm_task(void *context, int task, int thread) {
    const NormJob *job = context;
    const AdamWSpan *span = &job->adamw->spans[task];
    (void)thread;
    job->adamw->squares[task] = sum_of_squares(job->gradients + span->offset, span->count);
}

double adamw_gradient_norm(const AdamW *adamw, const float *gradients, Pool *pool) {
    NormJob job = {adamw, gradients};
    pool_run(pool, adamw->span_count, norm_task, &job);
    double sum = 0;
    for (int i = 0; i < adamw->span_count; i++) sum += adamw->squares[i];
    return sqrt(sum);
}

/* ---- step ---- */

typedef struct StepJob {
    const AdamW *adamw;
    float *weights, *gradients;
    float clip;
    float keep;      /* 1 - learning_rate · weight_decay */
    float move;      /* learning_rate / (1 - β1^t) */
    float deviation; /* sqrt(1 - β2^t) */
} StepJob;

/* The order of operations and roundings is torch's (optim/adamw.py, _single_tensor_adam): first = lerp(first, g, 1 - β1),
 * second = second · β2 + (1 - β2) g², weight -= move · first / (sqrt(second) / deviation + ε). */
static void step_task(void *context, int task, int thread) {
    const StepJob *job = context;
    const AdamW *adamw = job->adamw;
    const AdamWSpan *span = &adamw->spans[task];
    (void)thread;
    float *restrict weights = job->weights + span->offset, *restrict gradients = job->gradients + span->offset;
    float *restrict first = adamw->first + span->offset, *restrict second = adamw->second + span->offset;
    const float clip = job->clip, keep = span->decays ? job->keep : 1.0f, move = job->move, deviation = job->deviation;
    const float one_beta1 = (float)(1 - adamw->beta1), beta2 = (float)adamw->beta2, one_beta2 = (float)(1 - adamw->beta2);
    const float epsilon = (float)adamw->epsilon;
    for (size_t i = 0; i < span->count; i++) {
        float g = gradients[i] * clip;
        float m = first[i] + one_beta1 * (g - first[i]);
        float v = second[i] * beta2 + one_beta2 * g * g;
        first[i] = m;
        second[i] = v;
        weights[i] = weights[i] * keep - move * (m / (sqrtf(v) / deviation + epsilon));
        gradients[i] = 0;
    }
}

void adamw_step(AdamW *adamw, float *weights, float *gradients, double learning_rate, double norm, double max_norm, Pool *pool) {
    adamw->step++;
    double t = (double)adamw->step;
    double clip = max_norm > 0 ? max_norm / (norm + 1e-6) : 1;
    StepJob job = {.adamw = adamw,
                   .weights = weights,
                   .gradients = gradients,
                   .clip = (float)(clip < 1 ? clip : 1),
                   .keep = (float)(1 - learning_rate * adamw->weight_decay),
                   .move = (float)(learning_rate / (1 - pow(adamw->beta1, t))),
                   .deviation = (float)sqrt(1 - pow(adamw->beta2, t))};
    pool_run(pool, adamw->span_count, step_task, &job);
}
