/* seeds.json of an entry. */
#include <math.h>

#include "common/file.h"
#include "compare/seeds.h"

/* ---- written ---- */

static void write_run(JsonWriter *json, const SeedRun *run) {
    json_begin_object(json);
    json_put_int(json, "seed", (int64_t)run->seed);
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++) {
        json_write_key(json, split_name(split));
        json_begin_object(json);
        for (int s = 0; s < SEED_SCORES; s++) json_put_number(json, SEED_SCORE_NAMES[s], run->scores[split][s]);
        json_end_object(json);
    }
    json_end_object(json);
}

static void write_parts(JsonWriter *json, const char *key, const VarianceParts *parts) {
    json_write_key(json, key);
    json_begin_object(json);
    json_put_number(json, "seed", parts->seed);
    json_put_number(json, "rows", parts->rows);
    json_put_number(json, "both", parts->both);
    json_end_object(json);
}

void seeds_write_json(JsonWriter *json, const SeedRuns *seeds) {
    json_begin_object(json);
    json_write_key(json, "runs");
    json_begin_array(json);
    for (int r = 0; r < seeds->count; r++) write_run(json, &seeds->runs[r]);
    json_end_array(json);
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++) {
        json_write_key(json, split_name(split));
        json_begin_object(json);
        for (int s = 0; s < SEED_SCORES; s++) {
            double deviation, mean = seeds_mean(seeds, split, s, &deviation);
            json_write_key(json, SEED_SCORE_NAMES[s]);
            json_begin_object(json);
            json_put_number(json, "mean", mean);
            json_put_number(json, "standard_deviation", deviation);
            json_end_object(json);
        }
        json_end_object(json);
    }
    json_write_key(json, "test_variance");
    json_begin_object(json);
    write_parts(json, "accuracy", &seeds->accuracy);
    write_parts(json, "log_loss", &seeds->log_loss);
    json_end_object(json);
    json_end_object(json);
}

bool seeds_save(const SeedRuns *seeds, const char *folder, Error *err) {
    Path path;
    Buffer out = {0};
    JsonWriter json = json_writer(&out, 2);
    seeds_write_json(&json, seeds);
    buffer_text(&out, "\n");
    bool saved = path_make(&path, err, "%s/seeds.json", folder) && file_write_buffer(path.text, &out, err);
    buffer_free(&out);
    return saved;
}

/* ---- read ---- */

static VarianceParts read_parts(const Json *json) {
    const double unknown = (double)NAN;
    return (VarianceParts){json_finite_or(json_get(json, "seed"), unknown), json_finite_or(json_get(json, "rows"), unknown),
                           json_finite_or(json_get(json, "both"), unknown)};
}

bool seeds_load(SeedRuns *seeds, const char *folder, Error *err) {
    Path path;
    *seeds = (SeedRuns){0};
    if (!path_make(&path, err, "%s/seeds.json", folder)) return false;
    if (!file_exists(path.text)) return true;
    Json *json = json_parse_file(path.text, ERROR_DATA, err);
    const Json *runs = json_get(json, "runs");
    int64_t count = json ? json_size(runs) : 0;
    if (json && (count < 1 || count > SEEDS_MOST)) {
        json_free(json);
        return FAIL(err, ERROR_DATA, "%s: %lld runs, expected 1 to %d", path.text, (long long)count, SEEDS_MOST);
    }
    bool good = json && seeds_begin(seeds, (int)count, 0, err);
    for (const Json *run = good ? json_first(runs) : NULL; run; run = json_next(run)) {
        SeedRun *into = &seeds->runs[seeds->count++];
        into->seed = (uint64_t)json_int_or(json_get(run, "seed"), 0);
        for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
            for (int s = 0; s < SEED_SCORES; s++)
                into->scores[split][s] =
                    json_finite_or(json_get(json_get(run, split_name(split)), SEED_SCORE_NAMES[s]), (double)NAN);
    }
    if (good) {
        seeds->accuracy = read_parts(json_get(json_get(json, "test_variance"), "accuracy"));
        seeds->log_loss = read_parts(json_get(json_get(json, "test_variance"), "log_loss"));
    }
    json_free(json);
    return good;
}
