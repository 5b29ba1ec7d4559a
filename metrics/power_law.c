#include "metrics/power_law.h"

#include <math.h>

#include "common/random.h"

static const double POWER_LEAST = 0.01, POWER_MOST = 3;
enum { GRID = 60, SECTIONS = 60 };

double power_law_error(const PowerLaw *law, double n) { return law->floor + law->scale * pow(n, -law->power); }

/* The points with their weights: 1 / variance. */
typedef struct Weighted {
    double n[LEARNING_POINTS_MOST], y[LEARNING_POINTS_MOST], weight[LEARNING_POINTS_MOST];
    int count;
} Weighted;

static double chi_square(const Weighted *w, const PowerLaw *law) {
    double sum = 0;
    for (int i = 0; i < w->count; i++) {
        double off = w->y[i] - power_law_error(law, w->n[i]);
        sum += w->weight[i] * off * off;
    }
    return sum;
}

/* Scale alone, for a fixed floor. */
static double fit_scale(const Weighted *w, double power, double floor) {
    double xx = 0, xy = 0;
    for (int i = 0; i < w->count; i++) {
        double x = pow(w->n[i], -power);
        xx += w->weight[i] * x * x;
        xy += w->weight[i] * x * (w->y[i] - floor);
    }
    return fmax(0, xy / xx);
}

/* Floor and scale for a power: the linear solution, or the better of the two edges where it lies outside of what they may be. */
static PowerLaw fit_line(const Weighted *w, double power) {
    double s = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < w->count; i++) {
        double x = pow(w->n[i], -power), g = w->weight[i];
        s += g;
        sx += g * x;
        sy += g * w->y[i];
        sxx += g * x * x;
        sxy += g * x * w->y[i];
    }
    double below = s * sxx - sx * sx, scale = (s * sxy - sx * sy) / below, floor = (sy - scale * sx) / s;
    PowerLaw law = {.floor = floor, .scale = scale, .power = power};
    if (!(below > 0) || scale < 0) law = (PowerLaw){.floor = sy / s, .power = power};
    if (law.floor < 0) law = (PowerLaw){.scale = fit_scale(w, power, 0), .power = power};
    if (law.floor > 1) law = (PowerLaw){.floor = 1, .power = power};
    law.chi2 = chi_square(w, &law);
    return law;
}

static double grid_power(int i) { return POWER_LEAST * pow(POWER_MOST / POWER_LEAST, (double)i / GRID); }

static PowerLaw fit(const Weighted *w) {
    static const double GOLDEN = 0.61803398874989484820;
    PowerLaw best = fit_line(w, grid_power(0));
    int at = 0;
    for (int i = 1; i <= GRID; i++) {
        PowerLaw law = fit_line(w, grid_power(i));
        if (law.chi2 < best.chi2) {
            best = law;
            at = i;
        }
    }
    double low = grid_power(at ? at - 1 : 0), high = grid_power(at < GRID ? at + 1 : GRID);
    for (int i = 0; i < SECTIONS; i++) {
        double left = high - GOLDEN * (high - low), right = low + GOLDEN * (high - low);
        if (fit_line(w, left).chi2 <= fit_line(w, right).chi2)
            high = right;
        else
            low = left;
    }
    PowerLaw law = fit_line(w, (low + high) / 2);
    return law.chi2 < best.chi2 ? law : best;
}

/* The chance of a chi-square of k degrees of at least x, by the recurrence over k (Abramowitz and Stegun 26.4.4 and 26.4.5). */
static double chi_square_above(double x, int k) {
    double above = k % 2 ? erfc(sqrt(x / 2)) : exp(-x / 2);
    for (int d = k % 2 ? 1 : 2; d < k; d += 2) above += exp(d / 2.0 * log(x / 2) - x / 2 - lgamma(d / 2.0 + 1));
    return x > 0 ? fmin(1, above) : 1;
}

static void add_point(Weighted *w, double n, double wrong, double asked) {
    double share = (wrong + 0.5) / (asked + 1);
    w->n[w->count] = n;
    w->y[w->count] = wrong / asked;
    w->weight[w->count++] = asked / (share * (1 - share));
}

bool power_law_fit(PowerLaw *out, const LearningPoint *points, int count, Error *err) {
    Weighted w = {.count = 0};
    int different = 0;
    for (int i = 0; i < count && i < LEARNING_POINTS_MOST; i++) {
        bool seen = false;
        for (int k = 0; k < i; k++) seen |= points[k].n == points[i].n;
        different += !seen;
        if (!(points[i].n >= 1) || points[i].asked < 1 || points[i].wrong < 0 || points[i].wrong > points[i].asked)
            return FAIL(err, ERROR_DATA, "point %d of a learning curve is no count of rows", i);
        add_point(&w, points[i].n, (double)points[i].wrong, (double)points[i].asked);
    }
    if (different < 4) return FAIL(err, ERROR_DATA, "%d different sizes, expected at least 4 for a power law", different);
    *out = fit(&w);
    out->p = chi_square_above(out->chi2, w.count - 3);
    return true;
}

/* A binomial count by its normal approximation, rounded and kept within what is possible: n is hundreds and more. */
static double draw_wrong(Random *random, const LearningPoint *point) {
    double asked = (double)point->asked, share = ((double)point->wrong + 0.5) / (asked + 1);
    double drawn = round((double)point->wrong + random_normal(random) * sqrt(asked * share * (1 - share)));
    return fmin(asked, fmax(0, drawn));
}

bool power_law_draw(PowerLaw laws[LEARNING_DRAWS], const LearningPoint *points, int count, uint64_t seed, uint32_t stream,
                    Error *err) {
    PowerLaw whole;
    if (!power_law_fit(&whole, points, count, err)) return false;
    Random random = random_start(seed, STREAM_CURVE, stream);
    for (int draw = 0; draw < LEARNING_DRAWS; draw++) {
        Weighted w = {.count = 0};
        for (int i = 0; i < count; i++) add_point(&w, points[i].n, draw_wrong(&random, &points[i]), (double)points[i].asked);
        laws[draw] = fit(&w);
    }
    return true;
}
