/* What an entry costs, measured on its saved model as a user would run it. */
#ifndef TWOFOLD_COMPARE_COSTS_H
#define TWOFOLD_COMPARE_COSTS_H

#include "common/json.h"
#include "common/observer.h"
#include "common/parallel.h"
#include "compare/comparison.h"

extern const EntryCosts COSTS_UNKNOWN; /* all NaN */

/* Loads the model folder and fills load_s, startup_s, model_mb, texts_per_s and predict_cpu_ms (many test texts at once) and the latency percentiles: 200 test texts
 * drawn by seed, one at a time, after 20 warm-ups. `dtype`: of an encoder's products; max_length
 * as text_model_load has it. The other fields are left alone. */
MUST_CHECK bool costs_measure(EntryCosts *costs, const char *model_folder, const Dataset *dataset, uint64_t seed, Dtype dtype,
                              int max_length, Pool *pool, const Observer *observer, Error *err);

/* How many of the test texts, the first of them, texts_per_s and predict_cpu_ms are measured on. */
int costs_texts_at_once(int test_rows);

/* One object, every field by name; null for what could not be measured. Stands under the key "costs" wherever it is written. */
void costs_write_json(JsonWriter *json, const EntryCosts *costs);
void costs_read_json(EntryCosts *costs, const Json *json); /* NaN for what is not there */

#endif
