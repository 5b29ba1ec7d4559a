/* Calls into the system that fail, or before or after which the process is killed, at a place the test chooses. What a program's own code calls is
 * counted (not what its libraries call among themselves), and the N-th of the chosen kinds is hit.
 *
 * Linked into a test, it is armed with fault_arm. As a library for LD_PRELOAD it reads the same from the environment:
 *   FAULT_CALLS=write,fsync,…   kinds, or files, system, memory (groups of kinds)
 *   FAULT_ACTION=fail|short|kill_before|kill_after
 *   FAULT_AT=N                  the N-th such call, from 1; 0: none, they are only counted
 *   FAULT_COPIES=folder         not one of them but every N-th, in one run: see below
 *   FAULT_PLACES=1              a place in the program (the calls that led there) counts once, however often it comes by
 *   FAULT_ERROR=28              errno of a failure
 *   FAULT_PATH=part             only calls about a path with this part
 *   FAULT_MEMINFO=file          read in place of /proc/meminfo
 *   FAULT_REPORT=file           at the end: how many there were, blocks of memory not given back, and which was hit
 *
 * With FAULT_COPIES the process makes a copy of itself at each call that is to be hit. The copy works in a copy of its working folder, folder/N, and there
 * the call fails, or kills it; the process waits for the copy's end and goes on as if nothing had been. So thousands of failures take no longer than
 * what comes after each of them. folder/N.out and N.err hold what such a copy has said from the beginning, and folder/ends a line for each: N, its
 * exit status or 128 + the signal, the blocks of memory that it had taken and not given back, and what was hit. It is for a program with
 * one thread that names its files by relative paths. */
#ifndef TWOFOLD_TESTS_FAULTS_H
#define TWOFOLD_TESTS_FAULTS_H

#include <stdbool.h>

typedef enum FaultAction { FAULT_FAIL, FAULT_SHORT, FAULT_KILL_BEFORE, FAULT_KILL_AFTER } FaultAction;

typedef struct FaultPlan {
    const char *calls;
    FaultAction action;
    long at;
    int error;
    const char *path;   /* NULL: any */
    const char *copies; /* NULL: one call, in the process itself */
    bool places;
} FaultPlan;

/* In memory that a forked process shares with its parent: it is there after the process has been killed. */
typedef struct FaultReport {
    long count;      /* of the calls chosen */
    long blocks;     /* memory that own code has taken and not given back since it was armed */
    char hit[512];   /* "rename /tmp/run/metrics.json", or "" */
} FaultReport;

/* From now on; the report is borrowed until fault_disarm. */
void fault_arm(const FaultPlan *plan, FaultReport *report);
void fault_disarm(void);
FaultReport *fault_report_new(void); /* shared; never NULL, never given back */

#endif
