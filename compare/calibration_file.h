/* calibration.json in a model folder: the temperature that was fitted on the validation rows. A file of its own, so that a folder stays what
 * transformers reads and wrote; it is read only when calibrated probabilities are asked for. */
#ifndef TWOFOLD_COMPARE_CALIBRATION_FILE_H
#define TWOFOLD_COMPARE_CALIBRATION_FILE_H

#include "metrics/calibration.h"

#define CALIBRATION_FILE "calibration.json"

typedef struct StoredCalibration {
    double temperature; /* 1 where none could be fitted */
    bool fitted;        /* false: every validation row was answered rightly, or all probabilities are alike */
    int rows;           /* it was fitted on */
    double loss_before, loss_after;
} StoredCalibration;

/* Fits on these (validation) rows. `out` is all zero, rows 0, when they are no rows to fit on: none, or without probabilities. */
MUST_CHECK bool calibration_fit(StoredCalibration *out, const Predictions *validation, Pool *pool, Error *err);

/* Writes what was fitted; when rows is 0, takes away what an earlier model left. */
MUST_CHECK bool calibration_save(const StoredCalibration *calibration, const char *folder, Error *err);
/* ERROR_MODEL when there is none, or it holds no temperature above 0. */
MUST_CHECK bool calibration_load(StoredCalibration *out, const char *folder, Error *err);

#endif
