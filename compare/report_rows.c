/* How all this was made. */
#include <stdio.h>

#include "common/clock.h"
#include "compare/report_page.h"
#include "compare/report_runs.h"

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

static void add_encoder_items(Page *page, const ComparisonModel *model) {
    add_item(page, "encoder", model->folder);
    add_item(page, "which is", model->what);
    add_item(page, "sha256 of its weights", model->sha256.text);
    add_item(page, "drawn anew for fine-tuning", model->new_tensors);
}

/* Each of several runs, as it was made. */
static void add_runs(Page *page) {
    const Comparison *c = page->comparison;
    char text[32];
    for (int i = 0; i < c->run_count; i++) {
        const SourceRun *run = &c->runs[i];
        html_add(page->out, "<h3>Run <bdi>%.400s</bdi></h3>\n<pre><code>%s</code></pre>\n<dl>\n", run->folder, run->command);
        if (run->model.folder) add_encoder_items(page, &run->model);
        add_item(page, "precision", run->dtype);
        (void)snprintf(text, sizeof text, "%lld", (long long)run->seed);
        add_item(page, "seed", text);
        if (*run->processor) html_add(page->out, "<dt>measured on</dt><dd class=\"measured\"><bdi>%.200s</bdi></dd>\n", run->processor);
        buffer_text(page->out, "</dl>\n");
    }
    buffer_text(page->out, "<h3>All together</h3>\n");
}

/* The run an entry was made in; one that several have in the same form is that of the first. */
static const char *run_of(const Comparison *c, int entry) {
    for (int i = 0; i < c->run_count; i++)
        if (c->runs[i].names[entry]) return c->runs[i].folder;
    return "";
}

static void add_entry_items(Page *page) {
    const Comparison *c = page->comparison;
    for (int i = 0; i < c->entry_count; i++) {
        if (c->entries[i].status != ENTRY_DONE || !c->entries[i].how[0]) continue;
        html_add(page->out, "<dt><bdi>%.60s</bdi></dt><dd>%s", c->entries[i].name, c->entries[i].how);
        if (comparison_is_joint(c)) html_add(page->out, " (<bdi>%.400s</bdi>)", run_of(c, i));
        buffer_text(page->out, "</dd>\n");
    }
}

static void add_where_more(Page *page) {
    const Comparison *c = page->comparison;
    buffer_text(page->out, "</dl>\n<p class=\"note\">Nothing was trained, tuned or chosen on the test rows; only the "
                           "recommendation reads them. Versions, processor, "
                           "threads and every option: ");
    if (comparison_is_joint(c)) {
        buffer_text(page->out, "env.json in each run's folder (");
        for (int i = 0; i < c->run_count; i++) html_add(page->out, "%s<bdi>%.400s</bdi>", i ? ", " : "", c->runs[i].folder);
        buffer_text(page->out, ")");
    } else
        buffer_text(page->out, "<a href=\"env.json\">env.json</a>");
    buffer_text(page->out, "; which row is in which split: <a "
                           "href=\"splits.csv\">splits.csv</a>.</p>\n");
}

static void add_model_items(Page *page) {
    const ComparisonModel *model = &page->comparison->model;
    char line[200];
    if (!model->folder) return;
    if (!comparison_is_joint(page->comparison)) add_encoder_items(page, model);
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
    if (comparison_is_joint(c)) add_runs(page);
    if (c->command) html_add(page->out, "<pre><code>%s</code></pre>\n", c->command);
    buffer_text(page->out, "<dl>\n");
    add_data_items(page);
    add_model_items(page);
    add_item(page, "precision", c->dtype);
    if (runs_same_seed(c)) add_item(page, "seed", seed);
    add_item(page, "program", "twofold " TWOFOLD_VERSION);
    add_entry_items(page);
    add_where_more(page);
    page_add_plot(page, PLOT_TOKENS);
    add_class_table(page);
    buffer_text(page->out, "</section>\n");
}
