#include "metrics/label_errors.h"

#include <math.h>
#include <stdlib.h>

#include "common/memory.h"

static const double CLOSE = 1e-6; /* how near a threshold or a tie counts as reached */

/* A class without rows has a threshold that nothing reaches. */
static bool find_thresholds(double *thresholds, const Predictions *p, Error *err) {
    int64_t *rows = mem_new((size_t)p->classes, sizeof *rows, err);
    if (!rows) return false;
    for (int i = 0; i < p->rows; i++) {
        rows[p->truth[i]]++;
        thresholds[p->truth[i]] += p->probabilities[(size_t)i * (size_t)p->classes + (size_t)p->truth[i]];
    }
    for (int k = 0; k < p->classes; k++) thresholds[k] = rows[k] ? fmax(thresholds[k] / (double)rows[k], 2 * CLOSE) : 2;
    mem_free(rows);
    return true;
}

static bool is_suspected(const Predictions *p, int row, const double *thresholds, int *suggested) {
    const double *probabilities = p->probabilities + (size_t)row * (size_t)p->classes;
    int label = p->truth[row], top = argmax(probabilities, p->classes), confident = -1, count = 0;
    for (int k = 0; k < p->classes; k++) {
        if (!(probabilities[k] >= thresholds[k] - CLOSE)) continue;
        if (!count++) confident = k;
    }
    if (count > 1) confident = top;
    *suggested = top;
    return count && confident != label && top != label && probabilities[label] + CLOSE < probabilities[top];
}

static int lowest_first(const void *a, const void *b) {
    const LabelError *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

bool label_errors_find(LabelError **errors, int *count, const Predictions *predictions, Error *err) {
    *errors = NULL;
    *count = 0;
    if (!predictions->truth || !predictions->probabilities)
        return FAIL(err, ERROR_DATA, "label errors need labels and probabilities");
    double *thresholds = mem_new((size_t)predictions->classes, sizeof *thresholds, err);
    LabelError *found = mem_new((size_t)predictions->rows, sizeof *found, err);
    bool ok = thresholds && found && find_thresholds(thresholds, predictions, err);
    for (int i = 0; ok && i < predictions->rows; i++) {
        int suggested;
        if (!is_suspected(predictions, i, thresholds, &suggested)) continue;
        double score = predictions->probabilities[(size_t)i * (size_t)predictions->classes + (size_t)predictions->truth[i]];
        found[(*count)++] = (LabelError){i, suggested, score};
    }
    mem_free(thresholds);
    if (!ok) {
        mem_free(found);
        return false;
    }
    qsort(found, (size_t)*count, sizeof *found, lowest_first);
    *errors = found;
    return true;
}
