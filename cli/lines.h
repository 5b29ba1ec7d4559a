/* Lines from a file or from standard input as they come. A line is a text: bytes, of any length up to LINE_MOST, without its LF
 * or CRLF. */
#ifndef TWOFOLD_CLI_LINES_H
#define TWOFOLD_CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/observer.h"

static const size_t LINE_MOST = (size_t)64 << 20; /* bytes; more is no text but a mistake */

typedef struct LineReader {
    int file;
    const char *name; /* for ids and sentences: the path as given, or "stdin" */
    char *data;       /* read and not yet given out: data[at .. size) */
    size_t at, size, capacity;
    size_t searched; /* data[at .. searched) holds no end of a line */
    int64_t line;    /* number of the last line given out, from 1 */
    bool ended;
} LineReader;

/* path "-" is standard input. ERROR_PATH when it cannot be opened. */
MUST_CHECK bool lines_open(LineReader *reader, const char *path, Error *err);
void lines_close(LineReader *reader);

/* Waits for a line. *text is borrowed until the next call, NULL at the end. ERROR_INTERRUPTED when asked to stop, before a line or while waiting. */
MUST_CHECK bool lines_next(LineReader *reader, const char **text, size_t *size, const Observer *observer, Error *err);
/* Whether a whole line can be had without waiting: then it may join the batch of those before it. */
bool lines_waiting(LineReader *reader);

#endif
