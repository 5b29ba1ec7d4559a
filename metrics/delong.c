#include "metrics/delong.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "common/memory.h"

static const DelongAuc UNKNOWN = {(double)NAN, (double)NAN, {(double)NAN, (double)NAN}, (double)NAN};

typedef struct Ranked {
    double value;
    int32_t row;
    int32_t own; /* the row is of the class */
} Ranked;

static int compare_ranked(const void *a, const void *b) {
    const Ranked *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Working room for one entry. */
typedef struct Curve {
    Ranked *ranked; /* (rows) */
    double *share;  /* (rows) V10 or V01 */
    int64_t own, others;
    double auc;
} Curve;

/* A run of equal values counts half among itself. */
static void shares_find(Curve *curve, int rows) {
    int64_t own_below = 0, others_below = 0;
    for (int begin = 0, end; begin < rows; begin = end) {
        int64_t own = 0;
        for (end = begin; end < rows && curve->ranked[end].value == curve->ranked[begin].value; end++)
            own += curve->ranked[end].own;
        int64_t others = end - begin - own;
        double v10 = ((double)others_below + (double)others / 2) / (double)curve->others;
        double v01 = 1 - ((double)own_below + (double)own / 2) / (double)curve->own;
        for (int i = begin; i < end; i++) curve->share[curve->ranked[i].row] = curve->ranked[i].own ? v10 : v01;
        curve->auc += (double)own * v10 / (double)curve->own;
        own_below += own;
        others_below += others;
    }
}

/* False when there is nothing to rank. */
static bool curve_make(Curve *curve, const Predictions *p, int class) {
    /* Of two classes both by the second's column, as roc_auc_score; the rows of the class are then those of the second. */
    int column = p->classes == 2 ? 1 : class;
    curve->own = curve->others = 0;
    curve->auc = 0;
    for (int row = 0; row < p->rows; row++) {
        bool own = p->truth[row] == column;
        curve->ranked[row] = (Ranked){p->probabilities[(size_t)row * (size_t)p->classes + (size_t)column], row, own};
        curve->own += own;
        curve->others += !own;
    }
    if (!curve->own || !curve->others) return false;
    qsort(curve->ranked, (size_t)p->rows, sizeof *curve->ranked, compare_ranked);
    shares_find(curve, p->rows);
    return true;
}

/* A weighted sum of AUCs, and what each row brings to its deviation. */
typedef struct Sum {
    double value;
    double *deviation; /* (rows) */
} Sum;

static void curve_add(Sum *sum, const Curve *curve, const Predictions *p, int class, double weight) {
    int column = p->classes == 2 ? 1 : class;
    double own = (double)curve->own, others = (double)curve->others;
    double by_own = weight / sqrt(own * (own - 1)), by_others = weight / sqrt(others * (others - 1));
    sum->value += weight * curve->auc;
    for (int row = 0; row < p->rows; row++)
        sum->deviation[row] += (curve->share[row] - curve->auc) * (p->truth[row] == column ? by_own : by_others);
}

/* Adds sign times the mean over classes; false when no class can be ranked. */
static bool entry_add(Sum *sum, Curve *curve, const Predictions *p, const double *weights, double sign) {
    double whole = 0;
    for (int c = 0; c < p->classes; c++) whole += weights[c];
    if (!(whole > 0)) return false;
    for (int c = 0; c < p->classes; c++)
        if (weights[c] > 0 && curve_make(curve, p, c)) curve_add(sum, curve, p, c, sign * weights[c] / whole);
    return true;
}

static void weights_choose(double *weights, const Predictions *p, int class) {
    for (int row = 0; row < p->rows; row++) weights[p->truth[row]]++;
    for (int c = 0; c < p->classes; c++) {
        bool ranked = weights[c] > 0 && weights[c] < p->rows;
        if (class != DELONG_WEIGHTED) weights[c] = class == DELONG_MACRO || class == c;
        if (!ranked) weights[c] = 0;
    }
}

/* ln of P(Z < -z) for z ≥ 0; beyond where erfc ends, its asymptotic series. */
static double log_normal_tail(double z) {
    if (z < 30) return log(normal_below(-z));
    return -z * z / 2 - log(z * sqrt(2 * acos(-1))) + log1p(-1 / (z * z) + 3 / (z * z * z * z));
}

static void sum_finish(DelongAuc *out, const Sum *sum, int rows, double confidence, bool difference) {
    double variance = 0;
    for (int row = 0; row < rows; row++) variance += sum->deviation[row] * sum->deviation[row];
    out->value = sum->value;
    out->standard_error = isfinite(variance) ? sqrt(variance) : nan("");
    if (isnan(out->standard_error)) return;
    double half = -normal_quantile((1 - confidence) / 2) * out->standard_error;
    out->interval = (Interval){fmax(sum->value - half, difference ? -1 : 0), fmin(sum->value + half, 1)};
    if (!difference) return;
    bool alike = sum->value == 0 && out->standard_error == 0;
    out->log10_p = alike ? 0 : fmin(0, (log(2) + log_normal_tail(fabs(sum->value) / out->standard_error)) / log(10));
}

static bool sum_measure(DelongAuc *out, const Predictions *a, const Predictions *b, int class, double confidence, Error *err) {
    assert(a->truth && class >= DELONG_WEIGHTED && class < a->classes);
    *out = UNKNOWN;
    if (!a->probabilities || (b && !b->probabilities)) return true;
    size_t n = (size_t)a->rows;
    Curve curve = {.ranked = mem_new(n, sizeof *curve.ranked, err), .share = mem_new(n, sizeof *curve.share, err)};
    Sum sum = {.deviation = mem_new(n, sizeof *sum.deviation, err)};
    double *weights = mem_new((size_t)a->classes, sizeof *weights, err);
    bool ok = curve.ranked && curve.share && sum.deviation && weights;
    if (ok) {
        weights_choose(weights, a, class);
        if (entry_add(&sum, &curve, a, weights, 1) && (!b || entry_add(&sum, &curve, b, weights, -1)))
            sum_finish(out, &sum, a->rows, confidence, b != NULL);
    }
    mem_free(curve.ranked);
    mem_free(curve.share);
    mem_free(sum.deviation);
    mem_free(weights);
    return ok;
}

/* One class of two or more, or a mean of them: the same sums as sum_measure makes, from curves that serve all three. */
static void classes_measure(DelongAuc *classes, Sum means[2], Sum *one, Curve *curve, const Predictions *p, const double *shares,
                            double confidence) {
    double ranked = 0, whole = 0;
    for (int c = 0; c < p->classes; c++) {
        ranked += shares[c] > 0;
        whole += shares[c];
    }
    for (int c = 0; c < p->classes; c++) {
        classes[c] = UNKNOWN;
        if (!(shares[c] > 0) || !curve_make(curve, p, c)) continue;
        one->value = 0;
        for (int row = 0; row < p->rows; row++) one->deviation[row] = 0;
        curve_add(one, curve, p, c, 1);
        sum_finish(&classes[c], one, p->rows, confidence, false);
        curve_add(&means[0], curve, p, c, 1 / ranked);
        curve_add(&means[1], curve, p, c, shares[c] / whole);
    }
}

bool delong_classes(DelongAuc *classes, DelongAuc *macro, DelongAuc *weighted, const Predictions *p, double confidence,
                    Error *err) {
    assert(p->truth);
    *macro = *weighted = UNKNOWN;
    for (int c = 0; c < p->classes; c++) classes[c] = UNKNOWN;
    if (!p->probabilities) return true;
    size_t n = (size_t)p->rows;
    Curve curve = {.ranked = mem_new(n, sizeof *curve.ranked, err), .share = mem_new(n, sizeof *curve.share, err)};
    double *deviations = mem_new(3 * n, sizeof *deviations, err), *shares = mem_new((size_t)p->classes, sizeof *shares, err);
    bool ok = curve.ranked && curve.share && deviations && shares, known = false;
    if (ok) {
        Sum means[2] = {{.deviation = deviations}, {.deviation = deviations + n}}, one = {.deviation = deviations + 2 * n};
        weights_choose(shares, p, DELONG_WEIGHTED);
        classes_measure(classes, means, &one, &curve, p, shares, confidence);
        for (int c = 0; c < p->classes; c++) known |= shares[c] > 0;
        if (known) sum_finish(macro, &means[0], p->rows, confidence, false);
        if (known) sum_finish(weighted, &means[1], p->rows, confidence, false);
    }
    mem_free(curve.ranked);
    mem_free(curve.share);
    mem_free(deviations);
    mem_free(shares);
    return ok;
}

bool delong_auc(DelongAuc *out, const Predictions *predictions, int class, double confidence, Error *err) {
    return sum_measure(out, predictions, NULL, class, confidence, err);
}

bool delong_difference(DelongAuc *out, const Predictions *a, const Predictions *b, int class, double confidence, Error *err) {
    if (!predictions_same_rows(a, b)) return FAIL(err, ERROR_DATA, "two entries can only be compared on the same rows");
    return sum_measure(out, a, b, class, confidence, err);
}
