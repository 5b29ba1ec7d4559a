/* A BERT encoder as the DistilBERT that computes the same. DistilBERT has no token types and no pooler: every token of a
 * single text has type 0, so that row of the type table is added to every position embedding (in float32), and the pooler is
 * left out. */
#ifndef TWOFOLD_ENCODER_CONVERT_H
#define TWOFOLD_ENCODER_CONVERT_H

#include "common/error.h"

/* Reads the BERT folder `from` (a head is left out) and writes a folder that from_pretrained loads as DistilBertModel, the
 * tokenizer's files with it. ERROR_MODEL for a folder of another family and for a BERT whose layer_norm_eps is not
 * DistilBERT's fixed 1e-12; ERROR_USAGE when both are one folder. */
MUST_CHECK bool convert_to_distilbert(const char *from_folder, const char *folder, Error *err);

#endif
