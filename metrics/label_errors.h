/* Labels that are probably wrong: confident learning (Northcutt, Jiang and Chuang 2021), as cleanlab does it.
 *
 * The probabilities must come from models that did not learn from the row they judge. A class's threshold is the mean probability of
 * that class over the rows that are labelled with it. A row is suspected when the class it is confidently in (the one whose threshold its probability reaches;
 * of several the most probable class) is not its label, and its most probable class is not its label either: cleanlab's
 * find_label_issues(filter_by="confident_learning"). */
#ifndef TWOFOLD_METRICS_LABEL_ERRORS_H
#define TWOFOLD_METRICS_LABEL_ERRORS_H

#include "metrics/predictions.h"

typedef struct LabelError {
    int row;       /* of the predictions */
    int suggested; /* the most probable class */
    double score;  /* probability of the given label ("self-confidence"): the lower, the more likely an error */
} LabelError;

/* The suspected rows, lowest score first, of equal ones the first row first. Needs truth and probabilities. Released with mem_free. */
MUST_CHECK bool label_errors_find(LabelError **errors, int *count, const Predictions *predictions, Error *err);

#endif
