#include "compare/comparison.h"

#include <math.h>

#include "common/memory.h"
#include "compare/error_facts.h"

void entry_result_free(EntryResult *entry) {
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        predictions_free(&entry->predictions[split]);
        scores_free(&entry->scores[split]);
    }
    mem_free(entry->confidence);
    score_intervals_free(&entry->intervals);
    seeds_free(&entry->seeds);
    finetune_result_free(&entry->training);
}

bool comparison_is_joint(const Comparison *comparison) { return comparison->run_count > 1; }

void comparison_free(Comparison *comparison) {
    error_facts_free(comparison->errors);
    for (int i = 0; i < comparison->entry_count; i++) entry_result_free(&comparison->entries[i]);
    mem_free(comparison->entries);
    mem_free(comparison->pairs);
    mem_free(comparison->cascades);
    mem_free(comparison->tuning);
    mem_free(comparison->curve);
    mem_free(comparison->model.lengths);
    maps_free(&comparison->maps);
    audit_free(&comparison->audit);
    buffer_free(&comparison->recommendation.sentence);
    buffer_free(&comparison->recommendation.question);
    *comparison = (Comparison){0};
}

bool comparison_test_leaked(const Comparison *comparison, int i) {
    const uint16_t *flags = comparison->audit.flags;
    return flags && (flags[comparison->dataset->splits[SPLIT_TEST].rows[i]] & AUDIT_ANY_LEAK);
}

const char *entry_source_name(EntrySource source) {
    static const char *const NAMES[] = {[ENTRY_TRAINED] = "trained", [ENTRY_ANSWERS] = "predictions", [ENTRY_SAVED] = "model"};
    return NAMES[source];
}

bool entry_model_folder(Path *folder, const Comparison *comparison, const EntryResult *entry) {
    if (entry->source == ENTRY_ANSWERS) return false;
    if (entry->source == ENTRY_SAVED) return path_make(folder, NULL, "%s", entry->path);
    if (entry->folder) return path_make(folder, NULL, "%s/model", entry->folder);
    return path_make(folder, NULL, "%s/%s/model", comparison->output_dir, entry->name);
}

Interval entry_accuracy_interval(const EntryResult *entry, Split split) {
    const Scores *scores = &entry->scores[split];
    if (!scores->rows) return wilson_interval(0, 0, 0.95);
    return wilson_interval(llround(scores->accuracy * (double)scores->rows), scores->rows, 0.95);
}

const PairResult *comparison_pair(const Comparison *comparison, int a, int b, bool *swapped) {
    *swapped = a > b;
    for (int i = 0; i < comparison->pair_count; i++) {
        const PairResult *pair = &comparison->pairs[i];
        if (*swapped ? pair->a == b && pair->b == a : pair->a == a && pair->b == b) return pair;
    }
    return NULL;
}
