/* How sure the scores are, and which entries the test can tell apart. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "compare/report_page.h"
#include "compare/seeds.h"

enum { PAIRS_SHOWN = 60 };

static const struct {
    const char *name, *shown;
} SHOWN[] = {
    {"accuracy", "accuracy"},
    {"balanced_accuracy", "balanced acc."},
    {"f1_macro", "macro F1"},
    {"f1_weighted", "weighted F1"},
    {"mcc", "MCC"},
    {"cohen_kappa", "Cohen's κ"},
    {"roc_auc_ovr_macro", "AUC (macro)"},
    {"log_loss", "log loss"},
    {"brier", "Brier score"},
};
enum { SHOWN_COUNT = sizeof SHOWN / sizeof *SHOWN };

/* ---- the scores ---- */

static void add_score_cell(Page *page, const char *label, double value, Interval interval) {
    if (isnan(value)) {
        html_add(page->out, "<td class=\"n\" data-label=\"%s\">–</td>", label);
        return;
    }
    html_add(page->out, "<td class=\"n\" data-label=\"%s\">%.4f", label, value);
    if (!isnan(interval.low)) html_add(page->out, "<br><small>[%.3f, %.3f]</small>", interval.low, interval.high);
    buffer_text(page->out, "</td>");
}

static void add_scores(Page *page) {
    const Comparison *c = page->comparison;
    char count[32], rows[32];
    count_text(count, c->resamples);
    count_text(rows, c->dataset->splits[SPLIT_TEST].count);
    html_add(page->out, "<details><summary>Every score with its interval <span>test, 95 %%</span></summary>\n");
    Buffer caption = {0};
    buffer_printf(
        &caption,
        "How far each score may be from that on all texts of this kind: accuracy by Wilson's interval, AUC by DeLong's, the "
        "others by drawing the %s test texts anew %s times (BCa bootstrap, the same draws for every entry). compare.json "
        "has all scores, and those of each class.",
        rows, count);
    html_begin_table(page->out, "cards dense", "tables/scores.csv", caption.data ? caption.data : "");
    page->out->failed |= caption.failed;
    buffer_free(&caption);
    buffer_text(page->out, "<thead><tr><th scope=\"col\">entry</th>");
    for (int s = 0; s < SHOWN_COUNT; s++) html_add(page->out, "<th scope=\"col\" class=\"n\">%s</th>", SHOWN[s].shown);
    buffer_text(page->out, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->entry_count; i++) {
        const EntryResult *entry = &c->entries[i];
        if (entry->status != ENTRY_DONE) continue;
        html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th>", entry->name);
        for (int s = 0; s < SHOWN_COUNT; s++)
            add_score_cell(page, SHOWN[s].shown, score_value(&entry->scores[SPLIT_TEST], score_field_find(SHOWN[s].name)),
                           score_interval(&entry->intervals, SHOWN[s].name));
        buffer_text(page->out, "</tr>\n");
    }
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
}

/* ---- the pairs ---- */

/* "0.032" for a p that stands in a column of its own. */
static void p_cell_text(char out[32], double log10_p) {
    p_value_text(out, log10_p);
    const char *from = out[2] == '<' ? out + 2 : out + 4; /* "p = 0.03" or "p < 1e-99" */
    size_t length = strlen(from);
    memmove(out, from, length + 1);
}

static void add_difference_cell(Page *page, const char *label, const PairDifference *d, double scale) {
    if (isnan(d->value)) {
        html_add(page->out, "<td class=\"n\" data-label=\"%s\">–</td>", label);
        return;
    }
    char value[32], interval[64], p[32];
    int digits = scale > 1 ? 1 : 3;
    (void)snprintf(value, sizeof value, "%+.*f", digits, scale * d->value);
    (void)snprintf(interval, sizeof interval, "%+.*f, %+.*f", digits, scale * d->interval.low, digits, scale * d->interval.high);
    p_cell_text(p, log10(d->permutation_p));
    html_add(page->out, "<td class=\"n\" data-label=\"%s\">%s<br><small>[%s]<br>p %s</small></td>", label, value, interval, p);
}

static void add_pair_row(Page *page, const PairResult *pair) {
    char p[32], mid[32], holm[32], rows[32] = "–";
    p_cell_text(p, pair->mcnemar.log10_p);
    p_cell_text(mid, pair->mcnemar.log10_mid_p);
    p_cell_text(holm, pair->log10_holm);
    if (isfinite(pair->clean.rows_needed) && pair->clean.rows_needed < 1e15) count_text(rows, (int64_t)pair->clean.rows_needed);
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi> → <bdi>%.60s</bdi></th>", page_entry_name(page, pair->a),
             page_entry_name(page, pair->b));
    add_difference_cell(page, "accuracy, points", &pair->differences[PAIR_ACCURACY], 100);
    html_add(page->out, "<td class=\"n\" data-label=\"McNemar p (mid-p)\">%s<br><small>mid %s</small></td>", p, mid);
    html_add(page->out, "<td class=\"n\" data-label=\"p, Holm\">%s</td>", holm);
    add_difference_cell(page, "macro F1, points", &pair->differences[PAIR_F1_MACRO], 100);
    add_difference_cell(page, "weighted F1, points", &pair->differences[PAIR_F1_WEIGHTED], 100);
    add_difference_cell(page, "log loss", &pair->differences[PAIR_LOG_LOSS], 1);
    html_add(page->out, "<td class=\"n\" data-label=\"texts needed\">%s</td></tr>\n", rows);
}

static void add_pairs(Page *page) {
    const Comparison *c = page->comparison;
    if (!c->pair_count) return;
    html_add(page->out, "<details><summary>Every pair: differences with their intervals <span>%d pairs</span></summary>\n",
             c->pair_count);
    char count[32];
    Buffer caption = {0};
    count_text(count, c->permutations);
    buffer_printf(
        &caption,
        "%sThe second's score less the first's, in points (0.01; log loss as it is, less is better), with its 95 %% "
        "interval from the same draws for both, and below it p by swapping the two's answers at random %s times. McNemar: "
        "exact, below it mid-p; Holm: the exact p corrected for %d pairs. Texts needed: how many test texts would "
        "show the difference in accuracy that those have which are not leaked, with 80 %% probability.",
        c->pair_count > PAIRS_SHOWN ? "The first 60 pairs; compare.json has all. " : "", count, c->pair_count);
    html_begin_table(page->out, "cards dense", "tables/pairs.csv", caption.data ? caption.data : "");
    page->out->failed |= caption.failed;
    buffer_free(&caption);
    buffer_text(page->out,
                "<thead><tr><th scope=\"col\">first → second</th><th scope=\"col\" class=\"n\">accuracy,<br>points</th><th "
                "scope=\"col\" class=\"n\">McNemar<br>p</th><th scope=\"col\" class=\"n\">Holm<br>p</th><th scope=\"col\" "
                "class=\"n\">macro F1,<br>points</th><th scope=\"col\" class=\"n\">weighted F1,<br>points</th><th scope=\"col\" "
                "class=\"n\">log loss</th><th scope=\"col\" class=\"n\">texts<br>needed</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->pair_count && i < PAIRS_SHOWN; i++) add_pair_row(page, &c->pairs[i]);
    html_end_table(page->out);
    buffer_text(page->out, "</details>\n");
}

/* ---- seeds ---- */

static void add_seed_heading(Page *page, const EntryResult *entry) {
    double deviation, mean = seeds_mean(&entry->seeds, SPLIT_TEST, 0, &deviation);
    html_add(page->out, "<h3>Over %d seeds <bdi>%.60s</bdi> scores %.4f ± %.4f</h3>\n", entry->seeds.count, entry->name, mean,
             deviation);
}

/* "Of what one run's accuracy would vary by, 20 % is the seed …" */
static void add_variance(Page *page, const EntryResult *entry) {
    const VarianceParts *v = &entry->seeds.accuracy;
    double whole = v->seed + v->rows + v->both;
    if (!(whole > 0)) return;
    html_add(
        page->out,
        "<p>Were the seed and the test texts both drawn anew, the accuracy of one run would vary by ± %.4f (standard deviation). "
        "Of this variance %.0f %% comes from which texts the test has, %.0f %% from the seed, and %.0f %% from both together "
        "(which "
        "texts a run gets right changes with its seed).</p>\n",
        sqrt(whole), 100 * v->rows / whole, 100 * v->seed / whole, 100 * v->both / whole);
}

static void add_seed_row(Page *page, const char *name, const double *scores, const double *deviations) {
    html_add(page->out, "<tr><th scope=\"row\">%s</th>", name);
    for (int s = 0; s < SEED_SCORES; s++) {
        html_add(page->out, "<td class=\"n\" data-label=\"%s\">%.4f", SEED_SCORE_NAMES[s], scores[s]);
        if (deviations && !isnan(deviations[s])) html_add(page->out, " <small>± %.4f</small>", deviations[s]);
        buffer_text(page->out, "</td>");
    }
    buffer_text(page->out, "</tr>\n");
}

static void add_seeds(Page *page, const EntryResult *entry) {
    const SeedRuns *seeds = &entry->seeds;
    if (!seeds->count) return;
    add_seed_heading(page, entry);
    add_variance(page, entry);
    html_begin_table(
        page->out, "cards",
        "tables/seeds.csv", "Test scores of fine-tunings that differ in their seed alone. The first is the entry that the rest of this report is "
        "about; mean and standard deviation are over all of them.");
    buffer_text(page->out, "<thead><tr><th scope=\"col\">seed</th><th scope=\"col\" class=\"n\">accuracy</th><th scope=\"col\" "
                           "class=\"n\">balanced<br>accuracy</th><th scope=\"col\" class=\"n\">macro F1</th><th scope=\"col\" "
                           "class=\"n\">weighted F1</th><th scope=\"col\" class=\"n\">log loss</th></tr></thead>\n<tbody>\n");
    double means[SEED_SCORES], deviations[SEED_SCORES];
    for (int r = 0; r < seeds->count; r++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%llu", (unsigned long long)seeds->runs[r].seed);
        add_seed_row(page, name, seeds->runs[r].scores[SPLIT_TEST], NULL);
    }
    for (int s = 0; s < SEED_SCORES; s++) means[s] = seeds_mean(seeds, SPLIT_TEST, s, &deviations[s]);
    add_seed_row(page, "mean", means, deviations);
    html_end_table(page->out);
}

/* ---- the section ---- */

static void add_heading(Page *page) {
    const Comparison *c = page->comparison;
    int apart = 0;
    for (int i = 0; i < c->pair_count; i++) apart += c->pairs[i].log10_holm < log10(0.05);
    if (!c->pair_count)
        html_add(page->out, "<h2>How sure the scores are</h2>\n");
    else if (apart == c->pair_count)
        html_add(page->out, c->pair_count == 1 ? "<h2>The test tells the two entries apart</h2>\n"
                                               : "<h2>The test tells every two entries apart</h2>\n");
    else if (apart == 0)
        html_add(page->out, "<h2>The test tells no two entries apart</h2>\n");
    else
        html_add(page->out, "<h2>The test tells %d of %d pairs of entries apart</h2>\n", apart, c->pair_count);
}

/* Which classes could not be scored in full; the same for every entry, since it follows from the test rows. */
static void add_notes(Page *page) {
    const Comparison *c = page->comparison;
    int missing = 0, first = -1;
    int64_t *counts = mem_new((size_t)c->dataset->classes, sizeof *counts, page->err);
    if (!counts) {
        page->failed = true;
        return;
    }
    dataset_count_classes(c->dataset, SPLIT_TEST, counts);
    for (int k = 0; k < c->dataset->classes; k++) {
        if (counts[k]) continue;
        missing++;
        if (first < 0) first = k;
    }
    mem_free(counts);
    if (missing == 1)
        html_add(page->out,
                 "<p class=\"note\"><bdi>%.60s</bdi> has no test text: it has no recall and no AUC, and their means leave it "
                 "out.</p>\n",
                 page_label(page, first));
    else if (missing)
        html_add(
            page->out,
            "<p class=\"note\">%d classes, <bdi>%.60s</bdi> the first, have no test text: they have no recall and no AUC, and "
            "their means leave them out.</p>\n",
            missing, page_label(page, first));
}

void page_add_statistics(Page *page) {
    if (!page->comparison->resamples) return;
    buffer_text(page->out, "<section id=\"statistics\">\n");
    add_heading(page);
    add_notes(page);
    add_scores(page);
    add_pairs(page);
    for (int i = 0; i < page->comparison->entry_count; i++) add_seeds(page, &page->comparison->entries[i]);
    buffer_text(page->out, "</section>\n");
}
