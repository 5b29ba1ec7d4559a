/* The recommendation in words. No measured figure stands in them: limits are named, and by whom they are broken. */
#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "compare/recommend.h"
#include "compare/seeds.h"

static const double MISCALIBRATED = 0.05; /* ECE from which thresholds on the probabilities mislead */

static const char *name(const Comparison *c, int entry) { return c->entries[entry].name; }

static double points(const Comparison *c, int better, int entry) {
    return 100 * (c->entries[better].clean_accuracy - c->entries[entry].clean_accuracy);
}

static const PairResult *pair_of(const Comparison *c, int a, int b) {
    bool swapped;
    return comparison_pair(c, a, b, &swapped);
}

/* Rows that only `entry` answers rightly, less those that only `other` does. */
static int64_t lead(const Comparison *c, int entry, int other) {
    const PairResult *pair = pair_of(c, entry, other);
    int64_t gain = pair->clean.counts.only_a - pair->clean.counts.only_b;
    return pair->a == entry ? gain : -gain;
}

/* "exact McNemar, p = 0.012 after Holm's correction for 10 pairs" */
static void add_p(Buffer *out, const Comparison *c, int a, int b) {
    char p[32];
    p_value_text(p, pair_of(c, a, b)->clean.log10_holm);
    buffer_printf(out, "exact McNemar, %s", p);
    if (c->pair_count > 1) buffer_printf(out, " corrected for %d pairs", c->pair_count);
}

/* "40 more of 200 test texts rightly than cls-logreg (+20.0 points, 95 % interval 14.5 to 25.5; exact McNemar, p = 2e-12)" */
static void add_against(Buffer *out, const Comparison *c, int entry, int other) {
    char more[32], rows[32];
    int64_t gain = lead(c, entry, other);
    count_text(more, llabs(gain));
    count_text(rows, c->test_rows_clean);
    if (gain == 0)
        buffer_printf(out, "as many of %s test texts rightly as %s (", rows, name(c, other));
    else
        buffer_printf(out, "%s %s of %s test texts rightly than %s (%+.1f points", more, gain > 0 ? "more" : "fewer", rows,
                      name(c, other), points(c, entry, other));
    const PairResult *pair = pair_of(c, entry, other);
    const PairDifference *d = &pair->differences[PAIR_ACCURACY];
    bool all = c->test_rows_clean == c->dataset->splits[SPLIT_TEST].count;
    if (gain != 0 && all && c->resamples && !isnan(d->interval.low)) {
        double low = pair->b == entry ? d->interval.low : -d->interval.high,
               high = pair->b == entry ? d->interval.high : -d->interval.low;
        buffer_printf(out, ", 95 %% interval %+.1f to %+.1f", 100 * low, 100 * high);
    }
    buffer_text(out, gain ? "; " : "");
    add_p(out, c, entry, other);
    buffer_text(out, ")");
}

/* "About 3,400 test texts would show it." or why none would. */
static void add_rows_needed(Buffer *out, const Comparison *c, int a, int b) {
    double needed = pair_of(c, a, b)->clean.rows_needed;
    char rows[32];
    if (!(needed > c->test_rows_clean) || needed > 1e12) return; /* the exact test asks for a few more than the formula */
    count_text(rows, (int64_t)needed);
    buffer_printf(out, "About %s test texts would show whether a lead of %.1f points is real. ", rows, fabs(points(c, a, b)));
}

static int leaked_rows(const Comparison *c) { return c->dataset->splits[SPLIT_TEST].count - c->test_rows_clean; }

/* ---- to deploy ---- */

static void say_reason(Buffer *out, const Comparison *c) {
    const Recommendation *r = &c->recommendation;
    int other = r->best != r->deploy ? r->best : recommend_best(c, ENTRY_WORDS, ENTRY_OTHER, r->deploy, true);
    if (other < 0) other = recommend_best(c, ENTRY_DUMMY, ENTRY_DUMMY, -1, false);
    if (other < 0 || !pair_of(c, r->deploy, other)) return;
    buffer_text(out, "It answers ");
    add_against(out, c, r->deploy, other);
    /* of the two the better one last: the standing is that of the other to it */
    bool ahead = lead(c, r->deploy, other) > 0;
    Standing standing = ahead ? recommend_standing(c, other, r->deploy) : recommend_standing(c, r->deploy, other);
    bool cheaper = c->entries[r->deploy].kind < c->entries[other].kind;
    if (standing == STANDING_EQUAL || standing == STANDING_UNKNOWN)
        buffer_printf(out, ": no difference that this test set can show%s", cheaper ? ", and it is the cheaper kind to run" : "");
    else if (standing == STANDING_CLOSE && !ahead)
        buffer_printf(out, ": less than --min_gain asks of what costs more");
    buffer_text(out, ". ");
}

static void say_alone(Buffer *out, const Comparison *c) {
    const Recommendation *r = &c->recommendation;
    int done = 0;
    for (int i = 0; i < c->entry_count; i++) done += c->entries[i].status == ENTRY_DONE;
    if (done > 1) return;
    Interval interval = entry_accuracy_interval(&c->entries[r->deploy], SPLIT_TEST);
    buffer_printf(
        out,
        "It is the only entry that finished, so that nothing says whether another would be better: its test accuracy is "
        "%.3f (95 %% interval %.3f to %.3f). ",
        c->entries[r->deploy].scores[SPLIT_TEST].accuracy, interval.low, interval.high);
}

/* Entries that would be chosen but for a limit. */
static void say_limits(Buffer *out, const Comparison *c, int chosen) {
    for (int i = 0; i < c->entry_count; i++) {
        const char *flag = c->entries[i].status == ENTRY_DONE && i != chosen ? recommend_limit_broken(c, i) : NULL;
        if (!flag || c->entries[i].kind == ENTRY_DUMMY) continue;
        if (chosen >= 0 && recommend_standing(c, chosen, i) != STANDING_WORSE) continue;
        if (chosen >= 0)
            buffer_printf(out, "%s is better by %.1f points but over --%s: a higher limit would change the choice. ", name(c, i),
                          points(c, i, chosen), flag);
        else
            buffer_printf(out, "%s is over --%s. ", name(c, i), flag);
    }
}

static void say_leaks(Buffer *out, const Comparison *c, int chosen) {
    int leaked = leaked_rows(c);
    if (!leaked) return;
    char rows[32];
    count_text(rows, leaked);
    buffer_printf(out, "%s test text%s that also stand%s in training or validation %s not counted", rows, leaked == 1 ? "" : "s",
                  leaked == 1 ? "s" : "", leaked == 1 ? "is" : "are");
    int otherwise = recommend_with_leaks(c);
    if (otherwise >= 0 && otherwise != chosen)
        buffer_printf(out, "; with them %s would look better, and that gain vanishes without them", name(c, otherwise));
    buffer_text(out, ". ");
}

/* What would turn the choice: fewer demands, more rows, or entries that did not run. */
static void say_what_changes(Buffer *out, const Comparison *c) {
    const Recommendation *r = &c->recommendation;
    if (r->best != r->deploy) {
        Standing standing = recommend_standing(c, r->deploy, r->best);
        if (standing == STANDING_CLOSE)
            buffer_printf(out, "With a --min_gain of at most %.4f it would be %s. ", points(c, r->best, r->deploy) / 100,
                          name(c, r->best));
        else if (lead(c, r->best, r->deploy) > 0)
            add_rows_needed(out, c, r->best, r->deploy);
    } else if (c->entries[r->deploy].kind > ENTRY_WORDS) {
        int cheaper = recommend_best(c, ENTRY_WORDS, (EntryKind)(c->entries[r->deploy].kind - 1), r->deploy, true);
        int words = recommend_best(c, ENTRY_WORDS, ENTRY_WORDS, r->deploy, true);
        if (words >= 0 && points(c, r->deploy, words) > 0)
            buffer_printf(out,
                          "%s needs no encoder and is much cheaper a text: if %.1f points of accuracy do not matter, use that. ",
                          name(c, words), points(c, r->deploy, words));
        else if (cheaper >= 0 && points(c, r->deploy, cheaper) > 0)
            buffer_printf(out, "%s is the cheaper kind: if %.1f points of accuracy do not matter, use that. ", name(c, cheaper),
                          points(c, r->deploy, cheaper));
    }
}

/* Of a fine-tuning that was repeated: whether its lead over the other holds with other seeds. */
static void say_seeds(Buffer *out, const Comparison *c) {
    const Recommendation *r = &c->recommendation;
    const int pair[] = {r->deploy, r->best != r->deploy ? r->best : r->runner_up};
    for (int i = 0; i < 2; i++) {
        if (pair[i] < 0 || pair[1 - i] < 0 || c->entries[pair[i]].seeds.count < 2) continue;
        const SeedRuns *seeds = &c->entries[pair[i]].seeds;
        double other = c->entries[pair[1 - i]].scores[SPLIT_TEST].accuracy, deviation,
               mean = seeds_mean(seeds, SPLIT_TEST, 0, &deviation);
        int better = 0;
        for (int run = 0; run < seeds->count; run++) better += seeds->runs[run].scores[SPLIT_TEST][0] > other;
        buffer_printf(out, "Over %d seeds %s has %.3f ± %.3f, and is better than %s with %d of them. ", seeds->count,
                      name(c, pair[i]), mean, deviation, name(c, pair[1 - i]), better);
        return;
    }
}

static void say_failed(Buffer *out, const Comparison *c) {
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_FAILED)
            buffer_printf(out, "%s failed and was not compared: once it runs, the choice may change. ", name(c, i));
}

static void say_calibration(Buffer *out, const Comparison *c) {
    const EntryResult *entry = &c->entries[c->recommendation.deploy];
    if (!entry->confidence) return;
    const ConfidenceMeasures *given = &entry->confidence->of[CONFIDENCE_GIVEN];
    if (!(given->width.ece > MISCALIBRATED)) return;
    buffer_printf(out, "Its probabilities are %s (ECE %.2f): calibrate them before a threshold is put on them. ",
                  given->mean > entry->confidence->accuracy ? "too sure" : "not sure enough", given->width.ece);
}

static void say_deploy(Buffer *out, const Comparison *c) {
    const Recommendation *r = &c->recommendation;
    buffer_printf(out, "Deploy %s. ", name(c, r->deploy));
    say_alone(out, c);
    say_reason(out, c);
    say_limits(out, c, r->deploy);
    say_leaks(out, c, r->deploy);
    if (r->runner_up >= 0) buffer_printf(out, "Runner-up: %s. ", name(c, r->runner_up));
    say_what_changes(out, c);
    say_seeds(out, c);
    say_failed(out, c);
    say_calibration(out, c);
}

/* ---- not to deploy ---- */

static void say_undecided(Buffer *out, const Comparison *c) {
    const Recommendation *r = &c->recommendation;
    char rows[32];
    count_text(rows, c->test_rows_clean);
    if (!c->test_rows_clean) {
        buffer_printf(
            out, "Undecided: every test text also stands in training or validation, so that this test shows nothing. Test on "
                 "texts that were not trained on.");
        return;
    }
    int a = r->leaning >= 0 ? r->leaning : recommend_best(c, ENTRY_DUMMY, ENTRY_DUMMY, -1, false), b = r->best;
    double visible = 100 * pair_of(c, a, b)->clean.least_visible;
    buffer_printf(out, "The test set is too small to decide: ");
    if (visible > fabs(points(c, b, a)))
        buffer_printf(out, "with %s test texts only a difference of %.1f points or more between %s and %s would show. ", rows,
                      visible, name(c, b), name(c, a));
    else
        buffer_printf(out, "it has %s texts. ", rows);
    buffer_printf(out, "Undecided: %s answers ", name(c, b));
    add_against(out, c, b, a);
    buffer_text(out, ". ");
    if (lead(c, b, a) > 0) add_rows_needed(out, c, b, a);
    if (r->leaning >= 0)
        buffer_printf(out, "Until there are more, %s is the cheaper kind to run and %s the runner-up. ", name(c, a), name(c, b));
    say_limits(out, c, b);
    say_leaks(out, c, r->leaning);
    say_failed(out, c);
}

/* Nothing was learned that chance or a constant answer does not explain, or nothing may be deployed. */
static void say_none(Buffer *out, const Comparison *c) {
    int dummy = recommend_best(c, ENTRY_DUMMY, ENTRY_DUMMY, -1, false), best = c->recommendation.best;
    int any = recommend_best(c, ENTRY_WORDS, ENTRY_OTHER, -1, false);
    if (best >= 0) {
        buffer_printf(out, "Deploy none of these: the best, %s, answers ", name(c, best));
        add_against(out, c, best, dummy);
        buffer_text(out, ", which looks at no text. ");
        say_limits(out, c, -1);
        say_leaks(out, c, -1);
    } else if (any >= 0) {
        buffer_printf(out, "Deploy none of these: no entry is within the limits. ");
        say_limits(out, c, -1);
        buffer_printf(out, "The most accurate is %s: a higher limit would change the choice. ", name(c, any));
    } else if (dummy >= 0)
        buffer_printf(out, "Nothing to recommend: only %s finished, which looks at no text. ", name(c, dummy));
    else
        buffer_text(out, "Nothing to recommend: no entry finished. ");
    if (best >= 0 || any >= 0 || dummy >= 0) say_failed(out, c);
}

void recommend_write_sentence(Comparison *c) {
    Buffer *out = &c->recommendation.sentence;
    switch (c->recommendation.verdict) {
    case VERDICT_DEPLOY: say_deploy(out, c); break;
    case VERDICT_UNDECIDED: say_undecided(out, c); break;
    default: say_none(out, c);
    }
    while (out->size && out->data[out->size - 1] == ' ') out->data[--out->size] = '\0';
}

/* ---- the program's question ---- */

/* The last evaluation was the best one, by more than a point of validation accuracy: training longer may well help. */
static bool was_still_learning(const FinetuneResult *training) {
    int count = training->evaluation_count;
    return count >= 2 && training->best_step == training->evaluations[count - 1].step &&
           training->evaluations[count - 1].accuracy > training->evaluations[count - 2].accuracy + 0.01;
}

static void say_enough(Buffer *out, const Comparison *c, int frozen, int tuned, Standing standing) {
    double gain = points(c, tuned, frozen);
    char p[32];
    p_value_text(p, pair_of(c, frozen, tuned)->clean.log10_holm);
    bool better = gain < 0 && pair_of(c, frozen, tuned)->clean.log10_holm < log10(0.05);
    if (better)
        buffer_printf(out, "A frozen encoder is enough here: %s is %.1f points better than fine-tuning (%s).", name(c, frozen),
                      -gain, p);
    else if (standing == STANDING_CLOSE)
        buffer_printf(out, "A frozen encoder is enough here: fine-tuning gains %.1f points over %s (%s), less than --min_gain.",
                      gain, name(c, frozen), p);
    else
        buffer_printf(
            out,
            "A frozen encoder is enough here: %s and fine-tuning cannot be told apart on these test texts (%+.1f points, %s).",
            name(c, frozen), gain, p);
}

void recommend_write_question(Comparison *c) {
    Recommendation *r = &c->recommendation;
    int frozen = recommend_best(c, ENTRY_FROZEN, ENTRY_FROZEN, -1, false),
        tuned = recommend_best(c, ENTRY_FINETUNE, ENTRY_FINETUNE, -1, false);
    if (frozen < 0 || tuned < 0 || !c->test_rows_clean) return;
    Standing standing = recommend_standing(c, frozen, tuned);
    if (standing == STANDING_UNKNOWN) {
        buffer_printf(&r->question,
                      "Whether a frozen encoder is enough, this test set is too small to say: %s and fine-tuning are %.1f points "
                      "apart, and less than %.1f would not show.",
                      name(c, frozen), fabs(points(c, tuned, frozen)), 100 * pair_of(c, frozen, tuned)->clean.least_visible);
        return;
    }
    r->frozen_answered = true;
    r->frozen_enough = standing != STANDING_WORSE;
    if (r->frozen_enough)
        say_enough(&r->question, c, frozen, tuned, standing);
    else {
        char p[32];
        p_value_text(p, pair_of(c, frozen, tuned)->clean.log10_holm);
        buffer_printf(&r->question, "A frozen encoder is not enough here: fine-tuning gains %.1f points over %s (%s).",
                      points(c, tuned, frozen), name(c, frozen), p);
    }
    int words = recommend_best(c, ENTRY_WORDS, ENTRY_WORDS, -1, false);
    if (words >= 0 && points(c, words, frozen) > 0 && recommend_standing(c, frozen, words) == STANDING_WORSE)
        buffer_printf(&r->question, " Even words alone do better than the frozen encoder.");
    if (r->frozen_enough && was_still_learning(&c->entries[tuned].training))
        buffer_text(&r->question,
                    " But fine-tuning was still getting better when it ended: more epochs, or a higher learning rate, may "
                    "change this.");
}
