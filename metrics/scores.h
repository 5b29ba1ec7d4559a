/* How good an entry's answers are, with scikit-learn's definitions and values (1.9), one row of truth and one of answers in.
 *
 * NaN stands for what could not be measured, and is null in JSON: everything that needs probabilities where an entry has
 * none, and everything on zero rows. On the edges:
 *   - A class in neither truth nor answers has no scores and is left out of every mean (scikit-learn: labels=None).
 *   - A class that is never answered has precision 0, a class that is answered but has no rows precision and F1 0
 *     (zero_division=0); both count in the means, as there.
 *   - A class without rows has no recall and no AUC and is left out of their means. For AUC and balanced accuracy that is
 *     scikit-learn's rule too; its recall_score would count such a class as 0 and warn (its zero_division=nan is ours).
 *   - Cohen's kappa of one and the same constant class on both sides is undefined; MCC of a constant answer is 0. */
#ifndef TWOFOLD_METRICS_SCORES_H
#define TWOFOLD_METRICS_SCORES_H

#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/memory.h"
#include "common/parallel.h"
#include "metrics/confusion.h"
#include "metrics/predictions.h"

#pragma GCC visibility push(default)

enum { TOP_K_COUNT = 4 };
extern const int TOP_K[TOP_K_COUNT]; /* 2, 3, 5, 10 */

typedef struct ClassScores {
    double precision, recall, f1, roc_auc; /* roc_auc: this class against the rest */
    int64_t support;                       /* rows whose true class it is */
} ClassScores;

typedef struct Scores {
    int64_t rows;
    int classes;
    double accuracy;
    double balanced_accuracy; /* mean recall */
    double precision_micro, precision_macro, precision_weighted;
    double recall_micro, recall_macro, recall_weighted;
    double f1_micro, f1_macro, f1_weighted;
    double mcc; /* Matthews' correlation coefficient, K classes (Gorodkin 2004) */
    double cohen_kappa;
    double log_loss; /* natural logarithm; probabilities clipped to [2^-52, 1 - 2^-52] */
    double brier;    /* mean over rows of the squared distance to the one-hot truth: 0 to 2; halved for two classes: 0 to 1 */
    double roc_auc_ovr_macro, roc_auc_ovr_weighted;
    double top_k_accuracy[TOP_K_COUNT]; /* NaN where TOP_K[i] ≥ classes. Ties as scikit-learn: the higher class id first */
    ClassScores *per_class;             /* (classes) */
    Confusion confusion;
} Scores;

/* The predictions must have passed predictions_check. Without truth it fails (ERROR_DATA). `pool` may be NULL; its size does
 * not change a bit of the result. */
MUST_CHECK bool scores_compute(Scores *scores, const Predictions *predictions, Pool *pool, Error *err);
void scores_free(Scores *scores); /* takes a zeroed one */

/* The scores that are one number, by the names they have in files and flags. */
typedef struct ScoreField {
    const char *name;
    size_t offset;
    bool lower_is_better;
    bool needs_probabilities;
} ScoreField;
extern const ScoreField SCORE_FIELDS[];
extern const int SCORE_FIELD_COUNT;
const ScoreField *score_field_find(const char *name); /* NULL when there is none */
double score_value(const Scores *scores, const ScoreField *field);

/* `labels` are the class names (classes) throughout. */

/* With more classes than this a file has neither a cell for every pair of them (256² ≈ 200 kB) nor a column for every one. */
enum { DENSE_CLASSES = 256 };

/* One object: "rows", every ScoreField, "top_k_accuracy": {"2": …} for k below K, "per_class": {label: {"precision", "recall",
 * "f1", "roc_auc", "support"}}, and "confusion_matrix": rows of counts, true class down. Above DENSE_CLASSES the matrix is null
 * and its cells that are not zero stand in "confusion_cells" as [true, predicted, count], by class id. */
void scores_write_json(JsonWriter *writer, const Scores *scores, char *const *labels);

/* sklearn.metrics.classification_report(truth, predicted, target_names=labels, digits=digits, zero_division=0), to the byte.
 * Like there, only classes in truth or answers are listed, and recall 0 stands where there are no rows. */
void scores_write_report(Buffer *out, const Scores *scores, char *const *labels, int digits);

/* Plain sentences, one a line, about classes that could not be scored in full; nothing when there are none. */
void scores_write_notes(Buffer *out, const Scores *scores, char *const *labels);

#pragma GCC visibility pop
#endif
