#include "common/memory.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGNMENT = 64,      /* a cache line, and the widest vector */
    HUGE_PAGE = 2 << 20, /* bytes; where the kernel has them for the asking, a large block takes a fraction of the page faults */
    HUGE_BLOCK = 2 * HUGE_PAGE
};

void *mem_new(size_t count, size_t size, Error *err) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - HUGE_PAGE) {
        FAIL(err, ERROR_FAILED, "out of memory: %zu elements of %zu bytes", count, size);
        return NULL;
    }
    size_t alignment = bytes >= HUGE_BLOCK ? HUGE_PAGE : ALIGNMENT;
    bytes = (bytes + alignment) / alignment * alignment; /* never 0 */
    void *block = aligned_alloc(alignment, bytes);
    if (!block) {
        FAIL(err, ERROR_FAILED, "out of memory: %.1f MB asked for", (double)bytes / 1e6);
        return NULL;
    }
    if (alignment == HUGE_PAGE) (void)madvise(block, bytes, MADV_HUGEPAGE); /* an offer: refusing it harms nothing */
    return memset(block, 0, bytes);
}

void mem_free(void *block) { free(block); }

/* Whole pages; what is large begins and ends with whole huge ones. */
static size_t mapped_bytes(size_t bytes) {
    size_t page = bytes >= HUGE_BLOCK ? HUGE_PAGE : 4096;
    return (bytes + page) / page * page; /* never 0 */
}

void *mem_map(size_t bytes, Error *err) {
    size_t size = mapped_bytes(bytes < SIZE_MAX / 2 ? bytes : SIZE_MAX / 2), slack = bytes >= HUGE_BLOCK ? HUGE_PAGE : 0;
    unsigned char *start = mmap(NULL, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) {
        FAIL(err, ERROR_FAILED, "out of memory: %.1f MB asked for", (double)bytes / 1e6);
        return NULL;
    }
    if (!slack) return start;
    size_t before = (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE;
    if (before) (void)munmap(start, before);
    if (slack > before) (void)munmap(start + before + size, slack - before);
    (void)madvise(start + before, size, MADV_HUGEPAGE); /* an offer: refusing it harms nothing */
    return start + before;
}

void mem_unmap(void *block, size_t bytes) {
    if (block) (void)munmap(block, mapped_bytes(bytes));
}

void *mem_grow(void *block, size_t *capacity, size_t needed, size_t size, Error *err) {
    if (block && needed <= *capacity) return block;
    size_t wanted = *capacity < 16 ? 16 : *capacity, bytes;
    while (wanted < needed && wanted <= SIZE_MAX / 2) wanted *= 2;
    if (wanted < needed || __builtin_mul_overflow(wanted, size, &bytes)) {
        FAIL(err, ERROR_FAILED, "out of memory: %zu elements of %zu bytes", needed, size);
        return NULL;
    }
    void *grown = realloc(block, bytes);
    if (!grown) {
        FAIL(err, ERROR_FAILED, "out of memory: %.1f MB asked for", (double)bytes / 1e6);
        return NULL;
    }
    *capacity = wanted;
    return grown;
}

void mem_give_back(void) {
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

char *mem_copy_text(const char *text, size_t size, Error *err) {
    char *copy = size < SIZE_MAX ? malloc(size + 1) : NULL;
    if (!copy) {
        FAIL(err, ERROR_FAILED, "out of memory: %.1f MB asked for", (double)size / 1e6);
        return NULL;
    }
    if (size) memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

void *arena_take(Arena *arena, size_t count, size_t size) {
    size_t bytes, used;
    if (arena->used == SIZE_MAX || __builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT ||
        __builtin_add_overflow(arena->used, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, &used)) {
        arena->used = SIZE_MAX;
        return NULL;
    }
    void *piece = arena->base ? arena->base + arena->used : NULL;
    arena->used = used;
    return piece;
}

static bool reserve(Buffer *buffer, size_t extra) {
    size_t needed;
    if (buffer->failed || __builtin_add_overflow(buffer->size, extra, &needed) || needed == SIZE_MAX) {
        buffer->failed = true;
        return false;
    }
    char *data = mem_grow(buffer->data, &buffer->capacity, needed + 1, 1, NULL);
    if (!data) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    return true;
}

void buffer_add(Buffer *buffer, const void *bytes, size_t size) {
    if (!reserve(buffer, size)) return;
    if (size) memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void buffer_text(Buffer *buffer, const char *text) { buffer_add(buffer, text, strlen(text)); }

void buffer_vprintf(Buffer *buffer, const char *format, va_list arguments) {
    if (!reserve(buffer, 128)) return;
    for (int attempt = 0; attempt < 2; attempt++) {
        size_t room = buffer->capacity - buffer->size;
        va_list copy;
        va_copy(copy, arguments);
        int length = vsnprintf(buffer->data + buffer->size, room, format, copy);
        va_end(copy);
        if (length < 0) break;
        if ((size_t)length < room) {
            buffer->size += (size_t)length;
            return;
        }
        if (!reserve(buffer, (size_t)length)) return;
    }
    buffer->failed = true;
}

void buffer_printf(Buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(buffer, format, arguments);
    va_end(arguments);
}

bool buffer_ok(const Buffer *buffer, Error *err) {
    if (buffer->failed) return FAIL(err, ERROR_FAILED, "out of memory while writing %.1f MB of text", (double)buffer->size / 1e6);
    return true;
}

void buffer_free(Buffer *buffer) {
    free(buffer->data);
    *buffer = (Buffer){0};
}
