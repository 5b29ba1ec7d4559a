#include "metrics/probability_scores.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Rows a task. Sums are made a block and added in order of the blocks, so that threads change nothing. */
enum { BLOCK_ROWS = 1024 };

typedef struct BlockSums {
    double log_loss, brier;
    int64_t hits[TOP_K_COUNT];
} BlockSums;

/* The AUC of class c is the share of (row of c, row of another class) pairs in which the row of c has the higher probability
 * of c, ties half (Mann-Whitney). With the values of c's own rows sorted, every other row counts its pairs by binary search:
 * O(rows · log) a class, and the counts are whole numbers, exact in any order. */
typedef struct Pass {
    const Predictions *predictions;
    const int64_t *starts; /* (classes + 1) into own */
    const double *own;     /* (rows) p[c] of the rows whose true class is c, sorted within each class */
    BlockSums *blocks;
    int64_t *pairs; /* (threads, classes) twice the pairs won */
} Pass;

/* How many of sorted[0..n) are below x. The step is a choice of addresses, not a branch that would be guessed wrong half of
 * the time. */
static int64_t count_below(const double *sorted, int64_t n, double x) {
    const double *base = sorted;
    while (n > 1) {
        int64_t half = n / 2;
        base = base[half - 1] < x ? base + half : base;
        n -= half;
    }
    return base - sorted + (n == 1 && *base < x);
}

static int64_t count_equal(const double *sorted, int64_t n, double x) {
    if (n == 0 || sorted[0] != x) return 0;
    /* Rare but for constant answers, where all are equal: a doubling step finds the end of either. */
    int64_t step = 1;
    while (step < n && sorted[step] == x) step *= 2;
    int64_t low = step / 2, high = step < n ? step : n;
    while (low + 1 < high) {
        int64_t middle = low + (high - low) / 2;
        if (sorted[middle] == x)
            low = middle;
        else
            high = middle;
    }
    return low + 1;
}

/* Class by class through all rows of a block, so that the sorted values of one class stay in the cache. */
static void pairs_count(const Pass *pass, int64_t *pairs, int begin, int end) {
    const Predictions *predictions = pass->predictions;
    int classes = predictions->classes;
    for (int c = 0; c < classes; c++) {
        const double *own = pass->own + pass->starts[c];
        int64_t n = pass->starts[c + 1] - pass->starts[c], won = 0;
        if (n == 0) continue;
        for (int row = begin; row < end; row++) {
            if (predictions->truth[row] == c) continue;
            double x = predictions->probabilities[(size_t)row * (size_t)classes + (size_t)c];
            int64_t below = count_below(own, n, x);
            won += 2 * (n - below) - count_equal(own + below, n - below, x);
        }
        pairs[c] += won;
    }
}

/* How many classes come before the true one when sorted by falling probability, the higher id first among equals. */
static int rank_of_truth(const double *p, int truth, int classes) {
    /* scikit-learn takes two classes as a threshold on the second: above 0.5 or not. */
    if (classes == 2) return (p[1] > 0.5) != (truth == 1);
    int rank = 0;
    for (int c = 0; c < classes; c++) rank += p[c] > p[truth] || (p[c] == p[truth] && c > truth);
    return rank;
}

static void block_measure(void *context, int block, int thread) {
    const Pass *pass = context;
    const Predictions *predictions = pass->predictions;
    int classes = predictions->classes, begin = block * BLOCK_ROWS;
    int end = predictions->rows - begin < BLOCK_ROWS ? predictions->rows : begin + BLOCK_ROWS;
    BlockSums sums = {0};
    for (int row = begin; row < end; row++) {
        const double *p = predictions->probabilities + (size_t)row * (size_t)classes;
        int truth = predictions->truth[row];
        sums.log_loss -= log(fmin(fmax(p[truth], DBL_EPSILON), 1 - DBL_EPSILON));
        double squares = 0;
        for (int c = 0; c < classes; c++) squares += (p[c] - (c == truth)) * (p[c] - (c == truth));
        sums.brier += squares;
        int rank = rank_of_truth(p, truth, classes);
        for (int i = 0; i < TOP_K_COUNT; i++) sums.hits[i] += rank < TOP_K[i];
    }
    pairs_count(pass, pass->pairs + (size_t)thread * (size_t)classes, begin, end);
    pass->blocks[block] = sums;
}

static int compare_doubles(const void *a, const void *b) {
    double x, y;
    x = *(const double *)a;
    y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct OwnSort {
    const int64_t *starts;
    double *own;
} OwnSort;

static void own_sort(void *context, int c, int thread) {
    (void)thread;
    const OwnSort *sort = context;
    qsort(sort->own + sort->starts[c], (size_t)(sort->starts[c + 1] - sort->starts[c]), sizeof *sort->own, compare_doubles);
}

/* Groups the probability that each row gave its true class by that class, sorted. `places` (classes) is working room. */
static void own_collect(double *own, int64_t *starts, int64_t *places, const Scores *scores, const Predictions *p, Pool *pool) {
    starts[0] = 0;
    for (int c = 0; c < p->classes; c++) {
        places[c] = starts[c];
        starts[c + 1] = starts[c] + scores->confusion.support[c];
    }
    for (int row = 0; row < p->rows; row++) {
        int32_t truth = p->truth[row];
        own[places[truth]++] = p->probabilities[(size_t)row * (size_t)p->classes + (size_t)truth];
    }
    pool_run(pool, p->classes, own_sort, &(OwnSort){starts, own});
}

static void sums_finish(Scores *scores, const BlockSums *blocks, int count, int rows) {
    BlockSums sum = {0};
    for (int b = 0; b < count; b++) {
        sum.log_loss += blocks[b].log_loss;
        sum.brier += blocks[b].brier;
        for (int i = 0; i < TOP_K_COUNT; i++) sum.hits[i] += blocks[b].hits[i];
    }
    scores->log_loss = sum.log_loss / rows;
    scores->brier = sum.brier / rows * (scores->classes <= 2 ? 0.5 : 1);
    for (int i = 0; i < TOP_K_COUNT; i++)
        if (TOP_K[i] < scores->classes) scores->top_k_accuracy[i] = (double)sum.hits[i] / rows;
}

static void auc_finish(Scores *scores, const int64_t *pairs, int threads, int rows) {
    int measured = 0;
    int64_t weight = 0;
    double sum = 0, weighted = 0;
    for (int c = 0; c < scores->classes; c++) {
        int64_t own = scores->confusion.support[c], others = rows - own, won = 0;
        if (!own || !others) continue;
        /* Of two classes both have the AUC of the second's column, as roc_auc_score; 1 - p would round ties of its own. */
        int column = scores->classes == 2 ? 1 : c;
        for (int t = 0; t < threads; t++) won += pairs[(size_t)t * (size_t)scores->classes + (size_t)column];
        double auc = (double)won / 2 / ((double)own * (double)others);
        scores->per_class[c].roc_auc = auc;
        sum += auc;
        weighted += auc * (double)own;
        weight += own;
        measured++;
    }
    if (!measured) return;
    scores->roc_auc_ovr_macro = sum / measured;
    scores->roc_auc_ovr_weighted = weighted / (double)weight;
}

bool probability_scores_compute(Scores *scores, const Predictions *predictions, Pool *pool, Error *err) {
    int rows = predictions->rows, classes = predictions->classes, threads = pool_threads(pool);
    int blocks = (rows - 1) / BLOCK_ROWS + 1;
    size_t k = (size_t)classes;
    double *own = mem_new((size_t)rows, sizeof *own, err);
    int64_t *starts = mem_new(k + 1, sizeof *starts, err), *places = mem_new(k, sizeof *places, err);
    int64_t *pairs = mem_new((size_t)threads * k, sizeof *pairs, err);
    BlockSums *sums = mem_new((size_t)blocks, sizeof *sums, err);
    bool ok = own && starts && places && pairs && sums;
    if (ok) {
        own_collect(own, starts, places, scores, predictions, pool);
        Pass pass = {.predictions = predictions, .starts = starts, .own = own, .blocks = sums, .pairs = pairs};
        pool_run(pool, blocks, block_measure, &pass);
        sums_finish(scores, sums, blocks, rows);
        auc_finish(scores, pairs, threads, rows);
    }
    mem_free(own);
    mem_free(starts);
    mem_free(places);
    mem_free(pairs);
    mem_free(sums);
    return ok;
}
