#include "features/extract.h"

#include <math.h>
#include <string.h>

#include "common/memory.h"
#include "encoder/sweep.h"

static const char *const POOLING_NAMES[] = {[POOLING_CLS] = "cls", [POOLING_MEAN] = "mean", [POOLING_MAX] = "max"};

const char *pooling_name(Pooling pooling) { return POOLING_NAMES[pooling]; }

bool pooling_find(const char *name, Pooling *pooling) {
    for (int p = 0; p < (int)(sizeof POOLING_NAMES / sizeof *POOLING_NAMES); p++) {
        if (strcmp(POOLING_NAMES[p], name) != 0) continue;
        *pooling = (Pooling)p;
        return true;
    }
    return false;
}

typedef struct Extraction {
    Features *out;
    const ExtractOptions *wanted;
    int layers[EXTRACT_MOST]; /* of wanted[w], counted from 0 */
    int wanted_count;
    int channels, last_layer;
    bool cls_only;
    double *sums; /* (threads, channels) */
} Extraction;

/* out (C) = mean of rows (n, C), summed in double in the order of the tokens */
static void pool_mean(float *out, const float *rows, int n, int C, double *sums) {
    for (int c = 0; c < C; c++) sums[c] = 0;
    for (int t = 0; t < n; t++)
        for (int c = 0; c < C; c++) sums[c] += (double)rows[(size_t)t * (size_t)C + (size_t)c];
    for (int c = 0; c < C; c++) out[c] = (float)(sums[c] / n);
}

static void pool_max(float *out, const float *rows, int n, int C) {
    memcpy(out, rows, (size_t)C * sizeof *out);
    for (int t = 1; t < n; t++)
        for (int c = 0; c < C; c++) {
            float value = rows[(size_t)t * (size_t)C + (size_t)c];
            if (value > out[c]) out[c] = value;
        }
}

static void normalize(float *out, int C) {
    double square = 0;
    for (int c = 0; c < C; c++) square += (double)out[c] * (double)out[c];
    double length = fmax(sqrt(square), 1e-12);
    for (int c = 0; c < C; c++) out[c] = (float)((double)out[c] / length);
}

static bool pool_batch(void *context, Workspace *workspace, const Batch *batch, int thread, Error *err) {
    (void)err;
    Extraction *extraction = context;
    int C = extraction->channels;
    for (int w = 0; w < extraction->wanted_count; w++) {
        const ExtractOptions *wanted = &extraction->wanted[w];
        const float *hidden = workspace_hidden(workspace, extraction->layers[w]);
        for (int b = 0; b < batch->rows; b++) {
            int begin = extraction->cls_only ? b : batch->starts[b], n = batch->starts[b + 1] - batch->starts[b];
            const float *rows = hidden + (size_t)begin * (size_t)C;
            float *out = extraction->out[w].values + (size_t)batch->row[b] * (size_t)C;
            switch (wanted->pooling) {
            case POOLING_CLS: memcpy(out, rows, (size_t)C * sizeof *out); break;
            case POOLING_MEAN: pool_mean(out, rows, n, C, extraction->sums + (size_t)thread * (size_t)C); break;
            case POOLING_MAX: pool_max(out, rows, n, C); break;
            }
            if (wanted->normalize) normalize(out, C);
        }
    }
    return true;
}

/* Which layers, how far to run, and whether the last layer's [CLS] rows are all that is read. */
static bool plan_layers(Extraction *extraction, SweepOptions *sweep, int layers, Error *err) {
    extraction->cls_only = true;
    for (int w = 0; w < extraction->wanted_count; w++) {
        int layer = extraction->wanted[w].layer;
        if (layer < -layers - 1 || layer > layers)
            return FAIL(err, ERROR_USAGE, "layer %d of an encoder of %d layers, expected %d to %d (0 and %d are the embeddings)", layer, layers,
                        -layers - 1, layers, -layers - 1);
        extraction->layers[w] = layer < 0 ? layers + 1 + layer : layer;
        if (extraction->layers[w] > extraction->last_layer) extraction->last_layer = extraction->layers[w];
    }
    if (extraction->last_layer == 0) extraction->last_layer = 1; /* the embeddings stand in front of it */
    for (int w = 0; w < extraction->wanted_count; w++) {
        if (extraction->layers[w] != extraction->last_layer) sweep->all_hidden = true;
        if (extraction->wanted[w].pooling != POOLING_CLS || extraction->layers[w] != extraction->last_layer) extraction->cls_only = false;
    }
    sweep->forward.cls_only = extraction->cls_only;
    sweep->forward.last_layer = extraction->last_layer;
    return true;
}

bool features_extract(Features *out, const ExtractOptions *wanted, int wanted_count, const Encoder *encoder, const Tokens *tokens,
                      const int32_t *rows, int count, Pool *pool, const Observer *observer, Error *err) {
    const EncoderConfig *config = encoder_config(encoder);
    Extraction extraction = {.out = out, .wanted = wanted, .wanted_count = wanted_count, .channels = config->channels};
    SweepOptions options = {0};
    if (!plan_layers(&extraction, &options, config->layers, err)) return false;
    for (int w = 0; w < wanted_count; w++)
        if (!features_make(&out[w], count, config->channels, err)) return false;
    extraction.sums = mem_new((size_t)pool_threads(pool) * (size_t)config->channels, sizeof *extraction.sums, err);
    Sweep *sweep = extraction.sums ? sweep_new(encoder, &options, pool, err) : NULL;
    bool ok = sweep && sweep_run(sweep, tokens, rows, count, pool_batch, &extraction, "features", observer, err);
    sweep_free(sweep);
    mem_free(extraction.sums);
    return ok;
}
