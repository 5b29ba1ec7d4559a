/* Can an entry's probabilities be believed? Measured on the test rows, as they are and after the temperature that was fitted on the validation rows
 * (docs/COMPARE.md, "Confidence"). */
#ifndef TWOFOLD_COMPARE_CONFIDENCE_H
#define TWOFOLD_COMPARE_CONFIDENCE_H

#include "compare/calibration_file.h"

enum { COVERAGE_POINTS = 100 };

/* Probabilities as the entry gives them, and at its temperature. */
typedef enum ConfidenceForm { CONFIDENCE_GIVEN, CONFIDENCE_CALIBRATED, CONFIDENCE_FORMS } ConfidenceForm;

typedef struct ConfidenceMeasures {
    double mean; /* confidence: the probability of the answer given */
    Reliability width, mass;
    BrierParts brier;
    double log_loss;
} ConfidenceMeasures;

typedef struct Confidence {
    StoredCalibration temperature; /* rows 0: there were no validation rows to fit it on */
    double accuracy;
    ConfidenceMeasures of[CONFIDENCE_FORMS]; /* the second equals the first where no temperature was fitted */
    CoveragePoint coverage[COVERAGE_POINTS]; /* of the probabilities as given */
} Confidence;

/* NULL in *out, and true, when there are no test rows with probabilities. Else mem_free. */
MUST_CHECK bool confidence_measure(Confidence **out, const Predictions *validation, const Predictions *test, Pool *pool,
                                   Error *err);

#endif
