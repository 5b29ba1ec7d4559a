#include "metrics/permutation.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "common/memory.h"
#include "common/random.h"

/* A row where the two differ: a swap moves both tallies, or both sums of losses. */
typedef struct Swap {
    int32_t truth, a, b;
    double log_loss, brier; /* of a less that of b */
} Swap;

typedef struct Work {
    const Swap *swaps; /* (count) */
    int count, rows;
    uint64_t seed;
    Tally a, b; /* with no answer swapped */
    double log_loss, brier;
    double observed[CORE_COUNT];
    Tally *rooms;      /* (threads, 2) */
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

static void answer_move(Tally *tally, int truth, int from, int to) {
    tally->answered[from]--;
    tally->answered[to]++;
    tally->hits[truth] += (to == truth) - (from == truth);
}

static void permutation_score(void *context, int permutation, int thread) {
    const Work *work = context;
    Tally *a = &work->rooms[2 * thread], *b = a + 1;
    tally_copy(a, &work->a);
    tally_copy(b, &work->b);
    double log_loss = work->log_loss, brier = work->brier;
    Random random = random_start(work->seed, STREAM_PERMUTATION, (uint32_t)permutation);
    uint32_t coins = 0;
    for (int i = 0; i < work->count; i++, coins >>= 1) {
        if (i % 32 == 0) coins = random_word(&random);
        const Swap *swap = &work->swaps[i];
        double swapped = coins & 1; /* a factor: as a branch it would be guessed wrong half of the time */
        log_loss -= 2 * swapped * swap->log_loss;
        brier -= 2 * swapped * swap->brier;
        if (swap->a == swap->b || !(coins & 1)) continue;
        answer_move(a, swap->truth, swap->a, swap->b);
        answer_move(b, swap->truth, swap->b, swap->a);
    }
    tally_sum(a);
    tally_sum(b);
    double differences[CORE_COUNT];
    differences_find(differences, a, b, log_loss, brier, work->rows);
    int64_t *at_least = work->at_least + (size_t)thread * CORE_COUNT;
    for (int s = 0; s < CORE_COUNT; s++) {
        /* The sums were made in another order: what is equal may differ in the last bits. */
        double observed = fabs(work->observed[s]);
        at_least[s] += fabs(differences[s]) >= observed - 1e-12 * (1 + observed);
    }
}

static int swaps_collect(Swap *swaps, Work *work, const Predictions *a, const Predictions *b) {
    bool losses = a->probabilities && b->probabilities;
    int count = 0;
    for (int row = 0; row < a->rows; row++) {
        Swap swap = {.truth = a->truth[row], .a = a->predicted[row], .b = b->predicted[row]};
        if (losses)
            swap.log_loss = row_log_loss(a, row) - row_log_loss(b, row), swap.brier = row_brier(a, row) - row_brier(b, row);
        work->log_loss += swap.log_loss;
        work->brier += swap.brier;
        tally_count(&work->a, swap.truth, swap.a, 1);
        tally_count(&work->b, swap.truth, swap.b, 1);
        if (swap.a != swap.b || swap.log_loss != 0 || swap.brier != 0) swaps[count++] = swap;
    }
    return count;
}

static void p_values_find(double p[CORE_COUNT], const Work *work, int permutations, int threads, bool losses) {
    for (int s = 0; s < CORE_COUNT; s++) {
        int64_t at_least = 1;
        for (int t = 0; t < threads; t++) at_least += work->at_least[(size_t)t * CORE_COUNT + (size_t)s];
        bool known = !isnan(work->observed[s]) && (s < TALLY_SCORES || losses);
        p[s] = known ? (double)at_least / (1.0 + permutations) : nan("");
    }
}

bool permutation_test(double p[CORE_COUNT], const Predictions *a, const Predictions *b, int permutations, uint64_t seed,
                      Pool *pool, Error *err) {
    assert(permutations >= 1);
    if (!predictions_same_rows(a, b) || a->rows == 0)
        return FAIL(err, ERROR_DATA, "two entries can only be compared on the same rows");
    int threads = pool_threads(pool);
    Work work = {.rows = a->rows, .seed = seed};
    Swap *swaps = mem_new((size_t)a->rows, sizeof *swaps, err);
    work.rooms = mem_new(2 * (size_t)threads, sizeof *work.rooms, err);
    work.at_least = mem_new((size_t)threads * CORE_COUNT, sizeof *work.at_least, err);
    bool ok =
        swaps && work.rooms && work.at_least && tally_make(&work.a, a->classes, err) && tally_make(&work.b, a->classes, err);
    for (int t = 0; ok && t < 2 * threads; t++) ok = tally_make(&work.rooms[t], a->classes, err);
    if (ok) {
        work.count = swaps_collect(swaps, &work, a, b);
        work.swaps = swaps;
        tally_sum(&work.a);
        tally_sum(&work.b);
        differences_find(work.observed, &work.a, &work.b, work.log_loss, work.brier, work.rows);
        pool_run(pool, permutations, permutation_score, &work);
        p_values_find(p, &work, permutations, threads, a->probabilities && b->probabilities);
    }
    for (int t = 0; work.rooms && t < 2 * threads; t++) tally_free(&work.rooms[t]);
    tally_free(&work.a);
    tally_free(&work.b);
    mem_free(work.rooms);
    mem_free(work.at_least);
    mem_free(swaps);
    return ok;
}
