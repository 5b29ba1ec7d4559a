#include "cli/entries.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "compare/outside_entry.h"

static EntrySpec common_spec(const Settings *settings) {
    EntrySpec spec = {.linear = {.extract = settings->extract, .tfidf = settings->tfidf, .classifier = settings->classifier},
                      .finetune = settings->finetune};
    spec.finetune.balanced = settings->classifier.balanced;
    spec.seeds = settings->seeds;
    return spec;
}

static bool add_entry(Entries *entries, const EntrySpec *spec, Error *err) {
    for (int i = 0; i < entries->count; i++)
        if (strcmp(entries->specs[i].name, spec->name) == 0)
            return FAIL(err, ERROR_USAGE, "two entries are named '%s'", spec->name);
    if (entries->count == MOST_ENTRIES) return FAIL(err, ERROR_USAGE, "more than %d entries", MOST_ENTRIES);
    entries->specs[entries->count++] = *spec;
    return true;
}

static bool add_presets(Entries *entries, const Run *run, Error *err) {
    const TextList *asked = &run->settings.entries;
    EntrySpec spec, common = common_spec(&run->settings);
    int count = asked->count ? asked->count : run->settings.entry.count ? 0 : ENTRY_PRESETS;
    for (int i = 0; i < count; i++) {
        const char *name = asked->count ? asked->items[i] : ENTRY_PRESET_NAMES[i];
        if (!entry_preset(&spec, name, &common, options_given(&run->options, "C"), err) || !add_entry(entries, &spec, err))
            return false;
    }
    return true;
}

/* A name becomes a folder. */
static bool check_name(const char *flag, const char *name, size_t size, Error *err) {
    bool good = size > 0 && size < 64 && isalnum((unsigned char)name[0]);
    for (size_t i = 0; i < size && good; i++) good = isalnum((unsigned char)name[i]) || strchr("-_.", name[i]) != NULL;
    static const char *const TAKEN[] = {"figures", "tables", "cascades", "maps", "curve"}; /* folders of a run */
    static const char *const ENDINGS[] = {".html", ".md", ".json", ".csv", ".npy"};        /* its files */
    for (size_t i = 0; i < sizeof TAKEN / sizeof *TAKEN; i++)
        good = good && !(size == strlen(TAKEN[i]) && strncmp(name, TAKEN[i], size) == 0);
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++)
        good = good && !(size > strlen(ENDINGS[i]) && strncmp(name + size - strlen(ENDINGS[i]), ENDINGS[i], strlen(ENDINGS[i])) == 0);
    if (good) return true;
    return FAIL(err, ERROR_USAGE,
                "%s: '%.*s' is no name; letters, digits, '-', '_' and '.', not 'figures', 'tables', 'cascades', 'maps' or 'curve', and no "
                "ending of a run's files, as in report.html",
                flag, (int)size, name);
}

static const char *keep_name(Entries *entries, const char *name, size_t size) {
    char *kept = entries->names[entries->count % MOST_ENTRIES];
    (void)snprintf(kept, 64, "%.*s", (int)size, name);
    return kept;
}

/* NAME=KIND:flag=value,…: a preset by its name (or dummy, tfidf, encoder, finetune), with settings of its own. */
static bool add_own(Entries *entries, Run *run, const char *text, Error *err) {
    static const char *const WORDS[][2] = {{"tfidf", "tfidf-logreg"}, {"encoder", "cls-logreg"}};
    const char *equals = strchr(text, '='), *colon = equals ? strchr(equals, ':') : NULL;
    if (!equals)
        return FAIL(err, ERROR_USAGE,
                    "--entry %s: expected NAME=KIND:flag=value,…, as in svm=encoder:classifier=svm,pooling=mean", text);
    if (!check_name("--entry", text, (size_t)(equals - text), err)) return false;
    char kind[64];
    size_t size = colon ? (size_t)(colon - equals - 1) : strlen(equals + 1);
    (void)snprintf(kind, sizeof kind, "%.*s", size < sizeof kind ? (int)size : 0, equals + 1);
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (strcmp(kind, WORDS[i][0]) == 0) (void)snprintf(kind, sizeof kind, "%s", WORDS[i][1]);
    EntrySpec spec, common = common_spec(&run->settings);
    if (!entry_preset(&spec, kind, &common, options_given(&run->options, "C"), err)) return error_prefix(err, "--entry %s", text);
    Settings own = run->settings;
    own.extract = spec.linear.extract;
    own.tfidf = spec.linear.tfidf;
    own.classifier = spec.linear.classifier;
    if (colon && !options_assign_all(&run->options, &own, NULL, colon + 1, err)) return error_prefix(err, "--entry %s", text);
    LinearOptions linear = spec.linear;
    spec.linear = common_spec(&own).linear;
    spec.linear.source = linear.source;
    spec.finetune = own.finetune;
    spec.finetune.balanced = own.classifier.balanced;
    spec.seeds = own.seeds;
    spec.name = keep_name(entries, text, (size_t)(equals - text));
    return add_entry(entries, &spec, err);
}

/* What --tune chooses cannot be given too. */
static bool check_tuning(const Run *run, Error *err) {
    static const char *const CHOSEN[] = {"C", "layer", "ngram_max", "learning_rate", "num_train_epochs", "max_steps"};
    for (size_t i = 0; run->settings.tune && i < sizeof CHOSEN / sizeof *CHOSEN; i++)
        if (options_given(&run->options, CHOSEN[i]))
            return FAIL(err, ERROR_USAGE, "--%s is what --tune quick chooses; --entry adds an entry with settings of its own",
                        CHOSEN[i]);
    if (!run->settings.tune && (options_given(&run->options, "tune_budget") || options_given(&run->options, "tune_plan")))
        return FAIL(err, ERROR_USAGE, "--tune_budget and --tune_plan are of --tune quick");
    return true;
}

/* The presets are tuned; of path A one more entry is, since its pooling is chosen too. */
static bool add_tuned(Entries *entries, const Run *run, Error *err) {
    bool frozen = false;
    EntrySpec spec, common = common_spec(&run->settings);
    for (int i = 0; i < entries->count; i++) {
        EntrySpec *preset = &entries->specs[i];
        preset->tuned = preset->kind == ENTRY_WORDS || preset->kind == ENTRY_FINETUNE;
        frozen |= preset->kind == ENTRY_FROZEN;
    }
    if (!frozen) return true;
    if (!entry_preset(&spec, "mean-logreg", &common, false, err)) return false;
    spec.name = "tuned-logreg";
    spec.tuned = true;
    if (!add_entry(entries, &spec, err)) return false;
    /* beside the others of its kind */
    for (int i = entries->count - 1; i > 0 && entries->specs[i - 1].kind > ENTRY_FROZEN; i--) {
        entries->specs[i] = entries->specs[i - 1];
        entries->specs[i - 1] = spec;
    }
    return true;
}

/* NAME=FILE of --predictions, or NAME=DIR of --model. */
static bool add_outside(Entries *entries, const char *flag, const char *text, EntrySource source, Error *err) {
    const char *equals = strchr(text, '=');
    if (!equals || !equals[1]) return FAIL(err, ERROR_USAGE, "%s %s: expected NAME=FILE, as in rules=answers.csv", flag, text);
    if (!check_name(flag, text, (size_t)(equals - text), err)) return false;
    EntrySpec spec;
    const char *name = keep_name(entries, text, (size_t)(equals - text)), *path = equals + 1;
    return (source == ENTRY_ANSWERS ? outside_entry_answers(&spec, name, path, err)
                                    : outside_entry_model(&spec, name, path, err)) &&
           add_entry(entries, &spec, err);
}

/* --model is given for the encoder, as a folder or a name, and as NAME=DIR for each saved model. A folder that is there under the whole text is the encoder. */
static bool add_models(Entries *entries, Run *run, Error *err) {
    run->settings.model = NULL;
    for (int i = 0; i < run->settings.models.count; i++) {
        const char *text = run->settings.models.items[i];
        if (strchr(text, '=') && !folder_exists(text)) {
            if (!add_outside(entries, "--model", text, ENTRY_SAVED, err)) return false;
        } else if (run->settings.model)
            return FAIL(err, ERROR_USAGE,
                        "--model %s: the encoder is %s already; NAME=%s enters a saved model into the comparison", text,
                        run->settings.model, text);
        else
            run->settings.model = text;
    }
    return true;
}

bool entries_choose(Entries *entries, Run *run, Error *err) {
    static const char *const OWN[] = {"pooling", "classifier", "solver"};
    for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++)
        if (options_given(&run->options, OWN[i]))
            return FAIL(err, ERROR_USAGE, "--%s is what tells entries apart: give it to one, as in --entry mine=encoder:%s=…",
                        OWN[i], OWN[i]);
    if (!check_tuning(run, err) || !add_presets(entries, run, err) || (run->settings.tune && !add_tuned(entries, run, err)))
        return false;
    for (int i = 0; i < run->settings.entry.count; i++)
        if (!add_own(entries, run, run->settings.entry.items[i], err)) return false;
    if (!add_models(entries, run, err)) return false;
    for (int i = 0; i < run->settings.predictions.count; i++)
        if (!add_outside(entries, "--predictions", run->settings.predictions.items[i], ENTRY_ANSWERS, err)) return false;
    for (int i = 0; i < entries->count; i++)
        if (entries->specs[i].kind == ENTRY_FINETUNE && entries->specs[i].source == ENTRY_TRAINED &&
            !finetune_options_check(&entries->specs[i].finetune, -1, err))
            return false;
    return true;
}

bool entries_need_encoder(const Entries *entries) {
    for (int i = 0; i < entries->count; i++)
        if (entry_has_encoder(&entries->specs[i])) return true;
    return false;
}

bool entries_check(const Entries *entries, const Dataset *dataset, Pool *pool, Error *err) {
    for (int i = 0; i < entries->count; i++)
        if (entries->specs[i].source != ENTRY_TRAINED && !outside_entry_check(&entries->specs[i], dataset, pool, err))
            return false;
    return true;
}
