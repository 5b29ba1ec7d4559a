/* The main job: entries on identical rows, one after the other, and what comes out of them.
 *
 *     compare_identify(&input, &err);
 *     compare_estimate(estimates, &input);                                // before anything takes long
 *     compare_run(&comparison, &input, on_entry, context, observer, &err);  // trains what an earlier run has not, writes the folder
 *
 * An entry that fails is reported and does not take the others with it. When the observer says stop, what is done stays in the folder and the
 * same call goes on from there. */
#ifndef TWOFOLD_COMPARE_COMPARE_H
#define TWOFOLD_COMPARE_COMPARE_H

#include "common/observer.h"
#include "common/parallel.h"
#include "compare/comparison.h"
#include "compare/entry.h"

/* All borrowed. */
typedef struct CompareInput {
    const Dataset *dataset;
    const char *data;           /* as the user named it */
    const TextEncoder *encoder; /* NULL when no entry needs one */
    const Tokens *tokens;       /* of all the dataset's rows; NULL likewise */
    double tokens_s;            /* what encoding them took */
    double tokens_cpu_s;        /* of all threads */
    const char *model;          /* as the user named it */
    uint64_t seed;
    int label_folds; /* of the search for label errors; 0: none */
    const EntrySpec *entries; /* (entry_count), of different names */
    int entry_count;
    Prices prices;
    double cascade_loss;    /* accuracy on the validation rows that a cascade may lose: compare/cascades.h */
    Limits limits;          /* of the recommendation */
    const char *output_dir; /* exists */
    bool overwrite;         /* begin anew, whatever an earlier run left */
    FeatureCache cache;
    const char *command;      /* that repeats it */
    const char *options_json; /* every option, one JSON object, for env.json */
    const MapOptions *maps; /* how the test texts are mapped; NULL: they are not */
    Pool *pool;
    Dtype dtype;          /* of encoders' products; DTYPE_FLOAT32 and the encoder's own are one */
    EntryContext context; /* filled by compare_identify */
    const char *learning_curve; /* "0.1,0.25,0.5,1"; NULL: none */
    bool tune; /* choose settings of the entries that ask for it */
    double tune_budget_s;
    const char *tune_plan; /* a tune.json to repeat; NULL: none */
    /* Instead of training: the folders of finished entries, (entry_count), taken as they are whatever they were made with, and the runs that they are
     * of (run_count, 0: of none that left more). The encoder above is then NULL. */
    const char *const *recorded;
    const char *const *failures; /* with them: why an entry failed, NULL of one that is done */
    const SourceRun *runs;
    int run_count;
} CompareInput;

/* Takes the hashes of data and model by which an earlier run's records are known. Once, when all else in the input stands. */
MUST_CHECK bool compare_identify(CompareInput *input, Error *err);

typedef struct EntryEstimate {
    bool recorded;    /* an earlier run did it: the rest is 0 */
    double seconds;   /* NaN: not known; an entry that cannot be tried on a few rows may still run, or will say why it does not */
    double memory_mb; /* NaN: little */
    double disk_mb;
} EntryEstimate;
/* Of what comes beside the entries; 0 where it is not asked for or an earlier run did it. */
typedef struct StepsEstimate {
    double tuning_s; /* --tune_budget, and what path A's features take */
    double curve_s;  /* the entries again on parts of the rows */
} StepsEstimate;
/* (entry_count) estimates, from one timed step or a small part of the rows. A tuning that an earlier run of the same command finished counts for its entries. */
MUST_CHECK bool compare_estimate(EntryEstimate *estimates, StepsEstimate *steps, const CompareInput *input, Error *err);

/* Called when an entry is done, has failed or was found recorded. May be NULL. */
typedef void (*CompareDone)(void *context, const EntryResult *entry);

/* Fills a zeroed Comparison and the folder. ERROR_USAGE when the folder holds a run on other data and `overwrite` is not set; ERROR_INTERRUPTED when stopped;
 * ERROR_FAILED only when every entry failed. Release with comparison_free, also after a failure. */
MUST_CHECK bool compare_run(Comparison *out, const CompareInput *input, CompareDone on_entry, void *context,
                            const Observer *observer, Error *err);

#endif
