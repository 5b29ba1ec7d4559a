/* A hash table's hash. Keyed anew in every process, so that no file can be made to collide; nothing that is written or
 * returned may depend on its values. */
#ifndef TWOFOLD_DATASETS_HASH_H
#define TWOFOLD_DATASETS_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const char *bytes, size_t size);

#endif
