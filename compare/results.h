/* The files an entry's answers are written to (docs/FORMATS.md). */
#ifndef TWOFOLD_COMPARE_RESULTS_H
#define TWOFOLD_COMPARE_RESULTS_H

#include "datasets/dataset.h"
#include "metrics/predictions.h"
#include "metrics/scores.h"

/* A row's answer in predictions.csv with more than DENSE_CLASSES classes: rows × classes numbers would be gigabytes. */
enum { RESULTS_LIKELIEST = 10 };

/* predictions.csv: id,text,label,predicted,prob_<label>…, one line a row of the split, in file order. With more than DENSE_CLASSES
 * classes, in the place of a column for each: score,score_label (of the predicted and of the true class) and label_2,score_2 to
 * label_10,score_10, the likeliest others, the lower class id first among equals. Without truth the label (and score_label) is empty;
 * without probabilities there are no such columns. Predictions row i answers dataset->splits[split].rows[i]. */
MUST_CHECK bool results_write_predictions(const char *path, const Dataset *dataset, Split split, const Predictions *predictions,
                                          char *const *labels, Error *err);

/* errors.csv: id,text,label,predicted,loss,prob_label,prob_predicted; the rows that were answered wrongly, the most confident
 * mistake (the highest loss, -ln of the true class's probability) first. Without probabilities in file order, these cells empty.
 */
MUST_CHECK bool results_write_errors(const char *path, const Dataset *dataset, Split split, const Predictions *predictions,
                                     char *const *labels, Error *err);

/* metrics.json: {"test": {…}, "validation": {…}}, one object of scores_write_json for each split that has scores. */
typedef struct SplitScores {
    const Scores *scores[SPLIT_COUNT];
} SplitScores;
void results_metrics(Buffer *out, const SplitScores *scores, char *const *labels);
MUST_CHECK bool results_write_metrics(const char *path, const SplitScores *scores, char *const *labels, Error *err);

/* classification_report.txt, in scikit-learn's layout, with four digits. */
MUST_CHECK bool results_write_report(const char *path, const Scores *scores, char *const *labels, Error *err);

/* All four into a folder, for the split that was asked about; the others' scores stand in metrics.json. */
MUST_CHECK bool results_write_all(const char *folder, const Dataset *dataset, Split split, const Predictions *predictions,
                                  const SplitScores *scores, char *const *labels, Error *err);

#endif
