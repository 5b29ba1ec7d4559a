#include "classifiers/lbfgs.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "classifiers/vectors.h"
#include "common/memory.h"

enum {
    PAIRS = 10,
    LINE_EVALUATIONS = 50, /* as scikit-learn asks of SciPy */
    FLAT_STEPS = 10        /* so many steps in a row that lower neither the value nor the gradient end the search */
};
/* Armijo's and the curvature constant, the usual ones for quasi-Newton directions. */
static const double SUFFICIENT = 1e-4, CURVATURE = 0.9;
/* The rounding of the value itself, which must not make a good step look bad near the minimum. */
static const double ROUNDING = 4 * DBL_EPSILON;

typedef struct Point {
    double step, value, slope; /* along the direction */
} Point;

typedef struct Search {
    LbfgsFunction function;
    LbfgsScale scale; /* NULL: none */
    void *context;
    Vectors vectors;
    LbfgsResult *result;
    double *block;                  /* all vectors below */
    double *x, *gradient;           /* where we are; x is the caller's */
    double *next_x, *next_gradient; /* where the last evaluation was */
    double *direction;
    double *steps[PAIRS], *changes[PAIRS]; /* s, y; a ring */
    double inverse[PAIRS];                 /* 1 / (s · y) */
    double *scaled;                        /* room, with a scale */
    int pairs, newest;
    double value;
} Search;

static bool search_make(Search *search, size_t length, Error *err) {
    size_t stride = (length + 7) / 8 * 8, vectors = 5 + 2 * PAIRS, total;
    if (__builtin_mul_overflow(stride, vectors, &total)) return FAIL(err, ERROR_FAILED, "%zu weights are too many", length);
    search->block = mem_new(total, sizeof *search->block, err);
    if (!search->block) return false;
    double *next = search->block;
    double **const places[] = {&search->gradient, &search->next_x, &search->next_gradient, &search->direction, &search->scaled};
    for (size_t i = 0; i < 5; i++, next += stride) *places[i] = next;
    for (int i = 0; i < PAIRS; i++, next += stride) search->steps[i] = next;
    for (int i = 0; i < PAIRS; i++, next += stride) search->changes[i] = next;
    return true;
}

/* The middle of the two loops: H₀, as steep as the newest pair says. */
static void direction_scale(Search *search) {
    const Vectors *v = &search->vectors;
    double *d = search->direction, curve = 0;
    if (search->pairs) {
        const double *y = search->changes[search->newest];
        if (search->scale) search->scale(search->context, y, search->scaled);
        curve = search->inverse[search->newest] * vectors_dot(v, y, search->scale ? search->scaled : y);
    }
    if (search->scale) {
        search->scale(search->context, d, search->scaled);
        memcpy(d, search->scaled, v->length * sizeof *d);
    }
    if (search->pairs) vectors_combine(v, d, 1 / curve, d, 0, d);
}

/* direction = -H gradient by the two loops of algorithm 7.4. */
static void direction_find(Search *search) {
    const Vectors *v = &search->vectors;
    double *d = search->direction, share[PAIRS];
    vectors_combine(v, d, -1, search->gradient, 0, search->gradient);
    for (int back = 0; back < search->pairs; back++) {
        int i = (search->newest - back + PAIRS) % PAIRS;
        share[i] = search->inverse[i] * vectors_dot(v, search->steps[i], d);
        vectors_combine(v, d, 1, d, -share[i], search->changes[i]);
    }
    direction_scale(search);
    for (int back = search->pairs - 1; back >= 0; back--) {
        int i = (search->newest - back + PAIRS) % PAIRS;
        double correction = search->inverse[i] * vectors_dot(v, search->changes[i], d);
        vectors_combine(v, d, 1, d, share[i] - correction, search->steps[i]);
    }
}

static Point evaluate(Search *search, double step) {
    const Vectors *v = &search->vectors;
    vectors_combine(v, search->next_x, 1, search->x, step, search->direction);
    double value = search->function(search->context, search->next_x, search->next_gradient);
    search->result->evaluations++;
    return (Point){step, value, vectors_dot(v, search->next_gradient, search->direction)};
}

static bool low_enough(const Point *start, const Point *at) {
    return at->value <= start->value + SUFFICIENT * at->step * start->slope + ROUNDING * fabs(start->value);
}

static bool flat_enough(const Point *start, const Point *at) { return fabs(at->slope) <= -CURVATURE * start->slope; }

/* The minimum of the cubic through both points and slopes (equation 3.59), kept off the ends; the middle where there is none. */
static double between(const Point *a, const Point *b) {
    double middle = 0.5 * (a->step + b->step), width = b->step - a->step;
    double d1 = a->slope + b->slope - 3 * (a->value - b->value) / (a->step - b->step);
    double root = d1 * d1 - a->slope * b->slope;
    if (!(root >= 0) || !isfinite(root)) return middle;
    double d2 = copysign(sqrt(root), width);
    double step = b->step - width * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
    double share = (step - a->step) / width;
    return share >= 0.1 && share <= 0.9 ? step : middle;
}

/* Algorithm 3.6: `low` has the lowest value seen that fell enough, the minimum lies between it and `high`. */
static bool zoom(Search *search, const Point *start, Point low, Point high, int evaluations, Point *found) {
    for (; evaluations < LINE_EVALUATIONS; evaluations++) {
        Point at = evaluate(search, between(&low, &high));
        if (!low_enough(start, &at) || at.value > low.value + ROUNDING * fabs(low.value)) {
            high = at;
            continue;
        }
        if (flat_enough(start, &at)) {
            *found = at;
            return true;
        }
        if (at.slope * (high.step - low.step) >= 0) high = low;
        low = at;
    }
    return false;
}

/* Algorithm 3.5. On success next_x and next_gradient belong to `found`. */
static bool line_search(Search *search, const Point *start, double first_step, Point *found) {
    Point before = *start;
    double step = first_step;
    for (int i = 0; i < LINE_EVALUATIONS; i++, step *= 2) {
        Point at = evaluate(search, step);
        if (!low_enough(start, &at) || (i && at.value >= before.value)) return zoom(search, start, before, at, i + 1, found);
        if (flat_enough(start, &at)) {
            *found = at;
            return true;
        }
        if (at.slope >= 0) return zoom(search, start, at, before, i + 1, found);
        before = at;
    }
    return false;
}

/* Takes the step, and what it taught about the curvature. */
static void step_take(Search *search, const Point *found) {
    const Vectors *v = &search->vectors;
    int place = search->pairs ? (search->newest + 1) % PAIRS : 0;
    vectors_combine(v, search->steps[place], 1, search->next_x, -1, search->x);
    vectors_combine(v, search->changes[place], 1, search->next_gradient, -1, search->gradient);
    double product = vectors_dot(v, search->steps[place], search->changes[place]);
    if (product > DBL_EPSILON * vectors_dot(v, search->changes[place], search->changes[place])) {
        search->inverse[place] = 1 / product;
        search->newest = place;
        if (search->pairs < PAIRS) search->pairs++;
    } else if (search->pairs == PAIRS) {
        search->pairs--; /* the oldest was written over */
    }
    memcpy(search->x, search->next_x, v->length * sizeof(double));
    memcpy(search->gradient, search->next_gradient, v->length * sizeof(double));
    search->value = found->value;
}

/* One step downhill. False when no step helps, even along the plain gradient. */
static bool iterate(Search *search) {
    for (;;) {
        direction_find(search);
        Point start = {0, search->value, vectors_dot(&search->vectors, search->gradient, search->direction)}, found;
        double first_step = 1;
        if (!search->pairs && !search->scale) first_step = fmin(1, 1 / sqrt(-start.slope)); /* a step of length 1 at most */
        if (start.slope < 0 && line_search(search, &start, first_step, &found)) {
            step_take(search, &found);
            return true;
        }
        if (!search->pairs) return false;
        search->pairs = 0;
    }
}

/* Where we stand. False when there is no more to do. */
static bool judge(Search *search, const LbfgsOptions *options) {
    LbfgsResult *result = search->result;
    result->value = search->value;
    result->gradient_norm = vectors_largest(&search->vectors, search->gradient);
    result->converged = result->gradient_norm <= options->tolerance;
    return !result->converged && result->iterations < options->max_iterations;
}

static bool minimise(Search *search, const LbfgsOptions *options, const Observer *observer, Error *err) {
    LbfgsResult *result = search->result;
    search->value = search->function(search->context, search->x, search->gradient);
    result->evaluations = 1;
    double lowest_value = DBL_MAX, lowest_gradient = DBL_MAX;
    for (int flat = 0; judge(search, options) && flat < FLAT_STEPS; flat++) {
        if (!isfinite(search->value) || !isfinite(result->gradient_norm))
            return FAIL(err, ERROR_FAILED, "the loss is no number after %d iterations", result->iterations);
        if (observer_stop(observer)) return FAIL(err, ERROR_INTERRUPTED, "stopped after %d iterations", result->iterations);
        if (result->gradient_norm < lowest_gradient || search->value < lowest_value - ROUNDING * fabs(lowest_value)) flat = 0;
        lowest_value = fmin(lowest_value, search->value);
        lowest_gradient = fmin(lowest_gradient, result->gradient_norm);
        if (!iterate(search)) return true;
        result->iterations++;
        char detail[64];
        snprintf(detail, sizeof detail, "loss %.6f", search->value);
        observer_progress(observer, "logistic regression", result->iterations, options->max_iterations, "iterations", detail);
    }
    return true;
}

bool lbfgs_minimise(double *x, size_t length, LbfgsFunction function, void *context, const LbfgsOptions *options, Pool *pool,
                    const Observer *observer, LbfgsResult *result, Error *err) {
    *result = (LbfgsResult){0};
    Search search = {.function = function, .scale = options->scale, .context = context, .result = result, .x = x};
    bool good = search_make(&search, length, err) && vectors_make(&search.vectors, length, pool, err) &&
                minimise(&search, options, observer, err);
    vectors_free(&search.vectors);
    mem_free(search.block);
    return good;
}
