#include "common/sha256.h"

#include <stdatomic.h>
#include <string.h>

#include "common/file.h"
#include "common/sha256_blocks.h"

/* The processor is asked once. */
static void add_blocks(uint32_t state[8], const unsigned char *blocks, size_t count) {
    static _Atomic(Sha256Blocks) chosen;
    Sha256Blocks by = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!by) atomic_store_explicit(&chosen, by = sha256_blocks_choose(), memory_order_relaxed);
    by(state, blocks, count);
}

void sha256_init(Sha256 *hash) {
    *hash = (Sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(Sha256 *hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    size_t filled = hash->bytes % 64;
    hash->bytes += size;
    if (filled) {
        size_t part = size < 64 - filled ? size : 64 - filled;
        memcpy(hash->block + filled, at, part);
        at += part;
        size -= part;
        if (filled + part < 64) return;
        add_blocks(hash->state, hash->block, 1);
    }
    if (size >= 64) add_blocks(hash->state, at, size / 64);
    if (size % 64) memcpy(hash->block, at + size / 64 * 64, size % 64);
}

Sha256Hex sha256_finish(Sha256 *hash) {
    uint64_t bits = hash->bytes * 8;
    unsigned char padding[72] = {0x80};
    size_t filled = hash->bytes % 64, size = (filled < 56 ? 56 : 120) - filled;
    for (int i = 0; i < 8; i++) padding[size + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
    sha256_add(hash, padding, size + 8);
    Sha256Hex hex;
    for (int i = 0; i < 64; i++) hex.text[i] = "0123456789abcdef"[hash->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    hex.text[64] = '\0';
    return hex;
}

Sha256Hex sha256_bytes(const void *bytes, size_t size) {
    Sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, bytes, size);
    return sha256_finish(&hash);
}

bool sha256_file(Sha256Hex *out, const char *path, Error *err) {
    FileMap map = {0};
    if (!file_map(&map, path, ERROR_PATH, err)) return false;
    enum { STRETCH = 4 << 20 }; /* a large file does not fill the memory on its way */
    Sha256 hash;
    sha256_init(&hash);
    const unsigned char *bytes = map.data;
    for (size_t at = 0, size; at < map.size; at += size) {
        size = map.size - at < STRETCH ? map.size - at : STRETCH;
        sha256_add(&hash, bytes + at, size);
        file_forget(bytes + at, size);
    }
    *out = sha256_finish(&hash);
    file_unmap(&map);
    return true;
}
