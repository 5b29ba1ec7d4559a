#include "compare/recommend.h"

#include <math.h>

static const double SIGNIFICANCE = 0.05, BLIND = 0.05;

/* The rows a decision reads. */
typedef struct View {
    const Comparison *c;
    bool with_leaks;
} View;

static double accuracy(const View *v, int entry) {
    const EntryResult *e = &v->c->entries[entry];
    return v->with_leaks ? e->scores[SPLIT_TEST].accuracy : e->clean_accuracy;
}

static bool is_done(const View *v, int entry) { return v->c->entries[entry].status == ENTRY_DONE; }

static bool is_over(double value, double limit) { return limit > 0 && !(value <= limit); }

const char *recommend_limit_broken(const Comparison *c, int entry) {
    const EntryCosts *costs = &c->entries[entry].costs;
    if (is_over(costs->predict_ms_p95, c->limits.max_latency_ms)) return "max_latency_ms";
    if (is_over(costs->peak_rss_mb, c->limits.max_memory_mb)) return "max_memory_mb";
    if (is_over(costs->model_mb, c->limits.max_model_mb)) return "max_model_mb";
    return NULL;
}

static bool is_significant(const View *v, int a, int b) {
    bool swapped;
    const PairResult *pair = comparison_pair(v->c, a, b, &swapped);
    return pair && (v->with_leaks ? pair->log10_holm : pair->clean.log10_holm) < log10(SIGNIFICANCE);
}

/* Losses are compared where accuracies are equal; an entry without probabilities has none and comes last. */
static bool is_better(const View *v, int a, int b) {
    double first = accuracy(v, a), second = accuracy(v, b);
    if (first != second) return first > second || isnan(second);
    if (v->c->entries[a].kind != v->c->entries[b].kind) return v->c->entries[a].kind < v->c->entries[b].kind;
    return v->c->entries[a].scores[SPLIT_TEST].log_loss < v->c->entries[b].scores[SPLIT_TEST].log_loss;
}

static Standing standing(const View *v, int entry, int better) {
    double gain = accuracy(v, better) - accuracy(v, entry);
    if (gain > 0 && is_significant(v, entry, better)) {
        /* a gain of 0.02 is 0.98 - 0.96 but for rounding */
        return gain >= v->c->limits.min_gain - 1e-12 ? STANDING_WORSE : STANDING_CLOSE;
    }
    bool swapped;
    const PairResult *pair = comparison_pair(v->c, entry, better, &swapped);
    double visible = pair ? pair->clean.least_visible : (double)NAN;
    return visible <= fmax(BLIND, v->c->limits.min_gain) || is_significant(v, entry, better) ? STANDING_EQUAL : STANDING_UNKNOWN;
}

static int best_of(const View *v, EntryKind first, EntryKind last, int but, bool within_limits) {
    int best = -1;
    for (int i = 0; i < v->c->entry_count; i++) {
        EntryKind kind = v->c->entries[i].kind;
        if (i == but || !is_done(v, i) || kind < first || kind > last || (within_limits && recommend_limit_broken(v->c, i)))
            continue;
        if (best < 0 || is_better(v, i, best)) best = i;
    }
    return best;
}

/* ---- the rules ---- */

typedef struct Decision {
    int best, chosen; /* -1: none */
    int dummy;
    bool beats_dummy; /* the best does, or there is no dummy */
} Decision;

static bool is_candidate(const View *v, const Decision *d, int i) {
    if (!is_done(v, i) || v->c->entries[i].kind == ENTRY_DUMMY || recommend_limit_broken(v->c, i)) return false;
    return d->dummy < 0 || (accuracy(v, i) > accuracy(v, d->dummy) && is_significant(v, i, d->dummy));
}

/* Rules 1 to 3. */
static Decision decide(const View *v) {
    Decision d = {-1, -1, best_of(v, ENTRY_DUMMY, ENTRY_DUMMY, -1, false), true};
    for (int i = 0; i < v->c->entry_count; i++)
        if (is_candidate(v, &d, i) && (d.best < 0 || is_better(v, i, d.best))) d.best = i;
    if (d.best < 0) {
        d.beats_dummy = false;
        d.best = best_of(v, ENTRY_WORDS, ENTRY_OTHER, -1, true);
        return d;
    }
    d.chosen = d.best;
    for (int i = 0; i < v->c->entry_count; i++) {
        if (!is_candidate(v, &d, i) || standing(v, i, d.best) == STANDING_WORSE) continue;
        EntryKind kind = v->c->entries[i].kind, so_far = v->c->entries[d.chosen].kind;
        if (kind < so_far || (kind == so_far && is_better(v, i, d.chosen))) d.chosen = i;
    }
    return d;
}

/* Rule 4, for the rows that are not leaked. */
static Verdict judge(const Comparison *c, const Decision *d) {
    if (d->best < 0) return VERDICT_NONE;
    if (!c->test_rows_clean) return VERDICT_UNDECIDED;
    if (!d->beats_dummy) return recommend_standing(c, d->dummy, d->best) == STANDING_UNKNOWN ? VERDICT_UNDECIDED : VERDICT_NONE;
    bool cheaper = c->entries[d->chosen].kind < c->entries[d->best].kind;
    return cheaper && recommend_standing(c, d->chosen, d->best) == STANDING_UNKNOWN ? VERDICT_UNDECIDED : VERDICT_DEPLOY;
}

Standing recommend_standing(const Comparison *c, int entry, int better) { return standing(&(View){c, false}, entry, better); }

int recommend_best(const Comparison *c, EntryKind first, EntryKind last, int but, bool within_limits) {
    return best_of(&(View){c, false}, first, last, but, within_limits);
}

int recommend_with_leaks(const Comparison *c) { return decide(&(View){c, true}).chosen; }

/* The next best that could be deployed; where all others are over a limit, the best of those. */
static int find_runner_up(const Comparison *c, int but) {
    int within = recommend_best(c, ENTRY_WORDS, ENTRY_OTHER, but, true);
    return within >= 0 ? within : recommend_best(c, ENTRY_WORDS, ENTRY_OTHER, but, false);
}

bool recommend(Comparison *c, Error *err) {
    Decision d = decide(&(View){c, false});
    Recommendation *r = &c->recommendation;
    *r = (Recommendation){.verdict = judge(c, &d), .deploy = -1, .leaning = -1, .runner_up = -1};
    if (r->verdict == VERDICT_DEPLOY) {
        r->deploy = d.chosen;
        r->best = d.best;
        r->runner_up = find_runner_up(c, d.chosen);
    } else {
        r->best = d.best;
        if (r->verdict == VERDICT_UNDECIDED && c->test_rows_clean && d.chosen >= 0 && d.chosen != d.best) {
            r->leaning = d.chosen;
            r->runner_up = d.best;
        }
    }
    recommend_write_sentence(c);
    recommend_write_question(c);
    return buffer_ok(&r->sentence, err) && buffer_ok(&r->question, err);
}
