#include "compare/cascade_file.h"

#include <math.h>

#include "common/file.h"
#include "compare/costs.h"

bool cascade_record_save(const EntryCosts *costs, double threshold, const char *first, const char *second, const char *path, Error *err) {
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 2);
    json_begin_object(&json);
    json_put_string(&json, "first", first);
    json_put_string(&json, "second", second);
    json_put_number(&json, "threshold", threshold);
    json_write_key(&json, "costs");
    costs_write_json(&json, costs);
    json_end_object(&json);
    buffer_text(&text, "\n");
    bool written = file_write_buffer(path, &text, err);
    buffer_free(&text);
    return written;
}

bool cascade_record_load(EntryCosts *costs, double threshold, const char *path, bool *found, Error *err) {
    Json *record;
    *found = false;
    if (!json_parse_left(&record, path, err)) return false;
    *found = json_number_or(json_get(record, "threshold"), (double)NAN) == threshold && json_is_object(json_get(record, "costs"));
    if (*found) costs_read_json(costs, json_get(record, "costs"));
    json_free(record);
    return true;
}
