#include "compare/entry_flops.h"

#include <math.h>

#include "compare/costs.h"
#include "encoder/flops.h"

/* How far a text goes, and whether the last layer's [CLS] row is all that is read. */
typedef struct Reading {
    const EncoderConfig *config;
    int last_layer; /* 0: all */
    bool cls_only;
    double head; /* FLOP */
} Reading;

static Reading reading_of(const EntrySpec *spec, const CompareInput *input) {
    Reading reading = {.config = &input->encoder->weights.config, .cls_only = true};
    if (spec->kind == ENTRY_FROZEN) {
        int layer = spec->linear.extract.layer, layers = reading.config->layers;
        reading.last_layer = layer < 0 ? layers + 1 + layer : layer;
        if (reading.last_layer == 0) reading.last_layer = 1; /* the embeddings stand in front of it, which is run */
        reading.cls_only = spec->linear.extract.pooling == POOLING_CLS && layer != 0 && layer != -layers - 1;
    } else {
        EncoderConfig with_head = *reading.config;
        with_head.classes = input->dataset->classes;
        reading.head = encoder_head_flops(&with_head);
    }
    return reading;
}

/* Of one forward over the first `count` rows of a split (all: -1). */
static double forward_flops(const Reading *reading, const CompareInput *input, Split split, int count) {
    const RowList *list = &input->dataset->splits[split];
    double sum = 0;
    for (int i = 0; i < list->count && (count < 0 || i < count); i++)
        sum += encoder_row_flops(reading->config, tokens_length(input->tokens, list->rows[i]), reading->last_layer,
                                 reading->cls_only) +
               reading->head;
    return sum;
}

/* Every training row once for each epoch, forward and backward, and the validation rows for each evaluation. */
static double finetune_flops(const Reading *reading, const EntrySpec *spec, const EntryResult *result,
                             const CompareInput *input) {
    const RowList *train = &input->dataset->splits[SPLIT_TRAIN];
    EncoderConfig with_head = *reading->config;
    with_head.classes = input->dataset->classes;
    double epoch = 0;
    for (int i = 0; i < train->count; i++)
        epoch += encoder_training_flops(&with_head, tokens_length(input->tokens, train->rows[i]), spec->finetune.freeze_layers);
    return result->training.epochs * epoch +
           result->training.evaluation_count * forward_flops(reading, input, SPLIT_VALIDATION, -1);
}

void entry_flops(EntryCosts *costs, const EntrySpec *spec, const EntryResult *result, const CompareInput *input,
                 double matrix_rate) {
    Reading reading = reading_of(spec, input);
    int count = costs_texts_at_once(input->dataset->splits[SPLIT_TEST].count);
    double text = forward_flops(&reading, input, SPLIT_TEST, count) / count;
    costs->matrix_gflops = matrix_rate / 1e9;
    costs->predict_mflop = text / 1e6;
    costs->predict_share = text * costs->texts_per_s / matrix_rate;
    if (spec->kind == ENTRY_FINETUNE) {
        double all = finetune_flops(&reading, spec, result, input);
        costs->train_tflop = all / 1e12;
        costs->train_share = all / result->training.train_s / matrix_rate;
    } else {
        double all = 0;
        for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) all += forward_flops(&reading, input, split, -1);
        costs->train_tflop = all / 1e12;
    }
}
