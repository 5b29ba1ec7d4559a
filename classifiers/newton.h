/* One class against the others on dense rows, for all classes at once: Newton's method, its steps by conjugate gradients to a tenth, as liblinear's (Lin, Weng and
 * Keerthi 2008), with preconditioner.h before them and a search along the line behind. liblinear reads 16 bytes a value in each of some hundred passes by each class; here a
 * pass reads 4, serves every class that needs one, and there are some thirty. */
#ifndef TWOFOLD_CLASSIFIERS_NEWTON_H
#define TWOFOLD_CLASSIFIERS_NEWTON_H

#include "classifiers/one_class.h"
#include "common/parallel.h"

/* Features with more channels than PRECONDITIONER_MOST are liblinear's. */
bool newton_can(const FeatureView *view);

/* problems (count) are of one dense view, labels and kind. w (count, C + 1), the bias last, holds where to start and then the weights. measures (count) become
 * one_class_measure there: above `tolerance` where no step helped any more, as at the limit of double; steps (count) Newton's. The bytes are the same for any number of
 * threads. */
MUST_CHECK bool newton_train(const OneClass *problems, int count, double tolerance, double *w, int *steps, double *measures,
                             Pool *pool, Error *err);

#endif
