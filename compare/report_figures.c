/* The figures of a run as files, SVG and PNG. */
#include "common/file.h"
#include "compare/plots_confidence.h"
#include "compare/report.h"
#include "compare/report_maps.h"
#include "compare/report_plots.h"

static const double PNG_SCALE = 2; /* sharp on most screens */

static bool write_both(const Figure *figure, const char *folder, const char *name, Error *err) {
    Path svg, png;
    Buffer bytes = {0};
    bool good = path_make(&svg, err, "%s/%s.svg", folder, name) && path_make(&png, err, "%s/%s.png", folder, name) &&
                figure_write_svg(&bytes, figure, FIGURE_ALONE, err) && file_write_buffer(svg.text, &bytes, err);
    bytes.size = 0;
    good = good && figure_write_png(&bytes, figure, PNG_SCALE, err) && file_write_buffer(png.text, &bytes, err);
    buffer_free(&bytes);
    return good;
}

static bool write_confusion(const Comparison *comparison, int entry, const char *folder, Error *err) {
    Path path;
    Figure figure = {0};
    bool good = path_make(&path, err, "%s/%s", folder, comparison->entries[entry].name) && folder_make(path.text, err) &&
                report_plot_confusion(&figure, comparison, entry, err) && write_both(&figure, path.text, "confusion_matrix", err);
    figure_free(&figure);
    return good;
}

static bool write_reliability(const Comparison *comparison, int entry, const char *folder, Error *err) {
    Path path;
    Figure figure = {0};
    if (!comparison->entries[entry].confidence) return true;
    bool good = path_make(&path, err, "%s/%s", folder, comparison->entries[entry].name);
    if (good) report_plot_reliability(&figure, comparison, entry, 0);
    good = good && write_both(&figure, path.text, "reliability", err);
    figure_free(&figure);
    return good;
}

static bool write_maps(const Comparison *c, const char *figures, Error *err) {
    bool good = true;
    for (int i = 0; good && i < MAP_SIDES * 2 * MAP_FORMS; i++) {
        MapSideId side = (MapSideId)(i / (2 * MAP_FORMS));
        int umap = i / MAP_FORMS % 2;
        MapForm form = (MapForm)(i % MAP_FORMS);
        if (!c->maps.sides[side].made) continue;
        Figure figure = {0};
        char name[64];
        map_figure_name(name, side, umap, form);
        good = report_plot_map(&figure, c, side, umap, form, 0, err) && write_both(&figure, figures, name, err);
        figure_free(&figure);
    }
    return good;
}

bool report_write_figures(const Comparison *comparison, const char *folder, Error *err) {
    Path path;
    bool good = path_make(&path, err, "%s/figures", folder) && folder_make(path.text, err);
    for (int i = 0; good && i < PLOT_COUNT; i++) {
        if (!REPORT_PLOTS[i].has(comparison)) continue;
        Figure figure = {0};
        good = REPORT_PLOTS[i].draw(&figure, comparison, 0, err) && write_both(&figure, path.text, REPORT_PLOTS[i].file, err);
        figure_free(&figure);
    }
    good = good && write_maps(comparison, path.text, err);
    for (int i = 0; good && i < comparison->entry_count; i++)
        if (comparison->entries[i].status == ENTRY_DONE)
            good = write_confusion(comparison, i, folder, err) && write_reliability(comparison, i, folder, err);
    return good;
}
