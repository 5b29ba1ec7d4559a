/* The files of a model folder beside its tensors. */
#ifndef TWOFOLD_ENCODER_MODEL_FILES_H
#define TWOFOLD_ENCODER_MODEL_FILES_H

#include "common/json_entries.h"
#include "encoder/config.h"

/* Links or copies the tokenizer's files of one folder into another: those of vocab.txt, tokenizer.json, tokenizer_config.json,
 * special_tokens_map.json and added_tokens.json that exist. None is needed beyond what is there: from_pretrained makes the
 * rest of a tokenizer from vocab.txt, or from tokenizer.json. */
MUST_CHECK bool model_files_carry_tokenizer(const char *from_folder, const char *folder, Error *err);

/* Says in tokenizer_config.json of a folder that has the tokenizer's files how many tokens a row is cut to (model_max_length), where
 * the folder would not do so by itself: its own model_max_length, or the encoder's positions when they are fewer. */
MUST_CHECK bool model_files_set_max_length(const char *folder, int max_length, int positions, Error *err);

/* Links or copies everything that loads as the encoder: config.json, the tensors (with all shards) and the tokenizer's files. */
MUST_CHECK bool model_files_carry_encoder(const char *from_folder, const char *folder, Error *err);

/* Sets what config.json says about the head and the tensors' type: architectures, id2label, label2id, problem_type and dtype
 * for K > 0 classes; for an encoder alone it says nothing of labels. */
MUST_CHECK bool model_files_describe_head(JsonEntries *config_json, const EncoderConfig *config, Error *err);

#endif
