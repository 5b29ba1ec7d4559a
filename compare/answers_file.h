/* Another system's answers, from a CSV file: what lets a hosted model, a rules file or a script take part in a comparison.
 *
 * The first line names the columns; a file of one column without such a line is a list of labels. Read are
 *   id          a row's id, file:line as in splits.csv and predictions.csv. Without it the lines answer the test rows in their order, or all
 *               rows of the data in theirs when there are as many as those.
 *   predicted   (or prediction, predicted_label, pred; or label where a column score stands too, as `twofold predict` writes it): the class by
 *               its name. Without it the most probable class.
 *   prob_LABEL  one for each class, or none: probabilities, from 0 to 1, of sum 1; a sum that is off by at most 0.02 is taken for rounding,
 *               and the row divided by it.
 *   label       beside a predicted column, the true class: it must be the data's.
 * Other columns are not looked at. Columns are parted by commas, semicolons or tabs, whichever the first line has; the file may be gzipped. */
#ifndef TWOFOLD_COMPARE_ANSWERS_FILE_H
#define TWOFOLD_COMPARE_ANSWERS_FILE_H

#include "datasets/dataset.h"
#include "metrics/predictions.h"

/* Fills the zeroed predictions of test, and those of validation when the file answers all validation rows (else they have no rows). Every test row
 * must be answered, once. ERROR_DATA with file and line for what is missing, unknown, twice there or no number; ERROR_PATH. `how` becomes a line
 * about what was read. */
MUST_CHECK bool answers_file_read(Predictions predictions[SPLIT_COUNT], char how[512], const char *path, const Dataset *dataset,
                                  Error *err);

#endif
