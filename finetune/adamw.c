#include "finetune/adamw.h"

#include <math.h>
#include <string.h>

#include "common/memory.h"
#include "common/profile.h"

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

static size_t span_length(const TensorSpec *tensor) { return tensor->linear ? (size_t)tensor->columns * LINEAR_ROWS : SPAN; }

static int count_spans(const WeightTable *table, int freeze_layers) {
    size_t spans = 0;
    for (int i = 0; i < table->count; i++) {
        size_t length = span_length(&table->tensors[i]);
        if (adamw_trains(table, i, freeze_layers)) spans += (table->tensors[i].count + length - 1) / length;
    }
    return (int)spans;
}

static void cut_tensor(AdamW *adamw, const TensorSpec *tensor) {
    size_t length = span_length(tensor);
    for (size_t begin = 0; begin < tensor->count; begin += length) {
        size_t count = tensor->count - begin < length ? tensor->count - begin : length;
        adamw->spans[adamw->span_count++] = (AdamWSpan){tensor->offset + begin, count, tensor->decays, tensor->linear};
    }
}

static bool watch_words(AdamW *adamw, const WeightTable *table, int freeze_layers, Error *err) {
    int words = table->model[PART_WORDS];
    if (words < 0 || !adamw_trains(table, words, freeze_layers)) return true;
    const TensorSpec *tensor = &table->tensors[words];
    adamw->words_offset = tensor->offset;
    adamw->words_row = (size_t)tensor->columns;
    adamw->words = (int)tensor->rows;
    adamw->is_awake = mem_new((size_t)tensor->rows, sizeof *adamw->is_awake, err);
    return adamw->is_awake != NULL;
}

/* One multiplication a step and in their order, as if each had been done in its time; a few floats at a time, which stay in registers. */
static void decay_row(const AdamW *adamw, float *row) {
    enum { SOME = 64 };
    for (size_t begin = 0; begin < adamw->words_row; begin += SOME) {
        size_t count = adamw->words_row - begin < SOME ? adamw->words_row - begin : SOME;
        float some[SOME] = {0};
        memcpy(some, row + begin, count * sizeof *some);
        for (int step = 0; step < adamw->decay_count; step++)
            for (int i = 0; i < SOME; i++) some[i] *= adamw->decay[step];
        memcpy(row + begin, some, count * sizeof *some);
    }
}

void adamw_wake_words(AdamW *adamw, float *weights, const int32_t *ids, int64_t count) {
    if (!adamw->is_awake) return;
    for (int64_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= adamw->words || adamw->is_awake[ids[i]]) continue;
        decay_row(adamw, weights + adamw->words_offset + (size_t)ids[i] * adamw->words_row);
        adamw->is_awake[ids[i]] = true;
    }
}

enum { SETTLED_WORDS = 256 }; /* that one task settles */

typedef struct SettleJob {
    const AdamW *adamw;
    float *weights;
} SettleJob;

static void settle_task(void *context, int task, int thread) {
    const SettleJob *job = context;
    const AdamW *adamw = job->adamw;
    (void)thread;
    for (int word = task * SETTLED_WORDS; word < (task + 1) * SETTLED_WORDS && word < adamw->words; word++)
        if (!adamw->is_awake[word]) decay_row(adamw, job->weights + adamw->words_offset + (size_t)word * adamw->words_row);
}

void adamw_settle(AdamW *adamw, float *weights, Pool *pool) {
    SettleJob job = {adamw, weights};
    if (adamw->is_awake && adamw->decay_count > 0)
        pool_run(pool, (adamw->words + SETTLED_WORDS - 1) / SETTLED_WORDS, settle_task, &job);
    adamw->decay_count = 0;
}

void adamw_wake_moved_words(AdamW *adamw) {
    if (!adamw->is_awake) return;
    for (int word = 0; word < adamw->words; word++) {
        size_t at = adamw->words_offset + (size_t)word * adamw->words_row;
        bool moved = false;
        for (size_t i = at; i < at + adamw->words_row; i++) moved |= adamw->first[i] != 0 || adamw->second[i] != 0;
        adamw->is_awake[word] |= moved;
    }
}

/* Cuts a span into runs that take part, whole but in the word embeddings: *begin, within the span, goes from run to run. False behind the last. */
static bool next_run(const AdamW *adamw, const AdamWSpan *span, size_t *begin, size_t *end) {
    size_t size = (size_t)adamw->words * adamw->words_row;
    bool sparse = adamw->is_awake && span->offset >= adamw->words_offset && span->offset < adamw->words_offset + size;
    if (*begin >= span->count) return false;
    *end = span->count;
    if (!sparse) return true;
    size_t before = span->offset - adamw->words_offset, row = (before + *begin) / adamw->words_row;
    while (*begin < span->count && !adamw->is_awake[row]) *begin = ++row * adamw->words_row - before;
    if (*begin >= span->count) return false;
    *end = *begin;
    while (*end < span->count && adamw->is_awake[row]) *end = ++row * adamw->words_row - before;
    if (*end > span->count) *end = span->count;
    return true;
}

bool adamw_make(AdamW *adamw, const WeightTable *table, const AdamWOptions *options, Error *err) {
    *adamw = (AdamW){.beta1 = options->beta1,
                     .beta2 = options->beta2,
                     .epsilon = options->epsilon,
                     .weight_decay = options->weight_decay,
                     .moved = options->moved,
                     .context = options->context,
                     .total = table->total};
    int spans = count_spans(table, options->freeze_layers);
    bool good = (adamw->first = mem_map(table->total * sizeof *adamw->first, err)) &&
                (adamw->second = mem_map(table->total * sizeof *adamw->second, err)) &&
                (adamw->spans = mem_new((size_t)spans, sizeof *adamw->spans, err)) &&
                (adamw->squares = mem_new((size_t)spans, sizeof *adamw->squares, err)) &&
                watch_words(adamw, table, options->freeze_layers, err);
    for (int i = 0; good && i < table->count; i++)
        if (adamw_trains(table, i, options->freeze_layers)) cut_tensor(adamw, &table->tensors[i]);
    if (!good) adamw_free(adamw);
    return good;
}

void adamw_free(AdamW *adamw) {
    mem_unmap(adamw->first, adamw->total * sizeof *adamw->first);
    mem_unmap(adamw->second, adamw->total * sizeof *adamw->second);
    mem_free(adamw->spans);
    mem_free(adamw->squares);
    mem_free(adamw->is_awake);
    *adamw = (AdamW){0};
}

/* ---- norm ---- */

/* Adds x[begin … end) to the partial sums, each to the lane of its place in the span: leaving zeros out changes no bit. */
static void add_squares(double lanes[LANES], const float *x, size_t begin, size_t end) {
    size_t i = begin;
    for (; i < end && i % LANES; i++) lanes[i % LANES] += (double)x[i] * (double)x[i];
    for (; i + LANES <= end; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
    for (; i < end; i++) lanes[i % LANES] += (double)x[i] * (double)x[i];
}

typedef struct NormJob {
    const AdamW *adamw;
    const float *gradients;
} NormJob;

static void norm_task(void *context, int task, int thread) {
    const NormJob *job = context;
    const AdamWSpan *span = &job->adamw->spans[task];
    (void)thread;
    double lanes[LANES] = {0}, sum = 0;
    for (size_t begin = 0, end; next_run(job->adamw, span, &begin, &end); begin = end)
        add_squares(lanes, job->gradients + span->offset, begin, end);
    for (int lane = 0; lane < LANES; lane++) sum += lanes[lane];
    job->adamw->squares[task] = sum;
}

double adamw_gradient_norm(const AdamW *adamw, const float *gradients, Pool *pool) {
    NormJob job = {adamw, gradients};
    ProfilePart before = pool_enter(pool, PROFILE_OPTIMISER);
    pool_run(pool, adamw->span_count, norm_task, &job);
    (void)pool_enter(pool, before);
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
static void step_run(const StepJob *job, bool decays, size_t offset, size_t count) {
    const AdamW *adamw = job->adamw;
    float *restrict weights = job->weights + offset;
    const float *restrict gradients = job->gradients + offset;
    float *restrict first = adamw->first + offset, *restrict second = adamw->second + offset;
    const float clip = job->clip, keep = decays ? job->keep : 1.0f, move = job->move, deviation = job->deviation;
    const float one_beta1 = (float)(1 - adamw->beta1), beta2 = (float)adamw->beta2, one_beta2 = (float)(1 - adamw->beta2);
    const float epsilon = (float)adamw->epsilon;
    for (size_t i = 0; i < count; i++) {
        float g = gradients[i] * clip;
        float m = first[i] + one_beta1 * (g - first[i]);
        float v = second[i] * beta2 + one_beta2 * g * g;
        first[i] = m;
        second[i] = v;
        weights[i] = weights[i] * keep - move * (m / (sqrtf(v) / deviation + epsilon));
    }
}

static void step_task(void *context, int task, int thread) {
    const StepJob *job = context;
    const AdamWSpan *span = &job->adamw->spans[task];
    (void)thread;
    for (size_t begin = 0, end; next_run(job->adamw, span, &begin, &end); begin = end) {
        step_run(job, span->decays, span->offset + begin, end - begin);
        if (!span->linear) memset(job->gradients + span->offset + begin, 0, (end - begin) * sizeof *job->gradients);
    }
    if (job->adamw->moved) job->adamw->moved(job->adamw->context, span->offset, span->count);
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
    ProfilePart before = pool_enter(pool, PROFILE_OPTIMISER);
    pool_run(pool, adamw->span_count, step_task, &job);
    if (adamw->weight_decay > 0) {
        if (adamw->decay_count == ADAMW_DECAYS) adamw_settle(adamw, weights, pool);
        adamw->decay[adamw->decay_count++] = job.keep;
    }
    (void)pool_enter(pool, before);
}
