/* The figures of the section on confidence. */
#ifndef TWOFOLD_COMPARE_PLOTS_CONFIDENCE_H
#define TWOFOLD_COMPARE_PLOTS_CONFIDENCE_H

#include "compare/comparison.h"
#include "compare/figure.h"

/* Of one entry with a Confidence: as given, and calibrated where a temperature was fitted. Width as in PlotText. */
void report_plot_reliability(Figure *figure, const Comparison *comparison, int entry, double width);

/* Accuracy on the surest texts, a curve for each entry but the dummies. */
bool has_coverage(const Comparison *comparison);
MUST_CHECK bool draw_coverage(Figure *figure, const Comparison *comparison, double width, Error *err);

#endif
