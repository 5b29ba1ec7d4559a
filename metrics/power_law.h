/* How an error falls with the rows that a model learns from: error(n) = floor + scale · n^-power (Hestness et al. 2017, "Deep Learning Scaling is Predictable,
 * Empirically"), fitted to a few measured points. */
#ifndef TWOFOLD_METRICS_POWER_LAW_H
#define TWOFOLD_METRICS_POWER_LAW_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "metrics/intervals.h"

/* `wrong` of `asked` rows after learning from n. */
typedef struct LearningPoint {
    double n;
    int64_t wrong, asked;
} LearningPoint;

enum { LEARNING_POINTS_MOST = 32, LEARNING_DRAWS = 1000 };

typedef struct PowerLaw {
    double floor, scale, power; /* 0 ≤ floor ≤ 1, scale ≥ 0, 0.01 ≤ power ≤ 3 */
    double chi2, p; /* of the fit: p is the chance of points at least so far from a true power law, by their binomial errors */
} PowerLaw;

/* Least squares, each point weighted by its binomial error (with half a row added to both sides, so that none is 0): for a given power the other two are linear; the
 * power is found by golden section from the best of a grid. Needs at least 4 points of different n: ERROR_DATA. */
MUST_CHECK bool power_law_fit(PowerLaw *out, const LearningPoint *points, int count, Error *err);
double power_law_error(const PowerLaw *law, double n);

/* The laws of LEARNING_DRAWS sets of points drawn again, each from the binomial distribution of its measured share, by seed: what a quantity of the law varies
 * by with the sampling of the rows asked. `stream` keeps several curves apart. */
MUST_CHECK bool power_law_draw(PowerLaw laws[LEARNING_DRAWS], const LearningPoint *points, int count, uint64_t seed,
                               uint32_t stream, Error *err);

#endif
