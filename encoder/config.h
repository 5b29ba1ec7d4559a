/* What config.json says about an encoder and its head. DistilBERT and BERT are one network with two sets of names: BERT adds token-type row 0
 * to the position embeddings and puts a pooler in front of its classifier. */
#ifndef TWOFOLD_ENCODER_CONFIG_H
#define TWOFOLD_ENCODER_CONFIG_H

#include "common/error.h"

typedef enum Family { FAMILY_DISTILBERT, FAMILY_BERT } Family;

typedef struct EncoderConfig {
    Family family;
    int layers;
    int channels;   /* C, hidden size */
    int heads;      /* H; divides C */
    int feed_forward; /* F */
    int vocabulary; /* V */
    int positions;  /* P, the longest row in tokens */
    int token_types; /* BERT: rows of the token-type table (only row 0 is used); DistilBERT: 0 */
    int pad_id;
    double norm_epsilon;        /* 1e-12 unless config.json says otherwise */
    double dropout;             /* hidden_dropout_prob, dropout */
    double attention_dropout;   /* attention_probs_dropout_prob, attention_dropout */
    double classifier_dropout;  /* seq_classif_dropout; classifier_dropout, else hidden_dropout_prob */
    double initializer_range;   /* standard deviation of new weights */

    int classes;    /* K of the head in the folder: 0 when there is none */
    char **labels;  /* (classes) id2label in order of id; NULL when config.json has none; owned */
} EncoderConfig;

/* Reads DIR/config.json. Fails (ERROR_MODEL) for another model_type, activation or position embedding, and for sizes that cannot be. */
MUST_CHECK bool encoder_config_load(EncoderConfig *config, const char *folder, Error *err);
void encoder_config_free(EncoderConfig *config); /* takes a zeroed one */

#endif
