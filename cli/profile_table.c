#include "cli/profile_table.h"

#include <stdio.h>

/* Parts by their time, the longest first; in the order of the enum where they took the same. */
static int order_parts(const Profile *profile, ProfilePart order[PROFILE_PARTS]) {
    int count = 0;
    for (ProfilePart part = PROFILE_OTHER; part < PROFILE_PARTS; part++) {
        if (!profile_was_in(profile, part)) continue;
        int place = count++;
        for (; place > 0 && profile_seconds(profile, order[place - 1]) < profile_seconds(profile, part); place--)
            order[place] = order[place - 1];
        order[place] = part;
    }
    return count;
}

void profile_table(Buffer *out, const Profile *profile) {
    ProfilePart order[PROFILE_PARTS];
    int count = order_parts(profile, order), threads = profile_threads(profile);
    double all = 0;
    for (int i = 0; i < count; i++) all += profile_seconds(profile, order[i]);
    buffer_printf(out, "profile   %d thread%s, %.3f s        share   seconds   GFLOP/s\n", threads, threads == 1 ? "" : "s", all / threads);
    for (int i = 0; i < count; i++) {
        double seconds = profile_seconds(profile, order[i]) / threads, flops = profile_flops(profile, order[i]);
        char rate[32] = "";
        if (flops > 0 && seconds > 0) (void)snprintf(rate, sizeof rate, "%10.4g", flops / seconds / 1e9);
        buffer_printf(out, "          %-20s %8.2f %%  %8.4f%s\n", profile_name(order[i]), 100 * seconds * threads / (all > 0 ? all : 1), seconds, rate);
    }
}
