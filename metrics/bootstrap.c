#include "metrics/bootstrap.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/random.h"

/* Losses stand by fours, so that one pass over the weights serves four of them, with a sum each that needs no reordering. */
enum { LANES = 4, DRAW_BLOCK = 1024 };

struct Bootstrap {
    int rows, classes, entries, resamples;
    int patterns;       /* distinct combinations of truth and all answers */
    int32_t *pattern;   /* (rows) */
    int32_t *sizes;     /* (patterns) */
    int32_t *truths;    /* (patterns) */
    int32_t *answers;   /* (patterns, entries) */
    int *columns;       /* (entries) where the log loss stands, the Brier score's part behind it; -1: no probabilities */
    int groups;         /* of LANES columns */
    double *losses;     /* (groups, rows, LANES) */
    double *values;     /* (entries, CORE_COUNT) on the rows themselves */
    double *replicates; /* (CORE_COUNT, entries, resamples) */
};

static double *replicates_of(const Bootstrap *b, int score, int entry) {
    return b->replicates + ((size_t)score * (size_t)b->entries + (size_t)entry) * (size_t)b->resamples;
}

static double loss_of(const Bootstrap *b, int column, int row) {
    return b->losses[((size_t)(column / LANES) * (size_t)b->rows + (size_t)row) * LANES + (size_t)(column % LANES)];
}

static bool rows_are_shared(const Predictions *const *entries, int count, Error *err) {
    const Predictions *first = entries[0];
    if (!first->truth || first->rows == 0) return FAIL(err, ERROR_DATA, "there are no rows with labels to draw from");
    for (int e = 1; e < count; e++)
        if (!predictions_same_rows(first, entries[e]))
            return FAIL(err, ERROR_DATA, "entries 0 and %d do not stand on the same rows", e);
    return true;
}

/* One stable counting pass: `to` holds the rows of `from` by rising key. `places` (classes + 1) is working room. */
static void rows_sort(int32_t *to, const int32_t *from, const int32_t *keys, int rows, int classes, int32_t *places) {
    memset(places, 0, ((size_t)classes + 1) * sizeof *places);
    for (int row = 0; row < rows; row++) places[keys[row] + 1]++;
    for (int c = 0; c < classes; c++) places[c + 1] += places[c];
    for (int i = 0; i < rows; i++) to[places[keys[from[i]]]++] = from[i];
}

static bool pattern_begins(const Predictions *const *entries, int count, int row, int before) {
    if (entries[0]->truth[row] != entries[0]->truth[before]) return true;
    for (int e = 0; e < count; e++)
        if (entries[e]->predicted[row] != entries[e]->predicted[before]) return true;
    return false;
}

/* Rows with equal truth and answers get one number: sorted by each key in turn, they lie side by side. */
static bool patterns_find(Bootstrap *b, const Predictions *const *entries, Error *err) {
    size_t n = (size_t)b->rows;
    int32_t *order = mem_new(n, sizeof *order, err), *other = mem_new(n, sizeof *other, err);
    int32_t *places = mem_new((size_t)b->classes + 1, sizeof *places, err);
    bool ok = order && other && places;
    if (ok) {
        for (int row = 0; row < b->rows; row++) order[row] = row;
        for (int e = 0; e <= b->entries; e++) {
            const int32_t *keys = e < b->entries ? entries[e]->predicted : entries[0]->truth;
            rows_sort(other, order, keys, b->rows, b->classes, places);
            int32_t *swap = order;
            order = other;
            other = swap;
        }
        for (int i = 0; i < b->rows; i++) {
            if (i == 0 || pattern_begins(entries, b->entries, order[i], order[i - 1])) b->patterns++;
            b->pattern[order[i]] = b->patterns - 1;
        }
    }
    mem_free(order);
    mem_free(other);
    mem_free(places);
    return ok;
}

static void patterns_fill(Bootstrap *b, const Predictions *const *entries) {
    for (int row = 0; row < b->rows; row++) {
        size_t pattern = (size_t)b->pattern[row];
        b->sizes[pattern]++;
        b->truths[pattern] = entries[0]->truth[row];
        for (int e = 0; e < b->entries; e++) b->answers[pattern * (size_t)b->entries + (size_t)e] = entries[e]->predicted[row];
    }
}

static void losses_fill(Bootstrap *b, const Predictions *const *entries) {
    for (int e = 0; e < b->entries; e++) {
        if (b->columns[e] < 0) continue;
        size_t group = (size_t)(b->columns[e] / LANES), lane = (size_t)(b->columns[e] % LANES);
        double *out = b->losses + group * (size_t)b->rows * LANES + lane; /* LANES is even: the two never part */
        for (int row = 0; row < b->rows; row++) {
            out[(size_t)row * LANES] = row_log_loss(entries[e], row);
            out[(size_t)row * LANES + 1] = row_brier(entries[e], row);
        }
    }
}

/* What one thread needs to score one resample. */
typedef struct Room {
    uint16_t *weights; /* (rows) how often each was drawn; 65536 times one row of as many or more does not happen */
    int32_t *counts;   /* (patterns) */
    double *sums;      /* (groups, LANES) */
    double *scores;    /* (entries, CORE_COUNT) */
    Tally tally;
} Room;

static bool room_make(Room *room, const Bootstrap *b, Error *err) {
    return (room->weights = mem_new((size_t)b->rows, sizeof *room->weights, err)) &&
           (room->counts = mem_new((size_t)b->patterns, sizeof *room->counts, err)) &&
           (room->sums = mem_new((size_t)b->groups * LANES, sizeof *room->sums, err)) &&
           (room->scores = mem_new((size_t)b->entries * CORE_COUNT, sizeof *room->scores, err)) &&
           tally_make(&room->tally, b->classes, err);
}

static void room_free(Room *room) {
    mem_free(room->weights);
    mem_free(room->counts);
    mem_free(room->sums);
    mem_free(room->scores);
    tally_free(&room->tally);
}

static void weights_draw(uint16_t *weights, int rows, Random *random) {
    uint32_t draws[DRAW_BLOCK];
    memset(weights, 0, (size_t)rows * sizeof *weights);
    for (int left = rows, count; left > 0; left -= count) {
        count = left < DRAW_BLOCK ? left : DRAW_BLOCK;
        random_below_many(random, (uint32_t)rows, draws, count);
        for (int i = 0; i < count; i++) weights[draws[i]]++;
    }
}

/* sums (LANES) = weights (rows) · losses (rows, LANES) */
static void losses_weigh(double *sums, const uint16_t *weights, const double *losses, int rows) {
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int row = 0; row < rows; row++, losses += LANES) {
        double w = weights[row];
        s0 += w * losses[0];
        s1 += w * losses[1];
        s2 += w * losses[2];
        s3 += w * losses[3];
    }
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

static void entry_tally(Tally *tally, const Bootstrap *b, const int32_t *counts, int entry) {
    tally_clear(tally);
    const int32_t *answers = b->answers + entry;
    for (int i = 0; i < b->patterns; i++) tally_count(tally, b->truths[i], answers[(size_t)i * (size_t)b->entries], counts[i]);
    tally_sum(tally);
}

/* The scores of all entries for the rows as often as room->weights says. */
static void weighted_score(const Bootstrap *b, Room *room) {
    memset(room->counts, 0, (size_t)b->patterns * sizeof *room->counts);
    for (int row = 0; row < b->rows; row++) room->counts[b->pattern[row]] += room->weights[row];
    for (int g = 0; g < b->groups; g++)
        losses_weigh(room->sums + (size_t)g * LANES, room->weights, b->losses + (size_t)g * (size_t)b->rows * LANES, b->rows);
    for (int e = 0; e < b->entries; e++) {
        double *scores = room->scores + (size_t)e * CORE_COUNT;
        entry_tally(&room->tally, b, room->counts, e);
        tally_scores(&room->tally, scores);
        int column = b->columns[e];
        scores[CORE_LOG_LOSS] = column < 0 ? nan("") : room->sums[column] / b->rows;
        scores[CORE_BRIER] = column < 0 ? nan("") : room->sums[column + 1] / b->rows;
    }
}

typedef struct Work {
    Bootstrap *bootstrap;
    uint64_t seed;
    Room *rooms; /* (threads) */
} Work;

static void resample_score(void *context, int resample, int thread) {
    const Work *work = context;
    Bootstrap *b = work->bootstrap;
    Room *room = &work->rooms[thread];
    Random random = random_start(work->seed, STREAM_BOOTSTRAP, (uint32_t)resample);
    weights_draw(room->weights, b->rows, &random);
    weighted_score(b, room);
    for (int e = 0; e < b->entries; e++)
        for (int s = 0; s < CORE_COUNT; s++) replicates_of(b, s, e)[resample] = room->scores[e * CORE_COUNT + s];
}

static bool resamples_score(Bootstrap *b, uint64_t seed, Pool *pool, Error *err) {
    int threads = pool_threads(pool);
    Room *rooms = mem_new((size_t)threads, sizeof *rooms, err);
    bool ok = rooms != NULL;
    for (int t = 0; ok && t < threads; t++) ok = room_make(&rooms[t], b, err);
    if (ok) {
        for (int row = 0; row < b->rows; row++) rooms[0].weights[row] = 1;
        weighted_score(b, &rooms[0]);
        memcpy(b->values, rooms[0].scores, (size_t)b->entries * CORE_COUNT * sizeof *b->values);
        pool_run(pool, b->resamples, resample_score, &(Work){b, seed, rooms});
    }
    for (int t = 0; rooms && t < threads; t++) room_free(&rooms[t]);
    mem_free(rooms);
    return ok;
}

static void columns_assign(Bootstrap *b, const Predictions *const *entries) {
    int columns = 0;
    for (int e = 0; e < b->entries; e++) {
        b->columns[e] = entries[e]->probabilities ? columns : -1;
        columns += entries[e]->probabilities ? 2 : 0;
    }
    b->groups = (columns + LANES - 1) / LANES;
}

static bool bootstrap_fill(Bootstrap *b, const Predictions *const *entries, uint64_t seed, Pool *pool, Error *err) {
    size_t n = (size_t)b->rows, count = (size_t)b->entries;
    if (!(b->pattern = mem_new(n, sizeof *b->pattern, err)) || !patterns_find(b, entries, err) ||
        !(b->columns = mem_new(count, sizeof *b->columns, err)))
        return false;
    columns_assign(b, entries);
    size_t patterns = (size_t)b->patterns;
    if (!(b->sizes = mem_new(patterns, sizeof *b->sizes, err)) || !(b->truths = mem_new(patterns, sizeof *b->truths, err)) ||
        !(b->answers = mem_new(patterns * count, sizeof *b->answers, err)) ||
        !(b->losses = mem_new((size_t)b->groups * n * LANES, sizeof *b->losses, err)) ||
        !(b->values = mem_new(count * CORE_COUNT, sizeof *b->values, err)) ||
        !(b->replicates = mem_new(count * CORE_COUNT * (size_t)b->resamples, sizeof *b->replicates, err)))
        return false;
    patterns_fill(b, entries);
    losses_fill(b, entries);
    return resamples_score(b, seed, pool, err);
}

Bootstrap *bootstrap_new(const Predictions *const *entries, int count, int resamples, uint64_t seed, Pool *pool, Error *err) {
    assert(count >= 1 && resamples >= 1);
    if (!rows_are_shared(entries, count, err)) return NULL;
    Bootstrap *b = mem_new(1, sizeof *b, err);
    if (!b) return NULL;
    *b = (Bootstrap){.rows = entries[0]->rows, .classes = entries[0]->classes, .entries = count, .resamples = resamples};
    if (!bootstrap_fill(b, entries, seed, pool, err)) {
        bootstrap_free(b);
        return NULL;
    }
    return b;
}

void bootstrap_free(Bootstrap *b) {
    if (!b) return;
    mem_free(b->pattern);
    mem_free(b->sizes);
    mem_free(b->truths);
    mem_free(b->answers);
    mem_free(b->columns);
    mem_free(b->losses);
    mem_free(b->values);
    mem_free(b->replicates);
    mem_free(b);
}

const double *bootstrap_replicates(const Bootstrap *b, CoreScore score, int entry) {
    assert(entry >= 0 && entry < b->entries);
    return score >= TALLY_SCORES && b->columns[entry] < 0 ? NULL : replicates_of(b, (int)score, entry);
}

/* The jackknife's deviations, each `weights` times (NULL: once), to Efron's acceleration; 0 where nothing deviates. */
static double acceleration(const double *values, const int32_t *weights, int count) {
    double n = 0, sum = 0, squares = 0, cubes = 0;
    for (int i = 0; i < count; i++) {
        double w = isnan(values[i]) ? 0 : weights ? weights[i] : 1;
        n += w;
        sum += w > 0 ? w * values[i] : 0;
    }
    for (int i = 0; i < count; i++) {
        if (isnan(values[i])) continue;
        double w = weights ? weights[i] : 1, d = sum / n - values[i];
        squares += w * d * d;
        cubes += w * d * d * d;
    }
    return squares > 0 ? cubes / (6 * squares * sqrt(squares)) : 0;
}

/* Adds sign times the entry's score without one row of each pattern. */
static bool left_out_add(double *values, const Bootstrap *b, CoreScore score, int entry, double sign, Error *err) {
    Tally tally;
    if (!tally_make(&tally, b->classes, err)) return false;
    entry_tally(&tally, b, b->sizes, entry);
    for (int i = 0; i < b->patterns; i++) {
        double scores[TALLY_SCORES];
        int truth = b->truths[i], answer = b->answers[(size_t)i * (size_t)b->entries + (size_t)entry];
        Tally whole = tally;
        tally_change(&tally, truth, answer, -1);
        tally_scores(&tally, scores);
        values[i] += sign * scores[score];
        tally_count(&tally, truth, answer, 1);
        tally = whole;
    }
    tally_free(&tally);
    return true;
}

/* A score less that of entry `against`, or alone when that is -1. Leaving out a row moves a mean of losses by an amount that is
 * proportional to the row's own, with the sign turned. */
static bool acceleration_find(double *a, const Bootstrap *b, CoreScore score, int entry, int against, Error *err) {
    bool by_counts = score < TALLY_SCORES;
    int count = by_counts ? b->patterns : b->rows;
    double *values = mem_new((size_t)count, sizeof *values, err);
    bool ok = values != NULL;
    if (ok && by_counts)
        ok = left_out_add(values, b, score, entry, 1, err) && (against < 0 || left_out_add(values, b, score, against, -1, err));
    int part = score == CORE_BRIER;
    for (int row = 0; ok && !by_counts && row < count; row++)
        values[row] = (against < 0 ? 0 : loss_of(b, b->columns[against] + part, row)) - loss_of(b, b->columns[entry] + part, row);
    if (ok) *a = acceleration(values, by_counts ? b->sizes : NULL, count);
    mem_free(values);
    return ok;
}

static int compare_doubles(const void *a, const void *b) {
    double x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* numpy.percentile(sorted, 100 · share): linear between neighbours. */
static double percentile(const double *sorted, int count, double share) {
    double place = share * (count - 1), whole = floor(place);
    int low = (int)whole, high = low + 1 < count ? low + 1 : low;
    return sorted[low] + (sorted[high] - sorted[low]) * (place - whole);
}

/* Which share of the resamples lies below the end that a symmetric interval would put at z. */
static double share_corrected(double z, double z0, double a) {
    double slope = 1 - a * (z0 + z);
    if (slope <= 0) return z0 + z < 0 ? 0 : 1;
    return normal_below(z0 + (z0 + z) / slope);
}

/* Bias of the median, in units of the normal distribution. */
static double bias_find(const double *sorted, int count, double value) {
    double below = 0;
    for (int i = 0; i < count; i++) below += sorted[i] < value ? 1 : sorted[i] == value ? 0.5 : 0;
    return normal_quantile(fmin(fmax(below, 0.5), count - 0.5) / count);
}

static double standard_error(const double *values, int count) {
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++) sum += values[i];
    for (int i = 0; i < count; i++) squares += (values[i] - sum / count) * (values[i] - sum / count);
    return count > 1 ? sqrt(squares / (count - 1)) : nan("");
}

/* Collects the resamples that have the score, sorted; returns how many. */
static int replicates_collect(double *out, const double *own, const double *against, int resamples) {
    int count = 0;
    for (int i = 0; i < resamples; i++) {
        out[count] = own[i] - (against ? against[i] : 0);
        count += !isnan(out[count]);
    }
    qsort(out, (size_t)count, sizeof *out, compare_doubles);
    return count;
}

static bool interval_find(BootstrapEstimate *out, const double *sorted, const Bootstrap *b, CoreScore score, int entry,
                          int against, BootstrapMethod method, double confidence, Error *err) {
    double z = normal_quantile((1 - confidence) / 2), z0 = 0, a = 0;
    int count = out->resamples;
    if (sorted[0] == out->value && sorted[count - 1] == out->value) {
        out->interval = (Interval){out->value, out->value};
        return true;
    }
    if (method == BOOTSTRAP_BCA) {
        z0 = bias_find(sorted, count, out->value);
        if (!acceleration_find(&a, b, score, entry, against, err)) return false;
    }
    out->interval.low = percentile(sorted, count, share_corrected(z, z0, a));
    out->interval.high = percentile(sorted, count, share_corrected(-z, z0, a));
    return true;
}

static bool estimate(BootstrapEstimate *out, const Bootstrap *b, CoreScore score, int entry, int against, BootstrapMethod method,
                     double confidence, Error *err) {
    double value = b->values[entry * CORE_COUNT + (int)score] - (against < 0 ? 0 : b->values[against * CORE_COUNT + (int)score]);
    *out = (BootstrapEstimate){.value = value, .standard_error = nan(""), .interval = {nan(""), nan("")}};
    if (isnan(value)) return true;
    double *sorted = mem_new((size_t)b->resamples, sizeof *sorted, err);
    if (!sorted) return false;
    out->resamples = replicates_collect(sorted, replicates_of(b, (int)score, entry),
                                        against < 0 ? NULL : replicates_of(b, (int)score, against), b->resamples);
    bool ok = true;
    if (out->resamples) {
        out->standard_error = standard_error(sorted, out->resamples);
        ok = interval_find(out, sorted, b, score, entry, against, method, confidence, err);
    }
    mem_free(sorted);
    return ok;
}

bool bootstrap_score(BootstrapEstimate *out, const Bootstrap *b, CoreScore score, int entry, BootstrapMethod method,
                     double confidence, Error *err) {
    assert(entry >= 0 && entry < b->entries && confidence > 0 && confidence < 1);
    return estimate(out, b, score, entry, -1, method, confidence, err);
}

bool bootstrap_difference(BootstrapEstimate *out, const Bootstrap *b, CoreScore score, int first, int second,
                          BootstrapMethod method, double confidence, Error *err) {
    assert(first >= 0 && first < b->entries && second >= 0 && second < b->entries && confidence > 0 && confidence < 1);
    return estimate(out, b, score, first, second, method, confidence, err);
}
