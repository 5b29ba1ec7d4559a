/* What may spoil a comparison before it begins: texts that repeat within a split, across splits, or with different labels. On three levels:
 * equal in every byte; equal once normalised (datasets/normalize.h); and near, with most words in the same order (datasets/near.h). Each row
 * counts on the strongest level alone. */
#ifndef TWOFOLD_DATASETS_AUDIT_H
#define TWOFOLD_DATASETS_AUDIT_H

#include "datasets/dataset.h"
#include "datasets/near.h"

/* Rows that are alike without being equal. A row's counterpart is the first row of the other split with its normalised text, or with the most
 * similar one. */
typedef struct AuditAlike {
    int duplicates[SPLIT_COUNT];                   /* rows with a counterpart earlier in their split */
    int leaks[SPLIT_COUNT][SPLIT_COUNT];           /* [a][b]: rows of a with a counterpart in b, and none on a stronger level */
    int leaks_otherwise[SPLIT_COUNT][SPLIT_COUNT]; /* of these, rows whose counterpart has another label */
} AuditAlike;

/* A row whose label is probably wrong (metrics/label_errors.h). */
typedef struct AuditSuspect {
    int32_t row;
    int32_t suggested; /* class id */
    double score;      /* probability of the given label, by a model that did not learn from this row */
} AuditSuspect;

typedef struct Audit {
    int duplicates[SPLIT_COUNT];                   /* rows whose text stood earlier in the same split */
    int conflicts[SPLIT_COUNT];                    /* texts that have several labels within the split */
    int empty[SPLIT_COUNT];                        /* rows without a single character */
    int leaks[SPLIT_COUNT][SPLIT_COUNT];           /* [a][b]: rows of a whose text also stands in b */
    int leaks_otherwise[SPLIT_COUNT][SPLIT_COUNT]; /* of these, rows whose label the text never has in b */
    int conflict_texts;                            /* texts that have several labels, over all splits */
    int right_at_most[SPLIT_COUNT]; /* rows that one answer a text can get right: each equal text's most frequent label */
    uint16_t *flags;                /* (rows): AUDIT_… */
    int32_t *first;                 /* (rows): the first row with this text */

    /* After audit_compare. */
    bool compared;
    AuditAlike normalized, near;
    int conflict_forms; /* normalised texts that have several labels, over all splits */
    int32_t *form;      /* (rows): number of the row's normalised text; -1 for a row in no split */
    int32_t *leads;     /* (forms, SPLIT_COUNT): the first row of a split with this form, or -1 */
    int forms;
    NearPairs pairs; /* of forms */

    AuditSuspect *suspects; /* (suspect_count), worst first; owned */
    int suspect_count;      /* -1: not looked for */
} Audit;

enum {
    AUDIT_DUPLICATE = 1, /* its text stood earlier in its split */
    AUDIT_CONFLICT = 2,  /* its text has another label elsewhere in its split */
    AUDIT_LEAK = 4,      /* its text stands in a split that comes before (train, validation, test) */
    AUDIT_LEAKED = 8,    /* its text stands in a split that comes behind */
    /* The same for normalised and for near texts, where nothing stronger holds. */
    AUDIT_NORMALIZED_DUPLICATE = 16,
    AUDIT_NORMALIZED_LEAK = 32,
    AUDIT_NORMALIZED_LEAKED = 64,
    AUDIT_NEAR_DUPLICATE = 128,
    AUDIT_NEAR_LEAK = 256,
    AUDIT_NEAR_LEAKED = 512,
    AUDIT_ANY_LEAK = AUDIT_LEAK | AUDIT_NORMALIZED_LEAK | AUDIT_NEAR_LEAK
};

/* Fills a zeroed Audit with what equal bytes tell; rows that are in no split are left out. Linear time. Release with audit_free, also after a
 * failure. */
MUST_CHECK bool audit_run(Audit *audit, const Dataset *dataset, Error *err);
/* Adds what normalised and near texts tell to one that ran. */
MUST_CHECK bool audit_compare(Audit *audit, const Dataset *dataset, Pool *pool, Error *err);
void audit_free(Audit *audit);

/* The highest accuracy that any model can have on a split: equal texts get one answer, whatever their labels. NaN without rows. */
double audit_ceiling(const Audit *audit, const Dataset *dataset, Split split);

/* audit.csv: problem,id,split,label,other_id,other_split,other_label,text,other_text,score; one line a row and problem, as
 * docs/FORMATS.md lists them; equal texts side by side. */
MUST_CHECK bool audit_write_csv(const Audit *audit, const Dataset *dataset, const char *path, Error *err);

#endif
