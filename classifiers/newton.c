#include "classifiers/newton.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "classifiers/dense_pass.h"
#include "classifiers/preconditioner.h"
#include "classifiers/vectors.h"
#include "common/memory.h"

enum { STEPS_MOST = 100, GRADIENTS_MOST = 100, HALVINGS_MOST = 30 };
static const double FORCING = 0.1;     /* how much of the Newton equations' residual may be left */
static const double SUFFICIENT = 1e-4; /* Armijo's */
static const double ROUNDING = 4 * DBL_EPSILON;
static const double FLAT = 1e-12; /* a step that lowers the value by less, and not the gradient, was the last: liblinear's */

/* One class's search. */
typedef struct Descent {
    const OneClass *problem;
    double value, next_value, norm, at_zero;
    double share; /* of the step, along the line */
    double along; /* residual · its scaled self */
    double enough;
    int rung;
    bool open; /* still asks for passes of the kind at hand */
    bool over;
} Descent;

typedef struct Newton {
    Descent *descents; /* (count) */
    int count, width;  /* C + 1 */
    DensePass pass;
    Preconditioner preconditioner;
    Pool *pool;
    double *vectors; /* all of the following, (count, C + 1) each */
    double *gradient;
    double *next, *next_gradient; /* along the line */
    double *step;                 /* what the conjugate gradients have found */
    double *residual, *scaled, *direction, *image;
    double *w;         /* the caller's */
    float *curvatures; /* (rows, count): c_i C ξ'' at each class's last evaluation */
    double *packed;    /* (C + 1, count): vectors as a pass wants them */
    double *sums;      /* (C + 1, count) */
    double *values;    /* (count) */
    int *asked;        /* (count): the classes of the pass at hand */
    int asked_count;
} Newton;

static double *row(const Newton *newton, double *vectors, int k) { return vectors + (size_t)k * (size_t)newton->width; }

static double dot(const Newton *newton, const double *a, const double *b) { return vector_dot(a, b, (size_t)newton->width); }

/* ---- passes ---- */

/* The classes that still ask; false when none does. */
static bool ask(Newton *newton) {
    newton->asked_count = 0;
    for (int k = 0; k < newton->count; k++)
        if (newton->descents[k].open) newton->asked[newton->asked_count++] = k;
    return newton->asked_count > 0;
}

/* ξ, its slope and its curvature at z = y w·x. */
static double loss(LinearKind kind, double z, double *slope, double *curvature) {
    if (kind == LINEAR_SVM) {
        double short_of = z < 1 ? 1 - z : 0;
        *slope = -2 * short_of;
        *curvature = z < 1 ? 2 : 0;
        return short_of * short_of;
    }
    double small = exp(-fabs(z)), one = 1 + small;
    *slope = (z >= 0 ? -small : -1) / one;
    *curvature = small / (one * one);
    return log1p(small) + (z < 0 ? -z : 0);
}

static void turn_losses(void *context, double *scores, int first, int count, double *values) {
    Newton *newton = context;
    for (int i = 0; i < count; i++) {
        float *curvatures = newton->curvatures + (size_t)(first + i) * (size_t)newton->count;
        for (int a = 0; a < newton->asked_count; a++, scores++) {
            const OneClass *problem = newton->descents[newton->asked[a]].problem;
            bool positive = problem->labels[first + i] == problem->positive;
            double y = positive ? 1 : -1, C = problem->C_of[positive], slope, curvature;
            values[a] += C * loss(problem->kind, y * *scores, &slope, &curvature);
            curvatures[newton->asked[a]] = (float)(C * curvature);
            *scores = C * y * slope;
        }
    }
}

static void turn_curvatures(void *context, double *scores, int first, int count, double *values) {
    (void)values;
    const Newton *newton = context;
    for (int i = 0; i < count; i++) {
        const float *curvatures = newton->curvatures + (size_t)(first + i) * (size_t)newton->count;
        for (int a = 0; a < newton->asked_count; a++, scores++) *scores *= (double)curvatures[newton->asked[a]];
    }
}

/* One pass for those that ask, from one vector of each to another. */
static void run_pass(Newton *newton, DenseTurn turn, double *from, double *to) {
    int K = newton->asked_count, width = newton->width;
    for (int a = 0; a < K; a++) {
        const double *vector = row(newton, from, newton->asked[a]);
        for (int c = 0; c < width; c++) newton->packed[(size_t)c * (size_t)K + (size_t)a] = vector[c];
    }
    dense_pass_run(&newton->pass, K, newton->packed, turn, newton, newton->sums, newton->values);
    for (int a = 0; a < K; a++) {
        double *vector = row(newton, to, newton->asked[a]);
        for (int c = 0; c < width; c++) vector[c] = newton->sums[(size_t)c * (size_t)K + (size_t)a];
    }
}

/* next_value, next_gradient and the curvatures at `next` of those that ask. */
static void evaluate(Newton *newton) {
    run_pass(newton, turn_losses, newton->next, newton->next_gradient);
    for (int a = 0; a < newton->asked_count; a++) {
        int k = newton->asked[a];
        const double *next = row(newton, newton->next, k);
        double *gradient = row(newton, newton->next_gradient, k);
        newton->descents[k].next_value = newton->values[a] + 0.5 * dot(newton, next, next);
        for (int c = 0; c < newton->width; c++) gradient[c] += next[c];
    }
}

/* ---- a step ---- */

/* The strength of each class's rung is the mean curvature of its rows. */
static bool choose_rungs(Newton *newton, Error *err) {
    bool wanted[PRECONDITIONER_RUNGS] = {false};
    int rows = newton->pass.view->count;
    memset(newton->values, 0, (size_t)newton->count * sizeof *newton->values);
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < newton->count; k++)
            newton->values[k] += (double)newton->curvatures[(size_t)i * (size_t)newton->count + (size_t)k];
    for (int k = 0; k < newton->count; k++) {
        Descent *d = &newton->descents[k];
        if (d->over) continue;
        d->rung = preconditioner_rung(newton->values[k] / rows);
        wanted[d->rung] = true;
    }
    return preconditioner_factor(&newton->preconditioner, wanted, newton->pool, err);
}

static void gradients_begin(void *context, int k, int thread) {
    (void)thread;
    const Newton *newton = context;
    Descent *d = &newton->descents[k];
    d->open = !d->over;
    if (d->over) return;
    const double *gradient = row(newton, newton->gradient, k);
    double *residual = row(newton, newton->residual, k), *direction = row(newton, newton->direction, k);
    for (int c = 0; c < newton->width; c++) residual[c] = -gradient[c];
    memset(row(newton, newton->step, k), 0, (size_t)newton->width * sizeof(double));
    preconditioner_apply(&newton->preconditioner, d->rung, residual, direction);
    d->along = dot(newton, residual, direction);
    d->enough = FORCING * FORCING * d->along;
}

/* image holds Σ curvature x x·direction. */
static void gradients_go_on(void *context, int a, int thread) {
    (void)thread;
    const Newton *newton = context;
    int k = newton->asked[a], width = newton->width;
    Descent *d = &newton->descents[k];
    double *step = row(newton, newton->step, k), *residual = row(newton, newton->residual, k),
           *image = row(newton, newton->image, k);
    double *scaled = row(newton, newton->scaled, k), *direction = row(newton, newton->direction, k);
    for (int c = 0; c < width; c++) image[c] += direction[c];
    double share = d->along / dot(newton, direction, image);
    if (!isfinite(share)) {
        d->open = false;
        return;
    }
    for (int c = 0; c < width; c++) step[c] += share * direction[c];
    for (int c = 0; c < width; c++) residual[c] -= share * image[c];
    preconditioner_apply(&newton->preconditioner, d->rung, residual, scaled);
    double before = d->along;
    d->along = dot(newton, residual, scaled);
    d->open = d->along > d->enough;
    for (int c = 0; c < width; c++) direction[c] = scaled[c] + d->along / before * direction[c];
}

static void find_steps(Newton *newton) {
    pool_run(newton->pool, newton->count, gradients_begin, newton);
    for (int i = 0; i < GRADIENTS_MOST && ask(newton); i++) {
        run_pass(newton, turn_curvatures, newton->direction, newton->image);
        pool_run(newton->pool, newton->asked_count, gradients_go_on, newton);
    }
}

static void try_step(Newton *newton, int k) {
    double share = newton->descents[k].share, *next = row(newton, newton->next, k);
    const double *w = row(newton, newton->w, k), *step = row(newton, newton->step, k);
    for (int c = 0; c < newton->width; c++) next[c] = w[c] + share * step[c];
}

static bool fell_enough(const Newton *newton, int k) {
    const Descent *d = &newton->descents[k];
    double slope = dot(newton, row(newton, newton->gradient, k), row(newton, newton->step, k));
    return d->next_value <= d->value + SUFFICIENT * d->share * slope + ROUNDING * fabs(d->value);
}

static void move(Newton *newton, int k) {
    size_t bytes = (size_t)newton->width * sizeof(double);
    Descent *d = &newton->descents[k];
    double *gradient = row(newton, newton->gradient, k);
    memcpy(gradient, row(newton, newton->next_gradient, k), bytes);
    memcpy(row(newton, newton->w, k), row(newton, newton->next, k), bytes);
    double norm = sqrt(dot(newton, gradient, gradient));
    d->over = !(norm < d->norm) && d->value - d->next_value <= FLAT * fabs(d->value);
    d->value = d->next_value;
    d->norm = norm;
    d->open = false;
}

/* Half as far until the value falls as its slope promises. */
static void take_steps(Newton *newton) {
    for (int k = 0; k < newton->count; k++) {
        newton->descents[k].open = !newton->descents[k].over;
        newton->descents[k].share = 1;
    }
    for (int i = 0; i < HALVINGS_MOST && ask(newton); i++) {
        for (int a = 0; a < newton->asked_count; a++) try_step(newton, newton->asked[a]);
        evaluate(newton);
        for (int a = 0; a < newton->asked_count; a++) {
            int k = newton->asked[a];
            if (fell_enough(newton, k))
                move(newton, k);
            else
                newton->descents[k].share /= 2;
        }
    }
    for (int k = 0; k < newton->count; k++) newton->descents[k].over |= newton->descents[k].open;
}

/* ---- all of it ---- */

static bool newton_make(Newton *newton, const OneClass *problems, int count, double *w, Pool *pool, Error *err) {
    const FeatureView *view = problems->view;
    *newton = (Newton){.count = count, .width = view->dense->channels + 1, .pool = pool, .w = w};
    double **const vectors[] = {&newton->gradient, &newton->next,   &newton->next_gradient, &newton->step,
                                &newton->residual, &newton->scaled, &newton->direction,     &newton->image};
    size_t width = (size_t)newton->width, K = (size_t)count, kinds = sizeof vectors / sizeof *vectors;
    newton->descents = mem_new(K, sizeof *newton->descents, err);
    newton->vectors = mem_new(K * width, kinds * sizeof(double), err);
    newton->curvatures = mem_new((size_t)view->count, K * sizeof(float), err);
    newton->packed = mem_new(width, K * sizeof(double), err);
    newton->sums = mem_new(width, K * sizeof(double), err);
    newton->values = mem_new(K, sizeof(double), err);
    newton->asked = mem_new(K, sizeof(int), err);
    if (!newton->descents || !newton->vectors || !newton->curvatures || !newton->packed || !newton->sums || !newton->values ||
        !newton->asked)
        return false;
    for (size_t v = 0; v < kinds; v++) *vectors[v] = newton->vectors + v * K * width;
    for (int k = 0; k < count; k++) newton->descents[k].problem = &problems[k];
    return dense_pass_make(&newton->pass, view, count, pool, err) &&
           preconditioner_make(&newton->preconditioner, view, pool, err);
}

static void newton_free(Newton *newton) {
    mem_free(newton->descents);
    mem_free(newton->vectors);
    mem_free(newton->curvatures);
    mem_free(newton->packed);
    mem_free(newton->sums);
    mem_free(newton->values);
    mem_free(newton->asked);
    dense_pass_free(&newton->pass);
    preconditioner_free(&newton->preconditioner);
}

/* Value and gradient at w; at zero first, against which the gradient is measured. */
static void begin(Newton *newton) {
    size_t bytes = (size_t)newton->count * (size_t)newton->width * sizeof(double);
    int last = 0; /* turn: a second one where some class begins elsewhere than at zero */
    for (int k = 0; k < newton->count; k++) {
        const double *w = row(newton, newton->w, k);
        newton->descents[k].open = true;
        if (dot(newton, w, w) > 0) last = 1;
    }
    for (int turn = 0; turn <= last && ask(newton); turn++) {
        evaluate(newton);
        memcpy(newton->gradient, newton->next_gradient, bytes);
        memcpy(newton->next, newton->w, bytes);
        for (int k = 0; k < newton->count; k++) {
            Descent *d = &newton->descents[k];
            const double *gradient = row(newton, newton->gradient, k);
            d->value = d->next_value;
            d->norm = sqrt(dot(newton, gradient, gradient));
            if (!turn) d->at_zero = d->norm;
        }
    }
}

static double measure(const Descent *d) { return one_class_measure(d->problem, d->norm, d->at_zero); }

bool newton_can(const FeatureView *view) { return view->dense && view->dense->channels <= PRECONDITIONER_MOST; }

bool newton_train(const OneClass *problems, int count, double tolerance, double *w, int *steps, double *measures, Pool *pool,
                  Error *err) {
    Newton newton;
    bool good = newton_make(&newton, problems, count, w, pool, err);
    if (good) begin(&newton);
    memset(steps, 0, (size_t)count * sizeof *steps);
    for (int i = 0; good && i < STEPS_MOST; i++) {
        bool all_over = true;
        for (int k = 0; k < count; k++) {
            Descent *d = &newton.descents[k];
            d->over = d->over || !(measure(d) > tolerance) || !isfinite(d->value);
            steps[k] += !d->over;
            all_over = all_over && d->over;
        }
        if (all_over) break;
        good = choose_rungs(&newton, err);
        if (!good) break;
        find_steps(&newton);
        take_steps(&newton);
    }
    for (int k = 0; good && k < count; k++) measures[k] = measure(&newton.descents[k]);
    newton_free(&newton);
    return good;
}
