/* env.json: on what and with what a run was made. The one file of a run folder that may differ between two equal runs. */
#ifndef TWOFOLD_COMPARE_ENVIRONMENT_H
#define TWOFOLD_COMPARE_ENVIRONMENT_H

#include "compare/compare.h"

/* seconds: wall time so far; NaN while the run goes on. */
MUST_CHECK bool environment_write(const CompareInput *input, const Comparison *comparison, double seconds, Error *err);
/* The data of the run that a folder holds, or "" when it holds none. */
Sha256Hex environment_data(const char *folder);
/* "AMD EPYC", from /proc/cpuinfo; "unknown processor" where there is none. */
void environment_processor(char out[128]);
/* That of the run that a folder holds, or "". */
void environment_recorded_processor(char out[128], const char *folder);

/* The libraries that results come from, with the versions that are loaded. */
typedef struct LibraryVersion {
    const char *name;
    char version[96];
} LibraryVersion;
enum { LIBRARIES = 9 };
void environment_libraries(LibraryVersion out[LIBRARIES]);

#endif
