/* How far an entry reads a text through its encoder, and what that takes in floating-point operations (encoder/flops.h). */
#ifndef TWOFOLD_COMPARE_READING_H
#define TWOFOLD_COMPARE_READING_H

#include "encoder/config.h"
#include "features/extract.h"

typedef struct Reading {
    const EncoderConfig *config; /* borrowed */
    int last_layer;              /* 0: all */
    bool cls_only;               /* behind it only the [CLS] row is read */
    double head;                 /* operations of the classification head on a text; 0 without */
} Reading;

Reading reading_frozen(const EncoderConfig *config, const ExtractOptions *extract);
Reading reading_finetuned(const EncoderConfig *config, int classes);
double reading_flops(const Reading *reading, int tokens); /* of one text */

#endif
