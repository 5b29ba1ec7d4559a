/* Likely label errors: every row judged by a path-A model that did not learn from it.
 *
 * Training rows are judged by models of the other folds (equal and normalised texts stay in one fold), validation and test rows by a model of all
 * training rows; where there is no training split, all rows are in folds. What is suspected then is metrics/label_errors.h's. No model is kept. */
#ifndef TWOFOLD_COMPARE_LABEL_AUDIT_H
#define TWOFOLD_COMPARE_LABEL_AUDIT_H

#include "classifiers/classifier.h"
#include "common/observer.h"
#include "datasets/audit.h"
#include "datasets/dataset.h"

typedef struct LabelAudit {
    const Dataset *dataset;
    const Features *features;    /* of the rows of all splits: train, validation, test, each in the order of its list */
    ClassifierOptions classifier; /* logistic regression; C 0 counts as 1 */
    int folds;                   /* at least 2 */
    uint64_t seed;
    Pool *pool;
} LabelAudit;

enum { LABEL_FOLDS = 5 };

/* Fills audit->suspects; the audit was run and compared. Rows of a class that has a single text in training are trained on and never judged. */
MUST_CHECK bool label_audit_run(Audit *audit, const LabelAudit *options, const Observer *observer, Error *err);

/* label_errors.json: what was suspected, under the key it depends on, so that a finished run need not look again. */
MUST_CHECK bool label_audit_save(const Audit *audit, const char *key, const char *path, Error *err);
/* *found: there is a record with that very key (NULL: whichever it has); its suspects are the audit's then. A damaged record counts as none. */
MUST_CHECK bool label_audit_load(Audit *audit, const Dataset *dataset, const char *key, const char *path, bool *found, Error *err);

#endif
