/* A finished comparison, as plain data: what the report, its JSON and the table on the terminal are written from. Everything is filled in by
 * compare_run (compare/compare.h); whoever reads it needs neither an encoder nor a classifier. */
#ifndef TWOFOLD_COMPARE_COMPARISON_H
#define TWOFOLD_COMPARE_COMPARISON_H

#include "compare/confidence.h"
#include "compare/price.h"
#include "compare/maps.h"
#include "datasets/audit.h"
#include "datasets/dataset.h"
#include "datasets/statistics.h"
#include "finetune/finetune.h"
#include "metrics/cascade.h"
#include "metrics/intervals.h"
#include "metrics/paired_tests.h"
#include "metrics/predictions.h"
#include "metrics/score_intervals.h"
#include "metrics/scores.h"
#include "metrics/variance.h"

/* What an entry is, in the order of what it costs to run. */
typedef enum EntryKind {
    ENTRY_DUMMY,
    ENTRY_WORDS,    /* bag of words and a linear model */
    ENTRY_FROZEN,   /* path A: frozen encoder, pooling, linear model */
    ENTRY_FINETUNE, /* path B */
    ENTRY_OTHER,    /* another system, of which only answers are known: its price is not, so that it counts as the dearest */
    ENTRY_KINDS
} EntryKind;

/* Where an entry's answers come from. */
typedef enum EntrySource {
    ENTRY_TRAINED, /* by this run */
    ENTRY_ANSWERS, /* another system's, in a file */
    ENTRY_SAVED    /* a model folder made elsewhere */
} EntrySource;

/* Measured figures: they differ from run to run. NaN: could not be measured. */
typedef struct EntryCosts {
    double train_s;        /* from text to trained model: tokenising and features included, at the seconds they took when made */
    double train_cpu_s;    /* the same, of all threads */
    double predict_ms_p50, predict_ms_p95, predict_ms_p99; /* one text at a time, from text to label, model loaded */
    double texts_per_s;    /* test texts in batches, all threads */
    double predict_cpu_ms; /* there, of all threads, a text */
    double load_s;         /* of the model folder */
    double startup_s;      /* until the first text is answered, from nothing loaded */
    double peak_rss_mb;    /* while training */
    double model_mb;       /* every file predict needs; this one does not differ */
    double predict_mflop;  /* a test text in batches, by formula (encoder/flops.h); this one does not differ either */
    double train_tflop;    /* likewise: training; for a frozen encoder, the features of every row */
    double predict_share, train_share; /* of the processor's matrix rate that these reached: NaN without an encoder, train_share without training it */
    double matrix_gflops;  /* that rate, measured in the run: GFLOP a second, all threads, products of the type the entry's are of */
} EntryCosts;

typedef enum EntryStatus { ENTRY_DONE, ENTRY_FAILED } EntryStatus;

/* The scores that are followed over seeds. */
enum { SEED_SCORES = 5 };
extern const char *const SEED_SCORE_NAMES[SEED_SCORES];

typedef struct SeedRun {
    uint64_t seed;
    double scores[SPLIT_COUNT][SEED_SCORES]; /* of validation and test */
} SeedRun;

/* Runs of a fine-tuning that differ in their seed alone (compare/seeds.h); count 0: it was not repeated. */
typedef struct SeedRuns {
    int count, asked;
    SeedRun *runs;                    /* (count) owned; the first is the entry itself */
    VarianceParts accuracy, log_loss; /* of one run's test score; NaN below two runs */
    double *right, *losses;           /* (asked, rows) of the test, while they are collected; else NULL */
    int rows;
} SeedRuns;
void seeds_free(SeedRuns *seeds); /* takes a zeroed one */

typedef struct EntryResult {
    const char *name;     /* "cls-logreg" */
    EntryKind kind;
    EntrySource source;
    const char *path;     /* of the file or folder, as the user named it; NULL for one that this run trains */
    const char *folder;   /* where its model/ is, when that is not the comparison's own folder; else NULL */
    EntryStatus status;
    Error failure;        /* of a failed one: then nothing below counts */
    bool reused;          /* taken from an earlier run in the same folder */
    bool joins;           /* of a saved model: it can be part of a cascade with entries of this run */
    char how[512];        /* one line: "[CLS] of layer 6, liblinear logistic regression, C 1: converged in 12 iterations" */
    char warning[256];    /* "" or a sentence that must be seen: not converged */
    Predictions predictions[SPLIT_COUNT]; /* of validation and test; train stays empty, and validation where a file has answers for test alone */
    Scores scores[SPLIT_COUNT];
    Confidence *confidence; /* owned; NULL without probabilities */
    ScoreIntervals intervals; /* 95 %, of the test scores */
    double clean_accuracy;    /* on the test rows that are not leaked; NaN: none is left */
    EntryCosts costs;
    FinetuneResult training; /* of ENTRY_FINETUNE: curves; else all zero */
    double steps_per_epoch;
    SeedRuns seeds;
} EntryResult;

/* The scores whose difference is judged for every pair. */
typedef enum PairScore { PAIR_ACCURACY, PAIR_F1_MACRO, PAIR_F1_WEIGHTED, PAIR_LOG_LOSS, PAIR_SCORES } PairScore;
extern const char *const PAIR_SCORE_NAMES[PAIR_SCORES];

/* How much the second entry's score is above the first's; NaN where one has no such score. */
typedef struct PairDifference {
    double value, standard_error;
    Interval interval;    /* 95 %, paired bootstrap, BCa */
    double permutation_p; /* paired permutation test */
} PairDifference;

/* What McNemar's test says about the test rows that are not leaked. */
typedef struct CleanPair {
    PairedCounts counts;
    McNemar mcnemar;
    double log10_holm;
    double rows_needed;   /* that would show this difference at 80 % power, at the level 5 % / pairs; infinite when there is none, NaN without rows */
    double least_visible; /* the smallest difference in accuracy that so many rows show at 80 % power, when the two differ so often, or as often as the difference must */
} CleanPair;

/* Two entries on the test rows. */
typedef struct PairResult {
    int a, b; /* indices of entries; both done */
    PairedCounts counts;
    McNemar mcnemar;
    double log10_holm; /* of the exact p, corrected for the number of pairs */
    CleanPair clean;
    PairDifference differences[PAIR_SCORES];
} PairResult;

/* The first entry answers the texts it is sure of, the second the others (compare/cascades.h). */
enum { CASCADE_POINTS = 100 };
typedef struct CascadeResult {
    int first, second;        /* indices of entries */
    CascadePoint validation;  /* the threshold, chosen here */
    CascadePoint test;        /* what it does on the test rows */
    double f1_macro;          /* there */
    PairedCounts counts;      /* the cascade (a) and the second entry alone (b) on the test rows */
    McNemar mcnemar;
    CascadePoint curve[CASCADE_POINTS + 1]; /* on the test rows, by the share passed on */
    bool saved;               /* its model stands in the folder */
    EntryCosts costs;         /* of answering; all NaN unless saved */
} CascadeResult;

/* What the user can accept; 0: no limit. */
typedef struct Limits {
    double min_gain; /* accuracy (0.01: a point) that a dearer kind must gain over a cheaper one */
    double max_latency_ms, max_memory_mb, max_model_mb; /* of predict_ms_p95, peak_rss_mb, model_mb */
} Limits;

typedef enum Verdict {
    VERDICT_NONE, /* nothing to deploy: no entry, none that reads texts better than chance, or none within the limits */
    VERDICT_DEPLOY,
    VERDICT_UNDECIDED /* the test rows are too few to say */
} Verdict;

typedef struct Recommendation {
    Verdict verdict;
    int deploy;    /* index, or -1 */
    int leaning;   /* of a verdict that is undecided: the cheaper of the two in question, the other being runner_up; or -1 */
    int runner_up; /* or -1 */
    int best;      /* the most accurate that could be deployed, or -1 */
    bool frozen_answered; /* both paths are done: then the next two count */
    bool frozen_enough;   /* path A is not significantly worse than path B */
    Buffer sentence;      /* the verdict: plain text, a paragraph of sentences; no measured figure in it */
    Buffer question;      /* the answer to the program's question, one sentence; "" when not both paths are done */
} Recommendation;

typedef struct ComparisonModel {
    const char *folder; /* as given; NULL when no entry needs an encoder */
    char what[256];     /* "DistilBERT, 6 layers × 384, 22.7 M parameters" */
    Sha256Hex sha256;
    int max_length;
    int truncated[SPLIT_COUNT]; /* rows cut to max_length */
    Summary tokens;             /* tokens a text, over all rows in a split */
    int32_t *lengths;           /* (lengths_count) tokens of every row, for a histogram; owned */
    int lengths_count;
    char new_tensors[512];      /* names drawn anew for path B, or "" */
} ComparisonModel;

/* What belongs to a run as a whole. */
typedef enum RunPart { RUN_TUNING, RUN_CURVE, RUN_LABELS, RUN_MAPS, RUN_PARTS } RunPart;

/* A finished run whose entries are shown again, with what it recorded. All borrowed. */
typedef struct SourceRun {
    const char *folder;             /* as given */
    const char *command, *dtype;    /* "" where it recorded none */
    const char *processor;          /* likewise */
    int64_t seed;
    ComparisonModel model;          /* but for the lengths; of its tokens the mean and the greatest alone */
    bool has[RUN_PARTS];
    int doubted;                    /* labels, in its search for errors; below 0: not known */
    const char *const *names;       /* (entry_count of the comparison) what the entry is called there; NULL: it has no such entry */
} SourceRun;

typedef struct Tuning Tuning;               /* compare/tuning.h */
typedef struct LearningCurve LearningCurve; /* compare/curve.h */

typedef struct Comparison {
    const Dataset *dataset; /* borrowed */
    const char *data;       /* as given */
    Sha256Hex data_sha256;
    Audit audit;
    TextSummaries texts;    /* over all rows in a split */
    ComparisonModel model;  /* of several runs: the encoder of all that have one; none where they differ */
    const char *dtype;      /* "float32"; NULL: of several runs that differ */
    uint64_t seed;          /* of several runs that of the first */
    const SourceRun *runs;  /* (run_count) those that a report is made of; borrowed; none: the comparison is a run itself */
    int run_count;
    bool shown[RUN_PARTS];  /* of several runs: one has it, or it is the same in all that have it, and it stands here */
    Tuning *tuning;         /* how settings were chosen; owned; NULL: they are the defaults, or were given */
    LearningCurve *curve;   /* owned; NULL: none was asked for */
    EntryResult *entries;   /* (entry_count), in the order they were asked for */
    int entry_count;
    PairResult *pairs;      /* (pair_count): every pair of done entries, a < b */
    int pair_count;
    Prices prices;
    CascadeResult *cascades; /* (cascade_count) */
    int cascade_count;
    double cascade_loss;    /* accuracy that each may lose on the validation rows */
    int test_rows_clean; /* test rows that are not leaked */
    Limits limits;
    int resamples, permutations; /* that the intervals and tests were made with; 0: there are none */
    struct ErrorFacts *errors; /* parts of the test rows and marking words (compare/error_facts.h); NULL: not made; owned */
    Maps maps; /* all zero where there are none */
    Recommendation recommendation;
    const char *command;    /* the command line that repeats it */
    const char *output_dir;
} Comparison;

/* Whether it is a report of several runs. */
bool comparison_is_joint(const Comparison *comparison);
void comparison_free(Comparison *comparison); /* takes a zeroed one */
void entry_result_free(EntryResult *entry);

/* Whether the i-th test row's text also stands in training or validation, in the same bytes, normalised, or nearly (datasets/audit.h): the rows
 * without which each score is shown once more. */
bool comparison_test_leaked(const Comparison *comparison, int i);

/* Wilson's 95 % interval of an entry's test accuracy. */
Interval entry_accuracy_interval(const EntryResult *entry, Split split);
/* Why an entry's row is shown apart: "dummy", "bag of words", "frozen encoder (path A)", "fine-tuned encoder (path B)". */
const char *entry_kind_name(EntryKind kind);
/* "trained", "predictions", "model" */
const char *entry_source_name(EntrySource source);
/* The folder that `twofold predict --model` runs the entry with; false when there is none. */
MUST_CHECK bool entry_model_folder(Path *folder, const Comparison *comparison, const EntryResult *entry);
/* The pair of two entries, or NULL; *swapped when it stands as (b, a). */
const PairResult *comparison_pair(const Comparison *comparison, int a, int b, bool *swapped);

#endif
