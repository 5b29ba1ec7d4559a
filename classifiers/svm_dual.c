#include "classifiers/svm_dual.h"

#include <math.h>
#include <string.h>

#include "common/memory.h"
#include "common/random.h"

enum { PASSES_MOST = 300, SEED = 1, AHEAD = 4, FETCHED = 256 };

/* The first check of the whole problem stands where the steepest slopes of the dual lie this near each other. */
static const double FIRST_SPREAD = 0.1;

/* ---- rows ---- */

static bool rows_room(SvmRows *rows, Error *err) {
    const FeatureView *view = rows->view;
    for (int i = 0; i < view->count; i++) {
        int row = feature_view_row(view, i);
        rows->starts[i + 1] = rows->starts[i] + view->sparse->starts[row + 1] - view->sparse->starts[row];
    }
    rows->columns = mem_new((size_t)rows->starts[view->count], sizeof *rows->columns, err);
    return rows->columns != NULL;
}

static void rows_number(SvmRows *rows, int32_t *numbers) {
    const FeatureView *view = rows->view;
    int32_t *out = rows->columns;
    for (int i = 0; i < view->count; i++) {
        int row = feature_view_row(view, i);
        for (int64_t j = view->sparse->starts[row]; j < view->sparse->starts[row + 1]; j++) {
            int32_t column = view->sparse->indices[j], *number = &numbers[column]; /* + 1 once it has one */
            if (!*number) {
                rows->original[rows->used] = column;
                *number = ++rows->used;
            }
            *out++ = *number - 1;
        }
    }
}

bool svm_rows_make(SvmRows *rows, const FeatureView *view, Error *err) {
    size_t channels = (size_t)feature_view_channels(view);
    int32_t *numbers = mem_new(channels, sizeof *numbers, err);
    *rows = (SvmRows){.view = view,
                      .starts = mem_new((size_t)view->count + 1, sizeof *rows->starts, err),
                      .original = mem_new(channels, sizeof *rows->original, err)};
    bool good = numbers && rows->starts && rows->original && rows_room(rows, err);
    if (good) rows_number(rows, numbers);
    mem_free(numbers);
    if (!good) svm_rows_free(rows);
    return good;
}

void svm_rows_free(SvmRows *rows) {
    mem_free(rows->starts);
    mem_free(rows->columns);
    mem_free(rows->original);
    *rows = (SvmRows){0};
}

typedef struct Row {
    const int32_t *columns;
    const double *values;
    int count;
} Row;

static Row row_of(const SvmRows *rows, int i) {
    const SparseFeatures *features = rows->view->sparse;
    const double *values = features->values + features->starts[feature_view_row(rows->view, i)];
    return (Row){rows->columns + rows->starts[i], values, (int)(rows->starts[i + 1] - rows->starts[i])};
}

/* Four sums, so that an addition need not wait for the one before it. */
static double row_dot(Row row, const double *w, double bias) {
    double sums[4] = {bias, 0, 0, 0};
    int j = 0;
    for (; j + 4 <= row.count; j += 4)
        for (int k = 0; k < 4; k++) sums[k] += w[row.columns[j + k]] * row.values[j + k];
    for (; j < row.count; j++) sums[0] += w[row.columns[j]] * row.values[j];
    return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

static void row_add(Row row, double factor, double *w) {
    for (int j = 0; j < row.count; j++) w[row.columns[j]] += factor * row.values[j];
}

/* Rows come in no order that the processor could guess: their numbers are asked for some rows ahead, then the weights they will meet. */
static void fetch_row(const SvmRows *rows, int i) {
    Row row = row_of(rows, i);
    for (int j = 0; j < row.count && j < FETCHED; j += 16) __builtin_prefetch(row.columns + j);
    for (int j = 0; j < row.count && j < FETCHED; j += 8) __builtin_prefetch(row.values + j);
}

static void fetch_weights(const SvmRows *rows, int i, const double *w) {
    Row row = row_of(rows, i);
    for (int j = 0; j < row.count && j < FETCHED; j++) __builtin_prefetch(w + row.columns[j]);
}

/* ---- descent ---- */

typedef struct Dual {
    const OneClass *problem;
    const SvmRows *rows;
    double *w;     /* (used + 1): Σ α_i y_i x_i, the bias last */
    double *bias;  /* that one */
    double *alpha; /* (rows) ≥ 0 */
    double *curve; /* (rows) x_i·x_i + 1/(2 C_i): the second derivative along α_i */
    int *order;    /* (rows) places of the view; the first `active` take part */
    int active;
    double upper;  /* α_i that are 0 with a slope above this sit out */
    double spread; /* between the steepest slopes of the pass: how far it is from the optimum */
    Random random;
} Dual;

static double own_curve(const OneClass *problem, int i) {
    return 1 / (2 * problem->C_of[problem->labels[i] == problem->positive]);
}

/* The best α_i while the others stand still. Returns the slope that counts: 0 where α_i is 0 and would have to fall. */
static double descend(Dual *dual, int i, double slope) {
    double *alpha = &dual->alpha[i], before = *alpha, counts = before > 0 || slope < 0 ? slope : 0;
    if (fabs(counts) <= 1e-14) return counts;
    *alpha = fmax(before - slope / dual->curve[i], 0);
    const OneClass *problem = dual->problem;
    double step = (*alpha - before) * (problem->labels[i] == problem->positive ? 1 : -1);
    row_add(row_of(dual->rows, i), step, dual->w);
    *dual->bias += step;
    return counts;
}

/* Every active row once, in a new order. */
static void pass(Dual *dual) {
    const OneClass *problem = dual->problem;
    double most = -HUGE_VAL, least = HUGE_VAL;
    random_shuffle(&dual->random, dual->order, dual->active);
    for (int place = 0; place < dual->active; place++) {
        if (place + 2 * AHEAD < dual->active) fetch_row(dual->rows, dual->order[place + 2 * AHEAD]);
        if (place + AHEAD < dual->active) fetch_weights(dual->rows, dual->order[place + AHEAD], dual->w);
        int i = dual->order[place];
        double y = problem->labels[i] == problem->positive ? 1 : -1, own = dual->alpha[i] * own_curve(problem, i);
        double slope = y * row_dot(row_of(dual->rows, i), dual->w, *dual->bias) - 1 + own;
        if (dual->alpha[i] <= 0 && slope > dual->upper) { /* likely to stay 0: out, until all are looked at again */
            dual->order[place--] = dual->order[--dual->active];
            dual->order[dual->active] = i;
            continue;
        }
        double counts = descend(dual, i, slope);
        most = fmax(most, counts);
        least = fmin(least, counts);
    }
    dual->spread = most - least;
    dual->upper = most > 0 ? most : HUGE_VAL;
}

/* Passes until the slopes of all rows lie within `wanted` of each other. False: there were too many. */
static bool approach(Dual *dual, double wanted, int *passes) {
    int rows = dual->problem->view->count;
    while (*passes < PASSES_MOST) {
        bool whole = dual->active == rows;
        pass(dual);
        ++*passes;
        if (dual->spread > wanted) continue;
        if (whole) return true;
        dual->active = rows;
        dual->upper = HUGE_VAL;
    }
    return false;
}

/* The weights under the view's own numbers; columns that no row has stay 0. */
static void hand_out(const Dual *dual, double *w) {
    for (int c = 0; c < dual->rows->used; c++) w[dual->rows->original[c]] = dual->w[c];
    w[feature_view_channels(dual->problem->view)] = *dual->bias;
}

static void solve(Dual *dual, double tolerance, double *w, double *gradient, int *passes, double *measure) {
    const OneClass *problem = dual->problem;
    for (int i = 0; i < problem->view->count; i++) {
        Row row = row_of(dual->rows, i);
        double length = 1; /* the bias */
        for (int j = 0; j < row.count; j++) length += row.values[j] * row.values[j];
        dual->curve[i] = length + own_curve(problem, i);
        dual->order[i] = i;
    }
    double at_zero = one_class_gradient(problem, NULL, gradient);
    bool more = true;
    for (double wanted = FIRST_SPREAD; more;) {
        dual->active = problem->view->count;
        dual->upper = HUGE_VAL;
        more = approach(dual, wanted, passes);
        hand_out(dual, w);
        *measure = one_class_measure(problem, one_class_gradient(problem, w, gradient), at_zero);
        if (!(*measure > tolerance)) return;
        /* the gradient is a sum over rows of their slopes, so it falls about as they do */
        wanted *= fmin(fmax(0.7 * tolerance / *measure, 1e-3), 0.5);
    }
}

bool svm_dual_train(const OneClass *problem, const SvmRows *rows, double tolerance, double *w, int *passes, double *measure,
                    Error *err) {
    size_t count = (size_t)problem->view->count, unknowns = (size_t)feature_view_channels(problem->view) + 1;
    double *gradient = mem_new(unknowns, sizeof *gradient, err);
    Dual dual = {.problem = problem,
                 .rows = rows,
                 .w = mem_new((size_t)rows->used + 1, sizeof *dual.w, err),
                 .alpha = mem_new(count, sizeof *dual.alpha, err),
                 .curve = mem_new(count, sizeof *dual.curve, err),
                 .order = mem_new(count, sizeof *dual.order, err),
                 .random = random_start(SEED, STREAM_SHUFFLE, 0)};
    bool good = gradient && dual.w && dual.alpha && dual.curve && dual.order;
    if (good) {
        dual.bias = dual.w + rows->used;
        memset(w, 0, unknowns * sizeof *w);
        *passes = 0;
        solve(&dual, tolerance, w, gradient, passes, measure);
    }
    mem_free(gradient);
    mem_free(dual.w);
    mem_free(dual.alpha);
    mem_free(dual.curve);
    mem_free(dual.order);
    return good;
}
