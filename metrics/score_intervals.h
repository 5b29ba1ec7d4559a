/* How sure each score of an entry is: one interval for every number in Scores, each by the method that fits it.
 *
 *   proportions of rows (accuracy and the micro means, which equal it, top-k, a class's recall and precision): Wilson's
 *   a class's F1: from Wilson's interval of hits / (support + answered - hits) (f1_interval)
 *   AUC of a class, and both means of them: DeLong
 *   all others: BCa from the bootstrap, whose resamples every entry shares
 *
 * NaN where the score itself is unknown, and where its spread is (AUC of a class with one row). */
#ifndef TWOFOLD_METRICS_SCORE_INTERVALS_H
#define TWOFOLD_METRICS_SCORE_INTERVALS_H

#include "metrics/bootstrap.h"
#include "metrics/scores.h"

enum { SCORE_FIELDS_MOST = 24 };

typedef struct ClassIntervals {
    Interval precision, recall, f1, roc_auc;
} ClassIntervals;

typedef struct ScoreIntervals {
    int classes;
    Interval fields[SCORE_FIELDS_MOST]; /* in the order of SCORE_FIELDS */
    Interval top_k_accuracy[TOP_K_COUNT];
    ClassIntervals *per_class; /* (classes) */
} ScoreIntervals;

/* Of entry `entry` of the bootstrap, which was drawn from these predictions; `scores` are theirs. */
MUST_CHECK bool score_intervals_compute(ScoreIntervals *out, const Scores *scores, const Predictions *predictions,
                                        const Bootstrap *bootstrap, int entry, double confidence, Error *err);
void score_intervals_free(ScoreIntervals *intervals); /* takes a zeroed one */

/* Under the key: [low, high], or null for one that could not be computed (NaN). */
void interval_write_json(JsonWriter *writer, const char *key, Interval interval);

/* The interval of a score by its name in SCORE_FIELDS. */
Interval score_interval(const ScoreIntervals *intervals, const char *name);

/* One object with the keys of scores_write_json that are numbers, each [low, high]; null for what is unknown. */
void score_intervals_write_json(JsonWriter *writer, const ScoreIntervals *intervals, char *const *labels);

#endif
