/* Which words mark one group of texts against another: log-odds ratios with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008,
 * "Fightin' Words", equations 15, 18, 20 and 22). Rare words are drawn towards what both groups say, so that a word seen twice does not win. */
#ifndef TWOFOLD_METRICS_LOG_ODDS_H
#define TWOFOLD_METRICS_LOG_ODDS_H

#include <stdint.h>

/* z[w] (words): δ_w / σ_w, above 0 where the word marks group a. a and b count each word in the two groups; the prior gives a word its share of both
 * together times `prior_size`. NaN where a word is in neither, or is all there is. */
void log_odds_z(double *z, const int64_t *a, const int64_t *b, int words, double prior_size);

#endif
