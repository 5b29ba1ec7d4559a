#include "compare/seeds.h"

#include <math.h>

#include "common/file.h"
#include "common/memory.h"
#include "metrics/tally.h"
#include "metrics/variance.h"

const char *const SEED_SCORE_NAMES[SEED_SCORES] = {"accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "log_loss"};

void seeds_free(SeedRuns *seeds) {
    mem_free(seeds->runs);
    mem_free(seeds->right);
    mem_free(seeds->losses);
    *seeds = (SeedRuns){0};
}

bool seeds_begin(SeedRuns *seeds, int count, uint64_t first, Error *err) {
    *seeds = (SeedRuns){.asked = count};
    seeds->runs = mem_new((size_t)count, sizeof *seeds->runs, err);
    for (int r = 0; seeds->runs && r < count; r++) seeds->runs[r].seed = first + (uint64_t)r;
    return seeds->runs != NULL;
}

bool seeds_add(SeedRuns *seeds, int run, const Scores scores[SPLIT_COUNT], const Predictions *test, Error *err) {
    size_t rows = (size_t)test->rows;
    if (!seeds->right) {
        seeds->rows = test->rows;
        seeds->right = mem_new((size_t)seeds->asked * rows, sizeof *seeds->right, err);
        seeds->losses = mem_new((size_t)seeds->asked * rows, sizeof *seeds->losses, err);
    }
    if (!seeds->right || !seeds->losses) return false;
    double *right = seeds->right + (size_t)seeds->count * rows, *losses = seeds->losses + (size_t)seeds->count * rows;
    for (int row = 0; row < test->rows; row++) {
        right[row] = test->predicted[row] == test->truth[row];
        losses[row] = test->probabilities ? row_log_loss(test, row) : (double)NAN;
    }
    seeds->runs[seeds->count].seed = seeds->runs[run].seed;
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
        for (int s = 0; s < SEED_SCORES; s++)
            seeds->runs[seeds->count].scores[split][s] = score_value(&scores[split], score_field_find(SEED_SCORE_NAMES[s]));
    seeds->count++;
    return true;
}

bool seeds_finish(SeedRuns *seeds, Error *err) {
    bool good = variance_split(&seeds->accuracy, seeds->right, seeds->count, seeds->rows, err) &&
                variance_split(&seeds->log_loss, seeds->losses, seeds->count, seeds->rows, err);
    mem_free(seeds->right);
    mem_free(seeds->losses);
    seeds->right = seeds->losses = NULL;
    return good;
}

double seeds_mean(const SeedRuns *seeds, Split split, int score, double *deviation) {
    double sum = 0, squares = 0;
    for (int r = 0; r < seeds->count; r++) sum += seeds->runs[r].scores[split][score];
    double mean = sum / seeds->count;
    for (int r = 0; r < seeds->count; r++) {
        double off = seeds->runs[r].scores[split][score] - mean;
        squares += off * off;
    }
    *deviation = seeds->count > 1 ? sqrt(squares / (seeds->count - 1)) : (double)NAN;
    return mean;
}

/* ---- seeds.json ---- */

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

static VarianceParts read_parts(const Json *json) {
    const double unknown = (double)NAN;
    return (VarianceParts){json_number_or(json_get(json, "seed"), unknown), json_number_or(json_get(json, "rows"), unknown),
                           json_number_or(json_get(json, "both"), unknown)};
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
                    json_number_or(json_get(json_get(run, split_name(split)), SEED_SCORE_NAMES[s]), (double)NAN);
    }
    if (good) {
        seeds->accuracy = read_parts(json_get(json_get(json, "test_variance"), "accuracy"));
        seeds->log_loss = read_parts(json_get(json_get(json, "test_variance"), "log_loss"));
    }
    json_free(json);
    return good;
}
