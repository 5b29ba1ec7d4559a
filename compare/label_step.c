#include "compare/label_step.h"

#include "common/file.h"
#include "common/json.h"
#include "compare/label_audit.h"
#include "compare/recall.h"

static const EntrySpec *best_frozen(const Comparison *c, const CompareInput *input) {
    const EntryResult *best = NULL;
    for (int i = 0; i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        if (entry->status != ENTRY_DONE || entry->kind != ENTRY_FROZEN || entry->source != ENTRY_TRAINED) continue;
        if (!best || entry->scores[SPLIT_VALIDATION].accuracy > best->scores[SPLIT_VALIDATION].accuracy) best = entry;
    }
    return best ? &input->entries[best - c->entries] : NULL;
}

static void add_key(Buffer *out, const EntrySpec *spec, const CompareInput *input) {
    EntrySpec same = *spec;
    same.name = "label-errors";
    Buffer entry = {0};
    entry_key(&entry, &same, &input->context);
    buffer_printf(out, "%d folds, seed %llu\n%s", input->label_folds, (unsigned long long)input->seed, entry.data ? entry.data : "");
    if (entry.failed) out->failed = true;
    buffer_free(&entry);
}

/* The features of the entry, made anew (from the cache where they stand in it) when no entry of this run left them. */
static const Features *find_features(LinearFeatures *own, const EntrySpec *spec, const LinearInputs *linear, const Observer *observer,
                                     Error *err) {
    const LinearFeatures *made = linear_features_find(linear, &spec->linear.extract);
    if (made) return &made->features;
    own->extract = spec->linear.extract;
    return linear_features_make(own, 1, linear, observer, err) ? &own->features : NULL;
}

static bool look(Comparison *c, const EntrySpec *spec, const CompareInput *input, const LinearInputs *linear, const Observer *observer,
                 Error *err) {
    LinearFeatures own = {0};
    LabelAudit options = {.dataset = input->dataset,
                          .classifier = spec->linear.classifier,
                          .folds = input->label_folds,
                          .seed = input->seed,
                          .pool = input->pool};
    options.features = find_features(&own, spec, linear, observer, err);
    bool ok = options.features && label_audit_run(&c->audit, &options, observer, err);
    features_free(&own.features);
    return ok;
}

bool label_step_run(Comparison *c, const CompareInput *input, const LinearInputs *linear, const Observer *observer, Error *err) {
    Path path;
    Buffer key = {0};
    bool found = false;
    if (input->recorded) return recall_labels(c, input, err); /* what the run found, whatever its settings */
    const EntrySpec *spec = input->label_folds > 1 ? best_frozen(c, input) : NULL;
    if (!spec) return true;
    add_key(&key, spec, input);
    bool ok = buffer_ok(&key, err) && path_make(&path, err, "%s/label_errors.json", input->output_dir);
    if (ok && !input->overwrite) ok = label_audit_load(&c->audit, input->dataset, key.data, path.text, &found, err);
    if (ok && !found)
        ok = look(c, spec, input, linear, observer, err) && label_audit_save(&c->audit, key.data, path.text, err);
    buffer_free(&key);
    return ok;
}
