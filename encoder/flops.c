#include "encoder/flops.h"

static double layer_flops(const EncoderConfig *config, int tokens, bool cls) {
    double T = tokens, C = config->channels, F = config->feed_forward;
    if (cls) return T * 4 * C * C + 4 * C * C + 4 * C * F + 4 * T * C;
    return T * (8 * C * C + 4 * C * F) + 4 * T * T * C;
}

double encoder_row_flops(const EncoderConfig *config, int tokens, int last_layer, bool cls_only) {
    int layers = last_layer > 0 ? last_layer : config->layers;
    return (layers - 1) * layer_flops(config, tokens, false) + layer_flops(config, tokens, cls_only);
}

double encoder_head_flops(const EncoderConfig *config) {
    double C = config->channels;
    return config->classes > 0 ? 2 * C * C + 2 * C * config->classes : 0;
}

double encoder_training_flops(const EncoderConfig *config, int tokens, int frozen_layers) {
    double forward = encoder_row_flops(config, tokens, 0, true), head = encoder_head_flops(config);
    int frozen = frozen_layers < config->layers ? frozen_layers : config->layers;
    double backward = forward - frozen * layer_flops(config, tokens, false);
    if (frozen == config->layers) backward = 0; /* the last one is cheaper than the others */
    return forward + head + 2 * (backward + head);
}
