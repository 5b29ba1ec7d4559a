/* How all this was made. */
#include <stdio.h>

#include "common/clock.h"
#include "compare/report_page.h"

static void add_item(Page *page, const char *name, const char *value) {
    if (value && *value) html_add(page->out, "<dt>%s</dt><dd><bdi>%.400s</bdi></dd>\n", name, value);
}

static void add_data_items(Page *page) {
    const Comparison *c = page->comparison;
    char line[160];
    add_item(page, "data", c->data);
    add_item(page, "read as", c->dataset->detected);
    add_item(page, "sha256 of rows and splits", c->data_sha256.text);
    (void)snprintf(line, sizeof line, "%.1f words on average, 95 %% at most %.0f, longest %lld", c->texts.words.mean,
                   c->texts.words.p95, (long long)c->texts.words.max);
    add_item(page, "texts", line);
}

static void add_model_items(Page *page) {
    const ComparisonModel *model = &page->comparison->model;
    if (!model->folder) return;
    char line[200];
    add_item(page, "encoder", model->folder);
    add_item(page, "which is", model->what);
    add_item(page, "sha256 of its weights", model->sha256.text);
    add_item(page, "drawn anew for fine-tuning", model->new_tensors);
    (void)snprintf(line, sizeof line,
                   "%.1f on average, 95 %% at most %.0f, longest %lld; cut at %d: %d training, %d validation, %d test texts",
                   model->tokens.mean, model->tokens.p95, (long long)model->tokens.max, model->max_length,
                   model->truncated[SPLIT_TRAIN], model->truncated[SPLIT_VALIDATION], model->truncated[SPLIT_TEST]);
    add_item(page, "tokens a text", line);
}

static void add_class_table(Page *page) {
    const Dataset *dataset = page->comparison->dataset;
    enum { CLASSES_SHOWN = 300 };
    int64_t *counts = mem_new((size_t)dataset->classes * SPLIT_COUNT, sizeof *counts, page->err);
    if (!counts) {
        page->failed = true;
        return;
    }
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++)
        dataset_count_classes(dataset, split, counts + (size_t)split * (size_t)dataset->classes);
    html_add(page->out, "<details><summary>Rows of each class <span>%d classes</span></summary>\n", dataset->classes);
    html_begin_table(page->out, "narrow",
                     "tables/class_rows.csv", dataset->classes > CLASSES_SHOWN ? "The first 300 classes." : "Rows of each class in each split.");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">class</th><th scope=\"col\" class=\"n\">train</th><th scope=\"col\" "
                           "class=\"n\">validation</th>"
                           "<th scope=\"col\" class=\"n\">test</th></tr></thead>\n<tbody>\n");
    for (int k = 0; k < dataset->classes && k < CLASSES_SHOWN; k++) {
        html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th>", dataset->class_names[k]);
        for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
            char text[32];
            count_text(text, counts[(size_t)split * (size_t)dataset->classes + (size_t)k]);
            html_add(page->out, "<td class=\"n\">%s</td>", text);
        }
        buffer_text(page->out, "</tr>\n");
    }
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
    mem_free(counts);
}

void page_add_making(Page *page) {
    const Comparison *c = page->comparison;
    char seed[32];
    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)c->seed);
    buffer_text(page->out, "<section id=\"making\">\n<h2>How this was made, and how to repeat it</h2>\n");
    if (c->command) html_add(page->out, "<pre><code>%s</code></pre>\n", c->command);
    buffer_text(page->out, "<dl>\n");
    add_data_items(page);
    add_model_items(page);
    add_item(page, "precision", c->dtype);
    add_item(page, "seed", seed);
    add_item(page, "program", "twofold " TWOFOLD_VERSION);
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_DONE && c->entries[i].how[0])
            html_add(page->out, "<dt><bdi>%.60s</bdi></dt><dd>%s</dd>\n", c->entries[i].name, c->entries[i].how);
    buffer_text(page->out, "</dl>\n<p class=\"note\">Nothing was trained, tuned or chosen on the test rows; only the "
                           "recommendation reads them. Versions, processor, "
                           "threads and every option: <a href=\"env.json\">env.json</a>; which row is in which split: <a "
                           "href=\"splits.csv\">splits.csv</a>.</p>\n");
    page_add_plot(page, PLOT_TOKENS);
    add_class_table(page);
    buffer_text(page->out, "</section>\n");
}
