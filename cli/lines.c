#include "cli/lines.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/data_file.h"
#include "common/memory.h"

enum {
    READ_SIZE = 1 << 16,
    LOOK_UP_MS = 200 /* how often a wait is left to ask whether to stop */
};

bool lines_open(LineReader *reader, const char *path, Error *err) {
    *reader = (LineReader){.file = STDIN_FILENO, .name = "stdin"};
    if (strcmp(path, "-") == 0) return true;
    reader->name = path;
    return data_file_open(&reader->file, path, err);
}

void lines_close(LineReader *reader) {
    if (reader->file > STDIN_FILENO) (void)close(reader->file);
    free(reader->data);
    *reader = (LineReader){0};
}

static bool make_room(LineReader *reader, Error *err) {
    if (reader->at > 0 && reader->size + READ_SIZE > reader->capacity) {
        memmove(reader->data, reader->data + reader->at, reader->size - reader->at);
        reader->size -= reader->at;
        reader->searched -= reader->at;
        reader->at = 0;
    }
    if (reader->size > LINE_MOST)
        return FAIL(err, ERROR_DATA, "%s:%lld: a line of more than %zu MiB, expected a text", reader->name,
                    (long long)reader->line + 1, LINE_MOST >> 20);
    char *grown = mem_grow(reader->data, &reader->capacity, reader->size + READ_SIZE, 1, err);
    if (grown) reader->data = grown;
    return grown != NULL;
}

/* Reads what there is; the caller knows that it will not wait, or does not mind. */
static bool fill(LineReader *reader, Error *err) {
    if (!make_room(reader, err)) return false;
    ssize_t got = read(reader->file, reader->data + reader->size, READ_SIZE);
    if (got < 0 && errno != EINTR && errno != EAGAIN) return FAIL(err, ERROR_PATH, "%s: %s", reader->name, strerror(errno));
    if (got == 0) reader->ended = true;
    if (got > 0) reader->size += (size_t)got;
    return true;
}

static bool fail_stopped(const LineReader *reader, Error *err) {
    return FAIL(err, ERROR_INTERRUPTED, "stopped while reading %s", reader->name);
}

/* poll, unlike a restarted read, returns when a signal arrives; but one that arrives just before it, or on another thread, is only seen by asking again. */
static bool wait_for_input(LineReader *reader, const Observer *observer, Error *err) {
    struct pollfd input = {.fd = reader->file, .events = POLLIN};
    while (!observer_stop(observer)) {
        int ready = poll(&input, 1, LOOK_UP_MS);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return FAIL(err, ERROR_PATH, "%s: %s", reader->name, strerror(errno));
    }
    return fail_stopped(reader, err);
}

static bool has_line(LineReader *reader) {
    if (reader->searched == reader->size) return false;
    const char *end = memchr(reader->data + reader->searched, '\n', reader->size - reader->searched);
    reader->searched = end ? (size_t)(end - reader->data) : reader->size;
    return end != NULL;
}

static void take_line(LineReader *reader, const char **text, size_t *size) {
    const char *begin = reader->data + reader->at;
    size_t left = reader->size - reader->at;
    const char *end = memchr(begin, '\n', left);
    *size = end ? (size_t)(end - begin) : left;
    reader->at += *size + (end != NULL);
    reader->searched = reader->at;
    if (*size && end && begin[*size - 1] == '\r') --*size;
    *text = begin;
    if (reader->line++ == 0 && *size >= 3 && memcmp(begin, "\xef\xbb\xbf", 3) == 0) {
        *text += 3;
        *size -= 3;
    }
}

bool lines_next(LineReader *reader, const char **text, size_t *size, const Observer *observer, Error *err) {
    *text = NULL;
    *size = 0;
    if (observer_stop(observer)) return fail_stopped(reader, err);
    while (!has_line(reader) && !reader->ended)
        if (!wait_for_input(reader, observer, err) || !fill(reader, err)) return false;
    if (reader->at < reader->size) take_line(reader, text, size);
    return true;
}

bool lines_waiting(LineReader *reader) {
    struct pollfd input = {.fd = reader->file, .events = POLLIN};
    if (has_line(reader)) return true;
    if (reader->ended) return reader->at < reader->size;
    if (poll(&input, 1, 0) <= 0 || reader->size - reader->at >= LINE_MOST || !fill(reader, NULL)) return false;
    return has_line(reader) || (reader->ended && reader->at < reader->size);
}
