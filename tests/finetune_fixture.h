/* A tiny model with its rows, for the tests of finetune/. */
#ifndef TWOFOLD_TESTS_FINETUNE_FIXTURE_H
#define TWOFOLD_TESTS_FINETUNE_FIXTURE_H

#include "finetune/finetune.h"

typedef struct Fixture {
    char folder[512]; /* of the model */
    Weights weights;
    Tokens train_tokens, validation_tokens;
    int32_t *train_labels, *validation_labels;
    char output_dir[64]; /* fresh */
    Pool *pool;
    FinetuneInput input;
} Fixture;

/* The model tests/golden/<name> with the rows of its golden.safetensors. */
void fixture_open(Fixture *fixture, const char *name, int threads, bool dropout);
void fixture_close(Fixture *fixture); /* removes output_dir */
/* The weights of the folder again, and an empty output_dir. */
void fixture_renew(Fixture *fixture);

/* The training rows `times` over, so that a batch of all of them is long. */
void fixture_repeat_train(Fixture *fixture, int times);

/* A run folder's file as text, lines with measured figures left out. Released with free(). */
char *fixture_read(const Fixture *fixture, const char *name);
/* The names in the run folder, sorted, one a line. Released with free(). */
char *fixture_list(const Fixture *fixture);

#endif
