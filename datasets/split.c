#include "datasets/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/random.h"
#include "datasets/hash.h"

/* ---- equal texts ---- */

typedef struct GroupSlot {
    int32_t row;  /* + 1; 0 is free */
    uint32_t tag; /* more bits of the hash, so that texts are hardly ever compared in vain */
} GroupSlot;

static bool same_text(const Dataset *dataset, int a, int b) {
    size_t a_size, b_size;
    const char *a_text = dataset_text(dataset, a, &a_size), *b_text = dataset_text(dataset, b, &b_size);
    return a_size == b_size && memcmp(a_text, b_text, a_size) == 0;
}

bool split_group_texts(const Dataset *dataset, int32_t *first, Error *err) {
    size_t slot_count = 64;
    while (slot_count < (size_t)dataset->rows * 2) slot_count *= 2;
    GroupSlot *slots = mem_new(slot_count, sizeof *slots, err);
    if (!slots) return false;
    for (int row = 0; row < dataset->rows; row++) {
        size_t size;
        const char *text = dataset_text(dataset, row, &size);
        uint64_t hash = hash_bytes(text, size);
        uint32_t tag = (uint32_t)(hash >> 32);
        size_t slot = (size_t)hash & (slot_count - 1);
        while (slots[slot].row && !(slots[slot].tag == tag && same_text(dataset, slots[slot].row - 1, row)))
            slot = (slot + 1) & (slot_count - 1);
        if (!slots[slot].row) slots[slot] = (GroupSlot){row + 1, tag};
        first[row] = slots[slot].row - 1;
    }
    mem_free(slots);
    return true;
}

/* ---- shares ---- */

bool split_parse_shares(double shares[SPLIT_COUNT], const char *text, Error *err) {
    const char *at = text;
    double sum = 0;
    for (int i = 0; i < SPLIT_COUNT; i++) {
        char *end;
        shares[i] = strtod(at, &end);
        bool separated = i + 1 < SPLIT_COUNT ? *end == ',' : *end == '\0';
        if (end == at || !separated || !(shares[i] > 0 && shares[i] <= 100))
            return FAIL(err, ERROR_USAGE,
                        "--split '%s': expected three positive numbers for train, validation and test, as 80,10,10", text);
        at = end + 1;
        sum += shares[i];
    }
    if (fabs(sum - 100) > 1e-6 && fabs(sum - 1) > 1e-8)
        return FAIL(err, ERROR_USAGE, "--split '%s': the shares sum to %g, expected 100", text, sum);
    for (int i = 0; i < SPLIT_COUNT; i++) shares[i] /= sum;
    return true;
}

/* ---- quotas ---- */

typedef struct Rest {
    double fraction;
    int k;
} Rest;

static int largest_first(const void *a, const void *b) {
    const Rest *x = a, *y = b;
    if (x->fraction != y->fraction) return x->fraction < y->fraction ? 1 : -1;
    return x->k - y->k;
}

/* Takes `excess` back from the largest quotas, as far as 1. */
static void take_back(int *quota, Rest *order, int classes, int excess) {
    for (int k = 0; k < classes; k++) order[k] = (Rest){quota[k], k};
    qsort(order, (size_t)classes, sizeof *order, largest_first);
    for (int i = 0; i < classes && excess > 0; i++) {
        int *largest = &quota[order[i].k], taken = *largest - 1 < excess ? *largest - 1 : excess;
        if (taken <= 0) return;
        *largest -= taken;
        excess -= taken;
    }
}

/* quota[k] ≈ counts[k] · share, whole, at least 1 where counts[k] is, and summing to the rounded total (largest remainders)
 * unless there are more classes than that. */
static bool share_out(int *quota, const int *counts, int classes, double share, Error *err) {
    Rest *rests = mem_new((size_t)classes, sizeof *rests, err);
    if (!rests) return false;
    double total = 0;
    int given = 0;
    for (int k = 0; k < classes; k++) {
        double exact = counts[k] * share;
        quota[k] = (int)floor(exact + 1e-9); /* 0.1 · 30 is 3, whatever its last bit says */
        rests[k] = (Rest){exact - quota[k], k};
        total += exact;
        given += quota[k];
    }
    qsort(rests, (size_t)classes, sizeof *rests, largest_first);
    int left = (int)floor(total + 0.5) - given;
    for (int i = 0; i < classes && left > 0; i++)
        if (rests[i].fraction > 1e-9) {
            quota[rests[i].k]++;
            left--;
        }
    int excess = 0;
    for (int k = 0; k < classes; k++)
        if (quota[k] == 0 && counts[k] > 0) {
            quota[k] = 1;
            excess++;
        }
    take_back(quota, rests, classes, excess);
    mem_free(rests);
    return true;
}

/* ---- cutting ---- */

/* The groups of a task, gathered by class. */
typedef struct Groups {
    int32_t *sizes; /* by row number: rows of the group whose first row (within the task) it is, else 0 */
    int32_t *heads; /* by row number of a text's first row: first row of the task with that text, + 1 */
    int *ordered;   /* heads, by k, ascending within */
    int *begins;    /* (classes + 1) into ordered */
    int *rows;      /* (classes): rows in the class's groups */
    int *quotas;    /* (SPLIT_COUNT, classes) */
} Groups;

static void groups_free(Groups *groups) {
    mem_free(groups->sizes);
    mem_free(groups->heads);
    mem_free(groups->ordered);
    mem_free(groups->begins);
    mem_free(groups->rows);
    mem_free(groups->quotas);
}

static bool groups_gather(Groups *groups, const SplitTask *task, Error *err) {
    int count = task->rows->count, classes = task->classes;
    size_t rows = count ? (size_t)task->rows->rows[count - 1] + 1 : 1;
    *groups = (Groups){.sizes = mem_new(rows, sizeof(int32_t), err), .heads = mem_new(rows, sizeof(int32_t), err)};
    groups->ordered = mem_new((size_t)count, sizeof(int), err);
    groups->begins = mem_new((size_t)classes + 2, sizeof(int), err);
    groups->rows = mem_new((size_t)classes, sizeof(int), err);
    groups->quotas = mem_new((size_t)classes * SPLIT_COUNT, sizeof(int), err);
    if (!groups->sizes || !groups->heads || !groups->ordered || !groups->begins || !groups->rows || !groups->quotas) return false;
    for (int i = 0; i < count; i++) {
        int row = task->rows->rows[i];
        int32_t *head = &groups->heads[task->first[row]];
        if (!*head) {
            *head = row + 1;
            groups->begins[task->labels[row] + 2]++;
        }
        groups->sizes[*head - 1]++;
        groups->rows[task->labels[*head - 1]]++;
    }
    for (int k = 0; k < classes; k++) groups->begins[k + 1] += groups->begins[k];
    for (int i = 0; i < count; i++) {
        int row = task->rows->rows[i];
        if (groups->sizes[row]) groups->ordered[groups->begins[task->labels[row] + 1]++] = row;
    }
    return true;
}

/* Gives `split`, which got no group of the k, the smallest one of the split that has most; the first of equals in the drawn
 * order. */
static void fill_empty(const Groups *groups, const int *heads, int count, int split, int taken[SPLIT_COUNT], uint8_t *side) {
    int donor = SPLIT_TRAIN, smallest = -1;
    for (int other = 0; other < SPLIT_COUNT; other++)
        if (taken[other] > taken[donor]) donor = other;
    for (int i = 0; i < count; i++)
        if (side[heads[i]] == donor && (smallest < 0 || groups->sizes[heads[i]] < groups->sizes[smallest])) smallest = heads[i];
    if (taken[donor] < 2) return;
    side[smallest] = (uint8_t)split;
    taken[donor]--;
    taken[split]++;
}

/* Draws the groups of one class: test first, then validation, as long as a group fits; the rest trains. */
static void cut_class(const SplitTask *task, const Groups *groups, int k, uint8_t *side) {
    int *heads = groups->ordered + groups->begins[k], count = groups->begins[k + 1] - groups->begins[k];
    int left[SPLIT_COUNT], taken[SPLIT_COUNT] = {0};
    Random random = random_start(task->seed, STREAM_SPLIT, (uint32_t)k);
    random_shuffle(&random, heads, count);
    for (int split = 0; split < SPLIT_COUNT; split++) left[split] = groups->quotas[split * task->classes + k];
    for (int i = 0; i < count; i++) {
        int size = groups->sizes[heads[i]], split = SPLIT_COUNT - 1;
        while (split > SPLIT_TRAIN && size > left[split]) split--;
        left[split] -= size;
        taken[split]++;
        side[heads[i]] = (uint8_t)split;
    }
    /* Large groups may have left a split without any. */
    for (int split = SPLIT_COUNT - 1; split >= SPLIT_TRAIN; split--)
        if (task->shares[split] > 0 && !taken[split]) fill_empty(groups, heads, count, split, taken, side);
}

bool split_stratify(const SplitTask *task, uint8_t *side, Error *err) {
    Groups groups;
    bool ok = groups_gather(&groups, task, err);
    for (int split = SPLIT_VALIDATION; ok && split < SPLIT_COUNT; split++)
        if (task->shares[split] > 0)
            ok = share_out(groups.quotas + (size_t)split * (size_t)task->classes, groups.rows, task->classes, task->shares[split], err);
    for (int k = 0; ok && k < task->classes; k++) cut_class(task, &groups, k, side);
    for (int i = 0; ok && i < task->rows->count; i++) {
        int row = task->rows->rows[i];
        side[row] = side[groups.heads[task->first[row]] - 1];
    }
    groups_free(&groups);
    return ok;
}

bool split_count_texts(const SplitTask *task, int *texts, Error *err) {
    Groups groups;
    bool ok = groups_gather(&groups, task, err);
    for (int k = 0; ok && k < task->classes; k++) texts[k] = groups.begins[k + 1] - groups.begins[k];
    groups_free(&groups);
    return ok;
}

bool split_sample(RowList *list, const int32_t *labels, int classes, int wanted, uint64_t seed, Split split, Error *err) {
    if (wanted >= list->count) return true;
    int *counts = mem_new((size_t)classes + 2, sizeof *counts, err), *quotas = mem_new((size_t)classes, sizeof *quotas, err);
    int *ordered = mem_new((size_t)list->count, sizeof *ordered, err);
    bool ok = counts && quotas && ordered;
    for (int i = 0; ok && i < list->count; i++) counts[labels[list->rows[i]]]++;
    ok = ok && share_out(quotas, counts, classes, (double)wanted / list->count, err);
    for (int k = 0, begin = 0; ok && k < classes; k++) { /* counts becomes where a class begins */
        int count = counts[k];
        counts[k] = begin;
        begin += count;
    }
    for (int i = 0; ok && i < list->count; i++) ordered[counts[labels[list->rows[i]]]++] = i;
    for (int k = 0, begin = 0; ok && k < classes; begin = counts[k++]) {
        Random random = random_start(seed, STREAM_SPLIT, (uint32_t)(split + 1) << 24 | (uint32_t)k);
        int count = counts[k] - begin;
        random_shuffle(&random, ordered + begin, count);
        for (int i = quotas[k]; i < count; i++) list->rows[ordered[begin + i]] = -1;
    }
    int kept = 0;
    for (int i = 0; ok && i < list->count; i++)
        if (list->rows[i] >= 0) list->rows[kept++] = list->rows[i];
    if (ok) list->count = kept;
    mem_free(counts);
    mem_free(quotas);
    mem_free(ordered);
    return ok;
}
