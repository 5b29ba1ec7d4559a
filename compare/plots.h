/* The figures of a comparison. Each function begins the Figure it is given (released with figure_free) and draws into it;
 * names may be any text, NaN is left out, and nothing depends on colour alone: series have shapes, dashes and their names
 * beside them. */
#ifndef TWOFOLD_COMPARE_PLOTS_H
#define TWOFOLD_COMPARE_PLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "compare/figure.h"
#include "metrics/calibration.h"
#include "metrics/confusion.h"

/* What every figure is told. */
typedef struct PlotText {
    const char *title;   /* what is drawn */
    const char *caption; /* what to see in it, a sentence; "" for none */
    double width;        /* of the drawing; 0: 640. At 380 all but large matrices still read well (a phone) */
} PlotText;

/* Rows are true classes, columns answers; the shade of a cell is its share of the row, always from 0 to 100 %, so that two
 * matrices side by side compare; the numbers are rows of the data, and stand where there is room. Up to 100 classes all are
 * drawn; of more, the 80 that are confused most, and a line says so. The matrix takes the room it needs: width is ignored. */
MUST_CHECK bool plot_confusion(Figure *figure, PlotText text, const Confusion *confusion, char *const *labels, Error *err);

typedef struct Series {
    const char *name;
    const double *x, *y;      /* (count); a NaN in y leaves a gap */
    const double *low, *high; /* (count) or NULL: an interval around each y */
    int count;
} Series;

/* Curves over one axis (loss by step, score by rows of training data), each with its name at its end. */
typedef struct CurvesPlot {
    const Series *series;
    int count;
    const char *x_name, *y_name;
    bool log_x;
} CurvesPlot;
void plot_curves(Figure *figure, PlotText text, const CurvesPlot *plot);

/* Values with their intervals as bars on one scale, a row each, the numbers beside them. */
typedef struct IntervalRow {
    const char *name;
    double value, low, high; /* NaN value: "not measured"; NaN bounds: only the point */
    bool strong;             /* the name in bold: the one that is recommended */
} IntervalRow;
typedef struct IntervalsPlot {
    const IntervalRow *rows;
    int count;
    const char *x_name;
    double reference; /* a line through all rows, NaN for none */
    const char *reference_name;
} IntervalsPlot;
void plot_intervals(Figure *figure, PlotText text, const IntervalsPlot *plot);

/* Score against cost. The line joins those that nothing else beats in both: cheaper and better. */
typedef struct CostPoint {
    const char *name;
    double cost, score; /* cost above 0, on a logarithmic axis; points with NaN are left out */
    double low, high;   /* interval of the score, or NaN */
} CostPoint;
typedef struct CostPlot {
    const CostPoint *points;
    int count;
    const char *cost_name, *score_name; /* with units */
} CostPlot;
MUST_CHECK bool plot_cost(Figure *figure, PlotText text, const CostPlot *plot, Error *err);

/* How sure an entry says it is against how often it is right, bin by bin: a mark on the diagonal means what it says; larger marks hold more rows. Below
 * stands the share of rows in each bin. Two forms of the same answers may be drawn, as given and calibrated. */
typedef struct ReliabilityPlot {
    const Reliability *forms[2]; /* the second may be NULL */
    const char *names[2];
} ReliabilityPlot;
void plot_reliability(Figure *figure, PlotText text, const ReliabilityPlot *plot);

/* How often each value was seen, in bins of equal, round width; what lies far out is counted in one last bin. */
typedef struct HistogramMark {
    double value;
    const char *name; /* "median 22" */
} HistogramMark;
typedef struct HistogramPlot {
    const int *values; /* (count), not negative */
    int count;
    const char *x_name, *y_name;
    const HistogramMark *marks;
    int mark_count;
} HistogramPlot;
MUST_CHECK bool plot_histogram(Figure *figure, PlotText text, const HistogramPlot *plot, Error *err);

/* Texts in a plane. Of many classes the largest have names, or panels; the rest is said. */
typedef struct MapPlot {
    const float *places;   /* (rows, 2) */
    const int32_t *labels; /* (rows) class ids */
    int rows;
    char *const *names; /* (classes) */
    int classes;
    const char *axes; /* what the two directions are, a phrase */
} MapPlot;
/* One drawing: a colour a class (they come again after eight), and its name where the middle of its points is. */
MUST_CHECK bool plot_map(Figure *figure, PlotText text, const MapPlot *plot, Error *err);
/* A panel for each class: how many of its points fall into each hexagon, from none to most in that panel. */
MUST_CHECK bool plot_map_classes(Figure *figure, PlotText text, const MapPlot *plot, Error *err);

#endif
