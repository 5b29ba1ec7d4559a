/* Why something failed, as a sentence its user can act on.
 *
 * A function that can fail takes `Error *err` last and returns false (or NULL). The first failure wins: a later FAIL on
 * the same Error is ignored, callers add context in front with error_prefix. `err` may be NULL where nobody asks why. */
#ifndef TWOFOLD_COMMON_ERROR_H
#define TWOFOLD_COMMON_ERROR_H

#include <stdbool.h>

#pragma GCC visibility push(default)

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))

/* The kind is also the exit status of the program. */
typedef enum ErrorKind {
    ERROR_NONE = 0,
    ERROR_FAILED = 1,       /* it went wrong here: memory, a library, training that diverges */
    ERROR_USAGE = 2,        /* unknown or contradictory flag */
    ERROR_DATA = 3,         /* the rows are not what they should be */
    ERROR_MODEL = 4,        /* the model folder is not what it should be */
    ERROR_PATH = 5,         /* a path that cannot be opened or written: rights, a full disk, another run's lock */
    ERROR_INTERRUPTED = 130 /* asked to stop; state is saved */
} ErrorKind;

typedef struct Error {
    ErrorKind kind;
    const char *file; /* where in the source it failed */
    int line;
    char message[1024]; /* one line, UTF-8, safe to print: control characters are replaced */
} Error;

/* Records a failure unless one stands already. Always returns false, so that `return FAIL(err, …)` reads well. */
#define FAIL(err, kind, ...) error_no(error_set((err), (kind), __FILE__, __LINE__, __VA_ARGS__))
bool error_set(Error *err, ErrorKind kind, const char *file, int line, const char *format, ...) PRINTF_LIKE(5, 6);
/* False, where a compiler or an analyzer that looks at one file sees it. */
static inline bool error_no(bool recorded) {
    (void)recorded;
    return false;
}

/* Puts "context: " in front of the message that stands. Always returns false. */
bool error_prefix(Error *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* Whether `why` is about what stands in a file (ERROR_DATA, ERROR_MODEL), so that one may do without it. Else `err` becomes `why`. */
MUST_CHECK bool error_is_damage(const Error *why, Error *err);

#pragma GCC visibility pop
#endif
