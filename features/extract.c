#include "features/extract.h"

#include <assert.h>
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

struct Extractor {
    const Encoder *encoder;
    Sweep *sweep;
    ExtractOptions wanted[EXTRACT_MOST];
    int layers[EXTRACT_MOST]; /* of wanted[w], counted from 0 */
    int wanted_count;
    int channels, last_layer;
    bool cls_only;
    double *sums;  /* (threads, channels) */
    Features *out; /* of the run */
};

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
    Extractor *extractor = context;
    int C = extractor->channels;
    for (int w = 0; w < extractor->wanted_count; w++) {
        const ExtractOptions *wanted = &extractor->wanted[w];
        const float *hidden = workspace_hidden(workspace, extractor->layers[w]);
        for (int b = 0; b < batch->rows; b++) {
            int begin = extractor->cls_only ? b : batch->starts[b], n = batch->starts[b + 1] - batch->starts[b];
            const float *rows = hidden + (size_t)begin * (size_t)C;
            float *out = extractor->out[w].values + (size_t)batch->row[b] * (size_t)C;
            switch (wanted->pooling) {
            case POOLING_CLS: memcpy(out, rows, (size_t)C * sizeof *out); break;
            case POOLING_MEAN: pool_mean(out, rows, n, C, extractor->sums + (size_t)thread * (size_t)C); break;
            case POOLING_MAX: pool_max(out, rows, n, C); break;
            }
            if (wanted->normalize) normalize(out, C);
        }
    }
    return true;
}

/* Which layers, how far to run, and whether the last layer's [CLS] rows are all that is read. */
static bool plan_layers(Extractor *extractor, SweepOptions *sweep, int layers, Error *err) {
    extractor->cls_only = true;
    for (int w = 0; w < extractor->wanted_count; w++) {
        int layer = extractor->wanted[w].layer;
        if (layer < -layers - 1 || layer > layers)
            return FAIL(err, ERROR_USAGE, "layer %d of an encoder of %d layers, expected %d to %d (0 and %d are the embeddings)",
                        layer, layers, -layers - 1, layers, -layers - 1);
        extractor->layers[w] = layer < 0 ? layers + 1 + layer : layer;
        if (extractor->layers[w] > extractor->last_layer) extractor->last_layer = extractor->layers[w];
    }
    if (extractor->last_layer == 0) extractor->last_layer = 1; /* the embeddings stand in front of it */
    for (int w = 0; w < extractor->wanted_count; w++) {
        if (extractor->layers[w] != extractor->last_layer) sweep->all_hidden = true;
        if (extractor->wanted[w].pooling != POOLING_CLS || extractor->layers[w] != extractor->last_layer)
            extractor->cls_only = false;
    }
    sweep->forward.cls_only = extractor->cls_only;
    sweep->forward.last_layer = extractor->last_layer;
    return true;
}

Extractor *extractor_new(const ExtractOptions *wanted, int wanted_count, const Encoder *encoder, Pool *pool, Error *err) {
    assert(wanted_count > 0 && wanted_count <= EXTRACT_MOST);
    const EncoderConfig *config = encoder_config(encoder);
    Extractor *extractor = mem_new(1, sizeof *extractor, err);
    if (!extractor) return NULL;
    extractor->encoder = encoder;
    extractor->wanted_count = wanted_count;
    extractor->channels = config->channels;
    memcpy(extractor->wanted, wanted, (size_t)wanted_count * sizeof *wanted);
    SweepOptions options = {0};
    if (plan_layers(extractor, &options, config->layers, err)) {
        extractor->sums = mem_new((size_t)pool_threads(pool) * (size_t)config->channels, sizeof *extractor->sums, err);
        if (extractor->sums) extractor->sweep = sweep_new(encoder, &options, pool, err);
    }
    if (extractor->sweep) return extractor;
    extractor_free(extractor);
    return NULL;
}

void extractor_free(Extractor *extractor) {
    if (!extractor) return;
    sweep_free(extractor->sweep);
    mem_free(extractor->sums);
    mem_free(extractor);
}

bool extractor_run(Extractor *extractor, Features *out, const Tokens *tokens, const int32_t *rows, int count,
                   const Observer *observer, Error *err) {
    for (int w = 0; w < extractor->wanted_count; w++)
        if (!features_make(&out[w], count, extractor->channels, err)) return false;
    extractor->out = out;
    return sweep_run(extractor->sweep, tokens, rows, count, pool_batch, extractor, "features", observer, err);
}

bool features_extract(Features *out, const ExtractOptions *wanted, int wanted_count, const Encoder *encoder, const Tokens *tokens,
                      const int32_t *rows, int count, Pool *pool, const Observer *observer, Error *err) {
    Extractor *extractor = extractor_new(wanted, wanted_count, encoder, pool, err);
    bool ok = extractor && extractor_run(extractor, out, tokens, rows, count, observer, err);
    extractor_free(extractor);
    return ok;
}
