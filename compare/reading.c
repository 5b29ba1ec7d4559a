#include "compare/reading.h"

#include "encoder/flops.h"

Reading reading_frozen(const EncoderConfig *config, const ExtractOptions *extract) {
    int layers = config->layers, layer = extract->layer < 0 ? layers + 1 + extract->layer : extract->layer;
    return (Reading){.config = config,
                     .last_layer = layer == 0 ? 1 : layer, /* the embeddings stand in front of it, which is run */
                     .cls_only = extract->pooling == POOLING_CLS && layer != 0};
}

Reading reading_finetuned(const EncoderConfig *config, int classes) {
    EncoderConfig with_head = *config;
    with_head.classes = classes;
    return (Reading){.config = config, .cls_only = true, .head = encoder_head_flops(&with_head)};
}

double reading_flops(const Reading *reading, int tokens) {
    return encoder_row_flops(reading->config, tokens, reading->last_layer, reading->cls_only) + reading->head;
}
