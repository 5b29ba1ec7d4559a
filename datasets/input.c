#include "datasets/input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "common/data_file.h"

typedef struct InputSource {
    int descriptor;
    bool inflating;                    /* within a gzip member */
    z_stream zlib;                     /* next_in: compressed bytes not yet taken */
    unsigned char packed[INPUT_BLOCK]; /* holds all of a block that turned out to be gzip */
    char block[INPUT_BLOCK];
} InputSource;

static bool source_read(Input *input, void *out, size_t room, size_t *got, Error *err) {
    *got = 0;
    for (;;) {
        ssize_t size = read(input->source->descriptor, out, room);
        if (size >= 0) {
            *got = (size_t)size;
            input->bytes_read += size;
            return true;
        }
        if (errno != EINTR) return FAIL(err, ERROR_PATH, "%s: cannot be read: %s", input->path, strerror(errno));
    }
}

static bool source_refill_packed(Input *input, Error *err) {
    InputSource *source = input->source;
    size_t got;
    if (!source_read(input, source->packed, sizeof source->packed, &got, err)) return false;
    source->zlib.next_in = source->packed;
    source->zlib.avail_in = (uInt)got;
    return true;
}

/* Between members: another one may follow, or zeros that fill up a block (gzip pads so on tapes). */
static bool source_next_member(Input *input, bool *found, Error *err) {
    z_stream *zlib = &input->source->zlib;
    for (*found = false;; zlib->next_in++, zlib->avail_in--) {
        if (zlib->avail_in == 0 && !source_refill_packed(input, err)) return false;
        if (zlib->avail_in == 0) return true;
        if (*zlib->next_in != 0) break;
    }
    *found = input->source->inflating = true;
    if (inflateReset(zlib) != Z_OK) return FAIL(err, ERROR_FAILED, "%s: zlib cannot start again", input->path);
    return true;
}

static bool source_inflate(Input *input, char *out, size_t room, size_t *got, Error *err) {
    InputSource *source = input->source;
    z_stream *zlib = &source->zlib;
    zlib->next_out = (Bytef *)out;
    zlib->avail_out = (uInt)room;
    while (zlib->avail_out == room) {
        bool more = true;
        if (!source->inflating && !source_next_member(input, &more, err)) return false;
        if (!more) break;
        if (zlib->avail_in == 0 && !source_refill_packed(input, err)) return false;
        if (zlib->avail_in == 0) return FAIL(err, ERROR_DATA, "%s: the gzip data end early; the file is incomplete", input->path);
        int status = inflate(zlib, Z_NO_FLUSH);
        if (status == Z_STREAM_END)
            source->inflating = false;
        else if (status == Z_MEM_ERROR)
            return FAIL(err, ERROR_FAILED, "out of memory while unpacking %s", input->path);
        else if (status != Z_OK && status != Z_BUF_ERROR)
            return FAIL(err, ERROR_DATA, "%s: broken gzip data (%s)", input->path, zlib->msg ? zlib->msg : "not a gzip member");
    }
    *got = room - zlib->avail_out;
    return true;
}

/* Adds to what stands between at and end; the block has room behind it. */
static bool input_extend(Input *input, Error *err) {
    InputSource *source = input->source;
    size_t kept = (size_t)(input->end - input->at), got;
    if (kept && input->at != source->block) memmove(source->block, input->at, kept);
    input->at = source->block;
    input->end = source->block + kept;
    bool ok = input->gzipped ? source_inflate(input, source->block + kept, INPUT_BLOCK - kept, &got, err)
                             : source_read(input, source->block + kept, INPUT_BLOCK - kept, &got, err);
    if (!ok) return false;
    input->end += got;
    input->ended = got == 0;
    return true;
}

bool input_more(Input *input, Error *err) { return input->ended || !input->source || input_extend(input, err); }

bool input_peek(Input *input, size_t size, Error *err) {
    while (!input->ended && (size_t)(input->end - input->at) < size)
        if (!input_extend(input, err)) return false;
    return true;
}

static bool starts_with(const Input *input, const char *bytes, size_t size) {
    return (size_t)(input->end - input->at) >= size && memcmp(input->at, bytes, size) == 0;
}

/* What was read as plain bytes turns out to be packed: hand it to zlib. */
static bool input_begin_gzip(Input *input, Error *err) {
    InputSource *source = input->source;
    size_t size = (size_t)(input->end - input->at);
    if (inflateInit2(&source->zlib, 15 + 16) != Z_OK) return FAIL(err, ERROR_FAILED, "%s: zlib cannot start", input->path);
    input->gzipped = source->inflating = true;
    memcpy(source->packed, input->at, size);
    source->zlib.next_in = source->packed;
    source->zlib.avail_in = (uInt)size;
    input->at = input->end = source->block;
    return true;
}

/* Peeks only as far as the first byte makes it worth while: a line typed on a terminal must not wait for the next one. */
static bool input_recognize(Input *input, Error *err) {
    InputSource *source = input->source;
    size_t got;
    if (!source_read(input, source->block, sizeof source->packed, &got, err)) return false;
    input->end = source->block + got;
    input->ended = got == 0;
    if (got && *input->at == '\x1f' && !input_peek(input, 2, err)) return false;
    if (starts_with(input, "\x1f\x8b", 2) && (!input_begin_gzip(input, err) || !input_more(input, err))) return false;
    if (input->at < input->end && (unsigned char)*input->at >= 0xef && !input_peek(input, 3, err)) return false;
    if (starts_with(input, "\xff\xfe", 2) || starts_with(input, "\xfe\xff", 2))
        return FAIL(err, ERROR_DATA, "%s: UTF-16 (its first bytes are a byte order mark), expected UTF-8; convert it with iconv",
                    input->path);
    if (starts_with(input, "\xef\xbb\xbf", 3)) input->at += 3;
    return true;
}

bool input_open(Input *input, const char *path, Error *err) {
    bool standard = strcmp(path, "-") == 0;
    struct stat status;
    *input = (Input){.path = standard ? "standard input" : path, .line = 1, .bytes_total = -1};
    InputSource *source = mem_new(1, sizeof *source, err);
    if (!source) return false;
    input->source = source;
    input->at = input->end = source->block;
    source->descriptor = STDIN_FILENO;
    if (!standard && !data_file_open(&source->descriptor, path, err)) {
        input_close(input);
        return false;
    }
    if (fstat(source->descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        (void)FAIL(err, ERROR_PATH, "%s: a folder, expected a file", path);
    } else {
        if (S_ISREG(status.st_mode)) input->bytes_total = status.st_size;
        if (input_recognize(input, err)) return true;
    }
    input_close(input);
    return false;
}

void input_over(Input *input, const char *path, const char *bytes, size_t size) {
    *input = (Input){.path = path, .at = bytes, .end = bytes + size, .ended = true, .line = 1, .bytes_total = (int64_t)size};
}

void input_close(Input *input) {
    InputSource *source = input->source;
    if (source) {
        if (input->gzipped) inflateEnd(&source->zlib);
        if (source->descriptor > STDIN_FILENO) close(source->descriptor);
    }
    mem_free(source);
    *input = (Input){0};
}

bool input_read_line(Input *input, Buffer *line, int64_t *number, bool *found, Error *err) {
    line->size = 0;
    *found = false;
    *number = input->line;
    for (;;) {
        if (input->at == input->end && !input_more(input, err)) return false;
        if (input->at == input->end) break;
        *found = true;
        size_t size = (size_t)(input->end - input->at);
        const char *newline = memchr(input->at, '\n', size);
        if (newline) size = (size_t)(newline - input->at);
        if (line->size + size > INPUT_LONGEST)
            return FAIL(err, ERROR_DATA, "%s:%" PRId64 ": a line longer than 1 GiB", input->path, *number);
        buffer_add(line, input->at, size);
        input->at += size + (newline != NULL);
        if (newline) {
            input->line++;
            break;
        }
    }
    if (!buffer_ok(line, err)) return false;
    if (line->size && line->data[line->size - 1] == '\r') line->data[--line->size] = '\0';
    return true;
}

const char *input_library(void) { return zlibVersion(); }
