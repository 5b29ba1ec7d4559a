/* The slow encoder: DistilBERT and BERT with their heads in double precision, one row at a time, one loop an operation, straight from the papers. It is the judge
 * of the fast one's gradients, by finite differences, and of where its dropout falls. */
#ifndef TWOFOLD_TESTS_REFERENCE_H
#define TWOFOLD_TESTS_REFERENCE_H

#include "tests/check.h"

#include "common/random.h"
#include "encoder/weights.h"

enum { REFERENCE_TOKENS = 64, REFERENCE_CHANNELS = 64, REFERENCE_FEED_FORWARD = 128 };

typedef struct Reference {
    const EncoderConfig *config;
    const WeightTable *table;
    const double *block; /* laid out by the table */
    bool dropout;
    uint64_t seed;
    uint32_t step, row;
} Reference;

static inline const double *reference_tensor(const Reference *r, int index) {
    return index < 0 ? NULL : r->block + r->table->tensors[index].offset;
}

static inline const double *reference_layer(const Reference *r, int layer, LayerPart part) {
    return reference_tensor(r, r->table->layer[layer * LAYER_PARTS + (int)part]);
}

/* Places of chance within a layer, as encoder/inside.h numbers them. */
enum { REFERENCE_ATTENTION, REFERENCE_ATTENTION_OUT, REFERENCE_FFN, REFERENCE_EMBEDDINGS, REFERENCE_HEAD, REFERENCE_PLACES };

/* The factor of value `element` of sixteen-wide vector `vector` of this row: 0, or 1 / (1 - p). */
static inline double reference_factor(const Reference *r, int layer, int place, double p, int64_t vector, int element) {
    if (!r->dropout || p == 0) return 1;
    uint32_t words[4], where = (uint32_t)STREAM_DROPOUT << 24 | (uint32_t)(layer * REFERENCE_PLACES + place);
    uint64_t counter = (uint64_t)(vector / 4) * 16 + (uint64_t)element;
    philox(words, r->seed, (uint64_t)r->row << 32 | counter, (uint64_t)r->step << 32 | where);
    return words[vector % 4] < (uint32_t)(p * 0x1p32) ? 0 : 1 / (1 - p);
}

static inline int64_t vectors(int channels) { return (channels + 15) / 16; }

/* Drops value c of token t of a row of `channels` wide tokens. */
static inline double reference_drop(const Reference *r, int layer, int place, double p, int t, int c, int channels) {
    return reference_factor(r, layer, place, p, t * vectors(channels) + c / 16, c % 16);
}

/* y (m, out) = x (m, in) wᵀ + b */
static inline void reference_linear(double *y, const double *x, const double *w, const double *b, int m, int out, int in) {
    for (int i = 0; i < m; i++)
        for (int o = 0; o < out; o++) {
            double sum = b[o];
            for (int k = 0; k < in; k++) sum += x[i * in + k] * w[o * in + k];
            y[i * out + o] = sum;
        }
}

static inline void reference_norm(double *x, const double *w, const double *b, double epsilon, int m, int C) {
    for (int i = 0; i < m; i++, x += C) {
        double mean = 0, square = 0;
        for (int c = 0; c < C; c++) mean += x[c] / C;
        for (int c = 0; c < C; c++) square += (x[c] - mean) * (x[c] - mean) / C;
        for (int c = 0; c < C; c++) x[c] = (x[c] - mean) / sqrt(square + epsilon) * w[c] + b[c];
    }
}

/* The number of the vector in which chance decides over query i and key j: 32 queries, or the 16 that are left, of one key side by side. */
static inline int64_t reference_score(int64_t head, int i, int j, int T) {
    int64_t before = i / 32 * 2, side = vectors(T) - before < 2 ? 1 : 2;
    return (head * vectors(T) + before) * T + j * side + i / 16 % 2;
}

static inline void reference_attention(const Reference *r, int layer, double *out, const double *q, const double *k,
                                       const double *v, int T) {
    int C = r->config->channels, H = r->config->heads, D = C / H;
    for (int h = 0; h < H; h++)
        for (int i = 0; i < T; i++) {
            double score[REFERENCE_TOKENS], largest = -1e300, sum = 0;
            for (int j = 0; j < T; j++) {
                score[j] = 0;
                for (int d = 0; d < D; d++) score[j] += q[i * C + h * D + d] * k[j * C + h * D + d] / sqrt(D);
                largest = fmax(largest, score[j]);
            }
            for (int j = 0; j < T; j++) sum += score[j] = exp(score[j] - largest);
            for (int d = 0; d < D; d++) out[i * C + h * D + d] = 0;
            for (int j = 0; j < T; j++) {
                double p = score[j] / sum *
                           reference_factor(r, layer, REFERENCE_ATTENTION, r->config->attention_dropout,
                                            reference_score(h, i, j, T), i % 16);
                for (int d = 0; d < D; d++) out[i * C + h * D + d] += p * v[j * C + h * D + d];
            }
        }
}

static inline void reference_layer_forward(const Reference *r, int l, double *x, int T) {
    static double q[REFERENCE_TOKENS * REFERENCE_CHANNELS], k[REFERENCE_TOKENS * REFERENCE_CHANNELS],
        v[REFERENCE_TOKENS * REFERENCE_CHANNELS], a[REFERENCE_TOKENS * REFERENCE_CHANNELS],
        u[REFERENCE_TOKENS * REFERENCE_FEED_FORWARD];
    const EncoderConfig *c = r->config;
    int C = c->channels, F = c->feed_forward;
    double out_rate = c->family == FAMILY_BERT ? c->dropout : 0;
    reference_linear(q, x, reference_layer(r, l, LAYER_Q_WEIGHT), reference_layer(r, l, LAYER_Q_BIAS), T, C, C);
    reference_linear(k, x, reference_layer(r, l, LAYER_K_WEIGHT), reference_layer(r, l, LAYER_K_BIAS), T, C, C);
    reference_linear(v, x, reference_layer(r, l, LAYER_V_WEIGHT), reference_layer(r, l, LAYER_V_BIAS), T, C, C);
    reference_attention(r, l, a, q, k, v, T);
    reference_linear(q, a, reference_layer(r, l, LAYER_OUT_WEIGHT), reference_layer(r, l, LAYER_OUT_BIAS), T, C, C);
    for (int i = 0; i < T * C; i++) x[i] += q[i] * reference_drop(r, l, REFERENCE_ATTENTION_OUT, out_rate, i / C, i % C, C);
    reference_norm(x, reference_layer(r, l, LAYER_NORM1_WEIGHT), reference_layer(r, l, LAYER_NORM1_BIAS), c->norm_epsilon, T, C);
    reference_linear(u, x, reference_layer(r, l, LAYER_UP_WEIGHT), reference_layer(r, l, LAYER_UP_BIAS), T, F, C);
    for (int i = 0; i < T * F; i++) u[i] *= 0.5 * erfc(-u[i] / sqrt(2));
    reference_linear(q, u, reference_layer(r, l, LAYER_DOWN_WEIGHT), reference_layer(r, l, LAYER_DOWN_BIAS), T, C, F);
    for (int i = 0; i < T * C; i++) x[i] += q[i] * reference_drop(r, l, REFERENCE_FFN, c->dropout, i / C, i % C, C);
    reference_norm(x, reference_layer(r, l, LAYER_NORM2_WEIGHT), reference_layer(r, l, LAYER_NORM2_BIAS), c->norm_epsilon, T, C);
}

/* Cross entropy of one row. */
static inline double reference_loss(const Reference *r, const int32_t *ids, int T, int label) {
    static double x[REFERENCE_TOKENS * REFERENCE_CHANNELS];
    const EncoderConfig *c = r->config;
    int C = c->channels, K = c->classes, L = c->layers;
    const int *part = r->table->model;
    const double *words = reference_tensor(r, part[PART_WORDS]), *positions = reference_tensor(r, part[PART_POSITIONS]);
    const double *types = reference_tensor(r, part[PART_TYPES]);
    for (int t = 0; t < T; t++)
        for (int i = 0; i < C; i++) x[t * C + i] = words[ids[t] * C + i] + positions[t * C + i] + (types ? types[i] : 0);
    reference_norm(x, reference_tensor(r, part[PART_NORM_WEIGHT]), reference_tensor(r, part[PART_NORM_BIAS]), c->norm_epsilon, T,
                   C);
    for (int i = 0; i < T * C; i++) x[i] *= reference_drop(r, L, REFERENCE_EMBEDDINGS, c->dropout, i / C, i % C, C);
    for (int l = 0; l < L; l++) reference_layer_forward(r, l, x, T);
    double pooled[REFERENCE_CHANNELS], logits[16], sum = 0;
    reference_linear(pooled, x, reference_tensor(r, part[PART_PRE_WEIGHT]), reference_tensor(r, part[PART_PRE_BIAS]), 1, C, C);
    for (int i = 0; i < C; i++) {
        pooled[i] = c->family == FAMILY_BERT ? tanh(pooled[i]) : fmax(pooled[i], 0);
        pooled[i] *= reference_drop(r, L, REFERENCE_HEAD, c->classifier_dropout, 0, i, C);
    }
    reference_linear(logits, pooled, reference_tensor(r, part[PART_CLASSIFIER_WEIGHT]),
                     reference_tensor(r, part[PART_CLASSIFIER_BIAS]), 1, K, C);
    for (int i = 0; i < K; i++) sum += exp(logits[i]);
    return log(sum) - logits[label];
}

#endif
