/* A comparison's entries against its most accurate one: which would pay, at which traffic. */
#ifndef TWOFOLD_COMPARE_BREAK_EVENS_H
#define TWOFOLD_COMPARE_BREAK_EVENS_H

#include "compare/comparison.h"

Spending entry_spending(const EntryResult *entry);

/* The done entry with the highest test accuracy, the first among equals; -1 for none. */
int break_even_best(const Comparison *comparison);

/* Is entry `i` one to set against the best: done, no dummy, and not the best itself? */
bool break_even_has(const Comparison *comparison, int i);

/* Entry `i`, taken as the cheaper, against the best. */
BreakEven break_even_of(const Comparison *comparison, int i);

/* One sentence fragment: "from 12,000 texts a day on". */
void break_even_text(char out[96], const BreakEven *found);

/* Money with three significant digits: "0.0421", "1,250". */
void money_text(char out[32], double value);

/* tables/costs.csv and tables/costs_break_even.csv under the folder: measured, as their names say. */
MUST_CHECK bool costs_write_tables(const Comparison *comparison, const char *folder, Error *err);

/* The values of "prices" in compare.json: what was given, and under "costs" what follows from measured times. */
void prices_write_json(JsonWriter *json, const Comparison *comparison);

#endif
