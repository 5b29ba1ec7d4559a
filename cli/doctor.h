/* What `twofold doctor` finds out: the machine as it is, and checks of what the program relies on. */
#ifndef TWOFOLD_CLI_DOCTOR_H
#define TWOFOLD_CLI_DOCTOR_H

#include "cli/command.h"
#include "encoder/self_test.h"

typedef enum CheckOutcome {
    CHECK_RIGHT,
    CHECK_NOTE, /* it works, but there is something to know */
    CHECK_WRONG
} CheckOutcome;

typedef struct Check {
    const char *name; /* "products" */
    CheckOutcome outcome;
    char says[512]; /* what was found, or what is wrong */
} Check;

enum { CHECKS_MOST = 12 };

typedef struct Checks {
    Check list[CHECKS_MOST];
    int count;
    MatrixRate one, all; /* of one thread and of all; zeros when it could not be measured */
} Checks;

/* Runs them all, whatever the others find. */
void doctor_check(Checks *checks, Run *run);

#endif
