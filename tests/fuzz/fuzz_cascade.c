/* cascade.json: what a cascade cost in an earlier run, at the threshold 0.75. What is found is written as what is found again. */
#include <math.h>

#include "compare/cascade_file.h"
#include "compare/costs.h"
#include "tests/fuzz/fuzz.h"

static const double THRESHOLD = 0.75;

static void write_costs(Buffer *out, const EntryCosts *costs) {
    JsonWriter json = json_writer(out, 0);
    costs_write_json(&json, costs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    EntryCosts costs = COSTS_UNKNOWN, again = COSTS_UNKNOWN;
    Error err = {0};
    bool found = true, found_again = false;
    if (!cascade_record_load(&costs, THRESHOLD, fuzz_put("cascade.json", (Bytes){data, size}), &found, &err)) fuzz_check_error(&err);
    FUZZ_CHECK(!err.kind || !found);
    if (!found) return 0;
    Buffer one = {0}, other = {0};
    FUZZ_CHECK(cascade_record_save(&costs, THRESHOLD, "a", "b", fuzz_path("again.json"), &err));
    FUZZ_CHECK(cascade_record_load(&again, THRESHOLD, fuzz_path("again.json"), &found_again, &err) && found_again);
    write_costs(&one, &costs);
    write_costs(&other, &again);
    FUZZ_CHECK(one.size == other.size && memcmp(one.data, other.data, one.size) == 0);
    FUZZ_CHECK(cascade_record_load(&again, 0.5, fuzz_path("again.json"), &found_again, &err) && !found_again);
    buffer_free(&one);
    buffer_free(&other);
    return 0;
}
