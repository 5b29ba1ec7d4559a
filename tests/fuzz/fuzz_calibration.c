/* calibration.json in a model folder; an empty one is what was fitted on three rows. What loads is a temperature to divide by, and is written as what
 * loads the same. */
#include <math.h>

#include "compare/calibration_file.h"
#include "tests/fuzz/fuzz.h"

static void put_fitted(void) {
    int32_t truth[] = {0, 1, 1}, predicted[] = {0, 0, 1};
    double probabilities[] = {0.9, 0.1, 0.8, 0.2, 0.3, 0.7};
    Predictions rows = {.rows = 3, .classes = 2, .truth = truth, .predicted = predicted, .probabilities = probabilities};
    StoredCalibration fitted;
    FUZZ_CHECK(calibration_fit(&fitted, &rows, NULL, NULL) && fitted.rows == 3 && calibration_save(&fitted, fuzz_folder(), NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    StoredCalibration stored, again;
    Error err = {0};
    if (size)
        (void)fuzz_put(CALIBRATION_FILE, (Bytes){data, size});
    else
        put_fitted();
    if (!calibration_load(&stored, fuzz_folder(), &err)) {
        fuzz_check_error(&err);
        return 0;
    }
    FUZZ_CHECK(isfinite(stored.temperature) && stored.temperature > 0 && stored.rows >= 0);
    FUZZ_CHECK(calibration_save(&stored, fuzz_folder(), &err));
    if (!stored.rows) { /* fitted on nothing: there is no file then */
        FUZZ_CHECK(!calibration_load(&again, fuzz_folder(), &err));
        return 0;
    }
    if (!calibration_load(&again, fuzz_folder(), &err)) fuzz_fail(err.message, __FILE__, __LINE__);
    FUZZ_CHECK(again.temperature == stored.temperature && again.fitted == stored.fitted && again.rows == stored.rows);
    return 0;
}
