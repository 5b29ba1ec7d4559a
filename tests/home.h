/* A test's own folder: made before its tests, removed after them. Used by tests that run the program on files of theirs. */
#ifndef TWOFOLD_TESTS_HOME_H
#define TWOFOLD_TESTS_HOME_H

#include "check.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json.h"
#include "common/memory.h"

static char home[64];

/* A path within it. Thirty-two are in use at a time: the next call takes the place of the oldest. */
static inline char *at_home(const char *name) {
    static char paths[32][512];
    static int next;
    char *path = paths[next++ % 32];
    snprintf(path, sizeof paths[0], "%s/%s", home, name);
    return path;
}

/* The program's cache lies in it too. In memory where there is such a place: runs wait for the disk a hundred times. */
static inline int home_make(const char *test) {
    snprintf(home, sizeof home, "%s/twofold-%s-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", test);
    if (!mkdtemp(home)) return -1;
    setenv("XDG_CACHE_HOME", at_home("cache"), 1);
    return 0;
}

static inline int home_remove(void **state) {
    (void)state;
    return folder_remove(home, NULL) ? 0 : -1;
}

static inline Json *json_at_home(const char *name) {
    Error err = {0};
    Json *json = json_parse_file(at_home(name), ERROR_FAILED, &err);
    if (!json) fail_msg("%s", err.message);
    return json;
}

/* All of a file, NUL behind it; free it. */
static inline char *text_at_home(const char *name) {
    Error err = {0};
    FileMap map;
    CHECK_OK(file_map(&map, at_home(name), ERROR_PATH, &err), &err);
    char *text = mem_copy_text(map.size ? (const char *)map.data : "", map.size, &err);
    if (!text) fail_msg("%s", err.message);
    file_unmap(&map);
    return text;
}

#endif
