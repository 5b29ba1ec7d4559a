/* The rounds of SHA-256 over whole blocks: in plain C, and by the instructions that processors have for them, some eight times as fast. */
#ifndef TWOFOLD_COMMON_SHA256_BLOCKS_H
#define TWOFOLD_COMMON_SHA256_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

typedef void (*Sha256Blocks)(uint32_t state[8], const unsigned char *blocks, size_t count); /* of 64 bytes each */

void sha256_blocks_portable(uint32_t state[8], const unsigned char *blocks, size_t count);
/* What this processor is best served by. */
Sha256Blocks sha256_blocks_choose(void);

extern const uint32_t sha256_constants[64];

#endif
