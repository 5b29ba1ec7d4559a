/* What a report says about a comparison beyond its scores: found here once, told as HTML and as Markdown elsewhere. */
#ifndef TWOFOLD_COMPARE_FACTS_H
#define TWOFOLD_COMPARE_FACTS_H

#include "compare/comparison.h"

/* The two entries the question is about: the best frozen one and the best fine-tuned one by test accuracy; else the runner-up and the
 * recommended one. False when there are no two. */
bool facts_main_pair(const Comparison *comparison, int *a, int *b);

/* A test row that was answered wrongly. */
typedef struct FactMistake {
    int i;       /* index into the predictions and the split's row list */
    double loss; /* -ln of the true class's probability, clipped as the log loss is; NaN without probabilities */
    double prob_label, prob_predicted;
} FactMistake;

/* Up to `most` mistakes of `wrong`, highest loss first (file order without probabilities); of these only rows that `right` answered rightly, unless
 * it is NULL. Returns how many there are. */
int facts_mistakes(FactMistake *list, int most, const Predictions *wrong, const Predictions *right);

/* Mistakes in which the answer's probability was at least `sure`. */
int facts_sure_mistakes(const Predictions *predictions, double sure);

/* Classes taken for others most often. */
typedef struct FactConfusion {
    int truth, predicted;
    int64_t count;
} FactConfusion;
int facts_confusions(FactConfusion *list, int most, const Confusion *confusion);
/* The row with this truth and answer that has the highest loss, as an index into the predictions, or -1. */
int facts_example(const Predictions *predictions, FactConfusion cell);

/* Test rows whose text stands in train or validation, on any of the audit's levels, and an entry's accuracy on the others (NaN: none are left). */
int facts_leaked(const Comparison *comparison);
double facts_accuracy_without_leaks(const Comparison *comparison, int entry);
/* The same for rows with one of these flags (AUDIT_…) alone. */
int facts_leaked_as(const Comparison *comparison, int flags);
double facts_accuracy_without(const Comparison *comparison, int entry, int flags);

/* Up to `most` test rows from one end of an entry's answers. 0 without probabilities. */
typedef enum FactOrder {
    FACT_SUREST_MISTAKES, /* wrong ones, highest probability of the answer first */
    FACT_LOWEST_LOSSES    /* all, lowest loss first */
} FactOrder;
int facts_extremes(FactMistake *list, int most, const Predictions *predictions, FactOrder order);

/* A loss curve that can be read: means over windows of steps, at most `most` points. Returns how many; *window is in steps. */
int facts_smooth_loss(double *step, double *loss, int most, const FinetuneResult *training, int *window);

#endif
