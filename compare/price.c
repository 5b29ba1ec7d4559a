#include "compare/price.h"

#include <math.h>

static double cpu_second(const Prices *prices) { return prices->cost_per_cpu_hour / 3600; }

double price_training(const Prices *prices, const Spending *entry) { return entry->train_cpu_s * cpu_second(prices); }

double price_million(const Prices *prices, const Spending *entry) { return 1e6 * entry->predict_cpu_s * cpu_second(prices); }

BreakEven break_even(const Prices *prices, const Spending *cheaper, const Spending *dearer) {
    double p = cpu_second(prices), lost = dearer->accuracy - cheaper->accuracy;
    double saved = (dearer->predict_cpu_s - cheaper->predict_cpu_s) * p;
    /* n texts a day: the cheaper pays where n·each ≥ fixed. */
    double each = saved - lost * prices->cost_per_error;
    double fixed = 100 * lost * prices->cost_per_point - (dearer->train_cpu_s - cheaper->train_cpu_s) * p / prices->retrain_days;
    BreakEven found = {.saved_million = 1e6 * saved, .error_price = lost > 0 && saved > 0 ? saved / lost : (double)NAN};
    if (isnan(each) || isnan(fixed))
        found.outcome = BREAK_EVEN_UNKNOWN;
    else if (each >= 0 && fixed <= 0)
        found.outcome = BREAK_EVEN_ALWAYS;
    else if (each <= 0 && fixed >= 0)
        found.outcome = BREAK_EVEN_NEVER;
    else {
        found.outcome = each > 0 ? BREAK_EVEN_FROM : BREAK_EVEN_UP_TO;
        found.texts_per_day = fixed / each;
    }
    return found;
}
