#include "compare/statistics.h"

#include <math.h>

#include "common/memory.h"
#include "common/profile.h"
#include "metrics/bootstrap.h"
#include "metrics/multiple.h"
#include "metrics/permutation.h"

static const double CONFIDENCE = 0.95, LEVEL = 0.05, POWER = 0.8;

static const CoreScore CORES[PAIR_SCORES] = {CORE_ACCURACY, CORE_F1_MACRO, CORE_F1_WEIGHTED, CORE_LOG_LOSS};
const char *const PAIR_SCORE_NAMES[PAIR_SCORES] = {"accuracy", "f1_macro", "f1_weighted", "log_loss"};

/* ---- pairs ---- */

static int64_t rows_of(const PairedCounts *counts) { return counts->both + counts->only_a + counts->only_b + counts->neither; }

/* Connor's formula the other way round: the difference at which it asks for no more than these rows. Were none of n rows answered differently, up to
 * 3 / n of all rows still might be (the rule of three; Hanley and Lippman-Hand 1983). A difference larger than the share of rows that differ brings rows that
 * differ with it, all to one side: so many must at the least. */
static double least_visible(const PairedCounts *counts, double level) {
    double n = (double)rows_of(counts);
    if (!(n > 0)) return (double)NAN;
    double seen = fmin(1, fmax((double)(counts->only_a + counts->only_b), 3) / n);
    double low = 0, high = 1, by_chance = -normal_quantile(level / 2), z = normal_quantile(POWER);
    for (int step = 0; step < 60; step++) {
        double d = (low + high) / 2, share = fmax(seen, d), root = (by_chance * sqrt(share) + z * sqrt(share - d * d)) / d;
        if (root * root > n)
            low = d;
        else
            high = d;
    }
    return high;
}

static void test_pair(PairResult *pair, double level) {
    CleanPair *clean = &pair->clean;
    pair->mcnemar = mcnemar_exact(pair->counts.only_a, pair->counts.only_b);
    clean->mcnemar = mcnemar_exact(clean->counts.only_a, clean->counts.only_b);
    clean->rows_needed = mcnemar_rows_needed(clean->counts.only_a, clean->counts.only_b, rows_of(&clean->counts), level, POWER);
    clean->least_visible = least_visible(&clean->counts, level);
}

static void count_clean(PairResult *pair, const Comparison *c) {
    const Predictions *a = &c->entries[pair->a].predictions[SPLIT_TEST], *b = &c->entries[pair->b].predictions[SPLIT_TEST];
    PairedCounts *counts = &pair->clean.counts;
    *counts = pair->counts;
    for (int row = 0; c->test_rows_clean < a->rows && row < a->rows; row++) {
        if (!comparison_test_leaked(c, row)) continue;
        bool a_right = a->predicted[row] == a->truth[row], b_right = b->predicted[row] == b->truth[row];
        int64_t *cell = a_right ? (b_right ? &counts->both : &counts->only_a) : (b_right ? &counts->only_b : &counts->neither);
        (*cell)--;
    }
}

static bool compare_pair(PairResult *pair, const Comparison *c, Error *err) {
    if (!paired_count(&pair->counts, &c->entries[pair->a].predictions[SPLIT_TEST], &c->entries[pair->b].predictions[SPLIT_TEST],
                      err))
        return false;
    count_clean(pair, c);
    return true;
}

bool statistics_test(PairResult *pairs, int count, Error *err) {
    double *p = mem_new((size_t)count, sizeof *p, err), *clean = mem_new((size_t)count, sizeof *clean, err);
    bool good = p && clean;
    for (int i = 0; good && i < count; i++) {
        test_pair(&pairs[i], LEVEL / count); /* what Holm asks of the smallest p */
        p[i] = pairs[i].mcnemar.log10_p;
        clean[i] = pairs[i].clean.mcnemar.log10_p;
    }
    good = good && holm_adjust(p, p, count, err) && holm_adjust(clean, clean, count, err);
    for (int i = 0; good && i < count; i++) {
        pairs[i].log10_holm = p[i];
        pairs[i].clean.log10_holm = clean[i];
    }
    mem_free(p);
    mem_free(clean);
    return good;
}

static void score_clean(Comparison *c) {
    const RowList *rows = &c->dataset->splits[SPLIT_TEST];
    c->test_rows_clean = 0;
    for (int row = 0; row < rows->count; row++) c->test_rows_clean += !comparison_test_leaked(c, row);
    for (int i = 0; i < c->entry_count; i++) {
        EntryResult *entry = &c->entries[i];
        const Predictions *p = &entry->predictions[SPLIT_TEST];
        int64_t right = 0;
        if (entry->status != ENTRY_DONE) continue;
        for (int row = 0; row < p->rows; row++) right += p->predicted[row] == p->truth[row] && !comparison_test_leaked(c, row);
        entry->clean_accuracy = c->test_rows_clean ? (double)right / c->test_rows_clean : (double)NAN;
    }
}

bool statistics_pairs(Comparison *c, Error *err) {
    score_clean(c);
    c->pairs = mem_new((size_t)c->entry_count * (size_t)c->entry_count, sizeof *c->pairs, err);
    if (!c->pairs) return false;
    for (int a = 0; a < c->entry_count; a++)
        for (int b = a + 1; b < c->entry_count; b++) {
            if (c->entries[a].status != ENTRY_DONE || c->entries[b].status != ENTRY_DONE) continue;
            PairResult *pair = &c->pairs[c->pair_count++];
            *pair = (PairResult){.a = a, .b = b};
            if (!compare_pair(pair, c, err)) return false;
        }
    return statistics_test(c->pairs, c->pair_count, err);
}

/* ---- intervals ---- */

int statistics_permutations(int64_t pairs, int64_t rows) {
    const double FREE = 1e6; /* pairs × rows: two or three seconds on two cores */
    double work = (double)pairs * (double)rows, count = STATISTICS_PERMUTATIONS;
    if (work > FREE) count = fmax(STATISTICS_PERMUTATIONS_LEAST, floor(count * FREE / work));
    return (int)count;
}

/* The entries that are scored on the same resamples. */
typedef struct Work {
    Comparison *comparison;
    const Bootstrap *bootstrap;
    int *entries; /* (count) indices of done entries */
    int *places;  /* (entry_count) where an entry stands among them */
    int count;
    Error *errors; /* (count + pairs) one for each task */
} Work;

static void entry_task(const Work *work, int place, Error *err) {
    EntryResult *entry = &work->comparison->entries[work->entries[place]];
    if (!score_intervals_compute(&entry->intervals, &entry->scores[SPLIT_TEST], &entry->predictions[SPLIT_TEST], work->bootstrap,
                                 place, CONFIDENCE, err))
        entry->intervals = (ScoreIntervals){0};
}

static void pair_task(const Work *work, int i, Error *err) {
    PairResult *pair = &work->comparison->pairs[i];
    for (int s = 0; s < PAIR_SCORES; s++) {
        BootstrapEstimate estimate;
        if (!bootstrap_difference(&estimate, work->bootstrap, CORES[s], work->places[pair->b], work->places[pair->a],
                                  BOOTSTRAP_BCA, CONFIDENCE, err))
            return;
        pair->differences[s] =
            (PairDifference){estimate.value, estimate.standard_error, estimate.interval, .permutation_p = (double)NAN};
    }
}

static void task(void *context, int i, int thread) {
    const Work *work = context;
    (void)thread;
    if (i < work->count)
        entry_task(work, i, &work->errors[i]);
    else
        pair_task(work, i - work->count, &work->errors[i]);
}

static bool run_tasks(Work *work, Pool *pool, Error *err) {
    int count = work->count + work->comparison->pair_count;
    if (!(work->errors = mem_new((size_t)count, sizeof *work->errors, err))) return false;
    pool_run(pool, count, task, work);
    for (int i = 0; i < count; i++)
        if (work->errors[i].kind != ERROR_NONE) {
            if (err) *err = work->errors[i];
            return false;
        }
    return true;
}

static bool permute(Comparison *c, Pool *pool, Error *err) {
    for (int i = 0; i < c->pair_count; i++) {
        double p[CORE_COUNT];
        PairResult *pair = &c->pairs[i];
        if (!permutation_test(p, &c->entries[pair->a].predictions[SPLIT_TEST], &c->entries[pair->b].predictions[SPLIT_TEST],
                              c->permutations, c->seed, pool, err))
            return false;
        for (int s = 0; s < PAIR_SCORES; s++) pair->differences[s].permutation_p = p[CORES[s]];
    }
    return true;
}

static bool draw_and_judge(Work *work, const Predictions **predictions, int resamples, Pool *pool, Error *err) {
    Comparison *c = work->comparison;
    for (int i = 0; i < c->entry_count; i++) {
        if (c->entries[i].status != ENTRY_DONE) continue;
        predictions[work->count] = &c->entries[i].predictions[SPLIT_TEST];
        work->places[i] = work->count;
        work->entries[work->count++] = i;
    }
    if (!work->count || !predictions[0]->rows) return true;
    Bootstrap *bootstrap = bootstrap_new(predictions, work->count, resamples, c->seed, pool, err);
    work->bootstrap = bootstrap;
    c->resamples = resamples;
    c->permutations = statistics_permutations(c->pair_count, predictions[0]->rows);
    if (c->permutations > resamples) c->permutations = resamples;
    bool good = bootstrap && run_tasks(work, pool, err) && permute(c, pool, err);
    bootstrap_free(bootstrap);
    return good;
}

bool statistics_intervals(Comparison *c, int resamples, Pool *pool, Error *err) {
    size_t count = (size_t)c->entry_count;
    Work work = {.comparison = c,
                 .entries = mem_new(count, sizeof *work.entries, err),
                 .places = mem_new(count, sizeof *work.places, err)};
    const Predictions **predictions = mem_new(count, sizeof *predictions, err);
    ProfilePart before = pool_enter(pool, PROFILE_SCORE);
    bool good = work.entries && work.places && predictions && draw_and_judge(&work, predictions, resamples, pool, err);
    (void)pool_enter(pool, before);
    mem_free(work.entries);
    mem_free(work.places);
    mem_free(work.errors);
    mem_free((void *)predictions);
    return good;
}
