/* SHA-256 (FIPS 180-4): the identity of data, models and cache entries. */
#ifndef TWOFOLD_COMMON_SHA256_H
#define TWOFOLD_COMMON_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

#pragma GCC visibility push(default)

typedef struct Sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64];
} Sha256;

typedef struct Sha256Hex {
    char text[65]; /* lower-case hexadecimal digits and a NUL */
} Sha256Hex;

void sha256_init(Sha256 *hash);
void sha256_add(Sha256 *hash, const void *bytes, size_t size);
Sha256Hex sha256_finish(Sha256 *hash);

Sha256Hex sha256_bytes(const void *bytes, size_t size);
MUST_CHECK bool sha256_file(Sha256Hex *out, const char *path, Error *err);

#pragma GCC visibility pop
#endif
