/* A fair chance for every path: settings chosen on the validation rows before the entries are trained (--tune quick).
 *
 * What is tried is fixed before the first trial and written to tune.json: for the bag of words n-grams, for path A pooling and layer, each with several C,
 * and for path B learning rates and numbers of epochs, whose steps one timed step and --tune_budget decide. Trials come in rounds; what is tried in a
 * round is the best of the round before (successive halving), and the best of the last is chosen. The same plan on the same rows chooses the same to
 * the bit. Test rows are never read. */
#ifndef TWOFOLD_COMPARE_TUNING_H
#define TWOFOLD_COMPARE_TUNING_H

#include "common/file.h"
#include "common/json.h"
#include "compare/entry.h"

enum { TUNING_TRIALS_MOST = 64, TUNING_C_MOST = 8 };

/* One setting tried. Which of the settings count depends on the entry's kind. */
typedef struct TuningTrial {
    char name[64]; /* of the entry it is for */
    EntryKind kind;
    int entry;       /* the number of that entry among those that are tuned, from 0 */
    int round;       /* from 0 */
    int rank;        /* takes the settings of that place (0: the best) of the round before; -1: has its own */
    int rows;        /* training rows it learns from */
    int ngram_max;   /* bag of words */
    Pooling pooling; /* path A */
    int layer;
    int64_t steps; /* path B: of the optimiser; 0: epochs decide */
    double learning_rate, epochs;
    double C; /* the best of those tried; 0: none, as in path B */
    /* Results: */
    bool done;
    double C_accuracy[TUNING_C_MOST]; /* with each C of the plan, on validation rows; of a trial that tried them (C_tried) */
    bool C_tried;
    double accuracy, loss; /* on validation rows; loss breaks ties, and is NaN where it was not measured */
    double seconds;        /* measured */
} TuningTrial;

typedef struct Tuning {
    TuningTrial trials[TUNING_TRIALS_MOST]; /* in the order they are run: by entry, then by round */
    int count;
    double C[TUNING_C_MOST]; /* tried in every trial of path A's last round and of the bag of words */
    int C_count;
    int validation_rows; /* that choices are made on */
    double budget_s;     /* for path B */
    double step_s;       /* of path B, measured; NaN without it, or where the plan was given */
    Sha256Hex key;       /* data, model and options that the results belong to */
} Tuning;

/* The best done trial of an entry's round by accuracy, then loss, then place; `rank` 1 is the second best. NULL: there are not so many. */
const TuningTrial *tuning_best(const Tuning *tuning, int entry, int round, int rank);
/* The chosen one: the best of the last round. NULL: nothing was tried. */
const TuningTrial *tuning_chosen(const Tuning *tuning, int entry);
/* "mean over the tokens of layer 4, C 10", "learning rate 1e-4, 40 steps": its settings, a phrase. */
void tuning_describe(Buffer *out, const TuningTrial *trial);
/* Puts what was chosen into the spec. */
void tuning_apply(EntrySpec *spec, const TuningTrial *trial);

/* ---- the run ---- */

struct CompareInput;
/* Plans (or takes up the plan that output_dir/tune.json or input->tune_plan has), tries what has no result yet, saving each, and applies what was chosen to the specs.
 * ERROR_INTERRUPTED when stopped: the same call goes on from there. */
MUST_CHECK bool tuning_run(Tuning *tuning, EntrySpec *specs, const struct CompareInput *input, const Observer *observer, Error *err);

/* A tuning that an earlier run of the same command brought to its end, with what it chose put into the specs; false when output_dir has none. */
bool tuning_recall(Tuning *tuning, EntrySpec *specs, const struct CompareInput *input);

/* ---- the plan ---- */

/* What the timed step says; step_s NaN when there is no path B to tune. */
typedef struct TuningTimes {
    double step_s, evaluation_s;
    int64_t steps_of_epoch;
} TuningTimes;
/* Fills the trials of all specs that are to be tuned (spec->tuned). ERROR_USAGE when there is none. */
MUST_CHECK bool tuning_plan(Tuning *tuning, const EntrySpec *specs, int spec_count, const Dataset *dataset, int layers,
                            double budget_s, const TuningTimes *times, Error *err);

/* ---- tune.json ---- */

/* The members of one object: budget, trials with results, what was chosen. */
void tuning_write(JsonWriter *json, const Tuning *tuning);
MUST_CHECK bool tuning_save(const Tuning *tuning, const char *path, Error *err);
/* Reads a plan and its results. ERROR_DATA when it is damaged. */
MUST_CHECK bool tuning_load(Tuning *tuning, const char *path, Error *err);
/* Whether it plans exactly the specs that are to be tuned. */
bool tuning_fits(const Tuning *tuning, const EntrySpec *specs, int spec_count);
/* The results of `from` for the same trials of the same key. */
void tuning_take_results(Tuning *tuning, const Tuning *from);

#endif
