#include "encoder/sweep.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/profile.h"

enum {
    TOKENS_ALONE = 64,   /* room for a batch that is alone, at first */
    TOKENS_LEAST = 256   /* a batch is not made smaller than this to give every thread one */
};

/* Where a batch is laid out and run: one thread's, or (the last one) all threads' for a batch that is alone. */
typedef struct Lane {
    Workspace *workspace; /* NULL until needed */
    int tokens;           /* the most in a batch */
    int32_t *ids;         /* (tokens) */
    int32_t *starts;      /* (tokens + 1) */
    int32_t *row;         /* (tokens) */
} Lane;

struct Sweep {
    const Encoder *encoder;
    SweepOptions options;
    Pool *pool;
    int threads;
    Lane *lanes; /* (threads + 1) */
    int tokens;  /* the most in one batch that the lanes take */
};

/* The rows of one run, longest first, cut into batches. */
typedef struct Plan {
    int batches;
    int32_t *order;  /* (count) places */
    int32_t *begins; /* (batches + 1): batch i is order[begins[i] … begins[i+1]) */
    int stride;      /* the i-th to run is batch i · stride mod batches: long and short ones mixed, so that progress is even */
} Plan;

typedef struct Work {
    Sweep *sweep;
    const Tokens *tokens;
    const int32_t *rows;
    int count;
    Plan plan;
    SweepUse use;
    void *context;
    const char *task;
    const Observer *observer;
    double started_s;
    atomic_bool ended;
    atomic_int rows_done;
    atomic_llong tokens_done;
    pthread_mutex_t lock; /* of err */
    Error *err;
} Work;

static int program_budget = SWEEP_TOKENS;

void sweep_set_token_budget(int tokens) { program_budget = tokens; }

/* ---- lanes ---- */

static void lane_free(Lane *lane) {
    workspace_free(lane->workspace);
    mem_free(lane->ids);
    mem_free(lane->starts);
    mem_free(lane->row);
    *lane = (Lane){0};
}

/* A thread's own lane takes any batch of the run. One for a batch that is alone grows with what comes: one text needs little room. */
static int lane_tokens(const Sweep *sweep, bool is_shared, int needed) {
    int tokens = TOKENS_ALONE;
    while (tokens < needed && tokens < sweep->tokens / 2) tokens *= 2;
    if (tokens < needed) return sweep->tokens;
    return is_shared && tokens < sweep->tokens ? tokens : sweep->tokens;
}

static bool lane_make(Lane *lane, const Sweep *sweep, bool is_shared, int needed, int thread, Error *err) {
    if (lane->workspace && lane->tokens >= needed) return true;
    lane_free(lane);
    lane->tokens = lane_tokens(sweep, is_shared, needed);
    size_t tokens = (size_t)lane->tokens;
    WorkspaceOptions options = {.tokens = lane->tokens, .rows = lane->tokens, .all_hidden = sweep->options.all_hidden,
                                .lane = pool_lane(sweep->pool, thread)};
    lane->ids = mem_new(tokens, sizeof *lane->ids, err);
    lane->starts = mem_new(tokens + 1, sizeof *lane->starts, err);
    lane->row = mem_new(tokens, sizeof *lane->row, err);
    lane->workspace = lane->ids && lane->starts && lane->row
                          ? workspace_new(sweep->encoder, &options, is_shared ? sweep->pool : NULL, err)
                          : NULL;
    if (!lane->workspace) lane_free(lane);
    return lane->workspace != NULL;
}

static void free_lanes(Sweep *sweep) {
    for (int t = 0; sweep->lanes && t <= sweep->threads; t++) lane_free(&sweep->lanes[t]);
}

Sweep *sweep_new(const Encoder *encoder, const SweepOptions *options, Pool *pool, Error *err) {
    Sweep *sweep = mem_new(1, sizeof *sweep, err);
    if (!sweep) return NULL;
    *sweep = (Sweep){.encoder = encoder, .options = *options, .pool = pool, .threads = pool_threads(pool)};
    if (sweep->options.token_budget <= 0) sweep->options.token_budget = program_budget;
    sweep->tokens = sweep->options.token_budget;
    sweep->lanes = mem_new((size_t)sweep->threads + 1, sizeof *sweep->lanes, err);
    if (sweep->lanes) return sweep;
    sweep_free(sweep);
    return NULL;
}

size_t sweep_bytes(const EncoderConfig *config, Dtype dtype, int longest, int threads) {
    int tokens = longest > program_budget ? longest : program_budget;
    WorkspaceOptions options = {.tokens = tokens, .rows = tokens, .dtype = dtype};
    size_t lane = workspace_bytes(config, &options, 1) + 3 * (size_t)tokens * sizeof(int32_t);
    return lane < SIZE_MAX / (size_t)threads ? lane * (size_t)threads : SIZE_MAX;
}

void sweep_free(Sweep *sweep) {
    if (!sweep) return;
    free_lanes(sweep);
    mem_free(sweep->lanes);
    mem_free(sweep);
}

/* ---- the plan ---- */

static int length_of(const Work *work, int place) { return tokens_length(work->tokens, work->rows ? work->rows[place] : place); }

/* Places by length, longest first and in order among equals: a counting sort. */
static bool sort_rows(Work *work, int longest, int64_t *total, Error *err) {
    int32_t *begins = mem_new((size_t)longest + 2, sizeof *begins, err);
    if (!begins) return false;
    *total = 0;
    for (int i = 0; i < work->count; i++) {
        begins[longest - length_of(work, i) + 1]++;
        *total += length_of(work, i);
    }
    for (int l = 0; l <= longest; l++) begins[l + 1] += begins[l];
    for (int i = 0; i < work->count; i++) work->plan.order[begins[longest - length_of(work, i)]++] = i;
    mem_free(begins);
    return true;
}

/* As many batches for one thread as for another, so that none works alone at the end: `budget` tokens each, less what may be left over when a row does not fit. */
static int64_t count_batches(int64_t total, int longest, int budget, int threads) {
    if (total / threads < budget)
        return total / threads >= TOKENS_LEAST ? threads : total < (int64_t)2 * TOKENS_LEAST ? 1 : total / TOKENS_LEAST;
    int64_t round = (int64_t)(budget - (longest / 2 < budget / 8 ? longest / 2 : budget / 8)) * threads;
    return (total + round - 1) / round * threads;
}

/* Even ones: each ends with the row that brings it nearest to its share of all tokens, if it has room for it. */
static void cut_batches(Work *work, int64_t total, int64_t wanted, int budget) {
    Plan *plan = &work->plan;
    int64_t done = 0;
    for (int i = 0; i < work->count; plan->batches++) {
        int64_t end = total * (plan->batches + 1) / wanted;
        int tokens = 0, next = length_of(work, plan->order[i]);
        plan->begins[plan->batches] = i;
        do {
            tokens += next;
            next = ++i < work->count ? length_of(work, plan->order[i]) : 0;
        } while (i < work->count && tokens + next <= budget && done + tokens + next / 2 <= end);
        done += tokens;
    }
    plan->begins[plan->batches] = work->count;
}

static int common_divisor(int a, int b) { return b ? common_divisor(b, a % b) : a; }

/* Near the golden ratio, where multiples spread most evenly, and without a common divisor, so that each batch is met once. */
static int choose_stride(int batches) {
    int stride = 1 + (int)(0.618 * batches);
    while (common_divisor(stride, batches) != 1) stride++;
    return stride;
}

static bool make_plan(Work *work, Error *err) {
    Sweep *sweep = work->sweep;
    int longest = 1;
    for (int i = 0; i < work->count; i++)
        if (length_of(work, i) > longest) longest = length_of(work, i);
    if (longest > sweep->tokens) {
        free_lanes(sweep);
        sweep->tokens = longest;
    }
    work->plan.order = mem_new((size_t)work->count, sizeof *work->plan.order, err);
    work->plan.begins = mem_new((size_t)work->count + 1, sizeof *work->plan.begins, err);
    int64_t total;
    if (!work->plan.order || !work->plan.begins || !sort_rows(work, longest, &total, err)) return false;
    int budget = sweep->options.token_budget;
    cut_batches(work, total, count_batches(total, longest, budget, sweep->threads), budget);
    work->plan.stride = choose_stride(work->plan.batches);
    return true;
}

static void free_plan(Plan *plan) {
    mem_free(plan->order);
    mem_free(plan->begins);
}

/* ---- the run ---- */

static Batch lay_out(const Work *work, const Lane *lane, int number) {
    Batch batch = {.ids = lane->ids, .starts = lane->starts, .row = lane->row};
    for (int i = work->plan.begins[number]; i < work->plan.begins[number + 1]; i++) {
        int place = work->plan.order[i], row = work->rows ? work->rows[place] : place, length = tokens_length(work->tokens, row);
        lane->starts[batch.rows] = batch.tokens;
        lane->row[batch.rows++] = place;
        memcpy(lane->ids + batch.tokens, tokens_row(work->tokens, row), (size_t)length * sizeof *lane->ids);
        batch.tokens += length;
    }
    lane->starts[batch.rows] = batch.tokens;
    return batch;
}

static void report(const Work *work) {
    char count[32], detail[64] = "";
    double seconds = clock_wall_s() - work->started_s;
    if (seconds > 0.2) {
        count_text(count, (int64_t)((double)atomic_load(&work->tokens_done) / seconds));
        (void)snprintf(detail, sizeof detail, "%s tokens/s", count);
    }
    observer_progress(work->observer, work->task, atomic_load(&work->rows_done), work->count, "texts", detail);
}

static void end_with(Work *work, const Error *err) {
    pthread_mutex_lock(&work->lock);
    if (work->err && work->err->kind == ERROR_NONE) *work->err = *err;
    pthread_mutex_unlock(&work->lock);
    atomic_store(&work->ended, true);
}

static int batch_tokens(const Work *work, int number) {
    int tokens = 0;
    for (int i = work->plan.begins[number]; i < work->plan.begins[number + 1]; i++) tokens += length_of(work, work->plan.order[i]);
    return tokens;
}

static bool run_batch(Work *work, int number, Lane *lane, bool is_shared, int thread, Error *err) {
    Sweep *sweep = work->sweep;
    ProfilePart before = pool_enter(sweep->pool, PROFILE_PREPARE);
    bool made = lane_make(lane, sweep, is_shared, batch_tokens(work, number), thread, err);
    (void)pool_enter(sweep->pool, before);
    if (!made) return false;
    Batch batch = lay_out(work, lane, number);
    if (!encoder_forward(sweep->encoder, lane->workspace, &batch, &sweep->options.forward, err) ||
        !work->use(work->context, lane->workspace, &batch, thread, err))
        return false;
    atomic_fetch_add(&work->rows_done, batch.rows);
    atomic_fetch_add(&work->tokens_done, batch.tokens);
    return true;
}

static void run_task(void *context, int task, int thread) {
    Work *work = context;
    if (atomic_load(&work->ended)) return;
    Error err = {0};
    bool is_shared = work->plan.batches == 1;
    Lane *lane = &work->sweep->lanes[is_shared ? work->sweep->threads : thread];
    int number = (int)((int64_t)task * work->plan.stride % work->plan.batches);
    if (!run_batch(work, number, lane, is_shared, thread, &err)) end_with(work, &err);
    if (thread != 0) return;
    /* Thread 0 is the caller's own: the one that may talk to the observer. The last report is sweep_run's. */
    if (atomic_load(&work->rows_done) < work->count) report(work);
    if (observer_stop(work->observer)) {
        char done[32], all[32];
        count_text(done, atomic_load(&work->rows_done));
        count_text(all, work->count);
        (void)FAIL(&err, ERROR_INTERRUPTED, "stopped after %s of %s texts", done, all);
        end_with(work, &err);
    }
}

bool sweep_run(Sweep *sweep, const Tokens *tokens, const int32_t *rows, int count, SweepUse use, void *context, const char *task,
               const Observer *observer, Error *err) {
    Error first = {0};
    Work work = {.sweep = sweep,
                 .tokens = tokens,
                 .rows = rows,
                 .count = count,
                 .use = use,
                 .context = context,
                 .task = task,
                 .observer = observer,
                 .started_s = clock_wall_s(),
                 .lock = PTHREAD_MUTEX_INITIALIZER,
                 .err = &first};
    bool ok = make_plan(&work, err);
    if (ok && count > 0) {
        observer_progress(observer, task, 0, count, "texts", "");
        ProfilePart before = pool_enter(sweep->pool, PROFILE_ROWS);
        if (work.plan.batches == 1) /* not from within the pool: the batch itself is what the threads share */
            run_task(&work, 0, 0);
        else
            pool_run(sweep->pool, work.plan.batches, run_task, &work);
        (void)pool_enter(sweep->pool, before);
        ok = first.kind == ERROR_NONE || error_set(err, first.kind, first.file, first.line, "%s", first.message);
        if (ok) report(&work);
    }
    free_plan(&work.plan);
    return ok;
}
