/* Where the time of all threads went. Every thread is in one part at any moment, and the time until it enters the next is counted for the part it
 * was in: so the parts add up to threads × wall time, and nothing is counted twice. A thread that a pool hands work begins in the
 * part that the caller is in; one that has nothing to do, or waits for others, is in PROFILE_WAIT.
 *
 *     ProfilePart before = pool_enter(pool, PROFILE_TOKENISE);
 *     …
 *     (void)pool_enter(pool, before);
 *
 * A Profile hangs on the pool, which is where threads come from. Without one a lane is NULL, and each call a comparison with NULL. */
#ifndef TWOFOLD_COMMON_PROFILE_H
#define TWOFOLD_COMMON_PROFILE_H

#include "common/parallel.h"

typedef enum ProfilePart {
    PROFILE_OTHER, /* what has no name here */
    PROFILE_READ,
    PROFILE_WRITE,
    PROFILE_LOAD,    /* weights and tokenizer of a model */
    PROFILE_PACK,    /* weights into the layout of the products */
    PROFILE_PREPARE, /* making the products for a new number of rows */
    PROFILE_TOKENISE,
    PROFILE_EMBED,
    PROFILE_LINEAR,
    PROFILE_ATTENTION,
    PROFILE_NORM,
    PROFILE_GELU,
    PROFILE_ROWS, /* the rest of the encoder: dropout, rounding, pooling, sums over rows */
    PROFILE_OPTIMISER,
    PROFILE_WORDS,      /* bags of words */
    PROFILE_CLASSIFIER, /* linear models: their training and their answers */
    PROFILE_SCORE, /* metrics, intervals, tests */
    PROFILE_MAP,   /* PCA, UMAP */
    PROFILE_WAIT,
    PROFILE_PARTS
} ProfilePart;

const char *profile_name(ProfilePart part); /* "linear" */

typedef struct Profile Profile;
typedef struct ProfileLane ProfileLane; /* of one thread, which alone touches it */

/* Starts to count: the calling thread is lane 0, in PROFILE_OTHER; the others wait. */
MUST_CHECK Profile *profile_new(int threads, Error *err);
void profile_free(Profile *profile);
/* Counts up to now; after the pool has ended, before the totals are read. */
void profile_stop(Profile *profile);
int profile_threads(const Profile *profile);
double profile_seconds(const Profile *profile, ProfilePart part); /* of all threads */
double profile_flops(const Profile *profile, ProfilePart part);   /* what was counted there */
bool profile_was_in(const Profile *profile, ProfilePart part);    /* any thread, at any time */

ProfileLane *profile_lane(Profile *profile, int thread); /* NULL for NULL */
/* These take NULL. Enters a part and returns the one before. */
ProfilePart profile_enter(ProfileLane *lane, ProfilePart part);
ProfilePart profile_part(const ProfileLane *lane);
void profile_count(ProfileLane *lane, double flops); /* work done in the part that the thread is in */

/* The pool borrows the profile, which has as many threads; before its first work. */
void pool_set_profile(Pool *pool, Profile *profile);
ProfileLane *pool_lane(const Pool *pool, int thread); /* NULL without a profile or a pool */
/* profile_enter for the calling thread: a task of the pool, or whoever owns it. */
ProfilePart pool_enter(const Pool *pool, ProfilePart part);

#endif
