/* Encoders of real size without a file: every weight follows from a formula that tests/golden/make_base_golden.py has too. */
#ifndef TWOFOLD_TESTS_FORMULA_WEIGHTS_H
#define TWOFOLD_TESTS_FORMULA_WEIGHTS_H

#include "tests/check.h"

#include "common/memory.h"
#include "encoder/weights.h"

/* Thomas Wang's 32-bit mix */
static inline uint32_t formula_hash(uint32_t x) {
    x = (x ^ 61u) ^ (x >> 16);
    x += x << 3;
    x ^= x >> 4;
    x *= 0x27d4eb2du;
    return x ^ (x >> 15);
}

/* Element i of tensor number t (in the table's order): uniform in ±spread, norms' weights around 1. All steps are exact in float32. */
static inline float formula_value(const TensorSpec *tensor, int t, size_t i) {
    float unit = (float)(formula_hash((uint32_t)i + (uint32_t)t * 0x9E3779B9u) >> 8) * 0x1p-24f - 0.5f;
    bool norm = strstr(tensor->name, "norm") || strstr(tensor->name, "Norm");
    if (norm && strstr(tensor->name, "weight")) return 1.0f + unit * 0.25f;
    return unit * (tensor->dimensions == 2 ? 0.125f : 0.25f);
}

static inline void formula_weights(Weights *weights, Family family, int layers, int C, int H, int F, int V, int P, int K) {
    Error err = {0};
    *weights = (Weights){.config = {.family = family,
                                    .layers = layers,
                                    .channels = C,
                                    .heads = H,
                                    .feed_forward = F,
                                    .vocabulary = V,
                                    .positions = P,
                                    .token_types = family == FAMILY_BERT ? 2 : 0,
                                    .norm_epsilon = 1e-12,
                                    .dropout = 0.1,
                                    .attention_dropout = 0.1,
                                    .classifier_dropout = 0.2,
                                    .initializer_range = 0.02,
                                    .classes = K}};
    CHECK_OK(weight_table_make(&weights->table, &weights->config, K, &err), &err);
    weights->block = mem_map(weights->table.total * sizeof *weights->block, &err);
    assert_non_null(weights->block);
    for (int t = 0; t < weights->table.count; t++) {
        const TensorSpec *tensor = &weights->table.tensors[t];
        for (size_t i = 0; i < tensor->count; i++) weights->block[tensor->offset + i] = formula_value(tensor, t, i);
    }
}

static inline int32_t formula_id(uint32_t row, uint32_t place, int vocabulary) {
    return (int32_t)(formula_hash(row * 1000u + place) % (uint32_t)vocabulary);
}

#endif
