/* What each entry costs, what that is in money, and when the cheaper one pays. */
#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "compare/break_evens.h"
#include "compare/report_page.h"

/* "finetune takes 1.2 ms for a text": the finding is measured, and so is its heading. */
static void add_heading(Page *page) {
    const Comparison *c = page->comparison;
    const EntryResult *chosen = c->recommendation.deploy >= 0 ? &c->entries[c->recommendation.deploy] : NULL;
    buffer_text(page->out, "<h2 class=\"measured\">");
    if (chosen && chosen->costs.predict_ms_p50 > 0 && chosen->costs.train_s >= 0) {
        char train[32], answer[48];
        duration_text(train, chosen->costs.train_s);
        double ms = chosen->costs.predict_ms_p50;
        (void)snprintf(answer, sizeof answer, "%.*f", latency_digits(ms), ms);
        html_add(page->out, "<bdi>%.60s</bdi> trains in %s and answers a text in %s ms", chosen->name, train, answer);
    } else
        buffer_text(page->out, "What each costs");
    buffer_text(page->out, "</h2>\n");
}

static void add_money_cell(Page *page, const char *label, double value) {
    char text[32];
    money_text(text, value);
    html_add(page->out, "<td class=\"n measured\" data-label=\"%s\">%s</td>", label, text);
}

static void add_count_cell(Page *page, const char *label, double value) {
    char text[32] = "–";
    if (value < 1e15) count_text(text, (int64_t)(value + 0.5));
    html_add(page->out, "<td class=\"n measured\" data-label=\"%s\">%s</td>", label, text);
}

/* ---- time, memory, money ---- */

static void add_cost_row(Page *page, const EntryResult *entry) {
    const EntryCosts *costs = &entry->costs;
    Spending spending = entry_spending(entry);
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th>", entry->name);
    page_add_time_cell(page, "training time", costs->train_s);
    page_add_time_cell(page, "training, CPU", costs->train_cpu_s);
    page_add_measured_cell(page, "ms a text, p50", costs->predict_ms_p50, latency_digits(costs->predict_ms_p50));
    page_add_measured_cell(page, "p95", costs->predict_ms_p95, latency_digits(costs->predict_ms_p95));
    page_add_measured_cell(page, "p99", costs->predict_ms_p99, latency_digits(costs->predict_ms_p99));
    add_count_cell(page, "texts a second", costs->texts_per_s);
    page_add_measured_cell(page, "start-up, ms", 1e3 * costs->startup_s, 0);
    page_add_measured_cell(page, "peak memory, MB", costs->peak_rss_mb, 0);
    page_add_measured_cell(page, "model, MB", costs->model_mb, size_digits(costs->model_mb));
    add_money_cell(page, "a million texts", price_million(&page->comparison->prices, &spending));
    buffer_text(page->out, "</tr>\n");
}

static void add_cost_table(Page *page) {
    const Comparison *c = page->comparison;
    char price[32], caption[700];
    money_text(price, c->prices.cost_per_cpu_hour);
    (void)snprintf(
        caption, sizeof caption,
        "Measured %s. Training: from text to trained model, tokenising and features included; by "
        "the clock, and the seconds of all cores together. A text: one at a time, from text to label, model loaded (median, "
        "95th and 99th percentile of 200 test texts). Texts a second: many at once, all threads. Start-up: model loaded and "
        "first text answered. MB: every file that predict needs. A million texts: the CPU time of many at once, at %s a CPU "
        "hour (--cost_per_cpu_hour).",
        comparison_is_joint(c) ? "where and when each run was made" : "on this machine, in this run", price);
    html_begin_table(page->out, "cards", "tables/costs.csv", caption);
    buffer_text(page->out,
                "<thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">training<br>time</th>"
                "<th scope=\"col\" class=\"n\">of all<br>cores</th><th scope=\"col\" class=\"n\">ms a text<br>p50</th><th "
                "scope=\"col\" class=\"n\"><br>p95</th><th scope=\"col\" class=\"n\"><br>p99</th><th scope=\"col\" "
                "class=\"n\">texts<br>a second</th><th scope=\"col\" class=\"n\">start-up<br>ms</th><th scope=\"col\" "
                "class=\"n\">peak memory<br>MB</th><th scope=\"col\" class=\"n\">model<br>MB</th><th scope=\"col\" "
                "class=\"n\">a million<br>texts</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_DONE) add_cost_row(page, &c->entries[i]);
    html_end_table(page->out);
}

/* ---- floating-point operations ---- */

static void add_percent_cell(Page *page, const char *label, double share) {
    char text[32] = "–";
    if (!isnan(share)) (void)snprintf(text, sizeof text, "%.0f %%", 100 * share);
    html_add(page->out, "<td class=\"n measured\" data-label=\"%s\">%s</td>", label, text);
}

static void add_flops_table(Page *page) {
    const Comparison *c = page->comparison;
    bool any = false;
    for (int i = 0; i < c->entry_count; i++) any |= c->entries[i].status == ENTRY_DONE && c->entries[i].costs.predict_mflop > 0;
    if (!any) return;
    char caption[500];
    (void)snprintf(
        caption, sizeof caption,
        "Floating-point operations by formula: T·(24·C² + 4·T·C) a layer for a text of T tokens and C channels, less where "
        "only [CLS] is read, twice again for the backward pass. The share of the processor's matrix rate (large products of the "
        "same number type, all threads, timed in %s run) says how much of the time went into them.",
        comparison_is_joint(c) ? "the entry's" : "this");
    html_begin_table(page->out, "cards narrow", "tables/costs.csv", caption);
    buffer_text(
        page->out,
        "<thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">a text<br>MFLOP</th><th scope=\"col\" "
        "class=\"n\">share of<br>the rate</th><th scope=\"col\" class=\"n\">training<br>TFLOP</th><th scope=\"col\" "
        "class=\"n\">share of<br>the rate</th><th scope=\"col\" class=\"n\">the rate<br>GFLOP/s</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->entry_count; i++) {
        const EntryCosts *costs = &c->entries[i].costs;
        if (c->entries[i].status != ENTRY_DONE || !(costs->predict_mflop > 0)) continue;
        html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th>", c->entries[i].name);
        page_add_measured_cell(page, "a text, MFLOP", costs->predict_mflop, costs->predict_mflop < 9.95 ? 2 : 0);
        add_percent_cell(page, "share of the rate", costs->predict_share);
        page_add_measured_cell(page, "training, TFLOP", costs->train_tflop, 3);
        add_percent_cell(page, "share of the rate", costs->train_share);
        page_add_measured_cell(page, "the rate, GFLOP/s", costs->matrix_gflops, 0);
        buffer_text(page->out, "</tr>\n");
    }
    html_end_table(page->out);
}

/* ---- break-even ---- */

static void add_break_even_row(Page *page, int i) {
    const Comparison *c = page->comparison;
    BreakEven found = break_even_of(c, i);
    char pays[96];
    break_even_text(pays, &found);
    double lost = c->entries[break_even_best(c)].scores[SPLIT_TEST].accuracy - c->entries[i].scores[SPLIT_TEST].accuracy;
    html_add(page->out, "<tr><th scope=\"row\"><bdi>%.60s</bdi></th><td class=\"n\" data-label=\"points lost\">%.2f</td>",
             c->entries[i].name, 100 * lost);
    add_money_cell(page, "saved on a million texts", found.saved_million);
    add_money_cell(page, "an error may cost", found.error_price);
    html_add(page->out, "<td class=\"measured\" data-label=\"pays\">%s</td></tr>\n", pays);
}

static void add_break_even(Page *page) {
    const Comparison *c = page->comparison;
    int rows = 0, best = break_even_best(c);
    for (int i = 0; i < c->entry_count; i++) rows += break_even_has(c, i);
    if (!rows || isnan(c->entries[best].costs.predict_cpu_ms)) return;
    const Prices *p = &c->prices;
    char hour[32], error[32], point[32], caption[900];
    money_text(hour, p->cost_per_cpu_hour);
    money_text(error, p->cost_per_error);
    money_text(point, p->cost_per_point);
    html_add(page->out, "<h3>When a cheaper entry pays instead of <bdi>%.60s</bdi></h3>\n", c->entries[best].name);
    (void)snprintf(
        caption, sizeof caption,
        "At %s a CPU hour, %s a wrong answer (--cost_per_error), %s a day for each point of accuracy that is lacking "
        "(--cost_per_point), and a training every %.3g days (--retrain_days). Points lost: of test accuracy. An error may cost: "
        "up to "
        "that, the machine time saved is worth more than the errors it brings; an error that costs more speaks for the more "
        "accurate entry at any traffic.",
        hour, error, point, p->retrain_days);
    html_begin_table(page->out, "cards", "tables/costs_break_even.csv", caption);
    buffer_text(page->out,
                "<thead><tr><th scope=\"col\">entry</th><th scope=\"col\" class=\"n\">points<br>lost</th><th scope=\"col\" "
                "class=\"n\">saved on a<br>million texts</th><th scope=\"col\" class=\"n\">an error<br>may cost</th><th "
                "scope=\"col\">pays</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < c->entry_count; i++)
        if (break_even_has(c, i)) add_break_even_row(page, i);
    html_end_table(page->out);
}

void page_add_costs(Page *page) {
    if (!REPORT_PLOTS[PLOT_ACCURACY].has(page->comparison)) return; /* no entry is done */
    buffer_text(page->out, "<section id=\"costs\">\n");
    add_heading(page);
    add_cost_table(page);
    buffer_text(page->out, "<div class=\"measured\">\n");
    page_add_plot(page, PLOT_COST_PREDICT);
    page_add_plot(page, PLOT_COST_TRAIN);
    page_add_plot(page, PLOT_COST_CASCADE);
    buffer_text(page->out, "</div>\n");
    add_break_even(page);
    add_flops_table(page);
    buffer_text(page->out, "</section>\n");
}
