/* Time and memory of this process. */
#ifndef TWOFOLD_COMMON_CLOCK_H
#define TWOFOLD_COMMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

double clock_wall_s(void); /* monotonic */
double clock_cpu_s(void);  /* user and system, all threads */

/* Peak resident memory since start, or since the last successful reset (/proc/self/clear_refs). */
double memory_peak_mb(void);
double memory_resident_mb(void); /* now */
bool memory_peak_reset(void);

/* "0.4 s", "32 s", "2 min 10 s", "1 h 05 min"; "?" of a NaN */
void duration_text(char out[32], double seconds);
/* "16,000" */
void count_text(char out[32], int64_t count);
/* "33.5 %"; "<0.1 %" of a part that is less and not nothing; "0.0 %" of nothing. */
void share_text(char out[32], int64_t part, int64_t whole);

#endif
