#include "encoder/team.h"

#include <stddef.h>

enum { SPINS = 2000 }; /* some 50 µs: members are microseconds apart, unless the machine is busy with something else */

void team_barrier_init(TeamBarrier *barrier) {
    team_barrier_reset(barrier);
    barrier->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER; /* the _init calls may fail, this cannot */
    barrier->moved = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

void team_barrier_destroy(TeamBarrier *barrier) {
    pthread_mutex_destroy(&barrier->lock);
    pthread_cond_destroy(&barrier->moved);
}

void team_barrier_reset(TeamBarrier *barrier) {
    atomic_store(&barrier->arrived, 0);
    atomic_store(&barrier->broken, false);
}

Span team_share(const Team *team, int begin, int end, int step) {
    int steps = (end - begin + step - 1) / step;
    Span share = {begin + steps * team->member / team->members * step, begin + steps * (team->member + 1) / team->members * step};
    if (share.begin > end) share.begin = end;
    if (share.end > end) share.end = end;
    return share;
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static bool is_over(const TeamBarrier *barrier, unsigned round) {
    return atomic_load(&barrier->round) != round || atomic_load(&barrier->broken);
}

static void wake_all(TeamBarrier *barrier) {
    pthread_mutex_lock(&barrier->lock);
    pthread_cond_broadcast(&barrier->moved);
    pthread_mutex_unlock(&barrier->lock);
}

bool team_wait(const Team *team) {
    TeamBarrier *barrier = team->barrier;
    if (!barrier) return true;
    unsigned round = atomic_load(&barrier->round);
    if (atomic_fetch_add(&barrier->arrived, 1) + 1 == team->members) {
        atomic_store(&barrier->arrived, 0);
        atomic_fetch_add(&barrier->round, 1);
        wake_all(barrier);
        return !atomic_load(&barrier->broken);
    }
    for (int spin = 0; spin < SPINS && !is_over(barrier, round); spin++) relax();
    if (!is_over(barrier, round)) {
        pthread_mutex_lock(&barrier->lock);
        while (!is_over(barrier, round)) pthread_cond_wait(&barrier->moved, &barrier->lock);
        pthread_mutex_unlock(&barrier->lock);
    }
    return !atomic_load(&barrier->broken);
}

void team_fail(const Team *team) {
    if (!team->barrier) return;
    atomic_store(&team->barrier->broken, true);
    wake_all(team->barrier);
}
