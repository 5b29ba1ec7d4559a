#include "classifiers/dummy.h"

#include <string.h>

#include "common/memory.h"
#include "common/random.h"

static const char *const STRATEGY_NAMES[] = {"most_frequent", "prior", "stratified", "uniform"};
enum { STRATEGIES = sizeof STRATEGY_NAMES / sizeof *STRATEGY_NAMES };

const char *dummy_strategy_name(DummyStrategy strategy) { return STRATEGY_NAMES[strategy]; }

bool dummy_strategy_find(const char *name, DummyStrategy *strategy) {
    for (int i = 0; i < STRATEGIES; i++) {
        if (strcmp(name, STRATEGY_NAMES[i]) != 0) continue;
        *strategy = (DummyStrategy)i;
        return true;
    }
    return false;
}

bool dummy_train(Dummy *dummy, const int32_t *labels, int count, int classes, DummyStrategy strategy, uint64_t seed, Error *err) {
    *dummy = (Dummy){.strategy = strategy, .classes = classes, .seed = seed};
    if (count < 1 || classes < 1) return FAIL(err, ERROR_DATA, "no row to train on");
    dummy->prior = mem_new((size_t)classes, sizeof *dummy->prior, err);
    if (!dummy->prior) return false;
    for (int i = 0; i < count; i++) {
        if (labels[i] < 0 || labels[i] >= classes) {
            dummy_free(dummy);
            return FAIL(err, ERROR_DATA, "row %d has class %d, expected 0 to %d", i, labels[i], classes - 1);
        }
        dummy->prior[labels[i]]++;
    }
    for (int k = 0; k < classes; k++) dummy->prior[k] /= count;
    return true;
}

void dummy_free(Dummy *dummy) {
    mem_free(dummy->prior);
    *dummy = (Dummy){0};
}

/* A class drawn by the shares. Rounding may leave the sum of the shares short of 1: then the last class that has any. */
static int draw_by_share(const Dummy *dummy, Random *random) {
    double place = random_uniform(random), sum = 0;
    int drawn = 0;
    for (int k = 0; k < dummy->classes; k++) {
        if (dummy->prior[k] <= 0) continue;
        drawn = k;
        sum += dummy->prior[k];
        if (place < sum) break;
    }
    return drawn;
}

static int draw(const Dummy *dummy, int row) {
    Random random = random_start(dummy->seed, STREAM_DUMMY, (uint32_t)row);
    if (dummy->strategy == DUMMY_UNIFORM) return (int)random_below(&random, (uint32_t)dummy->classes);
    return draw_by_share(dummy, &random);
}

static double probability(const Dummy *dummy, int k, int predicted) {
    if (dummy->strategy == DUMMY_PRIOR) return dummy->prior[k];
    if (dummy->strategy == DUMMY_UNIFORM) return 1.0 / dummy->classes;
    return k == predicted;
}

bool dummy_predict(const Dummy *dummy, int rows, const int32_t *truth, Predictions *out, Error *err) {
    if (!predictions_make(out, rows, dummy->classes, truth, true, err)) return false;
    bool draws = dummy->strategy == DUMMY_STRATIFIED || dummy->strategy == DUMMY_UNIFORM;
    int most_frequent = argmax(dummy->prior, dummy->classes);
    for (int i = 0; i < rows; i++) {
        out->predicted[i] = draws ? draw(dummy, i) : most_frequent;
        double *row = out->probabilities + (size_t)i * (size_t)dummy->classes;
        for (int k = 0; k < dummy->classes; k++) row[k] = probability(dummy, k, out->predicted[i]);
    }
    return true;
}
