/* The rows: is the test clean, and how all this was made. */
#include <stdio.h>

#include "common/clock.h"
#include "compare/facts.h"
#include "compare/report_page.h"

/* ---- the audit ---- */

static void add_audit_heading(Page *page, int leaked) {
    const Comparison *c = page->comparison;
    char rows[32], some[32];
    count_text(rows, c->dataset->splits[SPLIT_TEST].count);
    count_text(some, leaked);
    if (leaked)
        html_add(page->out, "<h2>%s of %s test texts also stand in training or validation</h2>\n", some, rows);
    else
        html_add(page->out, "<h2>The test is clean: none of its %s texts stands in training or validation</h2>\n", rows);
}

/* A row of zeros says nothing and is left out. */
static void add_count_row(Page *page, const char *name, const int counts[SPLIT_COUNT]) {
    if (!counts[SPLIT_TRAIN] && !counts[SPLIT_VALIDATION] && !counts[SPLIT_TEST]) return;
    html_add(page->out, "<tr><th scope=\"row\">%s</th>", name);
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        char text[32];
        count_text(text, counts[split]);
        html_add(page->out, "<td class=\"n\">%s</td>", text);
    }
    buffer_text(page->out, "</tr>\n");
}

static void add_audit_table(Page *page) {
    const Comparison *c = page->comparison;
    const Audit *audit = &c->audit;
    int rows[SPLIT_COUNT], in[2][SPLIT_COUNT] = {{0}}, otherwise[2][SPLIT_COUNT] = {{0}};
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) {
        rows[split] = c->dataset->splits[split].count;
        for (Split other = SPLIT_TRAIN; other < split; other++) {
            in[other][split] = audit->leaks[split][other];
            otherwise[other][split] = audit->leaks_otherwise[split][other];
        }
    }
    html_begin_table(page->out, "narrow",
                     "Problems that were looked for and are not listed do not occur. Equal means equal bytes; audit.csv has each "
                     "row and its counterpart.");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">texts</th><th scope=\"col\" class=\"n\">train</th><th scope=\"col\" "
                           "class=\"n\">validation</th>"
                           "<th scope=\"col\" class=\"n\">test</th></tr></thead>\n<tbody>\n");
    add_count_row(page, "rows", rows);
    add_count_row(page, "repeat an earlier row of their split", audit->duplicates);
    add_count_row(page, "texts with several labels", audit->conflicts);
    add_count_row(page, "empty texts", audit->empty);
    add_count_row(page, "also in train", in[SPLIT_TRAIN]);
    add_count_row(page, "… there always with another label", otherwise[SPLIT_TRAIN]);
    add_count_row(page, "also in validation", in[SPLIT_VALIDATION]);
    add_count_row(page, "… there always with another label", otherwise[SPLIT_VALIDATION]);
    html_end_table(page->out);
}

static void add_without_leaks(Page *page, int leaked) {
    const Comparison *c = page->comparison;
    char rest[32];
    count_text(rest, c->dataset->splits[SPLIT_TEST].count - leaked);
    html_begin_table(
        page->out, "narrow",
        "What these rows do to the scores: test accuracy with them and without, and the difference in points (0.01).");
    html_add(page->out,
             "<thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">all rows</th><th scope=\"col\" "
             "class=\"n\">the %s others</th>"
             "<th scope=\"col\" class=\"n\">points</th></tr></thead>\n<tbody>\n",
             rest);
    for (int i = 0; i < c->entry_count; i++) {
        if (c->entries[i].status != ENTRY_DONE) continue;
        double all = c->entries[i].scores[SPLIT_TEST].accuracy, clean = facts_accuracy_without_leaks(c, i);
        char difference[32];
        (void)snprintf(difference, sizeof difference, "%+.2f", 100 * (clean - all));
        html_add(page->out,
                 "<tr><th scope=\"row\"><bdi>%.60s</bdi></th><td class=\"n\">%.4f</td><td class=\"n\">%.4f</td><td "
                 "class=\"n\">%s</td></tr>\n",
                 c->entries[i].name, all, clean, clean == clean ? difference : "–");
    }
    html_end_table(page->out);
}

static void add_leak_sentence(Page *page, int in_train, int otherwise) {
    if (!in_train) return;
    html_add(page->out, "<p>%d of them in training, ", in_train);
    if (otherwise == 0)
        buffer_text(page->out,
                    "with the same label: an entry that remembers them is marked right without having understood them.</p>\n");
    else if (otherwise == in_train)
        buffer_text(page->out, "all of these with another label: an entry that remembers them is marked wrong.</p>\n");
    else
        html_add(page->out,
                 "%d of these with another label there (an entry that remembers them is marked wrong), %d with the same (it is "
                 "marked right "
                 "without having understood them).</p>\n",
                 otherwise, in_train - otherwise);
}

void page_add_audit(Page *page) {
    const Audit *audit = &page->comparison->audit;
    int leaked = facts_leaked(page->comparison);
    buffer_text(page->out, "<section id=\"clean\">\n");
    add_audit_heading(page, leaked);
    if (leaked) {
        add_leak_sentence(page, audit->leaks[SPLIT_TEST][SPLIT_TRAIN], audit->leaks_otherwise[SPLIT_TEST][SPLIT_TRAIN]);
        add_without_leaks(page, leaked);
    }
    add_audit_table(page);
    buffer_text(page->out, "</section>\n");
}

/* ---- how this was made ---- */

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
                     dataset->classes > CLASSES_SHOWN ? "The first 300 classes." : "Rows of each class in each split.");
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
