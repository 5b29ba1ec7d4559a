#include "metrics/permutation.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/random.h"

/* A row where the two differ: a swap moves both tallies, or both sums of losses. */
typedef struct Swap {
    int32_t truth, a, b, row;
    double log_loss, brier; /* of a less that of b */
} Swap;

/* Swaps of rows with one truth and the same two answers: only how many of them are swapped counts. */
typedef struct SwapGroup {
    int32_t truth, a, b;
    int from, to; /* of the swaps */
} SwapGroup;

/* What the swaps of four rows take from the two sums, for each of the 16 outcomes of their coins: one look-up instead of four products. */
enum { ROWS_BY_TABLE = 4, OUTCOMES = 1 << ROWS_BY_TABLE };
typedef struct SwapTable {
    double change[OUTCOMES][2]; /* of the log loss, of the Brier score */
} SwapTable;

/* What one thread needs for one permutation. */
typedef struct Room {
    Tally a, b;
    uint32_t *coins; /* (words) one bit a swap */
} Room;

typedef struct Work {
    const Swap *swaps; /* (count) those with different answers first, by group */
    int count, answers_differ, rows, words;
    const SwapGroup *groups; /* (group_count) */
    int group_count;
    const SwapTable *tables; /* (count / ROWS_BY_TABLE, rounded up); NULL when there are no losses */
    uint64_t seed;
    Tally a, b; /* with no answer swapped */
    double log_loss, brier;
    double observed[CORE_COUNT];
    Room *rooms;       /* (threads) */
    int64_t *at_least; /* (threads, CORE_COUNT) */
} Work;

static void differences_find(double out[CORE_COUNT], const Tally *a, const Tally *b, double log_loss, double brier, int rows) {
    double of_b[TALLY_SCORES];
    tally_scores(a, out);
    tally_scores(b, of_b);
    for (int s = 0; s < TALLY_SCORES; s++) out[s] -= of_b[s];
    out[CORE_LOG_LOSS] = log_loss / rows;
    out[CORE_BRIER] = brier / rows;
}

static void tally_copy(Tally *to, const Tally *from) {
    memcpy(to->support, from->support, 3 * (size_t)from->classes * sizeof *from->support);
}

static void answers_move(Tally *tally, int truth, int from, int to, int count) {
    tally->answered[from] -= count;
    tally->answered[to] += count;
    tally->hits[truth] += (to == truth ? count : 0) - (from == truth ? count : 0);
}

enum { COINS = 32 }; /* in one random word */

/* Heads among coins from … to - 1. */
static int heads_count(const uint32_t *coins, int from, int to) {
    int first = from / COINS, last = (to - 1) / COINS, count = 0;
    uint32_t begin = UINT32_MAX << from % COINS, end = UINT32_MAX >> (COINS - 1 - (to - 1) % COINS);
    if (first == last) return __builtin_popcount(coins[first] & begin & end);
    for (int word = first + 1; word < last; word++) count += __builtin_popcount(coins[word]);
    return count + __builtin_popcount(coins[first] & begin) + __builtin_popcount(coins[last] & end);
}

static void answers_swap(Room *room, const Work *work) {
    for (int g = 0; g < work->group_count; g++) {
        const SwapGroup *group = &work->groups[g];
        int swapped = heads_count(room->coins, group->from, group->to);
        answers_move(&room->a, group->truth, group->a, group->b, swapped);
        answers_move(&room->b, group->truth, group->b, group->a, swapped);
    }
}

/* What the swaps take from the sums of losses. */
static void losses_swap(double change[2], const Room *room, const Work *work) {
    double sums[2][2] = {{0}}; /* two side by side: an addition need not wait for the one before */
    for (int word = 0; work->tables && word < work->words; word++) {
        uint32_t coins = room->coins[word];
        const SwapTable *tables = work->tables + (size_t)word * (COINS / ROWS_BY_TABLE);
        for (int t = 0; t < COINS / ROWS_BY_TABLE; t++, coins >>= ROWS_BY_TABLE) {
            const double *by = tables[t].change[coins % OUTCOMES];
            sums[t % 2][0] += by[0];
            sums[t % 2][1] += by[1];
        }
    }
    change[0] = sums[0][0] + sums[1][0];
    change[1] = sums[0][1] + sums[1][1];
}

static void permutation_score(void *context, int permutation, int thread) {
    const Work *work = context;
    Room *room = &work->rooms[thread];
    tally_copy(&room->a, &work->a);
    tally_copy(&room->b, &work->b);
    Random random = random_start(work->seed, STREAM_PERMUTATION, (uint32_t)permutation);
    for (int word = 0; word < work->words; word++) room->coins[word] = random_word(&random);
    double change[2];
    answers_swap(room, work);
    losses_swap(change, room, work);
    tally_sum(&room->a);
    tally_sum(&room->b);
    double differences[CORE_COUNT];
    differences_find(differences, &room->a, &room->b, work->log_loss - change[0], work->brier - change[1], work->rows);
    int64_t *at_least = work->at_least + (size_t)thread * CORE_COUNT;
    for (int s = 0; s < CORE_COUNT; s++) {
        /* The sums were made in another order: what is equal may differ in the last bits. */
        double observed = fabs(work->observed[s]);
        at_least[s] += fabs(differences[s]) >= observed - 1e-12 * (1 + observed);
    }
}

static int compare_swaps(const void *a, const void *b) {
    const Swap *x = a, *y = b;
    if (x->truth != y->truth) return x->truth < y->truth ? -1 : 1;
    if (x->a != y->a) return x->a < y->a ? -1 : 1;
    if (x->b != y->b) return x->b < y->b ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static void groups_find(SwapGroup *groups, Work *work) {
    for (int i = 0; i < work->answers_differ; i++) {
        const Swap *swap = &work->swaps[i], *before = i ? swap - 1 : NULL;
        if (!before || before->truth != swap->truth || before->a != swap->a || before->b != swap->b)
            groups[work->group_count++] = (SwapGroup){swap->truth, swap->a, swap->b, i, i};
        groups[work->group_count - 1].to = i + 1;
    }
    work->groups = groups;
}

static void swaps_collect(Swap *swaps, Work *work, const Predictions *a, const Predictions *b) {
    bool losses = a->probabilities && b->probabilities;
    for (int pass = 0; pass < 2; pass++) { /* first the rows with different answers */
        for (int row = 0; row < a->rows; row++) {
            Swap swap = {.truth = a->truth[row], .a = a->predicted[row], .b = b->predicted[row], .row = row};
            if ((swap.a == swap.b) != (pass == 1)) continue;
            if (losses)
                swap.log_loss = row_log_loss(a, row) - row_log_loss(b, row), swap.brier = row_brier(a, row) - row_brier(b, row);
            work->log_loss += swap.log_loss;
            work->brier += swap.brier;
            tally_count(&work->a, swap.truth, swap.a, 1);
            tally_count(&work->b, swap.truth, swap.b, 1);
            if (swap.a != swap.b || swap.log_loss != 0 || swap.brier != 0) swaps[work->count++] = swap;
        }
        if (pass == 0) work->answers_differ = work->count;
    }
    qsort(swaps, (size_t)work->answers_differ, sizeof *swaps, compare_swaps);
    work->swaps = swaps;
    work->words = (work->count + COINS - 1) / COINS;
}

static void tables_fill(SwapTable *tables, const Work *work) {
    for (int i = 0; i < work->count; i++) {
        SwapTable *table = &tables[i / ROWS_BY_TABLE];
        for (int outcome = 0; outcome < OUTCOMES; outcome++) {
            if (!(outcome >> i % ROWS_BY_TABLE & 1)) continue;
            table->change[outcome][0] += 2 * work->swaps[i].log_loss;
            table->change[outcome][1] += 2 * work->swaps[i].brier;
        }
    }
}

static void p_values_find(double p[CORE_COUNT], const Work *work, int permutations, int threads, bool losses) {
    for (int s = 0; s < CORE_COUNT; s++) {
        int64_t at_least = 1;
        for (int t = 0; t < threads; t++) at_least += work->at_least[(size_t)t * CORE_COUNT + (size_t)s];
        bool known = !isnan(work->observed[s]) && (s < TALLY_SCORES || losses);
        p[s] = known ? (double)at_least / (1.0 + permutations) : nan("");
    }
}

/* What is made of the rows once; released by the caller whatever it returns. */
typedef struct Made {
    Swap *swaps;
    SwapGroup *groups;
    SwapTable *tables;
} Made;

static bool work_make(Work *work, Made *made, const Predictions *a, const Predictions *b, Error *err) {
    if (!(made->swaps = mem_new((size_t)a->rows, sizeof *made->swaps, err)) || !tally_make(&work->a, a->classes, err) ||
        !tally_make(&work->b, a->classes, err))
        return false;
    swaps_collect(made->swaps, work, a, b);
    if (!(made->groups = mem_new((size_t)work->answers_differ, sizeof *made->groups, err))) return false;
    groups_find(made->groups, work);
    if (a->probabilities && b->probabilities) {
        made->tables = mem_new((size_t)work->words * (COINS / ROWS_BY_TABLE), sizeof *made->tables, err);
        if (!made->tables) return false;
        tables_fill(made->tables, work);
        work->tables = made->tables;
    }
    tally_sum(&work->a);
    tally_sum(&work->b);
    differences_find(work->observed, &work->a, &work->b, work->log_loss, work->brier, work->rows);
    return true;
}

static bool rooms_make(Work *work, int threads, int classes, Error *err) {
    work->rooms = mem_new((size_t)threads, sizeof *work->rooms, err);
    work->at_least = mem_new((size_t)threads * CORE_COUNT, sizeof *work->at_least, err);
    bool ok = work->rooms && work->at_least;
    for (int t = 0; ok && t < threads; t++) {
        Room *room = &work->rooms[t];
        ok = tally_make(&room->a, classes, err) && tally_make(&room->b, classes, err) &&
             (room->coins = mem_new((size_t)work->words, sizeof *room->coins, err));
    }
    return ok;
}

static void work_free(Work *work, Made *made, int threads) {
    for (int t = 0; work->rooms && t < threads; t++) {
        tally_free(&work->rooms[t].a);
        tally_free(&work->rooms[t].b);
        mem_free(work->rooms[t].coins);
    }
    tally_free(&work->a);
    tally_free(&work->b);
    mem_free(work->rooms);
    mem_free(work->at_least);
    mem_free(made->swaps);
    mem_free(made->groups);
    mem_free(made->tables);
}

bool permutation_test(double p[CORE_COUNT], const Predictions *a, const Predictions *b, int permutations, uint64_t seed,
                      Pool *pool, Error *err) {
    assert(permutations >= 1);
    if (!predictions_same_rows(a, b) || a->rows == 0)
        return FAIL(err, ERROR_DATA, "two entries can only be compared on the same rows");
    int threads = pool_threads(pool);
    Work work = {.rows = a->rows, .seed = seed};
    Made made = {0};
    bool ok = work_make(&work, &made, a, b, err) && rooms_make(&work, threads, a->classes, err);
    if (ok) {
        pool_run(pool, permutations, permutation_score, &work);
        p_values_find(p, &work, permutations, threads, a->probabilities && b->probabilities);
    }
    work_free(&work, &made, threads);
    return ok;
}
