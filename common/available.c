#include "common/available.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/file.h"

static const double MB = 0x1p20, NONE = -1;

/* The number behind `key` on a line of its own, times `unit` bytes, in MB; NONE without one. `key` "" takes a file that is one number. */
static double number_in(const char *path, const char *key, double unit) {
    FILE *file = fopen(path, "r");
    if (!file) return NONE;
    char line[256];
    double found = NONE;
    size_t length = strlen(key);
    while (found < 0 && fgets(line, sizeof line, file)) {
        char *end;
        if (strncmp(line, key, length) != 0 || (length && !strchr(" :", line[length]))) continue;
        double value = strtod(line + length + (length && line[length] == ':'), &end);
        if (end != line + length) found = value * unit / MB; /* "max" is no number */
    }
    (void)fclose(file);
    return found;
}

static double lesser(double a, double b) { return b < 0 ? a : a < 0 || b < a ? b : a; }

/* What one group leaves: its limit less what it uses, but for the cached files that the kernel gives up first. */
static double group_rest(const char *folder, const char *limit_name, const char *usage_name) {
    static const char *const CACHES[] = {"active_file", "inactive_file"};
    Path limit, usage, statistics;
    if (!path_make(&limit, NULL, "%s/%s", folder, limit_name) || !path_make(&usage, NULL, "%s/%s", folder, usage_name) ||
        !path_make(&statistics, NULL, "%s/memory.stat", folder))
        return NONE;
    double most = number_in(limit.text, "", 1), used = number_in(usage.text, "", 1);
    if (most < 0 || used < 0 || most > 1e12) return NONE; /* version 1 writes "no limit" as a number beyond all machines */
    for (size_t i = 0; i < sizeof CACHES / sizeof *CACHES; i++) {
        double cached = number_in(statistics.text, CACHES[i], 1);
        if (cached > 0) used -= cached;
    }
    double rest = most - (used > 0 ? used : 0);
    return rest > 0 ? rest : 0;
}

/* A group and all those around it: each may have a limit. Inside a container the path may be that of the machine, and not there: then the root counts. */
static double groups_rest(const char *root, const char *group, const char *limit_name, const char *usage_name) {
    Path folder;
    double rest = NONE;
    if (!path_make(&folder, NULL, "%s%s", root, group)) return NONE;
    size_t shortest = strlen(root);
    for (size_t size = strlen(folder.text);; size--) {
        if (size > shortest && folder.text[size] != '/' && folder.text[size] != '\0') continue;
        folder.text[size] = '\0';
        rest = lesser(rest, group_rest(folder.text, limit_name, usage_name));
        if (size <= shortest) return rest;
    }
}

double memory_cgroup_mb(const char *cgroups, const char *root) {
    FILE *file = fopen(cgroups, "r");
    if (!file) return NONE;
    char line[4096];
    double rest = NONE;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        *group++ = '\0';
        Path mounted;
        if (strcmp(controllers + 1, "memory") == 0 && path_make(&mounted, NULL, "%s/memory", root))
            rest = lesser(rest, groups_rest(mounted.text, group, "memory.limit_in_bytes", "memory.usage_in_bytes"));
        else if (controllers[1] == '\0')
            rest = lesser(rest, groups_rest(root, group, "memory.max", "memory.current"));
    }
    (void)fclose(file);
    return rest;
}

static double address_space_mb(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return NONE;
    double used = number_in("/proc/self/statm", "", (double)sysconf(_SC_PAGESIZE)), rest = (double)limit.rlim_cur / MB - used;
    return used < 0 ? NONE : rest > 0 ? rest : 0;
}

double memory_available_mb(void) {
    double available = number_in("/proc/meminfo", "MemAvailable", 1024);
    available = lesser(available, memory_cgroup_mb("/proc/self/cgroup", "/sys/fs/cgroup"));
    return lesser(available, address_space_mb());
}

void memory_text(char out[32], double mb) {
    double gb = mb / 1024;
    (void)snprintf(out, 32, mb < 9.95 ? "%.1f MB" : mb < 999.5 ? "%.0f MB" : "%.1f GB", mb < 999.5 ? mb : gb);
}

bool memory_check(const char *what, double needed_mb, const char *advice, Error *err) {
    double available = memory_available_mb();
    if (available < 0 || !(needed_mb > available)) return true;
    char needed[32], there[32];
    memory_text(needed, needed_mb);
    memory_text(there, available);
    return FAIL(err, ERROR_FAILED, "%s needs about %s of memory, and %s is available; %s", what, needed, there, advice);
}
