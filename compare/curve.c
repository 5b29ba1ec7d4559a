#include "compare/curve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "metrics/score_intervals.h"

/* A law is believed when its points are not too far from it, and what it says about twice the rows is known to this many points of accuracy. */
static const double POOR_P = 0.05, VAGUE = 0.10;
/* Crossings are looked for up to this many times the rows there are; draws that agree by this share decide. */
static const double REACH = 10, AGREED = 0.9;
enum { PLACES = 200 };

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool curve_shares(LearningCurve *curve, const char *text, Error *err) {
    *curve = (LearningCurve){.a = -1, .b = -1};
    for (const char *at = text; *at;) {
        char *end;
        double share = strtod(at, &end);
        if (end == at || !(share > 0 && share <= 1) || (*end && *end != ','))
            return FAIL(err, ERROR_USAGE, "--learning_curve %s: expected shares above 0 and up to 1, as in 0.1,0.25,0.5,1", text);
        if (curve->share_count == CURVE_SHARES_MOST - 1)
            return FAIL(err, ERROR_USAGE, "--learning_curve: more than %d shares", CURVE_SHARES_MOST - 1);
        if (share < 1) curve->shares[curve->share_count++] = share;
        at = *end ? end + 1 : end;
    }
    qsort(curve->shares, (size_t)curve->share_count, sizeof *curve->shares, by_value);
    int kept = 0;
    for (int i = 0; i < curve->share_count; i++)
        if (!kept || curve->shares[i] != curve->shares[kept - 1]) curve->shares[kept++] = curve->shares[i];
    curve->shares[kept++] = 1;
    curve->share_count = kept;
    return kept > 1 || FAIL(err, ERROR_USAGE, "--learning_curve %s: expected a share below 1 too, as in 0.1,0.25,0.5,1", text);
}

/* ---- judging ---- */

static int gather(LearningPoint points[CURVE_SHARES_MOST], const LearningCurve *curve, int number) {
    int count = 0;
    for (int i = 0; i < curve->share_count; i++) {
        const CurvePoint *p = &curve->entries[number].points[i];
        if (!p->done || (count && points[count - 1].n == p->rows)) continue;
        points[count++] = (LearningPoint){.n = p->rows, .wrong = p->asked - p->right, .asked = p->asked};
    }
    return count;
}

static double rows_of(const LearningCurve *curve, int number) {
    return curve->entries[number].points[curve->share_count - 1].rows;
}

static Interval middle(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return (Interval){values[(int)(0.025 * (count - 1))], values[(int)ceil(0.975 * (count - 1))]};
}

/* *laws (LEARNING_DRAWS) is left to the caller when the fit is good enough to be asked. */
static bool judge_entry(LearningCurve *curve, int number, const Comparison *comparison, PowerLaw *laws, Error *err) {
    CurveEntry *entry = &curve->entries[number];
    LearningPoint points[CURVE_SHARES_MOST];
    int count = gather(points, curve, number);
    entry->fit = CURVE_TOO_FEW;
    if (count < 4) return true;
    if (!power_law_fit(&entry->law, points, count, err) ||
        !power_law_draw(laws, points, count, comparison->seed, (uint32_t)entry->entry, err))
        return false;
    double gains[LEARNING_DRAWS], n = rows_of(curve, number);
    for (int i = 0; i < LEARNING_DRAWS; i++) gains[i] = power_law_error(&laws[i], n) - power_law_error(&laws[i], 2 * n);
    entry->twice = power_law_error(&entry->law, n) - power_law_error(&entry->law, 2 * n);
    entry->twice_interval = middle(gains, LEARNING_DRAWS);
    entry->fit = entry->law.p < POOR_P                                            ? CURVE_POOR
                 : entry->twice_interval.high - entry->twice_interval.low > VAGUE ? CURVE_VAGUE
                                                                                  : CURVE_FITS;
    return true;
}

/* The first size from `from` to `to` at which the second law becomes as good as the first, or the first as the second; NaN: none. */
static double find_crossing(const PowerLaw *a, const PowerLaw *b, double from, double to) {
    double last = 0;
    for (int i = 0; i <= PLACES; i++) {
        double n = from * pow(to / from, (double)i / PLACES), off = power_law_error(a, n) - power_law_error(b, n);
        if (i && (off > 0) != (last > 0)) return n;
        last = off;
    }
    return (double)NAN;
}

static void judge_crossing(LearningCurve *curve, const PowerLaw *laws_a, const PowerLaw *laws_b) {
    double from = curve->entries[curve->a].points[0].rows, to = REACH * rows_of(curve, curve->a), places[LEARNING_DRAWS];
    int found = 0;
    for (int i = 0; i < LEARNING_DRAWS; i++) {
        double place = find_crossing(&laws_a[i], &laws_b[i], from, to);
        if (!isnan(place)) places[found++] = place;
    }
    curve->crossing = CROSSING_UNDECIDED;
    curve->crossing_rows = find_crossing(&curve->entries[curve->a].law, &curve->entries[curve->b].law, from, to);
    if (found <= (1 - AGREED) * LEARNING_DRAWS && isnan(curve->crossing_rows)) curve->crossing = CROSSING_NONE;
    if (found < AGREED * LEARNING_DRAWS || isnan(curve->crossing_rows)) return;
    curve->crossing = CROSSING_AT;
    curve->crossing_interval = middle(places, found);
}

static int best_of(const LearningCurve *curve, const Comparison *c, EntryKind kind) {
    int best = -1;
    for (int i = 0; i < curve->count; i++) {
        const EntryResult *entry = &c->entries[curve->entries[i].entry];
        if (entry->kind != kind) continue;
        if (best < 0 || entry->scores[SPLIT_TEST].accuracy > c->entries[curve->entries[best].entry].scores[SPLIT_TEST].accuracy)
            best = i;
    }
    return best;
}

bool curve_judge(LearningCurve *curve, const Comparison *comparison, Error *err) {
    PowerLaw *laws = mem_new((size_t)3 * LEARNING_DRAWS, sizeof *laws, err), *a = laws, *b = laws + LEARNING_DRAWS;
    bool good = laws != NULL;
    curve->a = best_of(curve, comparison, ENTRY_FROZEN);
    curve->b = best_of(curve, comparison, ENTRY_FINETUNE);
    for (int i = 0; good && i < curve->count; i++)
        good = judge_entry(curve, i, comparison, i == curve->a ? a : i == curve->b ? b : b + LEARNING_DRAWS, err);
    curve->crossing = CROSSING_UNKNOWN;
    if (good && curve->a >= 0 && curve->b >= 0 && curve->entries[curve->a].fit == CURVE_FITS &&
        curve->entries[curve->b].fit == CURVE_FITS)
        judge_crossing(curve, a, b);
    mem_free(laws);
    return good;
}

/* ---- words ---- */

bool curve_say_too_few(Buffer *out, const LearningCurve *curve) {
    for (int i = 0; i < curve->count; i++)
        if (curve->entries[i].fit != CURVE_TOO_FEW) return false;
    buffer_text(out, "With fewer than four sizes nothing is said about what more labels would bring, nor where the paths cross: "
                     "--learning_curve 0.1,0.25,0.5,1 has four.");
    return true;
}

void curve_say_entry(Buffer *out, const LearningCurve *curve, int number, const Comparison *comparison) {
    const CurveEntry *entry = &curve->entries[number];
    buffer_printf(out, "%s: ", comparison->entries[entry->entry].name);
    switch (entry->fit) {
    case CURVE_FITS:
        buffer_printf(out, "twice the labels would bring %+.1f points of accuracy (95 %% interval %+.1f to %+.1f)",
                      100 * entry->twice, 100 * entry->twice_interval.low, 100 * entry->twice_interval.high);
        return;
    case CURVE_TOO_FEW: buffer_text(out, "fewer than four sizes, too few to say what more labels would bring"); return;
    case CURVE_POOR: buffer_text(out, "its points do not follow a power law, so that nothing is said about more labels"); return;
    case CURVE_VAGUE:
        buffer_text(
            out, "its points leave open by more than 10 points what twice the labels would bring; a larger test set would help");
        return;
    }
}

void curve_say_crossing(Buffer *out, const LearningCurve *curve, const Comparison *comparison) {
    if (curve->a < 0 || curve->b < 0) return;
    const char *a = comparison->entries[curve->entries[curve->a].entry].name,
               *b = comparison->entries[curve->entries[curve->b].entry].name;
    char rows[32], low[32], high[32];
    switch (curve->crossing) {
    case CROSSING_AT:
        count_text(rows, llround(curve->crossing_rows));
        count_text(low, llround(curve->crossing_interval.low));
        count_text(high, llround(curve->crossing_interval.high));
        buffer_printf(out, "The curves of %s and %s cross at about %s training texts (95 %% interval %s to %s).", a, b, rows, low,
                      high);
        return;
    case CROSSING_NONE:
        buffer_printf(
            out, "The curves of %s and %s do not cross between the smallest part and ten times the training texts there are.", a,
            b);
        return;
    case CROSSING_UNDECIDED:
        buffer_printf(out, "Whether and where the curves of %s and %s cross, these points do not say.", a, b);
        return;
    case CROSSING_UNKNOWN:
        buffer_printf(out, "Where %s and %s cross is not said: a power law does not fit both well enough.", a, b);
        return;
    }
}
