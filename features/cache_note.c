#include "features/cache_note.h"

#include <math.h>
#include <string.h>

#include "common/json.h"

bool cache_note_load(FeatureTimes *times, const char *note, const char *values) {
    Json *json = json_parse_file(note, ERROR_FAILED, NULL);
    Sha256Hex found;
    bool ok = json && sha256_file(&found, values, NULL) && strcmp(found.text, json_string_or(json_get(json, "sha256"), "")) == 0;
    *times = (FeatureTimes){json_number_or(json_get(json, "seconds"), 0), json_number_or(json_get(json, "cpu_seconds"), (double)NAN)};
    json_free(json);
    return ok;
}

void cache_note_save(FeatureTimes times, const char *note, const char *values) {
    Sha256Hex sum;
    if (!sha256_file(&sum, values, NULL)) return;
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 2);
    json_begin_object(&json);
    json_put_string(&json, "sha256", sum.text);
    json_put_number(&json, "seconds", times.wall_s);
    json_put_number(&json, "cpu_seconds", times.cpu_s);
    json_end_object(&json);
    bool written = file_write_buffer(note, &text, NULL);
    (void)written;
    buffer_free(&text);
}
