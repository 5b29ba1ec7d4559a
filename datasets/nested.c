#include "datasets/nested.h"

#include <stdlib.h>
#include <string.h>

#include "common/random.h"

/* A row and where it stands within its class, as a share of that class: rows sorted by it interleave the classes. */
typedef struct Place {
    double share;
    int label, row;
} Place;

static int by_share(const void *a, const void *b) {
    const Place *x = a, *y = b;
    if (x->share != y->share) return x->share < y->share ? -1 : 1;
    return x->label != y->label ? (x->label > y->label) - (x->label < y->label) : (x->row > y->row) - (x->row < y->row);
}

static int by_number(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* members: rows of class k, drawn. The first of each class comes before all others. */
static void place_class(Place *places, int *members, int count, int k, uint64_t seed) {
    Random random = random_start(seed, STREAM_NESTED, (uint32_t)k);
    random_shuffle(&random, members, count);
    for (int i = 0; i < count; i++) places[i] = (Place){i ? (i + 0.5) / count : 0, k, members[i]};
}

bool nested_order(int *order, const Dataset *dataset, Split split, uint64_t seed, Error *err) {
    const RowList *list = &dataset->splits[split];
    int *starts = mem_new((size_t)dataset->classes + 1, sizeof *starts, err);
    int *members = mem_new((size_t)list->count, sizeof *members, err);
    Place *places = mem_new((size_t)list->count, sizeof *places, err);
    bool good = starts && members && places;
    for (int i = 0; good && i < list->count; i++) starts[dataset->labels[list->rows[i]] + 1]++;
    for (int k = 0; good && k < dataset->classes; k++) starts[k + 1] += starts[k];
    for (int i = list->count - 1; good && i >= 0; i--) { /* ends move down to begins, one class further */
        int k = dataset->labels[list->rows[i]];
        members[--starts[k + 1]] = list->rows[i];
    }
    for (int k = 0; good && k < dataset->classes; k++) {
        int begin = starts[k + 1], end = k + 1 < dataset->classes ? starts[k + 2] : list->count;
        place_class(places + begin, members + begin, end - begin, k, seed);
    }
    if (good) qsort(places, (size_t)list->count, sizeof *places, by_share);
    for (int i = 0; good && i < list->count; i++) order[i] = places[i].row;
    mem_free(starts);
    mem_free(members);
    mem_free(places);
    return good;
}

bool nested_take(RowList *out, const int *order, const Dataset *dataset, Split split, int64_t count, Error *err) {
    int all = dataset->splits[split].count, least = dataset->classes < all ? dataset->classes : all;
    *out = (RowList){.count = count < least ? least : count > all ? all : (int)count};
    out->rows = mem_new((size_t)out->count, sizeof *out->rows, err);
    if (!out->rows) return false;
    memcpy(out->rows, order, (size_t)out->count * sizeof *out->rows);
    qsort(out->rows, (size_t)out->count, sizeof *out->rows, by_number);
    return true;
}
