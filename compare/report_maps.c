/* The map of texts, frozen and fine-tuned. */
#include "compare/report_maps.h"

#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/plots.h"
#include "compare/report_page.h"

static const char *const SIDES[MAP_SIDES] = {"frozen", "fine_tuned"};
static const char *const METHODS[2] = {"pca", "umap"}, *const METHOD_NAMES[2] = {"PCA", "UMAP"};

void map_figure_name(char out[64], MapSideId side, int umap, MapForm form) {
    (void)snprintf(out, 64, "map_%s_%s%s", SIDES[side], METHODS[umap], form == MAP_PANELS ? "_classes" : "");
}

static int percent(double share) { return (int)lround(100 * share); }

/* ---- drawings ---- */

static void write_axes(char out[160], const TextMap *map, int umap) {
    if (umap)
        (void)snprintf(out, 160, "UMAP: near texts are alike; directions, sizes and gaps mean little");
    else
        (void)snprintf(out, 160, "across: first component, %.0f %% of the variance; up: second, %.0f %%", 100 * map->variance[0],
                       100 * map->variance[1]);
}

bool report_plot_map(Figure *figure, const Comparison *c, MapSideId side, int umap, MapForm form, double width, Error *err) {
    const Maps *maps = &c->maps;
    const TextMap *map = &maps->sides[side].maps[umap];
    const RowList *list = &c->dataset->splits[SPLIT_TEST];
    char title[160], caption[400], axes[160];
    int32_t *labels = mem_new((size_t)maps->rows, sizeof *labels, err);
    *figure = (Figure){0};
    if (!labels) return false;
    for (int i = 0; i < maps->rows; i++) labels[i] = c->dataset->labels[list->rows[maps->test[i]]];
    const char *who = side == MAP_TUNED ? "fine-tuned" : "frozen";
    (void)snprintf(title, sizeof title, "%s of the %s encoder%s", METHOD_NAMES[umap], who,
                   form == MAP_PANELS ? ", class by class" : "");
    if (form == MAP_POINTS)
        (void)snprintf(caption, sizeof caption,
                       "%s of the %s encoder's vectors, a mark a test text, its shape and colour the class's, as before each name, which "
                       "stands in the middle of its texts. The nearest point has the "
                       "same label for %d %% of them.",
                       METHOD_NAMES[umap], who, percent(map->nearest_label));
    else
        (void)snprintf(
            caption, sizeof caption,
            "The same map, a panel a class with its number of texts: the fuller a hexagon's colour, the more of them it holds, "
            "each panel on its own scale. Classes whose full parts coincide are hard to tell apart.");
    write_axes(axes, map, umap);
    MapPlot plot = {.places = map->places.values,
                    .labels = labels,
                    .rows = maps->rows,
                    .names = c->dataset->class_names,
                    .classes = c->dataset->classes,
                    .axes = axes};
    PlotText text = {.title = title, .caption = caption, .width = width};
    bool drawn = form == MAP_PANELS ? plot_map_classes(figure, text, &plot, err) : plot_map(figure, text, &plot, err);
    mem_free(labels);
    return drawn;
}

/* ---- compare.json ---- */

static void write_side(JsonWriter *json, const MapSide *side) {
    if (!side->made) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    json_put_string(json, "entry", side->entry);
    json_put_number(json, "nearest_label", side->nearest_label);
    for (int m = 0; m < 2; m++) {
        const TextMap *map = &side->maps[m];
        json_write_key(json, METHODS[m]);
        json_begin_object(json);
        json_put_number(json, "trustworthiness", map->trustworthiness);
        json_put_number(json, "nearest_label", map->nearest_label);
        json_write_key(json, "variance");
        json_begin_array(json);
        for (int i = 0; i < 2; i++) json_write_number(json, map->variance[i]);
        json_end_array(json);
        json_end_object(json);
    }
    json_end_object(json);
}

void maps_write_json(JsonWriter *json, const Maps *maps) {
    if (!maps_has(maps)) {
        json_write_null(json);
        return;
    }
    json_begin_object(json);
    json_put_int(json, "rows", maps->rows);
    for (int side = 0; side < MAP_SIDES; side++) {
        json_write_key(json, SIDES[side]);
        write_side(json, &maps->sides[side]);
    }
    json_end_object(json);
}

void maps_say(Buffer *out, const Maps *maps) {
    const MapSide *frozen = &maps->sides[MAP_FROZEN], *tuned = &maps->sides[MAP_TUNED];
    if (!maps_has(maps)) return;
    buffer_text(out, "the nearest vector has the text's label for ");
    if (frozen->made) buffer_printf(out, "%d %% of test texts frozen", percent(frozen->nearest_label));
    if (tuned->made)
        buffer_printf(out, frozen->made ? ", %d %% fine-tuned" : "%d %% of test texts fine-tuned", percent(tuned->nearest_label));
}

/* ---- the page ---- */

static void add_heading(Page *page) {
    const MapSide *frozen = &page->comparison->maps.sides[MAP_FROZEN], *tuned = &page->comparison->maps.sides[MAP_TUNED];
    if (!frozen->made || !tuned->made) {
        const MapSide *side = frozen->made ? frozen : tuned;
        html_add(page->out, "<h2>The %s encoder puts a text of the same label nearest for %d %% of test texts</h2>\n",
                 frozen->made ? "frozen" : "fine-tuned", percent(side->nearest_label));
        return;
    }
    double gain = tuned->nearest_label - frozen->nearest_label;
    html_add(page->out, "<h2>Fine-tuning %s: the nearest text has the same label for %d %% before, %d %% after</h2>\n",
             gain > 0.02    ? "brings texts of one class together"
             : gain < -0.02 ? "mixes the classes"
                            : "moves the classes little",
             percent(frozen->nearest_label), percent(tuned->nearest_label));
}

static void add_map(Page *page, MapSideId side, int umap, MapForm form) {
    if (page->failed || !page->comparison->maps.sides[side].made) return;
    Figure figure = {0};
    Buffer svg = {0};
    char name[64], file[80];
    map_figure_name(name, side, umap, form);
    (void)snprintf(file, sizeof file, "figures/%s", name);
    page->failed = !report_plot_map(&figure, page->comparison, side, umap, form, 460, page->err) ||
                   !figure_write_svg(&svg, &figure, FIGURE_INLINE, page->err);
    if (!page->failed) {
        html_add(page->out, "<div><p class=\"which\"><b>%s</b> · <bdi>%.60s</bdi></p>\n<figure>\n",
                 side == MAP_TUNED ? "Fine-tuned" : "Frozen", page->comparison->maps.sides[side].entry);
        if (page->out->size + svg.size <= PAGE_MOST)
            buffer_add(page->out, svg.data, svg.size);
        else
            buffer_text(page->out, "<p>Too large for this page: see the files.</p>\n");
        html_add(page->out, "<figcaption>%s", figure.caption.data ? figure.caption.data : "");
        page_add_files(page, file);
        buffer_text(page->out, "</figcaption></figure></div>\n");
    }
    page->out->failed |= svg.failed;
    figure_free(&figure);
    buffer_free(&svg);
}

static void add_pair(Page *page, int umap, MapForm form) {
    buffer_text(page->out, "<div class=\"side\">\n");
    add_map(page, MAP_FROZEN, umap, form);
    add_map(page, MAP_TUNED, umap, form);
    buffer_text(page->out, "</div>\n");
}

static void add_table(Page *page) {
    html_begin_table(page->out, "cards",
                     "tables/maps.csv", "Share of test texts whose nearest other text has the same label: among the vectors, and on each map. "
                     "Trustworthiness: 1 when no "
                     "text stands on the map beside one that is far from it among the vectors.");
    buffer_text(
        page->out,
        "<thead><tr><th scope=\"col\">encoder</th><th scope=\"col\" class=\"n\">same label,<br>vectors</th><th scope=\"col\" "
        "class=\"n\">same label,<br>UMAP</th><th scope=\"col\" class=\"n\">same label,<br>PCA</th><th scope=\"col\" "
        "class=\"n\">trustworthiness,<br>UMAP</th><th scope=\"col\" "
        "class=\"n\">trustworthiness,<br>PCA</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < MAP_SIDES; i++) {
        const MapSide *side = &page->comparison->maps.sides[i];
        if (!side->made) continue;
        html_add(page->out, "<tr><th scope=\"row\">%s<br><small><bdi>%.60s</bdi></small></th>",
                 i == MAP_TUNED ? "fine-tuned" : "frozen", side->entry);
        html_add(page->out,
                 "<td class=\"n\" data-label=\"same label, vectors\">%.3f</td><td class=\"n\" data-label=\"same label, "
                 "UMAP\">%.3f</td>",
                 side->nearest_label, side->maps[1].nearest_label);
        html_add(page->out,
                 "<td class=\"n\" data-label=\"same label, PCA\">%.3f</td><td class=\"n\" data-label=\"trustworthiness, "
                 "UMAP\">%.3f</td>",
                 side->maps[0].nearest_label, side->maps[1].trustworthiness);
        html_add(page->out, "<td class=\"n\" data-label=\"trustworthiness, PCA\">%.3f</td></tr>\n",
                 side->maps[0].trustworthiness);
    }
    html_end_table(page->out);
}

void page_add_maps(Page *page) {
    const Maps *maps = &page->comparison->maps;
    if (!maps_has(maps)) {
        page_add_elsewhere(page, RUN_MAPS, "maps", "Maps");
        return;
    }
    char rows[32], all[32];
    count_text(rows, maps->rows);
    count_text(all, maps->all);
    buffer_text(page->out, "<section id=\"maps\">\n");
    add_heading(page);
    page_add_whose(page, RUN_MAPS);
    html_add(page->out,
             "<p class=\"note\">The vectors of %s%s%s test texts, on which neither encoder was trained, flattened to two "
             "dimensions. A map shows which texts an "
             "encoder takes for alike; it is no score.</p>\n",
             maps->rows < maps->all ? rows : "the ", maps->rows < maps->all ? " of " : "", all);
    add_pair(page, 1, MAP_POINTS);
    buffer_text(page->out, "<details><summary>UMAP, class by class</summary>\n");
    add_pair(page, 1, MAP_PANELS);
    buffer_text(page->out, "</details>\n<details><summary>Principal components</summary>\n");
    add_pair(page, 0, MAP_POINTS);
    buffer_text(page->out, "</details>\n");
    add_table(page);
    buffer_text(page->out, "<p class=\"note\">Every point: <a href=\"maps/maps.csv\">maps.csv</a>; each drawing, those of PCA "
                           "class by class too: figures/map_*.</p>\n</section>\n");
}
