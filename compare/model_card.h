/* README.md of a model folder: what it is, what it was made of, how good it is. Real numbers only. */
#ifndef TWOFOLD_COMPARE_MODEL_CARD_H
#define TWOFOLD_COMPARE_MODEL_CARD_H

#include "compare/results.h"

typedef struct ModelCard {
    const char *folder;
    const char *how;     /* one phrase: "one-vs-rest logistic regression, C 1: converged in 9 iterations" */
    const char *encoder; /* the folder it came from; NULL for none */
    bool tuned;          /* its weights were trained too */
    const SplitScores *scores;
} ModelCard;

MUST_CHECK bool model_card_write(const ModelCard *card, Error *err);

#endif
