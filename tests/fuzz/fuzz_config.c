/* config.json: as an encoder's settings, and as entries that are changed and written again. What was written is read back as the same. */
#include "encoder/config.h"
#include "encoder/model_files.h"
#include "tests/fuzz/fuzz.h"

static void check_config(const EncoderConfig *config) {
    FUZZ_CHECK(config->channels % config->heads == 0 && config->layers > 0 && config->positions > 0);
    FUZZ_CHECK(config->classes == 0 || config->labels);
    FUZZ_CHECK(config->classes > 0 || config->why_no_head);
    for (int k = 0; k < config->classes; k++) FUZZ_CHECK(config->labels[k]);
}

static void check_rewritten(const char *path, const EncoderConfig *config) {
    Error err = {0};
    JsonEntries entries = {0};
    EncoderConfig again;
    if (!json_entries_read(&entries, path, ERROR_MODEL, &err)) {
        fuzz_check_error(&err); /* stricter than cJSON */
        return;
    }
    FUZZ_CHECK(model_files_describe_head(&entries, config, &err));
    FUZZ_CHECK(json_entries_write(&entries, path, &err));
    json_entries_free(&entries);
    if (!encoder_config_load(&again, fuzz_folder(), &err)) fuzz_fail(err.message, __FILE__, __LINE__);
    FUZZ_CHECK(again.family == config->family && again.layers == config->layers && again.channels == config->channels);
    FUZZ_CHECK(again.classes == config->classes);
    for (int k = 0; k < config->classes; k++) FUZZ_CHECK(strcmp(again.labels[k], config->labels[k]) == 0);
    encoder_config_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = fuzz_put("config.json", (Bytes){data, size});
    Error err = {0};
    EncoderConfig config;
    if (encoder_config_load(&config, fuzz_folder(), &err)) {
        check_config(&config);
        check_rewritten(path, &config);
    } else
        fuzz_check_error(&err);
    encoder_config_free(&config);
    return 0;
}
