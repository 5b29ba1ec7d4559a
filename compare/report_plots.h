/* The figures of a report, each made once for the page and for its file. Width as in PlotText. */
#ifndef TWOFOLD_COMPARE_REPORT_PLOTS_H
#define TWOFOLD_COMPARE_REPORT_PLOTS_H

#include "compare/comparison.h"
#include "compare/figure.h"

typedef struct ReportPlot {
    const char *file; /* name under figures/ without its ending; those that show measured figures begin with "costs" */
    bool (*has)(const Comparison *comparison); /* is there anything to draw? */
    bool (*draw)(Figure *figure, const Comparison *comparison, double width, Error *err);
} ReportPlot;

typedef enum ReportPlotId {
    PLOT_ACCURACY,
    PLOT_LOSS,
    PLOT_VALIDATION,
    PLOT_CURVE,
    PLOT_TOKENS,
    PLOT_COVERAGE,
    PLOT_CASCADE,
    PLOT_COST_PREDICT,
    PLOT_COST_TRAIN,
    PLOT_COST_CASCADE,
    PLOT_COUNT
} ReportPlotId;
extern const ReportPlot REPORT_PLOTS[PLOT_COUNT];

/* An entry's answers on the test rows. */
MUST_CHECK bool report_plot_confusion(Figure *figure, const Comparison *comparison, int entry, Error *err);

#endif
