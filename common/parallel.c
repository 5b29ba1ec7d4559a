#include "common/parallel.h"

#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/profile.h"

enum {
    SPINS = 4000, /* about 20 µs: operations of one forward pass follow each other faster than a sleep and a wake-up */
    MOST_THREADS = 1024
};

typedef struct Worker {
    Pool *pool;
    int index;
    pthread_t thread;
} Worker;

struct Pool {
    int threads;
    Worker *workers; /* threads - 1 of them */
    int started;
    Profile *profile; /* or NULL; borrowed */

    /* The job at hand; written before `epoch` moves on, read after. */
    PoolTask task;
    void *context;
    int count;
    bool together;    /* thread i runs task i */
    ProfilePart part; /* that the caller was in */

    _Alignas(64) atomic_int next;    /* the next task nobody has taken */
    _Alignas(64) atomic_int running; /* workers that have not finished with this job */
    _Alignas(64) atomic_uint epoch;  /* counts the jobs */
    atomic_bool closing;
    pthread_mutex_t lock;
    pthread_cond_t wake, finished;
};

/* Which pool the thread is working for: a nested pool_run is done on the spot. */
static _Thread_local const Pool *working_for;
static _Thread_local int working_as;

/* oneDNN and OpenBLAS built on OpenMP take their number of threads from the calling thread's settings. The symbols are
 * looked up, so that a build of them on other threads, or none, needs nothing. */
static void keep_libraries_serial(void) {
    void (*set)(int);
    *(void **)&set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set) set(1);
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void work(Pool *pool, int index) {
    const Pool *outer = working_for;
    int outer_index = working_as;
    ProfileLane *lane = index ? pool_lane(pool, index) : NULL; /* the caller is where it is */
    ProfilePart before = profile_enter(lane, pool->part);
    working_for = pool;
    working_as = index;
    if (pool->together) {
        if (index < pool->count) pool->task(pool->context, index, index);
    } else {
        for (int task; (task = atomic_fetch_add(&pool->next, 1)) < pool->count;) pool->task(pool->context, task, index);
    }
    working_for = outer;
    working_as = outer_index;
    (void)profile_enter(lane, before);
}

/* Waits for the next job (false: the pool closes). */
static bool wait_for_job(Pool *pool, unsigned *seen) {
    for (int spin = 0; spin < SPINS; spin++) {
        if (atomic_load(&pool->epoch) != *seen || atomic_load(&pool->closing)) break;
        relax();
    }
    if (atomic_load(&pool->epoch) == *seen && !atomic_load(&pool->closing)) {
        pthread_mutex_lock(&pool->lock);
        while (atomic_load(&pool->epoch) == *seen && !atomic_load(&pool->closing)) pthread_cond_wait(&pool->wake, &pool->lock);
        pthread_mutex_unlock(&pool->lock);
    }
    *seen = atomic_load(&pool->epoch);
    return !atomic_load(&pool->closing);
}

static void *worker_main(void *argument) {
    Worker *worker = argument;
    Pool *pool = worker->pool;
    unsigned seen = 0;
    keep_libraries_serial();
    while (wait_for_job(pool, &seen)) {
        work(pool, worker->index);
        if (atomic_fetch_sub(&pool->running, 1) == 1) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->finished);
            pthread_mutex_unlock(&pool->lock);
        }
    }
    return NULL;
}

Pool *pool_new(int threads, Error *err) {
    if (threads < 1 || threads > MOST_THREADS) {
        FAIL(err, ERROR_USAGE, "%d threads asked for, expected 1 to %d", threads, MOST_THREADS);
        return NULL;
    }
    Pool *pool = mem_new(1, sizeof *pool, err);
    if (!pool) return NULL;
    pool->threads = threads;
    pool->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER; /* the _init calls may fail, this cannot */
    pool->wake = pool->finished = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pool->workers = mem_new((size_t)threads, sizeof *pool->workers, err);
    bool good = pool->workers != NULL;
    for (int i = 0; good && i < threads - 1; i++) {
        pool->workers[i] = (Worker){.pool = pool, .index = i + 1};
        good = pthread_create(&pool->workers[i].thread, NULL, worker_main, &pool->workers[i]) == 0;
        if (good)
            pool->started++;
        else
            FAIL(err, ERROR_FAILED, "cannot start thread %d of %d; try a smaller --num_threads", i + 2, threads);
    }
    if (good) return pool;
    pool_free(pool);
    return NULL;
}

void pool_free(Pool *pool) {
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->closing, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->started; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->finished);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    mem_free(pool->workers);
    mem_free(pool);
}

void pool_set_profile(Pool *pool, Profile *profile) { pool->profile = profile; }
ProfileLane *pool_lane(const Pool *pool, int thread) { return pool ? profile_lane(pool->profile, thread) : NULL; }

ProfilePart pool_enter(const Pool *pool, ProfilePart part) {
    return profile_enter(pool_lane(pool, working_for == pool ? working_as : 0), part);
}

int pool_threads(const Pool *pool) { return pool ? pool->threads : 1; }

static void run_job(Pool *pool, int count, PoolTask task, void *context, bool together) {
    pool->task = task;
    pool->context = context;
    pool->count = count;
    pool->together = together;
    pool->part = profile_part(pool_lane(pool, 0));
    atomic_store(&pool->next, 0);
    atomic_store(&pool->running, pool->started);
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->epoch, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    work(pool, 0);
    ProfilePart before = pool_enter(pool, PROFILE_WAIT);
    for (int spin = 0; spin < SPINS && atomic_load(&pool->running); spin++) relax();
    if (atomic_load(&pool->running)) {
        pthread_mutex_lock(&pool->lock);
        while (atomic_load(&pool->running)) pthread_cond_wait(&pool->finished, &pool->lock);
        pthread_mutex_unlock(&pool->lock);
    }
    (void)pool_enter(pool, before);
}

static void keep_this_thread_serial(void) {
    static _Thread_local bool serial;
    if (serial) return;
    keep_libraries_serial();
    serial = true;
}

void pool_run(Pool *pool, int count, PoolTask task, void *context) {
    keep_this_thread_serial();
    if (!pool || pool->threads == 1 || count <= 1 || working_for == pool) {
        int index = working_for == pool ? working_as : 0;
        for (int i = 0; i < count; i++) task(context, i, index);
        return;
    }
    run_job(pool, count, task, context, false);
}

int pool_together(const Pool *pool) { return !pool || working_for == pool ? 1 : pool->threads; }

void pool_run_together(Pool *pool, int count, PoolTask task, void *context) {
    assert(count <= pool_together(pool));
    if (count <= 1)
        pool_run(pool, count, task, context);
    else
        run_job(pool, count, task, context, true);
}

/* cgroup v2: "quota period", or "max period"; the part of the cores this group may use. */
static int quota_cores(void) {
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (!file) return MOST_THREADS;
    char line[64];
    double quota = 0, period = 0;
    if (fgets(line, sizeof line, file)) {
        char *rest = line;
        quota = strtod(line, &rest);
        period = strtod(rest, NULL);
    }
    (void)fclose(file);
    if (quota <= 0 || period <= 0) return MOST_THREADS;
    int cores = (int)(quota / period + 0.5);
    return cores < 1 ? 1 : cores;
}

int parallel_default_threads(void) {
    const char *wanted = getenv("OMP_NUM_THREADS");
    long asked = wanted ? strtol(wanted, NULL, 10) : 0;
    if (asked >= 1 && asked <= MOST_THREADS) return (int)asked;
    cpu_set_t allowed;
    int cores = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    int quota = quota_cores();
    return cores < quota ? cores : quota;
}
