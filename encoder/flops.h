/* Floating-point operations of the encoder's matrix products, counted by formula: a product of (m, k) with (k, n) is 2·m·k·n. Embeddings, norms, softmax and
 * GELU count nothing. A row of T tokens costs a layer T·(8·C² + 4·C·F) + 4·T²·C, which with F = 4·C is T·(24·C² + 4·T·C); where only [CLS] is read behind
 * the last layer, that layer costs T·4·C² for keys and values, and 4·C² + 4·C·F + 4·T·C for the one row. */
#ifndef TWOFOLD_ENCODER_FLOPS_H
#define TWOFOLD_ENCODER_FLOPS_H

#include <stdbool.h>

#include "encoder/config.h"

/* Forward of one row of `tokens` through layers 1 … last_layer (0: all). */
double encoder_row_flops(const EncoderConfig *config, int tokens, int last_layer, bool cls_only);

/* The classification head on one row: 2·C² + 2·C·K; 0 without classes. */
double encoder_head_flops(const EncoderConfig *config);

/* A training step's share for one row: forward, and twice that for the backward of every layer that is not frozen (frozen_layers counts from the lowest);
 * [CLS] shortcut and head included. */
double encoder_training_flops(const EncoderConfig *config, int tokens, int frozen_layers);

#endif
