/* Opening what a user names as data: a file, or what a shell hands over (`/dev/stdin`, `<(…)`). */
#ifndef TWOFOLD_COMMON_DATA_FILE_H
#define TWOFOLD_COMMON_DATA_FILE_H

#include "common/error.h"

/* Opens it to be read, into *file. A named pipe (mkfifo) is refused and not waited for: nobody may ever write to it. One by which a shell
 * already holds its end (/dev/stdin, /dev/fd/N, /proc/…/fd/N) is taken. ERROR_PATH. */
MUST_CHECK bool data_file_open(int *file, const char *path, Error *err);

#endif
