#include "compare/seeds.h"

#include <math.h>

#include "common/memory.h"
#include "metrics/tally.h"
#include "metrics/variance.h"

const char *const SEED_SCORE_NAMES[SEED_SCORES] = {"accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "log_loss"};

void seeds_free(SeedRuns *seeds) {
    mem_free(seeds->runs);
    mem_free(seeds->right);
    mem_free(seeds->losses);
    *seeds = (SeedRuns){0};
}

bool seeds_begin(SeedRuns *seeds, int count, uint64_t first, Error *err) {
    *seeds = (SeedRuns){.asked = count};
    seeds->runs = mem_new((size_t)count, sizeof *seeds->runs, err);
    for (int r = 0; seeds->runs && r < count; r++) seeds->runs[r].seed = first + (uint64_t)r;
    return seeds->runs != NULL;
}

bool seeds_add(SeedRuns *seeds, int run, const Scores scores[SPLIT_COUNT], const Predictions *test, Error *err) {
    size_t rows = (size_t)test->rows;
    if (!seeds->right) {
        seeds->rows = test->rows;
        seeds->right = mem_new((size_t)seeds->asked * rows, sizeof *seeds->right, err);
        seeds->losses = mem_new((size_t)seeds->asked * rows, sizeof *seeds->losses, err);
    }
    if (!seeds->right || !seeds->losses) return false;
    double *right = seeds->right + (size_t)seeds->count * rows, *losses = seeds->losses + (size_t)seeds->count * rows;
    for (int row = 0; row < test->rows; row++) {
        right[row] = test->predicted[row] == test->truth[row];
        losses[row] = test->probabilities ? row_log_loss(test, row) : (double)NAN;
    }
    seeds->runs[seeds->count].seed = seeds->runs[run].seed;
    for (Split split = SPLIT_VALIDATION; split < SPLIT_COUNT; split++)
        for (int s = 0; s < SEED_SCORES; s++)
            seeds->runs[seeds->count].scores[split][s] = score_value(&scores[split], score_field_find(SEED_SCORE_NAMES[s]));
    seeds->count++;
    return true;
}

bool seeds_finish(SeedRuns *seeds, Error *err) {
    bool good = variance_split(&seeds->accuracy, seeds->right, seeds->count, seeds->rows, err) &&
                variance_split(&seeds->log_loss, seeds->losses, seeds->count, seeds->rows, err);
    mem_free(seeds->right);
    mem_free(seeds->losses);
    seeds->right = seeds->losses = NULL;
    return good;
}

double seeds_mean(const SeedRuns *seeds, Split split, int score, double *deviation) {
    double sum = 0, squares = 0;
    for (int r = 0; r < seeds->count; r++) sum += seeds->runs[r].scores[split][score];
    double mean = sum / seeds->count;
    for (int r = 0; r < seeds->count; r++) {
        double off = seeds->runs[r].scores[split][score] - mean;
        squares += off * off;
    }
    *deviation = seeds->count > 1 ? sqrt(squares / (seeds->count - 1)) : (double)NAN;
    return mean;
}
