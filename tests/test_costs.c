/* What is counted and what is reckoned about costs: floating-point operations against PyTorch's counter (tests/golden/flops.json, written by
 * make_flops_golden.py), prices and break-even against days that are paid one by one. */
#include "check.h"

#include "common/json.h"
#include "common/random.h"
#include "compare/break_evens.h"
#include "compare/costs.h"
#include "compare/price.h"
#include "encoder/flops.h"

/* ---- floating-point operations ---- */

static int number(const Json *json, const char *key) { return (int)json_int_or(json_get(json, key), -1); }

static void test_flops(void **state) {
    (void)state;
    Error err = {0};
    Json *golden = json_parse_file(TESTS_FOLDER "/golden/flops.json", ERROR_DATA, &err);
    if (!golden) fail_msg("%s", err.message);
    int cases = 0;
    for (const Json *json = json_first(golden); json; json = json_next(json), cases++) {
        EncoderConfig config = {.layers = number(json, "layers"),
                                .channels = number(json, "channels"),
                                .feed_forward = number(json, "feed_forward"),
                                .heads = number(json, "heads"),
                                .classes = number(json, "classes")};
        int tokens = number(json, "tokens");
        double T = tokens, C = config.channels, F = config.feed_forward;
        double full = encoder_row_flops(&config, tokens, 0, false), head = encoder_head_flops(&config);
        CHECK_CLOSE(full + head, json_number_or(json_get(json, "forward"), -1), 0, 0);
        CHECK_CLOSE(2 * (full + head), json_number_or(json_get(json, "backward"), -1), 0, 0);
        /* Read at [CLS] alone, the last layer leaves out queries, output and feed-forward of the other tokens, and their attention. */
        double left_out = (T - 1) * (4 * C * C + 4 * C * F) + 4 * (T - 1) * T * C;
        CHECK_CLOSE(full - encoder_row_flops(&config, tokens, 0, true), left_out, 0, 0);
        double short_cut = full - left_out;
        CHECK_CLOSE(encoder_training_flops(&config, tokens, 0), 3 * (short_cut + head), 0, 0);
        CHECK_CLOSE(encoder_training_flops(&config, tokens, config.layers), short_cut + 3 * head, 0, 0);
        if (config.layers > 1) {
            double first = encoder_row_flops(&config, tokens, 1, false);
            CHECK_CLOSE(encoder_row_flops(&config, tokens, config.layers - 1, false), (config.layers - 1) * first, 0, 0);
            CHECK_CLOSE(encoder_training_flops(&config, tokens, 1), 3 * (short_cut + head) - 2 * first, 0, 0);
        }
        config.classes = 0;
        CHECK_CLOSE(encoder_head_flops(&config), 0, 0, 0);
    }
    assert_int_equal(cases, 4);
    json_free(golden);
}

/* ---- money ---- */

/* What a day with that many texts costs, paid one thing after the other. */
static double day(const Prices *prices, const Spending *entry, double texts) {
    double second = prices->cost_per_cpu_hour / 3600, wrong = 1 - entry->accuracy;
    return entry->train_cpu_s * second / prices->retrain_days + texts * entry->predict_cpu_s * second +
           texts * wrong * prices->cost_per_error + wrong * 100 * prices->cost_per_point;
}

static void check_day(const Prices *prices, const Spending *cheaper, const Spending *dearer, const BreakEven *found,
                      double texts) {
    double saved = day(prices, dearer, texts) - day(prices, cheaper, texts), scale = fabs(day(prices, dearer, texts)) + 1e-12;
    if (fabs(saved) < 1e-9 * scale) return; /* on the edge */
    bool pays = saved > 0, said = false;
    switch (found->outcome) {
    case BREAK_EVEN_ALWAYS: said = true; break;
    case BREAK_EVEN_FROM: said = texts >= found->texts_per_day; break;
    case BREAK_EVEN_UP_TO: said = texts <= found->texts_per_day; break;
    case BREAK_EVEN_NEVER: said = false; break;
    case BREAK_EVEN_UNKNOWN: fail_msg("all is known");
    }
    if (pays != said)
        fail_msg("%g texts a day: saves %g, outcome %d at %g", texts, saved, (int)found->outcome, found->texts_per_day);
}

static void test_break_even_days(void **state) {
    (void)state;
    Random random = random_start(3, STREAM_TEST, 0);
    int seen[5] = {0};
    for (int i = 0; i < 4000; i++) {
        Prices prices = {.cost_per_cpu_hour = i % 7 ? 0.05 : 0,
                         .cost_per_error = i % 3 ? 1e-5 * random_uniform(&random) : 0,
                         .cost_per_point = i % 2 ? 0.01 * random_uniform(&random) : 0,
                         .retrain_days = 1 + 60 * random_uniform(&random)};
        Spending cheaper = {100 * random_uniform(&random), 1e-3 * random_uniform(&random), 0.6 + 0.3 * random_uniform(&random)};
        Spending dearer = {1000 * random_uniform(&random), 1e-2 * random_uniform(&random), 0.6 + 0.3 * random_uniform(&random)};
        BreakEven found = break_even(&prices, &cheaper, &dearer);
        seen[found.outcome]++;
        for (double texts = 1; texts < 1e12; texts *= 7) check_day(&prices, &cheaper, &dearer, &found, texts);
        if (found.outcome != BREAK_EVEN_FROM && found.outcome != BREAK_EVEN_UP_TO) continue;
        double at = found.texts_per_day;
        check_day(&prices, &cheaper, &dearer, &found, at * 0.999);
        check_day(&prices, &cheaper, &dearer, &found, at * 1.001);
        CHECK_CLOSE(day(&prices, &cheaper, at), day(&prices, &dearer, at), 1e-12, 1e-9);
    }
    for (int outcome = BREAK_EVEN_ALWAYS; outcome <= BREAK_EVEN_NEVER; outcome++)
        if (!seen[outcome]) fail_msg("outcome %d was never met", outcome);
}

static void test_prices(void **state) {
    (void)state;
    Prices prices = PRICE_DEFAULTS;
    Spending cheap = {10, 0.001, 0.80}, dear = {7200, 0.010, 0.90};
    CHECK_CLOSE(price_training(&prices, &dear), 0.1, 0, 1e-12);
    CHECK_CLOSE(price_million(&prices, &dear), 10000.0 / 3600 * 0.05, 0, 1e-12);
    BreakEven found = break_even(&prices, &cheap, &dear);
    assert_int_equal(found.outcome, BREAK_EVEN_ALWAYS); /* an error is free */
    CHECK_CLOSE(found.saved_million, 9000.0 / 3600 * 0.05, 0, 1e-12);
    CHECK_CLOSE(found.error_price, 9e-3 / 3600 * 0.05 / 0.10, 0, 1e-12);
    prices.cost_per_error = 2 * found.error_price;
    found = break_even(&prices, &cheap, &dear);
    assert_int_equal(found.outcome, BREAK_EVEN_UP_TO); /* until the training is paid */
    prices.cost_per_error = 0;
    prices.cost_per_point = 1;
    found = break_even(&prices, &cheap, &dear);
    assert_int_equal(found.outcome, BREAK_EVEN_FROM);
    cheap.predict_cpu_s = (double)NAN;
    assert_int_equal(break_even(&prices, &cheap, &dear).outcome, BREAK_EVEN_UNKNOWN);
    cheap = (Spending){10, 0.001, 0.95};
    assert_true(isnan(break_even(&prices, &cheap, &dear).error_price)); /* nothing is lost */
}

static void test_words(void **state) {
    (void)state;
    char text[96], money[32];
    break_even_text(text, &(BreakEven){.outcome = BREAK_EVEN_FROM, .texts_per_day = 12345.2});
    assert_string_equal(text, "from 12,346 texts a day on");
    break_even_text(text, &(BreakEven){.outcome = BREAK_EVEN_UP_TO, .texts_per_day = 7});
    assert_string_equal(text, "up to 7 texts a day");
    break_even_text(text, &(BreakEven){.outcome = BREAK_EVEN_FROM, .texts_per_day = 1e300});
    assert_non_null(strstr(text, "1,000,000,000,000,000"));
    static const struct {
        double value;
        const char *text;
    } MONEY[] = {{0.04213, "0.0421"},
                 {1250.4, "1,250"},
                 {3.449e-7, "0.00000034"},
                 {9.96e-4, "0.00100"},
                 {-1e-15, "< 0.000000000001"},
                 {-1250, "-1,250"},
                 {0, "0"},
                 {(double)NAN, "–"},
                 {1e300, "1,000,000,000,000,000"}};
    for (size_t i = 0; i < sizeof MONEY / sizeof *MONEY; i++) {
        money_text(money, MONEY[i].value);
        assert_string_equal(money, MONEY[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flops),
        cmocka_unit_test(test_break_even_days),
        cmocka_unit_test(test_prices),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
