/* Small data files for the tests of datasets/, written into a folder of the test's own. */
#ifndef TWOFOLD_TESTS_DATA_FILES_H
#define TWOFOLD_TESTS_DATA_FILES_H

#include "tests/check.h"

#include "common/memory.h"

/* A literal with its length, NULs included. */
#define BYTES(literal) (literal), sizeof(literal) - 1

/* What the observer was told, one sentence a line. */
static inline void notes_add(void *context, const char *sentence) {
    buffer_text(context, sentence);
    buffer_text(context, "\n");
}

static inline void write_bytes(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb"); /* not file_write, which waits for the disk */
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) fail_msg("%s cannot be written", path);
}

static inline void write_text(const char *path, const char *text) { write_bytes(path, text, strlen(text)); }

static inline void add_little(Buffer *out, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) buffer_add(out, &(unsigned char){(unsigned char)(value >> (8 * i))}, 1);
}

/* Appends a gzip member that stores `bytes` (RFC 1952 and, uncompressed, RFC 1951). */
static inline void add_gzip(Buffer *out, const char *bytes, size_t size) {
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    buffer_add(out, BYTES("\x1f\x8b\x08\0\0\0\0\0\0\x03"));
    size_t at = 0;
    do {
        size_t part = size - at < 65535 ? size - at : 65535;
        buffer_add(out, at + part == size ? "\1" : "\0", 1);
        add_little(out, (uint32_t)part, 2);
        add_little(out, ~(uint32_t)part, 2);
        buffer_add(out, bytes + at, part);
        at += part;
    } while (at < size);
    add_little(out, crc ^ 0xffffffffu, 4);
    add_little(out, (uint32_t)size, 4);
}

#endif
