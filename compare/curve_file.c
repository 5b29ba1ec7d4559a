/* learning_curve.json: written after every point, and read by the next command on the same folder and by report. */
#include <math.h>
#include <string.h>

#include "compare/curve.h"
#include "metrics/score_intervals.h"

/* ---- written ---- */

static void write_point(JsonWriter *json, const CurvePoint *p) {
    json_begin_object(json);
    json_put_bool(json, "done", p->done);
    json_put_int(json, "train_rows", p->rows);
    json_put_int(json, "right", p->right);
    json_put_int(json, "test_rows", p->asked);
    json_put_number(json, "accuracy", p->done ? (double)p->right / p->asked : (double)NAN);
    if (p->done) interval_write_json(json, "accuracy_interval_95", wilson_interval(p->right, p->asked, 0.95));
    json_put_number(json, "validation_accuracy", p->done ? p->validation_accuracy : (double)NAN);
    json_write_key(json, "costs");
    json_begin_object(json);
    json_put_number(json, "seconds", p->seconds);
    json_end_object(json);
    json_end_object(json);
}

static void write_law(JsonWriter *json, const CurveEntry *entry) {
    static const char *const FITS[] = {"good", "too few points", "poor", "vague"};
    json_put_string(json, "fit", FITS[entry->fit]);
    json_write_key(json, "power_law");
    if (entry->fit == CURVE_TOO_FEW)
        json_write_null(json);
    else {
        json_begin_object(json);
        json_put_number(json, "floor", entry->law.floor);
        json_put_number(json, "scale", entry->law.scale);
        json_put_number(json, "power", entry->law.power);
        json_put_number(json, "chi2", entry->law.chi2);
        json_put_number(json, "p", entry->law.p);
        json_end_object(json);
    }
    bool said = entry->fit == CURVE_FITS;
    json_put_number(json, "gain_of_twice", said ? entry->twice : (double)NAN);
    interval_write_json(json, "gain_of_twice_interval_95", said ? entry->twice_interval : (Interval){(double)NAN, (double)NAN});
}

void curve_write(JsonWriter *json, const LearningCurve *curve, const Comparison *comparison) {
    static const char *const CROSSINGS[] = {"unknown", "found", "none", "undecided"};
    json_write_key(json, "shares");
    json_begin_array(json);
    for (int i = 0; i < curve->share_count; i++) json_write_number(json, curve->shares[i]);
    json_end_array(json);
    json_write_key(json, "entries");
    json_begin_array(json);
    for (int i = 0; i < curve->count; i++) {
        const CurveEntry *entry = &curve->entries[i];
        json_begin_object(json);
        json_put_string(json, "entry", comparison->entries[entry->entry].name);
        json_write_key(json, "points");
        json_begin_array(json);
        for (int s = 0; s < curve->share_count; s++) write_point(json, &entry->points[s]);
        json_end_array(json);
        write_law(json, entry);
        json_end_object(json);
    }
    json_end_array(json);
    json_put_string(json, "crossing", CROSSINGS[curve->crossing]);
    json_put_number(json, "crossing_rows", curve->crossing == CROSSING_AT ? curve->crossing_rows : (double)NAN);
    bool found = curve->crossing == CROSSING_AT;
    interval_write_json(json, "crossing_interval_95", found ? curve->crossing_interval : (Interval){(double)NAN, (double)NAN});
}

bool curve_save(const LearningCurve *curve, const Comparison *comparison, const char *path, Error *err) {
    Buffer out = {0};
    JsonWriter json = json_writer(&out, 2);
    json_begin_object(&json);
    json_put_int(&json, "version", 1);
    json_put_string(&json, "data", comparison->data_sha256.text);
    curve_write(&json, curve, comparison);
    json_end_object(&json);
    buffer_text(&out, "\n");
    bool saved = file_write_buffer(path, &out, err);
    buffer_free(&out);
    return saved;
}

/* ---- read ---- */

static bool read_point(CurvePoint *p, const Json *json) {
    int64_t rows = json_int_or(json_get(json, "train_rows"), 0), right = json_int_or(json_get(json, "right"), -1),
            asked = json_int_or(json_get(json, "test_rows"), 0);
    *p = (CurvePoint){.done = json_bool_or(json_get(json, "done"), false),
                      .validation_accuracy = json_finite_or(json_get(json, "validation_accuracy"), (double)NAN),
                      .seconds = json_finite_or(json_get(json_get(json, "costs"), "seconds"), (double)NAN)};
    if (!p->done) return true;
    if (rows < 1 || rows > INT32_MAX || asked < 1 || asked > INT32_MAX || right < 0 || right > asked) return false;
    p->rows = (int)rows;
    p->right = (int)right;
    p->asked = (int)asked;
    return true;
}

static bool is_named(const Comparison *comparison, const char *const *names, int entry, const char *name) {
    const char *own = names ? names[entry] : comparison->entries[entry].name;
    return own && strcmp(own, name) == 0;
}

static bool read_entry(LearningCurve *curve, const Comparison *comparison, const char *const *names, const Json *json) {
    const char *name = json_string_or(json_get(json, "entry"), "");
    CurveEntry *entry = &curve->entries[curve->count];
    int shares = 0;
    *entry = (CurveEntry){.entry = 0};
    while (entry->entry < comparison->entry_count && !is_named(comparison, names, entry->entry, name)) entry->entry++;
    if (entry->entry == comparison->entry_count) return true; /* of another run */
    for (const Json *point = json_first(json_get(json, "points")); point; point = json_next(point))
        if (shares == curve->share_count || !read_point(&entry->points[shares++], point)) return false;
    curve->count++;
    return shares == curve->share_count;
}

bool curve_load(LearningCurve *curve, const Comparison *comparison, const char *const *names, const char *path, Error *err) {
    *curve = (LearningCurve){.a = -1, .b = -1};
    Json *json = json_parse_file(path, ERROR_DATA, err);
    if (!json) return false;
    bool good = json_int_or(json_get(json, "version"), 0) == 1 &&
                strcmp(json_string_or(json_get(json, "data"), ""), comparison->data_sha256.text) == 0;
    for (const Json *share = json_first(json_get(json, "shares")); share && good; share = json_next(share)) {
        double value = json_number_or(share, 0);
        good = curve->share_count < CURVE_SHARES_MOST && value > 0 && value <= 1;
        if (good) curve->shares[curve->share_count++] = value;
    }
    for (const Json *entry = json_first(json_get(json, "entries")); entry && good; entry = json_next(entry))
        good = curve->count < CURVE_ENTRIES_MOST && read_entry(curve, comparison, names, entry);
    json_free(json);
    return good || FAIL(err, ERROR_DATA, "%s: is no learning curve of these rows, or damaged", path);
}
