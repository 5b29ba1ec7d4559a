#include "compare/confidence.h"

#include <string.h>

#include "common/memory.h"
#include "metrics/scores.h"

static double mean_confidence(const Predictions *p) {
    double sum = 0;
    for (int row = 0; row < p->rows; row++) sum += p->probabilities[(size_t)row * (size_t)p->classes + (size_t)p->predicted[row]];
    return sum / p->rows;
}

static bool measure(ConfidenceMeasures *out, double *accuracy, const Predictions *test, Pool *pool, Error *err) {
    Scores scores = {0};
    bool good = scores_compute(&scores, test, pool, err) && reliability_measure(&out->width, test, BINS_EQUAL_WIDTH, err) &&
                reliability_measure(&out->mass, test, BINS_EQUAL_MASS, err) && brier_decompose(&out->brier, test, err);
    out->mean = mean_confidence(test);
    out->log_loss = scores.log_loss;
    *accuracy = scores.accuracy;
    scores_free(&scores);
    return good;
}

static bool copy_predictions(Predictions *out, const Predictions *from, Error *err) {
    if (!predictions_make(out, from->rows, from->classes, from->truth, true, err)) return false;
    memcpy(out->predicted, from->predicted, (size_t)from->rows * sizeof *out->predicted);
    memcpy(out->probabilities, from->probabilities, (size_t)from->rows * (size_t)from->classes * sizeof *out->probabilities);
    return true;
}

/* At a temperature probabilities may become equal to the last bit; the answers stay those that were given. */
static bool measure_calibrated(Confidence *out, const Predictions *test, Pool *pool, Error *err) {
    Predictions calibrated = {0};
    bool good = copy_predictions(&calibrated, test, err);
    if (good) {
        temperature_apply(&calibrated, out->temperature.temperature);
        good = measure(&out->of[CONFIDENCE_CALIBRATED], &out->accuracy, &calibrated, pool, err);
    }
    predictions_free(&calibrated);
    return good;
}

bool confidence_measure(Confidence **out, const Predictions *validation, const Predictions *test, Pool *pool, Error *err) {
    *out = NULL;
    if (!test->rows || !test->truth || !test->probabilities) return true;
    Confidence *made = mem_new(1, sizeof *made, err);
    bool good = made && calibration_fit(&made->temperature, validation, pool, err) &&
                measure(&made->of[CONFIDENCE_GIVEN], &made->accuracy, test, pool, err) &&
                coverage_curve(made->coverage, COVERAGE_POINTS, test, err);
    if (good && made->temperature.fitted)
        good = measure_calibrated(made, test, pool, err);
    else if (good)
        made->of[CONFIDENCE_CALIBRATED] = made->of[CONFIDENCE_GIVEN];
    if (good)
        *out = made;
    else
        mem_free(made);
    return good;
}
