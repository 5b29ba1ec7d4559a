#include "compare/break_evens.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "compare/costs.h"
#include "compare/csv.h"

static const char *const OUTCOMES[] = {[BREAK_EVEN_UNKNOWN] = "unknown",
                                       [BREAK_EVEN_ALWAYS] = "always",
                                       [BREAK_EVEN_FROM] = "from",
                                       [BREAK_EVEN_UP_TO] = "up_to",
                                       [BREAK_EVEN_NEVER] = "never"};

Spending entry_spending(const EntryResult *entry) {
    return (Spending){.train_cpu_s = entry->costs.train_cpu_s,
                      .predict_cpu_s = entry->costs.predict_cpu_ms / 1e3,
                      .accuracy = entry->scores[SPLIT_TEST].accuracy};
}

int break_even_best(const Comparison *c) {
    int best = -1;
    for (int i = 0; i < c->entry_count; i++)
        if (c->entries[i].status == ENTRY_DONE &&
            (best < 0 || c->entries[i].scores[SPLIT_TEST].accuracy > c->entries[best].scores[SPLIT_TEST].accuracy))
            best = i;
    return best;
}

bool break_even_has(const Comparison *c, int i) {
    return c->entries[i].status == ENTRY_DONE && c->entries[i].kind != ENTRY_DUMMY && i != break_even_best(c);
}

BreakEven break_even_of(const Comparison *c, int i) {
    Spending mine = entry_spending(&c->entries[i]), best = entry_spending(&c->entries[break_even_best(c)]);
    return break_even(&c->prices, &mine, &best);
}

void break_even_text(char out[96], const BreakEven *found) {
    char texts[32];
    bool up_to = found->outcome == BREAK_EVEN_UP_TO;
    long long whole = llround(fmin(up_to ? floor(found->texts_per_day) : ceil(found->texts_per_day), 1e15));
    const char *ending = whole == 1 ? "" : "s";
    count_text(texts, whole);
    switch (found->outcome) {
    case BREAK_EVEN_UNKNOWN: (void)snprintf(out, 96, "–"); return;
    case BREAK_EVEN_ALWAYS: (void)snprintf(out, 96, "from the first text on"); return;
    case BREAK_EVEN_FROM: (void)snprintf(out, 96, "from %s text%s a day on", texts, ending); return;
    case BREAK_EVEN_UP_TO:
        if (whole < 1)
            (void)snprintf(out, 96, "never");
        else
            (void)snprintf(out, 96, "up to %s text%s a day", texts, ending);
        return;
    case BREAK_EVEN_NEVER: (void)snprintf(out, 96, "never"); return;
    }
}

void money_text(char out[32], double value) {
    if (isnan(value))
        (void)snprintf(out, 32, "–");
    else if (fabs(value) >= 999.5) {
        char count[32];
        count_text(count, llround(fmin(fabs(value), 1e15)));
        (void)snprintf(out, 32, "%s%.30s", value < 0 ? "-" : "", count);
    } else if (value == 0 || fabs(value) >= 1e-3)
        (void)snprintf(out, 32, "%.3g", value);
    else if (fabs(value) >= 1e-12)
        (void)snprintf(out, 32, "%.*f", 1 - (int)floor(log10(fabs(value))), value);
    else
        (void)snprintf(out, 32, "< 0.000000000001");
}

/* ---- tables ---- */

static void add_costs(Csv *csv, const Json *costs, const Comparison *c, const EntryResult *entry) {
    Spending spending = entry_spending(entry);
    csv_text(csv, entry->name);
    for (const Json *one = json_first(costs); one; one = json_next(one)) csv_number(csv, json_number_or(one, (double)NAN));
    csv_number(csv, price_million(&c->prices, &spending));
    csv_end_row(csv);
}

/* The columns are the keys of "costs" in compare.json. */
static Csv costs_table(const Comparison *c) {
    Csv csv = {0};
    for (int i = 0; i < c->entry_count; i++) {
        if (c->entries[i].status != ENTRY_DONE) continue;
        Buffer text = {0};
        JsonWriter json = json_writer(&text, 0);
        costs_write_json(&json, &c->entries[i].costs);
        Json *costs = text.data ? json_parse(text.data, text.size, "costs", ERROR_FAILED, NULL) : NULL;
        if (!csv.rows) buffer_text(&csv.text, "entry");
        for (const Json *one = json_first(costs); one && !csv.rows; one = json_next(one)) buffer_printf(&csv.text, ",%s", json_key(one));
        if (!csv.rows) buffer_text(&csv.text, ",cost_per_million\n");
        add_costs(&csv, costs, c, &c->entries[i]);
        csv.text.failed |= !costs; /* only memory may be wanting for what was written just now */
        json_free(costs);
        buffer_free(&text);
    }
    return csv;
}

static Csv break_even_table(const Comparison *c) {
    int best = break_even_best(c);
    Csv csv = csv_begin("entry,against,points_lost,saved_per_million,error_price,pays,texts_per_day");
    for (int i = 0; i < c->entry_count; i++) {
        if (!break_even_has(c, i)) continue;
        BreakEven found = break_even_of(c, i);
        bool counted = found.outcome == BREAK_EVEN_FROM || found.outcome == BREAK_EVEN_UP_TO;
        csv_text(&csv, c->entries[i].name);
        csv_text(&csv, c->entries[best].name);
        csv_number(&csv, 100 * (c->entries[best].scores[SPLIT_TEST].accuracy - c->entries[i].scores[SPLIT_TEST].accuracy));
        csv_number(&csv, found.saved_million);
        csv_number(&csv, found.error_price);
        csv_text(&csv, OUTCOMES[found.outcome]);
        csv_number(&csv, counted ? found.texts_per_day : (double)NAN);
        csv_end_row(&csv);
    }
    return csv;
}

bool costs_write_tables(const Comparison *c, const char *folder, Error *err) {
    Csv costs = costs_table(c), evens = break_even_table(c);
    bool written = csv_write(&costs, folder, "costs", err);
    return csv_write(&evens, folder, "costs_break_even", written ? err : NULL) && written;
}

/* ---- compare.json ---- */

static void write_break_even(JsonWriter *json, const Comparison *c, int i) {
    BreakEven found = break_even_of(c, i);
    json_begin_object(json);
    json_put_string(json, "entry", c->entries[i].name);
    json_put_string(json, "against", c->entries[break_even_best(c)].name);
    json_put_number(json, "saved_per_million", found.saved_million);
    json_put_number(json, "error_price", found.error_price);
    json_put_string(json, "pays", OUTCOMES[found.outcome]);
    bool counted = found.outcome == BREAK_EVEN_FROM || found.outcome == BREAK_EVEN_UP_TO;
    json_put_number(json, "texts_per_day", counted ? found.texts_per_day : (double)NAN);
    json_end_object(json);
}

static void write_measured(JsonWriter *json, const Comparison *c) {
    json_write_key(json, "costs");
    json_begin_object(json);
    json_write_key(json, "per_million_texts");
    json_begin_object(json);
    for (int i = 0; i < c->entry_count; i++) {
        if (c->entries[i].status != ENTRY_DONE) continue;
        Spending spending = entry_spending(&c->entries[i]);
        json_put_number(json, c->entries[i].name, price_million(&c->prices, &spending));
    }
    json_end_object(json);
    json_write_key(json, "break_even");
    json_begin_array(json);
    for (int i = 0; i < c->entry_count; i++)
        if (break_even_has(c, i)) write_break_even(json, c, i);
    json_end_array(json);
    json_end_object(json);
}

void prices_write_json(JsonWriter *json, const Comparison *c) {
    json_begin_object(json);
    json_put_number(json, "cost_per_cpu_hour", c->prices.cost_per_cpu_hour);
    json_put_number(json, "cost_per_error", c->prices.cost_per_error);
    json_put_number(json, "cost_per_point", c->prices.cost_per_point);
    json_put_number(json, "retrain_days", c->prices.retrain_days);
    write_measured(json, c);
    json_end_object(json);
}
