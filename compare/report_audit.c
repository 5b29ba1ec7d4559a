/* Is the test clean: texts that repeat, leak or contradict themselves, what these rows do to the scores, and labels that look wrong. */
#include <stdio.h>

#include "common/clock.h"
#include "compare/facts.h"
#include "compare/report_page.h"

enum { SUSPECTS_SHOWN = 40, SUSPECTS_OPEN = 8, SAME_TEXT = AUDIT_LEAK | AUDIT_NORMALIZED_LEAK };

/* ---- leaks ---- */

static void add_audit_heading(Page *page, int same, int near) {
    char rows[32], some[32], more[32];
    count_text(rows, page->comparison->dataset->splits[SPLIT_TEST].count);
    count_text(some, same);
    count_text(more, near);
    if (same && near)
        html_add(page->out, "<h2>%s of %s test texts also %s in training or validation, %s more nearly %s</h2>\n", some, rows,
                 same == 1 ? "stands" : "stand", more, near == 1 ? "does" : "do");
    else if (same)
        html_add(page->out, "<h2>%s of %s test texts also %s in training or validation</h2>\n", some, rows,
                 same == 1 ? "stands" : "stand");
    else if (near)
        html_add(page->out, "<h2>%s of %s test texts nearly %s in training or validation</h2>\n", more, rows,
                 near == 1 ? "stands" : "stand");
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

/* How many rows of each split stand in an earlier one, and how many of these with another label. */
static void add_leak_rows(Page *page, const char *how, const int leaks[SPLIT_COUNT][SPLIT_COUNT],
                          const int otherwise[SPLIT_COUNT][SPLIT_COUNT], const char *otherwise_name) {
    for (Split earlier = SPLIT_TRAIN; earlier < SPLIT_TEST; earlier++) {
        int in[SPLIT_COUNT] = {0}, other[SPLIT_COUNT] = {0};
        char name[96];
        for (Split split = earlier + 1; split < SPLIT_COUNT; split++) {
            in[split] = leaks[split][earlier];
            other[split] = otherwise[split][earlier];
        }
        (void)snprintf(name, sizeof name, "%s %s", how, split_name(earlier));
        add_count_row(page, name, in);
        add_count_row(page, otherwise_name, other);
    }
}

static void add_audit_table(Page *page) {
    const Comparison *c = page->comparison;
    const Audit *audit = &c->audit;
    int rows[SPLIT_COUNT];
    for (Split split = SPLIT_TRAIN; split < SPLIT_COUNT; split++) rows[split] = c->dataset->splits[split].count;
    html_begin_table(page->out, "narrow",
                     "tables/audit_counts.csv", "Problems that were looked for and are not listed do not occur. Each row counts on the strongest level: equal "
                     "bytes; equal but for case, Unicode form, spaces and punctuation; near, with a Jaccard similarity of at least 0.8 "
                     "over pairs of words. audit.csv has each row and its counterpart; the counts:");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">texts</th><th scope=\"col\" class=\"n\">train</th><th scope=\"col\" "
                           "class=\"n\">validation</th>"
                           "<th scope=\"col\" class=\"n\">test</th></tr></thead>\n<tbody>\n");
    add_count_row(page, "rows", rows);
    add_count_row(page, "repeat an earlier row of their split", audit->duplicates);
    add_count_row(page, "… but for case, spaces or punctuation", audit->normalized.duplicates);
    add_count_row(page, "… nearly", audit->near.duplicates);
    add_count_row(page, "texts with several labels", audit->conflicts);
    add_count_row(page, "empty texts", audit->empty);
    add_leak_rows(page, "also in", audit->leaks, audit->leaks_otherwise, "… there always with another label");
    add_leak_rows(page, "but for case, spaces or punctuation in", audit->normalized.leaks, audit->normalized.leaks_otherwise,
                  "… there with another label");
    add_leak_rows(page, "nearly in", audit->near.leaks, audit->near.leaks_otherwise, "… there with another label");
    html_end_table(page->out);
}

static void add_accuracy(Page *page, double accuracy, double all) {
    char points[32];
    (void)snprintf(points, sizeof points, "%+.2f", 100 * (accuracy - all));
    if (accuracy != accuracy)
        buffer_text(page->out, "<td class=\"n\">–</td>");
    else
        html_add(page->out, "<td class=\"n\">%.4f <small>%s</small></td>", accuracy, points);
}

/* A column for the rows without equal texts, and one without near ones too, as far as there are any. */
static void add_without_leaks(Page *page, int same, int near) {
    const Comparison *c = page->comparison;
    int rows = c->dataset->splits[SPLIT_TEST].count;
    char without_same[32], without_near[32];
    count_text(without_same, rows - same);
    count_text(without_near, rows - same - near);
    html_begin_table(page->out, "narrow",
                     "tables/without_leaks.csv", "What these rows do to the scores: test accuracy with them and without, and the difference in points (0.01).");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">all rows</th>");
    if (same) html_add(page->out, "<th scope=\"col\" class=\"n\">the %s that stand nowhere else</th>", without_same);
    if (near) html_add(page->out, "<th scope=\"col\" class=\"n\">the %s not even nearly elsewhere</th>", without_near);
    buffer_text(page->out, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->entry_count; i++) {
        if (c->entries[i].status != ENTRY_DONE) continue;
        double all = c->entries[i].scores[SPLIT_TEST].accuracy;
        html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th><td class=\"n\">%.4f</td>", c->entries[i].name, all);
        if (same) add_accuracy(page, facts_accuracy_without(c, i, SAME_TEXT), all);
        if (near) add_accuracy(page, facts_accuracy_without(c, i, AUDIT_ANY_LEAK), all);
        buffer_text(page->out, "</tr>\n");
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
                 "marked right without having understood them).</p>\n",
                 otherwise, in_train - otherwise);
}

static void add_other_sentences(Page *page) {
    const Comparison *c = page->comparison;
    double ceiling = audit_ceiling(&c->audit, c->dataset, SPLIT_TEST);
    int dropped = c->dataset->leaks_dropped;
    if (ceiling < 1)
        html_add(page->out,
                 "<p>No model can pass an accuracy of %.4f here: equal test texts have different labels, and a model gives equal "
                 "texts one answer.</p>\n",
                 ceiling);
    if (dropped)
        html_add(page->out, "<p>%d training row%s left out because the text also stands in validation or test.</p>\n", dropped,
                 dropped == 1 ? " was" : "s were");
    if (c->audit.pairs.cut)
        html_add(page->out, "<p>%d texts have so many look-alikes that not all near ones were counted.</p>\n", c->audit.pairs.cut);
}

void page_add_audit(Page *page) {
    const Comparison *c = page->comparison;
    const Audit *audit = &c->audit;
    int same = facts_leaked_as(c, SAME_TEXT), near = facts_leaked_as(c, AUDIT_ANY_LEAK) - same;
    buffer_text(page->out, "<section id=\"clean\">\n");
    add_audit_heading(page, same, near);
    add_leak_sentence(page, audit->leaks[SPLIT_TEST][SPLIT_TRAIN] + audit->normalized.leaks[SPLIT_TEST][SPLIT_TRAIN],
                      audit->leaks_otherwise[SPLIT_TEST][SPLIT_TRAIN] + audit->normalized.leaks_otherwise[SPLIT_TEST][SPLIT_TRAIN]);
    if (same || near) add_without_leaks(page, same, near);
    add_other_sentences(page);
    add_audit_table(page);
    buffer_text(page->out, "</section>\n");
}

/* ---- labels ---- */

static void add_suspect(Page *page, const AuditSuspect *suspect, const char *split) {
    const Dataset *dataset = page->comparison->dataset;
    size_t size;
    const char *text = dataset_text(dataset, suspect->row, &size);
    Buffer id = {0};
    dataset_add_id(&id, dataset, suspect->row);
    buffer_text(page->out, "<tr><td class=\"text\">");
    html_text(page->out, text, size, TEXT_SHOWN);
    html_add(page->out, "</td><td data-label=\"row\">%s <small>%.80s</small></td>", split, id.data ? id.data : "");
    html_add(page->out, "<td data-label=\"label\"><bdi>%.60s</bdi> <small>%.1f %%</small></td>",
             page_label(page, dataset->labels[suspect->row]), 100 * suspect->score);
    html_add(page->out, "<td data-label=\"suggested\"><bdi>%.60s</bdi></td></tr>\n", page_label(page, suspect->suggested));
    page->out->failed |= id.failed;
    buffer_free(&id);
}

void page_add_label_errors(Page *page) {
    const Comparison *c = page->comparison;
    const Audit *audit = &c->audit;
    if (audit->suspect_count < 1) {
        page_add_elsewhere(page, RUN_LABELS, "labels", "Doubtful labels");
        return;
    }
    int shown = audit->suspect_count < SUSPECTS_SHOWN ? audit->suspect_count : SUSPECTS_SHOWN, in_test = 0;
    uint8_t *split = mem_new((size_t)c->dataset->rows, 1, page->err);
    if (!split) {
        page->failed = true;
        return;
    }
    for (int s = 0; s < SPLIT_COUNT; s++)
        for (int i = 0; i < c->dataset->splits[s].count; i++) split[c->dataset->splits[s].rows[i]] = (uint8_t)s;
    for (int i = 0; i < audit->suspect_count; i++) in_test += split[audit->suspects[i].row] == SPLIT_TEST;
    char all[32], test[32];
    count_text(all, audit->suspect_count);
    count_text(test, in_test);
    html_add(page->out, "<section id=\"labels\">\n<h2>A linear model on frozen features doubts %s label%s, %s of them in the test rows</h2>\n", all,
             audit->suspect_count == 1 ? "" : "s", test);
    page_add_whose(page, RUN_LABELS);
    buffer_text(page->out,
                "<p>Confident learning: a frozen encoder with a linear model, trained without the row, is confidently in another class "
                "than its label. It only ranks what a person should look at: where this model is weak, its doubts are too. "
                "Nothing was changed.</p>\n");
    html_add(page->out, "<details%s><summary>The likeliest label errors <span>%d of %s</span></summary>\n",
             shown <= SUSPECTS_OPEN ? " open" : "", shown, all);
    html_begin_table(page->out, "cards", "audit.csv", "Least probable labels first, with the probability that the label was given.");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">text</th><th scope=\"col\">row</th><th scope=\"col\">label</th><th "
                           "scope=\"col\">suggested</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < shown; i++) add_suspect(page, &audit->suspects[i], split_name((Split)split[audit->suspects[i].row]));
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n</section>\n");
    mem_free(split);
}
