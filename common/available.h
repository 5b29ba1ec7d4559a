/* How much memory there is to be had, and whether something will fit: asked before it begins, so that a run ends with a sentence then and not by
 * the kernel's hand later. */
#ifndef TWOFOLD_COMMON_AVAILABLE_H
#define TWOFOLD_COMMON_AVAILABLE_H

#include "common/error.h"

/* The least of: MemAvailable of the machine, what the limits of this process's control groups leave (files in the cache count as free), and what
 * `ulimit -v` leaves. MB of 2^20 bytes; -1 when the system does not say. */
double memory_available_mb(void);

/* The part of the control groups: `cgroups` as /proc/self/cgroup, `root` where the hierarchies are mounted (/sys/fs/cgroup). -1: no limit. */
double memory_cgroup_mb(const char *cgroups, const char *root);

/* "87 MB", "1.1 GB" */
void memory_text(char out[32], double mb);

/* ERROR_FAILED when `what` needs more than there is: "the training of … needs about 3.2 GB of memory, and 1.1 GB are available; <advice>". NaN fits. */
MUST_CHECK bool memory_check(const char *what, double needed_mb, const char *advice, Error *err);

#endif
