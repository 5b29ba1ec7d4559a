/* Learning curves: each entry trained on nested, stratified parts of the training rows, and what a power law through its points says about more rows. */
#ifndef TWOFOLD_COMPARE_CURVE_H
#define TWOFOLD_COMPARE_CURVE_H

#include "common/file.h"
#include "common/json.h"
#include "compare/entry.h"
#include "metrics/power_law.h"

enum { CURVE_SHARES_MOST = 16, CURVE_ENTRIES_MOST = 32 };

/* One entry after learning from a part of the rows, on the test rows. */
typedef struct CurvePoint {
    bool done;
    int rows; /* learned from */
    int right, asked;
    double validation_accuracy;
    double seconds; /* measured; NaN for the whole, whose costs are the entry's */
} CurvePoint;

/* What the law through an entry's points says. */
typedef enum CurveFit { CURVE_FITS, CURVE_TOO_FEW, CURVE_POOR, CURVE_VAGUE } CurveFit;

typedef struct CurveEntry {
    int entry; /* index of the comparison's */
    CurvePoint points[CURVE_SHARES_MOST];
    CurveFit fit;
    PowerLaw law; /* of the error; not of CURVE_TOO_FEW */
    double twice; /* accuracy gained by twice the rows; of CURVE_FITS, as the next */
    Interval twice_interval;
} CurveEntry;

typedef enum CurveCrossing { CROSSING_UNKNOWN, CROSSING_AT, CROSSING_NONE, CROSSING_UNDECIDED } CurveCrossing;

struct LearningCurve {
    double shares[CURVE_SHARES_MOST]; /* ascending, the last is 1 */
    int share_count;
    CurveEntry entries[CURVE_ENTRIES_MOST];
    int count;
    int a,
        b; /* the entries (numbers within `entries`) that the crossing is of: the best frozen and the best fine-tuned; -1: none */
    CurveCrossing crossing;
    double crossing_rows; /* of CROSSING_AT */
    Interval crossing_interval;
};

/* "0.1,0.25,0.5,1" to ascending shares, the last of which becomes 1. ERROR_USAGE for what is no share above 0 and up to 1. */
MUST_CHECK bool curve_shares(LearningCurve *curve, const char *text, Error *err);

struct CompareInput;
/* Trains what has no result in output_dir/learning_curve.json yet, saving each. ERROR_INTERRUPTED when stopped. */
MUST_CHECK bool curve_run(LearningCurve *curve, const Comparison *comparison, const EntrySpec *specs,
                          const struct CompareInput *input, const Observer *observer, Error *err);
/* Reads a finished one. `names`: what the comparison's entries are called there, NULL for one that is not there; NULL: as here. */
MUST_CHECK bool curve_load(LearningCurve *curve, const Comparison *comparison, const char *const *names, const char *path, Error *err);
MUST_CHECK bool curve_save(const LearningCurve *curve, const Comparison *comparison, const char *path, Error *err);

/* Fits the laws and looks where the paths cross. */
MUST_CHECK bool curve_judge(LearningCurve *curve, const Comparison *comparison, Error *err);

/* The members of one object. */
void curve_write(JsonWriter *json, const LearningCurve *curve, const Comparison *comparison);
/* Sentences: that no entry has sizes enough for a law (false: one has, and nothing is said); what more labels would bring to an entry; where the
 * paths cross. */
bool curve_say_too_few(Buffer *out, const LearningCurve *curve);
void curve_say_entry(Buffer *out, const LearningCurve *curve, int number, const Comparison *comparison);
void curve_say_crossing(Buffer *out, const LearningCurve *curve, const Comparison *comparison);

#endif
