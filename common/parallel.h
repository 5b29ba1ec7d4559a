/* Threads: a pool that the caller owns; no other thread is ever started. Inside pool work, oneDNN and OpenBLAS run on the
 * calling thread alone, so that the pool is the only parallelism and results never depend on a library's own splitting. */
#ifndef TWOFOLD_COMMON_PARALLEL_H
#define TWOFOLD_COMMON_PARALLEL_H

#include <stdint.h>

#include "common/error.h"

#pragma GCC visibility push(default)

typedef struct Pool Pool;

/* Called for tasks 0..count, each exactly once, in any order, on any thread; `thread` is 0..pool_threads-1. */
typedef void (*PoolTask)(void *context, int task, int thread);

/* threads ≥ 1; the caller is one of them. NULL with a sentence when threads cannot be started. */
MUST_CHECK Pool *pool_new(int threads, Error *err);
void pool_free(Pool *pool);
int pool_threads(const Pool *pool); /* 1 for NULL */

/* Runs all tasks and returns when the last has ended. With a NULL pool, or called from within a task of the same pool, they run one after the other on this thread. Only one
 * thread outside the pool may call it at a time. */
void pool_run(Pool *pool, int count, PoolTask task, void *context);

/* Runs tasks 0..count at the same time, each on a thread of its own, so that they may wait for each other; count is at most pool_together. */
void pool_run_together(Pool *pool, int count, PoolTask task, void *context);
/* How many tasks can run at the same time from here: the pool's threads, or 1 from within one of its tasks. */
int pool_together(const Pool *pool);

/* Cores this process may use: affinity mask and cgroup quota, at least 1; OMP_NUM_THREADS, when set, decides. */
int parallel_default_threads(void);

#pragma GCC visibility pop
#endif
