/* Memory: checked allocation, one growing byte buffer, and blocks that are measured first and carved afterwards. */
#ifndef TWOFOLD_COMMON_MEMORY_H
#define TWOFOLD_COMMON_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#pragma GCC visibility push(default)

/* `count` zeroed elements of `size` bytes, aligned to 64 bytes; NULL with a sentence when they do not fit. A count of 0
 * gives a valid block. Released with mem_free, which takes NULL. */
MUST_CHECK void *mem_new(size_t count, size_t size, Error *err);
void mem_free(void *block);

/* Zeroed bytes that are taken from the machine when they are first written, by the thread that does: for large blocks of which parts may stay unused,
 * or that threads fill side by side. At least 64-byte aligned. Released with mem_unmap and the same size; which takes NULL. */
MUST_CHECK void *mem_map(size_t bytes, Error *err);
void mem_unmap(void *block, size_t bytes);

/* Grows `block` (from malloc, or NULL) so that it holds at least `needed` elements; capacity at least doubles. On failure
 * NULL is returned and the old block stands untouched. Not aligned beyond malloc; released with free(). */
MUST_CHECK void *mem_grow(void *block, size_t *capacity, size_t needed, size_t size, Error *err);

/* For a program, not a library: blocks of 1 MB and more go back to the system when they are freed. By itself glibc keeps up to 32 MB of each for later, in a
 * heap that grows ragged when tables of many sizes grow and go. */
void mem_give_back(void);

/* A copy of size bytes with a NUL behind them; released with free(). */
MUST_CHECK char *mem_copy_text(const char *text, size_t size, Error *err);

/* One plan, run twice: with base NULL, arena_take only measures; with a block of that size it carves. Pieces are aligned
 * to 64 bytes. Overflow is sticky and makes `used` SIZE_MAX. */
typedef struct Arena {
    unsigned char *base;
    size_t used;
} Arena;
void *arena_take(Arena *arena, size_t count, size_t size);

/* Bytes that grow. A failed allocation is remembered instead of returned, so that writers need one check at the end:
 * buffer_ok. `data` is NUL-terminated when not NULL. Start from `Buffer b = {0}`; release with buffer_free. */
typedef struct Buffer {
    char *data;
    size_t size;
    size_t capacity;
    bool failed;
} Buffer;
void buffer_add(Buffer *buffer, const void *bytes, size_t size);
void buffer_text(Buffer *buffer, const char *text);
void buffer_printf(Buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_vprintf(Buffer *buffer, const char *format, va_list arguments) PRINTF_LIKE(2, 0);
MUST_CHECK bool buffer_ok(const Buffer *buffer, Error *err);
void buffer_free(Buffer *buffer);

#pragma GCC visibility pop
#endif
