/* What --tune quick tries, decided before the first trial. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare/tuning.h"

/* Settings are compared on at most so many rows: enough to tell them apart, and bounded for a million rows. */
enum { FIRST_ROWS = 4000, ROWS_MOST = 20000, VALIDATION_MOST = 2000, FINALISTS = 3, LEAST_STEPS = 10, SEARCHED_NGRAMS = 3 };

static const double LEARNING_RATES[] = {2e-5, 5e-5, 1e-4, 2e-4};
static const double EPOCHS[] = {1, 2, 3, 4, 6};
static const double CS[] = {0.1, 1, 10, 100};
enum { RATES = 4, EPOCH_CHOICES = 5 };

typedef struct Group {
    const EntrySpec *spec;
    int number;
} Group;

static TuningTrial *add_trial(Tuning *tuning, const Group *group, int round, int rank, int rows) {
    TuningTrial *trial = &tuning->trials[tuning->count++];
    *trial = (TuningTrial){.kind = group->spec->kind,
                           .entry = group->number,
                           .round = round,
                           .rank = rank,
                           .rows = rows,
                           .accuracy = (double)NAN,
                           .loss = (double)NAN,
                           .seconds = (double)NAN};
    (void)snprintf(trial->name, sizeof trial->name, "%s", group->spec->name);
    return trial;
}

static int at_most(int a, int b) { return a < b ? a : b; }

static void plan_words(Tuning *tuning, const Group *group, int rows) {
    for (int n = 1; n <= SEARCHED_NGRAMS; n++) add_trial(tuning, group, 0, -1, at_most(rows, ROWS_MOST))->ngram_max = n;
}

/* Each pooling of the last layers and the middle one, on some rows; the best with every C on more. */
static void plan_frozen(Tuning *tuning, const Group *group, int rows, int layers) {
    int wanted[] = {layers, layers - 1, layers - 2, layers / 2}, count = 0;
    for (int l = 0; l < 4; l++) {
        bool known = wanted[l] < 1;
        for (int before = 0; before < l; before++) known |= wanted[before] == wanted[l];
        if (known) continue;
        for (Pooling pooling = POOLING_CLS; pooling <= POOLING_MAX; pooling++, count++) {
            TuningTrial *trial = add_trial(tuning, group, 0, -1, at_most(rows, FIRST_ROWS));
            trial->pooling = pooling;
            trial->layer = wanted[l];
        }
    }
    for (int rank = 0; rank < FINALISTS && rank < count; rank++) add_trial(tuning, group, 1, rank, at_most(rows, ROWS_MOST));
}

static int64_t clamp(double steps, int64_t least, int64_t most) {
    if (!(steps > (double)least)) return least;
    return steps < (double)most ? (int64_t)steps : most;
}

/* Half of the budget finds the learning rate: four for some steps, the two best for twice as many. The other half goes to numbers of epochs with the
 * best, as many as fit, when there is room for two of them. */
static bool plan_finetune(Tuning *tuning, const Group *group, int rows, double budget_s, const TuningTimes *times, Error *err) {
    int64_t epoch = times->steps_of_epoch, least = epoch < LEAST_STEPS ? epoch : LEAST_STEPS;
    double wanted = (budget_s / 2 - 6 * times->evaluation_s) / times->step_s / 8;
    if (wanted < (double)least)
        return FAIL(err, ERROR_USAGE,
                    "--tune_budget %g: a step of %s takes %.2g s here, so that trying %d learning rates takes at least %.0f s",
                    budget_s, group->spec->name, times->step_s, RATES,
                    ceil(2 * (8 * (double)least * times->step_s + 6 * times->evaluation_s)));
    int64_t steps = clamp(wanted, least, epoch);
    for (int i = 0; i < RATES; i++) {
        TuningTrial *trial = add_trial(tuning, group, 0, -1, rows);
        trial->learning_rate = LEARNING_RATES[i];
        trial->steps = steps;
    }
    for (int rank = 0; rank < 2; rank++) add_trial(tuning, group, 1, rank, rows)->steps = 2 * steps;
    double left_s = budget_s - 8 * (double)steps * times->step_s - 6 * times->evaluation_s;
    int fitting = 0;
    for (; fitting < EPOCH_CHOICES; fitting++) {
        left_s -= EPOCHS[fitting] * ((double)epoch * times->step_s + times->evaluation_s);
        if (left_s < 0) break;
    }
    for (int i = 0; fitting > 1 && i < fitting; i++) add_trial(tuning, group, 2, 0, rows)->epochs = EPOCHS[i];
    return true;
}

bool tuning_plan(Tuning *tuning, const EntrySpec *specs, int spec_count, const Dataset *dataset, int layers, double budget_s,
                 const TuningTimes *times, Error *err) {
    int rows = dataset->splits[SPLIT_TRAIN].count;
    *tuning = (Tuning){.budget_s = budget_s, .step_s = times->step_s, .C_count = sizeof CS / sizeof *CS};
    memcpy(tuning->C, CS, sizeof CS);
    tuning->validation_rows = at_most(dataset->splits[SPLIT_VALIDATION].count, VALIDATION_MOST);
    Group group = {.number = 0};
    for (int i = 0; i < spec_count; i++) {
        if (!specs[i].tuned) continue;
        group.spec = &specs[i];
        if (tuning->count + 3 * 4 + FINALISTS > TUNING_TRIALS_MOST)
            return FAIL(err, ERROR_USAGE, "more entries to tune than there is room for");
        if (specs[i].kind == ENTRY_WORDS) plan_words(tuning, &group, rows);
        if (specs[i].kind == ENTRY_FROZEN) plan_frozen(tuning, &group, rows, layers);
        if (specs[i].kind == ENTRY_FINETUNE && !plan_finetune(tuning, &group, rows, budget_s, times, err)) return false;
        group.number++;
    }
    return tuning->count || FAIL(err, ERROR_USAGE, "--tune quick: none of these entries has settings to choose");
}

/* ---- the best ---- */

/* NaN losses are equal. */
static bool is_better(const TuningTrial *a, const TuningTrial *b) {
    if (a->accuracy != b->accuracy) return a->accuracy > b->accuracy;
    return a->loss < b->loss;
}

const TuningTrial *tuning_best(const Tuning *tuning, int entry, int round, int rank) {
    const TuningTrial *ranked[TUNING_TRIALS_MOST];
    int count = 0;
    for (int i = 0; i < tuning->count; i++) {
        const TuningTrial *trial = &tuning->trials[i];
        if (trial->entry != entry || trial->round != round || !trial->done) continue;
        int place = count++;
        for (; place > 0 && is_better(trial, ranked[place - 1]); place--) ranked[place] = ranked[place - 1];
        ranked[place] = trial;
    }
    return rank < count ? ranked[rank] : NULL;
}

const TuningTrial *tuning_chosen(const Tuning *tuning, int entry) {
    int last = -1;
    for (int i = 0; i < tuning->count; i++)
        if (tuning->trials[i].entry == entry && tuning->trials[i].round > last) last = tuning->trials[i].round;
    return last < 0 ? NULL : tuning_best(tuning, entry, last, 0);
}

void tuning_apply(EntrySpec *spec, const TuningTrial *trial) {
    switch (spec->kind) {
    case ENTRY_WORDS:
        spec->linear.tfidf.max_n = trial->ngram_max;
        spec->linear.classifier.C = trial->C;
        break;
    case ENTRY_FROZEN:
        spec->linear.extract.pooling = trial->pooling;
        spec->linear.extract.layer = trial->layer;
        spec->linear.classifier.C = trial->C;
        break;
    case ENTRY_FINETUNE:
        spec->finetune.learning_rate = trial->learning_rate;
        if (trial->epochs > 0) spec->finetune.num_train_epochs = trial->epochs;
        break;
    default: break;
    }
}

void tuning_describe(Buffer *out, const TuningTrial *trial) {
    static const char *const POOLED[] = {[POOLING_CLS] = "[CLS]", [POOLING_MEAN] = "mean", [POOLING_MAX] = "maximum"};
    char number[32];
    switch (trial->kind) {
    case ENTRY_WORDS:
        buffer_text(out, "words");
        for (int n = 2; n <= trial->ngram_max; n++)
            buffer_printf(out, n == 2 ? ", pairs" : n == 3 ? ", triples" : ", %d-grams", n);
        break;
    case ENTRY_FROZEN: buffer_printf(out, "%s of layer %d", POOLED[trial->pooling], trial->layer); break;
    case ENTRY_FINETUNE:
        number_text(number, trial->learning_rate);
        buffer_printf(out, "learning rate %s", number);
        if (trial->steps) buffer_printf(out, ", %lld steps", (long long)trial->steps);
        if (trial->epochs > 0) buffer_printf(out, ", %g epoch%s", trial->epochs, trial->epochs == 1 ? "" : "s");
        break;
    default: break;
    }
    if (trial->C > 0) {
        number_text(number, trial->C);
        buffer_printf(out, ", C %s", number);
    }
}
