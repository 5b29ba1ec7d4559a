/* The rows of a set text by text: what the audit and its file go through. */
#ifndef TWOFOLD_DATASETS_AUDIT_INSIDE_H
#define TWOFOLD_DATASETS_AUDIT_INSIDE_H

#include "datasets/audit.h"

typedef struct Survey {
    uint8_t *split; /* (rows): Split, or SPLIT_COUNT for a row in none */
    int *begins;    /* (rows + 2): where the rows of a text begin in `ordered`, by the text's first row */
    int *ordered;   /* (rows): rows of equal text side by side, ascending */
    int *stamps;    /* (SPLIT_COUNT, classes + 1): the last text that had this label in this split, + 1 */
    int *counts;    /* (SPLIT_COUNT, classes + 1): zero between texts */
} Survey;

/* Release with survey_free, also after a failure. */
MUST_CHECK bool survey_make(Survey *survey, const Dataset *dataset, const int32_t *first, Error *err);
void survey_free(Survey *survey);

#endif
