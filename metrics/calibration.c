#include "metrics/calibration.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

static bool rows_check(const Predictions *p, Error *err) {
    if (p->truth && p->probabilities && p->rows > 0) return true;
    return FAIL(err, ERROR_DATA, "calibration needs rows with labels and probabilities");
}

static const double *row_of(const Predictions *p, int row) { return p->probabilities + (size_t)row * (size_t)p->classes; }

typedef struct Answer {
    double confidence;
    int32_t right;
} Answer;

static int compare_answers(const void *a, const void *b) {
    const Answer *x = a, *y = b;
    if (x->confidence != y->confidence) return x->confidence < y->confidence ? -1 : 1;
    return (x->right > y->right) - (x->right < y->right);
}

/* (rows) by rising confidence; NULL when memory ends. */
static Answer *answers_sort(const Predictions *p, Error *err) {
    Answer *answers = mem_new((size_t)p->rows, sizeof *answers, err);
    if (!answers) return NULL;
    for (int row = 0; row < p->rows; row++)
        answers[row] = (Answer){row_of(p, row)[p->predicted[row]], p->predicted[row] == p->truth[row]};
    qsort(answers, (size_t)p->rows, sizeof *answers, compare_answers);
    return answers;
}

/* Multiplied as numpy.linspace does: i * (1/15) and i / 15 differ in the last bit. */
static double width_edge(int i) { return i == CALIBRATION_BINS ? 1 : i * (1.0 / CALIBRATION_BINS); }

static int width_bin(double p) {
    int bin = 0;
    while (bin < CALIBRATION_BINS - 1 && p > width_edge(bin + 1)) bin++;
    return bin;
}

/* numpy.percentile, linear; the place in whole fifteenths, so that an edge that is a row's confidence is so to the bit. */
static double mass_edge(const Answer *sorted, int rows, int i) {
    int64_t place = (int64_t)i * (rows - 1), low = place / CALIBRATION_BINS, high = low + 1 < rows ? low + 1 : low;
    double from = sorted[low].confidence, to = sorted[high].confidence;
    return from + (to - from) * ((double)(place % CALIBRATION_BINS) / CALIBRATION_BINS);
}

static void bins_fill(Reliability *out, const Answer *sorted, int rows) {
    int row = 0;
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        CalibrationBin *bin = &out->bins[i];
        int64_t right = 0;
        double confidence = 0;
        for (; row < rows && (i == CALIBRATION_BINS - 1 || sorted[row].confidence <= bin->high); row++) {
            bin->rows++;
            right += sorted[row].right;
            confidence += sorted[row].confidence;
        }
        bin->accuracy = bin->rows ? (double)right / (double)bin->rows : nan("");
        bin->confidence = bin->rows ? confidence / (double)bin->rows : nan("");
        if (!bin->rows) continue;
        double gap = fabs(bin->accuracy - bin->confidence);
        out->ece += (double)bin->rows / rows * gap;
        out->mce = fmax(out->mce, gap);
    }
}

bool reliability_measure(Reliability *out, const Predictions *predictions, CalibrationBinning binning, Error *err) {
    if (!rows_check(predictions, err)) return false;
    *out = (Reliability){0};
    Answer *sorted = answers_sort(predictions, err);
    if (!sorted) return false;
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        bool by_width = binning == BINS_EQUAL_WIDTH;
        out->bins[i].low = by_width ? width_edge(i) : mass_edge(sorted, predictions->rows, i);
        out->bins[i].high = by_width ? width_edge(i + 1) : mass_edge(sorted, predictions->rows, i + 1);
    }
    bins_fill(out, sorted, predictions->rows);
    mem_free(sorted);
    return true;
}

/* One bin of one class: rows, rows of the class, sums of p and of (p - outcome)². */
typedef struct ClassBin {
    double rows, own, p, squares;
} ClassBin;

static void class_decompose(BrierParts *out, const ClassBin *bins, double rows) {
    double own = 0, squares = 0, reliability = 0, resolution = 0;
    for (int i = 0; i < CALIBRATION_BINS; i++) own += bins[i].own;
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        const ClassBin *bin = &bins[i];
        squares += bin->squares;
        if (bin->rows == 0) continue;
        double share = bin->own / bin->rows, gap = bin->p / bin->rows - share, lift = share - own / rows;
        reliability += bin->rows * gap * gap;
        resolution += bin->rows * lift * lift;
    }
    double uncertainty = own / rows * (1 - own / rows);
    out->brier += squares / rows;
    out->reliability += reliability / rows;
    out->resolution += resolution / rows;
    out->uncertainty += uncertainty;
    out->within += (squares - reliability + resolution) / rows - uncertainty;
}

bool brier_decompose(BrierParts *out, const Predictions *p, Error *err) {
    if (!rows_check(p, err)) return false;
    *out = (BrierParts){0};
    ClassBin(*bins)[CALIBRATION_BINS] = mem_new((size_t)p->classes, sizeof *bins, err);
    if (!bins) return false;
    for (int row = 0; row < p->rows; row++) {
        for (int c = 0; c < p->classes; c++) {
            double probability = row_of(p, row)[c], own = p->truth[row] == c;
            ClassBin *bin = &bins[c][width_bin(probability)];
            bin->rows++;
            bin->own += own;
            bin->p += probability;
            bin->squares += (probability - own) * (probability - own);
        }
    }
    for (int c = 0; c < p->classes; c++) class_decompose(out, bins[c], p->rows);
    mem_free(bins);
    double scale = p->classes <= 2 ? 0.5 : 1;
    *out = (BrierParts){out->brier * scale, out->reliability * scale, out->resolution * scale, out->uncertainty * scale,
                        out->within * scale};
    return true;
}

/* Loss, its slope and curvature in 1/T, summed over a block of rows; blocks are added in their order for any number of threads. */
enum { BLOCK_ROWS = 1024 };
static const double SHARPNESS_LOW = 0.01, SHARPNESS_HIGH = 100; /* 1/T */

typedef struct Slope {
    double loss, slope, curvature;
} Slope;

typedef struct Fit {
    const Predictions *predictions;
    double sharpness; /* 1/T */
    Slope *blocks;
} Fit;

static double log_of(double p) { return log(fmax(p, DBL_MIN)); }

/* With z = ln p and q = softmax(sharpness · z): the slope is E_q[z] - z(truth), the curvature var_q(z). z is taken from its
 * highest, so that no exponential overflows. */
static void row_measure(Slope *sum, const double *p, int truth, int classes, double sharpness) {
    double top = log_of(p[argmax(p, classes)]), whole = 0, mean = 0, square = 0;
    for (int c = 0; c < classes; c++) {
        double z = log_of(p[c]) - top, q = exp(sharpness * z);
        whole += q;
        mean += q * z;
        square += q * z * z;
    }
    mean /= whole;
    double own = log_of(p[truth]) - top;
    sum->loss += log(whole) - sharpness * own;
    sum->slope += mean - own;
    sum->curvature += fmax(0, square / whole - mean * mean);
}

static void block_measure(void *context, int block, int thread) {
    (void)thread;
    const Fit *fit = context;
    const Predictions *p = fit->predictions;
    int begin = block * BLOCK_ROWS, end = p->rows - begin < BLOCK_ROWS ? p->rows : begin + BLOCK_ROWS;
    Slope sum = {0};
    for (int row = begin; row < end; row++) row_measure(&sum, row_of(p, row), p->truth[row], p->classes, fit->sharpness);
    fit->blocks[block] = sum;
}

static Slope slope_at(Fit *fit, double sharpness, Pool *pool) {
    int blocks = (fit->predictions->rows - 1) / BLOCK_ROWS + 1;
    fit->sharpness = sharpness;
    pool_run(pool, blocks, block_measure, fit);
    Slope sum = {0};
    for (int b = 0; b < blocks; b++) {
        sum.loss += fit->blocks[b].loss;
        sum.slope += fit->blocks[b].slope;
        sum.curvature += fit->blocks[b].curvature;
    }
    return sum;
}

/* Where the slope is zero; a Newton step that leaves the bracket is replaced by its (geometric) middle. */
static double sharpness_find(Fit *fit, Pool *pool) {
    double low = SHARPNESS_LOW, high = SHARPNESS_HIGH, sharpness = 1;
    for (int step = 0; step < 100; step++) {
        Slope at = slope_at(fit, sharpness, pool);
        if (at.slope == 0) return sharpness;
        if (at.slope < 0)
            low = sharpness;
        else
            high = sharpness;
        double next = sharpness - at.slope / at.curvature;
        if (!(next > low && next < high)) next = sqrt(low * high);
        if (fabs(next - sharpness) <= 4 * DBL_EPSILON * sharpness) return next;
        sharpness = next;
    }
    return sharpness;
}

bool temperature_fit(Temperature *out, const Predictions *predictions, Pool *pool, Error *err) {
    if (!rows_check(predictions, err)) return false;
    Fit fit = {.predictions = predictions};
    fit.blocks = mem_new((size_t)(predictions->rows - 1) / BLOCK_ROWS + 1, sizeof *fit.blocks, err);
    if (!fit.blocks) return false;
    double n = predictions->rows, sharpness;
    bool flat = slope_at(&fit, 1, pool).curvature == 0;
    bool below = slope_at(&fit, SHARPNESS_LOW, pool).slope >= 0, above = slope_at(&fit, SHARPNESS_HIGH, pool).slope <= 0;
    if (flat)
        sharpness = 1;
    else
        sharpness = below ? SHARPNESS_LOW : above ? SHARPNESS_HIGH : sharpness_find(&fit, pool);
    out->temperature = 1 / sharpness;
    out->at_limit = flat || below || above;
    out->loss_before = slope_at(&fit, 1, pool).loss / n;
    out->loss_after = slope_at(&fit, sharpness, pool).loss / n;
    mem_free(fit.blocks);
    return true;
}

void temperature_apply(Predictions *predictions, double temperature) {
    assert(temperature > 0 && predictions->probabilities);
    if (temperature == 1) return;
    for (int row = 0; row < predictions->rows; row++) {
        double *p = predictions->probabilities + (size_t)row * (size_t)predictions->classes, sum = 0;
        double top = log_of(p[argmax(p, predictions->classes)]);
        for (int c = 0; c < predictions->classes; c++) sum += p[c] = exp((log_of(p[c]) - top) / temperature);
        for (int c = 0; c < predictions->classes; c++) p[c] /= sum;
    }
}

bool coverage_curve(CoveragePoint *points, int count, const Predictions *predictions, Error *err) {
    assert(count >= 1);
    if (!rows_check(predictions, err)) return false;
    Answer *sorted = answers_sort(predictions, err);
    if (!sorted) return false;
    int rows = predictions->rows, point = 0;
    int64_t right = 0;
    for (int taken = 1; taken <= rows; taken++) {
        const Answer *answer = &sorted[rows - taken];
        right += answer->right;
        if (taken < rows && answer[-1].confidence == answer->confidence) continue;
        while (point < count && (int64_t)taken * count >= (int64_t)(point + 1) * rows)
            points[point++] = (CoveragePoint){(double)taken / rows, (double)right / taken, answer->confidence};
    }
    mem_free(sorted);
    return true;
}
