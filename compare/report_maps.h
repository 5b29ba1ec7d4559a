/* The maps of a run in its report: as figures, and in compare.json. The page's section is in report_page.h. */
#ifndef TWOFOLD_COMPARE_REPORT_MAPS_H
#define TWOFOLD_COMPARE_REPORT_MAPS_H

#include "common/json.h"
#include "compare/comparison.h"
#include "compare/figure.h"

typedef enum MapForm { MAP_POINTS, MAP_PANELS, MAP_FORMS } MapForm;

/* "map_frozen_umap", "map_fine_tuned_pca_classes": under figures/, without ending. */
void map_figure_name(char out[64], MapSideId side, int umap, MapForm form);
MUST_CHECK bool report_plot_map(Figure *figure, const Comparison *comparison, MapSideId side, int umap, MapForm form,
                                double width, Error *err);

/* The value of "maps": null without. */
void maps_write_json(JsonWriter *json, const Maps *maps);

/* "the nearest vector has the text's label for 48 % of test texts frozen, 91 % fine-tuned"; nothing without maps. */
void maps_say(Buffer *out, const Maps *maps);

#endif
