/* What compare.json says about certainty. */
#include <math.h>

#include "compare/statistics.h"

/* Infinity is no number of JSON's: an entry that would need endless rows to be told apart has null. */
static void put_rows_needed(JsonWriter *json, double rows) {
    json_write_key(json, "rows_needed");
    if (isfinite(rows) && rows < 9e15)
        json_write_int(json, (int64_t)rows);
    else
        json_write_null(json);
}

void statistics_write_json(JsonWriter *json, const Comparison *c) {
    json_write_key(json, "statistics");
    json_begin_object(json);
    json_put_number(json, "confidence", 0.95);
    json_put_int(json, "resamples", c->resamples);
    json_put_int(json, "permutations", c->permutations);
    json_put_int(json, "test_rows_without_leaks", c->test_rows_clean);
    json_end_object(json);
}

void statistics_write_entry_json(JsonWriter *json, const Comparison *c, const EntryResult *entry) {
    json_write_key(json, "intervals_95");
    if (!c->resamples || entry->status != ENTRY_DONE) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    json_write_key(json, "test");
    score_intervals_write_json(json, &entry->intervals, c->dataset->class_names);
    json_end_object(json);
}

void statistics_write_mcnemar_json(JsonWriter *json, const McNemar *mcnemar) {
    json_write_key(json, "mcnemar");
    json_begin_object(json);
    json_put_number(json, "p", mcnemar->p);
    json_put_number(json, "log10_p", mcnemar->log10_p);
    json_put_number(json, "mid_p", mcnemar->mid_p);
    json_put_number(json, "log10_mid_p", mcnemar->log10_mid_p);
    json_end_object(json);
}

static void put_holm(JsonWriter *json, double log10_holm) {
    json_write_key(json, "holm");
    json_begin_object(json);
    json_put_number(json, "p", pow(10, log10_holm));
    json_put_number(json, "log10_p", log10_holm);
    json_end_object(json);
}

static void put_clean(JsonWriter *json, const CleanPair *clean) {
    json_write_key(json, "without_leaks");
    json_begin_object(json);
    json_put_int(json, "both", clean->counts.both);
    json_put_int(json, "only_a", clean->counts.only_a);
    json_put_int(json, "only_b", clean->counts.only_b);
    json_put_int(json, "neither", clean->counts.neither);
    statistics_write_mcnemar_json(json, &clean->mcnemar);
    put_holm(json, clean->log10_holm);
    put_rows_needed(json, clean->rows_needed);
    json_put_number(json, "least_visible_difference", clean->least_visible);
    json_end_object(json);
}

static void put_difference(JsonWriter *json, const char *key, const PairDifference *difference) {
    json_write_key(json, key);
    if (isnan(difference->value)) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    json_put_number(json, "b_less_a", difference->value);
    json_put_number(json, "standard_error", difference->standard_error);
    interval_write_json(json, "interval_95", difference->interval);
    json_put_number(json, "permutation_p", difference->permutation_p);
    json_end_object(json);
}

void statistics_write_pair_json(JsonWriter *json, const Comparison *c, const PairResult *pair) {
    put_holm(json, pair->log10_holm);
    put_clean(json, &pair->clean);
    json_write_key(json, "differences");
    json_begin_object(json);
    for (int s = 0; c->resamples && s < PAIR_SCORES; s++) put_difference(json, PAIR_SCORE_NAMES[s], &pair->differences[s]);
    json_end_object(json);
}
