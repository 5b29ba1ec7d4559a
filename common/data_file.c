#include "common/data_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool begins_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static bool is_descriptor(const char *path) {
    return strcmp(path, "/dev/stdin") == 0 || begins_with(path, "/dev/fd/") || (begins_with(path, "/proc/") && strstr(path, "/fd/"));
}

static bool check_kind(int file, const char *path, bool may_be_pipe, Error *err) {
    struct stat status;
    if (fstat(file, &status) != 0) return FAIL(err, ERROR_PATH, "%s: cannot be opened: %s", path, strerror(errno));
    if (S_ISFIFO(status.st_mode) && !may_be_pipe)
        return FAIL(err, ERROR_PATH, "%s: a pipe, expected a file (a shell's <(…) and /dev/stdin are taken)", path);
    if (S_ISREG(status.st_mode) || may_be_pipe) return true;
    int flags = fcntl(file, F_GETFL); /* a terminal is waited for */
    return (flags >= 0 && fcntl(file, F_SETFL, flags & ~O_NONBLOCK) == 0) ||
           FAIL(err, ERROR_PATH, "%s: cannot be opened: %s", path, strerror(errno));
}

bool data_file_open(int *file, const char *path, Error *err) {
    bool may_be_pipe = is_descriptor(path);
    *file = open(path, O_RDONLY | O_CLOEXEC | (may_be_pipe ? 0 : O_NONBLOCK)); /* else a pipe would be waited for */
    if (*file < 0) return FAIL(err, ERROR_PATH, "%s: cannot be opened: %s", path, strerror(errno));
    if (check_kind(*file, path, may_be_pipe, err)) return true;
    (void)close(*file);
    *file = -1;
    return false;
}
