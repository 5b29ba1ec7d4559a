/* Threads that go through one piece of work together: who does what of it, and where they wait for each other. */
#ifndef TWOFOLD_ENCODER_TEAM_H
#define TWOFOLD_ENCODER_TEAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct TeamBarrier {
    _Alignas(64) atomic_int arrived;
    _Alignas(64) atomic_uint round;
    atomic_bool broken; /* a member has failed: nobody waits any more */
    pthread_mutex_t lock;
    pthread_cond_t moved;
} TeamBarrier;

void team_barrier_init(TeamBarrier *barrier);
void team_barrier_destroy(TeamBarrier *barrier);
void team_barrier_reset(TeamBarrier *barrier); /* before a new piece of work */

typedef struct Team {
    TeamBarrier *barrier; /* NULL for a team of one */
    int member, members;
} Team;

typedef struct Span {
    int begin, end;
} Span;

/* The member's share of [begin, end), cut at multiples of `step` counted from begin. Shares differ by a step at most. */
Span team_share(const Team *team, int begin, int end, int step);

/* Returns when every member has come here, and what they wrote before is seen by all; false when one has failed. */
bool team_wait(const Team *team);
/* Lets the others go on, to fail as well. */
void team_fail(const Team *team);

#endif
