#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double seconds(clockid_t clock) {
    struct timespec time = {0};
    (void)clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double clock_wall_s(void) { return seconds(CLOCK_MONOTONIC); }
double clock_cpu_s(void) { return seconds(CLOCK_PROCESS_CPUTIME_ID); }

/* The number behind `key` in a file of "key: number kB" lines, or -1. */
static double kilobytes_of(const char *path, const char *key) {
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    char line[256];
    double found = -1;
    size_t length = strlen(key);
    while (found < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, key, length) == 0 && line[length] == ':') found = strtod(line + length + 1, NULL);
    (void)fclose(file);
    return found;
}

double memory_peak_mb(void) {
    double peak = kilobytes_of("/proc/self/status", "VmHWM");
    if (peak >= 0) return peak / 1024;
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024 : 0;
}

double memory_resident_mb(void) {
    double resident = kilobytes_of("/proc/self/status", "VmRSS");
    return resident >= 0 ? resident / 1024 : 0;
}

bool memory_peak_reset(void) {
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (!file) return false;
    bool written = fputs("5", file) >= 0; /* 5: reset the high-water mark, proc(5) */
    return fclose(file) == 0 && written;
}

void duration_text(char out[32], double s) {
    if (!(s < 1e12)) /* or no number */
        (void)snprintf(out, 32, "?");
    else if (s < 9.95)
        (void)snprintf(out, 32, "%.1f s", s);
    else if (s < 59.5)
        (void)snprintf(out, 32, "%.0f s", s);
    else if (s < 3599.5) {
        long whole = (long)(s + 0.5);
        (void)snprintf(out, 32, "%ld min %02ld s", whole / 60, whole % 60);
    } else {
        long minutes = (long)(s / 60 + 0.5);
        (void)snprintf(out, 32, "%ld h %02ld min", minutes / 60, minutes % 60);
    }
}

void count_text(char out[32], int64_t count) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)count), at = 0;
    for (int i = 0; i < length; i++) {
        out[at++] = digits[i];
        int left = length - 1 - i;
        if (left && left % 3 == 0 && digits[i] != '-') out[at++] = ',';
    }
    out[at] = '\0';
}

void share_text(char out[32], int64_t part, int64_t whole) {
    double percent = whole ? 100.0 * (double)part / (double)whole : 0;
    if (part && percent < 0.1)
        (void)snprintf(out, 32, "<0.1 %%");
    else
        (void)snprintf(out, 32, "%.1f %%", percent);
}
