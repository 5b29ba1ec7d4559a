/* What config.json says about an encoder and its head. DistilBERT and BERT are one network with two sets of names: BERT adds
 * token-type row 0 to the position embeddings and puts a pooler in front of its classifier. */
#ifndef TWOFOLD_ENCODER_CONFIG_H
#define TWOFOLD_ENCODER_CONFIG_H

#include "common/error.h"

#pragma GCC visibility push(default)

typedef enum Family { FAMILY_DISTILBERT, FAMILY_BERT } Family;

typedef struct EncoderConfig {
    Family family;
    int layers;
    int channels;     /* C, hidden size */
    int heads;        /* H; divides C */
    int feed_forward; /* F */
    int vocabulary;   /* V */
    int positions;    /* P, the longest row in tokens */
    int token_types;  /* BERT: rows of the token-type table (only row 0 is used); DistilBERT: 0 */
    int pad_id;
    double norm_epsilon;       /* 1e-12 unless config.json says otherwise */
    double dropout;            /* hidden_dropout_prob, dropout */
    double attention_dropout;  /* attention_probs_dropout_prob, attention_dropout */
    double classifier_dropout; /* seq_classif_dropout; classifier_dropout, else hidden_dropout_prob */
    double initializer_range;  /* standard deviation of new weights */

    int classes;   /* K of the head that config.json speaks of: 0 when there is none, or one of another kind */
    char **labels; /* (classes) id2label in order of id, else LABEL_0, LABEL_1 … as transformers; NULL without classes; owned */
    const char *why_no_head; /* classes is 0: the reason as the end of a sentence; static */
} EncoderConfig;

/* Reads DIR/config.json; what it leaves out is what transformers takes then. Fails (ERROR_MODEL) for another model_type,
 * activation or position embedding, and for sizes that cannot be. */
MUST_CHECK bool encoder_config_load(EncoderConfig *config, const char *folder, Error *err);
/* Puts copies of K names in the place of classes and labels; labels NULL gives LABEL_0, LABEL_1 … K may be 0. */
MUST_CHECK bool encoder_config_set_labels(EncoderConfig *config, const char *const *labels, int classes, Error *err);
void encoder_config_free(EncoderConfig *config); /* takes a zeroed one */

#pragma GCC visibility pop
#endif
