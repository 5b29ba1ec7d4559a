/* Many tests at once: the more pairs are compared, the more of them look different by chance. */
#ifndef TWOFOLD_METRICS_MULTIPLE_H
#define TWOFOLD_METRICS_MULTIPLE_H

#include "common/error.h"

/* Holm's step-down correction (1979), which bounds the chance of even one false finding and assumes nothing about how the tests
 * depend: with p sorted upwards, adjusted p(i) = max over j ≤ i of min(1, (m - j) p(j)), j from 0. In and out are log10 of p, since
 * those of many rows are below the smallest double. A NaN (not tested) stays NaN and does not count. In place is allowed. */
MUST_CHECK bool holm_adjust(double *adjusted_log10, const double *log10_p, int count, Error *err);

#endif
