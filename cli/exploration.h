/* What `twofold explore` finds out about a set of texts. */
#ifndef TWOFOLD_CLI_EXPLORATION_H
#define TWOFOLD_CLI_EXPLORATION_H

#include "common/json.h"
#include "common/parallel.h"
#include "datasets/audit.h"
#include "datasets/dataset.h"
#include "datasets/statistics.h"

typedef struct SplitFacts {
    int rows;
    int64_t *counts; /* (classes): rows of each */
    TextSummaries lengths;
    Summary tokens; /* [CLS] and [SEP] included, before truncation; count 0 without a model */
    int truncated;  /* rows with more than max_length tokens */
} SplitFacts;

typedef struct Exploration {
    Dataset dataset; /* as given: nothing is cut */
    Audit audit;
    SplitFacts splits[SPLIT_COUNT];
    Split main;       /* the split that speaks for the classes: train, else the first that has rows */
    int *texts;       /* (classes): different texts among the rows of `main` */
    int texts_needed; /* so many a class must have for the splits that are still to be cut; 0 when none are */
    int *order;       /* (classes): class ids, most frequent in `main` first */
    int max_length;   /* tokens; 0 without a model */
} Exploration;

/* Counts and audits explored->dataset, which was loaded as given. Release with exploration_free, also after a failure. */
MUST_CHECK bool exploration_make(Exploration *explored, Pool *pool, Error *err);
/* Adds the lengths in tokens of a model folder's tokenizer. max_length 0: as long as the model allows. */
MUST_CHECK bool exploration_add_tokens(Exploration *explored, const char *folder, int max_length, Pool *pool, Error *err);
void exploration_free(Exploration *explored);

/* What the audit found, the part that both forms share with nothing else (exploration_audit.c). */
void exploration_print_audit(Buffer *out, const Exploration *explored);
void exploration_write_audit(JsonWriter *json, const Exploration *explored);

/* The facts as tables for people, and as one JSON object (docs/FORMATS.md). */
void exploration_print(Buffer *out, const Exploration *explored, const char *name);
void exploration_write_json(Buffer *out, const Exploration *explored, const char *name);

#endif
