#include "compare/cascades.h"

#include <math.h>

#include "common/file.h"
#include "common/memory.h"
#include "compare/cascade_file.h"
#include "compare/costs.h"
#include "compare/text_model.h"

/* ---- which ---- */

static bool is_candidate(const EntryResult *entry, EntrySource source) {
    return entry->status == ENTRY_DONE && entry->source == source && (source == ENTRY_TRAINED || entry->joins) &&
           entry->predictions[SPLIT_VALIDATION].rows > 0 && entry->predictions[SPLIT_VALIDATION].probabilities &&
           entry->predictions[SPLIT_TEST].rows > 0 && entry->predictions[SPLIT_TEST].probabilities;
}

static int best_from(const Comparison *c, EntryKind kind, EntrySource source) {
    int best = -1;
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].kind == kind && is_candidate(&c->entries[i], source) &&
            (best < 0 || c->entries[i].scores[SPLIT_VALIDATION].accuracy > c->entries[best].scores[SPLIT_VALIDATION].accuracy))
            best = i;
    return best;
}

/* The best of a kind by validation accuracy, the first among equals; -1 for none. A saved model may have learned from these very rows, so that it
 * counts only where this run has trained none of the kind. */
static int best_of(const Comparison *c, EntryKind kind) {
    int best = best_from(c, kind, ENTRY_TRAINED);
    return best < 0 ? best_from(c, kind, ENTRY_SAVED) : best;
}

static bool measure(CascadeResult *cascade, const Comparison *c, double loss, Pool *pool, Error *err) {
    const EntryResult *first = &c->entries[cascade->first], *second = &c->entries[cascade->second];
    const Predictions *on_test[] = {&first->predictions[SPLIT_TEST], &second->predictions[SPLIT_TEST]};
    Predictions joined = {0};
    Scores scores = {0};
    bool good = cascade_choose(&cascade->validation, loss, &first->predictions[SPLIT_VALIDATION],
                               &second->predictions[SPLIT_VALIDATION], err) &&
                cascade_at(&cascade->test, cascade->validation.threshold, on_test[0], on_test[1], err) &&
                cascade_curve(cascade->curve, CASCADE_POINTS, on_test[0], on_test[1], err) &&
                cascade_join(&joined, cascade->validation.threshold, on_test[0], on_test[1], err) &&
                scores_compute(&scores, &joined, pool, err) && paired_count(&cascade->counts, &joined, on_test[1], err);
    if (good) {
        cascade->f1_macro = scores.f1_macro;
        cascade->mcnemar = mcnemar_exact(cascade->counts.only_a, cascade->counts.only_b);
    }
    scores_free(&scores);
    predictions_free(&joined);
    return good;
}

/* The fine-tuned entry, unless a frozen one answers the validation rows as well: what costs less then need not be passed on to it. */
static int find_second(const Comparison *c) {
    int tuned = best_of(c, ENTRY_FINETUNE), frozen = best_of(c, ENTRY_FROZEN);
    if (tuned < 0 || frozen < 0) return tuned < 0 ? frozen : tuned;
    return c->entries[tuned].scores[SPLIT_VALIDATION].accuracy > c->entries[frozen].scores[SPLIT_VALIDATION].accuracy ? tuned
                                                                                                                      : frozen;
}

bool cascades_find(Comparison *c, double loss, Pool *pool, Error *err) {
    int second = find_second(c);
    EntryKind last = second < 0 ? ENTRY_DUMMY : c->entries[second].kind;
    c->cascade_loss = loss;
    c->cascades = mem_new(ENTRY_KINDS, sizeof *c->cascades, err);
    if (!c->cascades) return false;
    for (EntryKind kind = ENTRY_WORDS; second >= 0 && kind < last; kind++) {
        int first = best_of(c, kind);
        if (first < 0) continue;
        CascadeResult *cascade = &c->cascades[c->cascade_count];
        *cascade = (CascadeResult){.first = first, .second = second, .costs = COSTS_UNKNOWN};
        if (!measure(cascade, c, loss, pool, err)) return false;
        c->cascade_count++;
    }
    return true;
}

bool cascade_parts(const CascadeResult *cascade) {
    return cascade->validation.passed > 0 && cascade->validation.passed < cascade->validation.rows;
}

/* ---- on disk ---- */

/* "DIR/cascades/FIRST-SECOND": there stands its model/, beside cascade.json with its costs. */
static bool make_paths(Path *folder, Path *record, const char *run, const Comparison *c, const CascadeResult *cascade,
                       Error *err) {
    return path_make(folder, err, "%s/cascades/%s-%s", run, c->entries[cascade->first].name, c->entries[cascade->second].name) &&
           path_make(record, err, "%s/cascade.json", folder->text);
}

/* The costs of an earlier run with the same models and threshold. */
static bool recall_costs(CascadeResult *cascade, const Comparison *c, const char *path, bool *found, Error *err) {
    *found = false;
    if (!c->entries[cascade->first].reused || !c->entries[cascade->second].reused) return true;
    return cascade_record_load(&cascade->costs, cascade->validation.threshold, path, found, err);
}

static bool record(const CascadeResult *cascade, const Comparison *c, const char *path, Error *err) {
    return cascade_record_save(&cascade->costs, cascade->validation.threshold, c->entries[cascade->first].name,
                               c->entries[cascade->second].name, path, err);
}

static bool save(CascadeResult *cascade, Comparison *c, Pool *pool, const Observer *observer, Error *err) {
    Path folder, model, noted, models[2];
    if (!cascade_parts(cascade) || !entry_model_folder(&models[0], c, &c->entries[cascade->first]) ||
        !entry_model_folder(&models[1], c, &c->entries[cascade->second]))
        return true;
    if (!make_paths(&folder, &noted, c->output_dir, c, cascade, err) || !path_make(&model, err, "%s/model", folder.text))
        return false;
    bool found;
    cascade->saved = true;
    if (!recall_costs(cascade, c, noted.text, &found, err) || found) return found;
    bool own = c->entries[cascade->first].source == ENTRY_TRAINED && c->entries[cascade->second].source == ENTRY_TRAINED;
    return folder_remove(folder.text, err) &&
           text_model_save_cascade(models[0].text, models[1].text, cascade->validation.threshold, model.text, err) &&
           costs_measure(&cascade->costs, model.text, c->dataset, c->seed, dtype_find(c->dtype), own ? c->model.max_length : 0,
                         pool, observer, err) &&
           record(cascade, c, noted.text, err);
}

static bool recall(CascadeResult *cascade, const Comparison *c, const char *run, Error *err) {
    Path folder, noted;
    bool found;
    if (!make_paths(&folder, &noted, run, c, cascade, err) || !recall_costs(cascade, c, noted.text, &found, err)) return false;
    cascade->saved = cascade_parts(cascade) && found;
    return true;
}

bool cascades_save(Comparison *c, const char *recorded_from, Pool *pool, const Observer *observer, Error *err) {
    Path all;
    bool any = false;
    for (int i = 0; i < c->cascade_count; i++) {
        CascadeResult *cascade = &c->cascades[i];
        if (recorded_from ? !recall(cascade, c, recorded_from, err) : !save(cascade, c, pool, observer, err)) return false;
        any |= cascade->saved;
    }
    return any || recorded_from || (path_make(&all, err, "%s/cascades", c->output_dir) && folder_remove(all.text, err));
}
