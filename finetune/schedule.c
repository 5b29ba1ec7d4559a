#include "finetune/schedule.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

int64_t schedule_count(double value, int64_t steps) { return value >= 1 ? (int64_t)value : (int64_t)ceil((double)steps * value); }

Schedule schedule_make(const FinetuneOptions *options, int64_t steps) {
    double warmup = options->warmup_steps > 0 ? options->warmup_steps : options->warmup_ratio;
    return (Schedule){.kind = options->lr_scheduler_type,
                      .learning_rate = options->learning_rate,
                      .warmup = schedule_count(warmup, steps),
                      .steps = steps};
}

double schedule_rate(const Schedule *schedule, int64_t done) {
    if (schedule->kind == SCHEDULE_CONSTANT) return schedule->learning_rate;
    if (done < schedule->warmup) return schedule->learning_rate * ((double)done / (double)schedule->warmup);
    if (schedule->kind == SCHEDULE_CONSTANT_WITH_WARMUP) return schedule->learning_rate;

    int64_t falling = schedule->steps - schedule->warmup;
    double range = (double)(falling > 1 ? falling : 1);
    double factor = schedule->kind == SCHEDULE_COSINE ? 0.5 * (1.0 + cos(PI * ((double)(done - schedule->warmup) / range)))
                                                      : (double)(schedule->steps - done) / range;
    return schedule->learning_rate * fmax(0.0, factor);
}
