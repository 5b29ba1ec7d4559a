/* A model folder whose linear layers stand as int8, a quarter of their size: for every matrix of a layer an I8 tensor of its name, (out, in), and
 * NAME_scale (out), F32: weight = scale · step (encoder/quantize.h). Embeddings, norms, biases and head stay float32. This program reads the folder
 * like any other; transformers is told by config.json (quantization_config) that it cannot. */
#ifndef TWOFOLD_ENCODER_QUANTIZE_FOLDER_H
#define TWOFOLD_ENCODER_QUANTIZE_FOLDER_H

#include "common/error.h"

/* Carries what else stands in from_folder (tokenizer, a linear model and its settings …) over, but for README.md. ERROR_MODEL for a folder without an
 * encoder, ERROR_USAGE when both are one folder. config.json comes last: a folder without it is not finished. */
MUST_CHECK bool quantize_folder(const char *from_folder, const char *folder, Error *err);

/* Whether a folder was written by it. */
bool quantize_folder_is(const char *folder);

#endif
