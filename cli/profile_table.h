/* --profile: a Profile as people read it. */
#ifndef TWOFOLD_CLI_PROFILE_TABLE_H
#define TWOFOLD_CLI_PROFILE_TABLE_H

#include "common/memory.h"
#include "common/profile.h"

/* A line a part, the largest first: its share of the time of all threads, that time over the threads, and where work is counted the rate at which
 * all threads together do it while they are there. The shares add up to 100 %. */
void profile_table(Buffer *out, const Profile *profile);

#endif
