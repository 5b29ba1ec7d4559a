#include "compare/calibration_file.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json.h"

enum { VERSION = 1 };

bool calibration_fit(StoredCalibration *out, const Predictions *validation, Pool *pool, Error *err) {
    *out = (StoredCalibration){0};
    if (!validation->rows || !validation->truth || !validation->probabilities) return true;
    Temperature fit;
    if (!temperature_fit(&fit, validation, pool, err)) return false;
    /* A temperature at the end of its range says that the rows cannot tell one; to apply it would make every answer certain, or none. */
    *out = (StoredCalibration){.temperature = fit.at_limit ? 1 : fit.temperature,
                               .fitted = !fit.at_limit,
                               .rows = validation->rows,
                               .loss_before = fit.loss_before,
                               .loss_after = fit.at_limit ? fit.loss_before : fit.loss_after};
    return true;
}

bool calibration_save(const StoredCalibration *calibration, const char *folder, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/" CALIBRATION_FILE, folder)) return false;
    if (!calibration->rows)
        return unlink(path.text) == 0 || errno == ENOENT || FAIL(err, ERROR_PATH, "%s: %s", path.text, strerror(errno));
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 2);
    json_begin_object(&json);
    json_put_int(&json, "version", VERSION);
    json_put_number(&json, "temperature", calibration->temperature);
    json_put_bool(&json, "fitted", calibration->fitted);
    json_put_string(&json, "fitted_on", "validation");
    json_put_int(&json, "rows", calibration->rows);
    json_put_number(&json, "loss_before", calibration->loss_before);
    json_put_number(&json, "loss_after", calibration->loss_after);
    json_end_object(&json);
    buffer_text(&text, "\n");
    bool written = file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return written;
}

bool calibration_load(StoredCalibration *out, const char *folder, Error *err) {
    Path path;
    *out = (StoredCalibration){0};
    if (!path_make(&path, err, "%s/" CALIBRATION_FILE, folder)) return false;
    if (!file_exists(path.text))
        return FAIL(err, ERROR_MODEL,
                    "%s: no " CALIBRATION_FILE
                    ", which holds the temperature; train, finetune and compare write it into the folders "
                    "they make, for models with probabilities",
                    folder);
    Json *json = json_parse_file(path.text, ERROR_MODEL, err);
    if (!json) return false;
    const Json *temperature = json_get(json, "temperature");
    int64_t rows = json_int_or(json_get(json, "rows"), 0);
    *out = (StoredCalibration){.temperature = json_number_or(temperature, (double)NAN),
                               .fitted = json_bool_or(json_get(json, "fitted"), true),
                               .rows = rows >= 0 && rows <= INT32_MAX ? (int)rows : -1,
                               .loss_before = json_number_or(json_get(json, "loss_before"), (double)NAN),
                               .loss_after = json_number_or(json_get(json, "loss_after"), (double)NAN)};
    bool is_temperature = isfinite(out->temperature) && out->temperature > 0;
    bool good = is_temperature ? out->rows >= 0 || FAIL(err, ERROR_MODEL, "%s: fitted on %lld rows, expected 0 to %d", path.text,
                                                        (long long)rows, INT32_MAX)
                               : FAIL(err, ERROR_MODEL, "%s: temperature is %s, expected a number above 0", path.text,
                                      json_is_number(temperature) ? "not above 0" : "no number");
    json_free(json);
    return good;
}
