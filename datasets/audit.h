/* What may spoil a comparison before it begins: equal texts within a split, across splits, and with different labels. "Equal" is
 * equal bytes. Linear time. */
#ifndef TWOFOLD_DATASETS_AUDIT_H
#define TWOFOLD_DATASETS_AUDIT_H

#include "datasets/dataset.h"

typedef struct Audit {
    int duplicates[SPLIT_COUNT];                   /* rows whose text stood earlier in the same split */
    int conflicts[SPLIT_COUNT];                    /* texts that have several labels within the split */
    int empty[SPLIT_COUNT];                        /* rows without a single character */
    int leaks[SPLIT_COUNT][SPLIT_COUNT];           /* [a][b]: rows of a whose text also stands in b */
    int leaks_otherwise[SPLIT_COUNT][SPLIT_COUNT]; /* of these, rows whose label the text never has in b */
    int conflict_texts;                            /* texts that have several labels, over all splits */
    uint8_t *flags;                                /* (rows): AUDIT_… */
    int32_t *first;                                /* (rows): the first row with this text */
} Audit;

enum {
    AUDIT_DUPLICATE = 1, /* its text stood earlier in its split */
    AUDIT_CONFLICT = 2,  /* its text has another label elsewhere in its split */
    AUDIT_LEAK = 4,      /* its text stands in a split that comes before (train, validation, test) */
    AUDIT_LEAKED = 8     /* its text stands in a split that comes behind */
};

/* Fills a zeroed Audit; rows that are in no split are left out. Release with audit_free, also after a failure. */
MUST_CHECK bool audit_run(Audit *audit, const Dataset *dataset, Error *err);
void audit_free(Audit *audit);

/* audit.csv: problem,id,split,label,other_id,other_split,other_label,text; one line a row and problem (duplicate, conflict,
 * leak), equal texts side by side; the other row is the first one that makes it a problem. */
MUST_CHECK bool audit_write_csv(const Audit *audit, const Dataset *dataset, const char *path, Error *err);

#endif
