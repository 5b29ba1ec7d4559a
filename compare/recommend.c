#include "compare/recommend.h"

#include <math.h>
#include <stdlib.h>

#include "common/clock.h"

static const double SIGNIFICANCE = 0.05;

static double accuracy(const Comparison *c, int entry) { return c->entries[entry].scores[SPLIT_TEST].accuracy; }

static bool is_done(const Comparison *c, int entry) { return c->entries[entry].status == ENTRY_DONE; }

/* The highest test accuracy among done entries of kinds [first, last], or -1; `but` is left out. */
static int find_best(const Comparison *c, EntryKind first, EntryKind last, int but) {
    int best = -1;
    for (int i = 0; i < c->entry_count; i++) {
        EntryKind kind = c->entries[i].kind;
        if (i == but || !is_done(c, i) || kind < first || kind > last) continue;
        if (best < 0 || accuracy(c, i) > accuracy(c, best) ||
            (accuracy(c, i) == accuracy(c, best) && kind < c->entries[best].kind))
            best = i;
    }
    return best;
}

static bool is_as_good(const Comparison *c, int entry, int best) {
    if (entry == best) return true;
    bool swapped;
    const PairResult *pair = comparison_pair(c, entry, best, &swapped);
    return pair && pair->mcnemar.p >= SIGNIFICANCE;
}

/* Of those as good as the best, the cheapest kind; within it the most accurate. */
static int choose(const Comparison *c, int best) {
    int chosen = best;
    for (int i = 0; i < c->entry_count; i++) {
        if (!is_done(c, i) || !is_as_good(c, i, best)) continue;
        EntryKind kind = c->entries[i].kind, so_far = c->entries[chosen].kind;
        if (kind < so_far || (kind == so_far && accuracy(c, i) > accuracy(c, chosen))) chosen = i;
    }
    return chosen;
}

/* "550 more of 2,000 test texts rightly than cls-logreg (exact McNemar, p < 1e-99)" */
static void say_against(Buffer *out, const Comparison *c, int entry, int other) {
    bool swapped;
    const PairResult *pair = comparison_pair(c, entry, other, &swapped);
    char more[32], rows[32], p[32];
    int64_t gain = pair->counts.only_a - pair->counts.only_b;
    if (swapped) gain = -gain;
    count_text(more, llabs(gain));
    count_text(rows, c->entries[entry].scores[SPLIT_TEST].rows);
    p_value_text(p, pair->mcnemar.log10_p);
    if (gain == 0)
        buffer_printf(out, "as many of %s test texts rightly as %s (exact McNemar, %s)", rows, c->entries[other].name, p);
    else
        buffer_printf(out, "%s %s of %s test texts rightly than %s (exact McNemar, %s)", more, gain > 0 ? "more" : "fewer", rows,
                      c->entries[other].name, p);
}

/* Against the best when a cheaper kind is as good, else against the runner-up, else against the dummy; a lead that may be chance is said to be one. */
static void say_choice(Buffer *out, const Comparison *c, int deploy, int best, int runner_up) {
    buffer_printf(out, "Deploy %s. ", c->entries[deploy].name);
    int other = deploy != best ? best : runner_up >= 0 ? runner_up : find_best(c, ENTRY_DUMMY, ENTRY_DUMMY, deploy);
    if (other < 0) return;
    buffer_text(out, "It answers ");
    say_against(out, c, deploy, other);
    if (is_as_good(c, deploy, other)) {
        buffer_text(out, ": no difference that this test set can show");
        if (c->entries[deploy].kind < c->entries[other].kind) buffer_text(out, ", and it is the cheaper kind to run");
    }
    buffer_text(out, ". ");
}

/* Nothing was learned that chance or a constant answer does not explain. */
static void say_none(Buffer *out, const Comparison *c, int dummy) {
    int learned = find_best(c, ENTRY_WORDS, ENTRY_OTHER, -1);
    if (learned < 0) {
        buffer_printf(out, "Nothing to recommend: only %s finished, which looks at no text.", c->entries[dummy].name);
        return;
    }
    buffer_printf(out, "Deploy none of these: the best, %s, answers ", c->entries[learned].name);
    say_against(out, c, learned, dummy);
    buffer_text(out, ", which looks at no text.");
}

/* What the cheaper kinds would give up. */
static void say_cheaper(Buffer *out, const Comparison *c, int deploy) {
    if (c->entries[deploy].kind <= ENTRY_WORDS) return;
    int words = find_best(c, ENTRY_WORDS, ENTRY_WORDS, deploy);
    if (words < 0) return;
    double points = 100 * (accuracy(c, deploy) - accuracy(c, words));
    if (points > 0)
        buffer_printf(out, "%s needs no encoder and is much cheaper a text: if %.1f points of accuracy do not matter, use that. ",
                      c->entries[words].name, points);
}

/* The last evaluation was the best one, by more than a point of validation accuracy: training longer may well help. */
static bool was_still_learning(const FinetuneResult *training) {
    int count = training->evaluation_count;
    return count >= 2 && training->best_step == training->evaluations[count - 1].step &&
           training->evaluations[count - 1].accuracy > training->evaluations[count - 2].accuracy + 0.01;
}

static void answer_question(Comparison *c) {
    Recommendation *r = &c->recommendation;
    int frozen = find_best(c, ENTRY_FROZEN, ENTRY_FROZEN, -1), tuned = find_best(c, ENTRY_FINETUNE, ENTRY_FINETUNE, -1);
    if (frozen < 0 || tuned < 0) return;
    r->frozen_answered = true;
    double gain = 100 * (accuracy(c, tuned) - accuracy(c, frozen));
    bool told_apart = !is_as_good(c, frozen, tuned);
    r->frozen_enough = gain <= 0 || !told_apart;
    bool swapped;
    char p[32];
    p_value_text(p, comparison_pair(c, frozen, tuned, &swapped)->mcnemar.log10_p);
    if (!r->frozen_enough)
        buffer_printf(&r->question, "A frozen encoder is not enough here: fine-tuning gains %.1f points over %s (%s).", gain,
                      c->entries[frozen].name, p);
    else if (told_apart)
        buffer_printf(&r->question, "A frozen encoder is enough here: %s is %.1f points better than fine-tuning (%s).",
                      c->entries[frozen].name, -gain, p);
    else
        buffer_printf(
            &r->question,
            "A frozen encoder is enough here: %s and fine-tuning cannot be told apart on these test texts (%+.1f points, %s).",
            c->entries[frozen].name, gain, p);
    int words = find_best(c, ENTRY_WORDS, ENTRY_WORDS, -1);
    if (words >= 0 && accuracy(c, words) > accuracy(c, frozen) && !is_as_good(c, frozen, words))
        buffer_printf(&r->question, " Even words alone do better than the frozen encoder.");
    if (r->frozen_enough && was_still_learning(&c->entries[tuned].training))
        buffer_text(&r->question,
                    " But fine-tuning was still getting better when it ended: more epochs, or a higher learning rate, may "
                    "change this.");
}

bool recommend(Comparison *c, Error *err) {
    Recommendation *r = &c->recommendation;
    *r = (Recommendation){.deploy = -1, .runner_up = -1};
    int best = find_best(c, ENTRY_DUMMY, ENTRY_OTHER, -1);
    if (best < 0)
        buffer_text(&r->sentence, "Nothing to recommend: no entry finished.");
    else {
        int chosen = choose(c, best);
        if (c->entries[chosen].kind == ENTRY_DUMMY)
            say_none(&r->sentence, c, chosen);
        else {
            r->deploy = chosen;
            r->runner_up = find_best(c, ENTRY_WORDS, ENTRY_OTHER, chosen);
            say_choice(&r->sentence, c, chosen, best, r->runner_up);
            say_cheaper(&r->sentence, c, chosen);
        }
        answer_question(c);
    }
    while (r->sentence.size && r->sentence.data[r->sentence.size - 1] == ' ') r->sentence.data[--r->sentence.size] = '\0';
    return buffer_ok(&r->sentence, err) && buffer_ok(&r->question, err);
}
