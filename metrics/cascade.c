#include "metrics/cascade.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

typedef struct SureRow {
    double confidence;
    int32_t first, second; /* answered rightly? */
} SureRow;

static int by_confidence(const void *a, const void *b) {
    const SureRow *x = a, *y = b;
    return (x->confidence > y->confidence) - (x->confidence < y->confidence);
}

static bool rows_check(const Predictions *first, const Predictions *second, Error *err) {
    if (first->rows > 0 && first->probabilities && predictions_same_rows(first, second)) return true;
    return FAIL(err, ERROR_DATA, "a cascade needs two entries on the same labelled rows, and probabilities of the first");
}

static SureRow row_at(const Predictions *first, const Predictions *second, int row) {
    double confidence = first->probabilities[(size_t)row * (size_t)first->classes + (size_t)first->predicted[row]];
    return (SureRow){confidence, first->predicted[row] == first->truth[row], second->predicted[row] == second->truth[row]};
}

/* (rows) the least sure first; the order among equals does not count, as they are never parted. */
static SureRow *rows_sort(const Predictions *first, const Predictions *second, Error *err) {
    if (!rows_check(first, second, err)) return NULL;
    SureRow *rows = mem_new((size_t)first->rows, sizeof *rows, err);
    if (!rows) return NULL;
    for (int row = 0; row < first->rows; row++) rows[row] = row_at(first, second, row);
    qsort(rows, (size_t)first->rows, sizeof *rows, by_confidence);
    return rows;
}

bool cascade_at(CascadePoint *out, double threshold, const Predictions *first, const Predictions *second, Error *err) {
    if (!rows_check(first, second, err)) return false;
    *out = (CascadePoint){.threshold = threshold, .rows = first->rows};
    for (int i = 0; i < first->rows; i++) {
        SureRow row = row_at(first, second, i);
        bool passed = !(row.confidence >= threshold);
        out->passed += passed;
        out->right += passed ? row.second : row.first;
    }
    return true;
}

/* The walk from passing on nothing to passing on everything, one group of equally sure rows after the other. */
typedef struct Walk {
    const SureRow *rows;
    CascadePoint at;
} Walk;

static Walk walk_start(const SureRow *rows, int count) {
    Walk walk = {.rows = rows, .at = {.rows = count}};
    for (int i = 0; i < count; i++) walk.at.right += rows[i].first;
    return walk;
}

static void walk_step(Walk *walk) {
    CascadePoint *at = &walk->at;
    double confidence = walk->rows[at->passed].confidence;
    for (; at->passed < at->rows && walk->rows[at->passed].confidence == confidence; at->passed++)
        at->right += walk->rows[at->passed].second - walk->rows[at->passed].first;
    at->threshold = at->passed < at->rows ? walk->rows[at->passed].confidence : CASCADE_NEVER_SURE;
}

bool cascade_curve(CascadePoint *points, int count, const Predictions *first, const Predictions *second, Error *err) {
    SureRow *rows = rows_sort(first, second, err);
    if (!rows) return false;
    Walk walk = walk_start(rows, first->rows);
    for (int i = 0; i <= count; i++) {
        while (walk.at.passed * count < (int64_t)i * walk.at.rows) walk_step(&walk);
        points[i] = walk.at;
    }
    mem_free(rows);
    return true;
}

bool cascade_choose(CascadePoint *out, double loss, const Predictions *first, const Predictions *second, Error *err) {
    SureRow *rows = rows_sort(first, second, err);
    if (!rows) return false;
    int64_t right = 0;
    for (int i = 0; i < first->rows; i++) right += rows[i].second;
    /* A loss that is meant as whole rows must not fall short by a rounding error. */
    double wanted = (double)right - loss * first->rows - 1e-9;
    Walk walk = walk_start(rows, first->rows);
    while ((double)walk.at.right < wanted && walk.at.passed < walk.at.rows) walk_step(&walk);
    *out = walk.at;
    mem_free(rows);
    return true;
}

bool cascade_join(Predictions *out, double threshold, const Predictions *first, const Predictions *second, Error *err) {
    assert(first->rows == second->rows && first->classes == second->classes && first->probabilities);
    size_t K = (size_t)first->classes;
    if (!predictions_make(out, first->rows, first->classes, first->truth, second->probabilities != NULL, err)) return false;
    for (int row = 0; row < first->rows; row++) {
        size_t at = (size_t)row * K;
        bool sure = first->probabilities[at + (size_t)first->predicted[row]] >= threshold;
        const Predictions *from = sure ? first : second;
        out->predicted[row] = from->predicted[row];
        if (out->probabilities && from->probabilities) memcpy(out->probabilities + at, from->probabilities + at, K * sizeof *out->probabilities);
    }
    return true;
}
