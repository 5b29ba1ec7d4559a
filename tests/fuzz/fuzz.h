/* What the fuzz targets share. A target is one function that takes any bytes, as libFuzzer calls it; replay.c calls it with the files of
 * seeds/ in every build. Where a parser reads several files, the input holds them one behind the other, each but the last ended by the
 * byte 0xFF, which no valid UTF-8 has. */
#ifndef TWOFOLD_TESTS_FUZZ_FUZZ_H
#define TWOFOLD_TESTS_FUZZ_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a target claims beyond "no crash". Not assert: it must hold in every build. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

/* The input from its front. */
typedef struct Bytes {
    const uint8_t *data;
    size_t size;
} Bytes;
unsigned fuzz_byte(Bytes *input);       /* 0 at the end */
Bytes fuzz_part(Bytes *input);          /* up to the next 0xFF, which is taken too, or to the end */

/* A folder of this process, in memory where that can be; removed at exit. */
const char *fuzz_folder(void);
/* Its file `name`, as a path borrowed until the next call. */
const char *fuzz_path(const char *name);
/* Makes it hold these bytes; returns its path as fuzz_path. */
const char *fuzz_put(const char *name, Bytes bytes);
void fuzz_put_text(const char *name, const char *text);
void fuzz_remove(const char *name);

/* A failure must be a sentence of a kind that files may cause. */
void fuzz_check_error(const Error *err);

#endif
