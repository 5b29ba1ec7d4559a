/* env.json of a run's folder: what is said of its data and its processor. */
#include "common/utf8.h"
#include "compare/environment.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char processor[128];
    (void)fuzz_put("env.json", (Bytes){data, size});
    Sha256Hex sum = environment_data(fuzz_folder());
    environment_recorded_processor(processor, fuzz_folder());
    FUZZ_CHECK(strlen(sum.text) < sizeof sum.text && strlen(processor) < sizeof processor);
    FUZZ_CHECK(utf8_valid_prefix(processor, strlen(processor)) == strlen(processor));
    fuzz_remove("env.json");
    FUZZ_CHECK(!environment_data(fuzz_folder()).text[0]);
    return 0;
}
