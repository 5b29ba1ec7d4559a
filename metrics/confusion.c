#include "metrics/confusion.h"

#include <assert.h>

#include "common/memory.h"

/* Where each class begins when rows are sorted by class id: starts (classes + 1). */
static void starts_from_counts(int64_t *starts, const int64_t *counts, int classes) {
    starts[0] = 0;
    for (int c = 0; c < classes; c++) starts[c + 1] = starts[c] + counts[c];
}

/* Two stable counting sorts, by predicted class and then by true class, lay equal cells side by side in O(rows + classes);
 * `order` (rows) receives row numbers, `scratch` (rows) and `places` (classes + 1) are working room. */
static void rows_sort(int32_t *order, int32_t *scratch, int64_t *places, const Confusion *c, const Predictions *p) {
    starts_from_counts(places, c->answered, c->classes);
    for (int32_t row = 0; row < p->rows; row++) scratch[places[p->predicted[row]]++] = row;
    starts_from_counts(places, c->support, c->classes);
    for (int32_t i = 0; i < p->rows; i++) order[places[p->truth[scratch[i]]]++] = scratch[i];
}

static bool cell_begins(const Predictions *p, const int32_t *order, int i) {
    return i == 0 || p->truth[order[i]] != p->truth[order[i - 1]] || p->predicted[order[i]] != p->predicted[order[i - 1]];
}

static bool cells_collect(Confusion *c, const Predictions *p, const int32_t *order, Error *err) {
    size_t cells = 0;
    for (int i = 0; i < p->rows; i++) cells += cell_begins(p, order, i);
    if (!(c->predicted = mem_new(cells, sizeof *c->predicted, err)) || !(c->counts = mem_new(cells, sizeof *c->counts, err)))
        return false;
    int64_t cell = -1;
    for (int i = 0; i < p->rows; i++) {
        int32_t row = order[i];
        if (cell_begins(p, order, i)) {
            c->predicted[++cell] = p->predicted[row];
            c->starts[p->truth[row] + 1]++;
        }
        c->counts[cell]++;
        c->correct += p->truth[row] == p->predicted[row];
    }
    for (int t = 0; t < c->classes; t++) c->starts[t + 1] += c->starts[t];
    return true;
}

bool confusion_make(Confusion *c, const Predictions *p, Error *err) {
    assert(p->truth);
    size_t n = (size_t)p->rows, k = (size_t)p->classes;
    *c = (Confusion){.classes = p->classes, .rows = p->rows};
    int32_t *order = mem_new(n, sizeof *order, err), *scratch = mem_new(n, sizeof *scratch, err);
    int64_t *places = mem_new(k + 1, sizeof *places, err);
    bool ok = order && scratch && places && (c->starts = mem_new(k + 1, sizeof *c->starts, err)) &&
              (c->support = mem_new(k, sizeof *c->support, err)) && (c->answered = mem_new(k, sizeof *c->answered, err));
    if (ok) {
        for (int row = 0; row < p->rows; row++) {
            c->support[p->truth[row]]++;
            c->answered[p->predicted[row]]++;
        }
        rows_sort(order, scratch, places, c, p);
        ok = cells_collect(c, p, order, err);
    }
    mem_free(order);
    mem_free(scratch);
    mem_free(places);
    if (!ok) confusion_free(c);
    return ok;
}

void confusion_free(Confusion *c) {
    mem_free(c->starts);
    mem_free(c->predicted);
    mem_free(c->counts);
    mem_free(c->support);
    mem_free(c->answered);
    *c = (Confusion){0};
}

int64_t confusion_count(const Confusion *c, int truth, int predicted) {
    int64_t low = c->starts[truth], end = c->starts[truth + 1], high = end;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (c->predicted[middle] < predicted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && c->predicted[low] == predicted ? c->counts[low] : 0;
}

double confusion_share(const Confusion *c, int truth, int predicted, ConfusionNormalize by) {
    int64_t whole = by == CONFUSION_BY_TRUE ? c->support[truth] : by == CONFUSION_BY_PREDICTED ? c->answered[predicted] : c->rows;
    return whole ? (double)confusion_count(c, truth, predicted) / (double)whole : 0;
}
