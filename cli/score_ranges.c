#include "cli/score_ranges.h"

#include <math.h>

#include "common/file.h"
#include "metrics/score_intervals.h"

static const double CONFIDENCE = 0.95;
static const double MOST_DRAWS = 2e9; /* some ten seconds */

/* Fewer where the rows are so many that their scores are near certain anyway. */
static int choose_resamples(int rows) {
    double most = MOST_DRAWS / rows;
    return most >= BOOTSTRAP_RESAMPLES ? BOOTSTRAP_RESAMPLES : most > 1000 ? (int)most : 1000;
}

static bool print_ranges(const ScoreIntervals *intervals, Error *err) {
    static const struct {
        const char *name, *shown;
    } SCORES[] = {{"accuracy", "accuracy"}, {"balanced_accuracy", "balanced"}, {"f1_macro", "macro F1"}, {"f1_weighted", "weighted F1"}, {"log_loss", "log loss"}};
    Buffer line = {0};
    buffer_text(&line, "95 % intervals  ");
    for (size_t i = 0; i < sizeof SCORES / sizeof *SCORES; i++) {
        Interval interval = score_interval(intervals, SCORES[i].name);
        if (!isnan(interval.low)) buffer_printf(&line, "%s%s %.4f to %.4f", i ? ", " : "", SCORES[i].shown, interval.low, interval.high);
    }
    buffer_text(&line, "\n");
    bool ok = output_add(&line, err);
    buffer_free(&line);
    return ok;
}

static bool write_ranges(const Run *run, Split split, const ScoreIntervals *intervals, int resamples, char *const *labels, Error *err) {
    Path path;
    if (!path_make(&path, err, "%s/intervals.json", run->settings.output_dir)) return false;
    Buffer text = {0};
    JsonWriter json = json_writer(&text, 2);
    json_begin_object(&json);
    json_put_number(&json, "confidence", CONFIDENCE);
    json_put_int(&json, "resamples", resamples);
    json_put_int(&json, "seed", (int64_t)run->settings.seed);
    json_write_key(&json, split_name(split));
    score_intervals_write_json(&json, intervals, labels);
    json_end_object(&json);
    buffer_text(&text, "\n");
    bool ok = file_write_buffer(path.text, &text, err);
    buffer_free(&text);
    return ok;
}

bool score_ranges_report(const Run *run, Split split, const Scores *scores, const Predictions *predictions, char *const *labels, Error *err) {
    ScoreIntervals intervals = {0};
    int resamples = choose_resamples(predictions->rows);
    ProfilePart before = run_enter(run, PROFILE_SCORE);
    Bootstrap *bootstrap = bootstrap_new(&predictions, 1, resamples, run->settings.seed, run->pool, err);
    bool ok = bootstrap && score_intervals_compute(&intervals, scores, predictions, bootstrap, 0, CONFIDENCE, err);
    (void)run_enter(run, before);
    if (ok && !run->settings.json) ok = print_ranges(&intervals, err);
    if (ok && run->settings.output_dir) ok = write_ranges(run, split, &intervals, resamples, labels, err);
    bootstrap_free(bootstrap);
    score_intervals_free(&intervals);
    return ok;
}
