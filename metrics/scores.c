#include "metrics/scores.h"

#include <math.h>
#include <string.h>

#include "common/profile.h"
#include "metrics/probability_scores.h"

const int TOP_K[TOP_K_COUNT] = {2, 3, 5, 10};

#define FIELD(name, ...) \
    { #name, offsetof(Scores, name), __VA_ARGS__ }
const ScoreField SCORE_FIELDS[] = {
    FIELD(accuracy, false, false),
    FIELD(balanced_accuracy, false, false),
    FIELD(f1_macro, false, false),
    FIELD(f1_micro, false, false),
    FIELD(f1_weighted, false, false),
    FIELD(precision_macro, false, false),
    FIELD(precision_micro, false, false),
    FIELD(precision_weighted, false, false),
    FIELD(recall_macro, false, false),
    FIELD(recall_micro, false, false),
    FIELD(recall_weighted, false, false),
    FIELD(mcc, false, false),
    FIELD(cohen_kappa, false, false),
    FIELD(log_loss, true, true),
    FIELD(brier, true, true),
    FIELD(roc_auc_ovr_macro, false, true),
    FIELD(roc_auc_ovr_weighted, false, true),
};
const int SCORE_FIELD_COUNT = (int)(sizeof SCORE_FIELDS / sizeof *SCORE_FIELDS);

const ScoreField *score_field_find(const char *name) {
    for (int i = 0; i < SCORE_FIELD_COUNT; i++)
        if (strcmp(SCORE_FIELDS[i].name, name) == 0) return &SCORE_FIELDS[i];
    return NULL;
}

double score_value(const Scores *scores, const ScoreField *field) {
    double value;
    memcpy(&value, (const char *)scores + field->offset, sizeof value);
    return value;
}

static void scores_forget(Scores *scores) {
    const double unknown = nan("");
    for (int i = 0; i < SCORE_FIELD_COUNT; i++) memcpy((char *)scores + SCORE_FIELDS[i].offset, &unknown, sizeof(double));
    for (int i = 0; i < TOP_K_COUNT; i++) scores->top_k_accuracy[i] = unknown;
}

static double ratio_or_zero(double numerator, double denominator) { return denominator > 0 ? numerator / denominator : 0; }

static void class_score(ClassScores *out, const Confusion *confusion, int c) {
    double hits = (double)confusion_count(confusion, c, c);
    int64_t support = confusion->support[c], answered = confusion->answered[c];
    *out = (ClassScores){.precision = nan(""), .recall = nan(""), .f1 = nan(""), .roc_auc = nan(""), .support = support};
    if (!support && !answered) return;
    out->precision = ratio_or_zero(hits, (double)answered);
    out->f1 = ratio_or_zero(2 * hits, (double)(support + answered));
    if (support) out->recall = hits / (double)support;
}

static void classes_score(Scores *s) {
    int seen = 0, with_rows = 0;
    double precision = 0, recall = 0, f1 = 0, weighted_precision = 0, weighted_recall = 0, weighted_f1 = 0;
    for (int c = 0; c < s->classes; c++) {
        ClassScores *class = &s->per_class[c];
        class_score(class, &s->confusion, c);
        if (isnan(class->f1)) continue;
        seen++;
        precision += class->precision;
        f1 += class->f1;
        if (!class->support) continue;
        with_rows++;
        recall += class->recall;
        weighted_precision += class->precision * (double)class->support;
        weighted_recall += class->recall * (double)class->support;
        weighted_f1 += class->f1 * (double)class->support;
    }
    if (!seen) return;
    double n = (double)s->rows;
    s->precision_macro = precision / seen;
    s->f1_macro = f1 / seen;
    s->recall_macro = s->balanced_accuracy = recall / with_rows;
    s->precision_weighted = weighted_precision / n;
    s->recall_weighted = weighted_recall / n;
    s->f1_weighted = weighted_f1 / n;
}

/* Both compare the hits with those that chance would give at the same class frequencies. All sums are whole numbers below 2^63
 * (rows are below 2^31), so that nothing cancels. */
static void agreement_score(Scores *s) {
    int64_t n = s->rows, by_chance = 0, truth_squares = 0, answer_squares = 0;
    for (int c = 0; c < s->classes; c++) {
        int64_t t = s->confusion.support[c], p = s->confusion.answered[c];
        by_chance += t * p;
        truth_squares += t * t;
        answer_squares += p * p;
    }
    double covariance = (double)(s->confusion.correct * n - by_chance);
    double spread = (double)(n * n - truth_squares) * (double)(n * n - answer_squares);
    s->mcc = spread > 0 ? covariance / sqrt(spread) : 0;
    double wrong = (double)(n - s->confusion.correct), wrong_by_chance = (double)(n * n - by_chance) / (double)n;
    s->cohen_kappa = wrong_by_chance > 0 ? 1 - wrong / wrong_by_chance : nan("");
}

static bool compute(Scores *scores, const Predictions *predictions, Pool *pool, Error *err) {
    *scores = (Scores){.rows = predictions->rows, .classes = predictions->classes};
    scores_forget(scores);
    if (!predictions->truth)
        return FAIL(err, ERROR_DATA, "the rows have no labels, so that there is nothing to score answers against");
    if (!(scores->per_class = mem_new((size_t)scores->classes, sizeof *scores->per_class, err)) ||
        !confusion_make(&scores->confusion, predictions, err)) {
        scores_free(scores);
        return false;
    }
    classes_score(scores);
    if (!scores->rows) return true;
    /* Every row has one class and one answer: what is wrong for one class is missed by another, and the three are equal. */
    scores->accuracy = (double)scores->confusion.correct / (double)scores->rows;
    scores->precision_micro = scores->recall_micro = scores->f1_micro = scores->accuracy;
    agreement_score(scores);
    if (predictions->probabilities && !probability_scores_compute(scores, predictions, pool, err)) {
        scores_free(scores);
        return false;
    }
    return true;
}

bool scores_compute(Scores *scores, const Predictions *predictions, Pool *pool, Error *err) {
    ProfilePart before = pool_enter(pool, PROFILE_SCORE);
    bool good = compute(scores, predictions, pool, err);
    (void)pool_enter(pool, before);
    return good;
}

void scores_free(Scores *scores) {
    mem_free(scores->per_class);
    confusion_free(&scores->confusion);
    *scores = (Scores){0};
}
