#include "common/profile.h"

#include "common/clock.h"
#include "common/memory.h"

struct ProfileLane {
    _Alignas(64) ProfilePart part;
    double since_s;
    double seconds[PROFILE_PARTS], flops[PROFILE_PARTS];
    bool was_in[PROFILE_PARTS];
};

struct Profile {
    int threads;
    ProfileLane *lanes;
};

const char *profile_name(ProfilePart part) {
    static const char *const NAMES[PROFILE_PARTS] = {
        [PROFILE_OTHER] = "other",         [PROFILE_READ] = "read",           [PROFILE_WRITE] = "write",
        [PROFILE_LOAD] = "load",           [PROFILE_PACK] = "pack",           [PROFILE_PREPARE] = "prepare",
        [PROFILE_TOKENISE] = "tokenise",   [PROFILE_EMBED] = "embed",         [PROFILE_LINEAR] = "linear",
        [PROFILE_ATTENTION] = "attention", [PROFILE_NORM] = "norm",           [PROFILE_GELU] = "gelu",
        [PROFILE_ROWS] = "rows",           [PROFILE_OPTIMISER] = "optimiser", [PROFILE_WORDS] = "words",
        [PROFILE_CLASSIFIER] = "classifier",
        [PROFILE_SCORE] = "score",         [PROFILE_MAP] = "map",             [PROFILE_WAIT] = "waiting"};
    return NAMES[part];
}

Profile *profile_new(int threads, Error *err) {
    Profile *profile = mem_new(1, sizeof *profile, err);
    if (profile) profile->lanes = mem_new((size_t)threads, sizeof *profile->lanes, err);
    if (!profile || !profile->lanes) {
        profile_free(profile);
        return NULL;
    }
    profile->threads = threads;
    double now = clock_wall_s();
    for (int t = 0; t < threads; t++) profile->lanes[t] = (ProfileLane){.part = t ? PROFILE_WAIT : PROFILE_OTHER, .since_s = now};
    return profile;
}

void profile_free(Profile *profile) {
    if (profile) mem_free(profile->lanes);
    mem_free(profile);
}

ProfileLane *profile_lane(Profile *profile, int thread) {
    return profile && thread < profile->threads ? &profile->lanes[thread] : NULL;
}

ProfilePart profile_enter(ProfileLane *lane, ProfilePart part) {
    if (!lane) return part;
    double now = clock_wall_s();
    ProfilePart before = lane->part;
    lane->seconds[before] += now - lane->since_s;
    lane->was_in[before] = true;
    lane->since_s = now;
    lane->part = part;
    return before;
}

ProfilePart profile_part(const ProfileLane *lane) { return lane ? lane->part : PROFILE_OTHER; }

void profile_count(ProfileLane *lane, double flops) {
    if (lane) lane->flops[lane->part] += flops;
}

void profile_stop(Profile *profile) {
    for (int t = 0; t < profile->threads; t++) (void)profile_enter(&profile->lanes[t], profile->lanes[t].part);
}

int profile_threads(const Profile *profile) { return profile->threads; }

double profile_seconds(const Profile *profile, ProfilePart part) {
    double sum = 0;
    for (int t = 0; t < profile->threads; t++) sum += profile->lanes[t].seconds[part];
    return sum;
}

double profile_flops(const Profile *profile, ProfilePart part) {
    double sum = 0;
    for (int t = 0; t < profile->threads; t++) sum += profile->lanes[t].flops[part];
    return sum;
}

bool profile_was_in(const Profile *profile, ProfilePart part) {
    bool any = false;
    for (int t = 0; t < profile->threads; t++) any |= profile->lanes[t].was_in[part];
    return any;
}
