/* The scores that are drawn again and again, from counts by class: for a resample, a permutation or a row left out it is enough
 * to know how many rows each class has, how many were given it, and how many of these rightly. */
#ifndef TWOFOLD_METRICS_TALLY_H
#define TWOFOLD_METRICS_TALLY_H

#include <stdint.h>

#include "common/error.h"
#include "metrics/predictions.h"

/* In the order of CORE_SCORES; the first TALLY_SCORES need counts alone, the others are means over rows. */
typedef enum CoreScore {
    CORE_ACCURACY,
    CORE_BALANCED_ACCURACY,
    CORE_F1_MACRO,
    CORE_F1_WEIGHTED,
    CORE_MCC,
    CORE_COHEN_KAPPA,
    CORE_PRECISION_MACRO,
    CORE_PRECISION_WEIGHTED,
    CORE_LOG_LOSS,
    CORE_BRIER,
    CORE_COUNT,
    TALLY_SCORES = CORE_LOG_LOSS
} CoreScore;

/* The names these have in scores.h, where their meaning stands. */
extern const char *const CORE_SCORES[CORE_COUNT];

typedef struct Tally {
    int classes;
    int64_t *support, *answered, *hits; /* (classes): rows of the class, rows given the class, both */
    int64_t rows, correct;
    int64_t by_chance, truth_squares, answer_squares; /* sums over classes of support · answered and of their squares */
    int seen, with_rows;                              /* classes in truth or answers, classes in truth */
    double recall, f1, precision, weighted_f1, weighted_precision; /* sums over these classes */
} Tally;

MUST_CHECK bool tally_make(Tally *tally, int classes, Error *err);
void tally_free(Tally *tally); /* takes a zeroed one */
void tally_clear(Tally *tally);

/* First all counts by tally_count, then tally_sum, in O(classes). */
static inline void tally_count(Tally *tally, int truth, int predicted, int64_t count) {
    tally->support[truth] += count;
    tally->answered[predicted] += count;
    tally->hits[truth] += truth == predicted ? count : 0;
}
void tally_sum(Tally *tally);

/* Adds rows (takes them away when count is negative) to a tally that was summed, in O(1). */
void tally_change(Tally *tally, int truth, int predicted, int64_t count);

/* The scores of scores.h; all NaN without rows. */
void tally_scores(const Tally *tally, double scores[TALLY_SCORES]);

/* What one row adds to the sum whose mean is the log loss, and to the Brier score's (halved for two classes). */
double row_log_loss(const Predictions *predictions, int row);
double row_brier(const Predictions *predictions, int row);

#endif
