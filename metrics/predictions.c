#include "metrics/predictions.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "common/memory.h"

bool predictions_make(Predictions *predictions, int rows, int classes, const int32_t *truth, bool with_probabilities,
                      Error *err) {
    assert(rows >= 0 && classes >= 1);
    *predictions = (Predictions){.rows = rows, .classes = classes};
    size_t n = (size_t)rows, k = (size_t)classes;
    bool ok = (predictions->predicted = mem_new(n, sizeof *predictions->predicted, err)) != NULL;
    if (ok && truth) ok = (predictions->truth = mem_new(n, sizeof *predictions->truth, err)) != NULL;
    /* Rows and classes are both below 2^31, so that the product fits 64 bits; mem_new checks the bytes. */
    if (ok && with_probabilities)
        ok = (predictions->probabilities = mem_new(n * k, sizeof *predictions->probabilities, err)) != NULL;
    if (!ok) {
        predictions_free(predictions);
        return false;
    }
    if (truth && n) memcpy(predictions->truth, truth, n * sizeof *truth);
    return true;
}

void predictions_free(Predictions *predictions) {
    mem_free(predictions->truth);
    mem_free(predictions->predicted);
    mem_free(predictions->probabilities);
    *predictions = (Predictions){0};
}

void predictions_put_logits(Predictions *predictions, int row, const double *logits) {
    assert(row >= 0 && row < predictions->rows);
    int classes = predictions->classes;
    int best = argmax(logits, classes);
    predictions->predicted[row] = best;
    if (!predictions->probabilities) return;
    double *out = predictions->probabilities + (size_t)row * (size_t)classes;
    double sum = 0;
    for (int c = 0; c < classes; c++) sum += out[c] = exp(logits[c] - logits[best]);
    for (int c = 0; c < classes; c++) out[c] /= sum;
}

void predictions_choose(Predictions *predictions) {
    assert(predictions->probabilities);
    for (int row = 0; row < predictions->rows; row++)
        predictions->predicted[row] =
            argmax(predictions->probabilities + (size_t)row * (size_t)predictions->classes, predictions->classes);
}

static bool ids_check(const int32_t *ids, int rows, int classes, const char *what, Error *err) {
    for (int row = 0; row < rows; row++)
        if (ids[row] < 0 || ids[row] >= classes)
            return FAIL(err, ERROR_DATA, "row %d: %s class is %d, expected 0 to %d", row, what, (int)ids[row], classes - 1);
    return true;
}

bool predictions_check(const Predictions *predictions, Error *err) {
    int classes = predictions->classes;
    if (!ids_check(predictions->predicted, predictions->rows, classes, "predicted", err)) return false;
    if (predictions->truth && !ids_check(predictions->truth, predictions->rows, classes, "true", err)) return false;
    if (!predictions->probabilities) return true;
    for (int row = 0; row < predictions->rows; row++) {
        const double *p = predictions->probabilities + (size_t)row * (size_t)classes;
        double sum = 0;
        for (int c = 0; c < classes; c++) {
            if (!(p[c] >= 0 && p[c] <= 1)) /* also taken by a NaN */
                return FAIL(err, ERROR_DATA, "row %d: probability of class %d is %g, expected 0 to 1", row, c, p[c]);
            sum += p[c];
        }
        if (fabs(sum - 1) > 1e-6) return FAIL(err, ERROR_DATA, "row %d: probabilities sum to %.9g, expected 1", row, sum);
    }
    return true;
}

bool predictions_same_rows(const Predictions *a, const Predictions *b) {
    return a->truth && b->truth && a->rows == b->rows && a->classes == b->classes &&
           memcmp(a->truth, b->truth, (size_t)a->rows * sizeof *a->truth) == 0;
}

int argmax(const double *values, int count) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (values[i] > values[best]) best = i;
    return best;
}
