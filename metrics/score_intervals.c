#include "metrics/score_intervals.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "metrics/delong.h"

static const Interval UNKNOWN = {(double)NAN, (double)NAN};

/* The scores that are no core score of their own: what they equal, or how they are made. */
typedef enum Method { METHOD_WILSON, METHOD_BOOTSTRAP, METHOD_DELONG_MACRO, METHOD_DELONG_WEIGHTED } Method;

static const struct {
    const char *name;
    Method method;
    CoreScore core;
} OTHERS[] = {
    {"accuracy", METHOD_WILSON, CORE_ACCURACY},
    {"f1_micro", METHOD_WILSON, CORE_ACCURACY}, /* of one class and one answer a row all four are the same number */
    {"precision_micro", METHOD_WILSON, CORE_ACCURACY},
    {"recall_micro", METHOD_WILSON, CORE_ACCURACY},
    {"recall_weighted", METHOD_WILSON, CORE_ACCURACY},
    {"recall_macro", METHOD_BOOTSTRAP, CORE_BALANCED_ACCURACY}, /* the same number under its other name */
    {"roc_auc_ovr_macro", METHOD_DELONG_MACRO, CORE_COUNT},
    {"roc_auc_ovr_weighted", METHOD_DELONG_WEIGHTED, CORE_COUNT},
};

static Method method_find(const char *name, CoreScore *core) {
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (strcmp(OTHERS[i].name, name) == 0) {
            *core = OTHERS[i].core;
            return OTHERS[i].method;
        }
    int score = 0;
    while (score < CORE_COUNT && strcmp(CORE_SCORES[score], name) != 0) score++;
    assert(score < CORE_COUNT);
    *core = (CoreScore)score;
    return METHOD_BOOTSTRAP;
}

static Interval share_interval(double share, int64_t rows, double confidence) {
    return isnan(share) ? UNKNOWN : wilson_interval(llround(share * (double)rows), rows, confidence);
}

static void classes_fill(ScoreIntervals *out, const Scores *scores, const DelongAuc *aucs, double confidence) {
    for (int c = 0; c < out->classes; c++) {
        int64_t support = scores->confusion.support[c], answered = scores->confusion.answered[c],
                hits = confusion_count(&scores->confusion, c, c);
        /* Without answers the precision is 0 by agreement and not by measurement; without rows and answers there is no F1. */
        out->per_class[c] =
            (ClassIntervals){.precision = answered ? wilson_interval(hits, answered, confidence) : UNKNOWN,
                             .recall = support ? wilson_interval(hits, support, confidence) : UNKNOWN,
                             .f1 = support + answered ? f1_interval(hits, support, answered, confidence) : UNKNOWN,
                             .roc_auc = aucs[c].interval};
    }
}

static bool fields_fill(ScoreIntervals *out, const Scores *scores, const Bootstrap *b, int entry, const DelongAuc means[2],
                        double confidence, Error *err) {
    assert(SCORE_FIELD_COUNT <= SCORE_FIELDS_MOST);
    for (int i = 0; i < SCORE_FIELD_COUNT; i++) {
        CoreScore core;
        BootstrapEstimate estimate;
        switch (method_find(SCORE_FIELDS[i].name, &core)) {
        case METHOD_WILSON: out->fields[i] = share_interval(scores->accuracy, scores->rows, confidence); break;
        case METHOD_DELONG_MACRO: out->fields[i] = means[0].interval; break;
        case METHOD_DELONG_WEIGHTED: out->fields[i] = means[1].interval; break;
        default:
            if (!bootstrap_score(&estimate, b, core, entry, BOOTSTRAP_BCA, confidence, err)) return false;
            out->fields[i] = estimate.interval;
        }
    }
    for (int i = 0; i < TOP_K_COUNT; i++)
        out->top_k_accuracy[i] = share_interval(scores->top_k_accuracy[i], scores->rows, confidence);
    return true;
}

bool score_intervals_compute(ScoreIntervals *out, const Scores *scores, const Predictions *predictions,
                             const Bootstrap *bootstrap, int entry, double confidence, Error *err) {
    size_t classes = (size_t)scores->classes;
    *out = (ScoreIntervals){.classes = scores->classes, .per_class = mem_new(classes, sizeof *out->per_class, err)};
    DelongAuc *aucs = mem_new(classes, sizeof *aucs, err), means[2];
    bool ok = out->per_class && aucs && delong_classes(aucs, &means[0], &means[1], predictions, confidence, err) &&
              fields_fill(out, scores, bootstrap, entry, means, confidence, err);
    if (ok) classes_fill(out, scores, aucs, confidence);
    mem_free(aucs);
    if (!ok) score_intervals_free(out);
    return ok;
}

void score_intervals_free(ScoreIntervals *intervals) {
    mem_free(intervals->per_class);
    *intervals = (ScoreIntervals){0};
}

Interval score_interval(const ScoreIntervals *intervals, const char *name) {
    const ScoreField *field = score_field_find(name);
    assert(field);
    return intervals->fields[field - SCORE_FIELDS];
}

void interval_write_json(JsonWriter *writer, const char *key, Interval interval) {
    json_write_key(writer, key);
    if (isnan(interval.low)) {
        json_write_null(writer);
        return;
    }
    json_begin_array(writer);
    json_write_number(writer, interval.low);
    json_write_number(writer, interval.high);
    json_end_array(writer);
}

void score_intervals_write_json(JsonWriter *writer, const ScoreIntervals *intervals, char *const *labels) {
    json_begin_object(writer);
    for (int i = 0; i < SCORE_FIELD_COUNT; i++) interval_write_json(writer, SCORE_FIELDS[i].name, intervals->fields[i]);
    json_write_key(writer, "top_k_accuracy");
    json_begin_object(writer);
    for (int i = 0; i < TOP_K_COUNT; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", TOP_K[i]);
        if (TOP_K[i] < intervals->classes) interval_write_json(writer, key, intervals->top_k_accuracy[i]);
    }
    json_end_object(writer);
    json_write_key(writer, "per_class");
    json_begin_object(writer);
    for (int c = 0; c < intervals->classes; c++) {
        const ClassIntervals *class = &intervals->per_class[c];
        json_write_key(writer, labels[c]);
        json_begin_object(writer);
        interval_write_json(writer, "precision", class->precision);
        interval_write_json(writer, "recall", class->recall);
        interval_write_json(writer, "f1", class->f1);
        interval_write_json(writer, "roc_auc", class->roc_auc);
        json_end_object(writer);
    }
    json_end_object(writer);
    json_end_object(writer);
}
