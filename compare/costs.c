#include "compare/costs.h"

#include <math.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/random.h"
#include "compare/text_model.h"

enum { WARM_UPS = 20, TIMED = 200, MOST_AT_ONCE = 2000, MOST_ROUNDS = 200 };
static const double LEAST_S = 0.1;

const EntryCosts COSTS_UNKNOWN = {.train_s = (double)NAN,
                                  .train_cpu_s = (double)NAN,
                                  .predict_ms_p50 = (double)NAN,
                                  .predict_ms_p95 = (double)NAN,
                                  .predict_ms_p99 = (double)NAN,
                                  .texts_per_s = (double)NAN,
                                  .predict_cpu_ms = (double)NAN,
                                  .load_s = (double)NAN,
                                  .startup_s = (double)NAN,
                                  .peak_rss_mb = (double)NAN,
                                  .model_mb = (double)NAN,
                                  .predict_mflop = (double)NAN,
                                  .train_tflop = (double)NAN,
                                  .predict_share = (double)NAN,
                                  .train_share = (double)NAN,
                                  .matrix_gflops = (double)NAN};

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which that share of the sorted times lies, interpolated as numpy.percentile does. */
static double percentile(const double *sorted, int count, double share) {
    double place = share * (count - 1);
    int below = (int)place, above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

static bool time_one(double *ms, TextModel *model, const TextView *texts, int32_t row, Error *err) {
    TextView one = *texts;
    Predictions answer = {0};
    one.rows = &row;
    one.count = 1;
    double started_s = clock_wall_s();
    bool answered = text_model_predict(model, &one, NULL, &answer, NULL, NULL, err);
    *ms = (clock_wall_s() - started_s) * 1e3;
    predictions_free(&answer);
    return answered;
}

static bool measure_latency(EntryCosts *costs, TextModel *model, const TextView *texts, uint64_t seed, const Observer *observer,
                            Error *err) {
    Random random = random_start(seed, STREAM_LATENCY, 0);
    double ms[TIMED], ignored;
    for (int i = 0; i < WARM_UPS + TIMED; i++) {
        int32_t row = texts->rows[random_below(&random, (uint32_t)texts->count)];
        if (observer_stop(observer)) return FAIL(err, ERROR_INTERRUPTED, "stopped while measuring");
        if (!time_one(i < WARM_UPS ? &ignored : &ms[i - WARM_UPS], model, texts, row, err)) return false;
    }
    qsort(ms, TIMED, sizeof *ms, by_size);
    costs->predict_ms_p50 = percentile(ms, TIMED, 0.5);
    costs->predict_ms_p95 = percentile(ms, TIMED, 0.95);
    costs->predict_ms_p99 = percentile(ms, TIMED, 0.99);
    return true;
}

/* Again until clocks can tell how long it took: a bag of words answers thousands of texts within one of their ticks. */
static bool measure_throughput(EntryCosts *costs, TextModel *model, const TextView *texts, Error *err) {
    TextView some = *texts;
    some.count = costs_texts_at_once(texts->count);
    double started_s = clock_wall_s(), started_cpu_s = clock_cpu_s(), took_s = 0;
    int rounds = 0;
    while (rounds == 0 || (took_s < LEAST_S && rounds < MOST_ROUNDS)) {
        Predictions answers = {0};
        bool answered = text_model_predict(model, &some, NULL, &answers, NULL, NULL, err);
        predictions_free(&answers);
        if (!answered) return false;
        took_s = clock_wall_s() - started_s;
        rounds++;
    }
    costs->texts_per_s = (double)some.count * rounds / took_s;
    costs->predict_cpu_ms = (clock_cpu_s() - started_cpu_s) * 1e3 / ((double)some.count * rounds);
    return true;
}

int costs_texts_at_once(int test_rows) { return test_rows < MOST_AT_ONCE ? test_rows : MOST_AT_ONCE; }

bool costs_measure(EntryCosts *costs, const char *model_folder, const Dataset *dataset, uint64_t seed, Dtype dtype,
                   int max_length, Pool *pool, const Observer *observer, Error *err) {
    const RowList *test = &dataset->splits[SPLIT_TEST];
    TextView texts = {.data = dataset->text, .starts = dataset->starts, .rows = test->rows, .count = test->count};
    double started_s = clock_wall_s(), first_ms;
    TextModel *model = text_model_load_as(model_folder, max_length, dtype, pool, err);
    if (!model) return false;
    costs->load_s = clock_wall_s() - started_s;
    if (!time_one(&first_ms, model, &texts, texts.rows[0], err)) {
        text_model_free(model);
        return false;
    }
    costs->startup_s = costs->load_s + first_ms / 1e3;
    int64_t bytes = text_model_bytes(model_folder);
    if (bytes >= 0) costs->model_mb = (double)bytes / 1e6;
    bool measured = measure_latency(costs, model, &texts, seed, observer, err) && measure_throughput(costs, model, &texts, err);
    text_model_free(model);
    return measured;
}
