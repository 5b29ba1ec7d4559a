/* What seconds and mistakes cost, in the currency of whoever gave the prices (docs/COMPARE.md, "Break-even"). */
#ifndef TWOFOLD_COMPARE_PRICE_H
#define TWOFOLD_COMPARE_PRICE_H

#include <stdbool.h>

typedef struct Prices {
    double cost_per_cpu_hour;
    double cost_per_error;  /* of one wrong answer */
    double cost_per_point;  /* a day, of one point (0.01) of accuracy that is lacking, however many texts come */
    double retrain_days;    /* over which a training is paid off */
} Prices;
#define PRICE_DEFAULTS \
    { .cost_per_cpu_hour = 0.05, .retrain_days = 30 }

/* What one entry costs to make and to run; NaN for what was not measured. */
typedef struct Spending {
    double train_cpu_s, predict_cpu_s; /* predict: of one text, in batches */
    double accuracy;
} Spending;

double price_training(const Prices *prices, const Spending *entry);
double price_million(const Prices *prices, const Spending *entry); /* answering a million texts */

typedef enum BreakEvenCase {
    BREAK_EVEN_UNKNOWN, /* something was not measured */
    BREAK_EVEN_ALWAYS,  /* the cheaper pays from the first text on */
    BREAK_EVEN_FROM,    /* from texts_per_day on */
    BREAK_EVEN_UP_TO,   /* up to texts_per_day: fewer texts than pay for the dearer's training */
    BREAK_EVEN_NEVER
} BreakEvenCase;

typedef struct BreakEven {
    BreakEvenCase outcome;
    double texts_per_day;  /* of FROM and UP_TO */
    double saved_million;  /* machine time that the cheaper saves on a million texts */
    double error_price;    /* of one wrong answer, at which that saving is used up; NaN when nothing is lost, or nothing saved */
} BreakEven;

/* A day with n texts costs, for an entry whose training takes K CPU seconds, one text c, and whose accuracy is a, with p the price of a CPU second:
 *     K·p / retrain_days + n·(c·p + (1 - a)·cost_per_error) + 100·(1 - a)·cost_per_point
 * The cheaper entry pays where its day costs no more than the dearer's. */
BreakEven break_even(const Prices *prices, const Spending *cheaper, const Spending *dearer);

#endif
