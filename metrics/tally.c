#include "metrics/tally.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "common/memory.h"

const char *const CORE_SCORES[CORE_COUNT] = {
    "accuracy",    "balanced_accuracy", "f1_macro",           "f1_weighted", "mcc",
    "cohen_kappa", "precision_macro",   "precision_weighted", "log_loss",    "brier",
};

bool tally_make(Tally *tally, int classes, Error *err) {
    *tally = (Tally){.classes = classes};
    size_t k = (size_t)classes;
    if (!(tally->support = mem_new(3 * k, sizeof *tally->support, err))) return false;
    tally->answered = tally->support + k;
    tally->hits = tally->answered + k;
    return true;
}

void tally_free(Tally *tally) {
    mem_free(tally->support);
    *tally = (Tally){0};
}

void tally_clear(Tally *tally) { memset(tally->support, 0, 3 * (size_t)tally->classes * sizeof *tally->support); }

/* Adds what class c brings to the sums, or takes it away (sign -1). */
static void class_add(Tally *t, int c, int sign) {
    int64_t support = t->support[c], answered = t->answered[c];
    if (!support && !answered) return;
    double hits = (double)t->hits[c], f1 = 2 * hits / (double)(support + answered);
    double precision = answered ? hits / (double)answered : 0;
    t->by_chance += sign * support * answered;
    t->truth_squares += sign * support * support;
    t->answer_squares += sign * answered * answered;
    t->correct += sign * t->hits[c];
    t->rows += sign * support;
    t->seen += sign;
    t->f1 += sign * f1;
    t->precision += sign * precision;
    if (!support) return;
    t->with_rows += sign;
    t->recall += sign * (hits / (double)support);
    t->weighted_f1 += sign * f1 * (double)support;
    t->weighted_precision += sign * precision * (double)support;
}

void tally_sum(Tally *t) {
    *t = (Tally){.classes = t->classes, .support = t->support, .answered = t->answered, .hits = t->hits};
    for (int c = 0; c < t->classes; c++) class_add(t, c, 1);
}

void tally_change(Tally *t, int truth, int predicted, int64_t count) {
    class_add(t, truth, -1);
    if (predicted != truth) class_add(t, predicted, -1);
    tally_count(t, truth, predicted, count);
    class_add(t, truth, 1);
    if (predicted != truth) class_add(t, predicted, 1);
}

void tally_scores(const Tally *t, double scores[TALLY_SCORES]) {
    for (int i = 0; i < TALLY_SCORES; i++) scores[i] = nan("");
    if (!t->rows) return;
    int64_t n = t->rows;
    scores[CORE_ACCURACY] = (double)t->correct / (double)n;
    scores[CORE_BALANCED_ACCURACY] = t->recall / t->with_rows;
    scores[CORE_F1_MACRO] = t->f1 / t->seen;
    scores[CORE_F1_WEIGHTED] = t->weighted_f1 / (double)n;
    scores[CORE_PRECISION_MACRO] = t->precision / t->seen;
    scores[CORE_PRECISION_WEIGHTED] = t->weighted_precision / (double)n;
    double spread = (double)(n * n - t->truth_squares) * (double)(n * n - t->answer_squares);
    scores[CORE_MCC] = spread > 0 ? (double)(t->correct * n - t->by_chance) / sqrt(spread) : 0;
    double wrong = (double)(n - t->correct), wrong_by_chance = (double)(n * n - t->by_chance) / (double)n;
    if (wrong_by_chance > 0) scores[CORE_COHEN_KAPPA] = 1 - wrong / wrong_by_chance;
}

double row_log_loss(const Predictions *predictions, int row) {
    double p = predictions->probabilities[(size_t)row * (size_t)predictions->classes + (size_t)predictions->truth[row]];
    return -log(fmin(fmax(p, DBL_EPSILON), 1 - DBL_EPSILON));
}

double row_brier(const Predictions *predictions, int row) {
    const double *p = predictions->probabilities + (size_t)row * (size_t)predictions->classes;
    double squares = 0;
    for (int c = 0; c < predictions->classes; c++)
        squares += (p[c] - (c == predictions->truth[row])) * (p[c] - (c == predictions->truth[row]));
    return squares * (predictions->classes <= 2 ? 0.5 : 1);
}
