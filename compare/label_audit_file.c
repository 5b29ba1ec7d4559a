/* label_errors.json. */
#include <string.h>

#include "common/file.h"
#include "common/json.h"
#include "compare/label_audit.h"

bool label_audit_save(const Audit *audit, const char *key, const char *path, Error *err) {
    Buffer out = {0};
    JsonWriter json = json_writer(&out, 2);
    json_begin_object(&json);
    json_put_string(&json, "key", key);
    json_write_key(&json, "rows");
    json_begin_array(&json);
    for (int i = 0; i < audit->suspect_count; i++) json_write_int(&json, audit->suspects[i].row);
    json_end_array(&json);
    json_write_key(&json, "suggested");
    json_begin_array(&json);
    for (int i = 0; i < audit->suspect_count; i++) json_write_int(&json, audit->suspects[i].suggested);
    json_end_array(&json);
    json_write_key(&json, "scores");
    json_begin_array(&json);
    for (int i = 0; i < audit->suspect_count; i++) json_write_number(&json, audit->suspects[i].score);
    json_end_array(&json);
    json_end_object(&json);
    buffer_text(&out, "\n");
    bool ok = file_write_buffer(path, &out, err);
    buffer_free(&out);
    return ok;
}

/* False for want of memory only. */
static bool read_suspects(Audit *audit, const Dataset *dataset, const Json *json, bool *found, Error *err) {
    int count = json_size(json_get(json, "rows"));
    if (json_size(json_get(json, "suggested")) != count || json_size(json_get(json, "scores")) != count) return true;
    AuditSuspect *suspects = mem_new((size_t)count, sizeof *suspects, err);
    if (!suspects) return false;
    const Json *row = json_first(json_get(json, "rows")), *suggested = json_first(json_get(json, "suggested"));
    const Json *score = json_first(json_get(json, "scores"));
    bool ok = true;
    for (int i = 0; ok && i < count; i++, row = json_next(row), suggested = json_next(suggested), score = json_next(score)) {
        int64_t r = json_int_or(row, -1), s = json_int_or(suggested, -1);
        double p = json_number_or(score, -1);
        ok = r >= 0 && r < dataset->rows && audit->form[r] >= 0 && s >= 0 && s < dataset->classes && p >= 0 && p <= 1;
        if (ok) suspects[i] = (AuditSuspect){(int32_t)r, (int32_t)s, p};
    }
    if (!ok) {
        mem_free(suspects);
        return true;
    }
    audit->suspects = suspects;
    audit->suspect_count = count;
    *found = true;
    return true;
}

bool label_audit_load(Audit *audit, const Dataset *dataset, const char *key, const char *path, bool *found, Error *err) {
    Json *json;
    *found = false;
    if (!json_parse_left(&json, path, err)) return false;
    bool fits = json && (!key || strcmp(json_string_or(json_get(json, "key"), ""), key) == 0);
    bool good = !fits || read_suspects(audit, dataset, json, found, err);
    json_free(json);
    return good;
}
