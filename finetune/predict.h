/* finetune_predict, and the loss of its answers. */
#ifndef TWOFOLD_FINETUNE_PREDICT_H
#define TWOFOLD_FINETUNE_PREDICT_H

#include "finetune/finetune.h"
#include "finetune/loss.h"

/* As finetune_predict; with `loss` also the mean loss over the rows (which then have labels) into *mean. */
MUST_CHECK bool predict_rows(Predictions *out, const Encoder *encoder, const FinetuneRows *rows, const Loss *loss, double *mean,
                             const char *task, Pool *pool, const Observer *observer, Error *err);

#endif
