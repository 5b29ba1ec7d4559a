/* The scores that need probabilities, in one pass over the rows. See scores.h for what they mean. */
#ifndef TWOFOLD_METRICS_PROBABILITY_SCORES_H
#define TWOFOLD_METRICS_PROBABILITY_SCORES_H

#include "common/parallel.h"
#include "metrics/scores.h"

/* Fills log_loss, brier, top_k_accuracy, and roc_auc in per_class and its means. Needs support in scores->confusion, at least one
 * row, truth and probabilities. */
MUST_CHECK bool probability_scores_compute(Scores *scores, const Predictions *predictions, Pool *pool, Error *err);

#endif
