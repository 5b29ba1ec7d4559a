/* env.json of an earlier run, read. Nothing depends on it but what is said: one that is damaged says nothing. */
#include "compare/environment.h"

#include "common/file.h"
#include "common/utf8.h"

static Json *read(const char *folder) {
    Path path;
    return path_make(&path, NULL, "%s/env.json", folder) && file_exists(path.text) ? json_parse_file(path.text, ERROR_DATA, NULL) : NULL;
}

Sha256Hex environment_data(const char *folder) {
    Sha256Hex data;
    Json *json = read(folder);
    utf8_copy(data.text, sizeof data.text, json_string_or(json_get(json, "data"), ""));
    json_free(json);
    return data;
}

void environment_recorded_processor(char out[128], const char *folder) {
    Json *json = read(folder);
    utf8_copy(out, 128, json_string_or(json_get(json_get(json, "machine"), "processor"), ""));
    json_free(json);
}
