/* The bytes of a file or of standard input as they come: gzip is unpacked on the way, a UTF-8 byte order mark is left out.
 * Memory is one block, whatever the file's size. */
#ifndef TWOFOLD_DATASETS_INPUT_H
#define TWOFOLD_DATASETS_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/memory.h"

enum {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    INPUT_BLOCK = 1 << 10, /* short, so that short inputs cross its end */
#else
    INPUT_BLOCK = 1 << 18, /* bytes in memory, and the most that input_peek can show */
#endif
    INPUT_LONGEST = 1 << 30 /* bytes of one line or field: beyond it the file is not rows of text, or a gzip bomb */
};

typedef struct Input {
    const char *at, *end; /* bytes not yet taken; the reader moves `at` */
    bool ended;           /* nothing follows `end` */
    bool gzipped;
    bool carriage_return;            /* the last line ended in CR: an LF that comes first belongs to it */
    int64_t line;                    /* the line that `at` stands in, from 1; kept by the readers */
    int64_t bytes_read, bytes_total; /* of the file as it lies on disk; total -1 when unknown */
    const char *path;                /* for sentences; borrowed */
    struct InputSource *source;      /* NULL over memory */
} Input;

/* "-" is standard input. ERROR_PATH when it cannot be opened, ERROR_DATA when it is UTF-16. */
MUST_CHECK bool input_open(Input *input, const char *path, Error *err);
/* Over bytes that stay the caller's: a sample of another input. */
void input_over(Input *input, const char *path, const char *bytes, size_t size);
void input_close(Input *input); /* takes a zeroed one */

/* Called when at == end: reads what the source has ready (it waits for the first byte, not for a full block). Afterwards at
 * < end, or `ended`. Fails on a read error (ERROR_PATH) and on broken or cut gzip data (ERROR_DATA). */
MUST_CHECK bool input_more(Input *input, Error *err);

/* Makes the next `size` bytes (at most INPUT_BLOCK) stand between at and end, or all that is left. */
MUST_CHECK bool input_peek(Input *input, size_t size, Error *err);

/* Puts the next line without its LF or CRLF into `line` (cleared first) and its number into *number; *found is false at the
 * end. */
MUST_CHECK bool input_read_line(Input *input, Buffer *line, int64_t *number, bool *found, Error *err);

const char *input_library(void); /* version of zlib, "1.2.13" */

#endif
