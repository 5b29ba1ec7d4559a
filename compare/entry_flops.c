#include "compare/entry_flops.h"

#include <math.h>

#include "compare/costs.h"
#include "compare/reading.h"
#include "encoder/flops.h"

static Reading reading_of(const EntrySpec *spec, const CompareInput *input) {
    const EncoderConfig *config = &input->encoder->weights.config;
    return spec->kind == ENTRY_FROZEN ? reading_frozen(config, &spec->linear.extract)
                                      : reading_finetuned(config, input->dataset->classes);
}

/* Of one forward over the first `count` rows of a split (all: -1). */
static double forward_flops(const Reading *reading, const CompareInput *input, Split split, int count) {
    const RowList *list = &input->dataset->splits[split];
    double sum = 0;
    for (int i = 0; i < list->count && (count < 0 || i < count); i++)
        sum += reading_flops(reading, tokens_length(input->tokens, list->rows[i]));
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
