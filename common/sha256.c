#include "common/sha256.h"

#include <string.h>

#include "common/file.h"

static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int by) { return x >> by | x << (32 - by); }

static void compress(uint32_t state[8], const unsigned char *block) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] =
            (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + ROUND[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
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
        compress(hash->state, hash->block);
    }
    for (; size >= 64; at += 64, size -= 64) compress(hash->state, at);
    if (size) memcpy(hash->block, at, size);
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
